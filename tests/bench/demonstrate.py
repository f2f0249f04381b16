# SPDX-License-Identifier: MIT
"""Shows, on this machine, what the documents claim: each demonstration says which limits it sets and what came out.

    python3 -B tests/bench/demonstrate.py [NAME...]      in the folder of the build, or with $ECHOTIMED

No test: nothing here fails for being slow, and the figures are this machine's.
"""

import os
import resource
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import harness  # noqa: E402
import procs  # noqa: E402

MIB = 1024 * 1024
BUFFER = 4 * MIB


def say(text):
    print("   ", text, flush=True)


def raise_descriptor_limit():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def send_all_it_takes(client):
    sent = 0
    try:
        while True:
            sent += client.send(bytes(65536))
    except BlockingIOError:
        return sent


class Demonstrations(harness.Case):
    """The harness starts and stops the daemons; each method is one demonstration."""

    def runTest(self):
        """unittest wants one."""

    def lockstep(self):
        """UDP echo, one at a time: 100 of 100 answers (xinetd: 51 to 76)."""
        s = self.serve({"service": "echo", "transport": "udp"}).connect("echo", "udp")
        s.settimeout(1)
        answered = 0
        for i in range(100):
            s.send(b"%d" % i)
            try:
                answered += s.recv(100) == b"%d" % i
            except TimeoutError:
                pass
        say(f"{answered} of 100")

    def bursts(self):
        """UDP echo, 100 bursts of 64: none lost, none out of order. Set: the client's receive buffer, 4 MiB, and udp_rate "none"
        (6,400 at once are more than its default of 2000/s:4000 gives one source)."""
        s = self.serve({"service": "echo", "transport": "udp", "udp_rate": "none"}).connect("echo", "udp")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        s.settimeout(1)
        lost = reordered = 0
        for burst in range(100):
            sent = [b"%d %d" % (burst, i) for i in range(64)]
            for data in sent:
                s.send(data)
            got = []
            try:
                while len(got) < len(sent):
                    got.append(s.recv(100))
            except TimeoutError:
                pass
            lost += len(sent) - len(got)
            reordered += got != sent[:len(got)]
        say(f"{lost} of 6400 lost, {reordered} bursts out of order")

    def asked(self):
        """65507 bytes sent to 127.0.0.2 of a dual-stack socket are answered by 127.0.0.2."""
        port = self.serve({"service": "echo", "transport": "udp", "address": "*", "acknowledge_public": True}).address(
            "echo", "udp")[1]
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(5)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        data = os.urandom(65507)
        s.sendto(data, ("127.0.0.2", port))
        answer, source = s.recvfrom(70000)
        say(f"{len(answer)} bytes, {'equal' if answer == data else 'NOT EQUAL'}, from {source[0]}")

    def never_readers(self):
        """1,000 clients that send as much as they can and never read, per model. Set: 2,000 sessions, no source cap, a pool of
        1,100 (prefork: 900 workers and 850 clients), descriptors as many as allowed."""
        raise_descriptor_limit()
        for model, n, pool in (("event", 1000, {"model": "event"}), ("fork", 1000, {"model": "fork", "max_sessions": 1100}),
                               ("prefork", 850, {"model": "prefork", "max_workers": 900, "max_spare": 100})):
            d = self.serve({"service": "echo", "pool": "p", "max_sessions": 0, "max_sessions_per_source": 0},
                           pools={"p": pool}, limits={"sessions": 2000, "sessions_per_source": 0})
            before = procs.pss_bytes(p.pid for p in procs.of_session(d.pid))
            clients = [d.connect("echo") for _ in range(n)]
            for c in clients:
                c.setblocking(False)
            sent = sum(send_all_it_takes(c) for c in clients) + sum(send_all_it_takes(c) for c in clients)
            after = procs.pss_bytes(p.pid for p in procs.of_session(d.pid))
            say(f"{model}: {n} clients sent {sent >> 20} MiB; the daemon's PSS went from {before / MIB:.1f} to"
                f" {after / MIB:.1f} MiB, {(after - before) / n / 1024:.1f} KiB a session")
            for c in clients:
                c.close()
            d.stop()


NAMES = ("lockstep", "bursts", "asked", "never_readers")


def main():
    for name in sys.argv[1:] or NAMES:
        case = Demonstrations()
        case.setUp()
        print(f"{name}: {getattr(Demonstrations, name).__doc__}")
        try:
            getattr(case, name)()
        finally:
            case.doCleanups()


if __name__ == "__main__":
    main()
