# SPDX-License-Identifier: MIT
"""What a STAMP reflector must do, request by request (RFC 8762, 8972, 9503, 9534, 5357): a table, which is printed.

A row: the section, what is sent, to which reflector (and from which sender), the packet, and what is to be seen in the answer;
None is silence. Rows to a stateful reflector from one sender follow each other.
"""

import os
import socket
import struct

import clients
import harness
import stamp
from config import is_root, service_user

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
LISTED = {"service": "stamp", "allow": ["127.0.0.0/8", "::1"]}
REFLECTORS = {"stateless": LISTED, "stateful": {**LISTED, "mode": "stateful"},
              "open": {"service": "stamp", "sessions": "open"}, "ssid 7": {**LISTED, "ssid": [7]}, "ipv6": {**LISTED, "address": "::1"},
              "ptp": {**LISTED, "timestamp": "ptp"}}
T1 = stamp.ntp(1700000000 * 10**9)
PTP = 0x4000


def plain(n, seq=1, **more):
    """A request of n octets, zeros behind its base."""
    return (stamp.request(seq, T1, **more) + bytes(2000))[:n]


def signed(seq=1, key=KEY, tlvs=b""):
    return stamp.signed_request(key, seq, T1, tlvs=tlvs)


def flipped(packet, at):
    return packet[:at] + bytes([packet[at] ^ 1]) + packet[at + 1:]


def with_tlvs(*tlvs):
    return stamp.request(1, T1, tlvs=b"".join(tlvs))


def tlvs(*wanted):
    return {"tlvs": b"".join(wanted)}


def answered(kind, value):
    """A TLV in an answer, of a type that the reflector knows."""
    return stamp.tlv(kind, value, 0)


UNKNOWN, PADDING = stamp.tlv(200, b"what"), stamp.tlv(1, b"padding!")
DIRECT = stamp.tlv(5, struct.pack("!III", 9, 0, 0))
NOT_HERE = stamp.tlv(9, socket.inet_aton("192.0.2.1"))
COS = stamp.tlv(4, bytes([46 << 2, 0, 0, 0]))

ROWS = [
    # RFC 8762 section 4.2, 4.3, 4.6: lengths
    ("8762 4.6", "0 octets", "stateless", plain(0), None),
    ("4656 4.1.2", "13 octets: less than any sender sends", "stateless", plain(13), None),
    ("8762 4.6", "14 octets, listed: TWAMP-Light", "stateless", plain(14), {"octets": 44, "seq": 1}),
    ("8762 4.6", "43 octets, listed", "stateless", plain(43), {"octets": 44}),
    ("own", "43 octets, open: no answer is longer than its request", "open", plain(43), None),
    ("8762 4.2.1", "44 octets: the base", "stateless",
     plain(44), {"octets": 44, "seq": 1, "sender_seq": 1, "t1": T1, "sender_error": 0x8001}),
    ("8762 4.2.1", "44 octets, open", "open", plain(44), {"octets": 44}),
    ("8762 4.3", "45 octets: the one more comes back", "stateless", plain(44) + b"\x2a", {"octets": 45}),
    ("8972 4", "48 octets: an empty TLV of type 0, not known", "stateless",
     plain(48), {"octets": 48, **tlvs(b"\x80\0\0\0")}),
    ("8972 4", "52 octets: two of them", "stateless", plain(52), {"octets": 52, **tlvs(b"\x80\0\0\0" * 2)}),
    ("8762 4.3", "1472 octets: both ways carry the same", "stateless", plain(1472), {"octets": 1472}),
    # What is copied, counted and said
    ("4656 4.1.2", "an Error Estimate with a Multiplier of 0", "stateless", plain(44, error=0x8000), None),
    ("8762 4.2", "stateless: Sequence Number 4294967295", "stateless",
     plain(44, 2**32 - 1), {"seq": 2**32 - 1, "sender_seq": 2**32 - 1}),
    ("8762 4.2", "stateful, session A: its first, number 5", "stateful/A", plain(44, 5), {"seq": 0, "sender_seq": 5}),
    ("8762 4.2", "stateful, session B between: its first", "stateful/B", plain(44, 80), {"seq": 0, "sender_seq": 80}),
    ("8762 4.2", "stateful, A: number 6", "stateful/A", plain(44, 6), {"seq": 1, "sender_seq": 6}),
    ("8762 4.2", "stateful, A: number 9, so two were lost on the way there", "stateful/A",
     plain(44, 9), {"seq": 2, "sender_seq": 9}),
    ("8762 4.2", "stateful, B: number 81", "stateful/B", plain(44, 81), {"seq": 1, "sender_seq": 81}),
    ("8972 3", "stateful, A with an SSID of its own: another session", "stateful/A",
     plain(44, 1, ssid=9), {"seq": 0, "ssid": 9}),
    ("8972 3", "SSID 0", "stateless", plain(44), {"ssid": 0}),
    ("8972 3", "SSID 0x1234", "stateless", plain(44, ssid=0x1234), {"ssid": 0x1234}),
    ("8972 3", "an SSID that is provisioned", "ssid 7", plain(44, ssid=7), {"ssid": 7}),
    ("8972 3", "one that is not", "ssid 7", plain(44, ssid=8), None),
    ("8762 4.3", "TTL 1", "stateless/1", plain(44), {"ttl": 1}),
    ("8762 4.3", "TTL 64", "stateless/64", plain(44), {"ttl": 64}),
    ("8762 4.3", "TTL 255", "stateless/255", plain(44), {"ttl": 255}),
    ("8762 4.3", "hop limit 77", "ipv6/77", plain(44), {"ttl": 77}),
    ("8186 2.3", "PTP stamps asked, NTP stamps answered, each says which", "stateless", plain(44, error=PTP | 0x0101),
     {"form": "ntp", "sender_error": PTP | 0x0101, "t1": T1}),
    ("8186 2.3", "NTP stamps asked, PTP stamps answered", "ptp", plain(44), {"form": "ptp", "sender_error": 0x8001}),
    ("8762 4.2.1", "must-be-zero octets that are not: ignored", "stateless",
     plain(44)[:16] + b"\xff" * 28, {"octets": 44, "mbz": 0}),
    # RFC 8762 section 4.4: authenticated
    ("8762 4.4", "authenticated, 112 octets", "signed", signed(), {"octets": 112, "hmac": "right", "seq": 1}),
    ("8762 4.4", "the HMAC of another key", "signed", signed(key=OTHER_KEY), None),
    ("8762 4.4", "an octet of the HMAC changed", "signed", flipped(signed(), 111), None),
    ("8762 4.4", "an octet that it is of changed", "signed", flipped(signed(), 95), None),
    ("8762 4.4", "the HMAC right, but 111 octets", "signed", signed()[:111], None),
    ("8762 4.4", "the HMAC where an unauthenticated packet ends", "signed", plain(44) + signed()[96:112] + bytes(52), None),
    ("8762 4.4", "an unauthenticated request", "signed", plain(112), None),
    ("8762 4.4", "an authenticated one to who has no key: its Multiplier is 0", "stateless", signed(), None),
    # RFC 8972 section 4: TLVs
    ("8972 4", "a type that nobody knows, then padding", "stateless",
     with_tlvs(UNKNOWN, PADDING), tlvs(UNKNOWN, answered(1, b"padding!"))),
    ("8972 4", "a length beyond the packet: M, the rest as it came", "stateless",
     with_tlvs(PADDING, b"\x80\x01\x00\x09rest"),
     tlvs(answered(1, b"padding!"), b"\x40\x01\x00\x09rest")),
    ("8972 4", "a length that the type has not: M, and what follows as it came", "stateless",
     with_tlvs(stamp.tlv(5, bytes(11)), UNKNOWN),
     tlvs(stamp.tlv(5, bytes(11), 0x40), UNKNOWN)),
    ("8972 4.4", "Class of Service: DSCP 46 asked, sent with 10 and ECT(0)", "stateless/tos", with_tlvs(COS),
     tlvs(answered(4, struct.pack("!HH", 46 << 10 | 10 << 4 | 2 << 2, 0)))),
    ("8972 4.4", "the same of an open one: not by its policy (RP)", "open/tos", with_tlvs(COS),
     tlvs(answered(4, struct.pack("!HH", 46 << 10 | 10 << 4 | 2 << 2 | 1, 0)))),
    ("8972 4.5", "Direct Measurement, the fourth packet of stateful B's", "stateful/B",
     with_tlvs(DIRECT), tlvs(answered(5, struct.pack("!III", 9, 3, 3)))),
    ("8972 4.6", "Access Report of 3GPP", "stateless",
     with_tlvs(stamp.tlv(6, b"\x10\x01\0\0")), tlvs(answered(6, b"\x10\x01\0\0"))),
    ("8972 4.6", "Access Report of an access that is none", "stateless",
     with_tlvs(stamp.tlv(6, b"\x30\x01\0\0")), tlvs(stamp.tlv(6, b"\x30\x01\0\0"))),
    ("8972 4.7", "Follow-Up, stateless: zeros", "stateless",
     with_tlvs(stamp.tlv(7, b"\x01" * 16)), tlvs(answered(7, bytes(16)))),
    ("8972 4.7", "Follow-Up of a wrong length: zeros and M", "stateless", with_tlvs(stamp.tlv(7, b"\x01" * 13)),
     tlvs(stamp.tlv(7, bytes(12) + b"\x01", 0x40))),
    ("8972 4.8", "the HMAC of TLVs right: theirs are right too", "signed",
     signed(tlvs=DIRECT + stamp.tlv_hmac(KEY, 1, DIRECT)), {"tlv_hmac": "right"}),
    ("8972 4.8", "padding behind the HMAC", "signed",
     signed(tlvs=DIRECT + stamp.tlv_hmac(KEY, 1, DIRECT) + PADDING), {"tlv_hmac": "right"}),
    ("8972 4.8", "nothing but padding: none is needed", "signed", signed(tlvs=PADDING), tlvs(answered(1, b"padding!"))),
    ("8972 4.8", "the HMAC missing: I in each, nothing else", "signed",
     signed(tlvs=DIRECT + UNKNOWN), tlvs(b"\xa0" + DIRECT[1:], b"\xa0" + UNKNOWN[1:])),
    ("8972 4.8", "the HMAC of TLVs wrong", "signed", signed(tlvs=DIRECT + stamp.tlv_hmac(OTHER_KEY, 1, DIRECT)),
     tlvs(b"\xa0" + DIRECT[1:], b"\xa0" + stamp.tlv_hmac(OTHER_KEY, 1, DIRECT)[1:])),
    ("8972 4.8", "the HMAC in the wrong place", "signed", signed(tlvs=stamp.tlv_hmac(KEY, 1, b"") + DIRECT),
     tlvs(b"\xa0" + stamp.tlv_hmac(KEY, 1, b"")[1:], b"\xa0" + DIRECT[1:])),
    ("9503 3", "Destination Node Address: this one", "stateless", with_tlvs(stamp.tlv(9, socket.inet_aton("127.0.0.1"))),
     tlvs(answered(9, socket.inet_aton("127.0.0.1")))),
    ("9503 3", "Destination Node Address: another's, reflected with U", "stateless", with_tlvs(NOT_HERE), tlvs(NOT_HERE)),
    ("9503 4.1.1", "Return Path: no reply", "stateless", with_tlvs(stamp.tlv(10, stamp.tlv(1, bytes(4)))), None),
    ("9503 4.1.1", "Return Path: same link", "stateless", with_tlvs(stamp.tlv(10, stamp.tlv(1, bytes([0, 0, 0, 1])))),
     tlvs(answered(10, answered(1, bytes([0, 0, 0, 1]))))),
    ("own", "Return Path: to a third party, refused with U", "stateless",
     with_tlvs(stamp.tlv(10, stamp.tlv(2, socket.inet_aton("192.0.2.9")))),
     tlvs(stamp.tlv(10, stamp.tlv(2, socket.inet_aton("192.0.2.9"))))),
    ("own", "Reflected Test Packet Control: many for one, refused with U", "stateless",
     with_tlvs(stamp.tlv(12, bytes(12))), tlvs(stamp.tlv(12, bytes(12)))),
]


def seen(packet, mode, names):
    """Those facts of an answer."""
    r = stamp.signed_reflection(KEY, packet) if mode == "signed" else stamp.reflection(packet)
    facts = {"octets": len(packet), "hmac": "right" if r else "wrong"}
    if r:
        facts |= r._asdict()
        facts["form"] = "ptp" if r.error & PTP else "ntp"
        facts["mbz"] = int.from_bytes(packet[38:40] + packet[41:44], "big")
        facts["tlv_hmac"] = "right" if r.tlvs[16:36] == stamp.tlv_hmac(KEY, r.seq, r.tlvs[:16], 0) and not r.tlvs[0] else "wrong"
    return {name: facts.get(name) for name in names}


def text(facts):
    def one(value):
        return value.hex() if isinstance(value, bytes) else str(value)
    return "silence" if facts is None else ", ".join(f"{name} {one(value)}" for name, value in facts.items())


class Conformance(harness.Case):
    def setUp(self):
        super().setUp()
        reflectors, self.skipped, self.senders = dict(REFLECTORS), {}, {}
        if not clients.has_ipv6():
            del reflectors["ipv6"]
            self.skipped["ipv6"] = "this host has no IPv6"
        if harness.built_with("sodium"):
            reflectors["signed"] = {**LISTED, "key_file": self.key_file()}
        else:
            self.skipped["signed"] = "built without libsodium"
        self.daemon = self.serve(*({**listener, "name": name.replace(" ", "")} for name, listener in reflectors.items()))

    def key_file(self):
        path = self.folder.write("stamp.key", KEY.hex() + "\n")
        os.chmod(path, 0o600)
        if is_root():
            import pwd
            user = pwd.getpwnam(service_user()[0])
            os.chown(path, user.pw_uid, user.pw_gid)
        return path

    def sender(self, where):
        """The socket of "REFLECTOR" or "REFLECTOR/SENDER"; a number is its TTL, "tos" its class."""
        reflector, _, name = where.partition("/")

        def before(s):
            v6 = s.family == socket.AF_INET6
            if name.isdigit():
                s.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if v6 else (socket.IPPROTO_IP, socket.IP_TTL)),
                             int(name))
            if name == "tos":
                s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 10 << 2 | 2)
        while where not in self.senders or self.senders[where].getsockname()[1] in clients.SERVERS:
            self.senders[where] = self.daemon.connect(reflector.replace(" ", ""), "udp", before=before)
        return self.senders[where]

    def answer(self, where, packet):
        """What comes back, or None: then another's later request was answered and this was not."""
        s, (reflector, *_) = self.sender(where), where.split("/")
        s.send(packet)
        other = self.sender(f"{reflector}/other")
        clients.ask(other, signed() if reflector == "signed" else plain(44, ssid=7))
        return None if clients.has_nothing(s) else s.recv(65536)

    def test_each_request_gets_what_it_must(self):
        width = max(len(what) for _, what, *_ in ROWS)
        print()
        for section, what, where, packet, expected in ROWS:
            reflector = where.partition("/")[0]
            if reflector in self.skipped:
                print(f"    {section:10}  {what:{width}}  {reflector:9}  skipped: {self.skipped[reflector]}")
                continue
            answer = self.answer(where, packet)
            got = None if answer is None else seen(answer, reflector, expected or {"octets": 0})
            verdict = "ok" if text(got) == text(expected) else "NOT OK"
            print(f"    {section:10}  {what:{width}}  {reflector:9}  {verdict:6}  {text(got)}")
            with self.subTest(what):
                self.assertEqual(text(got), text(expected))


if __name__ == "__main__":
    harness.main()
