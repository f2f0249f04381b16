# SPDX-License-Identifier: MIT
"""Which address answers, in a network of its own: aliases, IPv6, scopes, other interfaces, addresses that come later."""

import socket

import clients
import harness
import netns
from netns import ip

TCP = {"service": "echo", "transport": "tcp"}
UDP = {"service": "echo", "transport": "udp"}
# What answers a datagram, and a request for it.
SERVICES = {"echo": b"ask", "daytime": b"", "time": b"", "chargen": b"x" * 600}


class Case(harness.Case):
    def ask_from(self, s, address, port, data):
        """Sends on an unconnected socket: (answer, the address it came from)."""
        s.sendto(data, (address, port))
        answer, sender = s.recvfrom(clients.CHUNK)
        return answer, sender[0].partition("%")[0], sender[1]

    def datagram(self, address):
        s = clients.datagram_socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        s.settimeout(harness.TIMEOUT_S)
        self.addCleanup(s.close)
        return s

    def assert_answers_from(self, d, address, data=b"ask", name="echo"):
        """The answer comes from the address and port that were asked."""
        port = d.listening(name, "udp")[-1][1]
        answer, sender, sender_port = self.ask_from(self.datagram(address), address, port, data)
        self.assertEqual((sender, sender_port), (address, port))
        if name == "echo":
            self.assertEqual(answer, data)


class Aliases(Case):
    def setUp(self):
        self.added = []
        self.addCleanup(self.remove)  # before super's: so it comes after the daemon's stop
        super().setUp()

    def add(self, *addresses):
        for address in addresses:
            ip("address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
            self.added.append(address)
            self.wait_until(lambda at=address.partition("/")[0]: self.arrives(at), f"{address} to be there")

    def arrives(self, address):
        """Whether what is sent to an address arrives: the kernel makes the route to a new one of IPv6 a moment later."""
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.1)
            try:
                s.bind((address, 0))
                s.sendto(b"x", s.getsockname())
                return s.recv(1) == b"x"
            except OSError:
                return False

    def remove(self):
        for address in self.added:
            ip("address", "del", address, "dev", "lo")

    def test_65507_bytes_asked_of_127_0_0_2_are_answered_by_127_0_0_2(self):
        for address in ("*", "0.0.0.0", "127.0.0.2"):
            d = self.serve({**UDP, "address": address}, daemon={"allow": [r"^warning "]})
            self.assert_answers_from(d, "127.0.0.2", clients.pattern(65507))
            d.stop()

    def test_every_service_answers_from_the_address_that_was_asked(self):
        self.add("192.0.2.1/32", "2001:db8::1/128", "2001:db8::2/128")
        anybody = {"transport": "udp", "address": "*", "allow": ["0.0.0.0/0", "::/0"]}
        d = self.serve(*({"service": name, **anybody} for name in SERVICES))
        for name, request in SERVICES.items():
            for address in ("127.0.0.1", "127.0.0.3", "192.0.2.1", "::1", "2001:db8::1", "2001:db8::2"):
                with self.subTest(f"{name} {address}"):
                    self.assert_answers_from(d, address, request, name)

    def test_an_alias_that_was_added_later_answers_for_itself(self):
        d = self.serve({**UDP, "address": "*"}, {**TCP, "address": "*", "name": "t"}, daemon={"allow": [r"^warning "]})
        self.add("192.0.2.2/32", "2001:db8::3/128")
        for address in ("192.0.2.2", "2001:db8::3"):
            self.assert_answers_from(d, address, clients.pattern(9000))
            self.assertTrue(clients.serves(d.connect("t", host=address)))

    def test_several_addresses_of_one_listener_are_all_served(self):
        self.add("192.0.2.3/32", "2001:db8::4/128")
        addresses = ["127.0.0.1", "192.0.2.3", "::1", "2001:db8::4"]
        d = self.serve({"service": "echo", "address": addresses}, daemon={"allow": [r"^warning "]})
        self.assertEqual([host for host, _ in d.listening("echo")], addresses)
        for host, port in d.listening("echo", "udp"):
            answer, sender, _ = self.ask_from(self.datagram(host), host, port, b"ask")
            self.assertEqual((answer, sender), (b"ask", host))
        for where in d.listening("echo"):
            with socket.create_connection(where, harness.TIMEOUT_S) as s:
                self.assertTrue(clients.serves(s))

    def test_freebind_binds_an_address_that_comes_later(self):
        later = {"address": "192.0.2.4", "freebind": True}
        d = self.serve({**UDP, **later}, {**TCP, "name": "t", **later}, daemon={"allow": [r"^warning "]})
        self.add("192.0.2.4/32")
        self.assert_answers_from(d, "192.0.2.4")
        self.assertTrue(clients.serves(d.connect("t", host="192.0.2.4")))

    def test_one_bound_address_does_not_answer_for_another(self):
        d = self.serve({**UDP, "address": "127.0.0.2"}, {**TCP, "name": "t", "address": "127.0.0.2"})
        with self.assertRaises(ConnectionRefusedError):
            d.connect("t", host="127.0.0.1")
        s = d.connect("echo", "udp", host="127.0.0.1")
        s.send(b"x")
        with self.assertRaises(ConnectionRefusedError):
            s.recv(10)


class Families(Case):
    def test_a_star_is_one_socket_of_both_families(self):
        d = self.serve({"service": "echo", "address": "*"}, daemon={"allow": [r"^warning "]})
        self.assertEqual([host for host, _ in d.listening("echo")], ["::"])
        for address in ("127.0.0.1", "::1"):
            self.assertTrue(clients.serves(d.connect("echo", host=address)))
            self.assert_answers_from(d, address, clients.pattern(65507))

    def test_v6only_leaves_ipv4_to_others(self):
        d = self.serve({"service": "echo", "address": "*", "v6only": True}, daemon={"allow": [r"^warning "]})
        self.assertTrue(clients.serves(d.connect("echo", host="::1")))
        with self.assertRaises(ConnectionRefusedError):
            d.connect("echo", host="127.0.0.1")
        with socket.create_server(("127.0.0.1", d.address("echo")[1])):
            pass

    def test_an_address_of_ipv6_is_ipv6_alone(self):
        d = self.serve({**TCP, "address": "::"}, daemon={"allow": [r"^warning "]})
        self.assertTrue(clients.serves(d.connect("echo", host="::1")))
        with self.assertRaises(ConnectionRefusedError):
            d.connect("echo", host="127.0.0.1")

    def test_the_peer_of_a_mapped_address_is_logged_as_ipv4(self):
        d = self.serve({**TCP, "address": "*"})
        s = d.connect("echo", host="127.0.0.1")
        self.assertTrue(clients.serves(s))
        s.close()
        d.wait_log(r"session .*peer=127\.0\.0\.1:\d+ ")


class WithoutIpv6(Case):
    def setUp(self):
        self.addCleanup(self.switch, "0")
        super().setUp()
        self.switch("1")

    def switch(self, value):
        for which in ("all", "default", "lo"):
            with open(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "w") as f:
                f.write(value)

    def test_a_star_and_loopback_serve_ipv4(self):
        for address in ("*", "loopback"):
            d = self.serve({"service": "echo", "address": address}, daemon={"allow": [r"^warning "]})
            self.assertTrue(clients.serves(d.connect("echo", host="127.0.0.1")))
            self.assert_answers_from(d, "127.0.0.1")
            if address == "loopback":
                self.assertEqual([host for host, _ in d.listening("echo")], ["127.0.0.1"])
            d.stop()


class OtherHosts(Case):
    """A second host at the other end of a cable."""

    def setUp(self):
        self.addCleanup(lambda: self.other.close())  # after the daemon's stop
        super().setUp()
        self.other = netns.OtherHost("cable", ["192.0.2.17/28", "192.0.2.18/28", "fe80::17/64", "2001:db8:1::17/64"],
                                     ["192.0.2.19/28", "fe80::19/64", "2001:db8:1::19/64"])

    def far(self, address, kind=socket.SOCK_DGRAM):
        s = self.other.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        self.addCleanup(s.close)
        return s

    def ask_far(self, address, port, data):
        s = self.far(address)
        where = (address, port, 0, self.other.scope) if address.startswith("fe80") else (address, port)
        s.sendto(data, where)
        answer, sender = s.recvfrom(clients.CHUNK)
        return answer, sender[0].partition("%")[0], sender[1]

    def test_each_address_of_this_host_answers_for_itself(self):
        d = self.serve({**UDP, "address": "*"}, daemon={"allow": [r"^warning "]})
        port = d.listening("echo", "udp")[0][1]
        for address in ("192.0.2.17", "192.0.2.18", "2001:db8:1::17", "fe80::17"):
            for data in (b"ask", clients.pattern(9000)):
                self.assertEqual(self.ask_far(address, port, data), (data, address, port))

    def test_a_link_local_address_is_bound_with_its_scope(self):
        d = self.serve({"service": "echo", "address": "fe80::17%cable"}, daemon={"allow": [r"^warning "]})
        port = d.listening("echo", "udp")[0][1]
        self.assertEqual(self.ask_far("fe80::17", port, b"ask"), (b"ask", "fe80::17", port))
        s = self.far("fe80::17", socket.SOCK_STREAM)
        s.connect(("fe80::17", d.listening("echo")[0][1], 0, self.other.scope))
        self.assertTrue(clients.serves(s))

    def test_an_interface_is_served_alone(self):
        d = self.serve({"service": "echo", "address": "*", "interface": "cable"}, daemon={"allow": [r"^warning "]})
        port = d.listening("echo", "udp")[0][1]
        self.assertEqual(self.ask_far("192.0.2.17", port, b"ask")[0], b"ask")
        with self.assertRaises(ConnectionRefusedError):
            d.connect("echo", host="127.0.0.1")

    def test_an_interface_that_is_not_there_ends_the_start(self):
        done = self.run_once(config=self.config({**TCP, "interface": "no-such"}))
        self.assertIn(done.returncode, (69, 78), done.stderr)
        self.assertIn("no-such", done.stderr)

    def test_a_broadcast_or_multicast_question_gets_silence(self):
        d = self.serve({**UDP, "address": "*"}, daemon={"allow": [r"^warning "]})
        port = d.listening("echo", "udp")[0][1]
        s = self.far("192.0.2.17")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for address in ("192.0.2.31", "255.255.255.255", "224.0.0.1"):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
            s.sendto(b"anybody?", (address, port))
            s.sendto(b"marker", ("192.0.2.17", port))
            self.assertEqual(s.recv(100), b"marker", address)
        six = self.far("fe80::17")
        six.sendto(b"anybody?", ("ff02::1", port, 0, self.other.scope))
        six.sendto(b"marker", ("fe80::17", port, 0, self.other.scope))
        self.assertEqual(six.recv(100), b"marker")

    def test_a_peer_that_vanished_is_found_by_keepalive(self):
        d = self.serve({**TCP, "address": "192.0.2.17", "keepalive": "1s", "user_timeout": "1s"})
        s = self.far("192.0.2.17", socket.SOCK_STREAM)
        s.connect(d.address("echo"))
        self.assertTrue(clients.serves(s))
        self.other.run("ip", "link", "set", "eth0", "down")
        d.wait_log(r"session listener=echo .*end=reset")

    def test_loopback_is_not_reachable_from_outside(self):
        d = self.serve({**UDP, "address": "loopback"})
        s = self.far("192.0.2.17")
        s.connect(("192.0.2.17", d.listening("echo", "udp")[0][1]))
        s.send(b"x")
        with self.assertRaises(ConnectionRefusedError):
            s.recv(10)


class Tentative(Case):
    """An address of IPv6 that the host is still checking for a second owner: on a link without a carrier, for ever."""

    ADDRESS = "2001:db8:77::1"

    def test_a_start_says_that_the_address_is_still_being_checked(self):
        ip("link", "add", "tentative", "type", "veth", "peer", "name", "unplugged")
        self.addCleanup(ip, "link", "delete", "tentative")
        ip("address", "add", self.ADDRESS + "/64", "dev", "tentative")
        ip("link", "set", "tentative", "up")
        done = self.run_once(config=self.config({**TCP, "address": self.ADDRESS, "port": 4007}))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("still checking that no other does", done.stderr)
        done = self.run_once(config=self.config({**TCP, "address": "2001:db8:77::2", "port": 4007}))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("this host does not have it", done.stderr)


if __name__ == "__main__":
    harness.main(namespace=True)
