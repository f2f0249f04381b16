# SPDX-License-Identifier: MIT
"""A worker allocates nothing: not at its start, and then not either, whatever its clients do."""

import os
import socket
import struct

import clients
import harness

COUNTER = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "system", "allocations.so"))
PROCESSES = 4096
SESSIONS = 10000 if harness.LONG else 1000
SERVICES = ("echo", "daytime", "time", "discard", "tcpmux")
FREE = {"transport": "tcp", "max_sessions": 0, "max_sessions_per_source": 0}


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.counts = self.folder / "allocations"
        with open(self.counts, "wb") as f:
            f.truncate(PROCESSES * 8)
        os.chmod(self.counts, 0o666)
        self.env = {"LD_PRELOAD": COUNTER, "ALLOCATIONS": self.counts}
        self.run_once("-V", env=self.env)
        if not self.allocated():
            self.skipTest("this program cannot be given another malloc (static, with sanitizers, or not of glibc)")

    def allocated(self):
        """{process: how often it has allocated}."""
        with open(self.counts, "rb") as f:
            return {pid: n for pid, n in struct.iter_unpack("II", f.read()) if pid}

    def assert_no_worker_allocated(self, ready, d):
        self.assertIn(d.pid, ready)
        self.assertEqual([pid for pid in d.workers() if pid in ready], [])
        # The supervisor may, and so may a resolver: it is the C library that looks names up.
        now = {pid: n for pid, n in self.allocated().items() if pid != d.pid}
        self.assertEqual({pid: n for pid, n in now.items() if n != ready.get(pid)}, {})


@harness.every_model
class Allocations(Case):
    def session(self, d, i):
        """One of many kinds: served, broken off, cut by a limit, with what is owed, with a name that is none."""
        name = SERVICES[i % len(SERVICES)]
        with socket.socket() as s:
            s.settimeout(harness.TIMEOUT_S)
            s.bind((f"127.0.0.{2 + i % 100}", 0))
            s.connect(d.address(name))
            s.sendall({"echo": b"x" * 64, "discard": b"y" * 10000, "tcpmux": b"echo\r\n"}.get(name, b""))
            if name != "discard":
                self.assertTrue(s.recv(64))
            if i % 3 == 0:
                clients.reset(s)

    def test_sessions_of_every_kind_allocate_nothing(self):
        pools = {"fork": {"max_sessions": 1000}, "event": {"workers": 2},
                 "prefork": {"start": 8, "min_spare": 1, "max_spare": 8, "max_workers": 8, "sessions_per_worker": 0}}
        d = self.serve(*({**FREE, "service": name} for name in SERVICES), log={"sessions": False}, pools=pools,
                       limits={"sessions_per_source": 0}, daemon={"env": self.env})
        ready = self.allocated()
        for i in range(SESSIONS):
            self.session(d, i)
        slow = d.connect("echo")
        clients.send_until_stuck(slow, clients.pattern(1024 * 1024) * 16, 0.1)
        clients.reset(slow)
        self.assert_no_worker_allocated(ready, d)


class DatagramAllocations(Case):
    def test_datagrams_of_every_kind_allocate_nothing(self):
        free = {"transport": "udp", "udp_rate": "none", "allow_source_ports": clients.SERVERS}
        d = self.serve(*({**free, "service": name} for name in ("echo", "daytime", "time", "discard", "chargen")),
                       {**free, "service": "echo", "name": "few", "udp_rate": "1/h:10", "shards": 2},
                       {"service": "echo", "name": "local", "transport": "unixgram", "path": "@test_allocations"},
                       log={"sessions": False}, limits={"udp_answers": "none"}, daemon={"env": self.env})
        ready = self.allocated()
        for name in ("echo", "daytime", "time", "chargen"):
            s = d.connect(name, "udp")
            for segment in (0, 7):  # one by one, and many as one (UDP_SEGMENT)
                s.setsockopt(17, 103, segment)
                for _ in range(100):
                    s.send(b"x" * 700)
                    s.recv(clients.CHUNK)
        d.connect("discard", "udp").send(b"x" * 60000)
        few = d.connect("few", "udp")
        for _ in range(100):
            few.send(b"refused, but for ten")
        self.assertEqual(few.recv(100), b"refused, but for ten")
        local = d.connect("local", "unixgram", source="@test_allocations client".replace("@", "\0"))
        self.assertEqual(clients.ask(local, b"x"), b"x")
        self.assert_no_worker_allocated(ready, d)


if __name__ == "__main__":
    harness.main()
