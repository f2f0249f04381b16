#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""USR2: the daemon becomes the program that stands at its path now, in place: the same process, sockets and sessions."""

import contextlib
import os
import re
import shutil
import signal
import socket
import threading

import clients
import config
import control
import daemon
import harness
import passing
import procs
import test_metrics
from test_reload_load import Comer

ECHO = {"service": "echo", "transport": "tcp"}
PROGRAMS = os.path.join(os.environ.get("top_builddir", "."), "tests/system")
FAILING, NEXT_STATE, NEXT_LAYOUT = (os.path.join(PROGRAMS, name) for name in ("failing", "next_state", "next_layout"))
BROKEN = r"^(error|warning) "


class Upgrades(harness.Case):
    """A daemon with a program file of its own, which the tests replace."""

    def setUp(self):
        super().setUp()
        self.program = self.folder / "echotimed"
        self.install(daemon.DAEMON)

    def install(self, path):
        """As a package manager does it: the old file stays what it was for who runs it."""
        shutil.copy(path, self.program + ".new")
        os.chmod(self.program + ".new", 0o755)
        os.rename(self.program + ".new", self.program)

    def serve_program(self, *listeners, allow=(), env=None, **top):
        return self.serve(*listeners, daemon={"program": self.program, "allow": list(allow), "env": env}, **top)

    def upgrade(self, d, ends="^notice upgraded: "):
        lines, messages = d.mark()
        d.send_signal(signal.SIGUSR2)
        d.wait_log(ends, since=lines)
        if ends.startswith("^notice"):
            d.wait_notify("READY=1", since=messages)
        self.assertIsNone(d.process.poll())
        return d.log[lines:]

    def is_refused(self, d, why, *sessions):
        """An upgrade that is not possible: that is said, and everything serves on."""
        lines = self.upgrade(d, "^error upgrade: refused: .*goes on")
        self.assertRegex("\n".join(lines), why)
        self.assertTrue(all(clients.serves(s) for s in sessions) and clients.serves(d.connect("echo")))


@harness.every_model
class OfSessions(Upgrades):
    def test_go_on_and_new_ones_are_served_by_the_same_process(self):
        d = self.serve_program(ECHO)
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        where, exe = d.address("echo"), os.stat(f"/proc/{d.pid}/exe").st_ino
        self.install(daemon.DAEMON)
        self.upgrade(d)
        self.assertNotEqual(os.stat(f"/proc/{d.pid}/exe").st_ino, exe)
        self.assertEqual(d.address("echo"), where)
        self.assertTrue(clients.serves(s) and clients.serves(d.connect("echo")))

    def test_twice_in_a_row(self):
        d = self.serve_program(ECHO)
        kept = []
        for _ in range(3):
            kept.append(d.connect("echo"))
            self.assertTrue(all(clients.serves(s) for s in kept))
            self.upgrade(d)
        d.reload()
        self.assertTrue(all(clients.serves(s) for s in kept) and clients.serves(d.connect("echo")))



    def test_a_transfer_that_is_under_way_arrives_whole(self):
        d = self.serve_program(ECHO)
        s, data = d.connect("echo"), clients.pattern(8_000_000)
        sender = clients.Sender(s, data)
        got = bytearray(clients.recv_exactly(s, 1_000_000))
        self.upgrade(d)
        got += clients.recv_all(s)
        sender.join()
        self.assertTrue(got == data and sender.error is None)
        d.wait_log(r"session listener=echo .*in=8000000 out=8000000 end=eof")

    def test_caps_count_the_sessions_of_before(self):
        d = self.serve_program({**ECHO, "max_sessions": 2})
        first = d.connect("echo")
        self.assertTrue(clients.serves(first))
        self.upgrade(d)
        second = d.connect("echo")
        self.assertTrue(clients.serves(second))
        self.assertTrue(clients.is_refused(lambda: d.connect("echo")))
        first.close()
        self.wait_until(lambda: clients.is_served(lambda: d.connect("echo")), "there is room again")

    def test_an_old_session_ends_after_drain_timeout(self):
        d = self.serve_program(ECHO, drain_timeout="500ms")
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        self.upgrade(d)
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        d.wait_log(r"session .*end=drain")

    def test_old_workers_go_with_their_sessions_and_nothing_piles_up(self):
        d = self.serve_program(ECHO)
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        held = []
        for _ in range(5 if harness.LONG else 3):
            self.upgrade(d)
            self.assertTrue(clients.serves(s))
            # By its second look at everything idle workers of before are gone, and the new ones there.
            d.wait_message("STATUS=", since=d.mark()[1], count=2)
            held.append(procs.held(d.pid))
        before = procs.Watch(d.workers())
        self.upgrade(d)
        s.close()
        self.assertEqual(before.wait_all_gone(harness.TIMEOUT_S), [])
        self.assertLessEqual(max(held[1:]) - min(held[1:]), 4)

    def test_a_session_whose_acceptor_is_killed_after_it_goes_on(self):
        if self.model != "fork":
            return
        d = self.serve_program(ECHO, allow=[BROKEN])
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        acceptor = [p.parent for p in procs.of_session(d.pid) if p.parent not in (d.pid, os.getpid())][0]
        self.upgrade(d)
        os.kill(acceptor, signal.SIGKILL)
        d.wait_log("^warning died ")
        self.assertTrue(clients.serves(s))


class OfAll(Upgrades):
    def test_under_load_nobody_is_refused_reset_or_left_without_an_answer(self):
        many = {"max_sessions": 0, "max_sessions_per_source": 0}
        d = self.serve_program({**ECHO, **many}, {"service": "echo", "name": "path", "transport": "unix", **many,
                                                  "path": self.folder / "s"},
                               {"service": "echo", "name": "datagrams", "transport": "udp", "udp_rate": "none"},
                               log={"sessions": False}, limits={"sessions_per_source": 0})
        one, tcp, over = d.connect("datagrams", "udp"), d.address("echo"), threading.Event()
        comers = [Comer(lambda: socket.create_connection(tcp, harness.TIMEOUT_S), over) for _ in range(3)]
        comers += [Comer(lambda: d.connect("path", "unix"), over), Comer(lambda: contextlib.nullcontext(one), over)]
        kept = [d.connect("echo") for _ in range(50)]
        for _ in range(10):
            self.upgrade(d)
        over.set()
        for c in comers:
            c.join()
        self.assertEqual([c.wrong for c in comers], [[] for _ in comers])
        self.assertTrue(all(clients.serves(s) for s in kept))

    def test_an_upgrade_and_a_reload_at_once_are_one_after_the_other(self):
        d = self.serve_program(ECHO)
        for first, second in [(signal.SIGHUP, signal.SIGUSR2), (signal.SIGUSR2, signal.SIGHUP)] * 5:
            mark = d.mark()
            d.send_signal(first)
            d.send_signal(second)
            d.wait_log("^notice upgraded: ", since=mark[0])
            d.wait_log("^notice reloaded: ", since=mark[0])
            self.assertTrue(clients.serves(d.connect("echo")))

    def test_a_stop_in_the_midst_of_it_ends_the_daemon(self):
        d = self.serve_program(ECHO, allow=[BROKEN])
        d.send_signal(signal.SIGUSR2)
        d.send_signal(signal.SIGTERM)
        d.wait_exit(0)

    def test_options_of_the_command_line_and_relative_paths_survive(self):
        text = config.config_text(self.config(ECHO))
        self.folder.write("relative.conf", text)
        d = self.serve(ECHO, daemon={"program": "./echotimed", "cwd": self.folder.path,
                                     "args": ["-c", "relative.conf", "-o", "listeners.[0].max_bytes=10"]})
        self.upgrade(d)
        self.upgrade(d)
        s = d.connect("echo")
        s.sendall(b"x" * 100)
        self.assertLessEqual(len(clients.recv_until_over(s)[0]), 10)

    def test_what_the_environment_says_survives(self):
        d = self.serve_program(ECHO, env={"ECHOTIMED__LISTENERS__0__MAX_BYTES": "10"})
        self.upgrade(d)
        s = d.connect("echo")
        s.sendall(b"x" * 100)
        self.assertLessEqual(len(clients.recv_until_over(s)[0]), 10)

    def test_new_settings_come_with_the_new_program(self):
        d = self.serve_program(ECHO)
        d.write(self.config(ECHO, {**ECHO, "name": "new"}))
        self.upgrade(d)
        self.assertTrue(clients.serves(d.connect("new")) and clients.serves(d.connect("echo")))

    def test_what_a_source_has_used_up_stays_used_up(self):
        d = self.serve_program({**ECHO, "session_rate": "2/h"})
        self.assertTrue(clients.is_served(lambda: d.connect("echo")) and clients.is_served(lambda: d.connect("echo")))
        self.assertTrue(clients.is_refused(lambda: d.connect("echo")))
        self.upgrade(d)
        self.assertTrue(clients.is_refused(lambda: d.connect("echo")))

    @harness.needs_root
    def test_it_keeps_its_one_right_and_gives_nobody_another(self):
        def rights():
            with open(f"/proc/{d.pid}/status", encoding="ascii") as f:
                return [line for line in f if re.match(r"(Uid|Gid|Groups|Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|SigIgn):", line)]
        d = self.serve_program(ECHO)
        before, dumpable = rights(), os.stat(f"/proc/{d.pid}/status").st_uid
        self.upgrade(d)
        self.assertEqual(rights(), before)
        self.assertEqual((os.stat(f"/proc/{d.pid}/status").st_uid, dumpable), (0, 0))
        for pid in d.workers():
            with open(f"/proc/{pid}/status", encoding="ascii") as f:
                self.assertEqual({line.split()[1] for line in f if re.match("Cap(Inh|Prm|Eff|Amb):", line)}, {"0" * 16})
        with open(f"/proc/{d.pid}/comm", encoding="ascii") as f:
            self.assertEqual(f.read(), "echotimed\n")


class OfWhatElseItHas(control.Case, Upgrades):
    def test_counters_its_age_and_the_control_socket_are_the_same(self):
        d = self.serve_program(ECHO)
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        before, inode = self.one("status", "daemon"), os.stat(self.path).st_ino
        self.upgrade(d)
        self.assertTrue(clients.serves(d.connect("echo")))
        after = self.one("status", "daemon")
        self.assertEqual(os.stat(self.path).st_ino, inode)
        self.assertEqual([after[k] for k in ("pid", "since_unix_s", "sessions")], [before["pid"], before["since_unix_s"], 2])
        self.assertEqual(self.one("stats", "listener", listener="echo/tcp")["sessions"], 2)
        self.assertEqual(self.one("status", "draining")["sessions"], 1)
        self.assertEqual(len(self.done("sessions")), 2)

    @harness.needs_metrics
    def test_metrics_stay_where_they_were(self):
        d = self.serve_program(ECHO, metrics={"address": "127.0.0.1", "port": 0})
        where = test_metrics.where(d)
        self.upgrade(d)
        self.assertEqual(test_metrics.where(d), where)
        self.assertEqual(test_metrics.ask(d, "/healthz")[0], 200)


@passing.needs_systemd
class OfSocketsThatWerePassed(passing.Case, Upgrades):
    def test_are_kept_also_for_reloads_after_it(self):
        s = self.bound("tcp")
        where = s.getsockname()
        d = self.pass_to([("echo", s)], ECHO, start={"program": self.program})
        for step in (self.upgrade, daemon.Daemon.reload, self.upgrade):
            step(d)
            with socket.create_connection(where, harness.TIMEOUT_S) as c:
                self.assertTrue(clients.serves(c))


class ThatFail(Upgrades):
    def failing(self, how):
        self.install(daemon.DAEMON)
        d = self.serve_program(ECHO, allow=[BROKEN], env={"FAIL": how})
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        self.install(FAILING)
        return d, s

    def test_a_program_that_is_no_good_is_refused_and_nothing_changes(self):
        for how, why in (("try exit", "ended with status 1"), ("try crash", "signal ABRT")):
            with self.subTest(how):
                d, s = self.failing(how)
                self.is_refused(d, why, s)
                d.stop()

    def test_a_program_that_hangs_when_it_is_tried_is_refused_and_nothing_waits_for_it(self):
        d, s = self.failing("try hang")
        mark = d.mark()
        d.send_signal(signal.SIGUSR2)
        d.reload()
        self.assertTrue(clients.serves(s) and clients.serves(d.connect("echo")))
        d.wait_log("^error upgrade: refused: .*in time", since=mark[0])
        self.assertTrue(clients.serves(s) and clients.serves(d.connect("echo")))

    def test_a_program_that_fails_before_it_serves_gives_way_to_the_one_before(self):
        for how in ("go exit", "go crash", "go hang"):
            with self.subTest(how):
                d, s = self.failing(how)
                mark = d.mark()
                self.upgrade(d, "^error upgrade: .*the one before is back")
                d.wait_log("^notice reloaded", since=mark[0])
                self.assertTrue(clients.serves(s) and clients.serves(d.connect("echo")))
                self.install(daemon.DAEMON)
                self.upgrade(d)
                self.assertTrue(clients.serves(s) and clients.serves(d.connect("echo")))
                d.stop()

    def test_a_file_that_is_missing_or_no_program_is_refused(self):
        d = self.serve_program(ECHO, allow=[BROKEN])
        s = d.connect("echo")
        os.chmod(self.program, 0o644)
        self.is_refused(d, "ermission denied", s)
        os.unlink(self.program)
        self.folder.write("echotimed", "no program", mode=0o755)
        self.is_refused(d, "xec format error", s)
        os.unlink(self.program)
        self.is_refused(d, "No such file", s)

    def test_settings_that_are_broken_or_name_another_user_are_refused(self):
        d = self.serve_program(ECHO, allow=[BROKEN])
        s = d.connect("echo")
        good = self.config(ECHO)
        d.write("listeners = ( {")
        self.is_refused(d, r"echotimed\.conf:1", s)
        d.write({**good, "user": "daemon", "group": "daemon"})
        self.is_refused(d, "restart", s)
        d.write(good)
        self.upgrade(d)
        self.assertTrue(clients.serves(s))

    def test_a_port_that_is_taken_by_then_leaves_the_old_program_serving(self):
        d = self.serve_program(ECHO, allow=[BROKEN])
        s = d.connect("echo")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            d.write(self.config(ECHO, {**ECHO, "name": "bad", "port": taken.getsockname()[1]}))
            self.upgrade(d, "^error upgrade: .*the one before is back")
            self.assertTrue(clients.serves(s) and clients.serves(d.connect("echo")))
        mark = d.mark()
        d.reload()
        d.wait_log("^notice reloaded", since=mark[0])
        self.assertTrue(clients.serves(s) and clients.serves(d.connect("bad")))

    def test_a_program_that_takes_another_state_is_refused(self):
        d = self.serve_program(ECHO, allow=[BROKEN])
        s = d.connect("echo")
        self.install(NEXT_STATE)
        self.is_refused(d, r"version \d+, and this one takes version 987", s)

    def test_a_program_that_has_another_layout_of_shared_memory_takes_over_and_old_sessions_go_on(self):
        d = self.serve_program({**ECHO, "max_sessions": 1}, drain_timeout="10m")
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        self.install(NEXT_LAYOUT)
        self.upgrade(d)
        self.assertTrue(clients.serves(s) and clients.serves(d.connect("echo")))  # the old one is not counted
        old = procs.Watch(d.workers())
        self.install(daemon.DAEMON)
        self.upgrade(d)
        self.assertTrue(clients.serves(s))
        d.hang_up()
        self.assertEqual(old.wait_all_gone(harness.TIMEOUT_S), [])

    def test_what_a_program_of_another_layout_cannot_use_it_closes(self):
        d = self.serve_program(ECHO)

        def memories():
            return sum("memfd:" in to for to in procs.descriptors(d.pid).values())
        before = memories()
        for program in (NEXT_LAYOUT, daemon.DAEMON):
            self.install(program)
            self.upgrade(d)
            self.wait_until(lambda: memories() == before, "as much memory as before")


if __name__ == "__main__":
    harness.main()
