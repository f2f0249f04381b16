# SPDX-License-Identifier: MIT
"""echoprobe audit of servers that nobody here wrote, on the real ports: what each is known to break, and nothing else."""

import shutil
import socket
import subprocess
import time
import unittest

import config
import harness
import peers
import probe
from daemon import TIMEOUT_S
from test_probe_audit import rules

# openbsd-inetd answers no datagram from 127.0.0.0/8.
ADDRESS = "192.0.2.1"
SERVICES = ("echo", "discard", "daytime", "time", "chargen")
PORTS = "echo=7,discard=9,daytime=13,time=37,chargen=19"
# Of all three.
COMMON = {"echo-udp-loop", "daytime-udp-loop", "time-udp-loop", "chargen-udp-loop", "daytime-tcp-input", "time-tcp-input",
          "echo-udp-long", "echo-tcp-urgent", "chargen-udp-amplifies"}
XINETD = """service {name}
{{
	id = {name}-{kind}
	type = INTERNAL
	socket_type = {kind}
	protocol = {protocol}
	user = root
	wait = {wait}
	disable = no
}}
"""


class Peer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["ip", "address", "replace", f"{ADDRESS}/32", "dev", "lo"], check=True)

    def setUp(self):
        self.folder = config.Folder()
        self.addCleanup(self.folder.remove)

    def run_peer(self, package, *words, program=None):
        path = peers.path(package, program)
        p = subprocess.Popen([path, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             env=peers.environment(package))
        self.addCleanup(p.wait)
        self.addCleanup(p.terminate)
        return p

    def wait_there(self, p, port):
        """It binds its sockets one after the other: the last one is a connection's."""
        end = time.monotonic() + TIMEOUT_S
        while True:
            try:
                socket.create_connection((ADDRESS, port), TIMEOUT_S).close()
                return
            except ConnectionRefusedError:
                self.assertIsNone(p.poll(), "it ended")
                self.assertLess(time.monotonic(), end)
                time.sleep(0.01)

    def inetd_conf(self):
        """The last line is what wait_there() asks for."""
        rows = [f"{ADDRESS}:{name} {kind} root internal\n" for kind in ("dgram udp wait", "stream tcp nowait") for name in SERVICES]
        return self.folder.write("inetd.conf", "".join(rows))

    def audit(self):
        """The ids of the rules that are broken."""
        done = probe.run_json("audit", ADDRESS, "-p", PORTS, "-i", "50ms")
        self.assertEqual(done.code, 1, done.err)
        self.assertLessEqual(set(rules(done, "not testable")), {"discard-udp-silent"})
        return rules(done, "broken")

    @peers.needs("xinetd")
    def test_xinetd(self):
        text = "".join(XINETD.format(name=name, kind=kind, protocol=protocol, wait=wait) for name in SERVICES
                       for kind, protocol, wait in (("dgram", "udp", "yes"), ("stream", "tcp", "no")))
        path = self.folder.write("xinetd.conf", f"defaults\n{{\n\tcps = 10000 1\n\tinstances = UNLIMITED\n}}\n{text}")
        p = self.run_peer("xinetd", "-dontfork", "-f", path, "-pidfile", self.folder / "pid", "-filelog", "/dev/null")
        for port in (7, 9, 13, 37, 19):
            self.wait_there(p, port)
        broken = self.audit()
        self.assertEqual(set(broken), COMMON | {"chargen-udp-length", "chargen-tcp-pattern"})
        self.assertIn("2048", broken["echo-udp-long"]["reason"])
        self.assertIn("1024", broken["chargen-udp-length"]["reason"])

    @unittest.skipUnless(peers.path("openbsd-inetd", "inetd"), "needs openbsd-inetd")
    def test_openbsd_inetd(self):
        p = self.run_peer("openbsd-inetd", "-i", "-R", "100000", self.inetd_conf(), program="inetd")
        self.wait_there(p, 19)
        self.assertEqual(set(self.audit()), COMMON)

    @peers.needs("inetutils-inetd")
    def test_inetutils_inetd(self):
        p = self.run_peer("inetutils-inetd", "-d", "-R", "100000", f"--pidfile={self.folder / 'pid'}", self.inetd_conf())
        self.wait_there(p, 19)
        self.assertEqual(set(self.audit()), COMMON | {"time-udp-length", "time-tcp-length"})


if __name__ == "__main__":
    if not shutil.which("ip"):
        raise SystemExit(77)
    harness.main(namespace=True)
