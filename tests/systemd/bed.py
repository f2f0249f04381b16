# SPDX-License-Identifier: MIT
"""A booted systemd as a Python object: units started, files written, processes and the journal looked at, from outside."""

import ctypes
import glob
import json
import os
import re
import subprocess
import time

BED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bed.sh")
CLONE_NEWNET = 0x40000000
DROPIN = "/etc/systemd/system/{}.d/{}.conf"
OURS = re.compile(r"echotimed")


class Bed:
    """One bed; it ends with close(), and with this process."""

    def __init__(self, name, *trees):
        self.name = f"{name}-{os.getpid()}"
        self._log = os.memfd_create("bed")
        self._process = subprocess.Popen([BED, "hold", self.name, *trees], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._log, text=True)
        leader = self._process.stdout.readline().strip()
        if not leader:
            raise RuntimeError(f"no bed:\n{self.log()}")
        self.leader = int(leader)
        self.root = f"/proc/{leader}/root"
        self._slice = self._cgroup()

    def log(self):
        with open(f"/proc/self/fd/{self._log}", errors="replace") as f:
            return f.read()

    def close(self):
        self._process.stdin.close()
        self._process.wait()

    def _cgroup(self):
        """Where this machine sees the cgroups of the bed's services."""
        mounted = "/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
        with open(f"/proc/{self.leader}/cgroup") as f:
            path = next(line for line in f if line.startswith("0::")).strip()[3:]
        return mounted + path.removesuffix("/init.scope") + "/system.slice"

    def enter_network(self):
        """From here on the sockets of this thread are the bed's."""
        with open(f"/proc/{self.leader}/ns/net") as f:
            if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns")

    # Files, by their path inside.

    def path(self, path):
        return self.root + path

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        if os.path.islink(self.path(path)):
            os.unlink(self.path(path))  # it would lead us to this machine's files
        with open(self.path(path), "w") as f:
            f.write(text)

    def read(self, path):
        with open(self.path(path)) as f:
            return f.read()

    def glob(self, pattern):
        return [path.removeprefix(self.root) for path in glob.glob(self.path(pattern))]

    # Commands.

    def tool(self, *words, check=True):
        """A tool of systemd's own that talks to the bed's process 1: what it says."""
        done = subprocess.run(["nsenter", "--target", str(self.leader), "--all", "--", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}")
        return done.stdout if check else done

    def systemctl(self, *words, check=True):
        return self.tool("systemctl", *words, check=check)

    def run(self, *words):
        """Any command, as a unit of its own: a CompletedProcess."""
        return subprocess.run([BED, "run", self.name, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)

    def show(self, unit, what):
        return self.systemctl("show", "--value", "--property", what, unit).strip()

    def dropin(self, unit, name, text):
        """As an administrator does it; `reload` of the manager included."""
        self.write(DROPIN.format(unit, name), text)
        self.systemctl("daemon-reload")

    # Processes of a unit, by their pids on this machine.

    def processes(self, unit):
        try:
            with open(f"{self._slice}/{unit}/cgroup.procs") as f:
                return [int(pid) for pid in f.read().split()]
        except FileNotFoundError:
            return []

    def main_pid(self, unit):
        """None if it has none."""
        wanted = self.show(unit, "MainPID")
        for pid in self.processes(unit):
            try:
                with open(f"/proc/{pid}/status") as f:
                    inner = next(line for line in f if line.startswith("NSpid:")).split()[-1]
            except FileNotFoundError:
                continue
            if inner == wanted:
                return pid
        return None

    # The journal.

    def journal_end(self):
        """A place in the journal, for journal(): now."""
        self.tool("journalctl", "--sync")
        return self.tool("journalctl", "--quiet", "--lines=0", "--show-cursor").rpartition("cursor: ")[2].strip()

    def journal(self, since):
        """[(priority, text)] of what our units and process 1 about them said, since a place or since the boot; 0 is the
        worst priority, 7 the least."""
        self.tool("journalctl", "--sync")
        found = []
        where = f"--after-cursor={since}" if since else "--boot"
        for line in self.tool("journalctl", "--quiet", "--output=json", where).splitlines():
            entry = json.loads(line)
            if OURS.match(entry.get("UNIT") or entry.get("_SYSTEMD_UNIT") or ""):
                text = entry["MESSAGE"]
                text = text if isinstance(text, str) else bytes(text).decode(errors="replace")
                found.append((int(entry["PRIORITY"]), text))
        return found


def wait_until(true, what, timeout_s=30):
    """For what sends no event: looks again and again, with a bound."""
    end = time.monotonic() + timeout_s
    while not (result := true()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.02)
    return result
