#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reloads without a pause while sessions are open and others come: nobody is refused or reset, and nothing piles up.

`make check-long` does more of it; RELOADS and SESSIONS in the environment make it heavier still: `make soak`.
"""

import contextlib
import os
import resource
import signal
import socket
import threading

import clients
import harness
import procs

RELOADS = int(os.environ.get("RELOADS", 100 if harness.LONG else 20))
SESSIONS = int(os.environ.get("SESSIONS", 200 if harness.LONG else 50))
COMERS = 3


class Comer(threading.Thread):
    """Begins and ends sessions until it is told to stop; what goes wrong is kept."""

    def __init__(self, connect, over):
        super().__init__(daemon=True)
        self._connect, self._over = connect, over
        self.begun, self.wrong = 0, []
        self.start()

    def run(self):
        while not self._over.is_set() and len(self.wrong) < 10:
            try:
                with self._connect() as s:
                    assert clients.serves(s), "ended without an answer"
            except (OSError, AssertionError) as e:
                self.wrong.append(repr(e))
            self.begun += 1


class UnderLoad(harness.Case):
    def pool(self, model):
        return {"fork": {"model": "fork", "max_sessions": SESSIONS + 100},
                "prefork": {"model": "prefork", "start": 5, "min_spare": 5, "max_spare": 10, "max_workers": min(SESSIONS + 100, 900)},
                "event": {"model": "event", "workers": 2, "max_sessions": SESSIONS + 100}}[model]

    def serve_all(self, model):
        echo = {"service": "echo", "pool": "p", "max_sessions": 0, "max_sessions_per_source": 0}
        return self.serve({**echo, "transport": "tcp"}, {**echo, "name": "path", "transport": "unix", "path": self.folder / "s"},
                          {"service": "echo", "name": "datagrams", "transport": "udp", "udp_rate": "none"},
                          pools={"p": self.pool(model)}, log={"sessions": False}, drain_timeout="10m",
                          limits={"sessions_per_source": 0, "sessions": 100000})

    def comers(self, d, over):
        tcp, path = d.address("echo"), d.address("path", "unix")

        def unix():
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(harness.TIMEOUT_S)
            s.connect(path)
            return s

        # One socket: a new one each time would have, sooner or later, a source port that is refused.
        one = d.connect("datagrams", "udp")
        return [Comer(lambda: socket.create_connection(tcp, harness.TIMEOUT_S), over) for _ in range(COMERS)] + \
            [Comer(unix, over), Comer(lambda: contextlib.nullcontext(one), over)]

    def reload_under_load(self, model):
        d = self.serve_all(model)
        kept = [d.connect("echo") for _ in range(SESSIONS)]
        self.assertTrue(all(clients.serves(s) for s in kept))
        over = threading.Event()
        comers = self.comers(d, over)
        for i in range(RELOADS):
            mark = d.mark()
            d.send_signal(signal.SIGHUP)
            d.wait_log("^notice reloaded", since=mark[0])
            late = d.connect("echo")
            self.assertTrue(clients.serves(late), i)
            kept[i % SESSIONS].close()
            kept[i % SESSIONS] = late
        over.set()
        for c in comers:
            c.join()
        self.assertEqual([c.wrong for c in comers], [[] for _ in comers])
        self.assertTrue(all(clients.serves(s) for s in kept))
        print(f"({RELOADS} reloads, {SESSIONS} sessions, {sum(c.begun for c in comers)} begun meanwhile)", end=" ", flush=True)
        return d, kept

    def nothing_piles_up(self, d, kept):
        """When the sessions are over, one generation is left, and the supervisor has no more descriptors than it had."""
        while kept:
            kept.pop().close()
        d.hang_up()
        before = procs.Watch(d.workers())  # before the reload: a new process may get the pid of one that has gone
        d.reload()
        self.assertEqual(before.wait_all_gone(harness.TIMEOUT_S), [])
        self.assertLess(procs.held(d.pid), 64)

    def test_of_sessions_in_pools_of_event_workers(self):
        self.nothing_piles_up(*self.reload_under_load("event"))

    def test_of_sessions_in_pools_of_prefork_workers(self):
        self.nothing_piles_up(*self.reload_under_load("prefork"))

    def test_of_sessions_in_pools_of_forked_children(self):
        self.nothing_piles_up(*self.reload_under_load("fork"))


if SESSIONS >= 1000:
    class Drains(harness.Case):
        def test_of_more_than_two_thousand_processes_end_the_oldest_sessions_and_no_other(self):
            echo = {"service": "echo", "transport": "tcp", "pool": "p", "max_sessions": 0, "max_sessions_per_source": 0}
            d = self.serve(echo, pools={"p": {"model": "prefork", "start": 850, "max_workers": 900}}, drain_timeout="10m",
                           limits={"sessions_per_source": 0}, log={"sessions": False}, daemon={"allow": ["^warning reload: "]})
            kept = []
            for _ in range(4):
                kept.append([d.connect("echo") for _ in range(800)])
                self.assertTrue(all(clients.serves(s) for s in kept[-1]))
                d.reload()
            d.wait_log("^warning reload: generation 1 ends before its drain_timeout: 2400 processes drain")
            self.assertEqual({clients.recv_until_over(s)[0] for s in kept[0]}, {b""})
            self.assertTrue(all(clients.serves(s) for later in kept[1:] for s in later))


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    harness.main()
