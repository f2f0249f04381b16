# SPDX-License-Identifier: MIT
"""The system suite's own library: a configuration is written, the daemon started, waited for by events, stopped and judged.

Conventions, for whoever adds a test:

* Black box. A test talks to the built daemon over real sockets and reads its log, its exit status and /proc.
  The daemon is $ECHOTIMED (default ./echotimed). Run one file, one class or one test in the folder of the build:
      python3 -B tests/system/test_echo_stream.py [EchoStreamFork[.test_...]]
* One test, one daemon: `d = self.serve({"service": "echo"})` starts it with that listener. What a listener does not say is
  chosen to harm nobody: address 127.0.0.1, port 0 (the kernel chooses; the daemon's `listening` line says what), a temporary
  folder of its own. So files run side by side and twice in a row.
* `@every_model` runs a class three times: sessions in the pools "fork", "prefork" and "event". Datagrams are always "event".
* A daemon that a test does not stop is stopped by the harness with SIGTERM, and every stop is judged: exit status 0, no
  process left, nothing in the log above "notice" but what the test allowed (`allow=[regex]`). A failed test prints the log.
* Wait for events, never for time: `d.wait_log(regex)`, `d.wait_notify("READY=1")`, a recv(). TIMEOUT_S only bounds a hang.
  What does NOT happen is shown by what must happen after it (a datagram that is refused, then one that is answered).
* What is long and rare is for `make check-long`: a test marked `@long`, or a number, `few if not LONG else many`.
* Names of tests are sentences. Python's standard library only, Python 3.9 or newer.
* A test that needs root or a namespace of its own sits in a class marked `@needs_root`, or in a file whose main is
  `main(namespace=True)`; a file of which nothing could run ends with 77 and says why.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
import unittest

from config import Folder, complete, config_text, is_root, service_user
from daemon import DAEMON, TIMEOUT_S, Daemon

MODELS = ("fork", "prefork", "event")
LOG_LINES_SHOWN = 40
LONG = bool(os.environ.get("LONG"))
IN_NAMESPACE = "ECHOTIMED_TEST_NAMESPACE"


class Case(unittest.TestCase):
    """A test that starts daemons."""

    model = None
    failed = False

    def setUp(self):
        self.folder = Folder()
        self.daemons = []
        self.addCleanup(self._finish)

    def _finish(self):
        try:
            for d in self.daemons:
                if not d.stopped and not self.failed:
                    d.stop()
        finally:
            for d in self.daemons:
                d.kill()
            self.folder.remove()

    def config(self, *listeners, **top):
        """The structure of a configuration: these listeners, completed."""
        whole = {"log": {"sessions": True}, "control": {"path": ""}, **top}
        if is_root():
            user, group = service_user()
            whole = {"user": user, "group": group, **whole}
        whole["listeners"] = [complete(listener, self.model) for listener in listeners]
        return whole

    def serve(self, *listeners, daemon=None, **top):
        """Starts a daemon with these listeners and top-level settings; `daemon` are Daemon()'s own arguments."""
        return self.start(self.config(*listeners, **top), **(daemon or {}))

    def start(self, config, **arguments):
        d = Daemon(self.folder, config, **{"wait": False, **arguments})
        self.daemons.append(d)
        if arguments.get("wait", True):
            d.wait_notify("READY=1")
        return d

    def run_once(self, *args, config=None, prefix=(), env=None, **options):
        """Runs the daemon to its end, for what only prints or fails: a CompletedProcess."""
        if config is not None:
            text = config if isinstance(config, str) else config_text(config)
            args = ("-c", self.folder.write("once.conf", text), *args)
        environment = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM")}
        return subprocess.run([*prefix, DAEMON, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT_S, env={**environment, **(env or {})}, check=False, **options)

    def wait_until(self, true, what, timeout_s=TIMEOUT_S):
        """For what sends no event: looks again and again, with a bound."""
        end = time.monotonic() + timeout_s
        while not (result := true()):
            if time.monotonic() > end:
                self.fail(f"not within {timeout_s} s: {what}")
            time.sleep(0.01)
        return result


def every_model(cls):
    """Replaces a test class by three of it: NameFork, NamePrefork, NameEvent."""
    module = sys.modules[cls.__module__]
    for model in MODELS:
        name = cls.__name__ + model.capitalize()
        setattr(module, name, type(name, (cls,), {"model": model, "__module__": cls.__module__, "__doc__": cls.__doc__}))
    return None


def built_with(what):
    """Whether the daemon says so: "metrics", "seccomp"."""
    return os.access(DAEMON, os.X_OK) and \
        f"\n{what}: yes\n" in subprocess.run([DAEMON, "-V"], stdout=subprocess.PIPE, text=True, check=False).stdout


long = unittest.skipUnless(LONG, "takes long: make check-long")
needs_root = unittest.skipUnless(is_root(), "needs root")
needs_metrics = unittest.skipUnless(built_with("metrics"), "needs a daemon built with libmicrohttpd")


class Result(unittest.TextTestResult):
    """Says a line a test with its seconds, and the log of the daemons of one that failed."""

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self.stream.writeln(f"ok {time.monotonic() - self.began:.1f} s")
        self.stream.flush()

    def getDescription(self, test):
        return test.id().removeprefix("__main__.")

    def _fail(self, test, where):
        if isinstance(test, Case):
            test.failed = True
            logs = ["\n".join(["-- log of the daemon, its end:", *d.log[-LOG_LINES_SHOWN:]]) for d in test.daemons]
            where[-1] = (where[-1][0], "\n".join([where[-1][1], *logs]))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, self.failures)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, self.errors)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            test.failed = True


def enter_namespaces():
    """Goes on as the same program in a network and a mount namespace of its own, with the loopback interface up."""
    if os.environ.get(IN_NAMESPACE) != "1":
        if not is_root():
            print("skipped: needs root (for a network namespace of its own)")
            sys.exit(77)
        os.environ[IN_NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "-n", "-m", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def main(namespace=False):
    """The end of every test file."""
    if sys.version_info < (3, 9):
        print("skipped: needs Python 3.9 or newer")
        sys.exit(77)
    if not os.access(DAEMON, os.X_OK):
        sys.exit(f"no daemon at {DAEMON}: build it, or say where it is by ECHOTIMED=")
    if namespace:
        enter_namespaces()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # An orphan of a daemon that was killed comes to us, and its end is seen at once even where process 1 reaps nobody.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    runner = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Result)
    program = unittest.main(module="__main__", testRunner=runner, exit=False)
    if not program.result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if program.result.testsRun == len(program.result.skipped) else 0)
