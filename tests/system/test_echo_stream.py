# SPDX-License-Identifier: MIT
"""Echo over TCP (RFC 862): every byte back, in order, whatever the client does."""

import select
import socket

import clients
import harness
import procs

ECHO = {"service": "echo", "transport": "tcp"}
ROOM = 4 * 1024 * 1024


@harness.every_model
class EchoStream(harness.Case):
    def test_what_is_sent_comes_back(self):
        s = self.serve(ECHO).connect("echo")
        for n in (1, 2, 1000, 4096, 65536):
            data = clients.pattern(n, n)
            self.assertEqual(clients.echo(s, data), data)

    def test_no_byte_and_the_end_is_answered_by_the_end(self):
        s = self.serve(ECHO).connect("echo")
        s.shutdown(socket.SHUT_WR)
        self.assertEqual(clients.recv_all(s), b"")

    def test_a_thousand_writes_of_one_byte_come_back(self):
        data = clients.pattern(1000)
        s = self.serve(ECHO).connect("echo", before=lambda c: c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1))
        for i in range(1000):
            s.send(data[i:i + 1])
        self.assertEqual(clients.recv_exactly(s, 1000), data)

    def test_a_mebibyte_owed_at_the_half_close_comes_whole(self):
        data = clients.pattern(1024 * 1024)
        s = self.serve(ECHO).connect("echo", before=lambda c: c.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM))
        sender = clients.Sender(s, data)
        sender.join(harness.TIMEOUT_S)
        self.assertEqual(clients.recv_all(s), data)
        self.assertIsNone(sender.error)

    def test_a_slow_reader_gets_many_mebibytes_whole(self):
        data = clients.pattern(1024 * 1024) * (64 if harness.LONG else 16)
        s = self.serve(ECHO).connect("echo", before=lambda c: c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768))
        sender = clients.Sender(s, data)
        got, offset = bytearray(), 0
        while part := s.recv(8192):
            got += part
            if len(got) >= 1024 * 1024 or len(got) + offset == len(data):
                self.assertTrue(data.startswith(got, offset), f"differs in the mebibyte from {offset}")
                offset += len(got)
                got.clear()
        self.assertEqual((offset, len(got)), (len(data), 0))
        self.assertIsNone(sender.error)

    def test_a_closed_window_that_opens_again_loses_nothing(self):
        data = clients.pattern(32 * 1024 * 1024)
        s = self.serve(ECHO).connect("echo", before=lambda c: c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096))
        sent = clients.send_until_stuck(s, data)
        self.assertLess(sent, len(data), "the server took it all and nobody read a byte")
        sender = clients.Sender(s, data[sent:])
        self.assertEqual(clients.recv_all(s), data)
        self.assertIsNone(sender.error)

    def test_an_urgent_byte_stays_in_line_first_middle_and_last(self):
        d = self.serve(ECHO)
        for before, after in ((b"", b"tail"), (b"head", b"tail"), (b"head", b"")):
            s = d.connect("echo")
            s.sendall(before)
            s.send(b"!", socket.MSG_OOB)
            s.sendall(after)
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(clients.recv_all(s), before + b"!" + after)

    def test_many_urgent_bytes_all_come_back(self):
        s = self.serve(ECHO).connect("echo")
        for _ in range(50):
            s.send(b"u", socket.MSG_OOB)
        self.assertEqual(clients.recv_exactly(s, 50), b"u" * 50)

    def test_a_reset_in_the_middle_disturbs_nobody_else(self):
        d = self.serve(ECHO)
        good, bad = d.connect("echo"), [d.connect("echo") for _ in range(3)]
        self.assertTrue(clients.serves(good))
        for s in bad:
            clients.send_until_stuck(s, clients.pattern(256 * 1024), 0.01)
            clients.reset(s)
        for _ in range(20):
            self.assertTrue(clients.serves(good))
        self.assertTrue(clients.serves(d.connect("echo")))
        d.wait_log(r"session .*end=reset", count=3)

    def test_a_client_that_closes_without_reading_ends_its_session_only(self):
        d = self.serve(ECHO)
        good = d.connect("echo")
        for _ in range(5):
            s = d.connect("echo")
            s.sendall(b"x" * 10000)
            s.close()
        d.wait_log(r"session .*listener=echo", count=5)
        self.assertTrue(clients.serves(good))

    def test_many_sessions_at_once_do_not_mix_their_bytes(self):
        d = self.serve(ECHO)
        sessions = [(d.connect("echo"), clients.pattern(20000, i)) for i in range(30)]
        for s, data in sessions:
            s.sendall(data)
        for s, data in sessions:
            self.assertEqual(clients.recv_exactly(s, len(data)), data)

    def test_a_hundred_sessions_one_after_another_are_all_served(self):
        d = self.serve(ECHO)
        for i in range(100):
            s = d.connect("echo")
            s.sendall(b"%d" % i)
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(clients.recv_all(s), b"%d" % i)
            s.close()

    def test_a_finished_session_is_logged_with_its_bytes(self):
        d = self.serve(ECHO)
        s = d.connect("echo")
        self.assertEqual(clients.echo(s, b"x" * 1234), b"x" * 1234)
        host, port = s.getsockname()
        s.close()
        line = d.wait_log(r"^info session (.*)$")[0][1]
        said = dict(part.split("=", 1) for part in line.split())
        self.assertEqual({k: said[k] for k in ("listener", "transport", "peer", "in", "out", "end")},
                         {"listener": "echo", "transport": "tcp", "peer": f"{host}:{port}", "in": "1234", "out": "1234",
                          "end": "eof"})
        self.assertRegex(said["ms"], r"^\d+$")


@harness.every_model
class NeverReaders(harness.Case):
    """Clients that send for ever and read nothing."""

    # The promise is 64 KiB of buffer each; a process of its own (fork, prefork) has its stack and tables beside it.
    BOUND_BYTES = {"fork": 512 * 1024, "prefork": 512 * 1024, "event": 96 * 1024}
    CLIENTS = 60

    def test_cost_a_bounded_amount_of_memory(self):
        listener = {**ECHO, "max_sessions_per_source": 1000, "send_buffer": 65536, "receive_buffer": 65536}
        d = self.serve(listener, limits={"sessions_per_source": 1000})
        before = procs.pss_bytes(d.processes())

        def small(s):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)

        sessions = [d.connect("echo", before=small) for _ in range(self.CLIENTS)]
        for s in sessions:
            s.setblocking(False)
        sent, data = 0, clients.pattern(65536)
        while ready := select.select([], sessions, [], 0.5)[1]:
            sent += sum(s.send(data) for s in ready)
            self.assertLess(sent, self.CLIENTS * 16 * 1024 * 1024, "the server takes without end what nobody reads back")
        grown = procs.pss_bytes(d.processes()) - before
        self.assertLess(grown, self.CLIENTS * self.BOUND_BYTES[self.model])
        self.assertTrue(clients.serves(d.connect("echo")))


class EchoStreamOfIpv6(harness.Case):
    @classmethod
    def setUpClass(cls):
        try:
            socket.socket(socket.AF_INET6).bind(("::1", 0))
        except OSError as e:
            raise harness.unittest.SkipTest("this host has no IPv6") from e

    def test_is_served_on_its_own_address(self):
        d = self.serve({**ECHO, "address": "::1"})
        self.assertTrue(clients.serves(d.connect("echo")))

    def test_loopback_means_both_families(self):
        d = self.serve({**ECHO, "address": "loopback"})
        self.assertEqual(sorted(host for host, _ in d.listening("echo")), ["127.0.0.1", "::1"])
        for host, port in d.listening("echo"):
            with socket.create_connection((host, port), harness.TIMEOUT_S) as s:
                self.assertTrue(clients.serves(s))


if __name__ == "__main__":
    harness.main()
