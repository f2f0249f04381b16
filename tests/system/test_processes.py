# SPDX-License-Identifier: MIT
"""Processes that die, are replaced, or may do less: what a client notices and what /proc shows."""

import os
import pwd
import signal
import socket

import clients
import harness
import procs

ECHO = {"service": "echo", "transport": "tcp"}
# The promise is 1 s; a busy machine may need more.
GONE_S = 5
CAP_NET_BIND_SERVICE = 1 << 10
DIED = r"^warning (died|session)\b"


@harness.every_model
class Deaths(harness.Case):
    def holder(self, d, s):
        found = procs.holder_of(s, d.workers())
        if not found:
            self.skipTest("needs root (to see which process has a session)")
        return found[0]

    def test_a_worker_killed_in_a_session_ends_that_session_only(self):
        d = self.serve(ECHO, daemon={"allow": [DIED]})
        sessions = [d.connect("echo") for _ in range(8)]
        for s in sessions:
            self.assertTrue(clients.serves(s))
        victim = self.holder(d, sessions[0])
        others = [s for s in sessions if self.holder(d, s) != victim]
        if self.model != "event":
            self.assertEqual(len(others), 7)
        watch = procs.Watch([victim])
        os.kill(victim, signal.SIGKILL)
        self.assertEqual(clients.recv_until_over(sessions[0])[0], b"")
        self.assertEqual(watch.wait_all_gone(GONE_S), [])
        self.assertTrue(all(clients.serves(s) for s in others))
        for _ in range(10):
            self.assertTrue(clients.serves(d.connect("echo")))

    def test_a_killed_worker_is_replaced_and_its_end_is_logged(self):
        spare = {"start": 4, "min_spare": 4, "max_spare": 8}
        d = self.serve(ECHO, {"service": "echo", "transport": "udp", "name": "u"}, pools={"prefork": spare},
                       daemon={"allow": [DIED]})
        idle = d.workers()
        for victim in idle[:2]:
            mark = d.mark()
            os.kill(victim, signal.SIGKILL)
            d.wait_log(DIED, since=mark[0])
        self.wait_until(lambda: len(d.workers()) >= len(idle), "as many workers as before")
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertEqual(clients.ask(d.connect("u", "udp"), b"x"), b"x")

    def test_all_workers_killed_at_once_are_replaced(self):
        d = self.serve(ECHO, daemon={"allow": [r"^(warning|error) "]})
        for pid in d.workers():
            os.kill(pid, signal.SIGKILL)
        self.assertTrue(clients.serves(d.connect("echo")))

    def test_the_sessions_of_a_killed_worker_no_longer_count(self):
        d = self.serve({**ECHO, "max_sessions": 2}, daemon={"allow": [r"^(warning|error) "]})
        for _ in range(3):
            # A place is free when the death has been seen, and not before.
            sessions = self.wait_until(lambda: self.two(d), "two free places")
            for pid in {self.holder(d, s) for s in sessions}:
                os.kill(pid, signal.SIGKILL)
            for s in sessions:
                clients.recv_until_over(s)
        self.wait_until(lambda: self.two(d), "two free places")

    @staticmethod
    def two(d):
        """Two sessions that are served, or None."""
        try:
            pair = [d.connect("echo"), d.connect("echo")]
            if all(clients.serves(s) for s in pair):
                return pair
        except (ConnectionResetError, BrokenPipeError):
            pass
        d.hang_up()
        return None

    def test_a_killed_supervisor_takes_all_workers_along(self):
        d = self.serve({"service": "echo"}, {"service": "hostname"})
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        watch = procs.Watch(d.processes())
        os.kill(d.pid, signal.SIGKILL)
        self.assertEqual(watch.wait_all_gone(GONE_S), [])
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        d.wait_exit(-signal.SIGKILL)
        for kind, transport in ((socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")):
            with socket.socket(socket.AF_INET, kind) as again:
                again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(transport == "tcp"))
                again.bind(d.address("echo", transport))

    def test_a_stopped_supervisor_is_not_needed_for_sessions(self):
        d = self.serve({"service": "echo"})
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        os.kill(d.pid, signal.SIGSTOP)
        try:
            for _ in range(20):
                self.assertTrue(clients.serves(s))
                self.assertEqual(clients.ask(d.connect("echo", "udp"), b"x"), b"x")
        finally:
            os.kill(d.pid, signal.SIGCONT)

    def test_no_zombie_and_no_descriptor_is_left_after_many_sessions(self):
        d = self.serve({**ECHO, "max_sessions_per_source": 1000}, limits={"sessions_per_source": 1000})

        def one():
            s = d.connect("echo")
            self.assertTrue(clients.serves(s))
            s.close()

        for _ in range(50):
            one()
        d.wait_log(r"^info session", count=50)
        before = procs.held(d.pid)
        for _ in range(200):
            one()
        d.wait_log(r"^info session", count=250)
        self.wait_until(lambda: not [p for p in procs.of_session(d.pid) if p.state == "Z"], "no zombie")
        # The pool may have grown meanwhile; 200 sessions have left nothing.
        self.assertLess(procs.held(d.pid), before + 50)


class Recycling(harness.Case):
    def test_a_prefork_worker_is_replaced_after_its_sessions(self):
        pool = {"model": "prefork", "start": 1, "min_spare": 1, "max_spare": 1, "max_workers": 2, "sessions_per_worker": 5}
        d = self.serve({**ECHO, "pool": "recycled"}, pools={"recycled": pool})
        watch = procs.Watch(d.workers())
        for _ in range(30):
            s = d.connect("echo")
            self.assertTrue(clients.serves(s))
            s.close()
        self.assertEqual(watch.wait_all_gone(harness.TIMEOUT_S), [])
        self.assertTrue(clients.serves(d.connect("echo")))

    def test_a_prefork_pool_grows_under_sessions_and_shrinks_after_them(self):
        pool = {"model": "prefork", "start": 2, "min_spare": 1, "max_spare": 2, "max_workers": 12}
        d = self.serve({**ECHO, "pool": "own"}, pools={"own": pool})
        few = len(d.workers())
        sessions = [d.connect("echo") for _ in range(10)]
        for s in sessions:
            self.assertTrue(clients.serves(s))
        self.assertGreaterEqual(len(d.workers()), 10)
        for s in sessions:
            s.close()
        self.wait_until(lambda: len(d.workers()) <= few + 1, "a pool that shrinks again")
        self.assertTrue(clients.serves(d.connect("echo")))

    def test_a_worker_has_no_library_that_only_the_start_needs(self):
        for model in ("fork", "prefork", "event"):
            d = self.serve({**ECHO, "pool": model}, pools={"prefork": {"start": 1}, "event": {"workers": 1}})
            self.assertTrue(clients.serves(d.connect("echo")))
            self.assertEqual(procs.libraries_of_systemd(d.workers()), [])
            d.stop()

    def test_a_worker_that_polls_busily_never_sleeps_and_serves(self):
        d = self.serve({**ECHO, "pool": "own"}, pools={"own": {"model": "event", "workers": 1, "busy_poll": True}})
        self.assertTrue(clients.serves(d.connect("echo")))
        before = {pid: procs.cpu_ticks(pid) for pid in d.workers()}
        # Nobody asks for anything.
        self.wait_until(lambda: any(procs.cpu_ticks(pid) > n + 20 for pid, n in before.items()), "a worker that spins")
        self.assertTrue(clients.serves(d.connect("echo")))

    def test_a_fork_session_is_a_process_of_its_own(self):
        d = self.serve({**ECHO, "pool": "fork"})
        idle = len(d.workers())
        sessions = [d.connect("echo") for _ in range(5)]
        for s in sessions:
            self.assertTrue(clients.serves(s))
        self.assertEqual(len(d.workers()), idle + 5)
        for s in sessions:
            s.close()
        self.wait_until(lambda: len(d.workers()) == idle, "the processes of ended sessions are gone")


@harness.needs_root
class Users(harness.Case):
    """Whom root becomes, where this machine knows no users."""

    # Before a program: it finds no database of users.
    NO_ETC = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /etc && exec "$0" "$@"')

    def config(self, *listeners, **top):
        return {**{k: v for k, v in super().config(*listeners, **top).items() if k not in ("user", "group")}, **top}

    def test_a_number_is_enough(self):
        os.chmod(self.folder.path, 0o777)
        for said in (65533, "65533"):
            with self.subTest(said):
                path = self.folder / "socket"
                d = self.serve(ECHO, {"service": "echo", "name": "u", "transport": "unix", "path": path, "mode": "0600",
                                      "group": 65532}, user=said, daemon={"prefix": self.NO_ETC})
                for pid in d.processes():
                    status = procs.status(pid)
                    self.assertEqual((status["Uid"].split(), status["Gid"].split()), (["65533"] * 4, ["65533"] * 4))
                self.assertEqual((os.stat(path).st_uid, os.stat(path).st_gid), (65533, 65532))
                self.assertTrue(clients.serves(d.connect("echo")) and clients.serves(d.connect("u", "unix")))
                d.stop()

    def test_without_one_is_told_what_to_write(self):
        done = self.run_once(config=self.config(ECHO), prefix=self.NO_ETC)
        self.assertEqual(done.returncode, 78)
        self.assertIn("there is no user", done.stderr)
        self.assertIn("-o user=65534", done.stderr)


@harness.every_model
@harness.needs_root
class Privileges(harness.Case):
    """Started as root: who the processes are and what they still may."""

    def statuses(self, service):
        d = self.serve(ECHO, {"service": "echo", "transport": "udp", "name": "u"}, {"service": "hostname"})
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        self.user, self.group = (str(n) for n in (pwd.getpwnam(service).pw_uid, pwd.getpwnam(service).pw_gid))
        return d, {pid: procs.status(pid) for pid in d.processes()}

    def test_every_process_is_the_service_user_and_nothing_else(self):
        _, found = self.statuses(harness.service_user()[0])
        self.assertGreater(len(found), 3)
        for pid, status in found.items():
            self.assertEqual(status["Uid"].split(), [self.user] * 4, pid)
            self.assertEqual(status["Gid"].split(), [self.group] * 4, pid)
            self.assertLessEqual(set(status.get("Groups", "").split()), {self.group}, pid)

    def test_workers_have_no_capability_and_can_gain_none(self):
        d, found = self.statuses(harness.service_user()[0])
        for pid, status in found.items():
            if pid == d.pid:
                continue
            for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(status[name], 16), 0, (pid, name))
            self.assertEqual(status["NoNewPrivs"], "1", pid)

    def test_the_supervisor_keeps_the_right_to_bind_low_ports_alone(self):
        d, found = self.statuses(harness.service_user()[0])
        for name in ("CapPrm", "CapEff"):
            self.assertEqual(int(found[d.pid][name], 16), CAP_NET_BIND_SERVICE, name)

    def test_a_reload_can_still_bind_a_low_port(self):
        d = self.serve(ECHO)
        # A low port that is free here: the kernel tells.
        for port in range(1023, 600, -1):
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                    break
                except OSError:
                    continue
        d.reload(self.config(ECHO, {**ECHO, "name": "low", "port": port}))
        self.assertEqual(d.address("low"), ("127.0.0.1", port))
        self.assertTrue(clients.serves(d.connect("low")))

    def test_workers_dump_no_core_and_hold_no_foreign_descriptor(self):
        d = self.serve(ECHO)
        for pid in d.workers():
            with open(f"/proc/{pid}/limits") as f:
                core = next(line for line in f if line.startswith("Max core file size"))
            self.assertEqual(core.split()[4:6], ["0", "0"], pid)


FILTERED = "2"  # Seccomp: of /proc/PID/status
HAS_FILTERS = harness.built_with("seccomp")


@harness.every_model
class Sandboxes(harness.Case):
    """What every process but the supervisor can no longer do, whoever started it."""

    def serve_all(self, **options):
        """A session, a reader of datagrams and a resolver: the daemon."""
        d = self.serve(ECHO, {"service": "echo", "transport": "udp", "name": "u"}, {"service": "hostname"}, **options)
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertEqual(clients.ask(d.connect("u", "udp"), b"x"), b"x")
        self.assertIn(b"127.0.0.1", clients.ask(d.connect("hostname"), b"HNAME localhost\r\n"))
        return d

    def test_every_process_that_meets_strangers_is_in_its_sandbox(self):
        d = self.serve_all()
        found = {pid: procs.status(pid) for pid in d.processes() if pid != d.pid}
        self.assertGreater(len(found), 2)
        for pid, status in found.items():
            self.assertEqual((status["NoNewPrivs"], int(status["CapEff"], 16)), ("1", 0), pid)
            if HAS_FILTERS:
                self.assertEqual(status["Seccomp"], FILTERED, pid)

    def test_nobody_of_the_same_user_looks_into_a_worker(self):
        d = self.serve_all()
        for pid in d.workers():
            self.assertEqual(os.stat(f"/proc/{pid}/environ").st_uid, 0, pid)

    def test_a_worker_has_no_more_descriptors_than_its_pool_needs(self):
        few = {"fork": {"max_sessions": 20}, "event": {"max_sessions": 20}}
        d = self.serve_all(pools={name: {"model": name, **pool} for name, pool in few.items()})
        for pid in d.workers():
            with open(f"/proc/{pid}/limits") as f:
                most = next(line for line in f if line.startswith("Max open files"))
            self.assertLess(int(most.split()[4]), 1000, pid)

    def test_a_process_killed_for_a_system_call_is_replaced_and_the_log_says_why(self):
        d = self.serve_all(daemon={"allow": [DIED]})
        mark = d.mark()
        for victim in d.workers()[:2]:
            os.kill(victim, signal.SIGSYS)
        d.wait_log(r"system call that it may not make", since=mark[0])
        self.assertTrue(clients.serves(d.connect("echo")))


class Orphans(harness.Case):
    """Session children of the fork model that have outlived their acceptor."""

    model = "fork"

    def orphan(self, **top):
        """A daemon and a session of it whose acceptor is dead."""
        d = self.serve(ECHO, daemon={"allow": [DIED]}, **top)
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        holder = procs.holder_of(s, d.workers())
        if not holder:
            self.skipTest("needs root (to see which process has a session)")
        os.kill(procs.read(holder[0]).parent, signal.SIGKILL)
        d.wait_log("^warning died pool=fork ")
        self.assertTrue(clients.serves(s))
        return d, s

    def test_a_stop_waits_for_them(self):
        d, s = self.orphan()
        d.send_signal(signal.SIGTERM)
        d.wait_log("^notice stopping")
        self.assertTrue(clients.serves(s))
        s.close()
        d.wait_log("end=eof")
        d.wait_log("^notice stopped")

    def test_after_a_reload_they_end_at_the_drain_timeout(self):
        d, s = self.orphan(drain_timeout="0.1s")
        d.send_signal(signal.SIGHUP)
        d.wait_log("^info session .*end=drain")
        self.assertEqual(clients.recv_until_over(s)[0], b"")

    def test_a_second_term_ends_them_at_once(self):
        d, s = self.orphan()
        d.send_signal(signal.SIGTERM)
        d.wait_log("^notice stopping")
        d.send_signal(signal.SIGTERM)
        d.wait_log("^info session .*end=drain")
        d.wait_log("^notice stopped")


if __name__ == "__main__":
    harness.main()
