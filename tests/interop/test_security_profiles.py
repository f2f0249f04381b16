# SPDX-License-Identifier: MIT
"""What packaging/ has for AppArmor, SELinux, firewalld and ufw is accepted by those programs' own code, unpacked: none is enforced."""

import glob
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import config  # noqa: E402
import harness  # noqa: E402
import peers  # noqa: E402

TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
PACKAGING = os.path.join(TOP, "packaging")
APPARMOR = peers.file("apparmor", "etc/apparmor.d")
DEVEL = peers.file("selinux-policy-dev", "usr/share/selinux/devel")
FIREWALLD, UFW = (peers.file(name, "usr/lib/python3/dist-packages") for name in ("firewalld", "ufw"))
LISTENING = re.compile(r"^(\S+)/(tcp|udp)\s+127\.0\.0\.1:(\d+)", re.M)

SAY_FIREWALLD = """
import sys
from firewall.core.io.service import service_reader
for name in sys.argv[2:]:
    for port, protocol in service_reader(name, sys.argv[1]).ports:
        print(name, protocol, port)
"""
SAY_UFW = """
import builtins, sys
builtins._ = str
import ufw.applications
profiles = ufw.applications.get_profiles(sys.argv[1])
for name, profile in profiles.items():
    assert ufw.applications.verify_profile(name, profile)
    for ports in ufw.applications.get_ports(profile):
        numbers, protocol = ports.split("/")
        for port in numbers.split(","):
            print(name, protocol, port)
"""
# The interface, as another module would call it.
CALLER = """policy_module(caller, 1.0.0)
type caller_t;
domain_type(caller_t)
echotimed_stream_connect(caller_t)
"""


class Profiles(unittest.TestCase):
    def run_it(self, words, **options):
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def python(self, program, path, *arguments):
        """The ports that a program of theirs finds: {(name, protocol, port)}."""
        out, _ = self.run_it([sys.executable, "-B", "-c", program, *arguments], env={**os.environ, "PYTHONPATH": path})
        return {tuple(line.rsplit(" ", 2)) for line in out.splitlines()}

    def shipped_ports(self):
        """{(protocol, port)} of the settings as shipped."""
        out, _ = self.run_it([harness.DAEMON, "-t", "-c", os.path.join(TOP, "conf/echotimed.conf"), "-o", "user=65534", "-o", "group="])
        return {(protocol, port) for _, protocol, port in LISTENING.findall(out)}

    @unittest.skipUnless(peers.path("apparmor", "apparmor_parser") and os.path.isdir(APPARMOR), "needs apparmor")
    def test_apparmors_parser_compiles_the_profile(self):
        self.run_it([peers.path("apparmor", "apparmor_parser"), "--base", APPARMOR, "--skip-kernel-load", "--skip-cache",
                     os.path.join(PACKAGING, "apparmor/usr.sbin.echotimed")])

    @unittest.skipUnless(os.path.isdir(DEVEL) and shutil.which("make") and shutil.which("m4"), "needs selinux-policy-dev, make and m4")
    @peers.needs("checkpolicy", "checkmodule")
    @peers.needs("semodule-utils", "semodule_package")
    def test_selinuxs_compiler_takes_the_module_and_a_caller_of_its_interface(self):
        folder = config.Folder()
        self.addCleanup(folder.remove)
        for path in glob.glob(os.path.join(PACKAGING, "selinux/echotimed.*")):
            shutil.copy(path, folder.path)
        folder.write("caller.te", CALLER)
        environment = {**peers.environment("checkpolicy"), "MAKEFLAGS": "", "MAKELEVEL": ""}
        self.run_it(["make", "-f", f"{DEVEL}/Makefile", f"SHAREDIR={os.path.dirname(DEVEL)}", "NAME=default", "AWK=awk",
                     f"CHECKMODULE={peers.path('checkpolicy', 'checkmodule')}",
                     f"SEMOD_PKG={peers.path('semodule-utils', 'semodule_package')}", "echotimed.pp", "caller.pp"],
                    cwd=folder.path, env=environment)

    @unittest.skipUnless(os.path.isdir(os.path.join(FIREWALLD, "firewall")), "needs firewalld")
    def test_firewalld_opens_the_ports_of_the_settings_as_shipped(self):
        files = sorted(os.path.basename(path) for path in glob.glob(os.path.join(PACKAGING, "firewalld/*.xml")))
        said = self.python(SAY_FIREWALLD, FIREWALLD, os.path.join(PACKAGING, "firewalld"), *files)
        self.assertEqual({words[1:] for words in said if words[0] == "echotimed.xml"}, self.shipped_ports())
        self.assertIn(("echotimed-stamp.xml", "udp", "862"), said)

    @unittest.skipUnless(os.path.isdir(os.path.join(UFW, "ufw")), "needs ufw")
    def test_ufw_opens_the_ports_of_the_settings_as_shipped(self):
        said = self.python(SAY_UFW, UFW, os.path.join(PACKAGING, "ufw"))
        self.assertEqual({words[1:] for words in said if words[0] == "echotimed"}, self.shipped_ports())
        self.assertIn(("echotimed STAMP", "udp", "862"), said)


if __name__ == "__main__":
    harness.main()
