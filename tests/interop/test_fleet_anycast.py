# SPDX-License-Identifier: MIT
"""Three daemons that real BIRDs announce while they are ready, as conf/examples/fleet has it: the router follows."""

import json
import re
import shutil
import socket
import unittest

import fleet  # first: it knows where tests/system is
import harness
import peers

ROUTER = """
router id 192.168.7.1;
protocol device {{ }}
protocol kernel {{ ipv4 {{ export all; }}; merge paths on; }}
protocol kernel {{ ipv6 {{ export all; }}; merge paths on; }}
{neighbours}
"""
NEIGHBOUR = """
protocol bgp {name}{family} {{
	local {router} as 64512;
	neighbor {member} as 64513;
	connect delay time 1;
	ipv{family} {{ import all; export none; }};
}}
"""


@peers.needs("bird2", "bird")
@unittest.skipUnless(shutil.which("curl"), "needs curl")
class Anycast(fleet.Case):
    def setUp(self):
        super().setUp()
        for address in (f"{fleet.V4}/32", f"{fleet.V6}/128"):
            self.balancer.run("ip", "address", "del", address, "dev", "lo")
            for m in self.members:
                m.host.run("ip", "address", "add", address, "dev", "lo")
        self.balancer.run("sysctl", "-q", "-w", "net.ipv4.fib_multipath_hash_policy=1", "net.ipv6.fib_multipath_hash_policy=1")
        self.serve_all()
        self.environment = peers.environment("bird2")
        neighbours = []
        for m in self.members:
            v6 = f"fd07::{m.number}"
            neighbours += [NEIGHBOUR.format(name=m.name, family=family, router=router, member=member)
                           for family, router, member in ((4, "192.168.7.1", m.address), (6, "fd07::1", v6))]
            text = fleet.replaced(fleet.example("bird.conf"), ("192.168.7.11", m.address), ("fd07::11", v6))
            self.bird(m.name, m.host, text)
            socket_of = self.folder / f"bird-{m.name}"
            self.begin(m.host, ["sh", fleet.path("anycast-ready.sh")],
                       {**self.environment, "BIRDC": f"{peers.path('bird2', 'birdc')} -s {socket_of}"})
        self.bird("router", self.balancer, ROUTER.format(neighbours="".join(neighbours)))

    def bird(self, name, host, text):
        self.begin(host, [peers.path("bird2", "bird"), "-f", "-c", self.folder.write(f"{name}.conf", text), "-s",
                          self.folder / f"bird-{name}", "-P", self.folder / f"{name}.pid"], self.environment)

    def announcing(self):
        """The members to which the router has routes, the same in both families; None: they differ."""
        said = [self.balancer.run("ip", family, "route", "show", address, stdout=-1, text=True).stdout
                for family, address in (("-4", fleet.V4), ("-6", fleet.V6))]
        v4, v6 = (set(re.findall(r"via (?:192\.168\.7\.|fd07::)(\d+)", text)) for text in said)
        return {m.name for m in self.members if str(m.number) in v4} if v4 == v6 else None

    def met(self):
        """The members that answer clients now."""
        found = set()
        for i in range(40):
            s = self.connect(fleet.CLIENTS[i % len(fleet.CLIENTS)], fleet.INFO, socket.SOCK_DGRAM)
            self.addCleanup(s.close)
            s.send(b" " * 1000)
            found.add(json.loads(s.recv(4096))["host"])
        return found

    def wait_for(self, names):
        self.wait_until(lambda: self.announcing() == set(names), f"routes to {names}")

    def test_the_router_has_routes_to_those_that_are_ready(self):
        a, b, _ = self.members
        self.wait_for("abc")
        self.assertEqual(self.met(), {"a", "b", "c"})
        a.tell("drain", "echo")
        self.wait_for("bc")
        self.assertEqual(self.met(), {"b", "c"})
        b.kill()
        self.wait_for("c")
        self.assertEqual(self.met(), {"c"})
        a.tell("resume", "echo")
        b.serve()
        self.wait_for("abc")


if __name__ == "__main__":
    harness.main(namespace=True)
