# SPDX-License-Identifier: MIT
"""Ten times as many clients as there is room for, clients that never read and clients that hardly write."""

import re
import select
import socket
import threading

import clients
import harness
import procs

ECHO = {"service": "echo", "transport": "tcp", "pool": "small", "max_sessions_per_source": 0}
NO_SOURCE_CAP = {"sessions_per_source": 0}
SHORT = "300ms"
MORE_THAN_BUFFERS = bytes(64 * 1024 * 1024)


class Case(harness.Case):
    def serve_small(self, places, *listeners):
        """Listeners in a pool of so many places, where nobody gives up his for others."""
        pool = {"fork": {"model": "fork", "max_sessions": places},
                "prefork": {"model": "prefork", "start": places, "min_spare": 1, "max_spare": places, "max_workers": places},
                "event": {"model": "event", "workers": 2, "max_sessions": places}}
        return self.serve(*listeners, pools={"small": {**pool[self.model], "patience": 0}}, limits=NO_SOURCE_CAP)

    def dial(self, d, n, name="echo"):
        return [d.connect(name) for _ in range(n)]

    def wait_outside(self, d, n):
        """Clients that have said all they have to say: their sessions, once they have one, end by themselves."""
        waiting = self.dial(d, n)
        for s in waiting:
            s.sendall(b"patience")
            s.shutdown(socket.SHUT_WR)
        return waiting

    def served_as_they_come(self, waiting):
        """Each of them is answered at some time, whoever is the next."""
        waiting = set(waiting)
        while waiting:
            ready = select.select(list(waiting), [], [], harness.TIMEOUT_S)[0]
            self.assertTrue(ready, f"{len(waiting)} are still waiting")
            for s in ready:
                self.assertEqual(clients.recv_all(s), b"patience")
            waiting -= set(ready)


@harness.every_model
class TenTimesTheRoom(Case):
    PLACES, TIMES = 8, 10

    def fill(self, d):
        """As many as there are places for; some may be free a moment after the clients that had them have closed."""
        inside = []

        def enter():
            try:
                s = d.connect("echo")
                inside.extend([s] if clients.serves(s) else [])
            except (ConnectionResetError, BrokenPipeError):
                pass
            return len(inside) == self.PLACES
        self.wait_until(enter, f"{self.PLACES} are served")
        return inside

    def talk(self, inside):
        for seed, s in enumerate(inside):
            data = clients.pattern(20000, seed)
            self.assertEqual(clients.echo(s, data), data)

    def test_who_is_in_is_served_all_along_and_who_waits_is_served_in_turn(self):
        d = self.serve_small(self.PLACES, {**ECHO, "idle_timeout_busy": 0})
        inside = self.fill(d)
        waiting = self.wait_outside(d, self.PLACES * (self.TIMES - 1))
        for _ in range(3):
            self.talk(inside)
        self.assertTrue(all(clients.has_nothing(s) for s in waiting))
        for s in inside:
            s.close()
        self.served_as_they_come(waiting)

    def test_beyond_a_cap_all_are_reset_and_then_all_is_well_again(self):
        d = self.serve({**ECHO, "pool": self.model, "max_sessions": self.PLACES}, limits=NO_SOURCE_CAP)
        for _ in range(2):
            inside = self.fill(d)
            for _ in range(self.PLACES * (self.TIMES - 1)):
                self.assertTrue(clients.is_refused(lambda: d.connect("echo")))
            self.talk(inside)
            for s in inside:
                s.close()
        d.wait_log(r"notice refused listener=echo/tcp reason=sessions count=\d+")

    def test_the_places_of_the_idle_go_to_all_who_wait(self):
        d = self.serve_small(self.PLACES, {**ECHO, "idle_timeout_busy": SHORT})
        idle = self.fill(d)
        waiting = self.wait_outside(d, self.PLACES * (self.TIMES - 1))
        self.served_as_they_come(waiting)
        found = d.wait_log(r"session listener=echo .*end=idle")
        self.assertLessEqual(len(found), len(idle))


@harness.every_model
class NeverReaders(Case):
    CLIENTS, OWED_MAX = 32, 65536

    def workers_memory(self, d):
        return procs.pss_bytes((p.pid for p in procs.of_session(d.pid)), "Pss_Anon")

    @harness.needs_root
    def test_cost_no_more_than_one_buffer_each_and_nothing_is_read_while_they_are_owed(self):
        d = self.serve_small(self.CLIENTS + 4, ECHO)
        self.assertTrue(all(clients.serves(s) for s in self.dial(d, self.CLIENTS)))
        before = self.workers_memory(d)
        d.hang_up()
        deaf = self.dial(d, self.CLIENTS)
        for s in deaf:
            clients.send_until_stuck(s, MORE_THAN_BUFFERS, 0.02)
        each = (self.workers_memory(d) - before) / self.CLIENTS
        self.assertLessEqual(each, self.OWED_MAX)
        self.assertTrue(clients.serves(d.connect("echo")))
        line, _ = d.mark()
        d.hang_up()
        for found in d.wait_log(r"session .* in=(\d+) out=(\d+) end=reset", self.CLIENTS, line):
            self.assertLessEqual(int(found[1]) - int(found[2]), self.OWED_MAX)
        print(f"    {self.model}: {each / 1024:.1f} KiB for each of {self.CLIENTS}")

    def test_of_what_never_ends_get_what_the_socket_holds_and_no_more(self):
        d = self.serve({"service": "chargen", "transport": "tcp", "rate": "1G/s", "send_buffer": 65536}, ECHO | {"pool": self.model})
        deaf = self.dial(d, 4, "chargen")
        for s in deaf:
            s.recv(1)
        self.assertTrue(clients.serves(d.connect("echo")))
        line, _ = d.mark()
        d.hang_up()
        for found in d.wait_log(r"session listener=chargen .* out=(\d+) end=reset", len(deaf), line):
            self.assertLess(int(found[1]), len(MORE_THAN_BUFFERS))


class Drip(threading.Thread):
    """Clients that send a byte now and then, as long as anybody takes it."""

    def __init__(self, sockets):
        super().__init__(daemon=True)
        self.sockets, self.over = sockets, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.02):
            for s in self.sockets:
                try:
                    s.send(b"x")
                except OSError:
                    pass

    def stop(self):
        self.over.set()
        self.join()


@harness.every_model
class SlowSenders(Case):
    PLACES = 4

    def test_keep_a_place_no_longer_than_a_request_may_take(self):
        for service in ("hostname", "tcpmux"):
            d = self.serve_small(self.PLACES, {"service": service, "pool": "small", "request_timeout": SHORT}, ECHO)
            slow = self.dial(d, self.PLACES, service)
            for s in slow:
                s.send(b"x")
            drip = Drip(slow)
            self.assertTrue(clients.serves(d.connect("echo")), service)
            found = d.wait_log(rf"session listener={service} .* in=(\d+) out=\d+ end=limit", self.PLACES)
            drip.stop()
            self.assertTrue(all(int(m[1]) < 512 for m in found))
            d.stop()

    def test_one_that_says_nothing_has_no_longer(self):
        services = ("hostname", "tcpmux")
        d = self.serve(*({"service": service, "request_timeout": SHORT} for service in services))
        for service in services:
            self.assertEqual(clients.recv_until_over(d.connect(service))[0], b"")
            self.assertRegex(d.wait_log(rf"session listener={service} .*")[0][0], re.escape("in=0 out=0 end=limit"))


if __name__ == "__main__":
    harness.main()
