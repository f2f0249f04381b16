# SPDX-License-Identifier: MIT
"""Echo over UDP (RFC 862): the same bytes, the same length, none lost, never a part."""

import socket

import clients
import harness

ECHO = {"service": "echo", "transport": "udp"}
SIZES = (0, 1, 512, 1472, 1473, 2048, 4096, 8192, 8972, 9000, 65507)
SIZE_MAX_IPV6 = 65527


class EchoDatagram(harness.Case):
    def test_every_size_comes_back_whole(self):
        s = self.serve(ECHO).connect("echo", "udp")
        for n in SIZES:
            data = clients.pattern(n, n)
            self.assertEqual(clients.ask(s, data), data, f"{n} bytes")

    @harness.unittest.skipUnless(clients.has_ipv6(), "this host has no IPv6")
    def test_every_size_comes_back_whole_over_ipv6(self):
        s = self.serve({**ECHO, "address": "::1"}).connect("echo", "udp")
        for n in (*SIZES, SIZE_MAX_IPV6):
            data = clients.pattern(n, n)
            self.assertEqual(clients.ask(s, data), data, f"{n} bytes")

    def test_100_in_lockstep_are_all_answered_in_order(self):
        s = self.serve(ECHO).connect("echo", "udp")
        for i in range(100):
            self.assertEqual(clients.ask(s, b"number %d" % i), b"number %d" % i)

    def test_bursts_of_64_lose_none(self):
        s = self.serve(ECHO).connect("echo", "udp")
        for burst in range(25):
            sent = [b"%d.%d" % (burst, i) for i in range(64)]
            for data in sent:
                s.send(data)
            self.assertEqual([s.recv(100) for _ in sent], sent)

    def test_the_answer_comes_from_the_port_that_was_asked_to_the_port_that_asked(self):
        d = self.serve(ECHO)
        a, b = (d.socket(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)) for _ in range(2))
        for s, data in ((a, b"from a"), (b, b"from b")):
            s.sendto(data, d.address("echo", "udp"))
        for s, data in ((b, b"from b"), (a, b"from a")):
            self.assertEqual(s.recvfrom(100), (data, d.address("echo", "udp")))
            self.assertTrue(clients.has_nothing(s))

    def test_many_clients_each_get_their_own(self):
        d = self.serve(ECHO)
        sockets = [d.connect("echo", "udp") for _ in range(50)]
        for i, s in enumerate(sockets):
            s.send(b"client %d" % i)
        for i, s in enumerate(sockets):
            self.assertEqual(s.recv(100), b"client %d" % i)

    def test_a_client_that_is_gone_leaves_the_others_served(self):
        d = self.serve(ECHO)
        good = d.connect("echo", "udp")
        for _ in range(20):
            gone = d.connect("echo", "udp")
            gone.send(b"x" * 1000)
            gone.close()
            self.assertEqual(clients.ask(good, b"still here"), b"still here")

    def test_a_datagram_over_max_datagram_gets_silence_and_one_under_it_an_answer(self):
        s = self.serve({**ECHO, "max_datagram": 100}).connect("echo", "udp")
        s.send(b"x" * 101)
        s.send(b"y" * 100)
        self.assertEqual(s.recv(1000), b"y" * 100)
        self.assertTrue(clients.has_nothing(s))

    def test_tcp_and_udp_of_one_listener_are_both_served(self):
        d = self.serve({"service": "echo"})
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertEqual(clients.ask(d.connect("echo", "udp"), b"u"), b"u")


if __name__ == "__main__":
    harness.main()
