# SPDX-License-Identifier: MIT
"""Datagrams as nobody's kernel would send them: frames made by hand, from any source, and what comes back."""

import socket
import struct
import time

from daemon import TIMEOUT_S
from netns import OtherHost, ip

ETH_P_ALL, ETH_P_IP, ETH_P_IPV6, TCP, UDP = 3, 0x0800, 0x86DD, 6, 17
RECEIVE_BYTES = 16 * 1024 * 1024
SO_RCVBUFFORCE = 33
HERE, THERE = "192.0.2.1", "192.0.2.2"
HERE6, THERE6 = "2001:db8::1", "2001:db8::2"


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[:len(data) & ~1])) + (data[-1] << 8 if len(data) % 2 else 0)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_packet(source, destination, protocol, head, at, payload):
    """An IP packet; source and destination are addresses. head: the protocol's, with room for the checksum `at`."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    src, dst = (socket.inet_pton(family, address) for address in (source, destination))
    n = len(head) + len(payload)
    pseudo = src + dst + (struct.pack("!II", n, protocol) if family == socket.AF_INET6 else struct.pack("!HH", protocol, n))
    data = head[:at] + struct.pack("!H", checksum(pseudo + head + payload) or 0xFFFF) + head[at + 2:] + payload
    if family == socket.AF_INET6:
        return struct.pack("!IHBB", 0x60000000, n, protocol, 64) + src + dst + data
    front = struct.pack("!BBHHHBBH", 0x45, 0, 20 + n, 1, 0, 64, protocol, 0) + src + dst
    return front[:10] + struct.pack("!H", checksum(front)) + front[12:] + data


def packet(source, destination, payload):
    """A UDP datagram; source and destination are (address, port)."""
    head = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0)
    return ip_packet(source[0], destination[0], UDP, head, 6, payload)


def segment(source, destination, payload, flags, sequence=1):
    """A TCP segment without options."""
    head = struct.pack("!HHIIBBHHH", source[1], destination[1], sequence, 0, 5 << 4, flags, 65535, 0, 0)
    return ip_packet(source[0], destination[0], TCP, head, 16, payload)


def unpacked_segment(frame):
    """((source, port), (destination, port), flags, bytes of payload) of a frame with a TCP segment over IPv4; None of any other."""
    data = frame[14:]
    if struct.unpack("!H", frame[12:14])[0] != ETH_P_IP or data[9] != TCP:
        return None
    tcp = data[(data[0] & 15) * 4:struct.unpack("!H", data[2:4])[0]]
    source, destination = (socket.inet_ntop(socket.AF_INET, data[at:at + 4]) for at in (12, 16))
    ports = struct.unpack("!HH", tcp[:4])
    return (source, ports[0]), (destination, ports[1]), tcp[13], len(tcp) - (tcp[12] >> 4) * 4


def unpacked(frame):
    """((source, port), (destination, port), payload) of a frame with a whole UDP datagram; None of any other."""
    kind, data = struct.unpack("!H", frame[12:14])[0], frame[14:]
    if kind == ETH_P_IP and data[9] == UDP:
        family, src, dst, udp = socket.AF_INET, data[12:16], data[16:20], data[(data[0] & 15) * 4:]
    elif kind == ETH_P_IPV6 and data[6] == UDP:
        family, src, dst, udp = socket.AF_INET6, data[8:24], data[24:40], data[40:]
    else:
        return None
    sport, dport, length = struct.unpack("!HHH", udp[:6])
    return (socket.inet_ntop(family, src), sport), (socket.inet_ntop(family, dst), dport), udp[8:length]


class Wire:
    """A cable to a host that sends what it likes. What is answered to anybody goes there."""

    def __init__(self, name="cable"):
        self.other = OtherHost(name, here=(f"{HERE}/24", f"{HERE6}/64"), there=(f"{THERE}/24", "192.0.2.3/24", f"{THERE6}/64"))
        ip("link", "set", name, "gso_max_segs", "1")  # a frame is one datagram here, as on any cable
        self.socket = self.other.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind(("eth0", ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
        self.there = self.socket.getsockname()[4]
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind((name, 0))
            self.here = s.getsockname()[4]
        for address, prefix in ((THERE, "0.0.0.0/0"), (THERE6, "::/0")):
            ip("neigh", "replace", address, "lladdr", self.there.hex(":"), "dev", name, "nud", "permanent")
            ip("route", "replace", prefix, "via", address, "dev", name)
        for which in ("all", name):  # a host that trusts its network
            with open(f"/proc/sys/net/ipv4/conf/{which}/rp_filter", "w") as f:
                f.write("0")
        self._n = 0

    def send(self, source, destination, payload=b"spoofed"):
        self.send_packet(packet(source, destination, payload), destination[0])

    def send_packet(self, data, address):
        mac = self.here
        if ":" in address and address.startswith("ff"):
            mac = b"\x33\x33" + socket.inet_pton(socket.AF_INET6, address)[12:]
        elif ":" not in address and int(address.split(".")[0]) in range(224, 240):
            mac = b"\x01\0\x5e" + socket.inet_pton(socket.AF_INET, address)[1:]
        elif address.endswith(".255"):
            mac = b"\xff" * 6
        kind = struct.pack("!H", ETH_P_IPV6 if data[0] >> 4 == 6 else ETH_P_IP)
        self.socket.send(mac + self.there + kind + data)

    def answers(self, port, last=THERE):
        """All that `port` has answered up to now: [(to, payload)]. "Now" is when a last question, which it must answer,
        is answered: there is one reader, so it answers in order."""
        self._n += 1
        mark = b"last question %d" % self._n
        asking = (last, 40000)
        self.send(asking, (HERE6 if ":" in last else HERE, port), mark)
        found, end = [], time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            frame, where = self.socket.recvfrom(70000)
            seen = unpacked(frame) if where[2] != socket.PACKET_OUTGOING else None
            if seen is None or seen[0][1] != port:
                continue
            if seen[1:] == (asking, mark):
                return found
            found.append(seen[1:])
        raise AssertionError("no answer to the last question")

    def close(self):
        self.socket.close()
        self.other.close()
