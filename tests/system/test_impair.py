#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""impair: faults on purpose are those that the seed says, each is counted, and what is held back is lost to nobody."""

import signal
import threading
import time

import clients
import control
import harness
import probe
import procs
import stamp
import test_metrics
from impairing import Model

SHARES = {"drop": 9, "duplicate": 10, "corrupt": 12, "truncate": 8, "reorder": 15}
DATAGRAMS = {"service": "echo", "transport": "udp", "udp_rate": "none"}
STREAM = {"service": "echo", "transport": "tcp"}
SEEDS = (0, 7, 8, 2**32, 2**63 - 1)
AT_ONCE = 100  # a client's receive buffer has room for their answers
LATE_S = 0.2
MINUTE = {"delay": "1m"}
REFUSED = 78
KEY = bytes(range(32))


def percents(shares):
    return {fault: f"{share}%" for fault, share in shares.items()}


class Case(control.Case):
    def impair(self, listener, **keys):
        """What is said of it."""
        said = self.ask("impair", listener=listener, **{k: f"{k}={v}" for k, v in keys.items()})[-1]
        self.assertIs(said["ok"], True, said)
        return said["message"]

    def counts(self, listener, but=()):
        """What was done, but for what never was."""
        counts = self.one("stats", "listener", listener=listener)["impaired"]
        return {fault: n for fault, n in counts.items() if n and fault not in but}

    def wait_count(self, listener, fault, n):
        self.wait_until(lambda: self.counts(listener).get(fault, 0) >= n, f"{n} x {fault}: {self.counts(listener)}")


class Datagrams(Case):
    def expect(self, client, model, payloads):
        """The answers are those of the model, in its order. The last payload is not hit: behind it nothing waits."""
        for payload in payloads:
            client.send(payload)
        wanted = model.echo(payloads)
        self.assertEqual([client.recv(65536) for _ in wanted], wanted)

    def test_a_client_that_knows_the_seed_knows_every_answer(self):
        d = self.serve({**DATAGRAMS, "impair": {"by": "content", **percents(SHARES)}})
        client = d.connect("echo", "udp")
        faults = {}
        for seed in SEEDS:
            self.impair("echo", seed=seed)
            model = Model(seed, "content", **SHARES)
            last = next(p for p in map(b"last %d".__mod__, range(1000)) if not any(model.hits(f, p) for f in SHARES))
            self.expect(client, model, [b"%d of seed %d" % (i, seed) for i in range(AT_ONCE)] + [b"", last])
            for fault, n in model.counts.items():
                faults[fault] = faults.get(fault, 0) + n
            self.assertEqual(self.counts("echo/udp"), faults)
        self.assertEqual(set(faults), set(SHARES))

    def test_by_order_the_same_happens_again_after_the_same_was_said(self):
        d = self.serve({**DATAGRAMS, "impair": {"seed": 3, **percents(SHARES)}})
        client = d.connect("echo", "udp")
        for _ in range(2):
            model = Model(3, **SHARES)
            n = next(n for n in range(AT_ONCE, 1000) if not any(model.hits(f, (n - 1).to_bytes(8, "little")) for f in SHARES))
            self.expect(client, model, [b"always the same"] * n)
            self.impair("echo/udp", seed=3)

    def test_every_answer_of_a_service_that_answers_itself_can_be_hit(self):
        d = self.serve({"service": "time", "transport": "udp", "impair": {"truncate": "100%", "duplicate": "100%"}})
        client = d.connect("time", "udp")
        client.send(b"")
        first = client.recv(100)
        self.assertLess(len(first), 4)
        self.assertEqual(client.recv(100), first)

    def test_echoprobe_foresees_what_is_counted(self):
        d = self.serve({**DATAGRAMS, "impair": {"by": "content"}})
        where = "%s:%d" % d.address("echo", "udp")
        seen = {"drop": "lost", "duplicate": "duplicated", "corrupt": "corrupted", "truncate": "truncated", "reorder": "reordered"}
        for seed, (fault, figure) in enumerate(seen.items()):
            self.impair("echo", seed=seed, **{f: "11%" if f == fault else 0 for f in seen})
            before = self.counts("echo/udp").get(fault, 0)
            done = probe.run_json(where, "-c", 200, "-i", "2ms", "-s", 100, "-W", "4s" if fault == "drop" else "20s",
                                  "--expect-impair", f"{seed},{fault}=11%")
            counted = self.counts("echo/udp")[fault] - before
            self.assertGreater(counted, 5)
            # An answer that was cut within its number is nobody's for the client.
            self.assertEqual(done.packets[figure] + done.packets["unrelated"], counted, done.packets)
            self.assertEqual(done.document["total"]["expected"][figure], done.packets[figure])

    def test_what_is_held_back_is_sent_when_the_settings_are_read_again(self):
        d = self.serve({**DATAGRAMS, "impair": MINUTE})
        client = self.hold(d, 100)
        d.reload()
        self.expect_held(client, 100)
        self.assertEqual(self.one("stats", "listener")["datagrams_answered"], 100)

    def test_what_is_held_back_is_sent_at_an_upgrade(self):
        d = self.serve({**DATAGRAMS, "impair": MINUTE})
        client = self.hold(d, 100)
        d.send_signal(signal.SIGUSR2)
        self.expect_held(client, 100)
        d.wait_log("^notice upgraded")

    def test_what_is_held_back_is_sent_at_the_stop(self):
        d = self.serve({**DATAGRAMS, "impair": {"reorder": "100%", **MINUTE}})
        client = self.hold(d, 99, 100)
        d.send_signal(signal.SIGTERM)
        self.expect_held(client, 100)
        d.wait_exit()

    def hold(self, d, n, asked=None):
        """Asks so often that so many are on their way."""
        client = d.connect("echo", "udp")
        for i in range(asked or n):
            client.send(b"%d" % i)
        self.wait_count("echo/udp", "delay", n)
        return client

    def expect_held(self, client, n):
        self.assertEqual([client.recv(100) for _ in range(n)], [b"%d" % i for i in range(n)])

    def test_a_flood_of_what_is_held_back_costs_bounded_memory(self):
        d = self.serve({**DATAGRAMS, "impair": MINUTE})
        client = d.connect("echo", "udp")
        self.assertTrue(self.hold(d, 1))
        before = procs.pss_bytes(d.workers(), "Private_Dirty")
        for _ in range(40):  # answers of 10 MB
            before_them = self.came()
            for _ in range(256):
                client.send(bytes(1000))
            self.wait_until(lambda: self.came() >= before_them + 256, "they came")
        counts = self.counts("echo/udp")
        self.assertEqual(counts["delay"] + counts["overflow"], self.one("stats", "listener")["datagrams_received"])
        self.assertGreater(counts["overflow"], 5000)
        self.assertLess(procs.pss_bytes(d.workers(), "Private_Dirty") - before, 8 << 20)

    def came(self):
        stats = self.one("stats", "listener")
        return stats["datagrams_received"] + stats["kernel_drops"]

    def test_answers_leave_at_the_rate(self):
        d = self.serve({**DATAGRAMS, "impair": {"rate": "100k/s"}})
        client = d.connect("echo", "udp")
        began = time.monotonic()
        for _ in range(30):
            client.send(bytes(1024))
        for _ in range(30):
            client.recv(2000)
        self.assertGreaterEqual(time.monotonic() - began, 0.28)
        self.assertGreater(self.counts("echo/udp")["rate"], 0)

    def test_a_hostname_that_was_looked_up_is_hit_too(self):
        d = self.serve({"service": "hostname", "transport": "udp", "allow": ["127.0.0.0/8"], "amplification": 100,
                        "impair": {"duplicate": "100%"}})
        client = d.connect("hostname", "udp")
        client.send(b"HNAME localhost\r\n")
        self.assertEqual(client.recv(1000), client.recv(1000))
        self.assertEqual(self.counts("hostname/udp"), {"duplicate": 1})


STAMP = {"service": "stamp", "transport": "udp", "allow": ["127.0.0.0/8"]}


class Reflector(Case):
    """A reflector's last word on a packet, its time stamp and its HMAC, comes before what is done to it on its way."""

    def test_the_time_of_sending_is_that_before_the_delay(self):
        d = self.serve({**STAMP, "impair": {"delay": f"{LATE_S}s"}})
        r = stamp.reflection(clients.ask(d.connect("stamp", "udp"), stamp.request(1)))
        self.assertLessEqual(r.t2, r.t3)
        self.assertGreaterEqual(time.time_ns() - stamp.ns_of(r.t3), LATE_S / 2 * 1e9)  # the delay is between

    @harness.unittest.skipUnless(harness.built_with("sodium"), "built without libsodium")
    def test_a_packet_that_was_spoilt_is_not_authentic(self):
        key = self.folder.write("stamp.key", KEY.hex() + "\n", 0o600)
        d = self.serve({**STAMP, "key_file": key, "impair": {"delay": "1ms"}})
        client = d.connect("stamp", "udp")
        self.assertIsNotNone(stamp.signed_reflection(KEY, clients.ask(client, stamp.signed_request(KEY, 0))))
        self.impair("stamp", corrupt="100%")
        for seq in range(1, 10):
            spoilt = clients.ask(client, stamp.signed_request(KEY, seq))
            self.assertIsNone(stamp.signed_reflection(KEY, spoilt))
        self.impair("stamp", truncate="100%")
        self.assertTrue(all(len(clients.ask(client, stamp.signed_request(KEY, seq))) < 112 for seq in range(10, 20)))


class Said(Case):
    def test_what_is_said_holds_at_once_over_a_reload_and_until_it_is_taken_back(self):
        d = self.serve({**DATAGRAMS, "impair": {"duplicate": "100%"}}, STREAM | {"name": "other"})
        client = d.connect("echo", "udp")
        status = self.one("status", "listener", listener="echo/udp")
        self.assertEqual((status["impair"], status["impair_by"]), ("duplicate=100%", "settings"))
        self.assertNotIn("impair", self.one("status", "listener", listener="other/tcp"))
        said = self.ctl("impair", "echo/udp", "truncate=100%", "duplicate=0", "delay=1ms")
        self.assertEqual((said.returncode, said.stdout), (0, "impaired: echo/udp: truncate=100% delay=1ms\n"))
        for _ in range(2):
            client.send(b"whole")
            self.assertLess(len(client.recv(100)), 5)
            status = self.one("status", "listener", listener="echo/udp")
            self.assertEqual((status["impair"], status["impair_by"]), ("truncate=100% delay=1ms", "command"))
            d.reload()
        self.assertEqual(self.ctl("impair", "echo").stdout, "impaired: echo/udp: duplicate=100%\n")
        client.send(b"whole")
        self.assertEqual([client.recv(100) for _ in range(2)], [b"whole"] * 2)
        self.assertRegex(self.ctl("status").stdout, "echo/udp +duplicate=100% +settings")
        self.assertRegex(self.ctl("stats").stdout, "echo/udp +truncate +2")
        d.wait_log("^notice control: impair echo/udp truncate=100% duplicate=0 delay=1ms, asked for by")

    def test_a_listener_that_impairs_nothing_can_be_told_to(self):
        d = self.serve(DATAGRAMS)
        client = d.connect("echo", "udp")
        self.assertEqual(clients.ask(client, b"x"), b"x")
        self.impair("echo/udp", drop="100%")
        client.send(b"lost")
        self.wait_count("echo/udp", "drop", 1)
        self.impair("echo/udp", drop=0)
        self.assertEqual(clients.ask(client, b"y"), b"y")
        self.assertEqual(self.counts("echo/udp"), {"drop": 1})

    def test_what_cannot_be_is_refused_and_changes_nothing(self):
        self.serve({**DATAGRAMS, "transport": ["tcp", "udp"]}, {"service": "discard", "transport": "tcp", "address": "*"})
        for listener, key, why in [("echo", "drop=5%", "echo/tcp has no datagrams"), ("echo/udp", "close_after=5", "has no sessions"),
                                   ("echo/udp", "drop=5", "out of range"), ("echo/udp", "port=7", "impair has no \"port\""),
                                   ("echo/udp", "drop", "is not KEY=VALUE"), ("nobody", "drop=1", "there is no listener nobody"),
                                   ("discard", "delay=1", "others reach discard/tcp")]:
            with self.subTest(listener=listener, key=key):
                self.assertIn(why, self.refused("impair", listener=listener, key=key))
        self.assertFalse([x for x in self.done("status") if "impair" in x])

    def test_a_listener_to_which_a_public_tcpmux_leads_is_refused_as_the_public_one_itself(self):
        mux = {"service": "tcpmux", "address": "*"}
        d = self.serve(STREAM, mux)
        self.assertIn("others reach echo/tcp", self.refused("impair", listener="echo", key="delay=1"))
        for listed in ({"allow": ["127.0.0.1"]}, {"acknowledge_public": True}, {"services": ["none"]}, {"address": "127.0.0.1"}):
            with self.subTest(listed=listed):
                d.write(self.config_of(STREAM, {**mux, **listed}, {**STREAM, "service": "discard", "name": "none"}))
                self.assertIn("reloaded", "\n".join(d.reload()))
                self.impair("echo", delay=1)

    def test_it_takes_an_acknowledgement_where_others_reach_the_listener(self):
        config = self.config_of({"service": "discard", "transport": "tcp", "address": "*", "impair": {"delay": 1}})
        done = self.run_once("-t", config=config)
        self.assertEqual(done.returncode, REFUSED)
        self.assertRegex(done.stderr, r"once.conf:\d+: listeners.\[0\].allow: is missing: with `impair`")
        config["listeners"][0]["acknowledge_public"] = True
        done = self.run_once("-t", config=config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("impairs on purpose: delay=1s", done.stdout)


@harness.every_model
class Streams(Case):
    def test_every_byte_comes_back_late(self):
        d = self.serve({**STREAM, "impair": {"delay": f"{LATE_S}s"}})
        s = d.connect("echo")
        began = time.monotonic()
        self.assertEqual(clients.echo(s, b"late"), b"late")
        self.assertGreaterEqual(time.monotonic() - began, LATE_S - 0.01)
        self.assertGreater(self.counts("echo/tcp")["delay"], 0)

    def test_a_stream_is_whole_to_its_end_with_delay_jitter_and_rate(self):
        d = self.serve({**STREAM, "impair": {"delay": "2ms", "jitter": "5ms", "rate": "4M/s"}})
        s = d.connect("echo")
        data = clients.pattern(1 << 20)
        sender = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(clients.socket.SHUT_WR)))
        began = time.monotonic()
        sender.start()
        self.assertEqual(clients.recv_all(s), data)
        self.assertGreaterEqual(time.monotonic() - began, 0.2)
        sender.join()
        self.assertEqual(set(self.counts("echo/tcp")), {"delay", "rate"})

    def test_a_session_ends_after_so_many_bytes(self):
        d = self.serve({**STREAM, "impair": {"close_after": 1000}})
        s = d.connect("echo")
        s.sendall(bytes(400))
        self.assertEqual(clients.recv_exactly(s, 400), bytes(400))
        s.sendall(bytes(700))
        self.assertEqual(clients.recv_all(s), bytes(600))
        d.wait_log("session listener=echo .*out=1000 end=impaired")
        self.wait_until(lambda: self.counts("echo/tcp") == {"close_after": 1}, "it is counted")

    def test_a_service_that_speaks_first_does_so_late(self):
        d = self.serve({"service": "daytime", "transport": "tcp", "impair": {"delay": f"{LATE_S}s"}})
        began = time.monotonic()
        s = d.connect("daytime")
        self.assertTrue(clients.recv_all(s).endswith(b"\r\n"))
        self.assertGreaterEqual(time.monotonic() - began, LATE_S - 0.01)

    def test_what_is_held_back_of_a_session_comes_when_the_daemon_reloads_and_stops(self):
        d = self.serve({**STREAM, "impair": {"delay": "1s"}})
        s, other = d.connect("echo"), d.connect("echo")
        s.sendall(b"over a reload")
        self.wait_count("echo/tcp", "delay", 1)
        d.reload()
        self.assertEqual(clients.recv_exactly(s, 13), b"over a reload")
        other.sendall(b"over the stop")
        self.wait_count("echo/tcp", "delay", 2)
        d.send_signal(signal.SIGTERM)
        self.assertEqual(clients.recv_exactly(other, 13), b"over the stop")
        other.close()
        s.close()
        d.wait_exit()

    def test_a_session_goes_on_as_its_listener_was_when_it_began(self):
        d = self.serve(STREAM)
        before = d.connect("echo")
        self.assertTrue(clients.serves(before))
        self.impair("echo", close_after=3)
        self.assertEqual(clients.echo(before, b"as before"), b"as before")
        after = d.connect("echo")
        after.sendall(b"1234567")
        self.assertEqual(clients.recv_all(after), b"123")
        self.impair("echo")
        self.assertEqual(clients.echo(d.connect("echo"), b"as before"), b"as before")

    def test_clients_that_go_away_leave_nothing_behind(self):
        d = self.serve({**STREAM, "impair": {"delay": f"{LATE_S}s"}})
        for _ in range(5):
            s = d.connect("echo")
            s.sendall(b"nobody waits for this")
            clients.reset(s)
        self.wait_until(lambda: self.one("stats", "listener")["sessions"] == 5 and self.one("stats", "listener")["active"] == 0,
                        "the sessions are over")
        self.assertEqual(self.one("stats", "daemon")["buffer_bytes"], 0)


@harness.needs_metrics
class Metrics(Case):
    def test_each_fault_is_counted_for_listeners_that_impair(self):
        d = self.serve({**DATAGRAMS, "impair": {"duplicate": "100%"}}, STREAM, metrics=test_metrics.ON)
        client = d.connect("echo", "udp")
        client.send(b"twice")
        self.assertEqual([client.recv(100) for _ in range(2)], [b"twice"] * 2)
        found = {labels: n for (name, labels), n in test_metrics.metrics(d).items() if name == "impaired_total"}
        self.assertEqual(found[test_metrics.labels(listener="echo/udp", fault="duplicate")], 1)
        self.assertEqual(found[test_metrics.labels(listener="echo/udp", fault="overflow")], 0)
        self.assertFalse([labels for labels in found if 'listener="echo/tcp"' in labels])


if __name__ == "__main__":
    harness.main()
