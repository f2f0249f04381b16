# SPDX-License-Identifier: MIT
"""echoprobe stamp: each fault counted once and in its direction, against our daemon and reflectors whose faults are known."""

import hashlib
import hmac
import os
import pwd
import struct
import time
import unittest

import clients
import harness
import probe
import stamp
from config import is_root, service_user

STAMP = {"service": "stamp", "allow": ["127.0.0.0/8", "::1"]}
QUICK = ("-i", "2ms")
KEY = bytes(range(32))
AHEAD_NS = 3600 * 10**9


class Reflector(probe.Server):
    """A Session-Reflector whose clock is an hour ahead; a packet's `treatment` is by its number."""

    def __init__(self, treatment=None, stateful=True, **reflection):
        self.sent, self.stateful, self.reflection = 0, stateful, {"error": 0x0001, "ssid": None, "ttl": 250, **reflection}
        self.kept, self.ssids = [], set()
        super().__init__(treatment)

    def run(self):
        while True:
            data, peer = self.socket.recvfrom(65536)
            if data == b"stop":
                return
            number = struct.unpack_from("!I", data)[0]
            self.ssids.add(struct.unpack_from("!H", data, 14)[0])
            getattr(self, self.treatment.get(number, "answer"))(data, peer, number)

    def reflect(self, data):
        seq, t1, error, ssid = struct.unpack_from("!IQHH", data)
        number = self.sent if self.stateful else seq
        self.sent += 1
        now, r = stamp.ntp(time.time_ns() + AHEAD_NS), self.reflection
        ssid = ssid if r["ssid"] is None else r["ssid"]
        return struct.pack("!IQHHQIQHxxBxxx", number, now, r["error"], ssid, now, seq, t1, error, r["ttl"]) + data[44:]

    def answer(self, data, peer, _number):
        self.socket.sendto(self.reflect(data), peer)
        for kept in self.kept:
            self.socket.sendto(kept, peer)
        self.kept = []

    def lost_forward(self, _data, _peer, _number):
        pass

    def lost_backward(self, data, _peer, _number):
        self.reflect(data)

    def double_forward(self, data, peer, _number):
        """The request came twice."""
        for _ in range(2):
            self.socket.sendto(self.reflect(data), peer)

    def double_backward(self, data, peer, _number):
        answer = self.reflect(data)
        for _ in range(2):
            self.socket.sendto(answer, peer)

    def overtaken_backward(self, data, _peer, _number):
        """Its answer arrives behind the next one."""
        self.kept.append(self.reflect(data))

    def overtaken_forward(self, data, _peer, _number):
        """It came behind the next one."""
        self.late = data
        self.treatment[_number + 1] = "overtaker"

    def overtaker(self, data, peer, _number):
        for request in (data, self.late):
            self.socket.sendto(self.reflect(request), peer)

    def corrupt(self, data, peer, _number):
        self.socket.sendto(self.reflect(data[:-1] + bytes([data[-1] ^ 1])), peer)

    def truncate(self, data, peer, _number):
        self.socket.sendto(self.reflect(data)[:-4], peer)

    def forge(self, data, peer, _number):
        """What somebody sends who guesses the number, but has not seen the packet."""
        answer = self.reflect(data)
        self.sent -= 1
        self.socket.sendto(answer[:28] + struct.pack("!Q", struct.unpack_from("!Q", data, 4)[0] ^ 1) + answer[36:], peer)
        self.answer(data, peer, _number)


class Drifting(Reflector):
    """Its clock begins an hour ahead and runs so many parts in a million too fast."""

    def __init__(self, ppm):
        self.ppm, self.began_ns = ppm, time.time_ns()
        super().__init__()

    def ahead_ns(self, at_ns):
        return AHEAD_NS + (at_ns - self.began_ns) * self.ppm / 1e6

    def reflect(self, data):
        seq, t1, error, ssid = struct.unpack_from("!IQHH", data)
        number, real = self.sent, time.time_ns()
        self.sent += 1
        now = stamp.ntp(real + int(self.ahead_ns(real)))
        return struct.pack("!IQHHQIQHxxBxxx", number, now, 1, ssid, now, seq, t1, error, 250) + data[44:]


class Counter(Reflector):
    """A stateless one that counts what came and what left, for the Direct Measurement TLV."""

    def __init__(self, treatment):
        self.came = self.left = 0
        super().__init__(treatment, stateful=False)

    def reflect(self, data):
        self.came, self.left = self.came + 1, self.left + 1
        answer = super().reflect(data)
        return answer[:44] + struct.pack("!BBHIII", 0, 5, 12, struct.unpack_from("!I", data, 48)[0], self.came, self.left) + data[60:]


class Signer(Reflector):
    """One in authenticated mode."""

    def __init__(self, key):
        self.key = key
        super().__init__()

    def reflect(self, data):
        seq, t1, error, ssid = struct.unpack_from("!I12xQHH", data)
        now = stamp.ntp(time.time_ns())
        head = struct.pack("!I12xQHH4xQ8xI12xQH6xB15x", seq, now, 1, ssid, now, seq, t1, error, 250)
        return head + hmac.new(self.key, head, hashlib.sha256).digest()[:16] + data[112:]


def counts(direction):
    return direction["lost"], direction["duplicated"], direction["reordered"]


class Directions(unittest.TestCase):
    def run_against(self, treatment=None, *words, **reflector):
        with Reflector(treatment, **reflector) as r:
            done = probe.run_json("stamp", r.address, "-c", 60, *QUICK, "-W", 1, *words)
            self.ssids = r.ssids
            return done

    def check(self, treatment, forward, backward, unknown=0):
        done = self.run_against(treatment)
        d = done.document["directions"]
        self.assertEqual((counts(d["forward"]), counts(d["backward"]), d["unknown"]["lost"]), (forward, backward, unknown))
        self.assertEqual(done.packets["lost"], forward[0] + backward[0] + unknown)
        self.assertEqual(done.document["stamp"]["reflector"], "stateful")
        return done

    def test_losses_are_told_by_their_direction(self):
        self.check({5: "lost_forward", 6: "lost_forward", 20: "lost_backward", 30: "lost_forward", 40: "lost_backward",
                    41: "lost_backward", 42: "lost_backward"}, (3, 0, 0), (4, 0, 0))

    def test_losses_behind_the_last_answer_are_in_no_direction(self):
        self.check({5: "lost_forward", 58: "lost_forward", 59: "lost_backward"}, (1, 0, 0), (0, 0, 0), unknown=2)

    def test_copies_are_told_by_their_direction(self):
        done = self.check({5: "double_forward", 6: "double_backward", 30: "double_forward"}, (0, 2, 0), (0, 1, 0))
        self.assertEqual(done.packets["duplicated"], 3)

    def test_reordering_is_told_by_its_direction(self):
        done = self.check({5: "lost_forward", 10: "overtaken_forward", 20: "overtaken_backward", 30: "overtaken_backward"},
                          (1, 0, 1), (0, 0, 2))
        self.assertEqual(done.packets["reordered"], 3)

    def test_packets_of_the_warm_up_are_in_no_count(self):
        done = self.run_against({1: "lost_forward", 2: "lost_backward", 3: "double_forward", 15: "lost_forward"}, "--warmup", 10)
        d = done.document["directions"]
        self.assertEqual((done.packets["sent"], counts(d["forward"]), counts(d["backward"])), (60, (1, 0, 0), (0, 0, 0)))

    def test_a_stateless_reflector_tells_no_direction(self):
        done = self.run_against({5: "lost_forward", 6: "lost_backward"}, stateful=False)
        d = done.document["directions"]
        self.assertEqual((counts(d["forward"]), counts(d["backward"]), d["unknown"]["lost"]), ((None,) * 3, (None,) * 3, 2))
        self.assertEqual(done.document["stamp"]["reflector"], "stateless")

    def test_a_clock_that_drifts_is_within_the_bound_at_some_time_of_the_run(self):
        with Drifting(500) as r:
            before = time.time_ns()
            clock = probe.run_json("stamp", r.address, "-c", 60, *QUICK).document["stamp"]["clock"]
            after = time.time_ns()
        self.assertGreaterEqual(clock["offset_ns"] + clock["bound_ns"], r.ahead_ns(before))
        self.assertLessEqual(clock["offset_ns"] - clock["bound_ns"], r.ahead_ns(after))

    def test_counters_tell_the_direction_of_losses_where_numbers_do_not(self):
        with Counter({5: "lost_forward", 6: "lost_forward", 20: "lost_backward"}) as r:
            done = probe.run_json("stamp", r.address, "-c", 60, *QUICK, "-W", 1, "--tlv", "direct")
        d = done.document["directions"]
        self.assertEqual(done.document["stamp"]["reflector"], "stateless")
        self.assertEqual((d["forward"]["lost"], d["backward"]["lost"], d["unknown"]["lost"], done.packets["lost"]), (2, 1, 0, 3))

    def test_what_the_reflector_does_not_know_is_noted(self):
        with Reflector() as r:
            done = probe.run_json("stamp", r.address, "-c", 3, *QUICK, "--tlv", "cos,direct")
        self.assertEqual(done.code, 0)
        self.assertIn("the reflector does not know these TLVs: cos, direct", done.document["notes"])

    def test_a_clock_that_is_an_hour_ahead_is_within_the_bound(self):
        clock = self.run_against().document["stamp"]["clock"]
        self.assertLessEqual(abs(clock["offset_ns"] - AHEAD_NS), clock["bound_ns"])
        self.assertLess(clock["bound_ns"], 10**9)
        self.assertEqual((clock["by"], clock["steps"], clock["there"]["synchronised"]), ("causality", 0, False))

    def test_the_bounds_of_both_ways_hold_the_round_trip(self):
        done = self.run_against()
        d, least = done.document["directions"], done.document["total"]["rtt_ns"]["min"]
        for way in d["forward"], d["backward"]:
            self.assertLessEqual(way["delay_ns"]["min"] - way["bound_ns"], least)
            self.assertGreaterEqual(way["pdv_ns"]["p50"], way["pdv_ns"]["min"])

    def test_what_was_altered_is_no_loss(self):
        done = self.run_against({5: "corrupt", 6: "truncate"})
        p = done.packets
        self.assertEqual((done.code, p["received"], p["lost"], p["corrupted"], p["truncated"]), (1, 60, 0, 1, 1))

    def test_an_answer_with_another_time_stamp_is_nobodys(self):
        p = self.run_against({5: "forge"}).packets
        self.assertEqual((p["received"], p["unrelated"], p["duplicated"]), (60, 1, 0))

    def test_an_answer_of_another_session_is_nobodys(self):
        done = self.run_against(None, "--ssid", 4660, ssid=4661)
        self.assertEqual((done.code, done.packets["received"], done.packets["unrelated"]), (3, 0, 60))
        self.assertEqual(self.ssids, {4660})

    def test_a_reflector_that_does_not_know_ssids_is_noted(self):
        done = self.run_against(None, "--ssid", 4660, ssid=0)
        self.assertEqual((done.code, done.packets["received"], done.document["stamp"]["ssid"]), (0, 60, 4660))
        self.assertIn("60 answers did not bring the SSID back", done.document["notes"])

    def test_an_estimate_without_a_multiplier_is_none(self):
        done = self.run_against(None, error=0x8000)
        self.assertEqual((done.code, done.document["stamp"]["clock"]["there"]["error_ns"]), (0, None))
        self.assertIn("60 answers do not say how wrong their clock may be (Multiplier 0)", done.document["notes"])

    def test_hops_are_those_that_the_reflector_saw(self):
        d = self.run_against(ttl=250).document["directions"]
        self.assertEqual((d["forward"]["hops"], d["backward"]["hops"]), (5, None))  # it answers with a TTL of 64

    def test_the_text_says_where_what_was_lost(self):
        with Reflector({5: "lost_forward", 6: "lost_backward", 7: "lost_backward", 8: "corrupt"}) as r:
            out = probe.run("stamp", r.address, "-c", 20, *QUICK, "-W", 1).out
        self.assertIn("unauthenticated, the reflector is stateful\n", out)
        self.assertRegex(out, r"\n  forward +1 +0 +0 ")
        self.assertRegex(out, r"\n  backward +2 +0 +0 ")
        self.assertIn("\n  late 0, corrupted 1,", out)


class Daemon(harness.Case):
    """Against our own."""

    def target(self, **listener):
        host, port = self.serve({**STAMP, **listener}).address("stamp", "udp")
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def test_every_size_comes_back_unaltered(self):
        target = self.target()
        for size in (44, 48, 49, 64, 1472):
            done = probe.run_json("stamp", target, "-c", 20, *QUICK, "-s", size, "--ssid", 7)
            self.assertEqual((done.code, done.packets["received"], done.document["notes"]), (0, 20, []), size)
            self.assertEqual(done.document["stamp"]["ssid"], 7)

    @unittest.skipUnless(clients.has_ipv6(), "this host has no IPv6")
    def test_ipv6_is_as_good(self):
        done = probe.run_json("stamp", self.target(address="::1"), "-c", 20, *QUICK)
        self.assertEqual((done.code, done.packets["received"]), (0, 20))

    def test_this_hosts_own_clock_is_within_the_bound(self):
        document = probe.run_json("stamp", self.target(), "-c", 50, *QUICK).document
        clock = document["stamp"]["clock"]
        self.assertLessEqual(abs(clock["offset_ns"]), clock["bound_ns"])

    def test_tlvs_tell_what_the_reflector_saw(self):
        done = probe.run_json("stamp", self.target(), "-c", 10, *QUICK, "--dscp", "EF", "--ecn", "ect0", "--tlv",
                              "cos=AF41,location,timestamp,direct,followup,padding=100")
        forward, notes = done.document["directions"]["forward"], "\n".join(done.document["notes"])
        self.assertEqual((done.code, done.document["run"]["size_bytes"]), (0, 44 + 48 + 8 + 8 + 16 + 20 + 4 + 100))
        self.assertEqual((forward["dscp"]["seen"], forward["ecn"]["seen"]), ([46], ["ect0"]))
        source = done.document["source"]
        self.assertIn(f"sees packets from {source['address']}:{source['port']}, as they were sent", notes)
        self.assertIn("it stamps what comes by", notes)

    def test_ptp_stamps_may_be_asked_for(self):
        done = probe.run_json("stamp", self.target(), "-c", 10, *QUICK, "--ptp")
        clock = done.document["stamp"]["clock"]
        self.assertEqual(done.code, 0)
        self.assertLessEqual(abs(clock["offset_ns"]), clock["bound_ns"])

    def test_each_flow_is_a_session_and_a_direction_is_of_all(self):
        done = probe.run_json("stamp", self.target(mode="stateful"), "-c", 10, *QUICK, "--flows", 3)
        d = done.document["directions"]
        self.assertEqual((done.code, len(done.document["flows"]), done.packets["received"]), (0, 3, 30))
        self.assertEqual((d["forward"]["lost"], d["backward"]["lost"], d["unknown"]["lost"]), (0, 0, 0))

    def test_ptp_stamps_are_read_as_such(self):
        clock = probe.run_json("stamp", self.target(timestamp="ptp"), "-c", 50, *QUICK).document["stamp"]["clock"]
        self.assertLessEqual(abs(clock["offset_ns"]), clock["bound_ns"])

    def test_a_ttl_of_255_leaves_and_comes_back(self):
        d = probe.run_json("stamp", self.target(), "-c", 3, *QUICK).document["directions"]
        self.assertEqual((d["forward"]["hops"], d["backward"]["hops"]), (0, 0))


class Keys(harness.Case):
    def write(self, name, text):
        path = self.folder.write(name, text)
        os.chmod(path, 0o600)
        if is_root():
            user = pwd.getpwnam(service_user()[0])
            os.chown(path, user.pw_uid, user.pw_gid)
        return path

    def serve_key(self, key):
        return "%s:%d" % self.serve({**STAMP, "key_file": self.write("server", key.hex() + "\n")}).address("stamp", "udp")


@unittest.skipUnless(harness.built_with("sodium"), "built without libsodium")
class Authenticated(Keys):
    def test_who_has_the_key_is_answered_and_believes_the_answer(self):
        target = self.serve_key(KEY)
        for words in ((), ("-s", 112), ("-s", 1400)):
            done = probe.run_json("stamp", target, "-c", 10, *QUICK, "--auth", self.write("ours", KEY.hex()), *words)
            self.assertEqual((done.code, done.packets["received"], done.packets["corrupted"]), (0, 10, 0))
            self.assertTrue(done.document["stamp"]["authenticated"])

    def test_what_the_reflector_writes_into_tlvs_is_authenticated_too(self):
        target, ours = self.serve_key(KEY), self.write("ours", KEY.hex())
        done = probe.run_json("stamp", target, "-c", 10, *QUICK, "--auth", ours, "--tlv", "cos,location", "--dscp", "EF")
        self.assertEqual((done.code, done.packets["corrupted"]), (0, 0))
        self.assertEqual(done.document["directions"]["forward"]["dscp"]["seen"], [46])
        self.assertFalse([n for n in done.document["notes"] if "HMAC" in n])

    def test_a_key_that_others_can_read_is_refused(self):
        path = self.write("open", KEY.hex())
        os.chmod(path, 0o644)
        done = probe.run("stamp", "127.0.0.1", "--auth", path)
        self.assertEqual(done.code, 2)
        self.assertIn("can be read by others", done.err)

    def test_an_answer_by_another_key_is_nobodys(self):
        with Signer(bytes(32)) as r:
            done = probe.run_json("stamp", r.address, "-c", 5, *QUICK, "-W", 1, "--auth", self.write("ours", KEY.hex()))
        self.assertEqual((done.code, done.packets["received"], done.packets["unrelated"]), (3, 0, 5))
        with Signer(KEY) as r:
            done = probe.run_json("stamp", r.address, "-c", 5, *QUICK, "-W", 1, "--auth", self.write("ours", KEY.hex()))
        self.assertEqual((done.code, done.packets["received"], done.packets["unrelated"]), (0, 5, 0))

    def test_what_is_no_key_is_refused(self):
        for words, sentence in ((("--auth", self.write("short", "00ff")), "is no key of 16 to 64 bytes"),
                                (("--auth", self.write("word", "secret")), "is not one line of hexadecimal digits"),
                                (("--auth", os.path.join(os.path.dirname(self.write("ours", "")), "none")), "No such file or directory"),
                                (("--auth", self.write("ours", KEY.hex()), "-s", 64), "with --auth takes 112, or 116 and more")):
            done = probe.run("stamp", "127.0.0.1", *words)
            self.assertEqual(done.code, 2)
            self.assertIn(sentence, done.err)


class Refusals(unittest.TestCase):
    def refused(self, *words):
        done = probe.run(*words)
        self.assertEqual(done.code, 2)
        return done.err

    def test_what_stamp_does_not_have_is_refused(self):
        self.assertIn("-s of stamp takes 44, or 48 and more", self.refused("stamp", "127.0.0.1", "-s", 46))
        self.assertIn("there is no stamp over TCP", self.refused("stamp", "127.0.0.1", "-T"))
        self.assertIn("--tlv takes a list of cos", self.refused("stamp", "127.0.0.1", "--tlv", "cos,mac"))
        self.assertIn("--tlv takes a list of cos", self.refused("stamp", "127.0.0.1", "--tlv", "padding"))
        self.assertIn("-s of stamp with --tlv takes 52, or 56 and more", self.refused("stamp", "127.0.0.1", "--tlv", "cos", "-s", 54))

    def test_only_stamp_has_what_is_stamps(self):
        self.assertIn("--tlv is stamp's", self.refused("127.0.0.1", "--tlv", "cos"))
        self.assertIn("--ptp is stamp's", self.refused("127.0.0.1", "--ptp"))
        self.assertIn("--ssid is stamp's", self.refused("127.0.0.1", "--ssid", 1))
        self.assertIn("--ssid takes a number from 1 to 65535", self.refused("stamp", "127.0.0.1", "--ssid", 0))


if __name__ == "__main__":
    harness.main()
