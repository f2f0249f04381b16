# SPDX-License-Identifier: MIT
"""The control socket as a test asks there: raw lines, requests, and echotimectl itself."""

import json
import os
import socket
import subprocess

import harness
from daemon import DAEMON, TIMEOUT_S, within_reach

ECHOTIMECTL = within_reach(os.path.abspath(os.environ.get("ECHOTIMECTL") or
                                           os.path.join(os.environ.get("top_builddir", "."), "echotimectl")))
GARBAGE = {"not JSON": b"hello\n", "an array": b'["status"]\n', "nothing": b"\n", "a number": b'{"command":1}\n',
           "NUL": b'{"command":"sta\0tus"}\n', "NULs": b"\0" * 600, "deep": b"[" * 400 + b"]" * 100 + b"\n",
           "deep objects": b'{"command":' * 40 + b"\n", "unknown key": b'{"command":"status","x":"y"}\n',
           "twice": b'{"command":"status","command":"status"}\n', "goes on": b'{"command":"status"} x\n',
           "not UTF-8": b'{"command":"\xff\xfe"}\n', "no command": b"{}\n", "unknown": b'{"command":"halt"}\n',
           "open string": b'{"command":"status\n', "an argument too many": b'{"command":"status","id":"1.1"}\n'}


class Case(harness.Case):
    """A test whose daemons have a control socket."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "control"

    def serve(self, *listeners, control=None, **top):
        return super().serve(*listeners, control={"path": self.path, **(control or {})}, **top)

    def config_of(self, *listeners, control=None, **top):
        return super().config(*listeners, control={"path": self.path, **(control or {})}, **top)

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        self.addCleanup(s.close)
        s.connect(self.path)  # waits where many wait already, which a socket with a time-out does not
        s.settimeout(TIMEOUT_S)
        return s

    def raw(self, data):
        """What is answered to these bytes: a list of objects."""
        s = self.connect()
        try:
            s.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has said what it has to say already
        return answer(s)

    def ask(self, command, **arguments):
        """The lines of an answer; the last one says whether it was done."""
        return self.raw(json.dumps({"command": command, **arguments}).encode() + b"\n")

    def refused(self, command, **arguments):
        """Why it was not done."""
        end = self.ask(command, **arguments)[-1]
        self.assertIs(end["ok"], False, end)
        return end["message"]

    def done(self, command, **arguments):
        """The lines before the end of an answer that was done."""
        *lines, end = self.ask(command, **arguments)
        self.assertIs(end["ok"], True, end)
        return lines

    def one(self, command, kind, **members):
        """The one line of that kind with these members."""
        found = [x for x in self.done(command) if x["kind"] == kind and members.items() <= x.items()]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def ctl(self, *words, path=None, prefix=(), env=None):
        """echotimectl, to its end: a CompletedProcess."""
        where = () if path is False else ("-s", path or self.path)
        return subprocess.run([*prefix, ECHOTIMECTL, *where, *words], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=TIMEOUT_S * 3, env={**os.environ, **(env or {})}, check=False)


def answer(s):
    """All lines up to the end of the connection, which may be a reset where not all was read that we sent."""
    data = bytearray()
    try:
        while part := s.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return [json.loads(line) for line in data.splitlines()]


__all__ = ["Case", "DAEMON", "ECHOTIMECTL", "GARBAGE", "answer"]
