# SPDX-License-Identifier: MIT
"""What echoprobe counts is what the kernel counted: its system calls by strace, the packets by nftables."""

import json
import re
import shutil
import subprocess
import unittest

import harness
import peers
import probe

NFT = "nftables", "nft"
RULES = """table inet echoprobe {{
    chain out {{ type filter hook output priority 0; udp dport {port} counter; }}
    chain in {{ type filter hook input priority 0; udp sport {port} counter; }}
}}
"""


class Calls(harness.Case):
    @unittest.skipUnless(shutil.which("strace"), "needs strace")
    def test_as_many_packets_are_sent_as_strace_sees(self):
        path = self.folder / "calls"
        with probe.Server() as server:
            traced = subprocess.run(["strace", "-e", "trace=sendmmsg", "-o", path, probe.PROBE, server.address, "-c", "100",
                                     "-i", "1ms", "--burst", "7", "-J"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if not traced.stdout:
            self.skipTest("strace may trace nothing here: " + traced.stderr.decode())
        with open(path, encoding="ascii", errors="replace") as f:
            returned = [int(n) for n in re.findall(r"(?m)^sendmmsg\(.* = (\d+)$", f.read())]
        packets = json.loads(traced.stdout)["total"]["packets"]
        self.assertEqual((sum(returned), packets["received"]), (packets["sent"], 100))


@peers.needs(*NFT)
class Packets(harness.Case):
    def nft(self, *words, **more):
        done = subprocess.run([peers.path(*NFT), *words], env=peers.environment("nftables"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False, **more)
        if re.search("not supported|not permitted", done.stderr):
            self.skipTest("this kernel has no nftables: " + done.stderr.strip())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_as_many_packets_leave_and_arrive_as_nftables_counts(self):
        dropped = {k: "drop" for k in range(0, 60, 7)}
        with probe.Server({**dropped, 5: "double"}) as server:
            self.nft("-f", "-", input=RULES.format(port=server.port))
            done = probe.run_json(server.address, "-c", 60, "-i", "2ms", "-W", "300ms")
            out, back = map(int, re.findall(r"counter packets (\d+)", self.nft("list", "table", "inet", "echoprobe")))
        packets = done.packets
        self.assertEqual((packets["sent"], packets["received"], packets["lost"], packets["duplicated"]),
                         (60, 60 - len(dropped), len(dropped), 1))
        self.assertEqual((out, back), (packets["sent"], packets["received"] + packets["duplicated"]))


if __name__ == "__main__":
    harness.main(namespace=True)
