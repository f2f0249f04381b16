# SPDX-License-Identifier: MIT
"""Datagrams that a client's kernel hands over, or takes, several at a time: each is one datagram all the same.

In a network of its own, with a cable (MTU 1500) to another host.
"""

import socket

import clients
import harness
import netns

ECHO = {"service": "echo", "transport": "udp", "address": "*", "acknowledge_public": True, "udp_rate": "none",
        "allow_source_ports": clients.SERVERS}
SOL_UDP, UDP_SEGMENT = 17, 103
HERE, THERE, HERE6, THERE6 = "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"


def send_as_one(s, data, segment):
    s.setsockopt(SOL_UDP, UDP_SEGMENT, segment)
    s.send(data)
    s.setsockopt(SOL_UDP, UDP_SEGMENT, 0)


def cut(data, segment):
    return [data[at:at + segment] for at in range(0, len(data), segment)]


class Segments(harness.Case):
    def datagram(self, address, port, bound=None, make=socket.socket):
        s = clients.datagram_socket(socket.AF_INET6 if ":" in address else socket.AF_INET, bound or "", make)
        self.addCleanup(s.close)
        s.settimeout(harness.TIMEOUT_S)
        s.connect((address, port))  # takes answers from there alone
        return s

    def port_of(self, *listeners, **top):
        d = self.serve(*listeners, **top)
        return d, d.listening("echo", "udp")[-1][1]

    def assert_answers(self, s, *sent):
        for data in sent:
            self.assertEqual(s.recv(clients.CHUNK), data)

    def assert_no_more(self, s):
        self.assertEqual(clients.ask(s, b"the last"), b"the last")
        self.assertTrue(clients.has_nothing(s))

    def test_what_was_sent_as_one_comes_back_as_it_would_one_by_one(self):
        _, port = self.port_of(ECHO)
        for address in ("127.0.0.1", "127.0.0.9", *(["::1"] if clients.has_ipv6() else [])):
            s = self.datagram(address, port)
            for segment, n, last in ((1, 64, 0), (64, 16, 0), (64, 16, 1), (1400, 45, 1399), (1000, 1, 1), (32000, 2, 1000)):
                with self.subTest(f"{address}: {n} x {segment} + {last}"):
                    data = clients.pattern(n * segment + last, n)
                    send_as_one(s, data, segment)
                    self.assert_answers(s, *cut(data, segment))
            self.assert_no_more(s)

    def test_sizes_may_change_at_any_time(self):
        _, port = self.port_of(ECHO)
        s = self.datagram("127.0.0.1", port)
        sizes = (0, 0, 5, 5, 5, 3, 3, 9, 0, 1472, 1472, 1473, 1, 1, 0, 65507, 65507, 20, 20)
        sent = [clients.pattern(n, i) for i, n in enumerate(sizes)]
        for _ in range(20):
            for data in sent:
                s.send(data)
            send_as_one(s, sent[9] * 3, 700)
            self.assert_answers(s, *sent, *cut(sent[9] * 3, 700))
        self.assert_no_more(s)

    def test_clients_that_send_at_once_each_get_their_own_in_order(self):
        _, port = self.port_of(ECHO)
        many = [self.datagram("127.0.0.1", port) for _ in range(20)]
        for turn in range(30):
            for i, s in enumerate(many):
                send_as_one(s, b"".join(b"%04d.%04d" % (i, k) for k in range(turn, turn + 8)), 9)
        for i, s in enumerate(many):
            self.assert_answers(s, *(b"%04d.%04d" % (i, k) for turn in range(30) for k in range(turn, turn + 8)))

    def test_a_budget_may_end_within_what_was_sent_as_one(self):
        d, port = self.port_of({**ECHO, "udp_rate": "1/h:10"})
        s = self.datagram("127.0.0.1", port)
        send_as_one(s, clients.pattern(1600), 100)
        self.assert_answers(s, *cut(clients.pattern(1600), 100)[:10])
        d.wait_log("notice refused listener=echo/udp reason=rate count=6")
        self.assertTrue(clients.has_nothing(s))

    def test_a_datagram_over_max_datagram_is_dropped_and_the_shorter_last_one_answered(self):
        _, port = self.port_of({**ECHO, "max_datagram": 99})
        s = self.datagram("127.0.0.1", port)
        send_as_one(s, clients.pattern(350), 100)
        self.assert_answers(s, clients.pattern(350)[300:])
        self.assert_no_more(s)

    def test_over_a_cable_datagrams_that_fit_it_and_those_that_do_not_come_back_whole_and_once(self):
        other = netns.OtherHost("cable", here=(f"{HERE}/24", f"{HERE6}/64"), there=(f"{THERE}/24", f"{THERE6}/64"))
        self.addCleanup(other.close)
        d, port = self.port_of(ECHO)
        for address in (HERE, HERE6):
            s = self.datagram(address, port, make=other.socket)
            for size in (1400, 1473, 9000):
                with self.subTest(f"{address}: {size} bytes"):
                    sent = [clients.pattern(size, i) for i in range(12)]
                    for data in sent:
                        s.send(data)
                    self.assert_answers(s, *sent)
            send_as_one(s, clients.pattern(30000), 1400)
            self.assert_answers(s, *cut(clients.pattern(30000), 1400))
            self.assert_no_more(s)
        d.stop()
        self.assertFalse([line for line in d.log if "error" in line])

    def test_a_cable_that_takes_no_more_than_one_at_a_time_is_no_hindrance(self):
        other = netns.OtherHost("cable", here=(f"{HERE}/24",), there=(f"{THERE}/24",))
        self.addCleanup(other.close)
        netns.ip("link", "set", "cable", "gso_max_segs", "1")
        _, port = self.port_of(ECHO)
        s = self.datagram(HERE, port, make=other.socket)
        send_as_one(s, clients.pattern(14000), 1400)
        self.assert_answers(s, *cut(clients.pattern(14000), 1400))
        self.assert_no_more(s)

    def test_a_client_that_is_gone_costs_the_others_none_of_theirs(self):
        _, port = self.port_of(ECHO)
        good = self.datagram("127.0.0.1", port)
        for turn in range(20):
            gone = self.datagram("127.0.0.1", port)
            send_as_one(gone, clients.pattern(800), 100)
            send_as_one(good, clients.pattern(800, turn), 100)
            gone.close()
            self.assert_answers(good, *cut(clients.pattern(800, turn), 100))


if __name__ == "__main__":
    harness.main(namespace=True)
