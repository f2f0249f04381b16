# SPDX-License-Identifier: MIT
"""What the tests under a booted systemd share: one bed a file, a fresh installation a test, clients, a judged journal.

* Run by `make check-systemd` (root). One file, one test, in the folder of the build, after it:
      python3 -B tests/systemd/test_service.py [Service[.test_...]]
* A test finds what `make install` installed, nothing started, no drop-in, the settings as shipped.
* After a test the journal is judged: our units, and process 1 about them, said no warning but what the test allowed.
* Wait for events: `systemctl start` returns when the service is ready. `wait_until` is for what sends none.
* Client functions and the settings' syntax are the system suite's (tests/system).
"""

import contextlib
import os
import re
import shutil
import socket
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "system"))

# pylint: disable=wrong-import-position
import clients  # noqa: E402
from bed import Bed, wait_until  # noqa: E402
from config import config_text  # noqa: E402

TREE = os.path.join(os.environ.get("top_builddir", "."), "tests/systemd/installed")
TIMEOUT_S = 30.0
SERVICE = "echotimed.service"
DROPIN_EXAMPLES = "/usr/share/doc/echotimed/examples/systemd"
CONF = "etc/echotimed/echotimed.conf"
WARNING = 4
# What process 1 says of a start that ends with an exit code.
START_FAILED = (r"Main process exited, code=exited, status=(66|78)/", r"Failed with result 'exit-code'",
                r"Failed to start echotimed")
JOURNAL_LINES_SHOWN = 60
FAMILIES = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM


class Case(unittest.TestCase):
    """A test in the file's bed."""

    bed = None
    allow = ()
    failed = False

    def setUp(self):
        self.sockets = []
        self.allowed = list(self.allow)
        self.since = self.bed.journal_end()
        self.addCleanup(self._finish)

    def _finish(self):
        try:
            self.hang_up()
            if not self.failed:
                self._judge()
        finally:
            if self.failed:
                print("-- journal, its end:", *self.lines()[-JOURNAL_LINES_SHOWN:], sep="\n")
                print("-- units:", self.bed.systemctl("list-units", "--all", "--no-legend", "echotimed*"), sep="\n")
            self._reset()

    def _judge(self):
        bad = [text for priority, text in self.bed.journal(self.since)
               if priority <= WARNING and not any(re.search(a, text) for a in self.allowed)]
        self.assertEqual(bad, [], "not allowed in the journal")

    def _reset(self):
        """As `make install` left it, whatever the test did; at once, drain or not."""
        bed = self.bed
        bed.systemctl("kill", "--signal=KILL", "echotimed*.service", check=False)
        bed.systemctl("stop", "echotimed*.socket", "echotimed*.service", check=False)
        wait_until(lambda: not bed.processes(SERVICE), "the service has ended")
        for path in bed.glob("/etc/systemd/system/*.wants/*echotimed*") + bed.glob("/etc/systemd/system/echotimed*"):
            if os.path.isdir(bed.path(path)):
                shutil.rmtree(bed.path(path))
            else:
                os.unlink(bed.path(path))
        bed.write(self.conf_path(), self.shipped_conf())
        bed.systemctl("daemon-reload")
        bed.systemctl("reset-failed", "echotimed*", check=False)

    # The installation.

    @staticmethod
    def conf_path():
        return next("/" + p for p in (CONF, "usr/local/" + CONF) if os.path.exists(os.path.join(TREE, p)))

    def shipped_conf(self):
        with open(os.path.join(TREE, self.conf_path()[1:])) as f:
            return f.read()

    def configure(self, *listeners, **top):
        """Other settings than the shipped ones: these listeners, on "loopback" where they say no other place."""
        whole = [x if "path" in x else {"address": "loopback", **x} for x in listeners]
        self.bed.write(self.conf_path(), config_text({**top, "listeners": whole}))

    def example(self, name, unit=SERVICE):
        """Puts one of the installed examples of drop-ins in place."""
        self.bed.dropin(unit, name, self.read_example(f"{name}.conf"))

    def read_example(self, name):
        found = self.bed.glob("/usr/**/share/doc/echotimed/examples/systemd") or self.bed.glob(DROPIN_EXAMPLES)
        return self.bed.read(f"{found[0]}/{name}")

    def own_socket(self, name, *lines, service=SERVICE):
        """A socket unit of an administrator: its name."""
        unit = f"echotimed-{name}.socket"
        self.bed.write(f"/etc/systemd/system/{unit}", "\n".join(["[Socket]", f"Service={service}", *lines, ""]))
        self.bed.systemctl("daemon-reload")
        return unit

    def start(self, *units):
        self.bed.systemctl("start", *units)

    # What was said.

    def lines(self):
        return [text for _, text in self.bed.journal(self.since)]

    def assert_said(self, pattern):
        """A line of the journal, now: its match."""
        found = next((m for m in map(re.compile(pattern).search, self.lines()) if m), None)
        self.assertIsNotNone(found, f"not in the journal: {pattern}")
        return found

    def wait_said(self, pattern):
        return wait_until(lambda: any(re.search(pattern, line) for line in self.lines()), f"in the journal: {pattern}")

    # The service.

    def state(self, unit=SERVICE):
        return self.bed.show(unit, "ActiveState")

    def supervisor(self):
        """Its pid; one that was started by a client a moment ago is waited for."""
        return wait_until(lambda: self.bed.main_pid(SERVICE), "the service has a main process")

    def workers(self):
        main = self.supervisor()
        return [pid for pid in self.bed.processes(SERVICE) if pid != main]

    # Clients; all have a time-out and are closed after the test.

    def connect(self, port, kind=TCP, host="127.0.0.1", family=None):
        """A client of a port, or of the UNIX socket that `port` is the abstract name of."""
        address = (host, port) if isinstance(port, int) else "\0" + port
        s = socket.socket(family or (FAMILIES[host] if isinstance(port, int) else socket.AF_UNIX), kind)
        s.settimeout(TIMEOUT_S)
        if not isinstance(port, int) and kind == UDP:
            s.bind("")  # the kernel chooses a name, to which the answer goes
        s.connect(address)
        self.sockets.append(s)
        return s

    def hang_up(self):
        while self.sockets:
            self.sockets.pop().close()

    def assert_echoes(self, port=7, kind=TCP, host="127.0.0.1"):
        s = self.connect(port, kind, host)
        data = b"hello %d" % port if isinstance(port, int) else b"hello"
        s.send(data)
        self.assertEqual(s.recv(100), data)
        return s

    def assert_refused(self, port=7, host="127.0.0.1"):
        with self.assertRaises(ConnectionRefusedError):
            self.connect(port, host=host)

    def assert_open(self, *sessions):
        self.assertTrue(all(clients.serves(s) for s in sessions), "a session did not live on")


class Result(unittest.TextTestResult):
    def getDescription(self, test):
        return test.id().removeprefix("__main__.")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        test.failed = True

    def addError(self, test, err):
        super().addError(test, err)
        test.failed = True

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            test.failed = True


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def check_means(tree):
    """Ends the program where there can be no bed, and says why."""
    if os.geteuid() != 0:
        skip("needs root (to boot a systemd in a container)")
    for tool, package in (("systemd-nspawn", "systemd-container"), ("dbus-daemon", "dbus"), ("unshare", "util-linux")):
        if not shutil.which(tool):
            skip(f"needs {tool} (Debian: {package})")
    if os.system("unshare --mount true 2>/dev/null") != 0:
        skip("needs the right to mount (this root has no CAP_SYS_ADMIN)")
    if tree and not os.path.exists(os.path.join(tree, "etc/echotimed")) and not os.path.exists(os.path.join(tree, "usr/local/etc")):
        sys.exit(f"nothing in {tree}: run `make check-systemd`, in a build with --prefix=/usr or /usr/local")


@contextlib.contextmanager
def in_a_bed(*trees):
    """The file's bed, whose network becomes ours."""
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0].removeprefix("test_")
    bed = Bed(name, *trees)
    try:
        bed.enter_network()
        yield bed
    finally:
        bed.close()


def main(bed=True, tree=TREE):
    """The end of every test file: a bed for all of it or none, what is installed there from the start."""
    check_means(tree)
    with in_a_bed(*[tree] if tree else []) if bed else contextlib.nullcontext() as Case.bed:
        runner = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Result)
        program = unittest.main(module="__main__", testRunner=runner, exit=False)
    sys.exit(0 if program.result.wasSuccessful() else 1)
