#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""echoprobe --expect-impair: what a server does to packets on purpose is told apart from what the path does."""

import collections
import socket
import unittest

import probe
from impairing import FLIP, KEEP, PLACES, siphash

SHARES = {"drop": 6, "duplicate": 10, "corrupt": 10, "truncate": 8, "reorder": 5}
PACKETS = 300
NUMBER_END = 12  # of a packet's octets: its number is before


class Impairing(probe.Server):
    """Impairs by content; and drops what `path` has, as a path does."""

    def __init__(self, seed, path=()):
        self.seed, self.path, self.did, self.path_lost, self.nameless = seed, set(path), collections.Counter(), 0, 0
        self.holds_the_last = False  # for a packet that does not come
        super().__init__()
        # Hashing takes Python longer than a busy machine has between two packets.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def hits(self, fault, data):
        return siphash((self.seed, PLACES[fault]), data) * 100 < SHARES[fault] << 64

    def answer(self, data, peer, number):
        if self.hits("drop", data):
            self.did["drop"] += 1
            return
        if number in self.path:
            self.path_lost += 1
            return
        out = bytearray(data)
        if self.hits("corrupt", data):
            bit = siphash((self.seed, FLIP), data) % (8 * len(data))
            out[bit // 8] ^= 1 << bit % 8
        keep = siphash((self.seed, KEEP), data) % len(data) if self.hits("truncate", data) else len(data)
        self.did["truncate" if keep < len(data) else "corrupt" if out != data else "none"] += 1
        out = bytes(out[:keep])
        self.nameless += keep < NUMBER_END
        copies = 2 if self.hits("duplicate", data) else 1
        self.did["duplicate"] += copies - 1
        if self.hits("reorder", data):
            self.did["reorder"] += 1
            self.holds_the_last = number == PACKETS - 1
            self.held.setdefault(number + 1, []).extend([out] * copies)
            return
        for _ in range(copies):
            self.socket.sendto(out, peer)


class Expect(unittest.TestCase):
    def run_against(self, seed, path=()):
        """A server and what was said of it. Contents are another each time: again where the last packet is held for a next one."""
        shares = ",".join(f"{fault}={share}%" for fault, share in SHARES.items())
        while True:
            with Impairing(seed, path) as server:
                done = probe.run_json(server.address, "-c", PACKETS, "-i", "4ms", "-s", 100, "--expect-impair", f"{seed},{shares}")
            if not server.holds_the_last:
                return server, done.packets, done.document["total"]["expected"]

    def test_all_faults_of_a_server_are_expected(self):
        server, packets, expected = self.run_against(20261128)
        self.assertTrue(all(server.did[fault] > 0 for fault in SHARES), server.did)
        self.assertEqual(expected["lost"], server.did["drop"])
        self.assertEqual(expected["corrupted"], server.did["corrupt"])
        for fault in ("duplicated", "reordered", "corrupted", "truncated"):
            self.assertEqual(packets[fault], expected[fault], fault)
        # An answer cut within its number is given to its packet only where no other one waits.
        self.assertLessEqual(packets["lost"] - expected["lost"], server.nameless)
        self.assertLessEqual(server.did["truncate"] - expected["truncated"], server.nameless)
        self.assertLessEqual(server.did["duplicate"] - expected["duplicated"], server.nameless)

    def test_losses_of_the_path_are_not(self):
        server, packets, expected = self.run_against(7, range(100, 130))
        self.assertGreater(server.path_lost, 20)
        self.assertEqual(expected["lost"], server.did["drop"])
        self.assertLessEqual(abs(packets["lost"] - expected["lost"] - server.path_lost), server.nameless)

    def test_another_seed_expects_next_to_nothing_of_what_happens(self):
        with Impairing(seed=7) as server:
            done = probe.run_json(server.address, "-c", PACKETS, "-i", "4ms", "--expect-impair", "8,drop=6%")
        self.assertLess(done.document["total"]["expected"]["lost"], server.did["drop"] / 2)

    def test_it_is_for_datagrams(self):
        done = probe.run("localhost", "--expect-impair", "7")
        self.assertEqual((done.code, done.out), (2, ""))
        self.assertIn("--expect-impair takes a seed and shares", done.err)


if __name__ == "__main__":
    unittest.main()
