# SPDX-License-Identifier: MIT
"""The service unit: what its processes may do, what it survives, how it reloads and stops, and its drop-ins."""

import os
import re
import signal
import unittest

import harness
import netns
import procs
from harness import SERVICE, TCP, UDP, clients, wait_until

ECHO = "echotimed-echo.socket"
KILLED = (r"code=killed, status=9/KILL", r"Failed with result 'signal'")
RELOAD_REFUSED = (r"^reload: refused", r"Control process exited, code=exited, status=1/FAILURE", r"Reload failed")
NO_CAPABILITIES = "0000000000000000"
CAP_NET_BIND_SERVICE = 1 << 10
FILTERED = "2"  # Seccomp: of /proc/PID/status


class Posture(harness.Case):
    """What /proc says of every process."""

    def statuses(self):
        found = [procs.status(pid) for pid in self.bed.processes(SERVICE)]
        self.assertGreater(len(found), 3)  # supervisor, workers, resolvers
        return found

    def user(self, name):
        return self.bed.run("id", "-u", name).stdout.strip()

    def test_no_process_has_root_a_capability_or_a_way_to_get_either(self):
        self.start(ECHO, SERVICE)
        uid = self.user("echotimed")
        for status in self.statuses():
            self.assertEqual(status["Uid"].split(), [uid] * 4)
            self.assertNotIn("0", status["Gid"].split())
            for which in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(status[which], NO_CAPABILITIES, which)
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertEqual(status["Seccomp"], FILTERED)

    def test_standalone_the_supervisor_alone_can_bind_low_ports(self):
        self.example("standalone")
        self.start(SERVICE)
        main = self.supervisor()
        self.assertEqual(int(procs.status(main)["CapEff"], 16), CAP_NET_BIND_SERVICE)
        for pid in self.workers():
            status = procs.status(pid)
            for which in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(status[which], NO_CAPABILITIES, which)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", FILTERED))

    def test_a_worker_sees_no_other_processes_and_cannot_write_to_the_host(self):
        self.start(ECHO, SERVICE)
        root = f"/proc/{self.workers()[0]}/root"
        mounts = f"/proc/{self.workers()[0]}/mounts"
        with open(mounts) as f:
            options = {fields[1]: fields[3].split(",") for fields in (line.split() for line in f)}
        self.assertIn("ro", options["/"])
        self.assertIn("hidepid=invisible", options["/proc"])
        self.assertEqual(os.listdir(root + "/home"), [])

    def test_in_a_private_network_it_serves_what_was_passed(self):
        self.example("isolated")
        self.start(ECHO, "echotimed-time.socket", "echotimed-hostname.socket")
        for host in ("127.0.0.1", "::1"):
            self.assert_echoes(7, TCP, host)
            self.assert_echoes(7, UDP, host)
            self.assertEqual(len(clients.ask(self.connect(37, UDP, host), b"")), 4)
        self.assertIn(b"127.0.0.1", clients.ask(self.connect(101), b"HNAME localhost\r\n"))
        networks = {os.readlink(f"/proc/{pid}/ns/net") for pid in self.bed.processes(SERVICE)}
        self.assertEqual(len(networks), 1)
        self.assertNotEqual(networks, {os.readlink(f"/proc/{self.bed.leader}/ns/net")})

    def test_names_are_asked_of_a_name_server_from_within_the_sandbox(self):
        self.bed.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        server = netns.Dnsmasq("--address=/found.test/192.0.2.7", "--local=/test/")
        self.addCleanup(server.stop)
        self.start("echotimed-hostname.socket")
        self.assertIn(b"192.0.2.7", clients.ask(self.connect(101), b"HNAME found.test\r\n"))

    def test_names_are_read_from_the_places_of_the_name_service_and_from_no_other(self):
        if not procs.landlock_version():
            self.skipTest("needs a kernel with Landlock")
        before = self.bed.read("/etc/hosts")
        self.addCleanup(self.put_hosts, before)
        self.start("echotimed-hostname.socket")
        self.put_hosts("192.0.2.7 inside.test\n")
        self.assertIn(b"192.0.2.7", clients.ask(self.connect(101), b"HNAME inside.test\r\n"))
        self.bed.write("/srv/hosts", "192.0.2.8 outside.test\n")
        os.unlink(self.bed.path("/etc/hosts"))
        os.symlink("/srv/hosts", self.bed.path("/etc/hosts"))
        self.assertNotIn(b"192.0.2.8", clients.ask(self.connect(101), b"HNAME outside.test\r\n"))
        # Where the file is meant to be, somebody may put it elsewhere: a resolver that starts now looks where it is.
        self.bed.systemctl("restart", SERVICE)
        self.assertIn(b"192.0.2.8", clients.ask(self.connect(101), b"HNAME outside.test\r\n"))

    def put_hosts(self, text):
        """The file itself, whatever was in its place."""
        path = self.bed.path("/etc/hosts")
        if os.path.lexists(path):
            os.unlink(path)
        self.bed.write("/etc/hosts", text)
        os.chmod(path, 0o644)

    def test_without_a_look_at_the_clock_it_serves_and_synchronisation_cannot_be_required(self):
        self.example("noclock")
        self.example("isolated")
        self.start("echotimed-time.socket")
        self.assertEqual(len(clients.ask(self.connect(37, UDP), b"")), 4)
        self.bed.systemctl("stop", "echotimed-time.socket", SERVICE)
        self.configure({"service": "time", "require_sync": True})
        self.allowed += [*harness.START_FAILED, r"require_sync"]
        self.start("echotimed-time.socket")
        self.assertNotEqual(self.bed.systemctl("start", SERVICE, check=False).returncode, 0)
        self.assert_said(r"require_sync")

    def test_the_state_of_the_clock_is_seen_as_shipped(self):
        self.configure({"service": "time", "require_sync": True})
        self.start("echotimed-time.socket", SERVICE)
        self.assertEqual(self.state(), "active")

    def test_with_a_journal_of_its_own_its_lines_and_their_priorities_are_there(self):
        self.example("journal")
        self.start(ECHO, SERVICE)
        self.bed.tool("journalctl", "--namespace=echotimed", "--sync")
        said = self.bed.tool("journalctl", "--namespace=echotimed", "--quiet", "--output=json", "--priority=notice")
        self.assertRegex(said, r'"MESSAGE":"ready: generation 1 serves')
        self.assertNotIn("ready: generation", "\n".join(self.lines()))

    def test_with_a_dynamic_user_it_needs_none_in_passwd(self):
        self.assertEqual(self.bed.run("userdel", "echotimed").returncode, 0)
        self.addCleanup(self.restore_user)
        self.example("dynamic")
        self.start(ECHO)
        for kind in (TCP, UDP):
            self.assert_echoes(7, kind)
        for status in self.statuses():
            self.assertGreaterEqual(int(status["Uid"].split()[0]), 61184)  # systemd's range for them
            self.assertEqual(status["CapPrm"], NO_CAPABILITIES)


    def restore_user(self):
        self.hang_up()
        self.bed.systemctl("stop", ECHO, SERVICE)  # while it runs its dynamic user has the name
        self.bed.tool("systemd-sysusers")


class Faults(harness.Case):
    def test_a_killed_supervisor_takes_all_workers_along_and_is_back_at_once(self):
        self.allowed += KILLED
        self.start(ECHO)
        self.assert_echoes()
        supervisor, workers = self.supervisor(), self.workers()
        gone = procs.Watch([supervisor, *workers])
        os.kill(supervisor, signal.SIGKILL)
        self.assertEqual(gone.wait_all_gone(1), [])
        self.assert_open(self.connect(7))
        self.assertNotEqual(self.supervisor(), supervisor)
        self.assertEqual(self.bed.show(SERVICE, "NRestarts"), "1")

    def test_killed_workers_are_replaced_and_the_service_is_not_restarted(self):
        self.allowed += [r"^died pool=.* signal=KILL"]
        self.start(ECHO)
        self.assert_echoes()
        supervisor, workers = self.supervisor(), self.workers()
        gone = procs.Watch(workers)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(gone.wait_all_gone(5), [])
        for kind in (TCP, UDP):
            self.assert_echoes(7, kind)
        self.assertEqual(self.supervisor(), supervisor)
        self.assertEqual(self.bed.show(SERVICE, "NRestarts"), "0")

    def test_a_supervisor_that_hangs_is_found_by_the_watchdog(self):
        self.allowed += [r"Watchdog timeout", r"Killing process", r"code=(killed|dumped)", r"Failed with result 'watchdog'"]
        self.bed.dropin(SERVICE, "watchdog", "[Service]\nWatchdogSec=1s\n")
        self.start(ECHO)
        self.assert_echoes()
        supervisor = self.supervisor()
        gone = procs.Watch([supervisor])
        os.kill(supervisor, signal.SIGSTOP)
        self.assertEqual(gone.wait_all_gone(10), [])
        self.assert_echoes()
        self.assert_said(r"Watchdog timeout")
        self.assertNotEqual(self.supervisor(), supervisor)

    def test_a_short_watchdog_is_fed(self):
        self.bed.dropin(SERVICE, "watchdog", "[Service]\nWatchdogSec=200ms\n")
        self.start(ECHO)
        s = self.assert_echoes()
        supervisor, fed = self.supervisor(), self.bed.show(SERVICE, "WatchdogTimestampMonotonic")
        for _ in range(5):  # five meals
            before = fed
            wait_until(lambda before=before: self.bed.show(SERVICE, "WatchdogTimestampMonotonic") != before, "fed")
            fed = self.bed.show(SERVICE, "WatchdogTimestampMonotonic")
        self.assert_open(s)
        self.assertEqual(self.supervisor(), supervisor)

    def test_settings_that_are_wrong_are_not_tried_again(self):
        self.allowed += [*harness.START_FAILED, r"^settings: .*echotimed.conf:?1?: "]
        self.bed.write(self.conf_path(), "no_such_key = 1;\n")
        self.assertNotEqual(self.bed.systemctl("start", SERVICE, check=False).returncode, 0)
        self.assertEqual((self.bed.show(SERVICE, "ExecMainStatus"), self.state()), ("78", "failed"))
        errors = [text for priority, text in self.bed.journal(self.since) if priority == 3]
        self.assertTrue(any(re.search(r"echotimed.conf:1: .*no_such_key", text) for text in errors), errors)

    def test_settings_that_are_missing_are_not_tried_again(self):
        self.allowed += [*harness.START_FAILED, r"echotimed.conf: "]
        os.unlink(self.bed.path(self.conf_path()))
        self.assertNotEqual(self.bed.systemctl("start", SERVICE, check=False).returncode, 0)
        self.assertEqual((self.bed.show(SERVICE, "ExecMainStatus"), self.state()), ("66", "failed"))


class Life(harness.Case):
    def test_systemd_is_told_how_many_sessions_there_are(self):
        self.start(ECHO)
        self.assert_echoes()
        wait_until(lambda: re.search(r"\b1 session", self.bed.show(SERVICE, "StatusText")), "one session in the status")

    def test_a_reload_keeps_sessions_and_brings_new_settings(self):
        self.start(ECHO)
        s = self.assert_echoes()
        self.configure({"service": "echo", "max_sessions": 1})
        self.bed.systemctl("reload", SERVICE)
        wait_until(lambda: self.state() == "active", "reloaded")
        self.wait_said(r"generation 2")
        self.assert_open(s)
        # The old session counts too: the cap of one is reached.
        self.assertTrue(clients.is_refused(lambda: self.connect(7)))
        s.close()
        wait_until(lambda: clients.is_served(lambda: self.connect(7)), "the place of the old session is free")

    def test_a_reload_that_fails_says_so_and_changes_nothing(self):
        self.allowed += [*RELOAD_REFUSED, r"^settings: "]
        self.start(ECHO)
        s, supervisor = self.assert_echoes(), self.supervisor()
        self.bed.write(self.conf_path(), "no_such_key = 1;\n")
        self.assertNotEqual(self.bed.systemctl("reload", SERVICE, check=False).returncode, 0)
        self.assert_said(r"^/\S*echotimed.conf:1: no_such_key: there is no such key")
        self.assertEqual((self.state(), self.supervisor()), ("active", supervisor))
        self.assert_open(s)
        for kind in (TCP, UDP):
            self.assert_echoes(7, kind)

    def test_a_reload_that_only_the_daemon_can_refuse_changes_nothing(self):
        self.start(ECHO)
        s = self.assert_echoes()
        self.configure({"service": "discard"}, {"service": "echo", "enabled": False})  # nobody for the passed sockets
        self.allowed += [*RELOAD_REFUSED, r"descriptor \d+ \(echo"]
        self.assertNotEqual(self.bed.systemctl("reload", SERVICE, check=False).returncode, 0)
        self.wait_said(r"descriptor \d+ \(echo")
        wait_until(lambda: self.state() == "active", "the reload is over")
        self.assert_open(s)
        self.assert_echoes()

    def test_root_asks_the_service_within_its_sandbox_and_others_may_not(self):
        self.start(ECHO)
        s = self.assert_echoes()
        said = self.bed.run("echotimectl", "status").stdout
        self.assertIn(f"process {self.bed.show(SERVICE, 'MainPID')},", said)
        self.assertRegex(said, r"(?m)^echo/tcp +127\.0\.0\.1:7 .*serving +1/")
        self.assertEqual(self.bed.run("setpriv", "--reuid=2", "--regid=2", "--clear-groups", "echotimectl",
                                      "status").returncode, 77)
        self.assert_open(s)

    def test_a_stop_lets_sessions_end_and_asks_for_the_time_it_needs(self):
        self.configure({"service": "echo"}, drain_timeout="20s")
        self.bed.dropin(SERVICE, "stop", "[Service]\nTimeoutStopSec=1s\n")
        self.start(ECHO)
        s = self.assert_echoes()
        self.bed.systemctl("stop", ECHO)
        self.bed.systemctl("stop", "--no-block", SERVICE)
        wait_until(lambda: self.state() == "deactivating", "stopping")
        stopping = int(self.bed.show(SERVICE, "StateChangeTimestampMonotonic"))
        # Well past the second that the unit gives, the session goes on.
        wait_until(lambda: self.seconds_up() > stopping / 1e6 + 2.5, "2.5 s")
        self.assert_open(s)
        s.close()
        wait_until(lambda: self.state() == "inactive", "stopped")
        self.assertEqual(self.bed.show(SERVICE, "Result"), "success")

    @staticmethod
    def seconds_up():
        with open("/proc/uptime") as f:
            return float(f.read().split()[0])

    def test_a_stop_ends_sessions_that_outlast_the_drain(self):
        self.configure({"service": "echo"}, drain_timeout="500ms")
        self.start(ECHO)
        s = self.assert_echoes()
        self.bed.systemctl("stop", ECHO, SERVICE)
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        self.assertEqual(self.bed.show(SERVICE, "Result"), "success")
        self.assertEqual(self.bed.processes(SERVICE), [])


class Standalone(harness.Case):
    """It binds for itself; what it bound outlives it in systemd's store."""

    def setUp(self):
        super().setUp()
        self.example("standalone")

    def stored(self):
        return int(self.bed.show(SERVICE, "NFileDescriptorStore"))

    def test_it_serves_the_shipped_settings_on_low_ports(self):
        self.start(SERVICE)
        for host in ("127.0.0.1", "::1"):
            for kind in (TCP, UDP):
                self.assert_echoes(7, kind, host)
                self.assertIn(b"UTC", clients.ask(self.connect(13, kind, host), b"\n"))

    def test_a_reload_opens_a_low_port(self):
        self.configure({"service": "echo"})
        self.start(SERVICE)
        self.assert_refused(9)
        self.configure({"service": "echo"}, {"service": "discard", "transport": "tcp"})
        self.bed.systemctl("reload", SERVICE)
        self.wait_said(r"listening discard tcp 127\.0\.0\.1:9")
        self.connect(9)

    def test_sockets_are_in_the_store_and_leave_it_with_their_listener(self):
        self.configure({"service": "echo", "address": "127.0.0.1"}, {"service": "daytime", "address": "127.0.0.1"})
        self.start(SERVICE)
        wait_until(lambda: self.stored() == 4, "four stored")
        self.configure({"service": "echo", "address": "127.0.0.1"})
        self.bed.systemctl("reload", SERVICE)
        wait_until(lambda: self.stored() == 2, "two stored")
        self.bed.systemctl("restart", SERVICE)
        wait_until(lambda: self.stored() == 2, "still two")
        self.assert_echoes()
        self.assert_refused(13)

    def test_what_the_store_kept_but_the_settings_dropped_is_closed(self):
        self.configure({"service": "echo", "address": "127.0.0.1"}, {"service": "daytime", "address": "127.0.0.1"})
        self.start(SERVICE)
        wait_until(lambda: self.stored() == 4, "four stored")
        self.configure({"service": "echo", "address": "127.0.0.1"})
        self.bed.systemctl("restart", SERVICE)
        wait_until(lambda: self.stored() == 2, "two stored")
        self.assert_refused(13)

    def test_a_connection_that_waits_while_the_supervisor_is_killed_is_served(self):
        self.allowed += KILLED
        self.start(SERVICE)
        wait_until(lambda: self.stored() > 0, "stored")
        supervisor = self.supervisor()
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: self.state() != "active", "noticed")
        self.assert_open(*(self.connect(7) for _ in range(5)))

    def test_a_passed_socket_is_used_and_the_rest_is_bound(self):
        self.start(ECHO, SERVICE)
        self.assert_echoes()
        self.assertIn(b"UTC", clients.recv_all(self.connect(13)))
        # Of echo none; daytime and time, both kinds at two addresses; discard and hostname, one kind.
        wait_until(lambda: self.stored() == 12, "what was bound is stored, what was passed is not")


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    harness.main()
