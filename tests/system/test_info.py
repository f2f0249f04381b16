# SPDX-License-Identifier: MIT
"""info: what this host saw of a packet, as JSON, and never more bytes than were asked with."""

import json
import random
import socket
import time

import clients
import harness

INFO = {"service": "info"}
ORDER = ("client", "client_port", "server", "server_port", "transport", "interface", "ttl", "dscp", "ecn", "fragment_bytes",
         "length", "received_at", "timestamp_kind", "host", "uptime_s", "rx_dropped", "proxy", "tcp", "limited", "clock")


def once(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), names
    return dict(pairs)


def members(answer):
    """The members of one JSON object, in their order, none twice."""
    return json.loads(answer, object_pairs_hook=once)


class InfoDatagram(harness.Case):
    def test_a_datagram_is_told_what_it_came_with(self):
        def before(s):
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 53)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 46 << 2 | 2)
        s = self.serve({**INFO, "transport": "udp"}).connect("info", "udp", before=before)
        said = members(clients.ask(s, bytes(900)))
        host, port = s.getsockname()
        server, server_port = s.getpeername()
        self.assertEqual(tuple(said), tuple(name for name in ORDER if name in said))
        expected = {"client": host, "client_port": port, "server": server, "server_port": server_port, "transport": "udp",
                    "interface": "lo", "ttl": 53, "dscp": 46, "ecn": "ect0", "length": 900, "timestamp_kind": "software",
                    "host": socket.gethostname(), "rx_dropped": 0, "limited": False}
        self.assertEqual({name: said.get(name) for name in expected}, expected)
        self.assertEqual(said["received_at"][:10], time.strftime("%Y-%m-%d", time.gmtime()))

    def test_no_answer_is_longer_than_its_request(self):
        s = self.serve({**INFO, "transport": "udp"}).connect("info", "udp")
        for n in (*range(2, 40), 100, 400, 900):
            answer = clients.ask(s, bytes(n))
            self.assertLessEqual(len(answer), n)
            members(answer)
        s.send(b"?")
        self.assertEqual(clients.ask(s, b"??"), b"{}")

    def test_ten_thousand_random_requests_get_json(self):
        s = self.serve({**INFO, "transport": "udp", "udp_rate": "none"}, limits={"udp_answers": "none"}).connect("info", "udp")
        chance = random.Random(7)
        for _ in range(10000):
            request = chance.randbytes(chance.randrange(2, 1400))
            answer = clients.ask(s, request)
            self.assertLessEqual(len(answer), len(request))
            members(answer)

    def test_who_met_a_budget_is_told_so(self):
        d = self.serve({**INFO, "transport": "udp", "udp_rate": "1/m:3"}, {**INFO, "name": "other", "transport": "udp"})
        s, other = d.connect("info", "udp"), d.connect("other", "udp")
        self.assertFalse(members(clients.ask(other, bytes(900)))["limited"])
        for _ in range(5):
            s.send(bytes(900))
        self.assertFalse(members(s.recv(1000))["limited"])
        self.wait_until(lambda: members(clients.ask(other, bytes(900)))["limited"], "limited")


@harness.every_model
class InfoStream(harness.Case):
    def test_a_connection_is_told_at_once_on_one_line(self):
        s = self.serve(INFO).connect("info")
        answer = clients.recv_all(s)
        said = members(answer)
        host, port = s.getsockname()
        server, server_port = s.getpeername()
        self.assertEqual(answer.count(b"\n"), 1)
        self.assertTrue(answer.endswith(b"}\n"))
        self.assertEqual((said["client"], said["client_port"]), (host, port))
        self.assertEqual((said["server"], said["server_port"], said["transport"]), (server, server_port, "tcp"))
        self.assertGreater(said["tcp"]["mss_bytes"], 500)
        self.assertGreater(said["tcp"]["pmtu_bytes"], 1000)
        self.assertNotIn("length", said)

    def test_a_connection_is_told_the_ttl_class_and_interface_of_its_beginning(self):
        for address in ("127.0.0.1", "::1", "*") if clients.has_ipv6() else ("127.0.0.1",):
            d = self.serve({**INFO, "transport": "tcp", "address": address, "acknowledge_public": True})
            for host in {"*": ("127.0.0.1", "::1")}.get(address, (address,)):
                def before(s):
                    level, ttl, tos = (socket.IPPROTO_IP, socket.IP_TTL, socket.IP_TOS) if s.family == socket.AF_INET else \
                        (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, socket.IPV6_TCLASS)
                    s.setsockopt(level, ttl, 53)
                    s.setsockopt(level, tos, 46 << 2)
                said = members(clients.recv_all(d.connect("info", host=host, before=before)))
                expected = {"client": host, "interface": "lo", "ttl": 53, "dscp": 46, "ecn": "not"}
                self.assertEqual({name: said.get(name) for name in expected}, expected)
            d.stop()

    def test_a_balancer_s_client_is_the_client_and_the_balancer_is_told(self):
        d = self.serve({**INFO, "transport": "tcp", "proxy": "v1", "proxy_from": ["127.0.0.1"]})
        s = d.connect("info")
        s.sendall(b"PROXY TCP4 192.0.2.7 198.51.100.2 40000 7777\r\n")
        said = members(clients.recv_all(s))
        self.assertEqual((said["client"], said["client_port"]), ("192.0.2.7", 40000))
        self.assertEqual((said["server"], said["server_port"]), ("198.51.100.2", 7777))
        self.assertEqual((said["proxy"]["balancer"], said["proxy"]["balancer_port"]), s.getsockname())

    def test_a_balancer_that_speaks_for_itself_is_the_client(self):
        d = self.serve({**INFO, "transport": "tcp", "proxy": "v1", "proxy_from": ["127.0.0.1"]})
        s = d.connect("info")
        s.sendall(b"PROXY UNKNOWN\r\n")
        said = members(clients.recv_all(s))
        self.assertEqual((said["client"], said["client_port"]), s.getsockname())
        self.assertEqual((said["server"], said["server_port"]), s.getpeername())

    def test_info_by_tcpmux_behind_a_balancer_tells_no_address_that_is_none(self):
        d = self.serve({"service": "tcpmux", "transport": "tcp", "proxy": "v1", "proxy_from": ["127.0.0.1"],
                        "acknowledge_public": True, "services": ["info"]},
                       {**INFO, "transport": "tcp", "proxy": "v1", "proxy_from": ["127.0.0.1"]})
        s = d.connect("tcpmux")
        s.sendall(b"PROXY TCP4 192.0.2.7 198.51.100.2 40000 7777\r\ninfo\r\n")
        said = members(clients.recv_all(s).partition(b"\r\n")[2])
        self.assertEqual((said["client"], said["server"]), ("192.0.2.7", "127.0.0.1"))

    def test_a_unix_client_has_no_address(self):
        d = self.serve({**INFO, "transport": "unix", "path": self.folder / "info"})
        said = members(clients.recv_all(d.connect("info", "unix")))
        self.assertEqual(said["transport"], "unix")
        self.assertNotIn("client", said)
        self.assertNotIn("tcp", said)


if __name__ == "__main__":
    harness.main()
