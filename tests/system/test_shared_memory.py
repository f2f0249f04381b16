#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A worker that is taken over writes wrong words into the memory that all processes share: numbers may be wrong then, and
the session whose words they are may end; the supervisor and the other processes go on."""

import contextlib
import ctypes
import mmap
import os
import random
import re
import signal
import subprocess
import unittest

import clients
import control
import harness
import procs

ECHO = {"service": "echo", "transport": "tcp"}
BROKEN = r"^(error|warning) (died|session|stuck|withheld)"
LOST = 0xFFFFFFFF
# Of struct table_slot, in bytes.
OWNER, GENERATION, KILL, OVER, COUNTED, ROW, ROW_NEXT, SOURCE_AT, POOL, FAMILY = 0, 4, 8, 12, 16, 20, 24, 28, 40, 44
SLOT_BYTES, SLOTS = 128, 1048576 + 64
# From where the table is, on: its first word says where a scan ends.
SLOTS_AT = (64 + SLOTS // 64 * 8 + 63) // 64 * 64
ROWS_AT = SLOTS_AT + SLOTS * SLOT_BYTES + 64


class Memory:
    """What processes share, written as a worker could: it has the same pages."""

    def __init__(self, d):
        try:
            links = {fd: what for fd, what in procs.descriptors(d.pid).items() if what.startswith("/memfd:echotimed")}
            self.fd = max((os.open(f"/proc/{d.pid}/fd/{fd}", os.O_RDWR) for fd in links), key=lambda fd: os.fstat(fd).st_size)
        except PermissionError as e:
            raise unittest.SkipTest("needs root (to open the memory of a process that is not dumpable)") from e
        self.map = mmap.mmap(self.fd, os.fstat(self.fd).st_size)

    def close(self):
        self.map.close()
        os.close(self.fd)

    def first_slot(self, pids):
        """(where, owner) of the first session slot that one of these processes has."""
        at = 0
        while True:
            try:
                at = os.lseek(self.fd, at, os.SEEK_DATA)
            except OSError:
                return None
            end = os.lseek(self.fd, at, os.SEEK_HOLE)
            for i in range(at, end, 64):
                if self.get(i) in pids and self.get(i + FAMILY) & 0xFFFF in (1, 2, 10):
                    return i, self.get(i)
            at = end

    def get(self, at):
        return int.from_bytes(self.map[at:at + 4], "little")

    def put(self, at, value):
        self.map[at:at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")


class Shared(control.Case):
    """A daemon with one session, whose slot is known."""

    def begin(self, **top):
        d = self.serve(ECHO, daemon={"allow": [BROKEN]}, **top)
        self.session = d.connect("echo")
        self.assertTrue(clients.serves(self.session))
        self.memory = Memory(d)
        self.addCleanup(self.memory.close)
        # Of the fork model the acceptor has it for a moment.
        self.wait_until(lambda: procs.read(self.owner(d)) and (self.model != "fork" or self.is_child(d)), "the slot is its")
        return d

    def owner(self, d):
        self.slot, owner = self.memory.first_slot(d.workers())
        return owner

    def is_child(self, d):
        return procs.read(self.owner(d)).parent != d.pid

    def lives(self, d, ticks=2):
        """It looks at everything, answers whoever asks, and serves."""
        d.wait_message("STATUS=", since=d.mark()[1], count=ticks)
        for command in ("status", "stats", "sessions", "limits"):
            self.assertTrue(self.ask(command)[-1]["ok"])
        self.assertIsNone(d.process.poll())
        self.wait_until(lambda: clients.is_served(lambda: d.connect("echo")), "somebody is served")

    def worker_ends(self, d):
        lines = d.mark()[0]
        os.kill(self.owner_was, signal.SIGKILL)
        d.wait_log("^warning (died|session):? ", since=lines)

    def write(self, d, *words):
        self.owner_was = self.owner(d)
        for offset, value in words:
            self.memory.put(self.slot + offset, value)


@harness.every_model
class WordsOfASlot(Shared):
    def test_a_row_that_is_none_while_sessions_are_listed_and_killed(self):
        d = self.begin()
        for row in (0x10000000, 0x7FFFFFFF, 0xFFFFFFFF, 256):
            self.write(d, (ROW, row))
            self.lives(d, ticks=1)
            self.refused("kill", id=f"0.{self.memory.get(self.slot + GENERATION)}")

    def test_a_row_that_is_none_when_its_process_ends(self):
        d = self.begin()
        self.write(d, (ROW, 0x7FFFFFFF))
        self.worker_ends(d)
        self.lives(d)

    def test_a_place_among_the_sources_that_is_none_when_its_process_ends(self):
        d = self.begin()
        self.write(d, (SOURCE_AT, 0xFFFFFFFF), (SOURCE_AT + 4, 0xFFFFFFFF))
        self.worker_ends(d)
        self.lives(d)

    def test_counts_that_nobody_counted_when_its_process_ends(self):
        d = self.begin()
        self.write(d, (COUNTED, 0x3F), (ROW_NEXT, 77))
        self.worker_ends(d)
        self.lives(d)

    def test_a_session_that_ends_itself_with_all_words_wrong(self):
        d = self.begin()
        self.write(d, (COUNTED, 0xFFFFFFFF), (ROW, 0xFFFFFFFF), (ROW_NEXT, 0xFFFFFFFF), (SOURCE_AT, 0xFFFFFFFF))
        self.session.close()
        self.lives(d)

    def test_a_slot_that_is_lost_with_a_row_that_is_none(self):
        d = self.begin()
        self.write(d, (ROW, 0x7FFFFFFF), (COUNTED, 2 << 8), (OWNER, LOST))
        self.lives(d)

    def test_a_scan_that_does_not_end(self):
        d = self.begin()
        self.write(d)
        end = self.slot - SLOTS_AT
        self.assertEqual(self.memory.get(end), 1)
        self.memory.put(end, 0xFFFFFFFF)
        self.worker_ends(d)
        self.lives(d)

    def test_any_words_at_all(self):
        metrics = {"metrics": {"address": "127.0.0.1", "port": 0}} if harness.built_with("metrics") else {}
        d = self.begin(**metrics)
        self.write(d)
        r = random.Random(1)
        for _ in range(60):
            for _ in range(40):
                self.memory.put(self.slot + r.randrange(8 * SLOT_BYTES // 4) * 4,
                                r.choice((0, 1, 255, 256, LOST, d.pid, r.getrandbits(8), r.getrandbits(32))))
            for command in ("status", "stats", "sessions", "limits"):
                self.assertTrue(self.ask(command)[-1]["ok"])
            with contextlib.suppress(OSError), d.connect("echo") as s:
                clients.serves(s)
        self.assertIsNone(d.process.poll())

    def test_a_chosen_word_of_the_supervisor_is_not_written(self):
        """Its own memory lies behind the table, and libc's variables are somewhere there: a row leads to each."""
        d = self.begin()
        maps = self.maps(d.pid)
        ours = re.search(r"^([0-9a-f]+)-\S+ \S+ 00000000 .* (/\S*libc\.so\S*)$", self.maps("self"), re.M)
        theirs = ours and re.search(rf"^([0-9a-f]+)-\S+ \S+ 00000000 .* {re.escape(ours[2])}$", maps, re.M)
        if not theirs:
            raise unittest.SkipTest("the program does not use the C library that we do")
        opterr = (ctypes.addressof(ctypes.c_int.in_dll(ctypes.CDLL(None), "opterr")) - int(ours[1], 16) +
                  int(theirs[1], 16)) & ~7
        spans = [(int(a, 16), int(b, 16)) for a, b in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) .*memfd:echotimed \(", maps, re.M)]
        shared = max(spans, key=lambda s: s[1] - s[0])[0]
        self.write(d)
        row = (opterr - (shared + self.slot - SLOTS_AT + ROWS_AT)) // 8
        if not 256 <= row <= 0xFFFFFFFF:
            raise unittest.SkipTest("the C library is not within reach of a row")
        before = self.word(d.pid, opterr)
        for i in range(1, 102):  # a hundred sessions in that row, and one that was just being counted
            at = self.slot + i * SLOT_BYTES
            self.memory.put(at + COUNTED, 2 if i < 101 else 2 << 8)
            self.memory.put(at + ROW, row)
            self.memory.put(at + OWNER, self.owner_was if i < 101 else LOST)
        self.memory.put(self.slot - SLOTS_AT, 110)
        self.lives(d)
        self.assertEqual(self.word(d.pid, opterr), before)

    @staticmethod
    def maps(pid):
        with open(f"/proc/{pid}/maps") as f:
            return f.read()

    @staticmethod
    def word(pid, at):
        with open(f"/proc/{pid}/mem", "rb") as f:
            f.seek(at)
            return f.read(8)


class Owners(Shared):
    model = "fork"

    def test_nobody_is_signalled_because_a_slot_says_so(self):
        """An acceptor has died, so the supervisor looks for its sessions' processes and ends them."""
        d = self.begin(drain_timeout="100ms")
        other = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        child = self.owner(d)
        lines = d.mark()[0]
        os.kill(procs.read(child).parent, signal.SIGKILL)
        d.wait_log("^warning died ", since=lines)
        pool = self.memory.get(self.slot + POOL)
        for i, pid in enumerate((other.pid, os.getpid(), d.pid, 1, LOST - 1, -os.getpgrp(), 0x7FFFFFFF), 1):
            self.memory.put(self.slot + i * SLOT_BYTES + ROW, 0)
            self.memory.put(self.slot + i * SLOT_BYTES + POOL, pool)
            self.memory.put(self.slot + i * SLOT_BYTES + OWNER, pid)
        self.memory.put(self.slot - SLOTS_AT, 20)
        watch = procs.Watch([child])
        d.stop(signal.SIGQUIT)
        self.assertEqual(watch.wait_all_gone(harness.TIMEOUT_S), [])
        self.assertIsNone(other.poll())


if __name__ == "__main__":
    harness.main()
