# SPDX-License-Identifier: MIT
"""echoprobe audit: our daemon keeps to all the rules, in every model."""

import hashlib
import hmac
import signal
import unittest

import harness
import oracles
import probe
from config import is_root
from test_probe_stamp import KEY, Keys, Signer

SERVICES = ("echo", "discard", "daytime", "time", "chargen", "qotd", "hostname", "tcpmux", "info", "stamp")
BOTH = ("echo", "discard", "daytime", "time", "chargen", "qotd", "info")


def rules(done, verdict):
    return {rule["id"]: rule for rule in done.document["audit"]["rules"] if rule["verdict"] == verdict}


def untested(done):
    """But for what root alone may send."""
    found = rules(done, "not testable")
    if is_root():
        return found
    return {name: rule for name, rule in found.items() if rule["reason"] != "root alone may send from port 0"}


def ports(d, services):
    """Where they are, as -p of the audit says it."""
    pairs = [(name, "udp") for name in services if name not in ("hostname", "tcpmux")]
    pairs += [(name, "tcp") for name in services if name != "stamp"]
    return ",".join(f"{name}/{transport}={d.address(name, transport)[1]}" for name, transport in pairs)


class Ours(harness.Case):
    def audit(self, *words):
        quotes = self.folder.write("quotes", "Less is more.\n%\nSimple things are simple.\n")
        more = {"qotd": {"file": quotes}, "stamp": {"transport": "udp", "allow": ["127.0.0.1"]}}
        d = self.serve(*[{"service": name, "transport": ["udp", "tcp"] if name in BOTH else "tcp", **more.get(name, {})}
                         for name in SERVICES])
        done = probe.run_json("audit", "127.0.0.1", "-p", ports(d, SERVICES), "-i", "20ms", *words)
        self.assertEqual((rules(done, "broken"), untested(done)), ({}, {}))
        self.assertEqual(done.code, 0)
        return done


@harness.every_model
class Connections(Ours):
    def test_it_keeps_to_every_rule_of_connections(self):
        done = self.audit("-T", "-W", 10)
        self.assertEqual({rule["service"] for rule in rules(done, "kept").values()}, set(SERVICES) - {"stamp"})


class Datagrams(Ours):
    def test_it_keeps_to_every_rule_of_datagrams(self):
        done = self.audit("-u", "-W", 1)
        self.assertEqual({rule["service"] for rule in rules(done, "kept").values()}, set(SERVICES) - {"hostname", "tcpmux"})


class Careful(Signer):
    """One that answers nothing by another key, and then is wrong in a way of its own."""

    def __init__(self, key, signs_by=None, adds=0, more=b""):
        self.knows, self.adds, self.more = key, adds, more
        super().__init__(signs_by or key)

    def answer(self, data, peer, _number):
        if hmac.new(self.knows, data[:96], hashlib.sha256).digest()[:16] != data[96:112]:
            return
        changed = data[:3] + bytes([data[3] ^ self.adds]) + data[4:]
        self.socket.sendto(self.reflect(changed) + self.more, peer)


@unittest.skipUnless(harness.built_with("sodium"), "built without libsodium")
class Authenticated(Keys):
    def test_it_keeps_to_every_rule_of_authenticated_packets(self):
        done = self.audit(self.serve_key(KEY))
        self.assertEqual((done.code, rules(done, "broken"), rules(done, "not testable")), (0, {}, {}))
        self.assertEqual(len(rules(done, "kept")), 6)

    def test_the_one_rule_that_a_reflector_breaks_is_reported(self):
        for reflector, rule in ((Signer(KEY), "forged"), (Careful(KEY, signs_by=bytes(32)), "hmac"),
                                (Careful(KEY, adds=1), "sender"), (Careful(KEY, more=b"more"), "length")):
            with reflector as r:
                done = self.audit(r.address)
            self.assertEqual((done.code, list(rules(done, "broken"))), (1, [f"stamp-auth-udp-{rule}"]))

    def audit(self, target):
        key = self.write("key", KEY.hex() + "\n")
        return probe.run_json("audit", "127.0.0.1", "-p", f"stamp-auth={target.rpartition(':')[2]}", "-i", "20ms", "--auth", key)

    def test_without_the_key_they_are_not_testable_and_say_so(self):
        done = probe.run("audit", "127.0.0.1", "-p", "stamp-auth=862")
        self.assertEqual(done.code, 3)
        self.assertIn("stamp-auth/udp, port 862: not testable: --auth names no key (6 rules)\n", done.out)

    def test_no_other_option_of_stamp_is_for_audits(self):
        for words in (("--ptp",), ("--ssid", 1), ("--tlv", "cos")):
            self.assertIn("is stamp's", probe.run("audit", "127.0.0.1", "--auth", "/dev/null", *words).err)


class Report(harness.Case):
    """With a daemon that has time alone."""

    def audit(self, *words):
        d = self.serve({"service": "time", "transport": ["udp", "tcp"]})
        places = f"time/udp={d.address('time', 'udp')[1]},time/tcp={d.address('time')[1]}"
        return probe.run("audit", "127.0.0.1", "-p", places, "-i", "20ms", "-W", "1", *words)

    def test_the_document_is_as_the_schema_says(self):
        done = self.audit("-J")
        self.assertEqual(oracles.schema_faults([done.document]), [])
        found = done.document["audit"]
        self.assertEqual((found["kept"], found["broken"], found["not_testable"]), (len(found["rules"]), 0, 0))

    def test_a_document_with_what_is_broken_and_absent_is_as_well(self):
        with probe.StreamServer(lambda c: c.sendall(b"12345")) as s:
            port = s.address.rpartition(":")[2]
            done = probe.run_json("audit", "127.0.0.1", "127.0.0.1", "-T", "-p", f"time={port},echo=1", "-W", 1, "-i", "20ms")
        self.assertEqual(oracles.schema_faults([done.document]), [])
        self.assertEqual((done.code, len(done.document)), (1, 2))
        by_id = {rule["id"]: rule for rule in done.document[0]["audit"]["rules"]}
        self.assertEqual(by_id["time-tcp-length"]["bytes"], {"offset": 0, "hex": "3132333435"})
        self.assertEqual(by_id["echo-tcp-same"]["reason"], "Connection refused")

    def test_the_text_says_rule_by_rule_with_the_document_that_says_so(self):
        done = self.audit()
        self.assertRegex(done.out, r"\Aaudit of 127\.0\.0\.1\n\ntime/udp, port \d+\n")
        self.assertRegex(done.out, r"\n  kept          time-udp-length +the answer is 4 octets  \[RFC 868, UDP\]\n")
        self.assertRegex(done.out, r"\n\n\d+ kept, 0 broken, 0 not testable\n\Z")

    def test_the_summary_has_what_is_broken_alone(self):
        with probe.StreamServer(lambda c: c.sendall(b"12345")) as s:
            done = probe.run("audit", "127.0.0.1", "-T", "-q", "-p", f"time={s.address.rpartition(':')[2]}", "-W", 1, "-i", "20ms")
        self.assertEqual(done.code, 1)
        self.assertIn("\n  broken        time-tcp-length       the answer is 4 octets  [RFC 868, TCP]\n"
                      "                it has 5 octets\n                from octet 0: 31 32 33 34 35\n", done.out)
        self.assertNotIn("  kept ", done.out)

    def test_a_service_that_is_not_there_is_one_line(self):
        done = probe.run("audit", "127.0.0.1", "-T", "-p", "qotd=1", "-i", "20ms")
        self.assertEqual(done.code, 3)
        self.assertIn("\nqotd/tcp, port 1: not testable: Connection refused (4 rules)\n", done.out)

    def test_an_interrupt_ends_it_with_what_is_known(self):
        d = self.serve({"service": "time"})
        p = probe.start("audit", "127.0.0.1", "-T", "-p", f"time={d.address('time')[1]}", "-i", "100s")
        d.wait_log("session listener=time .*")
        p.send_signal(signal.SIGINT)
        done = probe.wait(p)
        self.assertRegex(done.out, r"interrupted( \(\d rules\))?\n")
        self.assertRegex(done.out, r"\n\d kept, 0 broken, \d not testable\n\Z")

    def test_what_it_does_not_have_is_refused(self):
        for words, sentence in ((("127.0.0.1:7",), "say -p SERVICE=7"), (("127.0.0.1", "-p", "7"), "-p of audit takes"),
                                (("127.0.0.1", "-p", "ecco=7"), "-p of audit takes"), (("127.0.0.1", "--flows", 2), "leave --flows out"),
                                (("127.0.0.1", "--format", "csv"), "audit has --format text and json"),
                                (("192.0.2.1", "--rate", 500), "--i-own-this-host")):
            done = probe.run("audit", *words)
            self.assertEqual(done.code, 2, words)
            self.assertIn(sentence, done.err)


if __name__ == "__main__":
    harness.main()
