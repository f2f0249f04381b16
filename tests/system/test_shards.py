#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`shards`: several sockets of one UDP listener, each with its reader. Clients notice nothing but the speed.

In a network of its own: the port is one that tests of other files might have.
"""

import os
import pwd
import signal
import socket
import threading

import clients
import harness
import passing
from config import service_user

PORT = 4007
FLOWS = 40
BURST = 8


def bound():
    """The sockets of the port, as (inode, bytes that wait)."""
    with open("/proc/net/udp") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return [(r[9], int(r[4].partition(":")[2], 16)) for r in rows if r[1].endswith(f":{PORT:04X}") and r[3] == "07"]


def siphash(data):
    """SipHash-2-4 with a key of zeros: by it the service manager's store knows our sockets."""
    mask, v = (1 << 64) - 1, [int.from_bytes(b"somepseudorandomlygeneratedbytes"[i:i + 8], "big") for i in range(0, 32, 8)]

    def left(x, n):
        return (x << n | x >> 64 - n) & mask

    def mix():
        for a, b, turn in ((0, 1, 13), (2, 3, 16), (0, 3, 21), (2, 1, 17)):
            v[a] = v[a] + v[b] & mask
            v[b] = left(v[b], turn) ^ v[a]
            if turn in (13, 17):
                v[a] = left(v[a], 32)
    whole = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for at in range(0, len(whole), 8):
        word = int.from_bytes(whole[at:at + 8], "little")
        v[3] ^= word
        mix()
        mix()
        v[0] ^= word
    v[2] ^= 255
    for _ in range(4):
        mix()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


class Flow(threading.Thread):
    """A client that sends bursts, each when the one before has come back; what was lost, changed or doubled is kept."""

    def __init__(self, in_order):
        super().__init__(daemon=True)
        self._socket, self._in_order, self._over = clients.datagram_socket(), in_order, threading.Event()
        self._socket.connect(("127.0.0.1", PORT))
        self._socket.settimeout(harness.TIMEOUT_S)
        self.bursts, self.wrong = 0, []
        self.start()

    def run(self):
        while not self._over.is_set() and not self.wrong:
            sent = [b"%d.%d" % (self.bursts, i) for i in range(BURST)]
            try:
                for data in sent:
                    self._socket.send(data)
                got = [self._socket.recv(100) for _ in sent]
            except OSError as e:
                got = repr(e)
            if got != sent and (self._in_order or sorted(got) != sorted(sent)):
                self.wrong.append((sent, got))
            self.bursts += 1

    def stop(self):
        self._over.set()
        self.join()
        self._socket.close()
        return self.wrong


class Case(passing.Case):
    def setUp(self):
        super().setUp()
        self.flows = []
        self.addCleanup(lambda: [flow.stop() for flow in self.flows])  # before super's

    def config(self, *listeners, **top):
        return super().config(*listeners, limits={"udp_answers": "none", "udp_answer_bytes": "none"},
                              pools={"event": {"model": "event", "workers": 2}}, **top)

    def echo(self, shards, port=PORT):
        return {"service": "echo", "transport": "udp", "port": port, "shards": shards, "udp_rate": "none",
                "allow_source_ports": clients.SERVERS}

    def begin_flows(self, in_order):
        self.flows = [Flow(in_order) for _ in range(FLOWS)]

    def wait_flows(self, n=3):
        """Until each has come so many bursts further."""
        goals = [(flow, flow.bursts + n) for flow in self.flows]
        self.wait_until(lambda: all(flow.bursts >= goal or flow.wrong for flow, goal in goals), "the flows go on")

    def assert_flows_were_served(self):
        self.assertEqual([wrong for flow in self.flows for wrong in flow.stop()], [])

    def many(self, d):
        return [d.connect("echo", "udp") for _ in range(FLOWS)]

    def stop_workers(self, d):
        """Both that read; what is sent from now on waits."""
        for pid in d.workers():
            os.kill(pid, signal.SIGSTOP)
        return d.workers()


class Serving(Case):
    def test_what_one_client_sends_stays_in_order(self):
        self.serve(self.echo(4))
        self.begin_flows(in_order=True)
        self.wait_flows(50)
        self.assert_flows_were_served()

    def test_each_socket_gets_its_share_of_the_clients(self):
        d = self.serve(self.echo(4))
        self.assertEqual(len(d.listening("echo", "udp")), 1)
        workers = self.stop_workers(d)
        many = self.many(d)
        for s in many:
            s.send(b"x")
        self.assertEqual([bool(n) for _, n in bound()], [True] * 4)
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        for s in many:
            self.assertEqual(s.recv(100), b"x")

    def test_the_kernel_may_choose_the_port(self):
        d = self.serve(self.echo(3, port=0))
        for s in self.many(d):
            self.assertEqual(clients.ask(s, b"x"), b"x")

    def test_what_waits_for_a_worker_that_dies_is_answered_by_its_neighbour(self):
        d = self.serve(self.echo(4))
        d.allow.append("^warning")
        victim, neighbour = self.stop_workers(d)
        many, sent = self.many(d), [b"1", b"2", b"3"]
        for s in many:
            for data in sent:
                s.send(data)
        self.assertEqual([bool(n) for _, n in bound()], [True] * 4)
        os.kill(victim, signal.SIGKILL)
        os.kill(neighbour, signal.SIGCONT)
        for s in many:
            self.assertEqual([s.recv(100) for _ in sent], sent)

    def test_a_second_instance_is_refused_whoever_starts_it(self):
        d = self.serve(self.echo(4))
        user, group = service_user()
        for options in ({}, {"user": user, "group": group, "extra_groups": []}):
            for shards in (1, 4):
                done = self.run_once(config=self.config(self.echo(shards)), **options)
                self.assertEqual(done.returncode, 69)
                self.assertIn("cannot bind echo/udp to 127.0.0.1:4007: address already in use", done.stderr)
        for s in self.many(d):
            self.assertEqual(clients.ask(s, b"x"), b"x")

    def test_an_instance_is_refused_where_there_is_one_with_a_single_socket(self):
        self.serve(self.echo(1))
        done = self.run_once(config=self.config(self.echo(4)))
        self.assertEqual(done.returncode, 69)

    def test_only_udp_has_them(self):
        done = self.run_once("-t", config=self.config({"service": "echo", "transport": "tcp", "shards": 2}))
        self.assertEqual(done.returncode, 78)
        self.assertIn("shards: is for the transport udp only", done.stderr)


class Reloads(Case):
    def test_that_change_the_number_lose_no_datagram(self):
        d = self.serve(self.echo(4))
        self.begin_flows(in_order=False)
        for shards in (2, 4, 1, 3, 64, 1, 2) * 2:
            lines = d.reload(self.config(self.echo(shards)))
            self.assertTrue(any("notice reloaded" in line for line in lines), lines)
            self.wait_flows()
        self.wait_until(lambda: len(bound()) == 2, "the old sockets are closed")
        self.assert_flows_were_served()

    def test_that_do_not_change_it_keep_the_sockets_and_what_waits_there(self):
        d = self.serve(self.echo(4))
        inodes = {inode for inode, _ in bound()}
        d.reload()
        self.assertEqual({inode for inode, _ in bound()}, inodes)

    def test_that_are_refused_leave_the_number_as_it_was(self):
        d = self.serve(self.echo(2), daemon={"allow": ["reload: refused"]})
        self.begin_flows(in_order=True)
        with socket.socket(type=socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", PORT + 1))
            for shards in (1, 4) * 10:
                lines = d.reload(self.config(self.echo(shards), {**self.echo(2, PORT + 1), "name": "other"}))
                self.assertTrue(any("reload: refused" in line for line in lines), lines)
                self.wait_flows(1)
        self.assertEqual(len(bound()), 2)
        self.assert_flows_were_served()

    def test_move_a_listener_with_all_its_sockets(self):
        d = self.serve(self.echo(4))
        self.begin_flows(in_order=False)
        for address in ("0.0.0.0", "127.0.0.1") * 2:
            lines = d.reload(self.config({**self.echo(4), "address": address, "acknowledge_public": True}))
            self.assertTrue(any("notice reloaded" in line for line in lines), lines)
            self.wait_flows()
        self.assert_flows_were_served()


@passing.needs_systemd
class Restarts(Case):
    """As after a crash: what was bound comes back from the service manager's store."""

    def stored(self, shards):
        """The sockets of a group as the daemon before left them: the service's user's, with what waits there."""
        uid, found = pwd.getpwnam(service_user()[0]).pw_uid, []
        for i in range(shards):
            s = socket.socket(type=socket.SOCK_DGRAM)
            self.addCleanup(s.close)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            os.fchown(s.fileno(), uid, -1)
            s.bind(("127.0.0.1", PORT))
            name = f"udp 127.0.0.1:{PORT}" + (f" shard {i}" if i else "")
            found.append((f"stored-{siphash(name.encode()):016x}", s))
        return found

    def test_take_the_sockets_and_what_waits_there_and_may_change_the_number(self):
        for before, after in ((2, 4), (4, 4), (1, 3)):
            with self.subTest(f"{before} sockets, then {after}"):
                stored = self.stored(before)
                kept = {inode for inode, _ in bound()}
                many = [clients.datagram_socket() for _ in range(FLOWS)]
                for s in many:
                    self.addCleanup(s.close)
                    s.settimeout(harness.TIMEOUT_S)
                    s.connect(("127.0.0.1", PORT))
                    s.send(b"x")
                d = self.pass_to(stored, self.echo(after), only=False)
                for _, s in stored:
                    s.close()
                for s in many:
                    self.assertEqual(s.recv(100), b"x")
                self.assertEqual(len(bound()), after)
                self.assertLessEqual(kept, {inode for inode, _ in bound()})
                d.reload(self.config(self.echo(5)))
                self.assertEqual(len(bound()), 5)
                d.stop()


if __name__ == "__main__":
    harness.main(namespace=True)
