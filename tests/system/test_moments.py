# SPDX-License-Identifier: MIT
"""When a listener serves (access_times, max_load), the line for who is refused, and two options of TCP sockets."""

import contextlib
import datetime
import os
import socket

import clients
import harness
import procs

TCP_CONGESTION = 13
ECHO = {"service": "echo", "transport": "tcp"}


def span(begin_h, end_h, zone_h=0):
    """Hours from now, in a zone so many hours east of UTC."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=zone_h)
    return "-".join((now + datetime.timedelta(hours=h)).strftime("%H:%M") for h in (begin_h, end_h))


class Case(harness.Case):
    def refused(self, d, name="echo"):
        return clients.is_refused(lambda: self.dial(d, name))

    def served(self, d, name="echo"):
        with self.dial(d, name) as s:
            return clients.serves(s)

    @staticmethod
    def dial(d, name):
        return socket.create_connection(d.address(name), harness.TIMEOUT_S)

    def wait_refused(self, d, reason):
        self.wait_until(lambda: any(f"reason={reason}" in line for line in d.log), f"a line about {reason}")


@harness.every_model
class AccessTimes(Case):
    def test_a_listener_serves_in_its_hours_alone(self):
        d = self.serve({**ECHO, "name": "now", "access_times": [span(-3, -2), span(-1, 1)]},
                       {**ECHO, "name": "later", "access_times": [span(2, 3), span(4, 5)]})
        self.assertTrue(self.served(d, "now"))
        self.assertTrue(self.refused(d, "later"))
        self.wait_refused(d, "time")

    def test_the_hours_are_those_of_its_zone(self):
        d = self.serve({**ECHO, "name": "tokyo", "timezone": "Asia/Tokyo", "access_times": [span(-1, 1, 9)]},
                       {**ECHO, "name": "utc", "access_times": [span(-1, 1, 9)]})
        self.assertTrue(self.served(d, "tokyo"))
        self.assertTrue(self.refused(d, "utc"))

    def test_a_session_that_is_open_goes_on_when_a_reload_ends_the_hours(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        listener = {**ECHO, "port": port, "access_times": [span(-1, 1)]}
        d = self.serve(listener)
        with self.dial(d, "echo") as kept:
            self.assertTrue(clients.serves(kept))
            d.reload(self.config({**listener, "access_times": [span(2, 3)]}))
            self.assertTrue(clients.serves(kept))
            self.assertTrue(clients.is_refused(lambda: socket.create_connection(("127.0.0.1", port), harness.TIMEOUT_S)))


class Datagrams(Case):
    def test_outside_of_the_hours_are_not_answered(self):
        d = self.serve({"service": "echo", "name": "later", "transport": "udp", "access_times": [span(2, 3)]},
                       {"service": "echo", "name": "now", "transport": "udp", "access_times": [span(-1, 1)]})
        with clients.datagram_socket() as s:
            s.settimeout(harness.TIMEOUT_S)
            s.sendto(b"silence", d.address("later", "udp"))
            s.sendto(b"answer", d.address("now", "udp"))
            self.assertEqual(s.recv(100), b"answer")
        self.wait_refused(d, "time")


class Load(Case):
    def test_above_it_no_session_begins(self):
        self.wait_until(lambda: os.getloadavg()[0] >= 0.01, "some load")  # this loop makes it
        d = self.serve({**ECHO, "name": "idle", "max_load": 0.001}, {**ECHO, "name": "any", "max_load": 100000.0})
        self.assertTrue(self.served(d, "any"))
        self.assertTrue(self.refused(d, "idle"))
        self.wait_refused(d, "load")


@harness.every_model
class Banner(Case):
    def test_who_is_refused_reads_a_line_and_the_end(self):
        d = self.serve({**ECHO, "deny": ["127.0.0.1"], "banner_refused": "421 not you"})
        for sent in (b"", b"bytes that nobody will read"):
            with self.dial(d, "echo") as s:
                s.sendall(sent)
                s.settimeout(harness.TIMEOUT_S)
                self.assertEqual(s.recv(100), b"421 not you\r\n")

    def test_who_comes_beyond_the_cap_too(self):
        d = self.serve({**ECHO, "max_sessions": 1, "banner_refused": "421 full"})
        with self.dial(d, "echo") as first:
            self.assertTrue(clients.serves(first))
            with self.dial(d, "echo") as s:
                self.assertEqual(clients.recv_all(s), b"421 full\r\n")
            self.assertTrue(clients.serves(first))

    def test_behind_a_balancer_the_client_reads_it_and_a_stranger_nothing(self):
        d = self.serve({**ECHO, "proxy": "v1", "proxy_from": ["127.0.0.1"], "deny": ["192.0.2.1"], "banner_refused": "421 not you"})
        with self.dial(d, "echo") as s:
            s.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 7\r\n")
            self.assertEqual(clients.recv_all(s), b"421 not you\r\n")
        with self.dial(d, "echo") as s:
            s.sendall(b"no header at all\r\n")
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(s.recv(100), b"")

    def test_without_one_the_connection_is_reset(self):
        d = self.serve({**ECHO, "deny": ["127.0.0.1"]})
        self.assertTrue(self.refused(d))


class Tcp(Case):
    def options(self, d, *option):
        """What the processes' sockets of the listener's port have."""
        found = set()
        for pid in d.workers():
            for fd, what in procs.descriptors(pid).items():
                if not what.startswith("socket:"):
                    continue
                with procs.borrow(pid, fd) as s:
                    if s.family == socket.AF_INET and s.getsockname()[1] == d.address("echo")[1]:
                        found.add(s.getsockopt(*option))
        return found

    @harness.needs_root
    def test_sessions_use_the_algorithm_that_is_said(self):
        with open("/proc/sys/net/ipv4/tcp_available_congestion_control", encoding="ascii") as f:
            available = f.read().split()
        d = self.serve({**ECHO, "congestion": available[-1]})
        with self.dial(d, "echo") as s:
            self.assertTrue(clients.serves(s))
            self.assertEqual({name.rstrip(b"\0").decode() for name in self.options(d, socket.IPPROTO_TCP, TCP_CONGESTION, 16)},
                             {available[-1]})
        done = self.run_once(config=self.config({**ECHO, "congestion": "nosuch", "port": 0}))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("TCP_CONGESTION", done.stderr)

    @harness.needs_root
    def test_data_in_the_first_segment_is_answered(self):
        d = self.serve({**ECHO, "fastopen": 16})
        self.assertEqual(self.options(d, socket.IPPROTO_TCP, socket.TCP_FASTOPEN), {16})
        for _ in range(2):  # the first connection brings the cookie
            with socket.socket() as s:
                s.sendto(b"early", socket.MSG_FASTOPEN, d.address("echo"))
                s.settimeout(harness.TIMEOUT_S)
                self.assertEqual(s.recv(100), b"early")


if __name__ == "__main__":
    harness.main()
