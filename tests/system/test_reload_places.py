#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A reload that moves a listener to another address, family or interface on the same port: clients that keep coming notice
nothing."""

import socket
import subprocess
import sys
import threading

import clients
import harness

PORT = 4007
# All of them serve a client of 127.0.0.1.
PLACES = {
    "the IPv4 loopback": {"address": "127.0.0.1"},
    "everywhere": {"address": "*"},
    "every IPv4 address": {"address": "0.0.0.0"},
    "IPv6 that takes IPv4": {"address": "::", "v6only": False},
    "an interface": {"address": "*", "interface": "lo"},
    "an address on an interface": {"address": "127.0.0.1", "interface": "lo"},
    "both loopbacks": {"address": "loopback"},
    "two addresses": {"address": ["127.0.0.1", "127.0.0.2"], "freebind": True},
}
INTERFACES = ["an interface", "an address on an interface"]
BROKEN = r"^(error|warning) "


def all_steps(n):
    """A way over n places that takes each step from one to another once."""
    way, left = [0], {(a, b) for a in range(n) for b in range(n) if a != b}
    while left:
        here = way[-1]
        step = max((s for s in left if s[0] == here), key=lambda s: sum(t[0] == s[1] for t in left), default=None)
        way += [step[1]] if step else [min(left)[0]]
        left.discard((here, way[-1]))
    return way


class Visitor(threading.Thread):
    """Comes again and again until it is told to stop; what goes wrong is kept."""

    def __init__(self, visit):
        super().__init__(daemon=True)
        self._visit, self._over = visit, threading.Event()
        self.visits, self.wrong = 0, []
        self.start()

    def run(self):
        while not self._over.is_set():
            try:
                self._visit()
            except (OSError, AssertionError) as e:
                self.wrong.append(repr(e))
            self.visits += 1

    def stop(self):
        self._over.set()
        self.join()
        return self.wrong


class Other:
    """A process of another user that tries to be bound to the port beside the daemon, by every option, until it is told to
    stop."""

    PROGRAM = """
import os, select, socket, sys
os.setgid(65533), os.setuid(65533)
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[1]]
tries = got_in = 0
print("begun", flush=True)
while not select.select([0], [], [], 0)[0]:
    for options in range(4):
        with socket.socket(type=kind) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, options & 1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, options >> 1)
            tries += 1
            try:
                s.bind(("127.0.0.1", int(sys.argv[2])))
                got_in += 1
            except OSError:
                pass
print(tries, got_in)
"""

    def __init__(self, transport):
        self._process = subprocess.Popen([sys.executable, "-c", self.PROGRAM, transport, str(PORT)], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._process.stdout.readline()

    def stop(self):
        """(tries, how many of them got in)"""
        said = self._process.communicate("\n")[0]
        return tuple(map(int, said.split()))


def sockets(kind):
    """Of this network namespace's listening (tcp) or bound (udp) sockets, those of the port."""
    found = []
    for name in (kind, kind + "6"):
        with open(f"/proc/net/{name}") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        found += [r[1] for r in rows if r[1].endswith(f":{PORT:04X}") and r[3] == {"tcp": "0A", "udp": "07"}[kind]]
    return found


class Places(harness.Case):
    def listener(self, transport, place):
        bounds = {"udp_rate": "none"} if transport == "udp" else {"max_sessions_per_source": 0}
        return {"service": "echo", "transport": transport, "port": PORT, "acknowledge_public": True, **bounds,
                **PLACES[place]}

    def config(self, *listeners, **top):
        limits = {"udp_answers": "none", "udp_answer_bytes": "none", "sessions_per_source": 0}
        return super().config(*listeners, limits=limits, **top)

    def go_through(self, d, transport, names, visitor):
        for here in all_steps(len(names))[1:]:
            lines = d.reload(self.config(self.listener(transport, names[here])))
            self.assertTrue(any("notice reloaded" in line for line in lines), (names[here], lines))
            seen = visitor.visits
            self.wait_until(lambda: visitor.visits > seen + 3 or not visitor.is_alive(), "clients still come")
        d.reload(self.config(self.listener(transport, names[0])))
        self.wait_until(lambda: len(sockets(transport)) == 1, "the old sockets are closed")

    def serve_at(self, transport, place, **more):
        return self.serve({**self.listener(transport, place), **more}, daemon={"allow": [r"acl|allow|public"]})


@harness.every_model
class Sessions(Places):
    def test_go_on_and_new_ones_are_served_wherever_the_listener_moves(self):
        d = self.serve_at("tcp", "the IPv4 loopback")
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))

        def visit():
            with socket.create_connection(("127.0.0.1", PORT), harness.TIMEOUT_S) as c:
                assert clients.serves(c), "ended without an answer"
        visitor = Visitor(visit)
        self.go_through(d, "tcp", [p for p in PLACES if p not in INTERFACES], visitor)
        self.assertEqual(visitor.stop(), [])
        self.assertTrue(clients.serves(s))

    def test_go_on_and_new_ones_are_served_when_the_listener_moves_to_an_interface_and_away(self):
        d = self.serve_at("tcp", "everywhere")
        s = d.connect("echo")
        for place in [*INTERFACES, "the IPv4 loopback", "an interface", "two addresses"]:
            mark = d.mark()
            d.reload(self.config(self.listener("tcp", place)))
            d.wait_log("^notice reloaded", since=mark[0])
            self.assertTrue(clients.serves(s) and clients.serves(d.connect("echo")))
        self.assertEqual(len(d.wait_log(r"^notice reload: .*clients may be lost", count=3)), 3)


class Datagrams(Places):
    def test_are_all_answered_and_in_order_wherever_the_listener_moves(self):
        d = self.serve_at("udp", "the IPv4 loopback")
        s = d.connect("echo", "udp")
        s.settimeout(5)
        turn = iter(range(1 << 40))

        def visit():
            sent = [b"%d" % next(turn) for _ in range(16)]
            for data in sent:
                s.send(data)
            got = [s.recv(100) for _ in sent]
            assert got == sent, (sent, got)
        visitor = Visitor(visit)
        self.go_through(d, "udp", list(PLACES), visitor)
        self.assertEqual(visitor.stop(), [])


class Refusals(Places):
    def test_a_place_that_another_program_has_is_refused_and_the_old_one_serves_on(self):
        for transport, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
            with self.subTest(transport), socket.socket(type=kind) as other:
                other.bind(("127.0.0.2", PORT))
                if transport == "tcp":
                    other.listen()
                d = self.serve({"service": "echo", "transport": transport, "port": PORT}, daemon={"allow": [BROKEN]})
                s = d.connect("echo", transport)
                self.assertEqual(clients.ask(s, b"x") if transport == "udp" else clients.echo(s, b"x"), b"x")
                mark = d.mark()
                d.reload(self.config(self.listener(transport, "everywhere")))
                d.wait_log(r"reload: refused: cannot bind echo/\w+ to \[::\]:4007: address already in use", since=mark[0])
                self.assertEqual(clients.ask(s, b"y") if transport == "udp" else clients.echo(s, b"y"), b"y")
                if transport == "tcp":
                    self.assertTrue(clients.serves(d.connect("echo")))
                d.stop()

    def test_no_other_user_may_share_the_port_at_any_moment(self):
        for transport, shards in (("tcp", 1), ("udp", 1), ("udp", 2)):
            with self.subTest(transport, shards=shards):
                more = {"shards": shards} if shards > 1 else {}
                d = self.serve_at(transport, "the IPv4 loopback", **more)
                other = Other(transport)
                for i in range(20):
                    place = ("every IPv4 address", "the IPv4 loopback")[i % 2]
                    lines = d.reload(self.config({**self.listener(transport, place), **more}))
                    self.assertTrue(any("notice reloaded" in line for line in lines), lines)
                tries, got_in = other.stop()
                self.assertGreater(tries, 0)
                self.assertEqual(got_in, 0, f"of {tries} tries")
                d.stop()


if __name__ == "__main__":
    harness.main(namespace=True)
