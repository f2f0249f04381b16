# SPDX-License-Identifier: MIT
"""tcpmux (RFC 1078): a service by its name."""

import socket

import clients
import harness

MUX = {"service": "tcpmux"}
ECHO = {"service": "echo", "transport": "tcp"}
DAYTIME = {"service": "daytime", "transport": "tcp"}


@harness.every_model
class Tcpmux(harness.Case):
    def become(self, d, name, via="tcpmux"):
        s = d.connect(via)
        s.sendall(name.encode() + b"\r\n")
        self.assertRegex(clients.recv_line(s), rb"^\+.*\r\n$")
        return s

    def test_a_named_service_begins_on_the_same_connection(self):
        d = self.serve(MUX, ECHO, DAYTIME)
        for name in ("echo", "EcHo", "ECHO"):
            self.assertTrue(clients.serves(self.become(d, name)))
        self.assertRegex(clients.recv_all(self.become(d, "daytime")), rb"-UTC\r\n$")

    def test_what_is_pipelined_behind_the_name_reaches_the_service(self):
        data = clients.pattern(50000)
        s = self.serve(MUX, ECHO).connect("tcpmux")
        clients.Sender(s, b"echo\r\n" + data)
        self.assertRegex(clients.recv_line(s), rb"^\+.*\r\n$")
        self.assertEqual(clients.recv_all(s), data)

    def test_a_name_in_pieces_is_one_name(self):
        s = self.serve(MUX, ECHO).connect("tcpmux", before=lambda c: c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1))
        for byte in b"echo\r\nafter":
            s.send(bytes([byte]))
        self.assertRegex(clients.recv_line(s), rb"^\+.*\r\n$")
        self.assertEqual(clients.recv_exactly(s, 5), b"after")

    def test_a_bare_line_feed_ends_the_name(self):
        s = self.serve(MUX, ECHO).connect("tcpmux")
        s.sendall(b"echo\nx")
        self.assertRegex(clients.recv_line(s), rb"^\+.*\r\n$")
        self.assertEqual(clients.recv_exactly(s, 1), b"x")

    def test_an_unknown_name_is_refused_and_closed(self):
        d = self.serve(MUX, ECHO)
        for name in (b"nosuch", b"", b"echo echo", b"x" * 200):
            s = d.connect("tcpmux")
            self.assertRegex(clients.ask(s, name + b"\r\n"), rb"^-[^\r\n]*\r\n$", name)

    def test_help_lists_the_services_and_closes(self):
        d = self.serve(MUX, ECHO, DAYTIME, {"service": "echo", "transport": "udp", "name": "datagrams"})
        for word in (b"HELP\r\n", b"help\r\n"):
            lines = clients.ask(d.connect("tcpmux"), word).decode("ascii").lower().split("\r\n")
            self.assertEqual(lines.pop(), "")
            self.assertLessEqual({"echo", "daytime"}, set(lines))
            self.assertNotIn("datagrams", lines)

    def test_only_the_services_of_its_list_are_served(self):
        d = self.serve({**MUX, "services": ["echo"]}, ECHO, DAYTIME)
        self.assertTrue(clients.serves(self.become(d, "echo")))
        self.assertRegex(clients.ask(d.connect("tcpmux"), b"daytime\r\n"), rb"^-")

    def test_a_name_that_never_ends_is_closed(self):
        s = self.serve(MUX, ECHO).connect("tcpmux")
        clients.Sender(s, b"x" * 10240, half_close=False)
        answer, _ = clients.recv_until_over(s)
        self.assertTrue(answer == b"" or answer.startswith(b"-"), answer)

    def test_the_named_listener_s_own_list_refuses(self):
        d = self.serve(MUX, {**ECHO, "deny": ["127.0.0.2"]})
        s = d.connect("tcpmux", source="127.0.0.2")
        s.sendall(b"echo\r\n")
        answer, _ = clients.recv_until_over(s)
        self.assertFalse(answer.startswith(b"+"), answer)
        self.assertTrue(clients.serves(self.become(d, "echo")))

    def test_the_session_counts_under_the_named_listener_s_cap(self):
        d = self.serve(MUX, {**ECHO, "max_sessions": 1})
        first = self.become(d, "echo")
        self.assertTrue(clients.serves(first))
        s = d.connect("tcpmux")
        s.sendall(b"echo\r\n")
        self.assertFalse(clients.recv_until_over(s)[0].startswith(b"+"))
        self.assertTrue(clients.is_refused(lambda: d.connect("echo")))
        self.assertTrue(clients.serves(first))

    def test_is_served_over_a_unix_socket_too(self):
        d = self.serve({**MUX, "transport": "unix", "path": self.folder / "mux"}, ECHO)
        s = d.connect("tcpmux", "unix")
        s.sendall(b"echo\r\nhello")
        self.assertRegex(clients.recv_line(s), rb"^\+.*\r\n$")
        self.assertEqual(clients.recv_exactly(s, 5), b"hello")


if __name__ == "__main__":
    harness.main()
