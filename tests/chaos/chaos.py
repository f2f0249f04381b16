#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything at once, at random: processes killed and stopped, reloads good and broken, upgrades, drains, floods, clocks
that jump, disks that are full, calls that fail; under clients that look at every octet. Afterwards nothing is left of it.

MINUTES (1) for each model; SEED repeats a run's faults in their order, not at the same moments. `make chaos` says the seed.
"""

import contextlib
import errno
import os
import random
import re
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import clients  # noqa: E402
import control  # noqa: E402
import daemon  # noqa: E402
import faults  # noqa: E402
import harness  # noqa: E402
import procs  # noqa: E402
import test_upgrade  # noqa: E402

import witnesses  # noqa: E402

MINUTES = float(os.environ.get("MINUTES", 1))
SEED = int(os.environ.get("SEED") or time.time_ns() % 2 ** 32)
YEAR_S = 366 * 86400
BROKEN = ("listeners = ( {", "lsteners = ();", "user = 1; user = 2;", "@include \"nowhere\"\n", "")
FAILS = ("try exit", "try crash", "go exit", "go crash", "go hang")  # of the program that is made to fail
ENDED = re.compile(r"^warning died .*pid=(\d+) signal=(SEGV|ABRT|BUS|ILL|FPE|SYS)")


@harness.every_model
class Chaos(test_upgrade.Upgrades, faults.Case, control.Case):
    def setUp(self):
        super().setUp()
        self.chance = random.Random(f"{SEED} {self.model}")
        self.killed, self.stopped, self.done = set(), {}, {}

    # What is served, and as it is changed.

    def settings(self, changed=False):
        echo = {"service": "echo", "pool": self.model, "max_sessions_per_source": 0, "max_sessions": 0}
        pools = {"prefork": {"start": 4, "min_spare": 4, "max_spare": 4}, "event": {"workers": 2}}
        more = [{"service": "discard", "name": "more", "transport": ["tcp", "udp"]}] if changed else []
        return self.config_of({**echo, "transport": "tcp", "idle_timeout": "1m" if changed else "2m"},
                              {**echo, "name": "path", "transport": "unix", "path": self.folder / "path"},
                              {"service": "echo", "name": "u", "transport": "udp", "udp_rate": "none"},
                              {"service": "echo", "name": "gram", "transport": "unixgram", "path": self.folder / "gram"},
                              {"service": "chargen", "transport": "tcp", "rate": "10M/s", "pool": self.model},
                              {"service": "hostname", "transport": "tcp", "pool": self.model}, *more,
                              pools=pools, drain_timeout="2s", limits={"sessions_per_source": 0}, log={"sessions": False},
                              resolver={"processes": 2, "timeout": "1s"})

    def pick(self):
        """A process that is no supervisor."""
        return self.chance.choice(self.d.workers() or [0])

    def send(self, pid, number):
        # Not the pool's own name for it: it may be gone by now, and its number another's.
        if pid and pid != self.d.pid and procs.is_of_session(pid, self.d.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                return True
        return False

    # What is done to it. Each takes a moment, and returns when it has begun.

    def kill_one(self):
        pid = self.pick()
        self.killed.add(pid)
        self.send(pid, self.chance.choice((signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGSYS)))

    def kill_all(self):
        for pid in self.d.workers():
            self.killed.add(pid)
            self.send(pid, signal.SIGKILL)

    def stop_one(self):
        pid = self.pick()
        if self.send(pid, signal.SIGSTOP):
            self.stopped[pid] = time.monotonic() + self.chance.choice((0.05, 0.5, 2, 30))

    def stop_supervisor(self):
        self.d.send_signal(signal.SIGSTOP)
        time.sleep(self.chance.random() * 1.5)
        self.d.send_signal(signal.SIGCONT)

    def reload_it(self):
        self.d.write(self.settings(self.chance.random() < 0.5))
        self.d.send_signal(signal.SIGHUP)

    def reload_broken(self):
        self.d.write(self.chance.choice(BROKEN))
        self.d.send_signal(signal.SIGHUP)

    def reload_many(self):
        self.d.write(self.settings())
        for _ in range(self.chance.randrange(2, 30)):
            self.d.send_signal(signal.SIGHUP)
            time.sleep(self.chance.random() * 0.01)

    def upgrade_it(self):
        self.d.write(self.settings(self.chance.random() < 0.5))
        self.install(daemon.DAEMON)
        self.d.send_signal(signal.SIGUSR2)

    def upgrade_broken(self):
        programs = (test_upgrade.FAILING, test_upgrade.NEXT_STATE, test_upgrade.NEXT_LAYOUT, self.d.file)
        self.install(self.chance.choice(programs))
        # A program that fails is one fault; a call that fails in the one that comes back for it would be the second at once.
        self.faults.end()
        lines, _ = self.d.mark()
        self.d.send_signal(signal.SIGUSR2)
        with contextlib.suppress(AssertionError):
            self.d.wait_log("^(error upgrade: |notice upgraded: )", since=lines, timeout_s=5)

    def drain(self):
        name = self.chance.choice(("echo", "u", "path", "gram", "chargen"))
        for command in ("drain", "resume"):
            with contextlib.suppress(OSError):
                self.ask(command, listener=name)
            time.sleep(self.chance.random() * 0.3)

    def kill_sessions(self):
        with contextlib.suppress(OSError):
            for line in self.ask("sessions")[:20]:
                if line.get("kind") == "session":
                    self.ask("kill", id=line["id"])

    def flood_connections(self):
        made = []
        with contextlib.suppress(OSError):
            for _ in range(self.chance.randrange(20, 300)):
                s = socket.create_connection(self.d.address("echo"), 1)
                s.setblocking(False)
                s.send(b"flood")
                made.append(s)
        for s in made:
            if self.chance.random() < 0.5:
                clients.reset(s)
            s.close()

    def flood_datagrams(self):
        with clients.datagram_socket(host="127.0.0.1") as s:
            s.setblocking(False)
            with contextlib.suppress(OSError):
                s.connect(self.d.address("u", "udp"))
                for _ in range(self.chance.randrange(100, 3000)):
                    s.send(b"flood")

    def jump(self):
        self.faults.shift(self.chance.choice((0, 1, -1, 3600, -3600, YEAR_S, -YEAR_S)))

    def full_disk(self):
        self.faults.begin(faults.EACH, "write", n=self.chance.randrange(1, 50),
                          error=self.chance.choice((errno.ENOSPC, errno.EPIPE)))

    def out_of_descriptors(self):
        self.faults.begin(faults.EACH, "accept4", n=self.chance.randrange(1, 20), who=faults.OTHERS,
                          error=self.chance.choice((errno.EMFILE, errno.ENOMEM, errno.ECONNABORTED, errno.EINTR)))

    def fail_forks(self):
        self.faults.begin(faults.EACH, "fork", "_Fork", n=self.chance.randrange(1, 4))

    def fail_sends(self):
        self.faults.begin(faults.EACH, "sendmmsg", "sendmsg", "send", n=self.chance.randrange(1, 20), who=faults.OTHERS,
                          error=self.chance.choice((errno.ENOBUFS, errno.EPERM, errno.EINTR)))

    def fail_any(self):
        self.faults.begin(faults.NTH, n=self.chance.randrange(1, 500),
                          who=self.chance.choice((faults.ALL, faults.FIRST, faults.OTHERS)))

    def crumbs(self):
        self.faults.begin(faults.CRUMBS)

    DEEDS = {kill_one: 8, kill_all: 1, stop_one: 4, stop_supervisor: 1, reload_it: 5, reload_broken: 3, reload_many: 1,
             upgrade_it: 3, upgrade_broken: 2, drain: 2, kill_sessions: 1, flood_connections: 3, flood_datagrams: 3, jump: 4,
             full_disk: 2, out_of_descriptors: 3, fail_forks: 2, fail_sends: 3, fail_any: 6, crumbs: 2}

    def go_on(self):
        """Those whose time is up are continued; who was stopped for longer than a heartbeat is killed by the daemon."""
        for pid, until in list(self.stopped.items()):
            if time.monotonic() > until:
                self.send(pid, signal.SIGCONT)
                del self.stopped[pid]

    def wreak(self, until):
        deeds = list(self.DEEDS)
        while time.monotonic() < until:
            deed = self.chance.choices(deeds, list(self.DEEDS.values()))[0]
            self.done[deed.__name__] = self.done.get(deed.__name__, 0) + 1
            deed(self)
            time.sleep(self.chance.random() * 0.3)
            self.go_on()
            self.assertIsNone(self.d.process.poll(), f"the daemon ended after {deed.__name__}")
            wrong = [w for witness in self.witnesses for w in witness.wrong]
            self.assertEqual(wrong, [], f"after {deed.__name__}")

    # Before it, and after it.

    def holds(self):
        """When all is quiet: sessions, zombies, generations, processes and descriptors of the supervisor."""
        with contextlib.suppress(OSError, AssertionError, IndexError):
            lines = self.done_now("status")
            sessions = [x for x in self.done_now("sessions") if x.get("kind") == "session"]
            draining = [x for x in lines if x.get("kind") == "draining"]
            zombies = [p for p in procs.of_session(self.d.pid) if p.state == "Z"]
            return {"sessions": len(sessions), "draining": len(draining), "zombies": len(zombies),
                    "processes": len(self.d.processes()), "descriptors": procs.held(self.d.pid)}
        return None

    def done_now(self, command):
        *lines, end = self.ask(command)
        self.assertIs(end["ok"], True)
        return lines

    def all_serve(self):
        def served(make):
            with contextlib.suppress(OSError), contextlib.closing(make()) as s:
                return clients.serves(s)
            return False

        def path():
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(1)
            s.connect(self.folder / "path")
            return s
        return served(path) and served(lambda: socket.create_connection(self.d.address("echo"), 1))

    def calm(self):
        self.faults.end()
        self.faults.shift(0)
        for pid in self.stopped:
            self.send(pid, signal.SIGCONT)
        for w in self.witnesses:
            w.stop()
        for w in self.witnesses:
            w.join(90)
            self.assertFalse(w.is_alive(), f"{type(w).__name__} still waits")
        self.d.write(self.settings())
        self.install(daemon.DAEMON)
        for name in ("echo", "u", "path", "gram", "chargen"):
            with contextlib.suppress(OSError):
                self.ask("resume", listener=name)
        # What was begun is over, and then settings of before are those of now.
        self.wait_until(lambda: "reloaded" in "\n".join(self.d.reload()), "a good reload", 3 * harness.TIMEOUT_S)

    def test_leaves_nothing(self):
        print(f"(seed {SEED}, {MINUTES:g} minutes)", end=" ", flush=True)
        env = {**self.faults.env, "FAIL": self.chance.choice(FAILS)}
        self.d = d = self.start(self.settings(), program=self.program, allow=[""], wait=True, env=env)
        self.upgrade(d)  # what it takes once for that, as who relays the log, it has taken
        self.wait_until(lambda: (h := self.holds()) and not h["draining"] and h, "one generation")
        before = self.holds()
        self.witnesses = witnesses.all_of(d, self.chance.randrange(2 ** 32), self.folder.path)
        try:
            self.wreak(time.monotonic() + 60 * MINUTES)
            self.calm()
            seen = {}

            def as_before():
                seen.update(self.holds() or {})
                return seen == before and self.all_serve()
            with contextlib.suppress(AssertionError):
                self.wait_until(as_before, "all is as before", 2 * harness.TIMEOUT_S)
            self.assertEqual(seen, before)
            self.assertTrue(self.all_serve())
            self.assertEqual([w for witness in self.witnesses for w in witness.wrong], [])
            listed = self.ctl("sessions", "--json")
            self.assertEqual((listed.returncode, listed.stdout.count('"kind":"session"')), (0, 0))
            self.nobody_crashed()
            d.stop()
        except BaseException:
            print(f"\nrepeat it: make chaos SEED={SEED} MINUTES={MINUTES:g} MODEL={self.model}", flush=True)
            raise
        self.report(seen)

    def nobody_crashed(self):
        """Who ended by a signal that a fault of its own would bring had it from here."""
        ends = [m for m in (ENDED.match(line) for line in self.d.log) if m]
        self.assertEqual([m[0] for m in ends if int(m[1]) not in self.killed], [])
        self.assertEqual([line for line in self.d.log if "Assertion" in line], [])

    def report(self, left):
        deeds = ", ".join(f"{name} {n}" for name, n in sorted(self.done.items()))
        sums = [sum(getattr(w, what) for w in self.witnesses) for what in ("sessions", "octets", "lost")]
        print(f"\n    {self.model}: {sum(self.done.values())} faults: {deeds}\n"
              f"    {sums[0]} sessions and datagrams whole, {sums[1]} octets compared, 0 wrong; {sums[2]} lost\n"
              f"    left: {left['sessions']} sessions, {left['zombies']} zombies, {left['processes']} processes and "
              f"{left['descriptors']} descriptors as at the start", flush=True)


if __name__ == "__main__":
    threading.stack_size(1 << 20)
    only = os.environ.get("MODEL")
    if only:
        sys.argv[1:] = [f"Chaos{only.capitalize()}"]
    harness.main()
