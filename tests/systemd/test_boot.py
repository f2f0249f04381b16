# SPDX-License-Identifier: MIT
"""Units are enabled, and a machine boots: all sockets at once, with the service or without it, and nobody complains."""

import os
import shutil
import subprocess
import tempfile

import harness
from harness import SERVICE, TCP, TREE, UDP, clients

SOCKETS = [f"echotimed-{s}.socket" for s in ("echo", "daytime", "time", "discard", "hostname")]


def enabled(*units):
    """The installation and what `systemctl enable` adds to it."""
    tree = tempfile.mkdtemp(prefix="echotimed-enabled-")
    subprocess.run(["cp", "-a", TREE + "/.", tree], check=True)
    subprocess.run(["systemctl", "--quiet", f"--root={tree}", "enable", *units], check=True)
    # The bed boots to a target of its own.
    links = os.path.join(tree, "etc/systemd/system")
    if SERVICE in units:
        os.rename(os.path.join(links, "multi-user.target.wants"), os.path.join(links, "bed.target.wants"))
    return tree


class Boot(harness.Case):
    def setUp(self):
        """The bed comes with boot()."""
        self.sockets, self.allowed, self.since = [], [], None

    def boot(self, *units):
        tree = enabled(*units)
        self.addCleanup(shutil.rmtree, tree)
        context = harness.in_a_bed(tree)
        self.bed = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.addCleanup(self._finish)

    def _reset(self):
        """The bed ends."""

    def assert_all_serve(self):
        for host in ("127.0.0.1", "::1"):
            for kind in (TCP, UDP):
                self.assert_echoes(7, kind, host)
                self.assertIn(b"UTC", clients.ask(self.connect(13, kind, host), b"\n"))
                self.assertEqual(len(clients.ask(self.connect(37, kind, host), b"\n")), 4)
            self.assertIn(b"127.0.0.1", clients.ask(self.connect(101, host=host), b"HNAME localhost\r\n"))
            self.connect(9, host=host)

    def test_enabled_sockets_listen_after_boot_and_the_first_client_starts_the_service(self):
        self.boot(*SOCKETS)
        self.assertEqual([self.state(unit) for unit in SOCKETS], ["active"] * len(SOCKETS))
        self.assertEqual(self.state(), "inactive")
        self.assert_all_serve()

    def test_an_enabled_service_runs_after_boot_on_the_enabled_sockets(self):
        self.boot(SERVICE, *SOCKETS)
        self.assertEqual(self.state(), "active")
        self.assert_all_serve()

    def test_an_enabled_service_without_sockets_says_so_and_is_no_failure(self):
        self.boot(SERVICE)
        self.assertEqual((self.state(), self.bed.show(SERVICE, "Result")), ("inactive", "success"))
        self.assert_said(r"enable .*echotimed-echo\.socket")


if __name__ == "__main__":
    harness.main(bed=False)
