#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""echoprobe's figures against those of programs that nobody here wrote: tshark's jitter of RTP, datamash's percentiles."""

import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest

FIGURES = os.path.join(os.environ.get("top_builddir", "build"), "tests", "interop", "figures")
PACKETS = 3000
TICK_NS = 100000  # 9 ticks of RTP's clock of 90 kHz: so both clocks show the same sending
TICK_RTP = 9


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"needs {program}")


def flow(seed, gap_ticks, mean_ns):
    """Packets (sent, received) in nanoseconds, in the order of arrival; more queues than gaps reorder some."""
    rng = random.Random(seed)
    start = 1_800_000_000 * 10**9
    sent = [start + i * gap_ticks * TICK_NS for i in range(PACKETS)]
    return sorted(((s, s + 11_580_000 + int(rng.expovariate(1 / mean_ns))) for s in sent), key=lambda p: p[1])


def ours(packets):
    text = "".join(f"{sent} {received}\n" for sent, received in packets)
    done = subprocess.run([FIGURES], input=text, capture_output=True, text=True, timeout=60, check=True)
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def rtp_capture(packets):
    """A capture with nanoseconds of RTP packets that arrive at `received` and say that they were sent at `sent`."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)]
    first = min(sent for sent, _ in packets)
    numbers = {sent: i for i, sent in enumerate(sorted(sent for sent, _ in packets))}
    for sent, received in packets:
        rtp = struct.pack("!BBHII", 0x80, 14, numbers[sent], (sent - first) // TICK_NS * TICK_RTP, 0x1234) + bytes(20)
        udp = struct.pack("!HHHH", 40000, 5004, 8 + len(rtp), 0) + rtp
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))
        frame = bytes(12) + b"\x08\x00" + ip + udp
        out.append(struct.pack("<IIII", received // 10**9, received % 10**9, len(frame), len(frame)) + frame)
    return b"".join(out)


def tshark_jitter_ms(capture):
    """(mean, largest) of the one stream in it."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(capture)
        file.flush()
        text = subprocess.run(["tshark", "-n", "-r", file.name, "-d", "udp.port==5004,rtp", "-q", "-z", "rtp,streams"],
                              capture_output=True, text=True, timeout=120, check=True).stdout
    head, row = [line for line in text.splitlines() if "Jitter" in line or "0x00001234" in line]
    names = [name for name in ("Min Jitter", "Mean Jitter", "Max Jitter") if name in head]
    # The last columns are the jitters, and then perhaps a mark that there are problems.
    values = [float(word) for word in row.split() if word.replace(".", "", 1).isdigit()][-len(names):]
    return values[names.index("Mean Jitter")], values[names.index("Max Jitter")]


def datamash(operations, values):
    done = subprocess.run(["datamash", "--round=3", *[word for op in operations for word in (op, "1")]],
                          input="".join(f"{v}\n" for v in values), capture_output=True, text=True, timeout=60, check=True)
    return [float(word) for word in done.stdout.split()]


class Figures(unittest.TestCase):
    @needs("tshark")
    def test_jitter_is_that_of_tshark(self):
        # None is reordered: tshark takes J of such packets into the next one's, but neither into mean nor maximum.
        for seed, gap, mean in ((1, 400, 3_000_000), (2, 80, 700_000), (3, 100, 20_000)):
            packets = flow(seed, gap, mean)
            self.assertEqual(packets, sorted(packets))
            figures, (mean_ms, max_ms) = ours(packets), tshark_jitter_ms(rtp_capture(packets))
            self.assertAlmostEqual(figures["jitter_mean"] / 1e6, mean_ms, delta=0.001, msg=f"flow {seed}")
            self.assertAlmostEqual(figures["jitter_max"] / 1e6, max_ms, delta=0.001, msg=f"flow {seed}")

    @needs("datamash")
    def test_mean_and_standard_deviation_are_those_of_datamash(self):
        packets = flow(5, 50, 5_000_000)
        figures = ours(packets)
        mean, stddev, least, largest = datamash(["mean", "sstdev", "min", "max"], [r - s for s, r in packets])
        self.assertAlmostEqual(figures["mean"], mean, delta=0.01)
        self.assertAlmostEqual(figures["stddev"], stddev, delta=0.01)
        self.assertEqual((figures["min"], figures["max"]), (least, largest))

    @needs("datamash")
    def test_percentiles_are_those_of_datamash_but_for_a_rank_and_the_width_of_a_bucket(self):
        for seed, mean in ((6, 5_000_000), (7, 40_000_000), (8, 300)):
            packets = flow(seed, 50, mean)
            delays, figures = sorted(r - s for s, r in packets), ours(packets)
            wanted = {"p500": "perc:50", "p900": "perc:90", "p950": "perc:95", "p990": "perc:99"}
            for name, value in zip(wanted, datamash(wanted.values(), delays)):
                at = min(range(PACKETS), key=lambda i: abs(delays[i] - value))
                low, high = delays[max(at - 1, 0)], delays[min(at + 1, PACKETS - 1)]
                self.assertTrue(low * (1 - 1 / 256) <= figures[name] <= high * (1 + 1 / 256), (seed, name, value, figures))


if __name__ == "__main__":
    unittest.main()
