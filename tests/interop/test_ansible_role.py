# SPDX-License-Identifier: MIT
"""The Ansible role of packaging/ansible: nothing for ansible-lint to say, and settings that the daemon reads as they were meant."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import config  # noqa: E402
import harness  # noqa: E402
import peers  # noqa: E402

ANSIBLE = os.path.abspath(os.path.join(os.environ.get("top_srcdir", "."), "packaging/ansible"))
SYSTEM_PYTHON = "/usr/bin/python3"  # whose version the packages are for

# Each kind of value, and what libconfig has a way of its own for.
PLAY = r"""
- hosts: localhost
  gather_facts: false
  vars:
    ansible_managed: managed
    echotimed_settings:
      port_offset: 10000
      user: '65534'
      group: ''
      log: {sessions: true, level: debug}
      limits: {sessions: 100}
      listeners:
        - {service: echo, address: [127.0.0.1, '::1'], deny: []}
        - {service: daytime, transport: tcp, format: '%H "o''clock" \ %M'}
        - {service: discard, transport: tcp, session_rate: 10/m, port: 9}
  tasks:
    - ansible.builtin.template:
        src: "{{ role }}/templates/echotimed.conf.j2"
        dest: "{{ folder }}/echotimed.conf"
"""


def ansible(program, *words, **options):
    """One of the unpacked programs, with a home of its own."""
    path = peers.path("ansible-lint", program)
    library = peers.file("ansible-lint", "usr/lib/python3/dist-packages")
    environment = {**os.environ, "PYTHONPATH": library, "PATH": f"{os.path.dirname(path)}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
                   "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", **options.pop("env", {})}
    return subprocess.run([SYSTEM_PYTHON, path, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          env=environment, **options)


@peers.needs("ansible-lint")
class Role(unittest.TestCase):
    def setUp(self):
        self.folder = config.Folder()
        self.addCleanup(self.folder.remove)
        self.home = {"HOME": self.folder.path, "ANSIBLE_HOME": self.folder.path}

    def test_ansible_lint_has_nothing_to_say(self):
        done = ansible("ansible-lint", "--offline", "--strict", "-p", env=self.home, cwd=ANSIBLE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("0 failure", done.stderr + done.stdout)

    def test_settings_are_read_as_they_were_meant(self):
        done = ansible("ansible-playbook", self.folder.write("play.yml", PLAY), "-c", "local", "-i", "localhost,", "-e",
                       f"role={ANSIBLE}/roles/echotimed", "-e", f"folder={self.folder.path}", env=self.home)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = subprocess.run([harness.DAEMON, "-T", "-c", self.folder / "echotimed.conf"], capture_output=True, text=True, check=False)
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        for line in ("port_offset = 10000;",
                     r'''format = "%H \"o'clock\" \\ %M"''',
                     "sessions = true;", "sessions = 100;",
                     'session_rate = "10/m"', '"127.0.0.1", "::1"'):
            self.assertIn(line, said.stdout)
        self.assertEqual(len(re.findall(r"service = ", said.stdout)), 3)


if __name__ == "__main__":
    harness.main()
