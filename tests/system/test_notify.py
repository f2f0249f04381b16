# SPDX-License-Identifier: MIT
"""What the service manager is told over its socket, when, and that nothing depends on its listening."""

import os
import re
import signal
import socket
import time

import clients
import harness
import passing

ECHO = {"service": "echo", "transport": "tcp"}


def microseconds():
    return time.monotonic_ns() // 1000


class Tells(passing.Case):
    def test_that_it_is_ready_after_it_serves_and_how_many_sessions_there_are(self):
        d = self.serve(ECHO)
        d.connect("echo").close()
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        d.wait_message(r"STATUS=1 sessions? open")
        self.assertEqual(d.messages.count("READY=1"), 1)

    def test_that_it_reloads_since_when_and_that_it_is_ready_again(self):
        d = self.serve(ECHO, daemon={"allow": [r"reload: refused|^error settings"]})
        for text in (None, "listeners = ( {"):  # a refused reload is over as well
            mark, before = d.mark()[1], microseconds()
            d.reload(text)
            told = [m for m in d.messages[mark:] if not m.startswith("STATUS=")]
            self.assertEqual([told[0], told[2]], ["RELOADING=1", "READY=1"])
            since = int(re.fullmatch(r"MONOTONIC_USEC=(\d+)", told[1])[1])
            self.assertTrue(before <= since <= microseconds())

    def test_why_a_reload_was_refused_before_that_it_is_ready_again_and_until_one_is_taken_over(self):
        d = self.serve(ECHO, daemon={"allow": [r"reload: refused|^error settings"]})
        mark = d.mark()[1]
        d.reload(self.config({"service": "eko"}, {"service": "tyme"}))
        status = next(m for m in d.messages[mark:] if m.startswith("STATUS=") and "refused" in m)
        self.assertRegex(status, r'STATUS=\d+ sessions open.*; the last reload was refused: \S+:\d+: listeners.*"eko"')
        self.assertLess(d.messages.index(status), d.messages.index("READY=1", mark))
        d.wait_message(r"STATUS=.*refused: ", since=d.mark()[1])
        d.reload(self.config(ECHO))
        self.assertNotIn("refused", d.wait_message("STATUS=.*", since=d.mark()[1])[0])

    def test_that_it_stops_and_while_it_drains_that_this_takes_longer(self):
        d = self.serve(ECHO, drain_timeout="1h")
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        d.send_signal(signal.SIGTERM)
        d.wait_message(r"STOPPING=1")
        for _ in range(2):
            self.assertGreaterEqual(int(d.wait_message(r"EXTEND_TIMEOUT_USEC=(\d+)", since=d.mark()[1])[1]), 2000000)
        s.close()
        d.wait_exit(0)
        self.assertEqual(d.messages.count("STOPPING=1"), 1)
        self.assertNotIn("READY=1", d.messages[d.messages.index("STOPPING=1"):])

    def test_nothing_of_longer_before_it_stops(self):
        d = self.serve(ECHO)
        d.wait_message("STATUS=", since=d.mark()[1])
        d.stop()
        self.assertEqual([m for m in d.messages[:d.messages.index("STOPPING=1")] if m.startswith("EXTEND")], [])


class Watchdog(passing.Case):
    def watched(self, **variables):
        """A daemon with these variables, where "own" stands for its pid."""
        how = passing.arguments([], LISTEN_PID="1", **variables)
        return self.serve(ECHO, daemon=how)

    def test_is_fed_more_often_than_it_asks_for(self):
        for pid in ({"WATCHDOG_PID": "own"}, {}):
            d = self.watched(WATCHDOG_USEC="400000", **pid)
            since = d.mark()[1]
            d.wait_message("WATCHDOG=1", since=since, count=5)
            d.wait_message("STATUS=", since=since)
            d.stop()

    def test_is_not_fed_while_the_supervisor_is_stopped(self):
        d = self.watched(WATCHDOG_USEC="100000", WATCHDOG_PID="own")
        d.wait_message("WATCHDOG=1", since=d.mark()[1])
        d.send_signal(signal.SIGSTOP)
        self.wait_until(lambda: self.state(d.pid) == "T", "a stopped supervisor")
        mark = d.mark()[1]
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertEqual(d.messages[mark:], [])
        d.send_signal(signal.SIGCONT)
        d.wait_message("WATCHDOG=1", since=mark)

    @staticmethod
    def state(pid):
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(") ")[2][0]

    def test_of_another_process_or_none_is_not_fed(self):
        for variables in ({"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "0", "WATCHDOG_PID": "own"},
                          {"WATCHDOG_USEC": "many"}, {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "self"}, {}):
            d = self.watched(**variables)
            d.wait_message("STATUS=", since=d.mark()[1])
            d.stop()
            self.assertNotIn("WATCHDOG=1", d.messages, variables)


class Deaf(harness.Case):
    """A service manager that does not listen."""

    def serving(self, path):
        d = self.start(self.config(ECHO), env={"NOTIFY_SOCKET": path}, wait=False, allow=["NOTIFY_SOCKET"])
        d.wait_log("^notice ready")
        return d

    def test_that_is_missing_or_no_socket_is_harmless(self):
        for path in ("/nonexistent/notify", "@nobody-listens", "relative", "", "/dev/null", "@", "/" + "x" * 200):
            d = self.serving(path)
            self.assertTrue(clients.serves(d.connect("echo")))
            d.stop()

    def full_socket(self):
        """One that nobody reads, and that takes no more."""
        path = self.folder / "full"
        deaf = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(deaf.close)
        deaf.bind(path)
        os.chmod(path, 0o777)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            s.connect(path)
            try:
                while True:
                    s.send(b"fills it")
            except BlockingIOError:
                return path, deaf

    def test_that_never_reads_holds_nobody_up(self):
        path, _ = self.full_socket()
        d = self.serving(path)
        self.assertTrue(clients.serves(d.connect("echo")))
        mark = d.mark()[0]
        d.send_signal(signal.SIGHUP)
        d.wait_log("^notice reloaded", since=mark)
        self.assertTrue(clients.serves(d.connect("echo")))
        d.stop()

    def test_that_reads_late_hears_that_it_is_ready(self):
        path, deaf = self.full_socket()
        d = self.serving(path)
        deaf.settimeout(harness.TIMEOUT_S)
        said = b""
        while said != b"READY=1":
            said = deaf.recv(1000)
        d.stop()

    def test_an_abstract_socket_is_told_too(self):
        name = f"@echotimed-test-notify-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(harness.TIMEOUT_S)
            s.bind("\0" + name[1:])
            d = self.serving(name)
            while s.recv(1000) != b"READY=1":
                pass
            d.stop()


if __name__ == "__main__":
    harness.main()
