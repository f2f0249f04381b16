# SPDX-License-Identifier: MIT
"""Rates and dangers as an administrator sets and a client meets them: session_rate, udp_rate, dry_run, public rules."""

import os
import socket
import unittest

import clients
import harness
import passing

ECHO = {"service": "echo", "transport": "tcp"}
UDP = {"service": "echo", "transport": "udp"}


@harness.every_model
class SessionRate(harness.Case):
    def test_new_sessions_of_one_source_are_as_many_as_its_rate_gives(self):
        d = self.serve({**ECHO, "session_rate": "2/h:3"})
        for _ in range(3):
            self.assertTrue(clients.is_served(lambda: d.connect("echo")))
        self.assertTrue(clients.is_refused(lambda: d.connect("echo")))
        self.assertTrue(clients.is_served(lambda: d.connect("echo", source="127.0.0.2")))
        d.wait_log(r"notice refused listener=echo/tcp reason=rate count=\d")

    def test_it_recovers_by_itself(self):
        d = self.serve({**ECHO, "session_rate": "20/s:1"})
        self.assertTrue(clients.is_served(lambda: d.connect("echo")))
        self.wait_until(lambda: clients.is_served(lambda: d.connect("echo")), "a new session after 50 ms")

    @unittest.skipUnless(clients.has_ipv6(), "this host has no IPv6")
    def test_a_source_is_the_same_over_ipv4_and_ipv4_mapped(self):
        # Of the first socket an IPv4 peer is IPv4, of the second IPv4-mapped.
        d = self.serve({**ECHO, "address": ["127.0.0.1", "*"], "session_rate": "1/h:2"})

        def dial(port):
            s = d.socket(socket.AF_INET, socket.SOCK_STREAM)
            s.connect(("127.0.0.1", port))
            return s
        ports = [port for _, port in d.listening("echo")]
        for port in ports:
            self.assertTrue(clients.is_served(lambda port=port: dial(port)))
        for port in ports:
            self.assertTrue(clients.is_refused(lambda port=port: dial(port)))

    def test_a_dry_run_counts_and_serves(self):
        d = self.serve({**ECHO, "session_rate": "1/h:1", "max_sessions": 2, "dry_run": True})
        open_sessions = [d.connect("echo") for _ in range(4)]
        for s in open_sessions:
            self.assertTrue(clients.serves(s))
        d.wait_log(r"notice dry_run listener=echo/tcp reason=rate count=\d")
        d.wait_log(r"notice dry_run listener=echo/tcp reason=sessions count=\d")

    def test_tcpmux_hands_over_no_more_than_the_listener_s_rate(self):
        d = self.serve({**ECHO, "session_rate": "1/h:1"}, {"service": "tcpmux"})

        def by_tcpmux():
            s = d.connect("tcpmux")
            s.sendall(b"echo\r\nhello")
            return s
        self.assertIn(b"hello", clients.recv_exactly(by_tcpmux(), len(b"+Go\r\n") + 5)[-5:])
        self.assertNotIn(b"hello", clients.recv_until_over(by_tcpmux())[0])


class UdpRate(harness.Case):
    def test_more_than_the_rate_is_dropped_and_then_it_recovers(self):
        d = self.serve({**UDP, "udp_rate": "20/s:5"}, {**UDP, "name": "beside"})
        s = d.connect("echo", "udp")
        for i in range(50):
            s.send(b"%d" % i)
        self.assertEqual([s.recv(10) for _ in range(5)], [b"%d" % i for i in range(5)])
        # Another listener has a budget of its own.
        self.assertEqual(clients.ask(d.connect("beside", "udp"), b"x"), b"x")

        def answers():
            s.send(b"again")
            s.settimeout(0.05)
            try:
                return s.recv(10) == b"again"
            except TimeoutError:
                return False
        self.wait_until(answers, "an answer after 50 ms")

    @unittest.skipUnless(clients.has_ipv6(), "this host has no IPv6")
    def test_a_source_is_the_same_over_ipv4_and_ipv4_mapped(self):
        d = self.serve({**UDP, "address": ["127.0.0.1", "*"], "acknowledge_public": True, "udp_rate": "1/h:2"})
        s = d.socket(socket.AF_INET, socket.SOCK_DGRAM)
        where = [("127.0.0.1", port) for _, port in d.listening("echo", "udp")]
        for to in where:
            s.sendto(b"one", to)
            self.assertEqual(s.recvfrom(10), (b"one", to))
        for to in where:
            s.sendto(b"two", to)
        d.wait_log(r"notice refused listener=echo/udp reason=rate count=2")
        self.assertTrue(clients.has_nothing(s))

    def test_a_unix_datagram_has_no_source_to_be_limited_by(self):
        d = self.serve({"service": "chargen", "transport": "unixgram", "path": self.folder / "c"}, limits={"udp_answers": "1/h"})
        s = d.connect("chargen", "unixgram", source=self.folder / "me", before=lambda s: os.chmod(self.folder / "me", 0o666))
        self.assertGreater(max(len(clients.ask(s, b"")) for _ in range(50)), 0)


class Posture(harness.Case):
    def test_what_endangers_others_is_refused_and_said_with_its_remedy(self):
        quotes = self.folder.write("quotes", "One.\n")
        rows = [({"service": "hostname"}, 78), ({"service": "chargen", "transport": "udp"}, 78),
                ({"service": "qotd", "transport": "udp", "file": quotes}, 78), ({"service": "echo", "transport": "udp"}, 0),
                ({"service": "time"}, 0), ({"service": "daytime"}, 0)]
        for listener, expected in rows:
            done = self.run_once("-t", config=self.config({**listener, "address": "*"}))
            self.assertEqual(done.returncode, expected, listener)
            self.assertIn("acknowledge_public", done.stderr)
            self.assertEqual("(warning)" in done.stderr, expected == 0)
            for remedy in ({"acknowledge_public": True}, {"allow": ["192.0.2.0/24"]}, {"address": "127.0.0.1"}):
                done = self.run_once("-t", config=self.config({"address": "*", **listener, **remedy}))
                self.assertEqual((done.returncode, done.stderr), (0, ""), {**listener, **remedy})

    def test_a_daemon_logs_the_warning_and_serves(self):
        d = self.serve({**UDP, "address": "*"}, daemon={"allow": [r"^warning settings: .* echo over UDP answers forged"]})
        d.wait_log(r"^warning settings: .*listeners\.\[0\]\.allow: is missing: echo over UDP")
        self.assertEqual(clients.ask(d.connect("echo", "udp"), b"x"), b"x")


@passing.needs_systemd
class PassedPosture(passing.Case):
    def test_a_socket_that_was_passed_is_judged_by_its_own_address(self):
        chargen = {"service": "chargen", "transport": "udp"}  # on 127.0.0.1, as far as the file says
        said = self.refused([self.bound("udp", ("0.0.0.0", 0))], ["chargen"], chargen)
        self.assertIn("chargen over UDP is what floods are made of", said)
        mux = ({"service": "tcpmux"}, {"service": "hostname"})
        d = self.pass_to([("tcpmux", self.bound("tcp", ("0.0.0.0", 0))), ("hostname", self.bound("tcp"))], *mux,
                         start={"allow": ["through tcpmux everybody"]})
        d.wait_log("through tcpmux everybody reaches a listener, hostname or one that impairs")
        self.assertIn(b"127.0.0.1", clients.ask(d.connect("hostname"), b"HNAME localhost\r\n"))
        d.stop()
        self.pass_to([("tcpmux", self.bound("tcp")), ("hostname", self.bound("tcp"))], *mux).stop()
        self.pass_to([("chargen", self.bound("udp"))], chargen).stop()
        self.pass_to([("chargen", self.bound("udp", ("0.0.0.0", 0)))], {**chargen, "acknowledge_public": True}).stop()


if __name__ == "__main__":
    harness.main()
