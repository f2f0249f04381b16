# SPDX-License-Identifier: MIT
"""echoprobe over UDP: every fault counted once and by its name, against our daemon and against a server that is known to fail."""

import collections
import json
import signal
import socket
import subprocess
import tempfile
import unittest

import clients
import harness
import probe

ECHO = {"service": "echo", "transport": "udp"}
QUICK = ("-i", "2ms")


class Daemon(harness.Case):
    """Against our own."""

    def target(self, **listener):
        host, port = self.serve({**ECHO, **listener}).address("echo", "udp")
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def test_every_packet_comes_back_in_time_and_unaltered(self):
        done = probe.run_json(self.target(), "-c", 100, *QUICK)
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual(done.packets, {**dict.fromkeys(done.packets, 0), "sent": 100, "received": 100,
                                        "skipped": done.packets["skipped"]})
        self.assertEqual(done.document["total"]["rtt_ns"]["count"], 100)
        self.assertEqual(done.document["run"]["ended_by"], "count")

    @unittest.skipUnless(clients.has_ipv6(), "this host has no IPv6")
    def test_ipv6_is_as_good(self):
        done = probe.run_json(self.target(address="::1"), "-c", 20, *QUICK)
        self.assertEqual((done.code, done.packets["received"]), (0, 20))
        self.assertEqual(done.document["source"]["address"], "::1")

    def test_every_size_comes_back(self):
        target = self.target()
        for size in (0, 3, 4, 15, 16, 23, 24, 1472, 1473, 65507):
            done = probe.run_json(target, "-c", 5, *QUICK, "-s", size)
            self.assertEqual((done.code, done.packets["received"]), (0, 5), f"{size} bytes")

    def test_every_fill_is_checked_on_return(self):
        target = self.target()
        for fill in ("pattern", "zeros", "random", "a text"):
            done = probe.run_json(target, "-c", 5, *QUICK, "--fill", fill)
            self.assertEqual((done.code, done.packets["corrupted"]), (0, 0), fill)

    def test_round_trips_are_measured_by_the_kernels_stamps(self):
        document = probe.run_json(self.target(), "-c", 50, *QUICK).document
        self.assertEqual([document["host"]["timestamps"][way] for way in ("send", "receive")], ["kernel", "kernel"])
        # The kernel begins to stamp a moment after it was asked to.
        self.assertLess(document["host"]["timestamps"]["receive_missing"], 25)

    def test_the_programs_own_stamps_are_used_where_they_are_asked_for(self):
        document = probe.run_json(self.target(), "-c", 5, *QUICK, "--timestamps", "user").document
        self.assertEqual([document["host"]["timestamps"][way] for way in ("send", "receive")], ["user", "user"])

    def test_a_warmup_is_sent_and_not_counted(self):
        d = self.serve(ECHO)
        done = probe.run_json("%s:%d" % d.address("echo", "udp"), "-c", 5, "--warmup", 7, *QUICK)
        self.assertEqual((done.code, done.packets["sent"], done.packets["received"]), (0, 5, 5))

    def test_bursts_and_exponential_gaps_send_as_many(self):
        target = self.target()
        for words in (("--burst", 8, "-i", "10ms"), ("--poisson", *QUICK), ("--rate", 400)):
            done = probe.run_json(target, "-c", 50, *words)
            self.assertEqual((done.code, done.packets["sent"], done.packets["received"]), (0, 50, 50), words)

    def test_it_sends_from_the_port_and_address_that_it_is_told(self):
        target = self.target()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        source = probe.run_json(target, "-c", 1, "-I", "127.0.0.1", "--sport", port).document["source"]
        self.assertEqual(source, {"address": "127.0.0.1", "port": port, "interface": "lo"})

    def test_flows_send_side_by_side_each_from_its_port_and_have_a_row_each(self):
        target = self.target()
        done = probe.run_json(target, "-c", 10, *QUICK, "--flows", 4)
        self.assertEqual((done.code, done.packets["sent"], done.packets["received"]), (0, 40, 40))
        self.assertEqual([f["packets"]["received"] for f in done.document["flows"]], [10] * 4)
        self.assertEqual(len({f["port"] for f in done.document["flows"]}), 4)

    def test_several_targets_are_tested_side_by_side_and_the_worst_is_the_outcome(self):
        with probe.Server({k: "drop" for k in range(5)}) as deaf:
            done = probe.run_json(self.target(), deaf.address, "-c", 5, *QUICK, "-W", "100ms")
        self.assertEqual(done.code, 3)
        self.assertEqual([d["total"]["packets"]["received"] for d in done.document], [5, 0])


class Faults(unittest.TestCase):
    """Against a server whose faults are known."""

    def test_each_fault_is_counted_once_and_by_its_name(self):
        faults = {3: "drop", 4: "drop", 10: "double", 20: "corrupt", 25: "corrupt_header", 30: "truncate", 35: "lengthen",
                  40: "elsewhere", 50: "overtaken", 60: "strange", 12: "late", 90: "drop"}
        with probe.Server(faults) as server:
            done = probe.run_json(server.address, "-c", 120, "-i", "20ms", "-W", 1)
        self.assertEqual(done.code, 1)
        expected = {"sent": 120, "received": 116, "lost": 4, "late": 1, "duplicated": 1, "reordered": 2, "corrupted": 2,
                    "truncated": 1, "lengthened": 1, "other_address": 1, "unrelated": 1, "send_failed": 0}
        self.assertEqual({k: done.packets[k] for k in expected}, expected)
        total = done.document["total"]
        self.assertEqual((total["losses"]["periods"], total["losses"]["longest"]), (3, 2))
        self.assertEqual(total["reordering"]["extent_max"], probe.LATE_BY - 1)  # packet 40 did not overtake it
        self.assertEqual(total["bytes"], {"sent": 120 * 64, "received": 116 * 64 - 10 + 4})

    def test_what_one_flow_loses_is_no_other_flows(self):
        with probe.Server({2: "drop", 3: "double"}) as server:
            done = probe.run_json(server.address, "-c", 5, *QUICK, "-W", "500ms", "--flows", 3)
        flows = [(f["packets"]["lost"], f["packets"]["duplicated"]) for f in done.document["flows"]]
        self.assertEqual(flows, [(1, 1)] * 3)
        self.assertEqual((done.code, done.packets["lost"], done.packets["duplicated"]), (1, 3, 3))

    def test_a_damaged_header_is_one_corruption_and_no_loss(self):
        with probe.Server({k: "corrupt_header" for k in range(20)}) as server:
            done = probe.run_json(server.address, "-c", 20, *QUICK)
        self.assertEqual((done.packets["received"], done.packets["corrupted"], done.packets["lost"],
                          done.packets["unrelated"]), (20, 20, 0, 0))

    def test_a_copy_of_the_last_answer_is_seen(self):
        with probe.Server({0: "double"}) as server:
            done = probe.run_json(server.address, "-c", 1)
        self.assertEqual((done.code, done.packets["received"], done.packets["duplicated"]), (0, 1, 1))

    def test_answers_from_another_address_alone_are_nothing_back(self):
        with probe.Server({k: "elsewhere" for k in range(3)}) as server:
            done = probe.run_json(server.address, "-c", 3, *QUICK, "-W", "200ms")
        self.assertEqual((done.code, done.packets["lost"], done.packets["other_address"]), (3, 3, 3))

    def test_a_port_where_nobody_listens_is_told_by_icmp(self):
        with probe.Server() as server:
            address = server.address
        done = probe.run_json(address, "-c", 3, *QUICK, "-W", "100ms")
        self.assertEqual((done.code, done.packets["sent"], done.packets["lost"], done.packets["send_failed"]), (3, 3, 3, 0))
        self.assertEqual([(e["name"], e["from"], e["count"]) for e in done.document["icmp"]],
                         [("port-unreachable", "127.0.0.1", 3)])


    def test_a_packet_without_a_tag_says_so(self):
        with probe.Server() as server:
            for size, n in ((4, 1), (23, 1), (24, 0)):
                notes = " ".join(probe.run_json(server.address, "-c", 1, "-s", size).document["notes"])
                self.assertEqual(notes.count("under 24 bytes has no tag"), n, size)


class Lines(unittest.TestCase):
    """What is told as it happens."""

    def lines(self, *words):
        return [json.loads(line) for line in probe.run(*words, "--format", "jsonl").out.splitlines()]

    def test_each_packet_has_its_line_and_a_lost_one_that_comes_late_has_two(self):
        faults = {2: "drop", 3: "double", 4: "corrupt", 5: "truncate", 6: "elsewhere", 7: "late"}
        with probe.Server(faults) as server:
            lines = self.lines(server.address, "-c", 90, "-i", "20ms", "-W", 1)
        self.assertEqual([lines[0]["type"], lines[-1]["type"]], ["start", "summary"])
        results = collections.defaultdict(list)
        for line in lines:
            if line["type"] == "packet":
                results[line["seq"]].append(line["result"])
        told = {2: ["lost"], 3: ["ok", "duplicate"], 4: ["corrupted"], 5: ["truncated"], 6: ["other_address", "lost"],
                7: ["lost", "late"]}
        self.assertEqual({**{k: ["ok"] for k in range(90)}, **told}, results)

    def quoted(self, *words):
        """The packets of ICMP errors, of a port where nobody listens."""
        with probe.Server() as server:
            address = server.address
        lines = self.lines(*words, address, "-c", 3, *QUICK, "-W", "100ms")
        return [(line["flow"], line["seq"]) for line in lines if line["type"] == "icmp"]

    def test_an_icmp_error_has_a_line_with_the_packet_that_it_quotes(self):
        for words in ((), ("-s", 4), ("-s", 1472), ("stamp",)):
            self.assertEqual(self.quoted(*words), [(0, 0), (0, 1), (0, 2)], words)
            if words != ("-s", 4):
                self.assertEqual(sorted(self.quoted(*words, "--flows", 2)), [(f, k) for f in (0, 1) for k in range(3)], words)
        for words in (("-s", 2), ("-s", 4, "--flows", 2)):
            self.assertEqual(set(self.quoted(*words)), {(None, None)}, words)

    @unittest.skipUnless(harness.built_with("sodium"), "built without libsodium")
    def test_an_icmp_error_quotes_authenticated_packets_too(self):
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as key:
            key.write("11" * 32 + "\n")
            key.flush()
            self.assertEqual(self.quoted("stamp", "--auth", key.name), [(0, 0), (0, 1), (0, 2)])

    def test_intervals_add_up_to_the_whole(self):
        with probe.Server({k: "drop" for k in range(0, 60, 7)}) as server:
            lines = self.lines(server.address, "-c", 60, "-i", "10ms", "-W", "200ms", "--every", "150ms")
        intervals = [line["total"]["packets"] for line in lines if line["type"] == "interval"]
        whole = lines[-1]["total"]["packets"]
        self.assertGreaterEqual(len(intervals), 4)
        for key in ("sent", "received", "skipped"):
            self.assertEqual(sum(i[key] for i in intervals), whole[key], key)

    def test_an_interval_in_which_more_time_out_than_are_sent_has_no_share_of_them(self):
        with probe.Server({k: "drop" for k in range(20)}) as server:
            lines = self.lines(server.address, "-c", 20, *QUICK, "-W", 1, "--every", "250ms")
        totals = [line["total"] for line in lines if line["type"] == "interval"]
        shares = [t["loss_ratio"] for t in totals if t["packets"]["lost"] > t["packets"]["sent"]]
        self.assertEqual(set(shares), {None})
        self.assertEqual(lines[-1]["total"]["loss_ratio"], 1)

    def test_the_text_has_a_line_a_packet_only_where_it_is_asked_for(self):
        with probe.Server() as server:
            plain, verbose = (probe.run(server.address, "-c", 3, *QUICK, *words).out for words in ((), ("-v",)))
        self.assertIn("echo over UDP: 127.0.0.1:", plain)
        self.assertIn("sent 3, back 3, lost 0", plain)
        self.assertEqual(len(verbose.splitlines()) - len(plain.splitlines()), 3)


class End(unittest.TestCase):
    """How a run ends."""

    def test_an_interrupt_ends_the_sending_and_what_came_back_is_reported(self):
        with probe.Server() as server:
            process = probe.start(server.address, "-c", 0, "-i", "10ms", "--format", "json")
            server.wait_seen(10)
            process.send_signal(signal.SIGINT)
            done = probe.wait(process)
        self.assertEqual((done.code, done.document["run"]["ended_by"]), (0, "interrupted"))
        self.assertGreaterEqual(done.packets["sent"], 10)
        self.assertEqual(done.packets["received"], done.packets["sent"])

    def test_a_second_interrupt_ends_at_once_with_130(self):
        with probe.Server({k: "drop" for k in range(10000)}) as server:
            process = probe.start(server.address, "-c", 0, "-i", "10ms", "-W", 60)
            server.wait_seen(1)
            while True:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(0.05)
                    break
                except subprocess.TimeoutExpired:
                    pass
            self.assertEqual(probe.wait(process).code, 130)

    def test_a_duration_ends_the_sending(self):
        with probe.Server() as server:
            done = probe.run_json(server.address, "-d", "200ms", "-i", "10ms")
        self.assertEqual((done.code, done.document["run"]["ended_by"]), (0, "duration"))
        self.assertEqual(done.packets["received"], done.packets["sent"])

    def test_a_mistake_ends_with_2_and_is_told_on_standard_error(self):
        for words, says in ((("127.0.0.1", "-t", "0"), "-t takes a TTL from 1 to 255"),
                            ((), "a host is missing"),
                            (("-4", "::1"), "::1"),
                            (("127.0.0.1:port",), "port"),
                            (("127.0.0.1", "-I", "no-such-interface"), "no-such-interface"),
                            (("127.0.0.1", "-i", "100us"), "--flood"),
                            (("192.0.2.1", "-i", "5ms"), "--i-own-this-host")):
            done = probe.run(*words)
            self.assertEqual((done.code, done.out), (2, ""), words)
            self.assertIn(says, done.err, words)

    def test_help_and_version_are_printed(self):
        for words, says in ((("-h",), "usage: echoprobe"), (("--version",), "echoprobe ")):
            done = probe.run(*words)
            self.assertEqual((done.code, done.err), (0, ""))
            self.assertIn(says, done.out)


if __name__ == "__main__":
    harness.main()
