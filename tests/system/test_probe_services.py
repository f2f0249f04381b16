# SPDX-License-Identifier: MIT
"""echoprobe's tests by name: what an answer has to be, against our daemon and against servers that get it wrong."""

import json
import socket
import struct
import threading
import time
import unittest

import clients
import harness
import oracles
import probe

QUICK = ("-c", 3, "-i", "2ms")
SERVICES = ("discard", "chargen", "daytime", "time", "hostname")
BOTH = ("daytime", "time")
SECONDS_1900 = 2208988800  # of 1970


@harness.every_model
class Daemon(harness.Case):
    """Against our own."""

    def test_every_service_answers_as_it_should_over_tcp(self):
        d = self.serve(*({"service": s} for s in SERVICES))
        for service in SERVICES:
            done = probe.run_json(service, "%s:%d" % d.address(service), *QUICK)
            self.assertEqual((done.code, done.packets["sent"], done.packets["received"]), (0, 3, 3), service)
            self.assertEqual(done.document["tcp"]["connects"], 3)

    def test_only_what_was_said_counts_as_sent(self):
        d = self.serve(*({"service": s} for s in ("daytime", "discard", "hostname")))
        for service, n in (("daytime", 0), ("discard", 3 * 64), ("hostname", 3 * 9)):
            done = probe.run_json(service, "%s:%d" % d.address(service), *QUICK, "--ask", "VERSION")
            self.assertEqual(done.document["total"]["bytes"]["sent"], n, service)

    def test_an_echo_may_have_a_connection_a_message(self):
        target = "%s:%d" % self.serve({"service": "echo"}).address("echo")
        done = probe.run_json("-T", "--reconnect", target, *QUICK, "-s", 5000)
        self.assertEqual((done.code, done.packets["received"], done.document["tcp"]["connects"]), (0, 3, 3))


class Local(harness.Case):
    def test_services_of_datagrams_answer_too(self):
        d = self.serve(*({"service": s, "transport": "udp"} for s in BOTH))
        for service in BOTH:
            done = probe.run_json(service, "-u", "%s:%d" % d.address(service, "udp"), *QUICK)
            self.assertEqual((done.code, done.packets["received"], done.packets["duplicated"]), (0, 3, None), service)

    def test_the_time_tells_how_far_their_clock_is_off_at_most(self):
        d = self.serve({"service": "time", "transport": ["tcp", "udp"]})
        for words in (("-u", d.address("time", "udp")), ("-T", d.address("time"))):
            offset = probe.run_json("time", words[0], "%s:%d" % words[1], *QUICK).document["time"]
            self.assertLessEqual(abs(offset["offset_ns"]), offset["bound_ns"])  # it is this host's own
            self.assertLessEqual(offset["bound_ns"], 1e9)

    def test_queries_at_the_edge_of_its_second_tell_a_clock_far_better_than_to_a_second(self):
        """A clock that is 370 ms ahead, over datagrams and over connections, by a query a second."""
        def answer(*_):
            return struct.pack(">I", int(time.time() + 0.37 + SECONDS_1900))
        with probe.StreamServer(lambda c: c.sendall(answer())) as stream, probe.Server() as datagrams:
            datagrams.answer = lambda _data, peer, _number: datagrams.socket.sendto(answer(), peer)
            running = [probe.start("time", "-T", stream.address, "-c", 8, "-J"),
                       probe.start("time", "-u", datagrams.address, "-c", 8, "-J")]
            for process in running:
                found = probe.wait(process).document["time"]
                self.assertLessEqual(abs(found["offset_ns"] - 370_000_000), found["bound_ns"])
                self.assertLess(found["bound_ns"], 300_000_000)  # 500 ms where all are sent at the same place of a second

    def test_text_says_what_was_asked_and_what_cannot_be_told(self):
        d = self.serve({"service": "time", "transport": ["tcp", "udp"]}, {"service": "chargen"})
        out = probe.run("time", "%s:%d" % d.address("time"), "-c", 1).out
        self.assertIn(", 1 question in 1 connection\n", out)
        out = probe.run("time", "-u", "%s:%d" % d.address("time", "udp"), "-c", 1).out
        self.assertIn("answers of time name no packet: copies, order and changed octets are not known\n", out)
        out = probe.run("chargen", "%s:%d" % d.address("chargen"), "-c", 1).out
        self.assertIn(", 1 message of 64 bytes in 1 connection\n", out)

    def test_the_last_answer_is_told_where_it_is_a_text(self):
        d = self.serve({"service": "daytime"}, {"service": "hostname"})
        said = probe.run("daytime", "%s:%d" % d.address("daytime"), "-c", 1).out
        self.assertRegex(said, r"the last answer was: \w+, \w+ \d+, \d{4} ")
        said = probe.run("hostname", "%s:%d" % d.address("hostname"), "-c", 1, "--ask", "HADDR 127.0.0.1").out
        self.assertRegex(said, r"the last answer was: HOST : 127\.0\.0\.1 : ")


class Unix(harness.Case):
    def test_services_of_unix_datagrams_are_asked_by_one(self):
        services = ("chargen", "daytime", "time", "hostname", "info")
        d = self.serve(*({"service": s, "transport": "unixgram", "path": self.folder / s} for s in services))
        for service in services:
            d.address(service, "unixgram")
            done = probe.run_json(service, "--unix", self.folder / service, *QUICK)
            self.assertEqual((done.code, done.packets["received"]), (0, 3), service)
            self.assertEqual(done.document["total"]["bytes"]["sent"], 3 * done.document["run"]["size_bytes"])

    def test_discard_of_unix_datagrams_says_nothing_of_what_arrived(self):
        d = self.serve({"service": "discard", "transport": "unixgram", "path": self.folder / "sink"})
        d.address("discard", "unixgram")
        done = probe.run_json("discard", "--unix", self.folder / "sink", *QUICK)
        self.assertEqual((done.code, done.packets["sent"], done.packets["received"], done.packets["lost"]), (0, 3, None, None))

    def test_where_there_is_no_socket_nothing_is_tested(self):
        for service in SERVICES:
            done = probe.run(service, "--unix", self.folder / "none", *QUICK)
            self.assertEqual((done.code, done.out), (2, ""), service)
            self.assertIn("none: No such file or directory", done.err)


class Silent(harness.Case):
    """discard over UDP, which answers nothing: what was lost cannot be known, and is not said."""

    UNKNOWN = ("received", "lost", "late", "duplicated", "reordered", "corrupted", "truncated")

    def closed(self):
        with probe.Server() as server:
            return server.address

    def test_what_was_sent_is_counted_and_what_arrived_is_not_known(self):
        d = self.serve({"service": "discard", "transport": "udp"})
        done = probe.run_json("discard", "-u", "%s:%d" % d.address("discard", "udp"), *QUICK, "-W", "50ms")
        self.assertEqual((done.code, done.packets["sent"], done.packets["send_failed"]), (0, 3, 0))
        self.assertEqual([done.packets[name] for name in self.UNKNOWN], [None] * len(self.UNKNOWN))
        total = done.document["total"]
        self.assertEqual((total["loss_ratio"], total["losses"]["periods"], total["bytes"]),
                         (None, None, {"sent": 3 * 64, "received": None}))
        self.assertEqual(oracles.schema_faults([done.document]), [])

    def test_a_person_reads_that_it_is_not_known(self):
        d = self.serve({"service": "discard", "transport": "udp"})
        out = probe.run("discard", "-u", "%s:%d" % d.address("discard", "udp"), *QUICK, "-W", "50ms", "-v", "--flows", 2).out
        self.assertIn("sent 6; discard answers no datagram, so what arrived is not known", out)
        self.assertRegex(out, r"seq 2 not known\n")
        self.assertNotIn("lost", out)

    def test_a_closed_port_is_told_by_icmp_and_is_not_good(self):
        for words, code in ((("-J",), 1), (("--format", "nagios"), 2)):
            done = probe.run("discard", "-u", self.closed(), *QUICK, "-W", "50ms", *words)
            self.assertEqual(done.code, code, done.out)
        self.assertRegex(done.out, r"^DISCARD CRITICAL - 127\.0\.0\.1:\d+ udp, sent 3, port-unreachable 3\|")

    def test_every_format_says_that_it_is_not_known(self):
        d = self.serve({"service": "discard", "transport": "udp"})

        def run(name):
            return probe.run("discard", "-u", "%s:%d" % d.address("discard", "udp"), *QUICK, "-W", "50ms", "--format", name).out
        packets = [json.loads(line) for line in run("jsonl").splitlines()][1:-1]
        self.assertEqual([(p["type"], p["seq"], p["result"]) for p in packets], [("packet", k, None) for k in range(3)])
        self.assertRegex(run("csv"), r"\n0,2,\d+,,,,,,,,,\n$")
        self.assertRegex(run("nagios"), r"^DISCARD OK - 127\.0\.0\.1:\d+ udp, sent 3\|rta=U;;;0; pl=U;")
        metrics = run("openmetrics")
        self.assertRegex(metrics, r'echoprobe_packets_sent_total\{target="127.0.0.1",test="discard"\} 3\n')
        self.assertNotRegex(metrics, r"\nechoprobe_(packets_(received|late|lost)_total|up)\{")

    def test_one_that_answers_is_not_good(self):
        with probe.Server() as server:
            done = probe.run_json("discard", "-u", server.address, *QUICK, "-W", "50ms")
        self.assertEqual((done.code, done.packets["lengthened"], done.packets["received"]), (1, 3, None))

    def test_limits_and_sizes_would_say_nothing_and_are_refused(self):
        for words in (("-w", "1,1%"), ("-C", "1,1%"), ("--sweep", "64:128:64"), ("--expect-impair", "1,drop=1%")):
            done = probe.run("discard", "-u", "127.0.0.1", *words)
            self.assertEqual((done.code, done.out), (2, ""))
            self.assertIn("discard answers no datagram", done.err)


class HostnameOverUdp(harness.Case):
    """Not in RFC 953: echotimed's own, a datagram a line."""

    def test_a_datagram_is_a_question_and_has_an_answer(self):
        d = self.serve({"service": "hostname", "transport": "udp", "allow": ["127.0.0.1"], "amplification": 100})
        target = "%s:%d" % d.address("hostname", "udp")
        done = probe.run_json("hostname", "-u", target, *QUICK, "--ask", "HADDR 127.0.0.1")
        self.assertEqual((done.code, done.packets["received"], done.document["run"]["size_bytes"]), (0, 3, 17))
        self.assertRegex(done.document["notes"][0], r"the last answer was: HOST : 127\.0\.0\.1 : ")


class Wrong(unittest.TestCase):
    """Against a server that gets it wrong."""

    def run_against(self, test, answer, *words):
        def serve(connection):
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            clients.recv_until_over(connection)
        with probe.StreamServer(serve) as server:
            return probe.run_json(test, server.address, *QUICK, "-W", 5, *words)

    def test_a_time_of_8_octets_is_longer_than_it_should_be(self):
        done = self.run_against("time", bytes(8))
        self.assertEqual((done.code, done.packets["received"], done.packets["lengthened"]), (1, 3, 3))

    def test_a_daytime_that_is_no_text_is_corrupted(self):
        self.assertEqual(self.run_against("daytime", b"\xff\xfe\0").packets["corrupted"], 3)

    def test_a_chargen_that_ends_too_early_is_truncated(self):
        self.assertEqual(self.run_against("chargen", b"abc\r\n", "-s", 100).packets["truncated"], 3)

    def test_a_discard_that_answers_is_longer_than_it_should_be(self):
        self.assertEqual(self.run_against("discard", b"thanks").packets["lengthened"], 3)

    def test_a_server_that_says_nothing_has_not_answered(self):
        done = self.run_against("daytime", b"")
        self.assertEqual((done.code, done.packets["lost"]), (3, 3))

    def test_one_that_never_answers_holds_up_the_next_for_the_time_out_only(self):
        silent = threading.Semaphore(1)

        def serve(connection):
            if silent.acquire(blocking=False):
                clients.recv_until_over(connection)
            else:
                connection.sendall(b"now\r\n")
        with probe.StreamServer(serve) as server:
            done = probe.run_json("daytime", server.address, "-c", 2, "-i", "1s", "-W", "300ms")
        self.assertEqual((done.packets["sent"], done.packets["received"], done.packets["lost"]), (2, 1, 1))


if __name__ == "__main__":
    harness.main()
