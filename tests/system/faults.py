# SPDX-License-Identifier: MIT
"""Faults of the machine, at any moment: calls of the daemon that fail, streams in crumbs, another time of day (faulty.c)."""

import contextlib
import mmap
import os
import struct

import harness

LIBRARY = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "system", "faulty.so"))
OFF, COUNT, NTH, EACH, CRUMBS = range(5)
ALL, FIRST, OTHERS, RELAY = range(4)  # processes; the first is the supervisor, and who relays the log is by itself


class Page:
    """What faulty.so does in all processes that have it."""

    FIELDS = ("mode", "which_low", "which_high", "error", "n", "who", "seen", "failed", "last")
    WALL_AT = 4 * len(FIELDS)

    def __init__(self, folder):
        self.path = folder.write("faults", bytes(4096), 0o666)
        with open(self.path, "r+b") as f:
            self._map = mmap.mmap(f.fileno(), 4096)
        self.env = {"LD_PRELOAD": LIBRARY, "FAULTS": self.path}
        self.names = []

    def get(self, field):
        return struct.unpack_from("<I", self._map, 4 * self.FIELDS.index(field))[0]

    def put(self, **fields):
        for field, value in fields.items():
            struct.pack_into("<I", self._map, 4 * self.FIELDS.index(field), value)

    def begin(self, mode, *calls, n=0, error=0, who=ALL):
        """From now on these calls, or all that there are, fail: the n-th, or each, or the first n."""
        bits = sum(1 << self.names.index(c) for c in calls or self.names)
        self.put(mode=OFF)
        self.put(which_low=bits & 0xFFFFFFFF, which_high=bits >> 32, error=error, n=n, who=who, seen=0, failed=0, last=0)
        self.put(mode=mode)

    def end(self):
        self.put(mode=OFF)

    @contextlib.contextmanager
    def on(self, *how, **more):
        self.begin(*how, **more)
        try:
            yield self
        finally:
            self.end()

    @property
    def last(self):
        """The call that failed last, for a message."""
        return self.names[self.get("last")] if self.get("failed") else "none"

    def shift(self, seconds):
        """The time of day is so many seconds from what it is."""
        struct.pack_into("<i", self._map, self.WALL_AT, seconds)

    def close(self):
        self._map.close()


class Case(harness.Case):
    """A test whose daemons have the library, and a page of it: self.faults."""

    def setUp(self):
        super().setUp()
        self.faults = Page(self.folder)
        self.addCleanup(self.faults.close)
        said = self.run_once("-V", env={**self.faults.env, "SAY_FAULTS": "1"}).stdout.partition(" may fail\n")
        if not said[1]:
            self.skipTest("this program cannot be given another library (static, or with sanitizers)")
        self.faults.names = said[0].split()

    def serve(self, *listeners, daemon=None, **top):
        how = {**(daemon or {})}
        how["env"] = {**self.faults.env, **(how.get("env") or {})}
        return super().serve(*listeners, daemon=how, **top)
