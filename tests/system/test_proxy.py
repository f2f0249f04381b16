# SPDX-License-Identifier: MIT
"""The PROXY protocol (HAProxy's text of 2020/03/05): whom its headers are believed from, and what they change."""

import ipaddress
import random
import socket
import struct
import time

import clients
import harness

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
LOCAL = SIGNATURE + bytes.fromhex("20000000")
BALANCED = {"transport": "tcp", "proxy": "both", "proxy_from": ["127.0.0.1"]}
ECHO = {**BALANCED, "service": "echo"}
WARNINGS = {"allow": [r"^warning "]}
TABLE = """\
HOST : 192.0.2.1 : FOUR.EXAMPLE :
HOST : 192.0.2.2 : OTHER.EXAMPLE :
HOST : 127.0.0.1 : BALANCER.EXAMPLE :
"""


def v1(client="192.0.2.1", server="198.51.100.2", port=56324):
    family = "TCP6" if ":" in client else "TCP4"
    return f"PROXY {family} {client} {server} {port} 7\r\n".encode()


def v2(client="192.0.2.1", server="198.51.100.2", port=56324, tlvs=b""):
    a, b = ipaddress.ip_address(client), ipaddress.ip_address(server)
    rest = a.packed + b.packed + struct.pack("!HH", port, 7) + tlvs
    return SIGNATURE + bytes([0x21, 0x11 if a.version == 4 else 0x21]) + struct.pack("!H", len(rest)) + rest


class Case(harness.Case):
    def begin(self, d, first, name="echo", **how):
        """A session that begins with these bytes."""
        s = d.connect(name, **how)
        s.sendall(first)
        return s

    def expect_session(self, d, first, name="echo", **how):
        s = self.begin(d, first, name, **how)
        self.assertTrue(clients.serves(s), first)
        return s

    def expect_reset(self, d, first, name="echo", **how):
        """Not a byte comes back, and the end is a reset."""
        try:
            s = self.begin(d, first, name, **how)
        except (ConnectionResetError, BrokenPipeError):
            return
        self.assertEqual(clients.recv_until_over(s), (b"", "reset"), first)


@harness.every_model
class Headers(Case):
    def serve_hostname(self, **more):
        return self.serve({**BALANCED, "service": "hostname", "table": self.folder.write("hosts.txt", TABLE),
                           "allow": ["0.0.0.0/0", "::/0"], **more})

    def who(self, d, header):
        """What HADDR without an argument says: who the server thinks that this is."""
        return clients.ask(d.connect("hostname"), header + b"HADDR\r\n")

    def test_the_vectors_of_the_specification_are_whom_they_name(self):
        d = self.serve_hostname()
        vector = bytes.fromhex("0d0a0d0a000d0a515549540a2111000cc0000201c6336402dc040007")
        self.assertEqual(v2(), vector)
        self.assertIn(b": FOUR.EXAMPLE :", self.who(d, vector))
        self.assertIn(b": FOUR.EXAMPLE :", self.who(d, v1()))
        self.assertIn(b": OTHER.EXAMPLE :", self.who(d, v1("192.0.2.2")))
        self.assertIn(b": FOUR.EXAMPLE :", self.who(d, v2("::ffff:192.0.2.1", "::ffff:198.51.100.2")))
        for real in (LOCAL, b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN 192.0.2.1 192.0.2.2 1 2\r\n"):
            self.assertIn(b": BALANCER.EXAMPLE :", self.who(d, real))

    def test_the_session_s_line_names_the_client_and_counts_its_bytes_alone(self):
        d = self.serve(ECHO)
        for header, peer in ((v1(), "192.0.2.1:56324"), (v2("2001:db8::1", "2001:db8::2", 40000), "[2001:db8::1]:40000")):
            line, _ = d.mark()
            s = self.begin(d, header + b"hello")
            self.assertEqual(clients.recv_exactly(s, 5), b"hello")
            s.close()
            found = d.wait_log(r"session .*peer=(\S+) .*in=5 out=5 end=eof", since=line)[0]
            self.assertEqual(found[1].strip('"'), peer)

    def test_what_is_behind_the_header_reaches_the_service(self):
        data = clients.pattern(300000)
        d = self.serve(ECHO)
        for header in (v1(), v2(), v2(tlvs=b"\x04" + struct.pack("!H", 65535 - 15) + bytes(65535 - 15))):
            s = d.connect("echo")
            clients.Sender(s, header + data)
            self.assertEqual(clients.recv_all(s), data)

    def test_a_header_in_pieces_is_one_header(self):
        d = self.serve(ECHO)
        for header in (v1(), v2("2001:db8::1", "2001:db8::2"), LOCAL):
            s = d.connect("echo", before=lambda c: c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1))
            for byte in header:
                s.send(bytes([byte]))
            self.assertTrue(clients.serves(s))

    def test_a_service_that_speaks_first_waits_for_the_header(self):
        d = self.serve({**BALANCED, "service": "time"}, {"service": "daytime", "transport": "tcp"})
        waiting = self.begin(d, v1()[:-1], "time")
        self.assertEqual(len(clients.recv_all(self.begin(d, v2(), "time"))), 4)
        self.assertTrue(clients.has_nothing(waiting))
        waiting.send(b"\n")
        self.assertEqual(len(clients.recv_all(waiting)), 4)

    def test_without_a_header_the_connection_is_reset(self):
        d = self.serve(ECHO, daemon=WARNINGS)
        for data in (b"hello", b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 7\n", v1()[1:], b"x" * 65536, v2()[:13] + b"\x55" * 60):
            self.expect_reset(d, data)
        s = self.begin(d, v1()[:20])
        s.shutdown(socket.SHUT_WR)
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        self.expect_session(d, v1())

    def test_a_header_that_does_not_come_in_3_s_ends_the_connection(self):
        d = self.serve(ECHO, {**BALANCED, "service": "daytime"}, daemon=WARNINGS)
        started = time.monotonic()
        waiting = [self.begin(d, b""), self.begin(d, v1()[:10]), self.begin(d, b"", "daytime")]
        for s in waiting:
            self.assertEqual(clients.recv_until_over(s), (b"", "reset"))
        self.assertGreater(time.monotonic() - started, 2.9)

    def test_one_version_is_not_the_other(self):
        d = self.serve({**ECHO, "proxy": "v1"}, {**ECHO, "name": "binary", "proxy": "v2"}, daemon=WARNINGS)
        self.expect_session(d, v1())
        self.expect_session(d, v2(), "binary")
        self.expect_reset(d, v2())
        self.expect_reset(d, v1(), "binary")

    def test_where_it_is_off_a_header_is_data(self):
        d = self.serve({"service": "echo", "transport": "tcp", "proxy_from": ["127.0.0.1"]})
        for header in (v1(), v2(), LOCAL):
            self.assertEqual(clients.echo(d.connect("echo"), header), header)

    def test_a_reload_may_ask_for_it_and_leaves_open_sessions_alone(self):
        d = self.serve({**ECHO, "proxy": "off"}, daemon=WARNINGS)
        before = self.expect_session(d, b"")
        d.reload(self.config(ECHO))
        behind = self.expect_session(d, v1())
        self.expect_reset(d, b"hello")
        d.reload(self.config({**ECHO, "proxy": "off"}))
        self.assertEqual(clients.echo(d.connect("echo"), v1()), v1())
        self.assertTrue(clients.serves(before) and clients.serves(behind))

    def test_a_unix_socket_believes_whoever_may_open_it(self):
        d = self.serve({"service": "echo", "transport": "unix", "path": self.folder / "s", "proxy": "v2",
                        "deny": ["192.0.2.2"]}, daemon=WARNINGS)
        self.expect_session(d, v2(), transport="unix").close()
        d.wait_log(r"session .*transport=unix peer=192\.0\.2\.1:56324 ")
        for first in (b"hello", v2("192.0.2.2")):
            try:
                self.assertEqual(clients.recv_until_over(self.begin(d, first, transport="unix"))[0], b"")
            except BrokenPipeError:
                pass

    def test_nothing_that_chance_makes_of_a_header_does_harm(self):
        d = self.serve({**ECHO, "max_sessions": 0, "max_sessions_per_source": 0}, limits={"sessions_per_source": 0},
                       daemon={"allow": [r"^warning refused"]})
        chance = random.Random(16)
        whole = [v1(), v2(), v2("2001:db8::1", "2001:db8::2", tlvs=b"\x03\0\4abcd\x05\0\x81"), LOCAL]
        for i in range(150):
            data = bytearray(chance.choice(whole))
            data = data[:chance.randrange(len(data))] if i % 2 else data
            for _ in range(i % 3):
                if data:
                    data[chance.randrange(len(data))] = chance.randrange(256)
            try:
                s = self.begin(d, bytes(data))
                s.shutdown(socket.SHUT_WR)
                clients.recv_until_over(s)
            except OSError:  # reset while it was sent
                pass
            d.hang_up()
        self.expect_session(d, v1())


@harness.every_model
class Trust(Case):
    def test_only_from_proxy_from_whatever_the_lists_allow(self):
        d = self.serve({**ECHO, "proxy_from": ["127.0.0.8/29"], "allow": ["127.0.0.0/8", "192.0.2.0/24"]}, daemon=WARNINGS)
        self.expect_session(d, v1(), source="127.0.0.9")
        self.expect_reset(d, v1(), source="127.0.0.1")
        self.expect_reset(d, b"hello", source="127.0.0.1")

    def test_the_lists_are_for_the_client_and_not_for_its_balancer(self):
        d = self.serve({**ECHO, "allow": ["192.0.2.0/24", "2001:db8::/32"], "deny": ["192.0.2.2"]}, daemon=WARNINGS)
        for header in (v1(), v2(), v2("2001:db8::7", "::1"), v1("::ffff:192.0.2.3", "::ffff:192.0.2.9")):
            self.expect_session(d, header)
        for header in (v1("192.0.2.2"), v2("192.0.2.2"), v2("198.51.100.1"), LOCAL, b"PROXY UNKNOWN\r\n"):
            self.expect_reset(d, header)

    def test_the_caps_per_source_are_for_the_client_and_not_for_its_balancer(self):
        d = self.serve({**ECHO, "max_sessions_per_source": 2}, daemon=WARNINGS)
        for i in range(1, 6):
            mine = [self.expect_session(d, v1(f"192.0.2.{i}")) for _ in range(2)]
            self.expect_reset(d, v2(f"192.0.2.{i}"))
        mine.pop().close()
        self.wait_until(lambda: clients.is_served(lambda: self.begin(d, v1("192.0.2.5"))), "a free place")
        for _ in range(4):
            self.expect_session(d, LOCAL)

    def test_what_a_balancer_passes_on_does_not_use_up_its_own_caps(self):
        d = self.serve(ECHO, {"service": "echo", "transport": "tcp", "name": "direct"}, limits={"sessions_per_source": 2},
                       daemon=WARNINGS)
        kept = [self.expect_session(d, v1(f"192.0.2.{i}")) for i in range(1, 5)]
        kept += [self.expect_session(d, LOCAL), self.begin(d, v1()[:9])]
        kept += [self.expect_session(d, b"", "direct") for _ in range(2)]
        self.expect_reset(d, b"", "direct")

    def test_a_client_is_the_same_behind_a_balancer_and_beside_it(self):
        d = self.serve(ECHO, {"service": "echo", "transport": "tcp", "name": "direct"}, limits={"sessions_per_source": 2},
                       daemon=WARNINGS)
        kept = [self.expect_session(d, b"", "direct", source="127.0.0.5"), self.expect_session(d, v1("127.0.0.5"))]
        self.expect_reset(d, v1("127.0.0.5"))
        self.expect_reset(d, b"", "direct", source="127.0.0.5")
        kept.pop().close()
        self.wait_until(lambda: clients.is_served(lambda: d.connect("direct", source="127.0.0.5")), "a free place")

    def test_total_caps_count_connections_whose_header_is_due(self):
        d = self.serve({**ECHO, "max_sessions": 2}, daemon=WARNINGS)
        waiting, _ = self.begin(d, b"PROXY"), self.expect_session(d, v1())
        self.expect_reset(d, v1())
        waiting.close()
        self.wait_until(lambda: clients.is_served(lambda: self.begin(d, v1())), "a free place")


@harness.every_model
class BeforeTcpmux(Case):
    MUX = {**BALANCED, "service": "tcpmux"}
    ECHO = {"service": "echo", "transport": "tcp"}

    def test_the_header_counts_for_the_service_that_is_named(self):
        d = self.serve(self.MUX, {**self.ECHO, "deny": ["192.0.2.2"], "max_sessions_per_source": 1}, daemon=WARNINGS)
        s = self.begin(d, v1() + b"echo\r\nhello", "tcpmux")
        self.assertRegex(clients.recv_line(s), rb"^\+.*\r\n$")
        self.assertEqual(clients.recv_exactly(s, 5), b"hello")
        for client in ("192.0.2.1", "192.0.2.2"):
            self.assertEqual(clients.recv_until_over(self.begin(d, v2(client) + b"echo\r\n", "tcpmux"))[0], b"")
        s.close()
        d.wait_log(r"session listener=echo .*peer=192\.0\.2\.1:56324 ")

    def test_no_second_header_is_asked_for(self):
        d = self.serve(self.MUX, {**self.ECHO, **BALANCED})
        s = self.begin(d, v1() + b"echo\r\n" + v2(), "tcpmux")
        self.assertRegex(clients.recv_line(s), rb"^\+.*\r\n$")
        self.assertEqual(clients.recv_exactly(s, len(v2())), v2())

    def test_without_a_header_it_is_no_way_around_proxy_from(self):
        d = self.serve({"service": "tcpmux", "transport": "tcp"}, {**self.ECHO, **BALANCED}, daemon=WARNINGS)
        self.assertEqual(clients.recv_until_over(self.begin(d, b"echo\r\nhello", "tcpmux"))[0], b"")
        self.expect_session(d, v1())


if __name__ == "__main__":
    harness.main()
