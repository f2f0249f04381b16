# SPDX-License-Identifier: MIT
"""echoprobe info: what a server saw of our datagrams, against our daemon and against servers that saw something else."""

import json
import unittest

import clients
import harness
import probe

QUICK = ("-c", 5, "-i", "2ms")


class Daemon(harness.Case):
    """Against our own."""

    def target(self, **listener):
        host, port = self.serve({"service": "info", "transport": "udp", **listener}).address("info", "udp")
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def test_what_the_server_saw_is_what_was_sent(self):
        document = probe.run_json("info", self.target(), *QUICK, "--dscp", "EF", "--ecn", "ect0", "-t", 53).document
        info, said, source = document["info"], document["info"]["said"], document["source"]
        self.assertEqual((info["answers"], info["addresses"], info["changed"]), (5, 1, []))
        self.assertEqual((said["client"], said["client_port"]), (source["address"], source["port"]))
        self.assertEqual((said["ttl"], said["dscp"], said["ecn"], said["length"]), (53, 46, "ect0", 900))
        self.assertIn("clock", said)  # the last member: there was room for all

    @unittest.skipUnless(clients.has_ipv6(), "this host has no IPv6")
    def test_ipv6_is_as_good(self):
        done = probe.run_json("info", self.target(address="::1"), *QUICK)
        self.assertEqual((done.code, done.document["info"]["said"]["client"]), (0, "::1"))

    def test_over_tcp_each_connection_has_an_answer(self):
        target = "%s:%d" % self.serve({"service": "info", "transport": "tcp"}).address("info", "tcp")
        done = probe.run_json("info", "-T", target, *QUICK, "--dscp", "EF")
        info = done.document["info"]
        self.assertEqual((done.code, done.packets["received"], info["answers"], info["changed"]), (0, 5, 5, []))
        self.assertEqual((info["said"]["transport"], info["said"]["client"]), ("tcp", "127.0.0.1"))
        self.assertIn("what 127.0.0.1 saw (5 connections):\n", probe.run("info", "-T", target, *QUICK).out)

    def test_a_proxy_header_says_for_whom_a_connection_is(self):
        d = self.serve(*({"service": s, "transport": "tcp", "proxy": "both", "proxy_from": ["127.0.0.1"]} for s in ("info", "echo")))
        for header, client in (("v1,192.0.2.1:1000,192.0.2.2:7", "192.0.2.1"),
                               ("v2,[2001:db8::1]:1000,[2001:db8::2]:7", "2001:db8::1")):
            said = probe.run_json("info", "-T", "%s:%d" % d.address("info", "tcp"), *QUICK, "--proxy", header).document["info"]["said"]
            self.assertEqual((said["client"], said["client_port"]), (client, 1000))
            done = probe.run_json("-T", "%s:%d" % d.address("echo", "tcp"), *QUICK, "--proxy", header)
            self.assertEqual((done.code, done.packets["received"], done.packets["corrupted"]), (0, 5, 0))

    def test_over_a_unix_socket_too(self):
        path = self.folder / "info.sock"
        self.serve({"service": "info", "transport": "unix", "path": path})
        done = probe.run_json("info", "--unix", path, *QUICK)
        self.assertEqual((done.code, done.document["info"]["answers"]), (0, 5))

    def test_a_small_question_has_a_small_answer(self):
        done = probe.run_json("info", self.target(), *QUICK, "-s", 64)
        self.assertEqual((done.code, done.document["info"]["changed"]), (0, []))
        self.assertNotIn("clock", done.document["info"]["said"])

    def test_the_text_is_for_people(self):
        out = probe.run("info", self.target(), *QUICK, "-t", 60).out
        self.assertRegex(out, r"what 127\.0\.0\.1 saw \(5 datagrams of 900 bytes\):\n  from      127\.0\.0\.1:\d+   as sent\n")
        self.assertIn("  TTL       60 of 60 (0 hops)\n", out)
        self.assertIn("  pieces    none  length 900\n", out)


class Teller(probe.Server):
    """It says something of its own."""

    def __init__(self, answers, treatment=None):
        self.answers = answers
        super().__init__(treatment)

    def answer(self, _data, peer, number):
        said = self.answers[number % len(self.answers)]
        self.socket.sendto(said if isinstance(said, bytes) else json.dumps(said).encode(), peer)


SAW = {"client": "203.0.113.9", "client_port": 61234, "ttl": 53, "dscp": 0, "ecn": "ect0", "length": 900}


class Changed(unittest.TestCase):
    def run_against(self, answers, *words, treatment=None):
        with Teller(answers, treatment) as t:
            return probe.run_json("info", t.address, *QUICK, "-W", 1, "--dscp", "EF", "--ecn", "ect0", *words)

    def test_what_differs_is_said_with_both_values(self):
        info = self.run_against([SAW]).document["info"]
        changed = {c["member"]: c for c in info["changed"]}
        self.assertEqual(len(changed), 2)
        self.assertEqual((info["answers"], info["addresses"]), (5, 1))
        self.assertIn((46, 0), [(c.get("sent"), c.get("seen")) for c in changed.values()])

    def test_ports_that_change_within_a_run_are_counted(self):
        info = self.run_against([SAW, {**SAW, "client_port": 61235}]).document["info"]
        self.assertEqual((info["answers"], info["addresses"]), (5, 2))

    def test_what_is_no_object_is_not_good_enough(self):
        for answer in (b"hello", b"[1]", b"{", b"{}\0", b"\xff"):
            done = self.run_against([answer])
            self.assertEqual((done.code, done.document.get("info")), (1, None), answer)
            self.assertEqual(done.document["notes"], ["5 answers are no JSON object"])

    def test_an_empty_object_says_nothing_and_is_right(self):
        done = self.run_against([b"{}"])
        self.assertEqual((done.code, done.document["info"]["said"], done.document["info"]["changed"]), (0, {}, []))

    def test_losses_are_in_the_text(self):
        with Teller([SAW], {1: "drop", 3: "drop"}) as t:
            out = probe.run("info", t.address, *QUICK, "-W", 1).out
        self.assertIn("\n  answered  3 of 5\n", out)


class Refusals(unittest.TestCase):
    def test_what_info_does_not_have_is_refused(self):
        for words, sentence in (((), "info has no port of its own: say -p, or HOST:PORT"),
                                (("-p", 7777, "--proxy", "v1,192.0.2.1:1,192.0.2.2:7"), "--proxy is for connections"),
                                (("-T", "-p", 7777, "--proxy", "v3,192.0.2.1:1,192.0.2.2:7"), "--proxy takes v1 or v2"),
                                (("-T", "-p", 7777, "--proxy", "v1,192.0.2.1:1"), "--proxy takes v1 or v2"),
                                (("-T", "-p", 7777, "--proxy", "v1,192.0.2.1:1,[::1]:7"), "--proxy takes v1 or v2"),
                                (("-p", 7777, "--flows", 2), "leave --flows out")):
            done = probe.run("info", "127.0.0.1", *words)
            self.assertEqual(done.code, 2)
            self.assertIn(sentence, done.err)


if __name__ == "__main__":
    harness.main()
