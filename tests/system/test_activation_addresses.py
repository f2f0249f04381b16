# SPDX-License-Identifier: MIT
"""Datagrams that waited in a passed socket, in a network of its own: from another host, to aliases, to nobody alone."""

import socket

import clients
import harness
import netns
import passing

ECHO = {"service": "echo", "transport": "udp", "allow": ["192.0.2.0/24", "2001:db8::/32", "fe80::/10"]}
HERE = ("192.0.2.17", "192.0.2.18", "2001:db8:1::17", "2001:db8:1::18")


@passing.needs_systemd
class Waited(passing.Case):
    """A second host at the other end of a cable; the socket does not tell yet where a datagram was sent to."""

    def setUp(self):
        self.addCleanup(lambda: self.other.close())  # after the daemon's stop
        super().setUp()
        v4, v6 = HERE[:2], HERE[2:]
        self.other = netns.OtherHost("cable", [*(f"{a}/28" for a in v4), "fe80::17/64", *(f"{a}/64" for a in v6)],
                                     ["192.0.2.19/28", "fe80::19/64", "2001:db8:1::19/64"])

    def far(self, address, kind=socket.SOCK_DGRAM):
        s = self.other.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        self.addCleanup(s.close)
        return s

    def passed(self, where=("::", 0)):
        s = self.bound("udp", where, v6only=False)
        return s, s.getsockname()[1]

    def test_are_answered_from_the_address_that_was_asked(self):
        for where, hosts in ((("::", 0), HERE), (("0.0.0.0", 0), HERE[:2])):
            s, port = self.passed(where)
            asking = [(host, self.far(host)) for host in hosts]
            for host, client in asking:
                client.sendto(clients.pattern(9000), (host, port))
            d = self.pass_to([("echo", s)], ECHO)
            for host, client in asking:
                for _ in range(2):  # the second one is told of
                    answer, sender = client.recvfrom(clients.CHUNK)
                    self.assertEqual((answer, sender[:2]), (clients.pattern(9000), (host, port)))
                    client.sendto(clients.pattern(9000), (host, port))
            d.stop()
            s.close()

    def test_are_answered_over_the_interface_of_a_link_local_address(self):
        s, port = self.passed()
        client = self.far("fe80::17")
        client.sendto(b"waited", ("fe80::17", port, 0, self.other.scope))
        self.pass_to([("echo", s)], ECHO)
        answer, sender = client.recvfrom(100)
        self.assertEqual((answer, sender[0].partition("%")[0]), (b"waited", "fe80::17"))

    def test_to_everybody_are_answered_by_nobody(self):
        for where in (("::", 0), ("0.0.0.0", 0)):
            s, port = self.passed(where)
            client, good = self.far("192.0.2.17"), self.far("192.0.2.17")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            for everybody in ("192.0.2.31", "192.0.2.16"):
                client.sendto(b"anybody there", (everybody, port))
            six = self.far("fe80::17")
            if where[0] == "::":
                six.sendto(b"anybody there", ("ff02::1", port, 0, self.other.scope))
            good.sendto(b"you there", ("192.0.2.17", port))
            d = self.pass_to([("echo", s)], ECHO)
            self.assertEqual(good.recv(100), b"you there")
            self.assertTrue(clients.has_nothing(client) and clients.has_nothing(six))
            d.stop()
            s.close()

    def test_connections_of_the_other_host_are_served(self):
        s = self.bound("tcp", ("::", 0), v6only=False)
        for host in HERE:
            client = self.far(host, socket.SOCK_STREAM)
            client.connect((host, s.getsockname()[1]))
            client.sendall(b"waited")
            d = self.pass_to([("echo", s)], {**ECHO, "transport": "tcp"})
            self.assertEqual(clients.recv_exactly(client, 6), b"waited")
            client.close()
            d.stop()


if __name__ == "__main__":
    harness.main(namespace=True)
