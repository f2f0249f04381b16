# SPDX-License-Identifier: MIT
"""Shows, on this machine, what the documents claim: each demonstration says which limits it sets and what came out.

    python3 -B tests/bench/demonstrate.py [NAME...]      in the folder of the build, or with $ECHOTIMED

No test: nothing here fails for being slow, and the figures are this machine's.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import time

SYSTEM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system")
sys.path.insert(0, SYSTEM)

import clients  # noqa: E402
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


def p99_ms(sessions, times=2000):
    """Of the round trips of 100 bytes over each of these sessions in turn."""
    found = []
    for _ in range(times):
        for s in sessions:
            began = time.perf_counter()
            clients.echo(s, bytes(100))
            found.append(time.perf_counter() - began)
    return sorted(found)[len(found) * 99 // 100] * 1000


def crowd(run):
    """A process that does this until it is killed; its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            run()
        finally:
            os._exit(1)
    return pid


def wait_at(address, n):
    """Clients that connect, ask and wait."""
    def run():
        kept = [socket.create_connection(address) for _ in range(n)]
        for s in kept:
            s.sendall(b"patience")
        while True:
            signal.pause()
    return crowd(run)


def storm(address, n):
    """Clients that connect, are reset and come again."""
    def run():
        while True:
            began = time.monotonic()
            for s in [socket.create_connection(address) for _ in range(n)]:
                clients.is_refused(lambda s=s: s)
                s.close()
            time.sleep(max(0, began + 0.02 - time.monotonic()))
    return crowd(run)


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
        1,100 (prefork: 900 workers and 850 clients), descriptors as many as allowed. fork and prefork: with the process of each session."""
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


    def memory(self):
        """Bytes of memory of a daemon that has served nobody, and of what sources have used of their rates. Set: nothing."""
        d = self.serve({"service": "echo"})
        found = procs.of_session(d.pid)
        said = self.run_once("-T", config=self.config({"service": "echo"})).stdout
        table = next(line.split('"')[1] for line in said.splitlines() if line.strip().startswith("table ="))
        say(f"{procs.pss_bytes(p.pid for p in found) / MIB:.1f} MiB in {len(found)} processes; limits.table, {table}, as it is used")

    def overload(self):
        """Round trips of sessions that were admitted, alone and beside ten times as many clients as there are places, which
        wait in the backlog or are reset and come again every 20 ms. Set, per model: 8 places, no source cap."""
        for model in harness.MODELS:
            pool = {"fork": {"max_sessions": 8}, "event": {"max_sessions": 8},
                    "prefork": {"start": 9, "min_spare": 1, "max_spare": 9, "max_workers": 9}}[model]
            listener = {"service": "echo", "transport": "tcp", "pool": "p", "max_sessions_per_source": 0, "idle_timeout_busy": 0}
            for how, more in (("waiting", {}), ("reset", {"max_sessions": 8})):
                big = {} if how == "waiting" else {"max_workers": 64} if model == "prefork" else {"max_sessions": 64}
                full = {"max_workers": 8, "start": 8, "max_spare": 8} if model == "prefork" and how == "waiting" else {}
                d = self.serve({**listener, **more}, pools={"p": {"model": model, **pool, **big, **full}},
                               limits={"sessions_per_source": 0})
                inside = [d.connect("echo") for _ in range(8)]
                alone = p99_ms(inside)
                crowd = (wait_at if how == "waiting" else storm)(d.address("echo"), 72)
                loaded = p99_ms(inside)
                os.kill(crowd, signal.SIGKILL)
                os.waitpid(crowd, 0)
                say(f"{model}: p99 {alone:.2f} ms alone, {loaded:.2f} ms with 72 more {how}: {loaded / alone:.1f} x")
                d.stop()

    def forged(self):
        """What forged sources get, in a network of its own (root), as tests/system/test_safety.py measures it: datagrams from
        ports of servers and of clients; datagrams until two daemons that one packet set on each other are silent; the longest
        answer of each service over UDP, and bytes over TCP before a handshake; a source over its limit, and an ordinary
        client, while 10^6 sources that were invented ask. Set: udp_rate 50/s:100 for the flood, "none" for the amplification,
        the default for the loops; limits.udp_answers "none" for the flood."""
        tests = ("Sources.test_a_source_port_of_a_server_gets_nothing_and_one_of_a_client_an_answer", "Loops", "Amplification",
                 "Flood.test_a_flood_of_invented_sources_frees_no_attacker_and_costs_no_client_an_answer")
        done = subprocess.run([sys.executable, "-B", os.path.join(SYSTEM, "test_safety.py"), *tests], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "LONG": "1"}, check=False)
        for line in done.stdout.splitlines():
            if line.startswith("skipped") or "    " in line:
                say(line.rpartition(" ...     ")[2].removeprefix("    "))
        if done.returncode not in (0, 77):
            say("NOT AS EXPECTED: " + ", ".join(line for line in done.stdout.splitlines() if line.startswith(("FAIL", "ERROR"))))

    def simulation(self):
        """The limiter alone, in a clock of its own, beside 10^6 invented sources a second (`make simulate-limiter`: 10^5 to 10^7).
        Set: limits and totals as the rows say."""
        done = subprocess.run([os.path.join("tests", "bench", "limiter_simulation"), "1000000"], text=True, check=True,
                              stdout=subprocess.PIPE)
        for line in done.stdout.splitlines():
            say(line)


NAMES = ("lockstep", "bursts", "asked", "memory", "never_readers", "overload", "forged", "simulation")


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
