# SPDX-License-Identifier: MIT
"""What is refused is said: a line for each listener and reason, with its count, and not one for each refusal."""

import socket

import clients
import harness

ECHO = {"service": "echo", "transport": "tcp"}
UDP = {"service": "echo", "transport": "udp"}
BALANCED = {**ECHO, "proxy": "v1"}
SERVER_PORT = 33848  # of the table of servers, and free for everybody to bind
ODD_PORT = 61001     # no client's, and no server's
HEADER = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 7\r\n"


class Case(harness.Case):
    def said(self, d, listener, reason, count):
        """The line comes, and says no more than there was to say; all of it, unless the supervisor looked half-way."""
        found = d.wait_log(rf"^notice refused listener={listener} reason={reason} count=(\d+)$")
        self.assertIn(int(found[0][1]), range(1, count + 1), (listener, reason))


@harness.every_model
class Sessions(Case):
    def refuse(self, d, name="echo", first=b"", **how):
        def connect():
            s = d.connect(name, **how)
            s.sendall(first)
            return s
        self.assertTrue(clients.is_refused(connect))

    def test_lists_rates_and_caps(self):
        rows = (("acl", {"deny": ["127.0.0.1"]}, 0), ("rate", {"session_rate": "1/h:1"}, 1), ("sessions", {"max_sessions": 1}, 1),
                ("source", {"max_sessions_per_source": 1}, 1))
        d = self.serve(*({**ECHO, "name": reason, **settings} for reason, settings, _ in rows))
        for reason, _, served in rows:
            for _ in range(served):
                self.assertTrue(clients.serves(d.connect(reason)))
            self.refuse(d, reason)
        for reason, _, _ in rows:
            self.said(d, f"{reason}/tcp", reason, 1)

    def test_the_total(self):
        d = self.serve(ECHO, limits={"sessions": 1})
        self.assertTrue(clients.serves(d.connect("echo")))
        self.refuse(d)
        self.said(d, "echo/tcp", "total", 1)

    def test_a_balancer_that_is_not_believed_a_header_that_is_wrong_and_one_that_does_not_come(self):
        d = self.serve(*({**BALANCED, "name": name, "proxy_from": ["127.0.0.1"]} for name in ("stranger", "wrong", "late")))
        self.refuse(d, "stranger", HEADER, source="127.0.0.2")
        self.refuse(d, "wrong", b"HELLO")
        self.refuse(d, "late", HEADER[:-1])
        for name in ("stranger", "wrong", "late"):
            self.said(d, f"{name}/tcp", "proxy", 1)

    def test_a_client_that_a_header_names(self):
        d = self.serve({**BALANCED, "proxy_from": ["127.0.0.1"], "deny": ["192.0.2.1"]})
        self.refuse(d, first=HEADER)
        self.said(d, "echo/tcp", "acl", 1)

    def test_no_buffer_that_is_left(self):
        blocks = 16
        # Bulk is echoed from where it lies in the socket, and needs none, where its bytes are not limited.
        d = self.serve({**ECHO, "max_sessions_per_source": 0, "max_bytes": "1G"}, limits={"buffers": blocks * 65536})
        data = bytes(64 * 1024 * 1024)
        deaf = [d.connect("echo") for _ in range(blocks + 1)]
        senders = [clients.Sender(s, data) for s in deaf]  # one after the other needs a buffer, and the last gets none
        self.said(d, "echo/tcp", "buffers", 1)
        for s, sender in zip(deaf, senders):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:  # it was reset
                pass
            sender.join()

    def test_a_message_that_is_too_long(self):
        d = self.serve({**ECHO, "transport": "unixpacket", "path": self.folder / "s"})
        s = d.connect("echo", "unixpacket")
        s.send(bytes(100000))
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        self.said(d, "echo/unixpacket", "oversize", 1)


class Datagrams(Case):
    def ask(self, d, name="echo", data=b"x", times=1, port=0):
        s = d.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.bind(s, port)
        for _ in range(times):
            s.sendto(data, d.address(name, "udp"))
        return s

    @staticmethod
    def bind(s, port):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # another run of this file may be under way
        s.bind(("127.0.0.1", port))

    def test_lists_rates_and_totals(self):
        rows = (("acl", {"deny": ["127.0.0.1"]}, 3), ("rate", {"udp_rate": "1/h:1"}, 2),
                ("amplification", {"amplification": 0.5}, 3), ("oversize", {"max_datagram": 1}, 3))
        d = self.serve(*({**UDP, "name": reason, **settings} for reason, settings, _ in rows))
        for reason, _, refused in rows:
            self.ask(d, reason, b"xx", 3)
        for reason, _, refused in rows:
            self.said(d, f"{reason}/udp", reason, refused)
        d.stop()
        d = self.serve(UDP, limits={"udp_answers": "1/h:1"})
        self.ask(d, times=3)
        self.said(d, "echo/udp", "total", 2)

    def test_the_ports_of_servers_and_loops(self):
        d = self.serve({**UDP, "udp_rate": "none"})
        self.ask(d, port=SERVER_PORT)
        self.said(d, "echo/udp", "source_port", 1)
        s = d.connect("echo", "udp", before=lambda s: self.bind(s, ODD_PORT))
        for _ in range(1023):
            self.assertEqual(clients.ask(s, b"x"), b"x")
        s.send(b"x")
        self.said(d, "echo/udp", "loop", 1)

    def test_what_a_service_does_not_answer(self):
        d = self.serve({"service": "hostname", "transport": "udp", "allow": ["127.0.0.1"]})
        self.ask(d, "hostname", b"\xff\xff\r\n")
        self.said(d, "hostname/udp", "malformed", 1)

    def test_what_the_kernel_cuts(self):
        d = self.serve({"service": "discard", "transport": "unixgram", "path": self.folder / "s"})
        d.connect("discard", "unixgram").send(bytes(70000))
        self.said(d, "discard/unixgram", "truncated", 1)

    def test_a_client_without_an_address(self):
        d = self.serve({**UDP, "transport": "unixgram", "path": self.folder / "s"})
        d.connect("echo", "unixgram").send(b"x")
        self.said(d, "echo/unixgram", "source_address", 1)


if __name__ == "__main__":
    harness.main()
