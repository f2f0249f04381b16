#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Multipath TCP: listeners that take it, of ours and passed; plain TCP beside it, and in its place where there is none."""

import os
import shutil
import socket
import struct
import subprocess
import sys

import clients
import control
import harness
import passing
import procs
import test_proxy

IPPROTO_MPTCP, SOL_MPTCP, MPTCP_INFO, FALLBACK = 262, 284, 1, 1
ECHO = {"service": "echo", "transport": "tcp", "mptcp": True}
NO_MULTIPATH = ["unshare", "-n", "sh", "-c", 'ip link set lo up && echo 0 > /proc/sys/net/mptcp/enabled && exec "$@"', "--"]


def has_multipath():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP).close()
    except OSError:
        return False
    return True


def is_multipath(s):
    """Of a client that has had an answer: both sides speak it."""
    try:
        info = s.getsockopt(SOL_MPTCP, MPTCP_INFO, 100)
    except OSError:  # it is not even tried any more
        return False
    return not struct.unpack_from("8xI", info)[0] & FALLBACK


class Case(control.Case):
    def dial(self, where):
        s = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
        self.addCleanup(s.close)
        s.settimeout(harness.TIMEOUT_S)
        s.connect(where)
        return s

    def expect_both(self, d, name="echo"):
        """Clients of Multipath TCP and of TCP are served."""
        data = clients.pattern(1024 * 1024)
        s = self.dial(d.address(name))
        sender = clients.Sender(s, data)
        self.assertEqual(clients.recv_all(s), data)
        self.assertIsNone(sender.error)
        s = self.dial(d.address(name))
        self.assertTrue(clients.serves(s) and is_multipath(s))
        self.assertTrue(clients.serves(d.connect(name)))
        return s


@harness.every_model
class Sessions(Case):
    def test_of_both_kinds_are_served(self):
        d = self.serve(ECHO, {**ECHO, "name": "other", "mptcp": False})
        self.expect_both(d)
        s = self.dial(d.address("other"))
        self.assertTrue(clients.serves(s) and not is_multipath(s))

    def test_of_both_families_are_served(self):
        if not clients.has_ipv6():
            self.skipTest("this host has no IPv6")
        d = self.serve({**ECHO, "address": "loopback"}, {**ECHO, "name": "any", "address": "*", "dscp": 8})
        for where in [*d.listening("echo"), ("127.0.0.1", d.address("any")[1]), ("::1", d.address("any")[1])]:
            s = self.dial(where)
            self.assertTrue(clients.serves(s) and is_multipath(s), where)

    def test_on_an_interface_are_served_and_it_is_not_taken_for_lost(self):
        path = self.folder / "socket"
        d = self.serve({**ECHO, "interface": "lo"}, {"service": "echo", "name": "path", "transport": "unix", "path": path},
                       daemon={"allow": [r"^warning lost listener=path/unix "]})
        os.unlink(path)
        d.wait_log(r"^notice renewed: ")  # it has looked at all
        self.expect_both(d)

    def test_behind_a_balancer_have_their_client_s_address(self):
        d = self.serve({**ECHO, "proxy": "both", "proxy_from": ["127.0.0.1"]})
        for header in (test_proxy.v1(), test_proxy.v2()):
            s = self.dial(d.address("echo"))
            s.sendall(header)
            self.assertTrue(clients.serves(s) and is_multipath(s))
            s.close()
        d.wait_log(r"^info session .*peer=192\.0\.2\.1:56324 ", 2)

    def test_that_are_refused_get_no_byte(self):
        d = self.serve({**ECHO, "deny": ["127.0.0.0/8"]})
        self.assertTrue(clients.is_refused(lambda: self.dial(d.address("echo"))))

    def test_go_on_over_reloads_that_switch_it_off_and_on(self):
        port = self.serve({**ECHO, "mptcp": False}).address("echo")[1]  # a free one
        self.daemons.pop().stop()
        d = self.serve({**ECHO, "port": port})
        kept = [self.expect_both(d)]
        for on in (False, True, False, True):
            lines = d.reload(self.config_of({**ECHO, "port": port, "mptcp": on}))
            self.assertTrue(any("notice reloaded" in line for line in lines), lines)
            s = self.dial(("127.0.0.1", port))
            self.assertTrue(clients.serves(s))
            self.assertEqual(is_multipath(s), on)
            kept.append(s)
            self.assertTrue(all(map(clients.serves, kept)))

    @harness.needs_root
    def test_are_asked_whether_they_are_there(self):
        d = self.serve({**ECHO, "keepalive": "90s", "user_timeout": "7s"})
        s = self.dial(d.address("echo"))
        self.assertTrue(clients.serves(s))
        found = set()  # the acceptor may hold it for a moment beside the child
        for pid in d.workers():
            for fd, what in procs.descriptors(pid).items():
                if not what.startswith("socket:"):
                    continue
                with procs.borrow(pid, fd) as theirs:
                    try:
                        ours = theirs.family == socket.AF_INET and theirs.getpeername() == s.getsockname()
                    except OSError:
                        continue
                    if ours:
                        found.add((theirs.proto, theirs.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)))
        self.assertEqual(found, {(IPPROTO_MPTCP, 1)})


class IsShown(Case):
    def test_by_the_check_of_the_settings_status_and_ss(self):
        said = self.run_once("-t", config=self.config(ECHO, {"service": "echo", "name": "other"})).stdout
        self.assertEqual([line.split()[0] for line in said.splitlines() if "Multipath TCP" in line], ["echo/tcp"])
        d = self.serve(ECHO, {"service": "echo", "name": "other"})
        lines = {x["listener"]: x for x in self.done("status") if x["kind"] == "listener"}
        self.assertEqual([name for name, x in lines.items() if x.get("mptcp")], ["echo/tcp"])
        self.assertRegex(self.ctl("status").stdout, r"(?m)^echo/tcp +\S+ \(MPTCP\) ")
        if shutil.which("ss") and "--mptcp" in subprocess.run(["ss", "-h"], capture_output=True, text=True, check=False).stdout:
            shown = subprocess.run(["ss", "-HMln"], capture_output=True, text=True, check=True).stdout
            self.assertIn(f"127.0.0.1:{d.address('echo')[1]} ", shown)
            self.assertNotIn(f"127.0.0.1:{d.address('other')[1]} ", shown)

    @harness.needs_root
    def test_not_where_the_kernel_has_none_which_is_said_once(self):
        d = self.serve({**ECHO, "address": ["127.0.0.1", "127.0.0.2"]}, {**ECHO, "name": "other"},
                       daemon={"prefix": NO_MULTIPATH})
        d.reload()
        said = [line for line in d.log if "Multipath" in line]
        self.assertEqual(len(said), 1, said)
        self.assertRegex(said[0], r"^notice listening: this kernel has no Multipath TCP .*: plain TCP on 3 sockets that ask")
        self.assertEqual([x for x in self.done("status") if "mptcp" in x], [])


@passing.needs_systemd
class Passed(Case, passing.Case):
    def test_sockets_of_it_are_served_like_those_of_tcp(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
        with s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            s.set_inheritable(True)
            d = self.pass_to([("echo", s)], {"service": "echo", "transport": "tcp", "keepalive": "1m", "user_timeout": "7s"},
                             control={"path": self.path})
            self.expect_both(d)
            self.assertTrue(self.one("status", "listener")["mptcp"])


if __name__ == "__main__":
    if not has_multipath():
        print("skipped: this kernel has no Multipath TCP")
        sys.exit(77)
    harness.main()
