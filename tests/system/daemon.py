# SPDX-License-Identifier: MIT
"""One running daemon: its log and sd_notify messages as events, clients of it, its processes, and how it ended."""

import atexit
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import clients
import procs
from config import UNIXES, config_text, parse_address


def within_reach(path):
    """The program, or a copy of it where every user can start it: a clone may lie in a folder of root's alone."""
    folders = [path]
    while folders[-1] != "/":
        folders.append(os.path.dirname(folders[-1]))
    if os.geteuid() != 0 or not os.path.exists(path) or all(os.stat(f).st_mode & 0o001 for f in folders):
        return path
    aside = tempfile.mkdtemp(prefix="echotimed-program-")
    atexit.register(shutil.rmtree, aside, ignore_errors=True)
    os.chmod(aside, 0o755)
    return shutil.copy(path, aside)


DAEMON = within_reach(os.path.abspath(os.environ.get("ECHOTIMED", "./echotimed")))
TIMEOUT_S = 30.0
RUNNING = []
UNIX_KINDS = {"unix": socket.SOCK_STREAM, "unixgram": socket.SOCK_DGRAM, "unixpacket": socket.SOCK_SEQPACKET}
LINE = re.compile(r"(error|warning|notice|info|debug) (\S+)")


class Events:
    """Collects the daemon's log lines and sd_notify messages in a thread, so that a test can wait for either."""

    def __init__(self, stderr_fd, notify):
        self.lines, self.messages, self.ended = [], [], False
        self.changed = threading.Condition()
        self._stderr, self._notify, self._rest = stderr_fd, notify, b""
        os.set_blocking(stderr_fd, False)
        notify.setblocking(False)
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self):
        poll = select.poll()
        poll.register(self._stderr, select.POLLIN)
        poll.register(self._notify, select.POLLIN)
        ended = False
        while not ended:
            poll.poll()
            # The messages first: whatever was logged before READY is then in the pipe already and is published with it.
            messages = self._read_messages()
            lines, ended = self._read_lines()
            if ended:
                messages += self._read_messages()
            with self.changed:
                self.lines += lines
                self.messages += messages
                self.ended = ended
                self.changed.notify_all()
        os.close(self._stderr)
        self._notify.close()

    def _read_messages(self):
        found = []
        while True:
            try:
                found += self._notify.recv(65536).decode().split("\n")
            except BlockingIOError:
                return found

    def _read_lines(self):
        while True:
            try:
                data = os.read(self._stderr, 65536)
            except BlockingIOError:
                break
            if not data:
                return self._whole_lines(b"\n" if self._rest.rpartition(b"\n")[2] else b""), True
            self._rest += data
        return self._whole_lines(), False

    def _whole_lines(self, end=b""):
        *lines, self._rest = (self._rest + end).split(b"\n")
        return [line.decode(errors="replace") for line in lines]

    def wait(self, found, what, timeout_s):
        """Until found() is true or the daemon has ended; returns what found() returned."""
        with self.changed:
            self.changed.wait_for(lambda: found() or self.ended, timeout_s)
            result = found()
        if not result:
            raise AssertionError(f"no {what}: the daemon " + ("ended" if self.ended else f"did not within {timeout_s} s"))
        return result

    def join(self):
        self._thread.join(TIMEOUT_S)


class Daemon:
    """One running daemon. Made by Case.serve()."""

    def __init__(self, folder, config, args=(), allow=(), prefix=(), env=None, wait=True, program=DAEMON, **popen):
        self.folder, self.allow, self.sockets, self.stopped = folder, list(allow), [], False
        self.file = folder / "echotimed.conf"
        self.write(config)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify_path = folder / f"notify-{time.monotonic_ns()}"
        notify.bind(notify_path)
        os.chmod(notify_path, 0o777)
        read_end, write_end = os.pipe()
        environment = {**os.environ, "NOTIFY_SOCKET": notify_path, **(env or {})}
        environment.pop("JOURNAL_STREAM", None)
        # A session of its own: so its processes are found, whoever is their parent by then.
        popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **popen}
        self.process = subprocess.Popen([*prefix, program, "-c", self.file, *args], stderr=write_end, env=environment,
                                        start_new_session=True, **popen)
        os.close(write_end)
        self.pid = self.process.pid
        RUNNING.append(self)
        self.events = Events(read_end, notify)
        if wait:
            self.wait_notify("READY=1")

    def write(self, config):
        """The configuration file, anew (a structure, or the text itself)."""
        self.folder.write("echotimed.conf", config if isinstance(config, str) else config_text(config))

    # What it says.

    @property
    def log(self):
        with self.events.changed:
            return list(self.events.lines)

    def wait_log(self, pattern, count=1, since=0, timeout_s=TIMEOUT_S):
        """The matches of `pattern` in the log after line `since`, as soon as there are `count`."""
        def found():
            hits = [m for m in (re.search(pattern, line) for line in self.events.lines[since:]) if m]
            return hits if len(hits) >= count else None
        return self.events.wait(found, f"log line {pattern!r} (x{count})", timeout_s)

    def wait_notify(self, message, since=0, timeout_s=TIMEOUT_S):
        self.events.wait(lambda: message in self.events.messages[since:], f"sd_notify {message!r}", timeout_s)

    @property
    def messages(self):
        """The lines of its sd_notify messages."""
        with self.events.changed:
            return list(self.events.messages)

    def wait_message(self, pattern, since=0, count=1, timeout_s=TIMEOUT_S):
        """The match of `pattern` that completes `count` in the sd_notify lines after line `since`."""
        def found():
            hits = [m for m in (re.match(pattern, line) for line in self.events.messages[since:]) if m]
            return hits[count - 1] if len(hits) >= count else None
        return self.events.wait(found, f"sd_notify {pattern!r} (x{count})", timeout_s)

    def mark(self):
        """Where log and messages are now: (line, message), for `since`."""
        with self.events.changed:
            return len(self.events.lines), len(self.events.messages)

    def listening(self, name, transport="tcp"):
        """The addresses of a listener, newest last, from its `listening` lines."""
        pattern = re.compile(rf"^notice listening {re.escape(name)} {transport} (.+)$")
        return [parse_address(m[1].strip('"')) for m in map(pattern.match, self.log) if m]

    def address(self, name, transport="tcp"):
        """Where to reach a listener from this host."""
        # Where there is no /proc another process brings the lines (base/log_relay.h), which may come behind READY.
        self.wait_log(rf"^notice listening {re.escape(name)} {transport} ")
        where = self.listening(name, transport)
        if isinstance(where[-1], str):
            return "\0" + where[-1][1:] if where[-1].startswith("@") else where[-1]
        host, port = where[-1]
        return {"::": "::1", "0.0.0.0": "127.0.0.1"}.get(host, host), port

    # Clients of it. All have a time-out and are closed by the harness.

    def socket(self, family, kind, source=None):
        s = socket.socket(family, kind)
        s.settimeout(TIMEOUT_S)
        self.sockets.append(s)
        if source is not None:
            s.bind(source)
        return s

    def connect(self, name, transport="tcp", source=None, host=None, before=None):
        """A connected client; before(s) may set options on it first."""
        where = self.address(name, transport)
        if transport in UNIXES:
            s = self.socket(socket.AF_UNIX, UNIX_KINDS[transport], source)
        else:
            where = (host or where[0], where[1])
            family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
            kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
            s = self.socket(family, kind, (source, 0) if source else None)
        if before:
            before(s)
        s.connect(where)
        if transport == "udp" and not before and s.getsockname()[1] in clients.SERVERS:  # bad luck: nobody answers it
            return self.connect(name, transport, source, host, before)
        return s

    def hang_up(self):
        while self.sockets:
            self.sockets.pop().close()

    # Its processes and its end.

    def processes(self):
        """The pids of all its processes, the supervisor first; zombies are not counted."""
        found = [p.pid for p in procs.of_session(self.pid) if p.state != "Z"]
        return sorted(found, key=lambda pid: pid != self.pid)

    def workers(self):
        """All but the supervisor, and the relay that waits for who reads the log."""
        return [pid for pid in self.processes() if pid != self.pid and procs.name(pid) != "echotimed-log"]

    def send_signal(self, number):
        self.process.send_signal(number)

    def wait_exit(self, expect=0, timeout_s=TIMEOUT_S):
        """Waits for the end and judges it."""
        status = self.process.wait(timeout_s)
        self.events.join()
        self.stopped = True
        # The relay of the log ends when it has passed on the last line: just now.
        left = procs.Watch(self.processes()).wait_all_gone(timeout_s) if not self.workers() else self.processes()
        if left:
            raise AssertionError(f"processes left behind: {left}")
        if status != expect:
            raise AssertionError(f"exit status {status}, not {expect}")
        self.check_log()

    def check_log(self):
        bad = [line for line in self.log if not self._allowed(line)]
        if bad:
            raise AssertionError("not allowed in the log:\n" + "\n".join(bad))

    def _allowed(self, line):
        level = LINE.match(line)
        return bool(level and level[1] not in ("error", "warning")) or any(re.search(a, line) for a in self.allow)

    def stop(self, number=signal.SIGTERM, expect=0):
        self.hang_up()
        self.send_signal(number)
        self.wait_exit(expect)

    def reload(self, config=None):
        """HUP, with a new configuration where one is given; returns the log lines up to the outcome."""
        if config is not None:
            self.write(config)
        lines, messages = self.mark()
        from_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.send_signal(signal.SIGHUP)

        def over():
            # What is still to be heard of a reload before has begun before.
            later = self.events.messages[messages:]
            begun = [i for i, m in enumerate(later) if m.startswith("MONOTONIC_USEC=") and int(m[15:]) >= from_us]
            return begun and "READY=1" in later[begun[0]:]
        self.events.wait(over, "end of the reload", TIMEOUT_S)
        return self.log[lines:]

    def kill(self):
        """After a failure: whatever is left goes."""
        self.hang_up()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not self.stopped:
            self.process.wait()
            self.events.join()
        self.stopped = True


def end_all():
    """When the tests themselves are ended half-way: no daemon outlives them."""
    for d in RUNNING:
        if not d.stopped:
            d.kill()
            d.folder.remove()


atexit.register(end_all)
