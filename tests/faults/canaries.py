# SPDX-License-Identifier: MIT
"""The oracle of all faults: canaries, which echo every 100 ms on every listener and are to miss nothing, and what the daemon
holds, which is to be as before when the fault is over."""

import contextlib
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import clients  # noqa: E402
import control  # noqa: E402
import harness  # noqa: E402
import procs  # noqa: E402

EVERY_S, P99_MS, SPIN, LOST_S = 0.1, 250, 0.02, 2
QUIET_S = 2
MEMORY_BYTES = 256 * 1024  # what a supervisor may have more: pages that it has touched once
TICKS = os.sysconf("SC_CLK_TCK")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


class Canary(threading.Thread):
    """Asks one listener again and again; a stream is a connection each time, and one that stays."""

    def __init__(self, name, connect, is_stream):
        super().__init__(daemon=True)
        self.name, self._connect, self._is_stream = name, connect, is_stream
        self.over, self.took, self.missed = threading.Event(), [], []
        self.start()

    def run(self):
        kept, n = None, 0
        while not self.over.wait(EVERY_S):
            n, began = n + 1, time.monotonic()
            try:
                if self._is_stream:
                    with contextlib.closing(self._connect()) as s:
                        self._ask(s, n)
                else:
                    kept = kept or self._connect()
                    self._ask(kept, n)
                self.took.append((began, time.monotonic()))
            except (OSError, AssertionError) as e:
                self.missed.append((began, time.monotonic(), repr(e)))

    def _ask(self, s, n):
        s.settimeout(LOST_S)
        data = b"canary %d" % n
        s.sendall(data)
        while (back := clients.recv_exactly(s, len(data)) if self._is_stream else s.recv(100)) != data:
            assert back.startswith(b"canary"), back  # one that was late


class Case(control.Case):
    """A test with a daemon that serves echo everywhere, and canaries there."""

    POOLS = {"fork": {}, "prefork": {"start": 4, "min_spare": 4, "max_spare": 6}, "event": {"workers": 2}}

    def serve_all(self, *more, allow=(), **top):
        self.model = self.model or "event"
        echo = {"service": "echo", "pool": self.model, "max_sessions_per_source": 0, "max_sessions": 0}
        gram, path = self.folder / "gram", self.folder / "path"
        top = {"pools": self.POOLS, "limits": {"sessions_per_source": 0}, "log": {"sessions": False}, **top}
        d = self.serve({**echo, "transport": "tcp"},
                       {"service": "echo", "name": "u", "transport": "udp", "udp_rate": "none"},
                       {**echo, "name": "path", "transport": "unix", "path": path},
                       {"service": "echo", "name": "gram", "transport": "unixgram", "path": gram}, *more,
                       daemon={"allow": list(allow)}, **top)
        return d

    def watch(self, d, reloads=3):
        """Canaries, and what the daemon holds before the fault."""
        tcp = d.address("echo")

        def unix():
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(LOST_S)
            s.connect(d.address("path", "unix"))
            return s
        for _ in range(reloads):  # what it takes once for that, it has taken
            d.reload()
        self.before = self.holds(d)
        own = f"\0{self.folder.path}/canary"
        self.canaries = [Canary("tcp", lambda: socket.create_connection(tcp, LOST_S), True), Canary("unix", unix, True),
                         Canary("udp", lambda: d.connect("u", "udp"), False),
                         Canary("unixgram", lambda: d.connect("gram", "unixgram", source=own), False)]
        self.windows = []
        self.addCleanup(self.end_canaries)
        self.wait_until(lambda: all(c.took for c in self.canaries), "every canary has been answered")

    @contextlib.contextmanager
    def window(self, seconds=0.0):
        """What is missed in here, and so long after, is stated."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.windows.append((began, time.monotonic() + seconds))

    def end_canaries(self):
        for c in self.canaries:
            c.over.set()
        for c in self.canaries:
            c.join()

    def judge(self, d, *figures):
        """All answered but in the windows, in time; nobody spins; nothing is held that was not before."""
        def outside(began, ended):
            return not any(a <= ended and began <= b for a, b in self.windows)
        n = [len(c.took) for c in self.canaries]
        self.wait_until(lambda: all(len(c.took) > b + 3 for c, b in zip(self.canaries, n)),
                        "all canaries are answered again")
        self.end_canaries()
        bad = [(c.name, what) for c in self.canaries for began, ended, what in c.missed if outside(began, ended)]
        self.assertEqual(bad, [])
        p99 = max(percentile([(ended - began) * 1000 for began, ended in c.took if outside(began, ended)], 0.99)
                  for c in self.canaries)
        asked = sum(len(c.took) for c in self.canaries)
        self.say(*figures, f"{asked} echoes", f"{sum(len(c.missed) for c in self.canaries)} missed in the window",
                 f"p99 {p99:.1f} ms")
        self.assertLess(p99, P99_MS)
        self.is_as_before(d)
        self.does_not_spin(d)

    def holds(self, d):
        self.wait_until(lambda: not self.sessions() and not self.zombies(d), "no session and no zombie")
        # One for each worker, and a prefork pool may have more of them than before.
        return {"descriptors": procs.held(d.pid) - len(d.workers()),
                "memory": int(procs.status(d.pid)["RssAnon"].split()[0]) * 1024}

    def sessions(self):
        return [line for line in self.ask("sessions") if line.get("kind") == "session"]

    @staticmethod
    def zombies(d):
        return [p for p in procs.of_session(d.pid) if p.state == "Z"]

    def is_as_before(self, d):
        d.hang_up()
        self.wait_until(lambda: self.holds(d)["descriptors"] <= self.before["descriptors"], "descriptors as before")
        self.assertLessEqual(self.holds(d)["memory"], self.before["memory"] + MEMORY_BYTES)

    def does_not_spin(self, d, seconds=QUIET_S):
        before = {pid: procs.cpu_ticks(pid) for pid in d.processes()}
        time.sleep(seconds)
        used = {pid: procs.cpu_ticks(pid) - n for pid, n in before.items() if procs.read(pid)}
        share = max(used.values()) / TICKS / seconds
        self.say(f"quiet {share * 100:.1f} % of a core")
        self.assertLessEqual(share, SPIN, used)

    @staticmethod
    def say(*figures):
        print(f"({', '.join(figures)})", end=" ", flush=True)


__all__ = ["Case", "clients", "control", "harness", "percentile", "procs"]
