# SPDX-License-Identifier: MIT
"""Sessions that end by the clock: idle, busy-idle, whole session, request line."""

import select
import time

import clients
import harness

ECHO = {"service": "echo", "transport": "tcp"}
SHORT = "1s"


def talk_until_over(talker, idler):
    """Echoes a byte on talker again and again until idler has ended; how often."""
    n = 0
    while not select.select([idler], [], [], 0.05)[0]:
        assert clients.echo(talker, b".") == b"."
        n += 1
    return n


@harness.every_model
class Timeouts(harness.Case):
    def test_an_idle_session_ends_and_one_that_talks_goes_on(self):
        d = self.serve({**ECHO, "idle_timeout": SHORT})
        idler, talker = d.connect("echo"), d.connect("echo")
        self.assertTrue(clients.serves(idler))
        self.assertGreater(talk_until_over(talker, idler), 1)
        self.assertEqual(clients.recv_until_over(idler)[0], b"")
        d.wait_log(r"session listener=echo .*end=idle")
        self.assertTrue(clients.serves(talker))

    def test_a_client_that_only_reads_is_not_idle(self):
        d = self.serve({"service": "chargen", "transport": "tcp", "idle_timeout": SHORT, "rate": "10k/s"}, ECHO)
        s = d.connect("chargen")
        begin = time.monotonic()
        while time.monotonic() - begin < 1:
            self.assertTrue(s.recv(1024))

    def test_a_client_that_says_nothing_at_all_is_idle(self):
        d = self.serve({**ECHO, "idle_timeout": SHORT})
        self.assertEqual(clients.recv_until_over(d.connect("echo"))[0], b"")
        d.wait_log(r"session .* in=0 out=0 end=idle")

    def test_a_client_that_never_reads_is_idle_when_nothing_moves(self):
        d = self.serve({**ECHO, "idle_timeout": SHORT, "send_buffer": 65536, "receive_buffer": 65536})
        data = b"x" * 64 * 1024 * 1024  # before the clock starts that ends the session
        clients.send_until_stuck(d.connect("echo"), data, 0.1)
        d.wait_log(r"session .*end=idle")

    def test_the_session_timeout_ends_one_that_talks(self):
        d = self.serve({**ECHO, "session_timeout": SHORT})
        s = d.connect("echo")
        try:
            while clients.echo(s, b".") == b".":
                select.select([s], [], [], 0.02)
        except (ConnectionResetError, BrokenPipeError):
            pass
        d.wait_log(r"session .*end=(limit|idle)")

    def test_a_request_line_must_be_whole_in_time_however_it_drips(self):
        services = ("hostname", "tcpmux")
        d = self.serve(ECHO, *({"service": service, "request_timeout": SHORT} for service in services))
        for service in services:
            s = d.connect(service)
            dripped = 0
            while not select.select([s], [], [], 0.05)[0] and dripped < 500:
                try:
                    s.send(b"x")
                except (ConnectionResetError, BrokenPipeError):
                    break
                dripped += 1
            self.assertLess(dripped, 500, service)
            clients.recv_until_over(s)
            d.wait_log(rf"session listener={service}")

    def test_the_request_timeout_does_not_count_for_the_service_behind_tcpmux(self):
        d = self.serve({"service": "tcpmux", "request_timeout": SHORT}, ECHO)
        s, idler = d.connect("tcpmux"), d.connect("tcpmux")
        s.sendall(b"echo\r\n")
        self.assertRegex(clients.recv_line(s), rb"^\+")
        talk_until_over(s, idler)
        self.assertTrue(clients.serves(s))

    def test_zero_means_no_limit(self):
        d = self.serve({**ECHO, "idle_timeout": 0, "session_timeout": 0}, {**ECHO, "name": "short", "idle_timeout": SHORT})
        s = d.connect("echo")
        self.assertEqual(clients.recv_until_over(d.connect("short"))[0], b"")
        self.assertTrue(clients.serves(s))


@harness.every_model
class FullPools(harness.Case):
    """One place in the pool: the next connection waits in the backlog and is served when the place is free."""

    ONE = {"fork": {"model": "fork", "max_sessions": 1},
           "prefork": {"model": "prefork", "start": 1, "min_spare": 1, "max_spare": 1, "max_workers": 1},
           "event": {"model": "event", "workers": 1, "max_sessions": 1}}

    def serve_one(self, **more):
        return self.serve({**ECHO, "pool": "one", **more}, pools={"one": {**self.ONE[self.model], "patience": 0}})

    def test_a_connection_waits_and_is_served_after_the_one_before(self):
        d = self.serve_one()
        first = d.connect("echo")
        self.assertTrue(clients.serves(first))
        waiting = [d.connect("echo") for _ in range(5)]
        for s in waiting:
            s.sendall(b"patience")
        self.assertTrue(clients.serves(first))
        self.assertTrue(all(clients.has_nothing(s) for s in waiting))
        first.close()
        for s in waiting:
            self.assertEqual(clients.recv_exactly(s, 8), b"patience")
            s.close()

    def test_a_session_idle_for_idle_timeout_busy_makes_room(self):
        d = self.serve_one(idle_timeout_busy=SHORT)
        idler = d.connect("echo")
        self.assertTrue(clients.serves(idler))
        waiting = d.connect("echo")
        self.assertTrue(clients.serves(waiting))
        self.assertEqual(clients.recv_until_over(idler)[0], b"")
        d.wait_log(r"session .*end=idle")

    def test_a_session_that_talks_keeps_its_place(self):
        d = self.serve_one(idle_timeout_busy=SHORT)
        talker = d.connect("echo")
        self.assertTrue(clients.serves(talker))
        waiting = d.connect("echo")
        waiting.sendall(b"patience")
        begin = time.monotonic()
        while time.monotonic() - begin < 1.2:
            self.assertTrue(clients.serves(talker))
            select.select([talker], [], [], 0.05)
        self.assertTrue(clients.has_nothing(waiting))
        talker.close()
        self.assertEqual(clients.recv_exactly(waiting, 8), b"patience")


if __name__ == "__main__":
    harness.main()
