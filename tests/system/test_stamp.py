# SPDX-License-Identifier: MIT
"""stamp (RFC 8762, RFC 8972): when a packet came and when its answer left, what it came with, and who is answered at all."""

import os
import socket
import struct
import time

import clients
import harness
import stamp
from config import is_root, service_user

STAMP = {"service": "stamp", "allow": ["127.0.0.0/8", "::1"]}
KEY = bytes(range(32))
IP_RECVTTL = 12  # <linux/in.h>


def ask(s, packet):
    return stamp.reflection(clients.ask(s, packet))


class Stamp(harness.Case):
    def test_the_four_moments_of_a_packet_are_in_their_order(self):
        s = self.serve(STAMP).connect("stamp", "udp")
        for seq in range(20):
            t1 = time.time_ns()
            r = ask(s, stamp.request(seq, stamp.ntp(t1), ssid=0x1234))
            t4 = time.time_ns()
            self.assertEqual((r.seq, r.sender_seq, r.ssid, r.t1, r.sender_error), (seq, seq, 0x1234, stamp.ntp(t1), 0x8001))
            moments = [t1, stamp.ns_of(r.t2), stamp.ns_of(r.t3), t4]
            self.assertEqual(moments, sorted(moments))
            self.assertNotEqual(r.error & 0xFF, 0)

    def test_a_stateful_reflector_counts_its_answers_for_each_session(self):
        d = self.serve({**STAMP, "mode": "stateful"})
        a, b = d.connect("stamp", "udp"), d.connect("stamp", "udp")
        for i in range(5):
            self.assertEqual(ask(a, stamp.request(100 + 2 * i)).seq, i)
            self.assertEqual(ask(b, stamp.request(7)).seq, i)

    def test_who_finds_no_place_is_answered_statelessly(self):
        d = self.serve({**STAMP, "mode": "stateful", "max_sessions": 2})
        s = d.connect("stamp", "udp")
        self.assertEqual([ask(s, stamp.request(50, ssid=ssid)).seq for ssid in (1, 2, 3)], [0, 0, 50])

    def test_answers_are_as_long_as_their_requests(self):
        s = self.serve(STAMP).connect("stamp", "udp")
        whole = stamp.request(1, tlvs=stamp.tlv(1, bytes(2000)))
        for length in (44, 48, 52, 1472, len(whole)):
            self.assertEqual(len(clients.ask(s, whole[:length])), length)

    def test_a_listed_twamp_light_sender_gets_the_base_for_14_octets(self):
        s = self.serve(STAMP).connect("stamp", "udp")
        self.assertEqual(len(clients.ask(s, stamp.request(1)[:14])), 44)

    def test_an_open_reflector_sends_nothing_longer_than_its_request(self):
        s = self.serve({"service": "stamp", "sessions": "open"}).connect("stamp", "udp")
        s.send(stamp.request(1)[:43])
        self.assertEqual(ask(s, stamp.request(2)).seq, 2)
        self.assertTrue(clients.has_nothing(s))

    def test_who_is_not_listed_gets_nothing(self):
        d = self.serve({**STAMP, "allow": ["127.0.0.2"]})
        stranger, listed = d.connect("stamp", "udp"), d.connect("stamp", "udp", source="127.0.0.2")
        stranger.send(stamp.request(1))
        self.assertEqual(ask(listed, stamp.request(1)).seq, 1)
        self.assertTrue(clients.has_nothing(stranger))

    def test_only_ssids_that_are_named_are_answered(self):
        s = self.serve({**STAMP, "ssid": [7, 9]}).connect("stamp", "udp")
        s.send(stamp.request(1, ssid=8))
        self.assertEqual(ask(s, stamp.request(2, ssid=9)).seq, 2)
        self.assertTrue(clients.has_nothing(s))

    def test_ttl_and_traffic_class_of_a_request_are_said_and_chosen(self):
        def before(s):
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 77)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 10 << 2 | 2)
            s.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        s = self.serve(STAMP).connect("stamp", "udp", before=before)
        s.send(stamp.request(1, tlvs=stamp.tlv(4, bytes([46 << 2, 0, 0, 0]))))
        packet, control, _, _ = s.recvmsg(100, 200)
        said = {kind: data[0] for level, kind, data in control if level == socket.IPPROTO_IP}
        r = stamp.reflection(packet)
        self.assertEqual(r.ttl, 77)
        self.assertEqual(r.tlvs, stamp.tlv(4, struct.pack("!HH", 46 << 10 | 10 << 4 | 2 << 2, 0), flags=0))
        self.assertEqual((said[socket.IP_TTL], said[socket.IP_TOS]), (255, 46 << 2))

    @harness.unittest.skipUnless(clients.has_ipv6(), "this host has no IPv6")
    def test_the_hop_limit_is_said_over_ipv6(self):
        def before(s):
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 77)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        s = self.serve({**STAMP, "address": "::1"}).connect("stamp", "udp", before=before)
        s.send(stamp.request(1, tlvs=stamp.tlv(2, bytes(4))))
        packet, control, _, _ = s.recvmsg(100, 200)
        r = stamp.reflection(packet)
        self.assertEqual(r.ttl, 77)
        self.assertEqual(struct.unpack("i", control[0][2])[0], 255)
        self.assertEqual(r.tlvs[4:], struct.pack("!HH", s.getpeername()[1], s.getsockname()[1]))

    def test_a_dual_stack_socket_says_both_families_facts(self):
        def before(s):
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 33)
        d = self.serve({**STAMP, "address": "*"})
        self.assertEqual(ask(d.connect("stamp", "udp", host="127.0.0.1", before=before), stamp.request(1)).ttl, 33)

    def follow_ups(self, d, n):
        """The answers to n requests that ask for Follow-Up Telemetry, with what each says of the one before."""
        s = d.connect("stamp", "udp")
        answers = [(ask(s, stamp.request(i, tlvs=stamp.tlv(7, bytes(16)))), time.time_ns()) for i in range(n)]
        return [(r, t4, *struct.unpack("!IQBxxx", r.tlvs[4:])) for r, t4 in answers]

    def test_follow_up_tells_when_by_the_kernel_the_answer_before_left(self):
        said = self.follow_ups(self.serve({**STAMP, "mode": "stateful"}), 20)
        self.assertEqual(said[0][2:], (0, 0, 0))
        for (before, t4, *_), (_, _, seq, sent, method) in zip(said, said[1:]):
            self.assertEqual((seq, method), (before.seq, 2))
            self.assertLess(stamp.ns_of(before.t3), stamp.ns_of(sent))
            self.assertLess(stamp.ns_of(sent), t4)

    def test_follow_up_of_a_stateless_reflector_says_nothing(self):
        for r, *said in self.follow_ups(self.serve(STAMP), 3):
            self.assertEqual((said[1:], r.tlvs[0]), ([0, 0, 0], 0))

    def test_follow_up_goes_on_after_a_reload_and_an_answer_that_cannot_be_sent(self):
        d = self.serve({**STAMP, "mode": "stateful"})
        self.follow_ups(d, 3)
        d.reload()
        gone = d.connect("stamp", "udp")
        gone.send(stamp.request(1, tlvs=stamp.tlv(7, bytes(16))))
        gone.close()  # an ICMP message comes back
        said = self.follow_ups(d, 3)
        self.assertLess(stamp.ns_of(said[1][0].t3), stamp.ns_of(said[2][3]))

    def test_ptp_stamps_are_seconds_and_nanoseconds_since_1970(self):
        s = self.serve({**STAMP, "timestamp": "ptp"}).connect("stamp", "udp")
        before = time.time()
        r = ask(s, stamp.request(1))
        self.assertTrue(r.error & 0x4000)
        self.assertLessEqual(int(before), r.t2 >> 32)
        self.assertLess(r.t3 & 0xFFFFFFFF, 10**9)
        self.assertLess((r.t3 >> 32) - before, 60)

    def test_two_reflectors_set_on_each_other_fall_silent(self):
        d = self.serve({**STAMP, "name": "a", "address": "127.0.0.1"})
        other = self.serve({**STAMP, "name": "b", "address": "127.0.0.2"})
        s = d.connect("a", "udp")
        # A reflected packet as the other one would send it, for what this one has just sent.
        sent = ask(s, stamp.request(1)).t3
        back = stamp.reflection(clients.ask(other.connect("b", "udp"), stamp.request(1, sent)))
        forged = struct.pack("!IQHHQIQHxxBxxx", back.seq, back.t3, back.error, 0, back.t2, 1, sent, 0x8001, 255)
        s.send(forged)
        self.assertEqual(ask(s, stamp.request(2)).seq, 2)
        self.assertTrue(clients.has_nothing(s))


@harness.unittest.skipUnless(harness.built_with("sodium"), "built without libsodium")
class StampAuthenticated(harness.Case):
    def key_file(self, text, mode=0o600):
        path = self.folder.write("stamp.key", text)
        os.chmod(path, mode)
        if is_root():
            import pwd
            user = pwd.getpwnam(service_user()[0])
            os.chown(path, user.pw_uid, user.pw_gid)
        return path

    def test_authenticated_packets_alone_are_answered_and_answers_are_authentic(self):
        s = self.serve({**STAMP, "key_file": self.key_file(KEY.hex() + "\n")}).connect("stamp", "udp")
        s.send(stamp.request(1, tlvs=bytes(100)))
        s.send(stamp.signed_request(bytes(32), 2))
        r = stamp.signed_reflection(KEY, clients.ask(s, stamp.signed_request(KEY, 3, ssid=5)))
        self.assertEqual((r.seq, r.ssid), (3, 5))
        self.assertLessEqual(r.t2, r.t3)
        self.assertTrue(clients.has_nothing(s))

    def test_a_key_that_others_can_read_is_refused(self):
        for text, mode, why in ((KEY.hex(), 0o644, "its mode lets others read it"), (KEY.hex()[:30], 0o600, "16 to 64 bytes"),
                                ("no key", 0o600, "hexadecimal digits"), ("", 0o600, "16 to 64 bytes")):
            config = self.config({**STAMP, "key_file": self.key_file(text, mode)})
            done = self.run_once("-t", config=config)
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn(why, done.stderr)
            self.assertNotIn(KEY.hex()[:30], done.stderr)


class StampSettings(harness.Case):
    def test_a_reflector_for_nobody_in_particular_must_say_so(self):
        for listener, why in (({"service": "stamp"}, "allow: is missing"),
                              ({"service": "stamp", "sessions": "open", "address": "*"}, "answers forged sources"),
                              ({"service": "info", "transport": "udp", "address": "*", "port": 7777}, "forged sources")):
            done = self.run_once("-t", config=self.config(listener))
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    harness.main()
