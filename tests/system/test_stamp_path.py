# SPDX-License-Identifier: MIT
"""stamp and info through a router, in networks of their own: what arrived is what is said, by a capture beside the daemon."""

import socket
import struct
import time

import clients
import harness
import packets
import stamp
from netns import OtherHost, ip
from test_info import members

HERE, ROUTER, WEST, CLIENT = "192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2"
HERE6, ROUTER6, WEST6, CLIENT6 = "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "2001:db8:1::2"
SO_TIMESTAMPNS = 35
IP_RECVTTL = 12
IP_PMTUDISC_DONT, IP_MTU_DISCOVER = 0, 10
STAMP = {"service": "stamp", "address": "*", "allow": ["198.51.100.0/24", "2001:db8:1::/64"], "udp_rate": "none"}
INFO = {"service": "info", "transport": "udp", "address": HERE, "allow": ["198.51.100.0/24"]}


class Path:
    """This host, a router, and a client behind it; and how they are connected."""

    def __init__(self):
        self.router = OtherHost("cable", here=(f"{HERE}/24", f"{HERE6}/64"), there=(f"{ROUTER}/24", f"{ROUTER6}/64"))
        self.client = OtherHost("unused")
        self.router.run("ip", "link", "add", "west", "type", "veth", "peer", "name", "eth1", "netns", f"/proc/self/fd/{self.client.fd}")
        for host, device, addresses in ((self.router, "west", (f"{WEST}/24", f"{WEST6}/64")),
                                        (self.client, "eth1", (f"{CLIENT}/24", f"{CLIENT6}/64"))):
            for address in addresses:
                host.run("ip", "address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))
            host.run("ip", "link", "set", device, "up")
        self.router.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
        for via, run in ((ROUTER, ip), (ROUTER6, ip), (WEST, self.run_there), (WEST6, self.run_there)):
            run("route", "add", "default", "via", via)

    def run_there(self, *words):
        self.client.run("ip", *words)

    def close(self):
        self.router.close()
        self.client.close()


def hear_all(s):
    """Asks for what an answer came with, and gives the request another class."""
    if s.family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 64)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 10 << 2 | 2)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
    else:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 64)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 10 << 2 | 2)
        s.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)


def octet_of(control, *kinds):
    """The value of the one control message of such a kind, which is an octet or an integer."""
    value, = (data for _, kind, data in control if kind in kinds)
    return value[0] if len(value) == 1 else struct.unpack("i", value)[0]


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.path = Path()
        self.addCleanup(self.path.close)

    def connect(self, d, name, host=HERE):
        """A client behind the router, which may be answered already: neighbours may have to be found first."""
        s = self.path.client.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        while True:
            s.bind(("", 0))
            if s.getsockname()[1] not in clients.SERVERS:
                break
        s.connect((host, d.address(name, "udp")[1]))
        return s

    def ask(self, s, data):
        """The answer and the control messages that came with it."""
        s.send(data)
        answer, control, _, _ = s.recvmsg(65536, 1000)
        return answer, control


class Stamp(Case):
    def test_the_hops_and_the_class_of_both_directions_are_told(self):
        d = self.serve(STAMP)
        for host in (HERE, HERE6):
            s = self.connect(d, "stamp", host)
            hear_all(s)
            answer, control = self.ask(s, stamp.request(1, tlvs=stamp.tlv(4, bytes([46 << 2, 0, 0, 0]))))
            r = stamp.reflection(answer)
            self.assertEqual(r.ttl, 63)
            self.assertEqual(r.tlvs, stamp.tlv(4, struct.pack("!HH", 46 << 10 | 10 << 4 | 2 << 2, 0), flags=0))
            self.assertEqual(octet_of(control, socket.IP_TTL, socket.IPV6_HOPLIMIT), 254)
            self.assertEqual(octet_of(control, socket.IP_TOS, socket.IPV6_TCLASS), 46 << 2)

    def test_t2_is_the_stamp_of_a_capture_and_t3_is_before_the_answer_s(self):
        d = self.serve({**STAMP, "mode": "stateful"})
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(packets.ETH_P_ALL)) as tap:
            tap.bind(("cable", packets.ETH_P_ALL))
            tap.settimeout(harness.TIMEOUT_S)
            tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            s = self.connect(d, "stamp")
            port = s.getsockname()[1]
            # The kernel begins to stamp a moment after it was first told to.
            self.wait_until(lambda: self.moments(tap, s, port, 0)[1] == self.last.t2, "the kernel to stamp what it receives")
            for seq in range(1, 50):
                t1, captured, sent, t4 = self.moments(tap, s, port, seq)
                self.assertEqual(captured, self.last.t2)
                self.assertLessEqual(t1, self.last.t2)
                self.assertLessEqual(self.last.t2, self.last.t3)
                self.assertLessEqual(self.last.t3, sent)
                self.assertLessEqual(sent, t4)

    def moments(self, tap, s, port, seq):
        """(T1, when the request came by the capture, when the answer went by it, T4); the answer is self.last."""
        t1 = stamp.ntp(time.time_ns())
        self.last = stamp.reflection(self.ask(s, stamp.request(seq, t1))[0])
        t4, seen = stamp.ntp(time.time_ns()), {}
        while len(seen) < 2:
            frame, control, _, where = tap.recvmsg(70000, 1000)
            found = packets.unpacked(frame)
            if found and port in (found[0][1], found[1][1]) and (struct.unpack("!I", found[2][:4])[0] == seq or
                                                               where[2] == socket.PACKET_OUTGOING):
                s_, ns = struct.unpack("qq", next(data for _, kind, data in control if kind == SO_TIMESTAMPNS))
                seen[where[2] == socket.PACKET_OUTGOING] = stamp.ntp(s_ * 10**9 + ns)
        return t1, seen[False], seen[True], t4

    def test_a_request_in_fragments_is_reflected_whole(self):
        s = self.connect(self.serve(STAMP), "stamp")
        s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
        padding = stamp.tlv(1, clients.pattern(4000))
        answer, _ = self.ask(s, stamp.request(1, tlvs=padding))
        self.assertEqual(stamp.reflection(answer).tlvs, b"\0" + padding[1:])


class Info(Case):
    def test_info_tells_hops_class_interface_and_fragments(self):
        s = self.connect(self.serve(INFO), "info")
        hear_all(s)
        s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
        whole, cut = (members(self.ask(s, bytes(n))[0]) for n in (1000, 3000))
        for said in (whole, cut):
            self.assertEqual([said[name] for name in ("client", "server", "interface", "ttl", "dscp", "ecn")],
                             [CLIENT, HERE, "cable", 63, 10, "ect0"])
        self.assertNotIn("fragment_bytes", whole)
        self.assertEqual(cut["fragment_bytes"], 1500)
        self.assertEqual(cut["length"], 3000)


if __name__ == "__main__":
    harness.main(namespace=True)
