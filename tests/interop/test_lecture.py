# SPDX-License-Identifier: MIT
"""The client of a network programming lecture, on the real ports: names, peers, select() with its sets and time-outs."""

import os
import select
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import harness  # noqa: E402

PORTS = {"echo": 7, "discard": 9, "daytime": 13, "chargen": 19, "time": 37}


@harness.every_model
class Lecture(harness.Case):
    def setUp(self):
        super().setUp()
        every = [{"service": name, "port": port, "address": "loopback", "transport": ["tcp", "udp"]}
                 for name, port in PORTS.items()]
        self.daemon = self.serve(*every)

    def connect(self, service, kind=socket.SOCK_STREAM):
        """As it is taught: the host by its name, the port by the service's."""
        s = socket.socket(socket.AF_INET, kind)
        self.addCleanup(s.close)
        port = socket.getservbyname(service, "tcp" if kind == socket.SOCK_STREAM else "udp")
        s.connect((socket.gethostbyname("localhost"), port))
        return s

    def test_a_host_knows_its_name_and_its_peer(self):
        self.assertTrue(socket.gethostname())
        s = self.connect("echo")
        self.assertEqual(s.getpeername(), ("127.0.0.1", 7))
        self.assertEqual(s.getsockname()[0], "127.0.0.1")
        self.assertTrue(socket.gethostbyaddr(s.getpeername()[0])[0])

    def test_a_line_is_echoed_through_a_file(self):
        with self.connect("echo").makefile("rw", newline="") as f:
            for line in ("first\r\n", "second\r\n"):
                f.write(line)
                f.flush()
                self.assertEqual(f.readline(), line)

    def test_the_day_is_read_to_the_end(self):
        with self.connect("daytime").makefile() as f:
            self.assertRegex(f.read(), r"^\w+day, ")

    def test_the_time_is_unpacked_over_tcp_and_udp(self):
        s = self.connect("time")
        seconds = struct.unpack("!I", s.recv(4))[0] - 2208988800
        self.assertLess(abs(seconds - time.time()), 60)
        self.assertEqual(s.recv(4), b"")
        s = self.connect("time", socket.SOCK_DGRAM)
        s.send(b"")
        s.settimeout(harness.TIMEOUT_S)
        self.assertLess(abs(struct.unpack("!I", s.recv(4))[0] - 2208988800 - time.time()), 60)

    def test_select_times_out_where_nothing_was_asked_and_wakes_when_it_was(self):
        s = self.connect("echo")
        self.assertEqual(select.select([s], [], [s], 0.2), ([], [], []))
        self.assertEqual(select.select([], [s], [], harness.TIMEOUT_S)[1], [s])
        s.send(b"hello")
        self.assertEqual(select.select([s], [], [], harness.TIMEOUT_S)[0], [s])
        self.assertEqual(s.recv(100), b"hello")

    def test_select_over_several_services(self):
        everybody = {self.connect(name): name for name in PORTS}
        heard = set()
        end = time.monotonic() + harness.TIMEOUT_S
        while heard != {"daytime", "chargen", "time"} and time.monotonic() < end:
            for s in select.select(list(everybody), [], [], 1)[0]:
                heard.add(everybody[s])
                s.recv(1000)
        self.assertEqual(heard, {"daytime", "chargen", "time"})

    def test_urgent_data_is_sent_and_comes_back_in_line_without_an_exceptional_condition(self):
        s = self.connect("echo")
        s.send(b"normal ")
        s.send(b"!", socket.MSG_OOB)
        s.send(b" normal")
        got = b""
        while len(got) < 15:
            ready, _, exceptional = select.select([s], [], [s], harness.TIMEOUT_S)
            self.assertEqual(exceptional, [])
            self.assertEqual(ready, [s])
            got += s.recv(100)
        self.assertEqual(got, b"normal ! normal")

    def test_a_client_that_shuts_down_gets_the_end(self):
        s = self.connect("echo")
        s.sendall(b"last words")
        s.shutdown(socket.SHUT_WR)
        with s.makefile("rb") as f:
            self.assertEqual(f.read(), b"last words")

    def test_sendto_and_recvfrom_without_a_connection(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.settimeout(harness.TIMEOUT_S)
        s.sendto(b"datagram", ("localhost", 7))
        self.assertEqual(s.recvfrom(100), (b"datagram", ("127.0.0.1", 7)))

    def test_a_datagram_to_discard_gets_a_time_out(self):
        s = self.connect("discard", socket.SOCK_DGRAM)
        s.send(b"x")
        s.settimeout(0.2)
        self.assertRaises(socket.timeout, s.recv, 100)


if __name__ == "__main__":
    harness.main(namespace=True)
