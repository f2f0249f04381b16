# SPDX-License-Identifier: MIT
"""What may come in the midst of an upgrade, and after one that failed: signals, commands, deaths. Its late half lasts
milliseconds; here every fork of the program that comes takes its time, or one of them fails (late.c)."""

import os
import signal
import threading

import clients
import control
import harness
import procs
import test_upgrade

LISTENERS = ({"service": "echo", "transport": "tcp"}, {"service": "echo", "transport": "udp", "name": "u"},
             {"service": "hostname", "transport": "tcp"})
LATE = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests", "system", "late.so"))
BACK = "^error upgrade: the program that came failed before it was ready; the one before is back"
# One of the processes that it starts, whatever the model: before it come the settings' reader and two resolvers.
FAILS = {"LATE_FAILS": "4"}
COMMANDS = (("status", {}), ("stats", {}), ("sessions", {}), ("limits", {}), ("drain", {"listener": "u"}),
            ("resume", {"listener": "u"}), ("kill", {"id": "9.9"}), ("nonsense", {}))
MAY_SAY = [r"^error (upgrade|settings|reload|start): ", r"^warning (died|stuck) "]


class Case(test_upgrade.Upgrades, control.Case):
    def setUp(self):
        super().setUp()
        if "late" not in self.run_once("-V", env={"LD_PRELOAD": LATE, "SAY_LATE": "1"}).stdout:
            self.skipTest("this program cannot be given another library (static, or with sanitizers)")

    def begin(self, **env):
        return self.serve(*LISTENERS, drain_timeout="1s", daemon={
            "program": self.program, "allow": MAY_SAY, "env": {"LD_PRELOAD": LATE, **env}})

    # Where an upgrade has come to.

    def comes(self):
        """It takes over, and will come."""
        d = self.begin()
        d.send_signal(signal.SIGUSR2)
        d.wait_log("^notice upgrading: ")
        return d, "^notice upgraded: "

    def fails(self):
        """It takes over, and will fail."""
        d = self.begin(**FAILS)
        d.send_signal(signal.SIGUSR2)
        d.wait_log("^notice upgrading: ")
        return d, BACK

    def back(self):
        """It has failed, and the one before serves."""
        d, over = self.fails()
        d.wait_log(over)
        d.wait_log("^notice reloaded: ")
        return d, None

    def back_without_settings(self):
        """The same, but it cannot read its settings."""
        d = self.begin(LATE_MS="1500")
        d.send_signal(signal.SIGUSR2)
        d.wait_log("^notice upgrading: ")
        d.write("lsteners = ();")
        d.wait_log(BACK)
        d.wait_log("^error reload: refused")
        return d, None

    STATES = (comes, fails, back, back_without_settings)


class Stops(Case):
    def is_stopped_by(self, number):
        for state in Case.STATES:
            with self.subTest(state=state.__name__):
                d, _ = state(self)
                s = d.connect("echo")
                d.send_signal(number)
                self.assertEqual(clients.recv_until_over(s)[0], b"")
                d.wait_exit(0)

    def test_sigterm_is_a_clean_stop(self):
        self.is_stopped_by(signal.SIGTERM)

    def test_sigint_is_a_clean_stop(self):
        self.is_stopped_by(signal.SIGINT)

    def test_sigquit_is_a_clean_stop(self):
        self.is_stopped_by(signal.SIGQUIT)


@harness.every_model
class GoesOn(Case):
    def ask_all(self, d, wrong):
        for command, arguments in COMMANDS:
            try:
                end = self.ask(command, **arguments)[-1]
                if not isinstance(end.get("ok"), bool):
                    wrong.append((command, end))
            except (OSError, ValueError, IndexError) as e:
                wrong.append((command, e))

    def disturb(self, d):
        """Everything at once: who asks, signals, deaths of processes of before."""
        wrong = []
        asker = threading.Thread(target=self.ask_all, args=(d, wrong), daemon=True)
        asker.start()
        for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR1):
            d.send_signal(number)
        for pid in self.before[::2]:  # a resolver, and workers of each pool
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return asker, wrong

    def goes_on(self, state):
        d, over = state(self)
        asker, wrong = self.disturb(d)
        if over:
            d.wait_log(over)
        asker.join(harness.TIMEOUT_S)
        self.assertFalse(asker.is_alive())
        # An asker is cut off when the program becomes another one; whoever asks then is answered.
        self.assertTrue(self.ask("status")[-1]["ok"], wrong)
        self.assertIsNone(d.process.poll())
        return d

    def serve(self, *listeners, **top):
        d = super().serve(*listeners, **top)
        self.before = [pid for pid in sorted(d.workers())]
        return d

    def serves_and_settles(self, d):
        d.write(self.config_of(*LISTENERS, drain_timeout="1s"))
        mark = d.mark()
        d.send_signal(signal.SIGHUP)
        d.wait_log("^notice reloaded: ", since=mark[0])
        self.assertTrue(clients.is_served(lambda: d.connect("echo")))
        self.assertEqual(clients.ask(d.connect("u", "udp"), b"x"), b"x")
        self.assertIn(b"127.0.0.1", clients.ask(d.connect("hostname"), b"HNAME localhost\r\n"))
        self.wait_until(lambda: not [p for p in procs.of_session(d.pid) if p.state == "Z"], "the end of all zombies")
        d.stop()

    def test_while_the_next_program_comes(self):
        self.serves_and_settles(self.goes_on(Case.comes))

    def test_while_the_next_program_fails(self):
        self.serves_and_settles(self.goes_on(Case.fails))

    def test_after_a_way_back(self):
        self.serves_and_settles(self.goes_on(Case.back))

    def test_after_a_way_back_without_settings(self):
        self.serves_and_settles(self.goes_on(Case.back_without_settings))

    def test_after_a_way_back_the_next_program_may_come(self):
        d, _ = self.back()
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        for _ in range(2):  # it fails again, as it did before, and comes to nothing
            mark = d.mark()
            d.send_signal(signal.SIGUSR2)
            d.wait_log(BACK, since=mark[0])
            d.wait_log("^notice reloaded: ", since=mark[0])
            self.assertTrue(clients.serves(s))
        self.serves_and_settles(d)

    def test_a_session_that_ends_in_the_midst_of_a_failure_takes_nothing_along(self):
        d = self.begin(**FAILS)
        kept, ends = d.connect("echo"), d.connect("echo")
        self.assertTrue(clients.serves(kept) and clients.serves(ends))
        d.send_signal(signal.SIGUSR2)
        d.wait_log("^notice upgrading: ")
        ends.close()
        d.wait_log(BACK)
        self.assertTrue(clients.serves(kept))
        self.serves_and_settles(d)


if __name__ == "__main__":
    harness.main()
