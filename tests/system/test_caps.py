# SPDX-License-Identifier: MIT
"""What is refused: too many sessions, too many of one source, the access lists, too many bytes."""

import re
import socket
import unittest

import clients
import harness

ECHO = {"service": "echo", "transport": "tcp"}


@harness.every_model
class SessionCaps(harness.Case):
    def fill(self, d, n, name="echo", **how):
        """n sessions that are served."""
        sessions = [d.connect(name, **how) for _ in range(n)]
        for s in sessions:
            self.assertTrue(clients.serves(s))
        return sessions

    def refused(self, d, name="echo", **how):
        self.assertTrue(clients.is_refused(lambda: d.connect(name, **how)), f"{name} {how}")

    def served_again(self, d, name="echo", **how):
        """A place becomes free a moment after the client that had it has closed."""
        self.wait_until(lambda: clients.is_served(lambda: d.connect(name, **how)), "a free place")

    def test_max_sessions_refuses_the_next_and_serves_again_when_one_has_ended(self):
        d = self.serve({**ECHO, "max_sessions": 3}, daemon={"allow": [r"^warning "]})
        sessions = self.fill(d, 3)
        for _ in range(3):
            self.refused(d)
        self.assertTrue(all(clients.serves(s) for s in sessions))
        sessions.pop().close()
        self.served_again(d)

    def test_max_sessions_per_source_counts_each_source_alone(self):
        d = self.serve({**ECHO, "max_sessions_per_source": 2}, daemon={"allow": [r"^warning "]})
        self.fill(d, 2, source="127.0.0.1")
        self.refused(d, source="127.0.0.1")
        mine = self.fill(d, 2, source="127.0.0.2")
        self.refused(d, source="127.0.0.2")
        mine.pop().close()
        self.served_again(d, source="127.0.0.2")
        self.refused(d, source="127.0.0.1")

    def test_who_has_seen_its_session_end_may_begin_the_next_at_once(self):
        d = self.serve({**ECHO, "max_sessions_per_source": 1})
        for _ in range(200):
            s = d.connect("echo")
            self.assertTrue(clients.serves(s))
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(s.recv(1), b"")
            d.hang_up()

    def test_limits_sessions_counts_over_all_listeners(self):
        d = self.serve(ECHO, {**ECHO, "name": "other"}, limits={"sessions": 3}, daemon={"allow": [r"^warning "]})
        sessions = self.fill(d, 2) + self.fill(d, 1, "other")
        self.refused(d)
        self.refused(d, "other")
        sessions.pop().close()
        self.served_again(d)

    def test_limits_sessions_per_source_counts_over_all_listeners(self):
        d = self.serve(ECHO, {**ECHO, "name": "other"}, limits={"sessions_per_source": 2}, daemon={"allow": [r"^warning "]})
        self.fill(d, 1), self.fill(d, 1, "other")
        self.refused(d)
        self.refused(d, "other")
        self.fill(d, 2, source="127.0.0.2")

    def test_a_source_is_a_prefix(self):
        d = self.serve({**ECHO, "max_sessions_per_source": 2}, limits={"source_prefix_v4": 24},
                       daemon={"allow": [r"^warning "]})
        self.fill(d, 1, source="127.0.0.1"), self.fill(d, 1, source="127.0.0.9")
        self.refused(d, source="127.0.0.5")
        self.fill(d, 1, source="127.0.1.1")

    @unittest.skipUnless(clients.has_ipv6(), "this host has no IPv6")
    def test_a_source_is_the_same_over_ipv4_and_ipv4_mapped(self):
        for cap in ({"max_sessions_per_source": 2}, {}):
            # Two sockets of one listener: of the first an IPv4 peer is IPv4, of the second IPv4-mapped.
            d = self.serve({**ECHO, "address": ["127.0.0.1", "*"], **cap}, limits={"sessions_per_source": 0 if cap else 2})
            ports = [port for _, port in d.listening("echo")]
            self.fill_ports(d, ports)
            for port in ports:
                self.assertTrue(clients.is_refused(lambda port=port: self.dial(d, port)))
            self.assertTrue(clients.is_served(lambda: self.dial(d, ports[1], "::1")))
            d.stop()

    def dial(self, d, port, host="127.0.0.1"):
        s = d.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        s.connect((host, port))
        return s

    def fill_ports(self, d, ports):
        for port in ports:
            self.assertTrue(clients.serves(self.dial(d, port)))

    def test_unix_sessions_count_as_well_but_have_no_source(self):
        d = self.serve({"service": "echo", "transport": "unix", "path": self.folder / "s", "max_sessions": 2,
                        "max_sessions_per_source": 1}, daemon={"allow": [r"^warning "]})
        self.fill(d, 2, transport="unix")
        self.refused(d, transport="unix")

    def test_refusals_are_said_once_and_not_each(self):
        d = self.serve({**ECHO, "max_sessions": 1}, daemon={"allow": [r"^warning "]})
        self.fill(d, 1)
        for _ in range(50):
            self.refused(d)
        d.stop()
        said = [m for m in (re.search(r"^notice refused listener=echo/tcp reason=sessions count=(\d+)$", line)
                            for line in d.log) if m]
        self.assertLess(len(said), 5, d.log)
        self.assertEqual(sum(int(m[1]) for m in said), 50)  # those since the last line are told at the end


@harness.every_model
class AccessLists(harness.Case):
    ALLOW = {"allow": ["127.0.0.0/29"], "deny": ["127.0.0.2"]}

    def test_the_most_specific_prefix_wins_for_sessions(self):
        d = self.serve({**ECHO, **self.ALLOW}, daemon={"allow": [r"^warning "]})
        for source, good in (("127.0.0.1", True), ("127.0.0.2", False), ("127.0.0.3", True), ("127.0.0.9", False)):
            self.assertEqual(clients.is_served(lambda source=source: d.connect("echo", source=source)), good, source)

    def test_the_lists_hold_for_ipv4_on_a_socket_of_both_families(self):
        d = self.serve({**ECHO, **self.ALLOW, "address": "*"}, daemon={"allow": [r"^warning "]})
        self.assertTrue(clients.serves(d.connect("echo", host="127.0.0.1", source="127.0.0.1")))
        self.assertTrue(clients.is_refused(lambda: d.connect("echo", host="127.0.0.1", source="127.0.0.2")))

    def test_deny_alone_allows_the_rest(self):
        d = self.serve({**ECHO, "deny": ["127.0.0.2"]}, daemon={"allow": [r"^warning "]})
        self.assertTrue(clients.serves(d.connect("echo", source="127.0.0.1")))
        self.assertTrue(clients.is_refused(lambda: d.connect("echo", source="127.0.0.2")))

    def test_tcpmux_is_no_way_around_the_lists_and_caps_of_the_listener_it_names(self):
        d = self.serve({**ECHO, **self.ALLOW, "max_sessions": 2, "max_sessions_per_source": 1}, {"service": "tcpmux"})

        def ask(source):
            s = d.connect("tcpmux", source=source)
            s.sendall(b"echo\r\nhello")
            return s
        kept = ask("127.0.0.1")
        self.assertEqual(clients.recv_exactly(kept, 10)[-5:], b"hello")
        for source in ("127.0.0.2", "127.0.0.9", "127.0.0.1"):
            self.assertNotIn(b"hello", clients.recv_until_over(ask(source))[0], source)
        other = ask("127.0.0.3")
        self.assertEqual(clients.recv_exactly(other, 10)[-5:], b"hello")
        self.assertNotIn(b"hello", clients.recv_until_over(ask("127.0.0.4"))[0])
        for reason in ("acl", "source", "sessions"):
            d.wait_log(rf"notice refused listener=echo/tcp reason={reason} count=\d")

    def test_a_refused_one_does_not_count_as_a_session(self):
        d = self.serve({**ECHO, "deny": ["127.0.0.2"], "max_sessions": 1}, daemon={"allow": [r"^warning "]})
        for _ in range(5):
            self.assertTrue(clients.is_refused(lambda: d.connect("echo", source="127.0.0.2")))
        self.assertTrue(clients.serves(d.connect("echo")))


class AccessListsOfDatagrams(harness.Case):
    def test_who_is_not_allowed_gets_silence(self):
        d = self.serve({"service": "echo", "transport": "udp", "allow": ["127.0.0.0/29"], "deny": ["127.0.0.2"]},
                       daemon={"allow": [r"^warning "]})
        refused = [d.connect("echo", "udp", source=source) for source in ("127.0.0.2", "127.0.0.9")]
        for s in refused:
            s.send(b"hello")
        self.assertEqual(clients.ask(d.connect("echo", "udp", source="127.0.0.3"), b"hello"), b"hello")
        self.assertTrue(all(clients.has_nothing(s) for s in refused))

    @harness.needs_root
    def test_source_port_0_wants_no_answer(self):
        d = self.serve({"service": "echo", "transport": "udp"})
        port = d.address("echo", "udp")[1].to_bytes(2, "big")
        # A raw socket sends with any source port, and sees a copy of every UDP datagram that arrives on this host.
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
            raw.sendto(b"\0\0" + port + b"\0\x0c\0\0" + b"zero", ("127.0.0.1", 0))
            self.assertEqual(clients.ask(d.connect("echo", "udp"), b"marker"), b"marker")
            seen = []
            while not clients.has_nothing(raw):
                seen.append(raw.recv(clients.CHUNK)[20:])
        self.assertIn((port, b"marker"), [(p[:2], p[8:]) for p in seen])
        self.assertNotIn((port, b"zero"), [(p[:2], p[8:]) for p in seen])


@harness.every_model
class MaxBytes(harness.Case):
    def test_ends_a_session_at_its_bytes_in_one_direction(self):
        d = self.serve({**ECHO, "max_bytes": 1000})
        s = d.connect("echo")
        self.assertEqual(clients.echo(s, b"x" * 999), b"x" * 999)
        s.sendall(b"y" * 500)
        self.assertLessEqual(len(clients.recv_until_over(s)[0]), 1)
        d.wait_log(r"session .*end=limit")

    def test_ends_a_service_that_sends_for_ever(self):
        d = self.serve({"service": "chargen", "transport": "tcp", "max_bytes": "8k"})
        self.assertLessEqual(len(clients.recv_until_over(d.connect("chargen"))[0]), 8192)
        d.wait_log(r"session .*end=limit")


if __name__ == "__main__":
    harness.main()
