# SPDX-License-Identifier: MIT
"""How the daemon stops: TERM and INT drain, a second one and QUIT end at once, nothing is left."""

import os
import resource
import signal
import socket

import clients
import harness

ECHO = {"service": "echo", "transport": "tcp"}


@harness.every_model
class Stops(harness.Case):
    def draining(self, number=signal.SIGTERM, **more):
        """A daemon that drains, and its one session."""
        d = self.serve(ECHO, **more)
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        d.send_signal(number)
        d.wait_notify("STOPPING=1")
        return d, s

    def test_term_and_int_without_sessions_end_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            d = self.serve(ECHO)
            d.connect("echo").close()
            d.stop(number)

    def test_term_and_int_let_a_session_finish_and_admit_no_new_one(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            d, s = self.draining(number)
            self.wait_until(lambda d=d: clients.is_closed(lambda: d.connect("echo")), "refused connections")
            data = clients.pattern(300000)
            sender = clients.Sender(s, data)
            self.assertEqual(clients.recv_all(s), data)
            sender.join()
            s.close()
            d.wait_exit(0)

    def test_a_session_that_outlives_drain_timeout_is_ended(self):
        d, s = self.draining(drain_timeout="300ms")
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        d.wait_exit(0)
        d.wait_log(r"session .*end=drain")

    def test_a_second_term_ends_at_once(self):
        d, s = self.draining(drain_timeout="1h")
        self.assertTrue(clients.serves(s))
        d.send_signal(signal.SIGTERM)
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        d.wait_exit(0)

    def test_quit_ends_at_once_also_while_draining(self):
        for number in (None, signal.SIGTERM):
            d = self.serve(ECHO, drain_timeout="1h")
            s = d.connect("echo")
            self.assertTrue(clients.serves(s))
            if number:
                d.send_signal(number)
                d.wait_notify("STOPPING=1")
            d.send_signal(signal.SIGQUIT)
            self.assertEqual(clients.recv_until_over(s)[0], b"")
            d.wait_exit(0)

    def test_a_drain_timeout_of_0_ends_at_once(self):
        d, s = self.draining(drain_timeout=0)
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        d.wait_exit(0)

    def test_resolvers_that_are_stopped_themselves_do_not_hold_it_up(self):
        def used_s():
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            return used.ru_utime + used.ru_stime

        d = self.serve(ECHO, {"service": "hostname"}, drain_timeout="300ms")
        before_s = used_s()
        for pid in sorted(d.workers())[:2]:  # they are started first
            os.kill(pid, signal.SIGSTOP)
        d.stop()
        self.assertLess(used_s() - before_s, 1)  # it waits for them, and does not spin

    def test_an_idle_session_keeps_its_idle_timeout_while_draining(self):
        d = self.serve({**ECHO, "idle_timeout": "300ms"}, drain_timeout="1h")
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        d.send_signal(signal.SIGTERM)
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        d.wait_exit(0)

    def test_the_address_can_be_bound_again_at_once(self):
        d = self.serve(ECHO)
        where = d.address("echo")
        self.assertTrue(clients.serves(d.connect("echo")))
        d.stop()
        again = self.serve({**ECHO, "port": where[1]})
        self.assertEqual(again.address("echo"), where)
        self.assertTrue(clients.serves(again.connect("echo")))

    def test_term_right_after_the_start_ends_with_0(self):
        for _ in range(10):
            d = self.start(self.config(ECHO), wait=False)
            d.wait_log(r"^notice listening")
            d.stop()


class StopsOfDatagrams(harness.Case):
    def test_a_udp_listener_stops_with_the_daemon(self):
        d = self.serve({"service": "echo", "transport": "udp"})
        s = d.connect("echo", "udp")
        self.assertEqual(clients.ask(s, b"x"), b"x")
        d.send_signal(signal.SIGTERM)
        d.wait_exit(0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(d.address("echo", "udp"))

    def test_a_stop_while_stopped_and_continued_is_not_lost(self):
        d = self.serve({"service": "echo"})
        os.kill(d.pid, signal.SIGSTOP)
        self.assertTrue(clients.serves(d.connect("echo")), "the supervisor is not needed for a session")
        d.send_signal(signal.SIGTERM)
        os.kill(d.pid, signal.SIGCONT)
        d.hang_up()
        d.wait_exit(0)


if __name__ == "__main__":
    harness.main()
