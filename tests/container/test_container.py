# SPDX-License-Identifier: MIT
"""The image of packaging/container as a runtime runs it (crun): process 1, without a name, a capability, a /proc or a place to
write to.

build.sh has left the image's files and its configuration in build/container. Each container is in the network namespace of the
test, so that its ports are reached as they are."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
IMAGE = os.path.join(TOP, "build", "container")
os.environ["ECHOTIMED"] = os.path.join(IMAGE, "root", "usr", "sbin", "echotimed")
sys.path.append(os.path.join(TOP, "tests", "system"))

# pylint: disable=wrong-import-position
import clients  # noqa: E402
import harness  # noqa: E402
import procs  # noqa: E402
from daemon import TIMEOUT_S, Events  # noqa: E402

CONF = "etc/echotimed/echotimed.conf"
USER = 65534
# What a container gets of a runtime that is told to drop all that it can; /proc only for what is executed inside later, which
# the runtime itself needs it for.
DEV = {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "noexec", "mode=755", "ro"]}
PROC = {"destination": "/proc", "type": "proc", "source": "proc", "options": ["ro"]}
NAMESPACES = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]


def docker_config():
    with open(os.path.join(IMAGE, "image.json"), encoding="utf-8") as f:
        return json.load(f)["Docker"]["config"]


class Container:
    """One running container; `arguments` are those of its program."""

    def __init__(self, case, arguments=(), settings=None, proc=False, environment=()):
        self.id = f"echotimed-test-{os.getpid()}-{time.monotonic_ns()}"
        self.bundle = case.folder / self.id
        self.image = docker_config()
        user, group = map(int, self.image["User"].split(":"))
        shutil.copytree(os.path.join(IMAGE, "root"), os.path.join(self.bundle, "root"))
        for mount in (DEV, PROC):  # as an engine does
            os.mkdir(os.path.join(self.bundle, "root" + mount["destination"]))
        if settings is not None:
            self.write(settings)
        nothing = {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")}
        config = {
            "ociVersion": "1.0.2", "hostname": "container", "root": {"path": "root", "readonly": True}, "mounts": [DEV, PROC] if proc else [DEV],
            "process": {"user": {"uid": user, "gid": group}, "args": [*self.image["Entrypoint"], *arguments],
                        "env": [*self.image["Env"], *environment], "cwd": "/", "capabilities": nothing,
                        "noNewPrivileges": True},
            "linux": {"namespaces": NAMESPACES}}
        with open(os.path.join(self.bundle, "config.json"), "w", encoding="utf-8") as f:
            json.dump(config, f)
        self._crun = ["crun", "--root", case.folder / "crun", "--cgroup-manager=disabled"]
        silent, unused = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._unused = unused
        read_end, write_end = os.pipe()
        self.began = time.monotonic()
        self.process = subprocess.Popen([*self._crun, "run", "-b", self.bundle, self.id], stdin=subprocess.DEVNULL,
                                        stdout=write_end, stderr=write_end)
        os.close(write_end)
        self.events = Events(read_end, silent)
        case.addCleanup(self.remove)

    def write(self, settings):
        """The settings, from outside: nobody inside can."""
        path = os.path.join(self.bundle, "root", CONF)
        with open(path, "w", encoding="utf-8") as f:
            f.write(settings)

    def wait_log(self, event, **members):
        """The line of that event with those members, as soon as it is there."""
        def found():
            for line in self.events.lines:
                said = json.loads(line) if line.startswith("{") else {}
                if said.get("event") == event and all(said.get(k) == v for k, v in members.items()):
                    return said
            return None
        return self.events.wait(found, f"{event} {members} in {self.events.lines}", TIMEOUT_S)

    @property
    def pid(self):
        """Process 1 of the container, as it is called here."""
        state = subprocess.run([*self._crun, "state", self.id], check=True, stdout=subprocess.PIPE).stdout
        return json.loads(state)["pid"]

    def run(self, *words):
        """The exit status of a command inside, as a runtime's health check runs it."""
        return subprocess.run([*self._crun, "exec", self.id, *words], check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).returncode

    def popen(self, *words):
        """A command that goes on inside."""
        return subprocess.Popen([*self._crun, "exec", self.id, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)

    def healthcheck(self):
        kind, *words = self.image["Healthcheck"]["Test"]
        if kind != "CMD":
            raise AssertionError(f"{kind}: there is no shell for it")
        return self.run(*words)

    def signal(self, name, check=True):
        subprocess.run([*self._crun, "kill", self.id, name], check=check, stderr=subprocess.DEVNULL)

    def wait_exit(self):
        status = self.process.wait(TIMEOUT_S)
        self.events.join()
        return status

    def remove(self):
        self.signal("KILL", check=False)
        self.process.wait(TIMEOUT_S)
        self.events.join()
        self._unused.close()


def connect(port, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET, kind)
    s.settimeout(TIMEOUT_S)
    s.connect(("127.0.0.1", port))
    return s


def children(pid):
    """The processes whose parent this one is, zombies too: {pid: name}."""
    found = (procs.read(p) for p in os.listdir("/proc") if p.isdigit())
    return {p.pid: procs.name(p.pid) for p in found if p and p.parent == pid}


def http_get(port, path):
    """(status, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def kubernetes(name):
    with open(os.path.join(TOP, "packaging", "kubernetes", name), encoding="utf-8") as f:
        return f.read()


class Image(harness.Case):
    def start(self, *arguments, **more):
        c = Container(self, arguments, **more)
        c.wait_log("ready")
        return c

    def serves(self, port):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with connect(port, kind) as s:
                s.send(b"hello")
                self.assertEqual(s.recv(100), b"hello")

    def test_it_answers_over_tcp_and_udp(self):
        c = Container(self)
        c.wait_log("ready")
        self.serves(10007)
        size = sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(os.path.join(IMAGE, "root"))
                   for name in names)
        print(f"{size} bytes, first answers {(time.monotonic() - c.began) * 1000:.0f} ms after the runtime's start", end=" ",
              flush=True)

    def test_it_has_two_programs_and_their_settings_and_nothing_else(self):
        found = {os.path.relpath(os.path.join(folder, name), os.path.join(IMAGE, "root"))
                 for folder, _, names in os.walk(os.path.join(IMAGE, "root")) for name in names}
        self.assertEqual(found, {CONF, "usr/bin/echoprobe", "usr/sbin/echotimed"})

    def test_process_1_has_no_name_no_capability_no_proc_and_nothing_to_write_to(self):
        c = self.start()
        status = procs.status(c.pid)
        self.assertEqual(status["NSpid"].split()[-1], "1")
        self.assertEqual(set(status["Uid"].split() + status["Gid"].split()), {str(USER)})
        self.assertEqual({status[kind].strip("0") for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}, {""})
        self.assertEqual(status["NoNewPrivs"], "1")
        with open(f"/proc/{c.pid}/mountinfo", encoding="utf-8") as f:
            mounts = {fields[4]: fields[5].split(",") for fields in map(str.split, f)}
        self.assertNotIn("/proc", mounts)
        self.assertEqual([place for place, options in mounts.items() if "ro" not in options], [])
        self.assertTrue(children(c.pid), "it has workers")
        self.serves(10007)

    def test_term_ends_it_with_status_0(self):
        c = self.start()
        c.signal("TERM")
        self.assertEqual(c.wait_exit(), 0)
        c.wait_log("stopped")

    def test_term_waits_for_a_session_no_longer_than_drain_timeout(self):
        c = self.start("-o", "drain_timeout=0.2")
        with connect(10007) as s:
            self.assertTrue(clients.serves(s))
            c.signal("TERM")
            self.assertEqual(c.wait_exit(), 0)

    def test_hup_takes_settings_over_that_were_changed_from_outside(self):
        c = self.start()
        with open(os.path.join(c.bundle, "root", CONF), encoding="utf-8") as f:
            c.write(f.read().replace("port_offset = 10000", "port_offset = 20000"))
        c.signal("HUP")
        c.wait_log("reloaded")
        self.serves(20007)

    def test_an_orphan_becomes_its_child_and_is_no_zombie(self):
        c = self.start()
        pid = c.pid
        os.mkfifo(c.bundle + "/fifo")
        subprocess.run(["nsenter", "-t", str(pid), "-p", "sh", "-c", 'cat <"$1" >"$1.copy" 2>&1 &', "sh", c.bundle + "/fifo"],
                       check=True)
        with open(c.bundle + "/fifo", "w", encoding="utf-8"):
            self.wait_until(lambda: "cat" in children(pid).values(), "process 1 is the parent of an orphan")
        self.wait_until(lambda: "cat" not in children(pid).values(), "process 1 has waited for an orphan that ended")
        self.serves(10007)

    def test_the_health_check_passes_while_echo_is_served_and_fails_otherwise(self):
        c = self.start(proc=True)
        self.assertEqual(c.healthcheck(), 0)
        with open(os.path.join(c.bundle, "root", CONF), encoding="utf-8") as f:
            c.write(f.read().replace('{ service = "echo"; },', ""))
        c.signal("HUP")
        c.wait_log("reloaded")
        self.assertNotEqual(c.healthcheck(), 0)

    def test_low_ports_are_a_matter_of_the_namespace(self):
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w", encoding="utf-8") as f:
            f.write("0")
        self.start("-o", "port_offset=0")
        self.serves(7)

    def test_metrics_and_readiness_are_served_without_a_library(self):
        self.start(environment=["ECHOTIMED__METRICS__ADDRESS=*"])
        for path in ("/metrics", "/healthz", "/readyz"):
            self.assertEqual(http_get(19907, path)[0], 200, path)

    def test_the_settings_of_a_kubernetes_deployment_are_ready(self):
        self.start(settings=kubernetes("server/echotimed.conf"))
        self.assertEqual(http_get(19907, "/readyz")[0], 200)
        self.serves(10007)

    def test_the_prober_of_a_kubernetes_daemonset_is_answered_by_its_reflector(self):
        c = self.start(settings=kubernetes("reflector/echotimed.conf"), proc=True)
        self.assertEqual(http_get(19907, "/readyz")[0], 200)
        words = re.search(r"command: \[(.*)\]\n(?:.*\n)*? *args: \[(.*)\]", kubernetes("reflector/daemonset.yaml"))
        prober = c.popen(*(word.strip('" ') for part in words.groups() for word in part.split(",")))

        def is_answered():
            try:
                return re.search(r"^echoprobe_packets_received_total\{.*\} [1-9]", http_get(9908, "/metrics")[1], re.M)
            except ConnectionRefusedError:
                return False
        try:
            self.wait_until(is_answered, "the prober has heard from the reflector")
        finally:
            c.signal("TERM")
            said = prober.communicate(timeout=TIMEOUT_S)
        self.assertEqual(c.wait_exit(), 0, said)

    def test_settings_that_are_wrong_end_it_and_say_where(self):
        c = Container(self, settings="port_offest = 1;\n")
        self.assertEqual(c.wait_exit(), 78)
        self.assertIn(f"/{CONF}:1: port_offest", "\n".join(c.events.lines))


if __name__ == "__main__":
    if not shutil.which("crun"):
        print("skipped: needs crun (./bootstrap packages installs it)")
        sys.exit(77)
    if os.environ.get(harness.IN_NAMESPACE) == "1" and os.path.exists("/sys/fs/cgroup/unified"):
        # crun takes one version of control groups or the other, not both side by side; it is told to make none.
        subprocess.run(["mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"], check=True)
    harness.main(namespace=True)
