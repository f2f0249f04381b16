# SPDX-License-Identifier: MIT
"""stamp with programs that nobody here wrote: scapy asks and reads the answers, tshark's dissector reads them too."""

import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import clients  # noqa: E402
import harness  # noqa: E402
import oracles  # noqa: E402
import stamp  # noqa: E402

STAMP = {"service": "stamp", "allow": ["127.0.0.0/8"]}

# Scapy has the flags of a TLV in the wrong order of bits (U is 1 there, not 0x80), so flags are given and read as octets.
SCAPY = """
import json, socket, sys
from scapy.layers.inet import UDP
from scapy.contrib.stamp import *
port, = map(int, sys.argv[1:])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(60)
s.connect(("127.0.0.1", port))
said = []
for i in range(20):
    tlvs = [STAMPTestTLV(flags=0x80, type=1, len=8, value=bytes(range(8))),
            STAMPTestTLV(flags=0x80, type=200, len=4, value=b"what")] if i % 2 else []
    estimate = ErrorEstimate(S=1, Z=0, scale=7, multiplier=9)
    request = STAMPSessionSenderTestUnauthenticated(seq=1000 + i, ts=1700000000.5 + i, err_estimate=estimate, ssid=77, tlv_objects=tlvs)
    s.send(bytes(request))
    octets = s.recv(65536)
    r = STAMPSessionReflectorTestUnauthenticated(octets, _parent=UDP(len=8 + len(octets)))
    said.append({"seq": r.seq, "ssid": r.ssid, "sender_seq": r.seq_sender, "t1": float(r.ts_sender), "t2": float(r.ts_rx),
                 "t3": float(r.ts), "multiplier": r.err_estimate.multiplier, "sender_scale": r.err_estimate_sender.scale,
                 "sender_multiplier": r.err_estimate_sender.multiplier, "ttl": r.ttl_sender, "request": bytes(request).hex(),
                 "answer": octets.hex(), "tlvs": [[bytes(t)[0], t.type, t.len, t.value.hex()] for t in r.tlv_objects]})
print(json.dumps(said))
"""


def capture(packets):
    """The octets of a capture of UDP payloads from port 862 to port 40000."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 101)]  # in nanoseconds, IP packets
    for i, payload in enumerate(packets):
        udp = struct.pack("!HHHH", 862, 40000, 8 + len(payload), 0) + payload
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 255, 17, 0, bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))
        out.append(struct.pack("<IIII", i, 0, len(ip + udp), len(ip + udp)) + ip + udp)
    return b"".join(out)


def dissected(packets, fields):
    """The fields that tshark finds in each packet, as text."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(capture(packets))
        file.flush()
        done = subprocess.run(["tshark", "-n", "-r", file.name, "-d", "udp.port==862,twamp.test", "-T", "fields", "-E", "separator=|",
                               *(word for field in fields for word in ("-e", field))],
                              env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True, timeout=120, check=True)
    return [dict(zip(fields, line.split("|"))) for line in done.stdout.splitlines()]


def need(what, name, package):
    try:
        what(name, package)
    except oracles.Missing as e:
        raise unittest.SkipTest(f"needs {e}") from None


class Peers(harness.Case):
    def test_scapy_reads_what_it_asked_for(self):
        need(oracles.need_python, "scapy.contrib.stamp", "python3-scapy")
        port = self.serve(STAMP).address("stamp", "udp")[1]
        done = subprocess.run([oracles.SYSTEM_PYTHON, "-c", SCAPY, str(port)], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        for i, r in enumerate(json.loads(done.stdout)):
            self.assertEqual((r["seq"], r["sender_seq"], r["ssid"]), (1000 + i, 1000 + i, 77))
            self.assertAlmostEqual(r["t1"], 1700000000.5 + i, 4)
            self.assertLessEqual(r["t2"], r["t3"])
            self.assertEqual((r["sender_scale"], r["sender_multiplier"]), (7, 9))
            self.assertNotEqual(r["multiplier"], 0)
            self.assertGreater(r["ttl"], 0)
            self.assertEqual(r["tlvs"], [[0, 1, 8, bytes(range(8)).hex()], [0x80, 200, 4, b"what".hex()]] if i % 2 else [])
            # And octet by octet, as struct reads them.
            ours, asked = stamp.reflection(bytes.fromhex(r["answer"])), bytes.fromhex(r["request"])
            self.assertEqual((ours.seq, ours.ssid, ours.ttl), (r["seq"], r["ssid"], r["ttl"]))
            self.assertEqual(struct.pack("!Q", ours.t1), asked[4:12])

    def test_tshark_reads_the_same_as_we_do(self):
        need(oracles.need_program, "tshark", "tshark")
        s = self.serve({**STAMP, "mode": "stateful"}).connect("stamp", "udp")
        octets = [clients.ask(s, stamp.request(10 + 2 * i, stamp.ntp(1700000000 * 10**9 + i), tlvs=bytes(20))) for i in range(10)]
        fields = [f"twamp.test.{name}" for name in ("seq_number", "sender_seq_number", "sender_ttl", "error_estimate.multiplier",
                                                    "error_estimate.scale", "timestamp", "receive_timestamp", "sender_timestamp")]
        rows = dissected(octets, fields)
        self.assertEqual(len(rows), len(octets))
        for packet, row in zip(octets, rows):
            r = stamp.reflection(packet)
            said = {name: int(row[f"twamp.test.{name}"]) for name in ("seq_number", "sender_seq_number", "sender_ttl")}
            self.assertEqual(said, {"seq_number": r.seq, "sender_seq_number": r.sender_seq, "sender_ttl": r.ttl})
            # Of both estimates, ours first; that of the request is 0x8001.
            self.assertEqual(row["twamp.test.error_estimate.multiplier"], f"{r.error & 0xFF},1")
            self.assertEqual(row["twamp.test.error_estimate.scale"], f"{r.error >> 8 & 0x3F},0")
            for name, moment in (("timestamp", r.t3), ("receive_timestamp", r.t2), ("sender_timestamp", r.t1)):
                digits = row[f"twamp.test.{name}"].partition(".")[2][:9]
                self.assertAlmostEqual(int(digits), stamp.ns_of(moment) % 10**9, delta=1)


if __name__ == "__main__":
    harness.main()
