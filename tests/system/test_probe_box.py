# SPDX-License-Identifier: MIT
"""echoprobe through a box on the way that counts, loses and marks packets, beside a capture on its interface."""

import json
import socket
import statistics
import struct
import subprocess
import threading

import harness
import netns
import packets
import probe

HERE, THERE = "10.77.0.1", "10.77.0.2"
QUICK = ("-i", "5ms")
ETH_P_ALL, PACKET_OUTGOING, SO_TIMESTAMPNS = 3, 4, 35
ETHERNET, UDP = 14, 17


def is_udp(frame):
    return frame[12:14] == b"\x08\x00" and frame[ETHERNET + 9] == UDP


class Box(threading.Thread):
    """Hands frames from one cable to the other; of each direction, datagram k as change(k, DSCP and ECN) says: the octet that it
    is to have, or None where it is lost."""

    def __init__(self, there=lambda _k, tos: tos, back=lambda _k, tos: tos):
        super().__init__(daemon=True)
        self.box = netns.OtherHost("near", here=[f"{HERE}/24"])
        self.far = netns.OtherHost("far", there=[f"{THERE}/24"])
        netns.ip("link", "set", "far", "netns", f"/proc/self/fd/{self.box.fd}")
        self.box.run("ip", "link", "set", "far", "up")
        self.changes, self.counts = (there, back), [0, 0]
        self.sides = [self.box.socket(socket.AF_PACKET, socket.SOCK_RAW) for _ in range(2)]
        for s, device in zip(self.sides, ("eth0", "far")):
            s.bind((device, ETH_P_ALL))
            s.settimeout(None)
        self.ways = [threading.Thread(target=self.carry, args=(k,), daemon=True) for k in range(2)]
        for way in self.ways:
            way.start()

    def carry(self, way):
        source, target = self.sides[way], self.sides[1 - way]
        while True:
            try:
                frame, where = source.recvfrom(65536)
            except OSError:
                return
            if where[2] == PACKET_OUTGOING:
                continue
            if is_udp(frame):
                frame = self.change(way, bytearray(frame))
            if frame:
                try:
                    target.send(frame)
                except OSError:
                    return

    def change(self, way, frame):
        tos = self.changes[way](self.counts[way], frame[ETHERNET + 1])
        self.counts[way] += 1
        if tos is None:
            return None
        frame[ETHERNET + 1] = tos
        head = ETHERNET + 4 * (frame[ETHERNET] & 15)
        frame[ETHERNET + 10:ETHERNET + 12] = b"\0\0"
        frame[ETHERNET + 10:ETHERNET + 12] = struct.pack("!H", packets.checksum(bytes(frame[ETHERNET:head])))
        frame[head + 6:head + 8] = b"\0\0"  # no checksum: a cable between two namespaces leaves it unfinished
        return frame

    def close(self):
        for s in self.sides:
            s.close()
        self.box.close()
        self.far.end()


class Echo(threading.Thread):
    """An echo server on the far host."""

    def __init__(self, box):
        super().__init__(daemon=True)
        self.socket = box.far.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((THERE, 7))
        self.socket.settimeout(None)
        self.start()

    def run(self):
        while True:
            data, peer = self.socket.recvfrom(65536)
            self.socket.sendto(data, peer)


class Case(harness.Case):
    def box(self, **changes):
        box = Box(**changes)
        self.addCleanup(box.close)
        return box


class Marks(Case):
    """The client is on the far host: what goes there comes from here."""

    def run_there(self, box, *words):
        return json.loads(box.far.run(probe.PROBE, *map(str, words), "-J", stdout=subprocess.PIPE).stdout)

    def test_dscp_and_ecn_that_a_router_changes_are_seen_in_their_direction(self):
        box = self.box(back=lambda _k, _tos: 3, there=lambda _k, _tos: 8 << 2)
        target = "%s:%d" % self.serve({"service": "stamp", "address": HERE, "allow": [f"{THERE}/32"]}).address("stamp", "udp")
        d = self.run_there(box, "stamp", target, "-c", 5, *QUICK, "--dscp", "EF", "--ecn", "ect0", "--tlv", "cos")["directions"]
        self.assertEqual((d["forward"]["dscp"], d["forward"]["ecn"]), ({"sent": 46, "seen": [0]}, {"sent": "ect0", "seen": ["ce"]}))
        self.assertEqual((d["backward"]["dscp"]["seen"], d["backward"]["ecn"]["seen"]), ([8], ["not"]))

    def test_an_info_server_tells_them_too(self):
        box = self.box(back=lambda _k, _tos: 3)
        target = "%s:%d" % self.serve({"service": "info", "transport": "udp", "address": HERE, "allow": [f"{THERE}/32"]}).address("info", "udp")
        info = self.run_there(box, "info", target, "-c", 5, *QUICK, "--dscp", "EF", "--ecn", "ect0")["info"]
        self.assertEqual({(c["member"], c["sent"], c["seen"]) for c in info["changed"]}, {("dscp", 46, 0), ("ecn", "ect0", "ce")})


class Capture(threading.Thread):
    """What tcpdump would say: the kernel's stamp of each datagram on our interface, by its number, there and back."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind(("near", ETH_P_ALL))
        self.sent, self.back, self.changed = {}, {}, threading.Condition()
        self.start()

    def run(self):
        while True:
            try:
                frame, control, _, where = self.socket.recvmsg(65536, 256)
            except OSError:
                return  # the interface is gone
            if not is_udp(frame) or len(frame) < ETHERNET + 28 + probe.HEADER:
                continue
            number = probe.NUMBER.unpack_from(frame, ETHERNET + 28)[2]
            seconds, ns = next(struct.unpack("qq", d) for _, kind, d in control if kind == SO_TIMESTAMPNS)
            with self.changed:
                (self.sent if where[2] == PACKET_OUTGOING else self.back)[number] = seconds * 10**9 + ns
                self.changed.notify_all()

    def wait(self, n):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.sent) == len(self.back) == n, harness.TIMEOUT_S):
                raise AssertionError(f"{len(self.sent)} datagrams were seen there and {len(self.back)} back, not {n}")


class Counts(Case):
    def test_a_counter_on_the_way_has_the_same_numbers(self):
        lost_there, lost_back = (3, 4, 20), (7, 30)
        box = self.box(there=lambda k, tos: None if k in lost_there else tos, back=lambda k, tos: None if k in lost_back else tos)
        Echo(box)
        done = probe.run_json(THERE, "-c", 50, *QUICK, "-W", "1s")
        self.assertEqual(box.counts, [done.packets["sent"], done.packets["sent"] - len(lost_there)])
        self.assertEqual((done.packets["received"], done.packets["lost"]), (box.counts[1] - len(lost_back), 5))

    def test_a_capture_on_the_interface_has_the_same_times(self):
        box = self.box()
        Echo(box)
        capture = Capture()
        lines = [json.loads(line) for line in probe.run(THERE, "-c", 50, *QUICK, "--format", "jsonl").out.splitlines()]
        stamped = {"send": "kernel", "receive": "kernel", "send_missing": 0, "receive_missing": 0}
        self.assertEqual(lines[-1]["host"]["timestamps"], stamped)
        capture.wait(50)
        rtts = {line["seq"]: line["rtt_ns"] for line in lines if line["type"] == "packet" and line["result"] == "ok"}
        differences = [abs(rtt - (capture.back[k] - capture.sent[k])) for k, rtt in rtts.items()]
        self.assertEqual(len(differences), 50)
        self.assertLess(statistics.median(differences), statistics.median(rtts.values()) / 5)


if __name__ == "__main__":
    harness.main(namespace=True)
