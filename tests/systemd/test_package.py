# SPDX-License-Identifier: MIT
"""The Debian package on a booted system: installed, upgraded under load, removed, purged.

Run by `make check-package`, which builds it first."""

import glob
import os
import re
import subprocess
import tempfile
import time

import harness
from harness import SERVICE, TCP, UDP, clients
from test_restart import Load

import netns
import peers

ANSIBLE = os.path.join(os.environ["top_srcdir"], "packaging/ansible")
PACKAGES = os.path.join(os.environ.get("top_builddir", "."), "packages")
SCRIPT = os.path.join(os.environ["top_srcdir"], "packaging/debian/tests/sockets")
README = os.path.join(os.environ["top_srcdir"], "README.md")
INSIDE = "/srv/packages"
CONF = "/etc/echotimed/echotimed.conf"
UPGRADES = 3
PLAY = """
- hosts: localhost
  vars:
    echotimed_package: {inside}/new.deb
    echotimed_settings:
      listeners: [{listeners}]
  roles: [echotimed]
"""
# Of a machine's life, not of a package's.
NOT_OURS = re.compile(r"/(var/(lib/(dpkg|systemd/(catalog|timers|timesync))|log|cache|tmp)|run/(log|systemd|udev|dbus|user)"
                      r"|etc/(passwd|shadow|group|gshadow)-|etc/\.pwd\.lock)(/|$)")


def built(package="echotimed"):
    found = glob.glob(f"{PACKAGES}/{package}_*.deb")
    assert len(found) == 1, f"one package in {PACKAGES}, not {found}"
    return found[0]


def next_version(deb, n, folder, settings=""):
    """The same package as a later one, with `settings` at the end of its settings file: its path."""
    tree, made = f"{folder}/tree", f"{folder}/{n}.deb"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    with open(f"{tree}/DEBIAN/control") as f:
        control = re.sub(r"(?m)^(Version: .*)$", rf"\g<1>+{n}", f.read())
    with open(f"{tree}/DEBIAN/control", "w") as f:
        f.write(control)
    with open(tree + CONF, "a") as f:
        f.write(settings)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, made], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["rm", "-r", tree], check=True)
    return made


def readme_blocks(section, where):
    """The indented lines of a section of the README, up to a line, that line, and the block behind it."""
    with open(README) as f:
        text = f.read().partition(f"## {section}\n")[2].partition("\n## ")[0]
    parts = text.partition(f"\n{where}\n")
    before = "\n".join(re.findall(r"(?m)^    (.*)", parts[0]))
    behind = re.match(r"\n((?:    .*\n)+)", parts[2])[1]
    return before, parts[1], re.sub(r"(?m)^    ", "", behind)


class Package(harness.Case):
    def setUp(self):
        super().setUp()
        if self.bed.glob("/usr/sbin/policy-rc.d"):
            os.unlink(self.bed.path("/usr/sbin/policy-rc.d"))  # of images for builds: packages start and stop nothing there

    def _reset(self):
        self.dpkg("--purge", "echotimed", "echoprobe")
        for path in self.bed.glob("/etc/systemd/system/echotimed*") + self.bed.glob("/etc/echotimed"):
            subprocess.run(["rm", "-r", self.bed.path(path)], check=True)
        self.bed.systemctl("daemon-reload")
        self.bed.systemctl("reset-failed", "echotimed*", check=False)

    @staticmethod
    def conf_path():
        return CONF

    def dpkg(self, *words):
        done = self.bed.run("dpkg", *words)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def install(self, deb, *options):
        """As an administrator does it who answers no question."""
        self.bed.write(INSIDE + "/new.deb", "")
        subprocess.run(["cp", deb, self.bed.path(INSIDE + "/new.deb")], check=True)
        self.dpkg(*options, "-i", INSIDE + "/new.deb")

    def upgrade(self, n, *options, settings=""):
        with tempfile.TemporaryDirectory() as folder:
            self.install(next_version(built(), n, folder, settings), *options)

    def files(self):
        """Every path that a package could have made."""
        found = self.bed.tool("find", "/etc", "/opt", "/run", "/srv", "/usr", "/var", "-xdev")
        return {path for path in found.splitlines() if not NOT_OURS.match(path) and not path.startswith(INSIDE)}

    def user(self):
        return self.bed.tool("getent", "passwd", "echotimed", check=False).stdout

    @staticmethod
    def listening():
        """In the bed's network, which is ours."""
        return subprocess.run(["ss", "-Hlntu"], stdout=subprocess.PIPE, text=True, check=True).stdout

    def upgrade_under_load(self):
        """Several upgrades, each after every client has been served by the one before."""
        self.bed.dropin(SERVICE, "limit", "[Unit]\nStartLimitIntervalSec=0\n")
        pids = {self.supervisor()}
        with Load(self) as load:
            load.wait_for_all()
            for n in range(UPGRADES):
                self.upgrade(n)
                pids.add(self.supervisor())
                load.wait_for_all()
        print(f"{UPGRADES} upgrades, {sum(load.served)} connections, {len(load.lost)} lost", end=" ", flush=True)
        self.assertEqual(load.lost, [])
        self.assertEqual(len(pids), UPGRADES + 1, "an upgrade did not restart the service")

    def test_the_probe_needs_no_daemon_and_tests_the_one_that_comes(self):
        before = self.files()
        self.install(built("echoprobe"))
        self.assertIn("echoprobe 0", self.bed.tool("echoprobe", "-V"))
        self.assertEqual(self.bed.run("echoprobe", "-q", "-c", "1", "-W", "1", "127.0.0.1").returncode, 3)
        self.install(built())
        self.bed.systemctl("enable", "--quiet", "--now", "echotimed-echo.socket")
        for words in (("echoprobe", "-q", "-c", "3", "-i", "10ms", "127.0.0.1"), ("echoprobe", "-T", "-c", "1", "127.0.0.1"),
                      ("/usr/lib/echoprobe/echoping", "-u", "-n", "1", "127.0.0.1")):
            done = self.bed.run(*words)
            self.assertEqual(done.returncode, 0, done.stdout)
        self.dpkg("--purge", "echotimed", "echoprobe")
        self.assertEqual({path for path in self.files() - before if "probe" in path}, set())

    def test_nothing_listens_after_installation_and_one_command_later_a_packet_is_answered(self):
        started = time.monotonic()
        self.install(built())
        installed = time.monotonic()
        self.assertEqual(self.listening(), "")
        self.assertEqual(self.bed.systemctl("list-units", "--no-legend", "echotimed*"), "")
        self.assertNotIn("enabled ", self.bed.systemctl("list-unit-files", "--no-legend", "echotimed*").replace(" enabled\n", "\n"))
        enabling = time.monotonic()
        self.bed.systemctl("enable", "--quiet", "--now", "echotimed-echo.socket")
        self.assert_echoes(kind=UDP)
        answered = time.monotonic()
        print(f"dpkg -i {installed - started:.2f} s, then the first answered packet {answered - enabling:.2f} s later",
              end=" ", flush=True)

    def test_the_packages_own_test_passes(self):
        self.install(built())
        self.bed.write(INSIDE + "/sockets", "")
        subprocess.run(["cp", "-p", SCRIPT, self.bed.path(INSIDE + "/sockets")], check=True)
        done = self.bed.run(INSIDE + "/sockets")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("echo, UDP: to and fro", done.stdout)

    def test_upgrades_with_systemds_sockets_refuse_nobody(self):
        self.install(built())
        self.start("echotimed-echo.socket", SERVICE)
        self.upgrade_under_load()

    def test_upgrades_of_a_daemon_that_bound_its_sockets_refuse_nobody(self):
        self.install(built())
        self.example("standalone")
        self.start(SERVICE)
        self.upgrade_under_load()

    def test_an_upgrade_starts_nothing_that_did_not_run_and_keeps_what_was_enabled(self):
        self.install(built())
        self.bed.systemctl("enable", "--quiet", "--now", "echotimed-daytime.socket")
        self.upgrade(1)
        self.assertEqual((self.state(), self.state("echotimed-echo.socket")), ("inactive", "inactive"))
        self.assertEqual(self.state("echotimed-daytime.socket"), "active")
        self.assertEqual(self.bed.systemctl("is-enabled", "echotimed-daytime.socket").strip(), "enabled")
        self.assertIn(b"UTC", clients.recv_all(self.connect(13)))

    def test_an_edited_settings_file_survives_upgrades_and_removal(self):
        self.install(built())
        shipped = self.bed.read(CONF)
        mine = shipped + "# mine\n"
        self.bed.write(CONF, mine)
        self.upgrade(1)  # no question is asked: the package's did not change
        self.assertEqual(self.bed.read(CONF), mine)
        self.upgrade(2, "--force-confold", settings="# new\n")
        self.assertEqual(self.bed.read(CONF), mine)
        self.assertEqual(self.bed.read(CONF + ".dpkg-dist"), shipped + "# new\n")
        self.dpkg("--remove", "echotimed")
        self.assertEqual(self.bed.read(CONF), mine)
        self.upgrade(2, "--force-confold", settings="# new\n")
        self.assertEqual(self.bed.read(CONF), mine)

    def test_a_settings_file_as_shipped_becomes_the_new_packages(self):
        self.install(built())
        shipped = self.bed.read(CONF)
        self.upgrade(1, settings="# new\n")
        self.assertEqual(self.bed.read(CONF), shipped + "# new\n")

    def test_a_removal_ends_the_service_and_all_its_sockets_while_clients_ask(self):
        self.install(built())
        own = self.own_socket("mine", "ListenStream=127.0.0.1:4007", "FileDescriptorName=echo")
        self.bed.systemctl("enable", "--quiet", "--now", "echotimed-echo.socket", "echotimed-daytime.socket")
        self.start(own)
        self.assert_echoes(4007)
        self.hang_up()
        self.bed.systemctl("stop", SERVICE)
        with Load(self) as load:
            load.wait_for_all()
            self.dpkg("--remove", "echotimed")
        self.assertEqual(self.listening(), "")
        self.assertEqual(self.bed.processes(SERVICE), [])
        self.assertEqual(self.bed.systemctl("list-units", "--no-legend", "--state=active", "echotimed*"), "")
        self.assertIn("echotimed", self.user(), "files of an administrator's may be the user's until the purge")

    def test_a_purge_leaves_nothing(self):
        before = self.files()
        self.install(built())
        self.assertIn("echotimed", self.user())
        self.assertTrue({CONF, "/usr/sbin/echotimed"} <= self.files() - before)
        self.bed.systemctl("enable", "--quiet", "--now", "echotimed-echo.socket", "echotimed-daytime.socket")
        self.bed.systemctl("enable", "--quiet", SERVICE)
        self.assert_echoes()
        self.hang_up()
        self.bed.write(CONF, self.bed.read(CONF) + "# mine\n")
        self.dpkg("--purge", "echotimed", "echoprobe")
        self.assertEqual(self.files() - before, set())
        self.assertEqual(self.user(), "")
        self.assertEqual(self.bed.tool("getent", "group", "echotimed", check=False).stdout, "")
        self.assertEqual(self.listening(), "")
        self.assertIn(self.bed.run("dpkg", "-s", "echotimed").returncode, (1, 256))

    def test_the_readmes_first_minute_answers_another_host(self):
        """Its commands, line by line; what it shows from another host is what is there to be seen."""
        self.install(built())
        # The new drop-ins are read before the socket is stopped: systemctl would complain otherwise, process 1 does now.
        self.allowed.append("Socket unit configuration has changed while unit has been running")
        here, _, there = readme_blocks("The first packet, in a minute", "From another host:")
        done = self.bed.run("bash", "-euc", here.replace("sudo ", ""))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("\nhello\n", "\n" + done.stdout)
        other = netns.OtherHost("cable", ["192.0.2.1/24"], ["192.0.2.2/24"])
        self.addCleanup(other.close)
        asked = re.findall(r"(?m)^\$ (.+)\n(.+)$", there)
        self.assertEqual(len(asked), 3)
        for command, shown in asked:
            said = other.run("bash", "-c", command.replace("server", "192.0.2.1"), stdout=subprocess.PIPE, text=True).stdout
            like = re.sub(r"\w+ \w+ +\d+ \d\d:\d\d:\d\d \w+ \d+", r"[A-Z].* \\d\\d:\\d\\d:\\d\\d UTC \\d+", shown)
            self.assertRegex(said, rf"^{like}\s*$", command)

    def test_echo_by_a_process_for_each_connection_works_as_packaged(self):
        self.install(built())
        self.start("echotimed-echo-inetd.socket")
        self.assert_echoes(kind=TCP)

    def play(self, listeners):
        """The Ansible role on the bed, from the bed: (its status, what it said)."""
        self.bed.write(INSIDE + "/ansible/play.yml", PLAY.format(inside=INSIDE, listeners=listeners))
        program = peers.path("ansible-lint", "ansible-playbook")
        done = self.bed.run("env", "PYTHONPATH=" + peers.file("ansible-lint", "usr/lib/python3/dist-packages"), "LC_ALL=C.UTF-8",
                            f"HOME={INSIDE}", "/usr/bin/python3", program, "-i", "localhost,", "-c", "local", "-e",
                            "ansible_python_interpreter=/usr/bin/python3", INSIDE + "/ansible/play.yml")
        return done.returncode, done.stdout

    def test_the_ansible_role_installs_reloads_and_leaves_alone_what_the_daemon_refuses(self):
        program = peers.path("ansible-lint", "ansible-playbook")
        if not program or not self.bed.glob(program) or self.bed.run("/usr/bin/python3", "-c", "import apt").returncode:
            self.skipTest("needs ansible-lint, seen from the bed, and python3-apt")
        self.bed.write(INSIDE + "/new.deb", "")
        subprocess.run(["cp", built(), self.bed.path(INSIDE + "/new.deb")], check=True)
        subprocess.run(["cp", "-r", ANSIBLE, self.bed.path(INSIDE)], check=True)
        status, said = self.play("{service: echo, address: loopback}")
        self.assertEqual(status, 0, said)
        self.assert_echoes()
        pid = self.supervisor()
        status, said = self.play("{service: echo, address: loopback}")
        self.assertRegex(said, r"changed=0 .*failed=0 ")
        status, said = self.play("{service: echo, address: loopback}, {service: echo, name: high, address: loopback, port: 10007}")
        self.assertEqual(status, 0, said)
        self.assert_echoes(10007)
        status, said = self.play("{service: no-such-service}")
        self.assertNotEqual(status, 0, said)
        self.assertIn("no-such-service", said)
        self.assert_echoes(10007)
        self.assertEqual(self.supervisor(), pid)


if __name__ == "__main__":
    harness.main(tree=None)
