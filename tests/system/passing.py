# SPDX-License-Identifier: MIT
"""Sockets passed to the daemon as systemd does it, without systemd: what tests use, and (run as a program) the launcher.

The launcher puts the descriptors that it is told at 3, 4, ..., gives LISTEN_PID and WATCHDOG_PID the number of its own
process where they are "own", and becomes the program: `passing.py FD,FD PROGRAM ARGUMENT...`
"""

import fcntl
import os
import sys

FIRST = 3
AWAY = 500  # where no descriptor of ours is


def launch(fds, program):
    away = [fcntl.fcntl(fd, fcntl.F_DUPFD, AWAY) for fd in fds]
    for i, fd in enumerate(away):
        os.dup2(fd, FIRST + i)
        os.close(fd)
    for fd in fds:
        if fd >= FIRST + len(fds):
            os.close(fd)
    for variable in ("LISTEN_PID", "WATCHDOG_PID"):
        if os.environ.get(variable) == "own":
            os.environ[variable] = str(os.getpid())
    os.execvp(program[0], program)


if __name__ == "__main__":
    launch([int(fd) for fd in sys.argv[1].split(",") if fd], sys.argv[2:])

import socket  # noqa: E402
import unittest  # noqa: E402

import harness  # noqa: E402

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM, "unix": socket.SOCK_STREAM, "unixgram": socket.SOCK_DGRAM,
         "unixpacket": socket.SOCK_SEQPACKET}

needs_systemd = unittest.skipUnless(harness.built_with("systemd"), "needs a daemon built with libsystemd")


def arguments(fds, names=None, **variables):
    """Of Daemon() or run_once(): these descriptors are passed, with these names; variables go over what that means."""
    environment = {"LISTEN_PID": "own", "LISTEN_FDS": str(len(fds)), **variables}
    if names is not None:
        environment.setdefault("LISTEN_FDNAMES", ":".join(names))
    numbers = [fd if isinstance(fd, int) else fd.fileno() for fd in fds]
    return {"prefix": [sys.executable, "-ISB", __file__, ",".join(map(str, numbers))], "env": environment,
            "pass_fds": numbers}


class Case(harness.Case):
    """A test that makes sockets and passes them."""

    def bound(self, transport, where=("127.0.0.1", 0), v6only=True, listen=True):
        """A socket as a socket unit makes it: blocking, and inherited by whoever is executed."""
        family = socket.AF_INET if isinstance(where, tuple) else socket.AF_UNIX
        if family == socket.AF_INET and ":" in where[0]:
            family = socket.AF_INET6
        s = socket.socket(family, KINDS[transport])
        self.addCleanup(s.close)
        os.set_inheritable(s.fileno(), True)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        s.bind("\0" + where[1:] if family == socket.AF_UNIX and where.startswith("@") else where)
        if family == socket.AF_UNIX and not where.startswith("@"):
            os.chmod(where, 0o666)
        if listen and s.type != socket.SOCK_DGRAM:
            s.listen(4096)
        return s

    def pass_to(self, passed, *listeners, only=True, start=None, variables=None, **top):
        """A daemon with these listeners, to which [(name, socket)] were passed, or sockets without names."""
        named = all(isinstance(p, tuple) for p in passed)
        fds = [p[1] for p in passed] if named else passed
        how = arguments(fds, [p[0] for p in passed] if named else None, **(variables or {}))
        return self.serve(*listeners, daemon={**how, **(start or {})}, activation="only" if only else "auto", **top)

    def refused(self, fds, names, *listeners, variables=None, **top):
        """What the daemon says when it does not take what was passed."""
        done = self.run_once(config=self.config(*listeners, activation="only", **top),
                             **arguments(fds, names, **(variables or {})))
        self.assertEqual(done.returncode, 78, done.stderr)
        return done.stderr
