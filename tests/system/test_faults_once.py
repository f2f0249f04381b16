# SPDX-License-Identifier: MIT
"""Allocations and system calls, each failing once: at the start, in a reload, in an upgrade, in a session. That is refused,
or it costs that session; no process ends by a signal, and nothing is left behind. `make check-long` has 300 of each fail."""

import contextlib
import os
import re
import signal
import socket

import clients
import faults
import harness
import test_upgrade

MOST = int(os.environ.get("CALLS", 300 if harness.LONG else 12))  # of each
# The settings reader may end by a signal in libconfig, and what builds a filter in libseccomp, or in the allocator, which then
# says something of its own: for that they are processes of their own.
MAY_SAY = [""]
# What must not be said: a process ended by a signal, but for those that the daemon itself ends.
BY_SIGNAL = re.compile(r"^warning (died .*signal=(?!KILL)|session: the process .* died: signal (?!9))|Assertion|assertion")
STATUSES = range(64, 79)  # sysexits


@contextlib.contextmanager
def as_far_as_it_goes():
    """A session that may be lost, but not without an end."""
    try:
        yield
    except OSError as e:
        if isinstance(e, TimeoutError):
            raise


class Case(faults.Case):
    def listeners(self):
        echo = {"service": "echo", "transport": "tcp", "max_sessions_per_source": 0}
        return [{**echo, "name": model, "pool": model} for model in harness.MODELS] + [
            {"service": "echo", "name": "u", "transport": "udp"},
            {"service": "echo", "name": "local", "transport": "unixgram", "path": self.folder / "gram"},
            {"service": "echo", "name": "path", "transport": "unix", "path": self.folder / "unix"},
            {"service": "hostname", "transport": "tcp"}]

    def top(self):
        return {"control": {"path": self.folder / "control"}, "limits": {"sessions_per_source": 0},
                "resolver": {"processes": 1},
                "pools": {"prefork": {"start": 2, "min_spare": 1, "max_spare": 2}, "event": {"workers": 1}}}

    def steps(self, how_many):
        """Which of so many calls fail."""
        print(f"({how_many} calls)", end=" ", flush=True)
        return range(1, how_many + 1, max(1, how_many // MOST))

    def no_signal(self, d, n):
        for line in d.log:
            if BY_SIGNAL.search(line):
                self.fail(f"call {n} ({self.faults.last}) fails: {line}")

    def serves(self, d, n):
        """All listeners do, at the latest when what was throttled goes on."""
        def one(model):
            with contextlib.suppress(OSError), d.connect(model) as s:
                return clients.serves(s)
            return False
        for model in harness.MODELS:
            self.wait_until(lambda m=model: one(m), f"{model} serves after call {n} ({self.faults.last})")
        s = d.connect("u", "udp")
        s.settimeout(0.5)
        self.wait_until(lambda: self.answered(s), f"datagrams are answered after call {n} ({self.faults.last})")
        s.close()
        self.no_signal(d, n)

    @staticmethod
    def answered(s):
        with contextlib.suppress(OSError):
            return clients.ask(s, b"x") == b"x"
        return False


class Starts(Case):
    def start_once(self, n):
        """True if it started, false if it refused to."""
        d = self.serve(*self.listeners(), daemon={"wait": False, "allow": MAY_SAY}, **self.top())
        d.events.wait(lambda: d.events.ended or "READY=1" in d.events.messages or
                      any("notice ready" in line for line in d.events.lines), f"start or refusal when call {n} ({self.faults.last}) fails", harness.TIMEOUT_S)
        self.faults.end()
        started = not d.events.ended
        if started:
            self.serves(d, n)
            d.stop()
        else:
            status = d.process.wait(harness.TIMEOUT_S)
            self.assertIn(status, STATUSES, f"call {n} ({self.faults.last}) fails: {d.log}")
            if self.faults.last != "write":
                self.assertTrue(any(line.startswith(("error ", "echotimed: ")) for line in d.log),
                                (n, self.faults.last, d.log))
            d.wait_exit(status)
        self.no_signal(d, n)
        if self.faults.last not in ("unlinkat", "stat", "fstat", "fstatat"):  # what is not known to be ours stays
            self.assertEqual({"gram", "unix", "control"} & set(os.listdir(self.folder.path)), set(), (n, self.faults.last))
        for name in ("gram", "unix", "control"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.folder / name)
        self.daemons.remove(d)
        return started

    def test_are_right_or_refused(self):
        self.faults.begin(faults.COUNT)
        self.start_once(0)
        started = 0
        steps = self.steps(self.faults.get("seen"))
        for n in steps:
            self.faults.begin(faults.NTH, n=n)
            started += self.start_once(n)
        print(f"({len(steps)} failed, {started} starts went on)", end=" ", flush=True)


class Served(Case):
    def begin(self, **how):
        d = self.serve(*self.listeners(), daemon={"allow": MAY_SAY, **how}, **self.top())
        self.serves(d, 0)
        return d

    def outcome(self, d, pattern, since):
        """What became of a reload or an upgrade; it may be the line that was not written."""
        self.wait_until(lambda: self.faults.last == "write" or any(re.search(pattern, line) for line in d.log[since:]),
                        pattern, 2 * harness.TIMEOUT_S)

    def after_each(self, d, act):
        """act() with each call failing: first the calls are counted."""
        self.faults.begin(faults.COUNT)
        act()
        self.faults.end()
        steps = self.steps(self.faults.get("seen"))
        pid = d.pid
        for n in steps:
            self.faults.begin(faults.NTH, n=n)
            try:
                act()
            except AssertionError as e:
                raise AssertionError(f"call {n} ({self.faults.last}) fails: {e}") from e
            self.faults.end()
            self.serves(d, n)
            self.assertIsNone(d.process.poll(), f"call {n} ({self.faults.last}) ended the daemon")
        self.assertEqual(d.pid, pid)
        print(f"({len(steps)} failed)", end=" ", flush=True)


class Reloads(Served):
    def test_are_done_or_refused_and_what_served_serves_on(self):
        d = self.begin()

        def reload():
            lines, _ = d.mark()
            d.send_signal(signal.SIGHUP)
            self.outcome(d, "^(notice reloaded: |error reload: )", lines)

        self.after_each(d, reload)
        self.assertIn("reloaded", "\n".join(d.reload()))


class Upgrades(Served, test_upgrade.Upgrades):
    def test_are_done_or_refused_and_what_served_serves_on(self):
        d = self.begin(program=self.program)
        over = r"^(notice upgraded: |error upgrade: refused|error upgrade: the program that came failed)"

        def upgrade():
            lines, _ = d.mark()
            d.send_signal(signal.SIGUSR2)
            self.outcome(d, over, lines)

        self.after_each(d, upgrade)
        self.faults.end()
        self.upgrade(d)


class Sessions(Served):
    def one(self, d, model):
        """A session and datagrams, as far as they come; a client that gets no end is what must not be."""
        with as_far_as_it_goes(), d.connect(model) as s:
            for piece in (b"first", b"second", clients.pattern(50000)):
                clients.Sender(s, piece, half_close=False).join()
                clients.recv_exactly(s, len(piece))
            s.shutdown(socket.SHUT_WR)
            clients.recv_until_over(s)
        with as_far_as_it_goes(), d.connect("path", "unix") as s:
            s.sendall(b"x")
            s.shutdown(socket.SHUT_WR)
            clients.recv_until_over(s)
        with as_far_as_it_goes(), d.connect("hostname") as s:
            s.sendall(b"HNAME localhost\r\n")
            clients.recv_until_over(s)
        d.connect("u", "udp").send(b"x")
        self.wait_until(lambda: not self.unread(d), "datagrams are read")
        d.hang_up()

    @staticmethod
    def unread(d):
        port = f":{d.address('u', 'udp')[1]:04X}"
        with open("/proc/net/udp") as f:
            sockets = [line.split() for line in f.readlines()[1:]]
        return any(s[1].endswith(port) and not s[4].endswith(":00000000") for s in sockets)

    def test_of_each_model_are_lost_at_most_and_no_other_is(self):
        d = self.begin()
        for model in harness.MODELS:
            self.after_each(d, lambda m=model: self.one(d, m))


if __name__ == "__main__":
    harness.main()
