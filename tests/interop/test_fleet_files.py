# SPDX-License-Identifier: MIT
"""The files of conf/examples/fleet are accepted by the programs that they are for, as they stand. Of IPVS no more than that is tried."""

import subprocess
import unittest

import fleet  # first: it knows where tests/system is
import harness
import netns
import peers


class Files(unittest.TestCase):
    def accepts(self, package, *words, program=None):
        """It says nothing: no warning either."""
        done = subprocess.run([peers.path(package, program), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, env=peers.environment(package))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    @peers.needs("haproxy")
    def test_haproxy_accepts_its_file(self):
        self.accepts("haproxy", "-c", "-f", fleet.path("haproxy.cfg"))

    @peers.needs("keepalived")
    def test_keepalived_accepts_its_file(self):
        netns.ip("link", "add", "eth0", "type", "veth", "peer", "name", "fleet")
        self.addCleanup(netns.ip, "link", "del", "eth0")
        self.accepts("keepalived", "-t", "-f", fleet.path("keepalived.conf"))

    @peers.needs("bird2", "bird")
    def test_bird_accepts_its_file(self):
        self.accepts("bird2", "-p", "-c", fleet.path("bird.conf"), program="bird")


if __name__ == "__main__":
    harness.main(namespace=True)
