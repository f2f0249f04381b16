# SPDX-License-Identifier: MIT
"""Fifty thousand sessions in one worker, or as many as this host lets a process open, and what they cost."""

import resource
import socket

import clients
import harness
import procs

SESSIONS, ENOUGH = 50000, 10000
OTHER_FILES = 1000
SOURCES = 200
KERNEL_BYTES = 12 * 1024  # that the two ends of a connection take, and some more
BYTES = 512  # of the worker's memory, for a session that is idle


def memory_available():
    with open("/proc/meminfo") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("MemAvailable:"))


class ManySessions(harness.Case):
    model = "event"

    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.n = SESSIONS if hard == resource.RLIM_INFINITY else min(SESSIONS, hard - OTHER_FILES)
        if self.n < ENOUGH:
            self.skipTest(f"a process may open {hard} files only")
        if memory_available() < self.n * KERNEL_BYTES:
            self.skipTest("not enough memory is free")
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.n + OTHER_FILES, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def open(self, d, n):
        """n more sessions, each of which has been served."""
        where = d.address("echo")
        for i in range(n):
            s = d.socket(socket.AF_INET, socket.SOCK_STREAM, (f"127.0.1.{1 + i % SOURCES}", 0))
            s.connect(where)
            self.assertTrue(clients.serves(s))

    def test_one_worker_serves_them_all_and_needs_little_for_each(self):
        d = self.serve({"service": "echo", "transport": "tcp", "max_sessions": 0, "max_sessions_per_source": 0},
                       log={"sessions": False}, limits={"sessions": self.n, "sessions_per_source": 0},
                       pools={"event": {"workers": 1, "max_sessions": self.n}})
        self.open(d, SOURCES)
        few = procs.pss_bytes(d.workers()) if harness.is_root() else None
        self.open(d, self.n - SOURCES)
        self.assertTrue(all(clients.serves(s) for s in d.sockets[::997]))
        if few is not None:
            each = (procs.pss_bytes(d.workers()) - few) / (self.n - SOURCES)
            print(f"    {self.n} sessions of {each:.0f} bytes")
            self.assertLessEqual(each, BYTES)
        for s in d.sockets[:-1]:
            clients.reset(s)
        self.assertTrue(clients.serves(d.sockets[-1]))


if __name__ == "__main__":
    harness.main()
