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
GARBAGE = {"nothing": b"\n", "a blank": b" \n", "JSON": b'{"command":"status"}\n', "an unknown command": b"halt\n",
           "NUL": b"sta\0tus\n", "NULs": b"\0" * 600, "a blank before": b" status\n", "a blank behind": b"status \n",
           "two blanks": b"kill  1.1\n", "a tab": b"kill\t1.1\n", "CR": b"status\r\n", "not ASCII": b"\xff\xfe\n",
           "too many words": b"a " * 40 + b"a\n", "an argument too many": b"status 1.1\n", "no argument": b"kill\n",
           "too long": b"x" * 600}


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
        return self.raw(" ".join([command, *arguments.values()]).encode() + b"\n")

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
