# SPDX-License-Identifier: MIT
"""The socket options of a listener, as the kernel tells them of the daemon's sockets (root); dscp as the client sees it."""

import socket

import clients
import harness
import procs

TCP = {"service": "echo", "transport": "tcp"}
UDP = {"service": "echo", "transport": "udp"}
SOL, IP, T = socket.SOL_SOCKET, socket.IPPROTO_IP, socket.IPPROTO_TCP


@harness.every_model
@harness.needs_root
class SessionOptions(harness.Case):
    def options(self, listener, *wanted):
        """What an accepted session's socket says to getsockopt()."""
        d = self.serve({**TCP, **listener}, daemon={"allow": [r"^warning "]})
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        pid, fd = procs.holder_of(s, d.workers())
        with procs.borrow(pid, fd) as theirs:
            return [theirs.getsockopt(*option) for option in wanted]

    def test_nodelay_is_on_unless_switched_off(self):
        self.assertTrue(self.options({}, (T, socket.TCP_NODELAY))[0])
        self.assertFalse(self.options({"nodelay": False}, (T, socket.TCP_NODELAY))[0])

    def test_keepalive_and_user_timeout_are_as_written(self):
        on, idle, user = self.options({"keepalive": "90s", "user_timeout": "7s"}, (SOL, socket.SO_KEEPALIVE),
                                      (T, socket.TCP_KEEPIDLE), (T, socket.TCP_USER_TIMEOUT))
        self.assertEqual((bool(on), idle, user), (True, 90, 7000))
        self.assertEqual(self.options({}, (SOL, socket.SO_KEEPALIVE), (T, socket.TCP_USER_TIMEOUT)), [0, 0])

    def test_buffers_are_as_written(self):
        # The kernel keeps, and tells, twice of what was asked for.
        self.assertEqual(self.options({"send_buffer": "64k", "receive_buffer": "32k"}, (SOL, socket.SO_SNDBUF),
                                      (SOL, socket.SO_RCVBUF)), [2 * 65536, 2 * 32768])

    def test_dscp_is_in_the_type_of_service(self):
        self.assertEqual(self.options({"dscp": 46}, (IP, socket.IP_TOS))[0] >> 2, 46)
        self.assertEqual(self.options({}, (IP, socket.IP_TOS))[0] >> 2, 0)

    def test_urgent_data_is_in_line(self):
        self.assertTrue(self.options({}, (SOL, socket.SO_OOBINLINE))[0])


class DscpOfDatagrams(harness.Case):
    def tos_of_answer(self, sent_tos, **listener):
        return self.ask(self.serve({**UDP, **listener}), sent_tos)

    def ask(self, d, sent_tos):
        s = d.connect("echo", "udp")
        s.setsockopt(IP, socket.IP_RECVTOS, 1)
        s.setsockopt(IP, socket.IP_TOS, sent_tos)
        s.send(b"x")
        data, extra, _, _ = s.recvmsg(100, 100)
        self.assertEqual(data, b"x")
        return extra[0][2][0]

    def test_is_the_written_one(self):
        self.assertEqual(self.tos_of_answer(0, dscp=46), 46 << 2)
        self.assertEqual(self.tos_of_answer(10 << 2), 0)

    def test_is_reflected_without_the_ecn_bits(self):
        for ecn in range(4):
            self.assertEqual(self.tos_of_answer(10 << 2 | ecn, dscp="reflect"), 10 << 2)


    def test_is_as_before_when_a_reload_is_refused(self):
        d = self.serve({**UDP, "dscp": 10}, daemon={"allow": [r"^error "]})
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            mark = d.mark()
            d.reload(self.config({**UDP, "dscp": 46}, {**TCP, "name": "bad", "port": taken.getsockname()[1]}))
            d.wait_log("refused", since=mark[0])
        self.assertEqual(self.ask(d, 0), 10 << 2)


class ListeningOptions(harness.Case):
    def test_defer_accept_with_a_service_that_speaks_first_is_refused(self):
        done = self.run_once("-t", config=self.config({"service": "daytime", "transport": "tcp", "defer_accept": "5s"}))
        self.assertEqual(done.returncode, 78)
        self.assertIn("defer_accept", done.stderr)

    def test_defer_accept_still_serves_a_client_that_speaks(self):
        for model in harness.MODELS:
            d = self.serve({**TCP, "defer_accept": "5s", "pool": model})
            self.assertTrue(clients.serves(d.connect("echo")))
            d.stop()

    def test_the_port_offset_is_added_to_every_port(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        d = self.serve({**TCP, "port": 7}, port_offset=free - 7)
        self.assertEqual(d.address("echo"), ("127.0.0.1", free))
        self.assertTrue(clients.serves(d.connect("echo")))

    def test_a_disabled_listener_is_not_opened(self):
        d = self.serve(TCP, {**TCP, "name": "off", "enabled": False})
        self.assertEqual(d.listening("off"), [])


if __name__ == "__main__":
    harness.main()
