# SPDX-License-Identifier: MIT
"""The log as its reader meets it: a reader that does not read, and events that come faster than a log should grow."""

import fcntl
import json
import os
import re
import signal
import socket

import harness
from harness import Case, every_model, main

SESSIONS = 300
SESSIONS_OF_A_TERMINAL = 900  # more lines than a terminal and a socket take
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]


class Stalled:
    """A reader of the log that reads only when it is told to."""

    def __init__(self):
        self.read_end, self.write_end = os.pipe()
        fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(self.read_end, False)
        self.text = ""

    def daemon(self):
        """Daemon()'s arguments: its standard error is this pipe; the harness's own stays open, or its end would be the daemon's."""
        return {"prefix": ["sh", "-c", f'exec "$@" 9>&2 2>&{self.write_end}', "sh"], "pass_fds": [self.write_end]}

    def read(self):
        """What is there, after all that was there before."""
        while True:
            try:
                data = os.read(self.read_end, 65536)
            except BlockingIOError:
                return self.text
            self.text += data.decode().replace("\r", "")  # a terminal's ends of lines

    def fill(self):
        """Leaves no room for the shortest line."""
        os.set_blocking(self.write_end, False)
        try:
            while os.write(self.write_end, b"\n"):
                pass
        except BlockingIOError:
            pass

    def close(self):
        os.close(self.read_end)
        os.close(self.write_end)


class Terminal(Stalled):
    """A terminal whose window does not read: who writes to it waits, but not before there is too little room for a line."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.read_end, self.write_end = os.openpty()
        os.set_blocking(self.read_end, False)
        self.text = ""

    def daemon(self, as_whom=()):
        how = super().daemon()
        return {**how, "prefix": [*how["prefix"], *as_whom]}


@every_model
class LogThatNobodyReads(Case):
    def begin(self, stalled, how):
        self.addCleanup(stalled.close)
        return self.serve({"service": "echo", "transport": "unix", "path": self.folder / "echo"},
                          daemon={**how, "wait": True}, log={"sessions": True})

    def ask(self, times):
        for n in range(times):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(30)
                s.connect(self.folder / "echo")
                s.sendall(b"%d" % n)
                s.shutdown(socket.SHUT_WR)
                self.assertEqual(s.recv(100), b"%d" % n)
                self.assertEqual(s.recv(100), b"")

    def all_are_told(self, stalled, times):
        self.wait_until(lambda: self.lines_of(stalled) >= times, "each session written, or told as lost")
        self.assertEqual(self.lines_of(stalled), times)
        self.assertIn(" lines=", stalled.text)

    def test_sessions_are_served_and_each_lost_line_is_told_later(self):
        stalled = Stalled()
        d = self.begin(stalled, stalled.daemon())
        self.ask(SESSIONS)
        stalled.fill()
        # It tries to tell what is lost once a second, after its status: here at least once in vain.
        d.wait_message("STATUS=", since=d.mark()[1], count=2)
        self.all_are_told(stalled, SESSIONS)

    def on_a_terminal(self, *as_whom):
        terminal = Terminal()
        flags = fcntl.fcntl(terminal.write_end, fcntl.F_GETFL)
        d = self.begin(terminal, terminal.daemon(as_whom))
        self.ask(SESSIONS_OF_A_TERMINAL)
        self.assertEqual(fcntl.fcntl(terminal.write_end, fcntl.F_GETFL), flags)
        return d, terminal

    def test_a_terminal_that_nobody_reads_stops_nobody_and_each_lost_line_is_told_later(self):
        _, terminal = self.on_a_terminal()
        self.all_are_told(terminal, SESSIONS_OF_A_TERMINAL)

    @harness.needs_root
    def test_a_terminal_of_another_user_that_nobody_reads_stops_nobody_and_each_lost_line_is_told_later(self):
        _, terminal = self.on_a_terminal(*NOBODY)
        self.all_are_told(terminal, SESSIONS_OF_A_TERMINAL)

    @harness.needs_root
    def test_a_stop_and_a_reload_do_not_wait_for_a_terminal_of_another_user_that_nobody_reads(self):
        d, terminal = self.on_a_terminal(*NOBODY)
        d.reload()
        self.ask(1)
        d.send_signal(signal.SIGTERM)
        d.process.wait(harness.TIMEOUT_S)
        self.wait_until(lambda: not d.processes(), "who waited for the terminal gave up")
        d.wait_exit()
        self.assertEqual(len(re.findall("^notice ready: ", terminal.read(), re.M)), 1)

    def lines_of(self, stalled):
        """Sessions written, and lost as the log itself says."""
        text = stalled.read()
        lost = sum(int(n) for n in re.findall(r"^warning lost lines=(\d+)$", text, re.M))
        return len(re.findall(r"^info session ", text, re.M)) + lost


class DeathsThatComeTooOften(Case):
    def test_each_death_has_a_line_or_is_in_the_count_of_those_that_have_none(self):
        pool = {"model": "prefork", "start": 40, "min_spare": 40, "max_spare": 60, "max_workers": 60}
        d = self.serve({"service": "echo", "transport": "tcp", "pool": "many"}, pools={"many": pool},
                       daemon={"allow": ["died pool=", "withheld event=died"]})
        workers = d.workers()
        self.assertGreaterEqual(len(workers), 40)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: self.deaths_in(d) >= len(workers), "each death written, or told as withheld")
        self.assertEqual(self.deaths_in(d), len(workers))
        self.assertTrue(any(line.startswith("warning withheld event=died") for line in d.log))

    @staticmethod
    def deaths_in(d):
        text = "\n".join(d.log)
        return len(re.findall(r"^warning died ", text, re.M)) + \
            sum(int(n) for n in re.findall(r"^warning withheld event=died lines=(\d+)$", text, re.M))


class LogInAFile(Case):
    def test_a_file_that_is_emptied_goes_on_at_its_start_and_each_line_of_json_has_its_time(self):
        path = self.folder / "log"
        d = self.serve({"service": "echo"}, log={"format": "json"},
                       daemon={"prefix": ["sh", "-c", 'exec "$@" 9>&2 2>>"$0"', path], "wait": True})
        self.wait_until(lambda: '"event":"ready"' in self.read(path), "the line of its readiness")
        os.truncate(path, 0)
        os.kill(d.process.pid, signal.SIGUSR1)
        self.wait_until(lambda: self.read(path).count("\n") >= 2, "lines after those that are gone")
        for line in self.read(path).split("\n")[:-1]:
            self.assertRegex(json.loads(line)["time"], r"^\d{4}-\d\d-\d\dT[0-9:.]+Z$")

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as f:
            return f.read()


@harness.needs_root
class LogOfProcess1(Case):
    # Of a container without /proc, where another process brings the lines, with all others killed at the end of process 1.
    PREFIX = ("unshare", "-p", "-f", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"')

    def test_its_last_line_is_read_before_all_are_killed(self):
        if self.run_once("-V", prefix=self.PREFIX).returncode:
            self.skipTest("this program needs /proc by itself (with sanitizers)")
        done = self.run_once(config="port_offest = 1;\n", prefix=self.PREFIX)
        self.assertEqual(done.returncode, 78)
        self.assertIn("port_offest", done.stderr)


if __name__ == "__main__":
    main()
