# SPDX-License-Identifier: MIT
"""Clients that keep all places of a pool, without being idle: who comes from elsewhere is served all the same."""

import select
import socket
import threading

import clients
import harness

PLACES = 8
ECHO = {"service": "echo", "transport": "tcp", "pool": "small", "idle_timeout_busy": 0}
DAYTIME = {"service": "daytime", "transport": "tcp", "pool": "small"}
ELSEWHERE = "127.0.9.1"
ROOM = r"session listener={} .* end=room"


def source(i):
    return f"127.0.8.{1 + i}"


class Holders(threading.Thread):
    """Clients that send a byte now and then. One whose session ends comes back at once."""

    def __init__(self, dial, sockets):
        super().__init__(daemon=True)
        self._dial, self._sockets = dial, sockets
        self._over = threading.Event()
        for s in sockets.values():
            s.setblocking(False)
        self.start()

    def run(self):
        while not self._over.wait(0.02):
            for i, s in self._sockets.items():
                try:
                    s.send(b"x")
                    if s.recv(100):
                        continue
                except BlockingIOError:
                    continue
                except OSError:
                    pass
                s.close()
                self._sockets[i] = self._dial(i)
                self._sockets[i].setblocking(False)

    def stop(self):
        self._over.set()
        self.join()
        for s in self._sockets.values():
            s.close()


class Case(harness.Case):
    POOL = {"fork": {"model": "fork", "max_sessions": PLACES},
            "prefork": {"model": "prefork", "start": PLACES, "min_spare": 1, "max_spare": PLACES, "max_workers": PLACES},
            "event": {"model": "event", "workers": 2, "max_sessions": PLACES}}

    def serve_small(self, *listeners, patience="100ms"):
        return self.serve(*listeners, pools={"small": {**self.POOL[self.model], "patience": patience}})

    def hold(self, dial, n):
        """Clients with a session each, all of which come back; stopped with the test."""
        sockets = {i: dial(i) for i in range(n)}
        for s in sockets.values():
            self.assertTrue(clients.serves(s))
        holders = Holders(dial, sockets)
        self.addCleanup(holders.stop)
        return holders

    def daytime(self, d, host=ELSEWHERE):
        with d.connect("daytime", source=host) as s:
            self.assertTrue(clients.recv_all(s).endswith(b"\r\n"))

    def turned_out(self, talkers):
        """The first one whose session is over, while all of them go on talking."""
        poll = select.poll()
        for s in talkers:
            poll.register(s, select.POLLIN)
        while True:
            for s in talkers:
                try:
                    if not clients.serves(s):
                        return s
                except OSError:
                    return s


@harness.every_model
class FullPool(Case):
    def test_of_few_sources_lets_another_in_again_and_again(self):
        d = self.serve_small(ECHO, DAYTIME)
        self.hold(lambda i: d.connect("echo", source=source(i % 2)), PLACES)
        for _ in range(10):
            self.daytime(d)
        d.wait_log(ROOM.format("echo"))
        d.wait_log(r"notice room pool=small count=\d+")

    def test_of_sources_with_one_session_each_lets_another_in_again_and_again(self):
        d = self.serve_small(ECHO, DAYTIME)
        self.hold(lambda i: d.connect("echo", source=source(i)), PLACES)
        for _ in range(10):
            self.daytime(d)

    def test_whose_holders_wait_in_the_same_backlog_lets_another_in_behind_them(self):
        d = self.serve_small(ECHO)
        self.hold(lambda i: d.connect("echo", source=source(i)), PLACES)
        crowd = {i: d.connect("echo", source=source(i)) for i in range(100, 160)}
        holders = Holders(lambda i: d.connect("echo", source=source(i)), crowd)
        self.addCleanup(holders.stop)
        for _ in range(3):
            with d.connect("echo", source=ELSEWHERE) as s:
                self.assertTrue(clients.serves(s))

    def test_spares_the_source_that_has_little(self):
        d = self.serve_small(ECHO, DAYTIME)
        little = d.connect("echo", source=ELSEWHERE)
        self.assertTrue(clients.serves(little))
        self.hold(lambda i: d.connect("echo", source=source(0)), PLACES - 1)
        for i in range(5):
            self.daytime(d, source(100 + i))
            self.assertTrue(clients.serves(little))
        little.close()

    def test_without_an_end_of_patience_keeps_who_is_in(self):
        d = self.serve_small(ECHO, DAYTIME, patience=0)
        inside = [d.connect("echo", source=source(0)) for _ in range(PLACES)]
        self.assertTrue(all(clients.serves(s) for s in inside))
        waiting = d.connect("daytime", source=ELSEWHERE)
        for _ in range(20):
            self.assertTrue(all(clients.serves(s) for s in inside))
        self.assertTrue(clients.has_nothing(waiting))
        inside.pop().close()
        self.assertTrue(clients.recv_all(waiting).endswith(b"\r\n"))

    def test_counts_all_addresses_of_a_prefix_as_one_source_behind_a_balancer_too(self):
        d = self.serve_small({**ECHO, "proxy": "v1", "proxy_from": ["127.0.0.0/8"]}, DAYTIME)

        def dial(client):
            s = d.connect("echo")
            s.sendall(b"PROXY TCP6 %s 2001:db8:ffff::1 5000 7\r\n" % client.encode())
            self.assertTrue(clients.serves(s))
            return s
        spared = [dial(f"2001:db8:{i}::1") for i in range(1, 4)]
        crowd = [dial(f"2001:db8::{i}") for i in range(1, PLACES - 2)]
        self.daytime(d)
        self.assertIn(self.turned_out(spared + crowd), crowd)

    def test_takes_the_clients_of_a_unix_socket_for_sources_by_their_users(self):
        path = self.folder / "socket"
        d = self.serve_small({**ECHO, "transport": "unix", "path": path}, DAYTIME, {**ECHO, "name": "tcp"})
        spared = [d.connect("tcp", source=source(i)) for i in range(2)]
        crowd = [d.connect("echo", "unix") for _ in range(PLACES - 2)]
        self.assertTrue(all(clients.serves(s) for s in spared + crowd))
        self.daytime(d)
        self.assertIn(self.turned_out(spared + crowd), crowd)

    def test_lets_in_whoever_waits_at_a_unix_socket(self):
        path = self.folder / "socket"
        d = self.serve_small(ECHO, {**DAYTIME, "transport": "unix", "path": path})
        self.hold(lambda i: d.connect("echo", source=source(i % 2)), PLACES)
        for _ in range(5):
            with d.connect("daytime", "unix") as s:
                self.assertTrue(clients.recv_all(s).endswith(b"\r\n"))

    def test_takes_an_ipv4_client_of_a_socket_of_both_families_for_that_source(self):
        if not clients.has_ipv6():
            self.skipTest("needs IPv6")
        d = self.serve_small({**ECHO, "address": "*"}, DAYTIME)
        port = d.address("echo")[1]

        def dial(host, own):
            s = d.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, (own, 0))
            s.connect((host, port))
            self.assertTrue(clients.serves(s))
            return s
        spared = [dial("::1", "::1"), dial("127.0.0.1", source(7)), dial("127.0.0.1", source(6))]
        crowd = [dial("127.0.0.1", source(0)) for _ in range(PLACES - 3)]
        self.daytime(d)
        self.assertIn(self.turned_out(spared + crowd), crowd)


if __name__ == "__main__":
    harness.main()
