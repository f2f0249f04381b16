# SPDX-License-Identifier: MIT
"""The control socket: where it is, who may ask, what it answers, and that no asker holds up anybody."""

import os
import pwd
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import threading
import unittest

import clients
import control
import harness
from config import config_text, is_root, service_user
from daemon import TIMEOUT_S

ECHO = {"service": "echo", "transport": "tcp"}
BOTH = {"service": "echo", "transport": ["tcp", "udp"]}
TEMPFAIL, UNAVAILABLE, NOPERM, USAGE = 75, 69, 77, 64
OVERTAKEN = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "system", "overtaken.so"))
COMPLETION = os.path.abspath(os.path.join(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "../..")),
                                          "clients/echotimectl/completion"))
REFUSED_RELOAD = r"^error (settings|reload): "


class Canary(threading.Thread):
    """A client that echoes all the while, over TCP and UDP; a miss is remembered."""

    def __init__(self, d):
        super().__init__(daemon=True)
        self.sockets = [d.connect("echo"), d.connect("echo", "udp")]
        self.ending, self.n, self.error = threading.Event(), 0, None
        self.start()

    def run(self):
        try:
            while not self.ending.wait(0.01):  # well within its rate
                for s in self.sockets:
                    s.send(b"canary %d" % self.n)
                    if s.recv(100) != b"canary %d" % self.n:
                        raise AssertionError("another answer")
                self.n += 1
        except (OSError, AssertionError) as e:
            self.error = e

    def judge(self, test):
        """It was answered to the end, and is now."""
        n = self.n
        test.wait_until(lambda: self.n > n or not self.is_alive(), "the canary is answered")
        self.ending.set()
        self.join()
        test.assertIsNone(self.error)


@harness.every_model
class Status(control.Case):
    def test_status_counts_the_sessions_of_each_listener_and_pool(self):
        d = self.serve(ECHO, {**ECHO, "name": "other"}, BOTH | {"name": "both"})
        sessions = [d.connect("echo") for _ in range(3)]
        self.assertTrue(all(clients.serves(s) for s in sessions))
        lines = self.wait_until(lambda: self.status_with(3), "a pool of three sessions")
        daemon = lines[0]
        self.assertEqual((daemon["kind"], daemon["pid"], daemon["state"], daemon["generation"], daemon["sessions"]),
                         ("daemon", d.pid, "serving", 1, 3))
        of = {x["listener"]: x for x in lines if x["kind"] == "listener"}
        self.assertEqual(sorted(of), ["both/tcp", "both/udp", "echo/tcp", "other/tcp"])
        self.assertEqual([of[x]["sessions"] for x in ("echo/tcp", "other/tcp")], [3, 0])
        host, port = d.address("echo")
        self.assertEqual(of["echo/tcp"]["addresses"], [f"{host}:{port}"])
        pools = {x["pool"]: x for x in lines if x["kind"] == "pool"}
        self.assertEqual(pools["event"]["model"], "event")

    def status_with(self, sessions):
        """The lines of it once the pool has so many: a forked child may serve before its acceptor counts it."""
        lines = self.done("status")
        return lines if [x for x in lines if x.get("pool") == self.model and x.get("sessions") == sessions] else None

    def test_stats_count_what_was_asked_and_refused(self):
        d = self.serve(ECHO | {"deny": ["127.0.0.2"]}, {**ECHO, "name": "idle"})
        s = d.connect("echo")
        self.assertEqual(clients.echo(s, b"12345"), b"12345")
        self.assertTrue(clients.is_refused(lambda: d.connect("echo", source="127.0.0.2")))
        s.close()

        def counted():
            line = self.one("stats", "listener", listener="echo/tcp")
            return line if line["active"] == 0 and line["sessions_ended"] == 1 else None
        line = self.wait_until(counted, "the session is over")
        self.assertEqual([line[x] for x in ("sessions", "received_bytes", "sent_bytes")], [1, 5, 5])
        self.assertEqual(line["refused"]["acl"], 1)
        self.assertEqual(self.one("stats", "listener", listener="idle/tcp")["sessions"], 0)
        self.assertEqual(self.one("stats", "total")["received_bytes"], 5)

    def test_status_shows_the_generation_that_still_drains(self):
        d = self.serve(ECHO)
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        self.done("reload")
        line = self.one("status", "draining")
        self.assertEqual((line["generation"], line["sessions"]), (1, 1))
        self.assertEqual(self.one("status", "daemon")["generation"], 2)
        self.assertTrue(clients.serves(s))


@harness.every_model
class Sessions(control.Case):
    def open(self, d, n):
        found = [d.connect("echo") for _ in range(n)]
        self.assertTrue(all(clients.echo(s, b"12345") == b"12345" for s in found))
        return found

    def line_of(self, s):
        """The line of the session of this client."""
        host, port = s.getsockname()[:2]
        return self.one("sessions", "session", peer=f"{host}:{port}")

    def test_sessions_says_who_is_served_and_how_much(self):
        d = self.serve(ECHO, {**ECHO, "name": "other"})
        first, second = self.open(d, 2)
        line = self.line_of(first)
        self.assertEqual((line["listener"], line["pool"], line["generation"]), ("echo/tcp", self.model, 1))
        self.assertIn(line["process"], d.processes())
        self.wait_until(lambda: self.line_of(first)["received_bytes"] == self.line_of(first)["sent_bytes"] == 5, "5 bytes")
        second.close()
        self.wait_until(lambda: len(self.done("sessions")) == 1, "one session is left")

    def test_kill_ends_that_session_and_no_other(self):
        d = self.serve(ECHO)
        sessions = self.open(d, 4)
        victim = sessions.pop(1)
        ident = self.line_of(victim)["id"]
        self.assertEqual(self.ctl("kill", ident).returncode, 0)
        self.assertEqual(clients.recv_until_over(victim), (b"", "reset"))
        self.assertTrue(all(clients.serves(s) for s in sessions))
        d.wait_log(r"session listener=echo .*end=killed")
        self.wait_until(lambda: len(self.done("sessions")) == 3, "three are left")
        self.assertIn("no session", self.refused("kill", id=ident))

    def test_an_id_of_before_does_not_reach_who_has_the_slot_by_now(self):
        d = self.serve(ECHO)
        s, = self.open(d, 1)
        old = self.line_of(s)["id"]
        s.close()
        self.wait_until(lambda: not self.done("sessions"), "it is over")
        new, = self.open(d, 1)
        self.assertEqual(self.line_of(new)["id"].split(".")[0], old.split(".")[0])
        self.assertIn("no session", self.refused("kill", id=old))
        for wrong in ("x", "1", "1.2.3", "999999.0", "-1.0"):
            self.assertIn("id of a session" if wrong != "999999.0" else "no session", self.refused("kill", id=wrong))
        self.assertTrue(clients.serves(new))

    def test_kill_reaches_sessions_of_an_earlier_generation(self):
        d = self.serve(ECHO)
        s, other = self.open(d, 2)
        self.done("reload")
        self.done("kill", id=self.line_of(s)["id"])
        self.assertEqual(clients.recv_until_over(s), (b"", "reset"))
        self.assertTrue(clients.serves(other))

    def test_a_drained_listener_takes_nothing_new_and_its_sessions_go_on(self):
        d = self.serve(BOTH, {**ECHO, "name": "other"})
        s, = self.open(d, 1)
        asked = d.connect("echo", "udp")
        self.assertEqual(clients.ask(asked, b"before"), b"before")
        self.done("drain", listener="echo")
        self.assertTrue(clients.is_refused(lambda: d.connect("echo")))
        asked.send(b"drained")
        self.wait_until(lambda: self.one("stats", "listener", listener="echo/udp")["refused"]["drained"] == 1, "dropped")
        self.assertTrue(clients.serves(s))
        self.assertTrue(clients.serves(d.connect("other")))
        self.assertTrue(self.one("status", "listener", listener="echo/tcp")["drained"])
        self.done("reload")
        self.assertTrue(clients.is_refused(lambda: d.connect("echo")))
        self.done("resume", listener="echo/tcp")
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertTrue(self.one("status", "listener", listener="echo/udp")["drained"])
        self.done("resume", listener="echo/udp")
        self.assertEqual(clients.ask(asked, b"after"), b"after")
        self.assertIn("no listener", self.refused("drain", listener="ech"))

    def test_limits_says_who_is_refused_and_why(self):
        d = self.serve(ECHO | {"deny": ["127.0.0.2", "127.0.0.3"]}, {**ECHO, "name": "small", "max_sessions": 1})
        self.assertEqual(self.done("limits"), [])
        s = d.connect("small")
        self.assertTrue(clients.serves(s))
        for name, source, times in (("echo", "127.0.0.2", 3), ("echo", "127.0.0.3", 1), ("small", None, 2)):
            for _ in range(times):
                self.assertTrue(clients.is_refused(lambda n=name, a=source: d.connect(n, source=a)))

        def noted():
            found = {}
            for x in self.done("limits"):
                if x["kind"] == "offender":
                    key = (x["source"], x["listener"], x["reason"])
                    found[key] = found.get(key, 0) + x["count"]
            return found
        self.assertEqual(noted(), {("127.0.0.2/32", "echo/tcp", "acl"): 3, ("127.0.0.3/32", "echo/tcp", "acl"): 1,
                                   ("127.0.0.1/32", "small/tcp", "sessions"): 2})
        self.wait_until(lambda: [x["count"] for x in self.done("limits") if x["kind"] == "refusals"] == [4, 2], "counted")
        self.assertRegex(self.ctl("limits").stdout, r"(?m)^127\.0\.0\.2/32 +echo/tcp +acl +3 ")


class Statistics(control.Case):
    def test_usr1_writes_a_line_for_each_listener_one_for_all_and_one_for_each_pool(self):
        d = self.serve(BOTH | {"deny": ["127.0.0.2"]}, {**ECHO, "name": "idle"})
        s = d.connect("echo")
        self.assertEqual(clients.echo(s, b"12345"), b"12345")
        self.assertTrue(clients.is_refused(lambda: d.connect("echo", source="127.0.0.2")))
        d.send_signal(signal.SIGUSR1)
        d.wait_log(r"^notice statistics listener=echo/tcp active=1 sessions=1 .*received_bytes=5 .* refused_acl=1$")
        d.wait_log(r"^notice statistics listener=echo/udp active=0 ")
        d.wait_log(r"^notice statistics listener=idle/tcp active=0 ")
        d.wait_log(r"^notice statistics listener=all active=1 ")
        d.wait_log(r"^notice statistics pool=prefork processes=\d+ busy=1 sessions=1$")
        d.wait_log(r"^notice statistics pool=event ")
        self.assertTrue(clients.serves(s))


class Reload(control.Case):
    def test_who_asks_for_a_reload_is_told_when_the_new_settings_serve(self):
        d = self.serve(ECHO)
        d.write(self.config_of(ECHO, {**ECHO, "name": "new"}))
        self.assertEqual(self.ask("reload")[-1]["message"], "generation 2 serves 2 sockets")
        self.assertTrue(clients.serves(d.connect("new")))

    def test_who_asks_with_a_broken_file_is_told_every_mistake_and_nothing_changes(self):
        d = self.serve(ECHO, daemon={"allow": [REFUSED_RELOAD]})
        d.write(config_text(self.config_of(ECHO)) + "nonsense = 1;\nport_offset = 70000;\n")
        *lines, end = self.ask("reload")
        said = "\n".join(x["text"] for x in lines)
        self.assertIs(end["ok"], False)
        self.assertRegex(said, r"echotimed.conf:\d+: nonsense: ")
        self.assertRegex(said, r"echotimed.conf:\d+: port_offset: ")
        self.assertRegex(end["message"], r"^refused: .* generation 1 goes on serving$")
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertEqual(self.one("status", "daemon")["reloads_refused"], 1)

    def test_who_asks_is_told_what_could_not_be_opened(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            d = self.serve(ECHO, daemon={"allow": [REFUSED_RELOAD]})
            d.write(self.config_of(ECHO, {**ECHO, "name": "new", "port": taken.getsockname()[1]}))
            self.assertRegex(self.refused("reload"), "refused: cannot bind new/tcp .*in use")

    def test_those_who_ask_at_once_share_reloads_and_all_get_an_outcome(self):
        d = self.serve(ECHO)
        askers = [self.connect() for _ in range(10)]
        for s in askers:
            s.sendall(b"reload\n")
        d.send_signal(signal.SIGHUP)
        answers = [control.answer(s) for s in askers]
        self.assertTrue(all(a[-1]["ok"] for a in answers), answers)
        self.assertLessEqual(self.one("status", "daemon")["reloads"], 11)
        self.assertTrue(clients.serves(d.connect("echo")))

    def test_who_waits_for_a_reload_when_the_daemon_stops_is_told_or_cut_off(self):
        d = self.serve(ECHO)
        session = d.connect("echo")
        self.assertTrue(clients.serves(session))
        d.send_signal(signal.SIGTERM)
        d.wait_log("^notice stopping")
        self.assertRegex(self.refused("reload"), "stopping")
        self.assertEqual(self.one("status", "daemon")["state"], "stopping")
        session.close()
        d.wait_exit()

    def test_a_reload_moves_the_socket_and_its_mode(self):
        d = self.serve(ECHO)
        old, self.path = self.path, self.folder / "elsewhere"
        d.write(self.config_of(ECHO, control={"mode": "0600"}))
        self.path, new = old, self.path
        self.done("reload")
        self.assertFalse(os.path.exists(old))
        self.path = new
        self.assertEqual(self.one("status", "daemon")["pid"], d.pid)
        self.assertEqual(stat.S_IMODE(os.stat(new).st_mode), 0o600)
        d.write(self.config_of(ECHO, control={"mode": "0640"}))
        self.done("reload")
        self.assertEqual(stat.S_IMODE(os.stat(new).st_mode), 0o640)
        d.reload(self.config(ECHO))
        self.assertFalse(os.path.exists(new))

    def test_a_reload_to_a_path_that_cannot_be_is_refused(self):
        d = self.serve(ECHO, daemon={"allow": [REFUSED_RELOAD]})
        old, self.path = self.path, self.folder / "missing/control"
        d.write(self.config_of(ECHO))
        self.path = old
        self.assertIs(self.ask("reload")[-1]["ok"], False)
        self.assertEqual(self.one("status", "daemon")["pid"], d.pid)


class Place(control.Case):
    """Where the socket is, and what stands there already."""

    def start_fails(self, expect):
        done = self.run_once(config=self.config_of(ECHO))
        self.assertEqual(done.returncode, expect, done.stderr)
        return done.stderr

    def test_a_second_daemon_ends_with_75_and_the_first_does_not_notice(self):
        d = self.serve(BOTH)
        canary = Canary(d)
        before = os.stat(self.path).st_ino
        self.assertIn("another process has it", self.start_fails(TEMPFAIL))
        self.assertEqual(os.stat(self.path).st_ino, before)
        self.assertEqual(self.one("status", "daemon")["pid"], d.pid)
        canary.judge(self)

    def test_a_dead_socket_of_ours_is_replaced(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(self.path)
        self.folder.give(self.path)
        d = self.serve(ECHO)
        self.assertEqual(self.one("status", "daemon")["pid"], d.pid)
        d.stop()
        self.assertFalse(os.path.exists(self.path))

    def test_what_is_no_socket_is_not_replaced(self):
        target = self.folder.write("target", "precious")
        for make in (lambda: os.symlink(target, self.path), lambda: os.symlink(self.folder / "nowhere", self.path),
                     lambda: self.folder.write("control", "precious"), lambda: os.mkdir(self.path)):
            make()
            self.assertIn("not a socket", self.start_fails(UNAVAILABLE))
            self.assertTrue(os.path.lexists(self.path))
            os.rmdir(self.path) if os.path.isdir(self.path) and not os.path.islink(self.path) else os.unlink(self.path)
        with open(target) as f:
            self.assertEqual(f.read(), "precious")

    @harness.needs_root
    def test_a_dead_socket_of_another_user_is_not_replaced(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(self.path)
        os.chown(self.path, 1, 1)
        self.assertIn("another user", self.start_fails(NOPERM))
        self.assertEqual(os.stat(self.path).st_uid, 1)

    def test_without_a_path_there_is_none(self):
        d = harness.Case.serve(self, ECHO)
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertEqual(self.ctl("status").returncode, UNAVAILABLE)

    def test_a_default_that_cannot_be_is_a_notice_and_a_written_one_an_error(self):
        gone = self.folder / "gone"
        env = {"RUNTIME_DIRECTORY": gone, "XDG_RUNTIME_DIR": gone}
        if is_root():  # else the folder would be made
            self.folder.write("gone", "")
        d = harness.Case.serve(self, ECHO, control={}, daemon={"env": env})
        d.wait_log("^notice control: cannot bind the control socket to .*echotimectl cannot ask")
        self.assertTrue(clients.serves(d.connect("echo")))
        self.path = gone + "/control"
        self.assertIn("cannot bind the control socket", self.start_fails(UNAVAILABLE))

    @harness.needs_root
    def test_the_folder_that_nobody_has_made_is_the_services(self):
        made = self.folder / "made"
        self.start({**self.config(), "control": {"path": "auto"}}, env={"RUNTIME_DIRECTORY": made},
                   prefix=["sh", "-c", 'umask 077; exec "$0" "$@"'])
        folder = os.stat(made)
        self.assertEqual((folder.st_uid, stat.S_IMODE(folder.st_mode)), (pwd.getpwnam("nobody").pw_uid, 0o755))
        self.assertTrue(stat.S_ISSOCK(os.stat(made + "/control").st_mode))

    def test_echotimectl_finds_the_daemon_where_it_is_by_default(self):
        run = self.folder / "run"
        os.mkdir(run)
        self.folder.give(run)
        for name, file in (("RUNTIME_DIRECTORY", "control"), ("XDG_RUNTIME_DIR", "echotimed")):
            if name == "XDG_RUNTIME_DIR" and is_root():
                continue
            with self.subTest(name):
                env = {"RUNTIME_DIRECTORY": "", "XDG_RUNTIME_DIR": "", name: run}
                d = harness.Case.serve(self, ECHO, control={}, daemon={"env": env})
                self.assertTrue(stat.S_ISSOCK(os.stat(f"{run}/{file}").st_mode))
                done = self.ctl("status", path=False, env=env)
                self.assertIn(f"process {d.pid}", done.stdout, done.stderr)
                d.stop()


class Rights(control.Case):
    """Who may connect, and who may change things."""

    def as_user(self, *words, uid=2, gid=2, groups=()):
        extra = ["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]
        return self.ctl(*words, prefix=["setpriv", "--reuid", str(uid), "--regid", str(gid), *extra])

    @harness.needs_root
    def test_the_path_has_the_mode_and_group_of_the_settings(self):
        self.serve(ECHO, control={"mode": "0620", "group": "daemon"})
        found = os.stat(self.path)
        self.assertEqual((stat.S_IMODE(found.st_mode), found.st_gid), (0o620, 1))

    @harness.needs_root
    def test_another_user_may_not_connect(self):
        self.serve(ECHO)
        self.assertEqual(self.as_user("status").returncode, NOPERM)

    @harness.needs_root
    def test_who_may_connect_may_ask_but_change_nothing(self):
        self.serve(ECHO, control={"mode": "0666"})
        self.assertEqual(self.as_user("status").returncode, 0)
        done = self.as_user("reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn("control.group", done.stderr)
        self.assertEqual(self.one("status", "daemon")["reloads"], 0)

    @harness.needs_root
    def test_the_daemons_user_and_the_members_of_its_group_may_change_things(self):
        import pwd
        self.serve(ECHO, control={"group": "daemon"})
        service = pwd.getpwnam(service_user()[0])
        for who in ({"uid": 2, "gid": 1}, {"uid": 2, "gid": 2, "groups": (5, 1)}, {"uid": service.pw_uid, "gid": 2}):
            with self.subTest(**who):
                self.assertEqual(self.as_user("reload", **who).returncode, 0)


class Own(control.Case):
    """A process of the daemon's that has been taken over."""

    def setUp(self):
        super().setUp()
        if "overtaken" not in self.run_once("-V", env={"LD_PRELOAD": OVERTAKEN, "SAY_OVERTAKEN": "1"}).stdout:
            self.skipTest("this program cannot be given another library (static, or with sanitizers)")

    def order(self, **env):
        d = self.serve(ECHO, {"service": "hostname", "transport": "tcp"}, resolver={"processes": 1}, daemon={
            "env": {"LD_PRELOAD": OVERTAKEN, "CONTROL": self.path, **env},
            "allow": [r"^warning (control: process \d+, which is one of this daemon's|died|resolver)"]})
        s = d.connect("hostname")
        s.sendall(b"HNAME somebody\r\n")
        d.wait_log("^warning control: process .* has been taken over")
        self.assertEqual([x["drained"] for x in self.done("status") if x.get("listener") == "echo/tcp"], [False])
        self.assertTrue(clients.serves(d.connect("echo")))
        return clients.recv_until_over(s)[0]

    def test_it_is_not_obeyed(self):
        self.assertIn(b"NAMNFD", self.order())

    def test_it_is_not_obeyed_after_its_death(self):
        self.order(THEN_DIE="1")


class Places(control.Case):
    """Who may only ask keeps no administrator from it."""

    def setUp(self):
        super().setUp()
        many = {"service": "echo", "name": "many", "transport": "unix", "path": self.folder / "many", "pool": "event",
                "max_sessions": 0}
        self.d = self.serve(ECHO, many, log={"sessions": False}, control={"mode": "0666"})
        for _ in range(1500):  # so that the answer fills buffers
            self.d.connect("many", "unix")
        self.wait_until(lambda: self.one("status", "daemon")["sessions"] >= 1500, "all are sessions")

    def connect_as(self, uid):
        """The kernel keeps who connects."""
        os.seteuid(uid)
        try:
            return self.connect()
        finally:
            os.seteuid(0)

    def slow_askers(self, uid, n=17):
        """They take all places, and for the last one there may be none."""
        askers = []
        for _ in range(n):
            askers.append(self.connect_as(uid))
            try:
                askers[-1].sendall(b"sessions\n")
                askers[-1].recv(1)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was turned away already
        return askers

    @harness.needs_root
    def test_slow_askers_keep_no_administrator_from_asking(self):
        service = pwd.getpwnam(service_user()[0]).pw_uid
        self.slow_askers(2)
        for i in range(20):
            self.done(("drain", "resume")[i % 2], listener="echo")
        self.slow_askers(service)  # nor do they keep root
        for _ in range(20):
            self.done("status")


class Hostile(control.Case):
    """Askers who mean harm; the data path does not notice."""

    def setUp(self):
        super().setUp()
        self.d = self.serve(BOTH)
        self.canary = Canary(self.d)

    def unharmed(self):
        self.assertEqual(self.one("status", "daemon")["pid"], self.d.pid)
        self.canary.judge(self)

    def test_garbage_is_refused_with_a_reason(self):
        for name, data in control.GARBAGE.items():
            with self.subTest(name):
                answer = self.raw(data)
                self.assertEqual(len(answer), 1)
                self.assertIs(answer[0]["ok"], False)
                self.assertTrue(answer[0]["message"])
        self.unharmed()

    def test_a_line_of_a_gigabyte_is_not_read(self):
        s = self.connect()
        sent, piece = 0, b"x" * 65536
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            while sent < 1 << 30:
                sent += s.send(piece)
        self.assertLess(sent, 1 << 24)
        self.unharmed()

    def test_half_a_line_and_no_line_are_closed(self):
        askers = [self.connect() for _ in range(3)]
        askers[0].sendall(b"sess")
        askers[1].sendall(b" ")
        for s in askers:
            self.assertEqual(control.answer(s), [])
        self.unharmed()

    def test_who_never_reads_a_long_answer_is_closed_and_the_rest_of_it_never_made(self):
        many = {"service": "echo", "name": "many", "transport": "unix", "path": self.folder / "many", "pool": "event",
                "max_sessions": 0}
        same = ({"service": "echo", "transport": t, "port": self.d.address("echo", t)[1]} for t in ("tcp", "udp"))
        self.d.reload(self.config_of(*same, many, log={"sessions": False}))
        many = [self.d.connect("many", "unix") for _ in range(1500)]
        self.wait_until(lambda: self.one("status", "daemon")["sessions"] >= 1500, "all are sessions")
        s = self.connect()
        s.sendall(b"sessions\n")
        asked = self.connect()
        asked.sendall(b"sessions\n")
        self.assertGreater(len(control.answer(asked)), 1500)  # another's answer is not held up

        def is_closed():
            try:
                s.send(b"x")
            except (BrokenPipeError, ConnectionResetError):
                return True
            return False
        self.wait_until(is_closed, "closed")
        self.assertLess(len(s.recv(1 << 30)), 1 << 20)
        for one in many:
            one.close()
        self.unharmed()

    def test_a_thousand_idle_askers_keep_nobody_from_asking(self):
        idle = []
        for _ in range(1000):
            s = socket.socket(socket.AF_UNIX)
            self.addCleanup(s.close)
            s.connect(self.path)
            idle.append(s)
        self.assertEqual(self.one("status", "daemon")["pid"], self.d.pid)
        self.unharmed()

    def test_who_hangs_up_at_any_moment_leaves_nothing_behind(self):
        import procs
        before = len(procs.descriptors(self.d.pid)) if is_root() else 0
        self.hang_up(b"stats\n", b"status\n", b"sta")
        self.done("status")
        if is_root():
            self.wait_until(lambda: len(procs.descriptors(self.d.pid)) <= before, "its descriptors are those from before")
        self.hang_up(b"reload\n")
        self.done("reload")
        self.unharmed()

    def hang_up(self, *requests):
        for request in requests * 20:
            s = self.connect()
            s.sendall(request)
            s.close()


class Screen(control.Case):
    """What echotimectl prints, and how it ends."""

    def test_the_status_screen_is_a_table_of_the_listeners(self):
        d = self.serve(BOTH)
        done = self.ctl("status")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        host, port = d.address("echo")
        self.assertRegex(done.stdout, rf"^echotimed \S+, process {d.pid}, serving since ")
        self.assertRegex(done.stdout, rf"(?m)^echo/tcp +{host}:{port} +prefork ")
        self.assertFalse([line for line in done.stdout.splitlines() if line.endswith(" ")])

    def test_json_is_the_answer_as_it_comes(self):
        self.serve(ECHO)
        done = self.ctl("--json", "stats")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout.splitlines()[-1], r'^\{"kind":"end","ok":true\}$')

    def test_top_adds_sessions_up_by_the_address_they_come_from(self):
        d = self.serve({"service": "echo", "transport": "tcp", "address": ["127.0.0.1"]})
        sessions = [socket.create_connection(d.address("echo"), harness.TIMEOUT_S, source_address=(source, 0))
                    for source in ("127.0.0.1", "127.0.0.2", "127.0.0.2")]
        self.assertTrue(all(map(clients.serves, sessions)))
        rows = [line.split() for line in self.ctl("top").stdout.splitlines()]
        self.assertEqual([row[:2] for row in rows], [["SOURCE", "SESSIONS"], ["127.0.0.2", "2"], ["127.0.0.1", "1"]])
        for s in sessions:
            s.close()

    def test_watch_asks_again_until_it_is_interrupted_or_the_daemon_has_gone(self):
        d = self.serve(ECHO)
        with subprocess.Popen([control.ECHOTIMECTL, "-s", self.path, "--json", "-w1", "status"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as p:
            ends = 0
            while ends < 2:
                line = p.stdout.readline()
                self.assertTrue(line)
                ends += '"kind":"end"' in line
            d.stop()
            p.stdout.read()
            self.assertEqual(p.wait(harness.TIMEOUT_S), UNAVAILABLE)
        for words in (("-w", "reload"), ("--watch=0", "status"), ("--watch=x", "status")):
            self.assertEqual(self.ctl(*words).returncode, USAGE, words)

    def test_exit_codes_say_who_failed(self):
        for words, code in (((), USAGE), (("nonsense",), USAGE), (("status", "x"), USAGE), (("--nonsense",), USAGE),
                            (("status",), UNAVAILABLE), (("--help",), 0), (("--version",), 0)):
            with self.subTest(words=words):
                self.assertEqual(self.ctl(*words).returncode, code)

    def test_a_reload_that_is_refused_exits_with_1_and_prints_why(self):
        d = self.serve(ECHO, daemon={"allow": [REFUSED_RELOAD]})
        d.write("listeners = (")
        done = self.ctl("reload")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"echotimed.conf:\d+: ")

    def test_control_bytes_of_a_daemon_do_not_reach_the_terminal(self):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(self.path)
            server.listen()

            def answer():
                s, _ = server.accept()
                with s:
                    s.recv(1000)
                    s.sendall(b'{"kind":"message","text":"a\\u001b[31mb"}\n{"kind":"listener","listener":"x\\u009by",'
                              b'"addresses":["\\u0007"]}\n{"kind":"end","ok":false,"message":"\\u001b]0;x"}\n')
            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            done = self.ctl("status")
            thread.join()
        self.assertEqual(done.returncode, 1)
        for text in (done.stdout, done.stderr):
            self.assertTrue(all(c == "\n" or " " <= c <= "~" for c in text), repr(text))

    def shell(self, *words):
        """What a shell prints that finds echotimectl and has no settings of its user."""
        env = {**os.environ, "PATH": os.path.dirname(control.ECHOTIMECTL) + ":" + os.environ["PATH"], "HOME": self.folder.path}
        env = {name: value for name, value in env.items() if not name.startswith("XDG_")}
        return subprocess.run(words, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=True).stdout

    def bash(self, *words):
        """What bash offers for the last of these words."""
        words = " ".join(map(shlex.quote, ("echotimectl", *words)))
        script = (f"source {shlex.quote(COMPLETION)}/echotimectl; COMP_WORDS=({words}); "
                  "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _echotimectl; printf '%s\\n' \"${COMPREPLY[@]}\"")
        return self.shell("bash", "-c", script).split()

    def fish(self, *words):
        """What fish offers for the last of these words."""
        said = self.shell("fish", "-c", "set -g fish_complete_path $argv[1]; complete -C$argv[2]", "--", COMPLETION,
                          " ".join(("echotimectl", *words)))
        return [line.split("\t")[0] for line in said.splitlines()]

    def completes(self, complete):
        """Commands, options, and what a daemon has, by one of the two."""
        d = self.serve(BOTH, {**ECHO, "name": "other"})
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        self.assertEqual(sorted(complete("st")), ["stats", "status"])
        self.assertEqual(complete("--j"), ["--json"])
        self.assertEqual(complete("-s", self.path, "drain", ""), ["echo/tcp", "echo/udp", "other/tcp"])
        self.assertEqual(complete("-s", self.path, "resume", "o"), ["other/tcp"])
        self.assertEqual(complete("-s", self.path, "kill", ""), [self.one("sessions", "session")["id"]])
        self.assertEqual(complete("-s", self.path, "impair", "echo/udp", "du"), ["duplicate="])
        self.assertEqual(complete("reload", ""), [])

    def test_bash_completes_commands_listeners_and_the_ids_of_sessions(self):
        self.completes(self.bash)

    @unittest.skipUnless(shutil.which("fish"), "needs fish")
    def test_fish_completes_commands_listeners_and_the_ids_of_sessions(self):
        self.completes(self.fish)
        self.assertEqual(self.fish("-s", self.path, "kill", "0.0", ""), [])

    def test_an_answer_that_is_none_is_said_to_be_none(self):
        for data, code in ((b"nonsense\n", 76), (b"[]\n", 76), (b"", UNAVAILABLE), (b'{"kind":"end"', 76)):
            with self.subTest(data=data), socket.socket(socket.AF_UNIX) as server:
                server.bind(self.path)
                server.listen()
                thread = threading.Thread(target=self.answer_once, args=(server, data), daemon=True)
                thread.start()
                self.assertEqual(self.ctl("status").returncode, code)
                thread.join()
                os.unlink(self.path)

    @staticmethod
    def answer_once(server, data):
        s, _ = server.accept()
        with s:
            s.recv(1000)
            s.sendall(data)


if __name__ == "__main__":
    harness.main()
