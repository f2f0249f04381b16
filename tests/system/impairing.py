# SPDX-License-Identifier: MIT
"""What a listener that impairs datagrams does to each, computed by what the documents say of it."""

import collections

PLACES = {"drop": 0, "duplicate": 1, "corrupt": 2, "truncate": 3, "reorder": 6}
KEEP, FLIP = 16, 17
MASK = 2**64 - 1


def siphash(key, data):
    """SipHash-2-4, from the paper (Aumasson, Bernstein 2012)."""
    a, b, c, d = key[0] ^ 0x736F6D6570736575, key[1] ^ 0x646F72616E646F6D, key[0] ^ 0x6C7967656E657261, key[1] ^ 0x7465646279746573

    def rotate(x, n):
        return (x << n | x >> (64 - n)) & MASK

    def mix(a, b, c, d):
        a, c = (a + b) & MASK, (c + d) & MASK
        b, d = rotate(b, 13) ^ a, rotate(d, 16) ^ c
        a, c = (rotate(a, 32) + d) & MASK, (c + b) & MASK
        d, b = rotate(d, 21) ^ a, rotate(b, 17) ^ c
        return a, b, rotate(c, 32), d

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i:i + 8], "little")
        a, b, c, d = mix(*mix(a, b, c, d ^ word))
        a ^= word
    c ^= 0xFF
    for _ in range(4):
        a, b, c, d = mix(a, b, c, d)
    return a ^ b ^ c ^ d


class Model:
    """A listener that echoes to one client: the answers, in their order, and what is counted."""

    def __init__(self, seed, by="order", **percent):
        self.seed, self.by, self.percent = seed, by, percent
        self.counts, self.number = collections.Counter(), 0

    def hits(self, fault, drawn_from):
        return siphash((self.seed, PLACES[fault]), drawn_from) * 100 < self.percent.get(fault, 0) << 64

    def echo(self, payloads):
        """The answers to these; one that waits for the next to come is not among them."""
        answers, waiting = [], None
        for payload in payloads:
            drawn_from = payload if self.by == "content" else self.number.to_bytes(8, "little")
            self.number += 1
            if self.hits("drop", drawn_from):
                self.counts["drop"] += 1
                continue
            copies = [self.spoil(payload, drawn_from)] * (1 + self.hits("duplicate", drawn_from))
            self.counts["duplicate"] += len(copies) - 1
            waits = self.hits("reorder", drawn_from)
            if not waits:
                answers += copies
            if waiting is not None:
                answers += waiting
                self.counts["reorder"] += not waits
            waiting = copies if waits else None
        return answers

    def spoil(self, payload, drawn_from):
        answer, n = bytearray(payload), len(payload)
        if self.hits("corrupt", drawn_from) and n:
            bit = siphash((self.seed, FLIP), drawn_from) % (8 * n)
            answer[bit // 8] ^= 1 << bit % 8
            self.counts["corrupt"] += 1
        if self.hits("truncate", drawn_from) and n:
            n = siphash((self.seed, KEEP), drawn_from) % n
            self.counts["truncate"] += 1
        return bytes(answer[:n])
