# SPDX-License-Identifier: MIT
"""echoprobe --sweep: each size has the figures of its own packets, and the total is their sum."""

import collections
import json
import os
import signal

import harness
import probe
from test_probe_stamp import STAMP, Reflector

QUICK = ("-i", "2ms", "-W", "300ms")
SIZES = (64, 264, 464)
SWEEP = ("--sweep", "64:464:200")


class Counting(probe.Server):
    """Counts the packets of each size."""

    def __init__(self, treatment=None):
        self.sizes = collections.Counter()
        super().__init__(treatment)

    def count(self, data):
        self.sizes[len(data)] += 1


def counts(row, *names):
    return tuple(row["packets"][name] for name in names)


class Datagrams(harness.Case):
    def test_each_size_has_its_own_packets_and_the_total_has_all(self):
        with Counting() as server:
            done = probe.run_json(server.address, "-c", 10, *QUICK, *SWEEP)
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual(dict(server.sizes), dict.fromkeys(SIZES, 10))
        rows = done.document["sizes"]
        self.assertEqual([row["size_bytes"] for row in rows], list(SIZES))
        for row, size in zip(rows, SIZES):
            self.assertEqual(counts(row, "sent", "received", "lost", "reordered"), (10, 10, 0, 0))
            self.assertEqual(row["bytes"], {"sent": 10 * size, "received": 10 * size})
            self.assertEqual(row["rtt_ns"]["count"], 10)
        self.assertEqual(counts(done.document["total"], "sent", "received"), (30, 30))

    def test_faults_are_counted_at_the_size_that_had_them(self):
        faults = {3: "drop", 12: "double", 13: "corrupt", 15: "overtaken", 17: "corrupt_header", 25: "drop", 26: "drop",
                  27: "truncate"}
        with Counting(faults) as server:
            done = probe.run_json(server.address, "-c", 10, *QUICK, *SWEEP)
        names = ("sent", "received", "lost", "duplicated", "reordered", "corrupted", "truncated", "lengthened", "unrelated")
        rows = [counts(row, *names) for row in done.document["sizes"]]
        self.assertEqual(done.code, 1)
        self.assertEqual(rows, [(10, 9, 1, 0, 0, 0, 0, 0, 0), (10, 10, 0, 1, 1, 2, 0, 0, 0), (10, 8, 2, 0, 0, 0, 1, 0, 0)])
        self.assertEqual(counts(done.document["total"], *names), tuple(map(sum, zip(*rows))))
        self.assertEqual([row["losses"]["longest"] for row in done.document["sizes"]], [1, 0, 2])

    def test_flows_have_every_size(self):
        with Counting() as server:
            done = probe.run_json(server.address, "-c", 5, *QUICK, *SWEEP, "--flows", 3, "--warmup", 2)
        self.assertEqual([counts(row, "sent") for row in done.document["flows"]], [(15,)] * 3)
        self.assertEqual([counts(row, "sent", "received") for row in done.document["sizes"]], [(15, 15)] * 3)
        self.assertEqual(dict(server.sizes), {64: 21, 264: 15, 464: 15})

    def test_a_time_is_shared_by_the_sizes(self):
        with Counting() as server:
            done = probe.run_json(server.address, "-d", "600ms", *QUICK, *SWEEP)
        self.assertEqual((done.code, done.document["run"]["ended_by"], len(done.document["sizes"])), (0, "duration", 3))
        self.assertEqual({row["size_bytes"]: row["packets"]["sent"] for row in done.document["sizes"]}, dict(server.sizes))

    def test_an_interrupt_ends_it_and_the_sizes_that_were_begun_are_told(self):
        with Counting() as server:
            process = probe.start(server.address, "-c", 30, "-i", "50ms", *SWEEP, "--format", "jsonl")
            server.wait_seen(35)
            process.send_signal(signal.SIGINT)
            done = probe.wait(process)
        document = json.loads(done.out.splitlines()[-1])
        self.assertEqual((done.code, document["run"]["ended_by"]), (0, "interrupted"))
        self.assertEqual([row["size_bytes"] for row in document["sizes"]], sorted(server.sizes))
        self.assertEqual({row["size_bytes"]: row["packets"]["sent"] for row in document["sizes"]}, dict(server.sizes))

    def test_an_interrupt_while_a_size_waits_for_its_last_answers_lets_no_other_follow(self):
        with Counting(dict.fromkeys(range(30), "drop")) as server:
            process = probe.start(server.address, "-c", 3, "-i", "2ms", "-W", "5s", *SWEEP, "-J")
            server.wait_seen(3)
            process.send_signal(signal.SIGINT)
            document = probe.wait(process).document
        self.assertEqual([row["size_bytes"] for row in document["sizes"]], [64])
        self.assertEqual((document["run"]["ended_by"], counts(document["total"], "sent", "lost")), ("interrupted", (3, 3)))

    def test_a_person_reads_a_row_a_size(self):
        with Counting() as server:
            out = probe.run(server.address, "-c", 4, *QUICK, *SWEEP).out
        self.assertIn("64 to 464 bytes every 2 ms", out)
        self.assertRegex(out, r"  size  sent lost    min    p50    p99  ms\n    64     4    0 .*\n   264     4    0 .*\n"
                         r"   464     4    0 ")


class Stamp(harness.Case):
    """Sizes are those of padding TLVs."""

    def test_each_size_comes_back_and_directions_are_of_all(self):
        target = "%s:%d" % self.serve(STAMP).address("stamp", "udp")
        for sweep, sizes in (("44:244:100", (44, 144, 244)), ("48:1448:700", (48, 748, 1448))):
            done = probe.run_json("stamp", target, "-c", 5, *QUICK, "--sweep", sweep)
            rows = [(row["size_bytes"], *counts(row, "sent", "received", "lost", "corrupted"), row["bytes"]["received"])
                    for row in done.document["sizes"]]
            self.assertEqual((done.code, rows), (0, [(n, 5, 5, 0, 0, 5 * n) for n in sizes]))
            directions = done.document["directions"]
            self.assertEqual([directions[d]["lost"] for d in ("forward", "backward", "unknown")], [0, 0, 0])

    def test_padding_that_was_altered_is_told_at_its_size(self):
        with Reflector({7: "corrupt", 12: "lost_forward"}) as server:
            done = probe.run_json("stamp", server.address, "-c", 5, *QUICK, "--sweep", "64:264:100")
        rows = [counts(row, "sent", "received", "lost", "corrupted") for row in done.document["sizes"]]
        self.assertEqual((done.code, rows), (1, [(5, 5, 0, 0), (5, 5, 0, 1), (5, 4, 1, 0)]))
        self.assertEqual(done.document["directions"]["forward"]["lost"], 1)

    def test_a_person_reads_directions_beside_sizes_and_flows(self):
        target = "%s:%d" % self.serve(STAMP).address("stamp", "udp")
        for words in (("--sweep", "64:164:100"), ("--flows", 2)):
            out = probe.run("stamp", target, "-c", 4, *QUICK, *words).out
            self.assertRegex(out, r"\n  forward +0 +0 +0 ", words)
            self.assertRegex(out, r"\n  backward +0 +0 +0 ", words)

    def test_a_size_that_no_packet_can_have_is_refused(self):
        for sweep, words in (("40:140:100", ()), ("44:46:1", ()), ("44:46:2", ()), ("64:164:100", ("--auth", os.devnull))):
            done = probe.run("stamp", "127.0.0.1", "--sweep", sweep, *words)
            self.assertEqual((done.code, done.out), (2, ""), sweep)
            self.assertRegex(done.err, r"(-s|--sweep) of stamp.* takes \d+, or \d+ and more", sweep)


class Connections(harness.Case):
    def test_connections_have_sizes_too(self):
        d = self.serve(*({"service": s} for s in ("echo", "discard", "chargen")))
        for service, words in (("echo", ("-T", "--reconnect")), ("discard", ()), ("chargen", ())):
            done = probe.run_json(service, "%s:%d" % d.address(service), "-c", 3, *SWEEP, "-i", "2ms", *words)
            rows = done.document["sizes"]
            self.assertEqual((done.code, [counts(row, "sent", "received") for row in rows]), (0, [(3, 3)] * 3), service)
            if service != "chargen":
                self.assertEqual([row["bytes"]["sent"] for row in rows], [3 * size for size in SIZES])

    def test_what_has_no_size_or_no_end_is_refused(self):
        for words, why in ((("info",), "an answer tells of one packet"), (("mtu",), "it chooses its sizes"),
                           (("audit",), "it chooses its sizes"), (("hostname",), "--ask says how long"),
                           (("hostname", "-u"), "--ask says how long"), (("time", "-T"), "nothing is sent"),
                           (("-T",), "goes with --reconnect"), (("-c", 0), "say with -c or -d when"),
                           (("--exporter", 0), "say with -c or -d when")):
            test, options = (words[:1], words[1:]) if words[0][0] != "-" else ((), words)
            done = probe.run(*test, "127.0.0.1", *options, *SWEEP)
            self.assertEqual((done.code, done.out), (2, ""), words)
            self.assertIn(why, done.err)
        for sweep in ("64", "64:1472", "64:1472:0", "1472:64:1", "64:64:1", "0:65508:1000", "1:1000:1", "64:1472:64:"):
            self.assertIn("takes sizes as 64:1472:64", probe.run("127.0.0.1", "--sweep", sweep).err, sweep)


if __name__ == "__main__":
    harness.main()
