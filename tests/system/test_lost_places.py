#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Listeners that are lost on the real ports and interfaces: ended by `ss -K`, their interface made anew."""

import os
import shutil
import socket
import subprocess

import clients
import harness
import netns
import test_upgrade
from test_lost import TELLS, all_sleep

HERE, THERE = "10.7.7.1", "10.7.7.2"


def kill_sockets(port):
    subprocess.run(["ss", "-a", "-K", "sport", "=", f":{port}"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def kernel_ends_sockets():
    """`ss -K` does nothing, and says nothing, where the kernel was built without it."""
    if not shutil.which("ss"):
        return False
    with socket.create_server(("127.0.0.1", 0)) as s:
        kill_sockets(s.getsockname()[1])
        return not s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


@harness.every_model
class EndedBySs(harness.Case):
    def test_is_bound_anew_on_a_port_of_root_s_after_root_was_given_up(self):
        if not kernel_ends_sockets():
            self.skipTest("needs ss and a kernel that ends sockets (INET_DIAG_DESTROY)")
        d = self.serve({"service": "echo", "transport": ["tcp", "udp"], "port": 7}, daemon={"allow": TELLS})
        kill_sockets(7)
        d.wait_log(r"^warning lost listener=echo/tcp address=127.0.0.1:7 ")
        d.wait_log(r"^notice renewed: generation 2 serves 2 sockets")
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertEqual(clients.ask(d.connect("echo", "udp"), b"hello"), b"hello")
        self.wait_until(lambda: all_sleep(d), "nobody is busy")


class OnAnInterface(test_upgrade.Upgrades):
    LISTENER = {"service": "echo", "transport": ["tcp", "udp"], "address": "*", "v6only": False, "port": 7,
                "interface": "e0", "acknowledge_public": True}
    host = None

    def make(self):
        self.host = netns.OtherHost("e0", [f"{HERE}/24"], [f"{THERE}/24"])

    def unmake(self):
        if self.host:
            self.host.close()
        self.host = None

    def anew(self):
        """A VPN that is set up again: another interface by the same name."""
        self.unmake()
        self.make()

    def serves(self):
        with self.host.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.connect((HERE, 7))
            if not clients.serves(s):
                return False
        with self.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((HERE, 7))
            return clients.ask(s, b"hello") == b"hello"

    def setUp(self):
        super().setUp()
        self.addCleanup(self.unmake)
        self.make()
        self.d = self.serve_program(self.LISTENER, allow=TELLS)
        self.assertTrue(self.serves())

    def test_that_is_made_anew_listeners_come_with_it(self):
        self.anew()
        self.d.wait_log(r"^warning lost listener=echo/tcp .* reason=\"its interface is gone")
        self.d.wait_log(r"^notice renewed: ")
        self.assertTrue(self.serves())

    def test_a_reload_comes_with_it_too(self):
        self.anew()
        self.d.reload()
        self.assertTrue(self.serves())

    def test_an_upgrade_does(self):
        self.anew()
        self.upgrade(self.d)
        self.d.wait_log(r"^notice renewed: ")
        self.assertTrue(self.serves())

    def test_that_is_gone_is_said_once_and_awaited(self):
        self.unmake()
        self.d.wait_log(r"^warning lost: cannot set SO_BINDTODEVICE of echo/tcp .*no such device.*; trying again")
        self.d.wait_log(r"^warning lost: cannot set SO_BINDTODEVICE of echo/udp .*no such device.*; trying again")
        self.d.reload()
        self.make()
        self.d.wait_log(r"^notice renewed: ")
        self.d.reload()
        self.assertTrue(self.serves())
        self.assertEqual(sum(line.startswith("warning lost") for line in self.d.log), 4)

    def test_may_be_called_by_any_of_its_names(self):
        self.d.stop()
        netns.ip("link", "property", "add", "dev", "e0", "altname", "another-name")
        path = self.folder / "socket"
        self.d = self.serve_program({**self.LISTENER, "interface": "another-name"},
                                    {"service": "echo", "name": "path", "transport": "unix", "path": path}, allow=TELLS)
        os.unlink(path)
        self.d.wait_log(r"^notice renewed: ")  # it has looked at all
        self.assertTrue(self.serves())
        self.assertEqual(sum(line.startswith("warning lost") for line in self.d.log), 1)

    def test_a_datagram_socket_that_ss_took_its_interface_from_has_it_again(self):
        if not kernel_ends_sockets():
            self.skipTest("needs ss and a kernel that ends sockets (INET_DIAG_DESTROY)")
        kill_sockets(7)
        self.d.wait_log(r"^warning lost listener=echo/udp .* reason=\"its interface is gone")
        self.d.wait_log(r"^notice renewed: ")
        self.assertTrue(self.serves())
        said = subprocess.run(["ss", "-Hanu", "sport", "=", ":7"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual([line for line in said.splitlines() if "%e0" not in line], [])


if __name__ == "__main__":
    harness.main(namespace=True)
