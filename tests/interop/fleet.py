# SPDX-License-Identifier: MIT
"""The fleet of conf/examples/fleet as hosts of their own: clients here, a balancer, and behind it the members a, b and c.

The files are those of the examples, word for word, but for paths that a test must have in its own folder.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import clients  # noqa: E402
import config  # noqa: E402
import control  # noqa: E402
import daemon  # noqa: E402
import harness  # noqa: E402
import netns  # noqa: E402
import peers  # noqa: E402
import procs  # noqa: E402

EXAMPLES = os.path.join(os.environ.get("top_srcdir", "."), "conf/examples/fleet")
V4, V6 = "203.0.113.7", "2001:db8:7::7"
CLIENTS = ("198.51.100.5", "198.51.100.6", "2001:db8:6::5")
ECHO, INFO = 7, 7862


def path(name):
    return os.path.join(EXAMPLES, name)


def example(name):
    with open(path(name), encoding="utf-8") as f:
        return f.read()


def replaced(text, *pairs):
    """The text with these words replaced, each of which must be there."""
    for old, new in pairs:
        if old not in text:
            raise AssertionError(f"not in the example: {old!r}")
        text = text.replace(old, new)
    return text


def nginx(text, folder):
    """Its file, with what this machine or a test has elsewhere."""
    module = peers.file("libnginx-mod-stream", "usr/lib/nginx/modules/ngx_stream_module.so")
    return replaced(text, ("include /etc/nginx/modules-enabled/*.conf", f"load_module {module}"),
                    ("user www-data", " ".join(("user", *config.service_user()))),
                    ("/run/nginx.pid", os.path.join(folder, "nginx.pid")),
                    ("/var/log/nginx/error.log", os.path.join(folder, "nginx.log")))


class Member:
    """One host of the fleet, with a daemon that has a program file of its own."""

    def __init__(self, case, name, balancer):
        self._case, self.name = case, name
        self.number = {"a": 11, "b": 12, "c": 13}[name]
        self.address = f"192.168.7.{self.number}"
        self.host = netns.OtherHost(f"to-{name}", there=[f"{self.address}/24", f"fd07::{self.number}/64"])
        case.addCleanup(self.host.end)
        netns.ip("link", "set", f"to-{name}", "netns", f"/proc/self/fd/{balancer.fd}")
        balancer.run("ip", "link", "set", f"to-{name}", "master", "fleet", "up")
        for gateway in ("192.168.7.1", "fd07::1"):
            self.host.run("ip", "route", "add", "default", "via", gateway)
        self.program = case.folder / f"echotimed-{name}"
        self.control = case.folder / f"control-{name}"
        self.install()

    def install(self):
        """As a package manager does it."""
        shutil.copy(daemon.DAEMON, self.program + ".new")
        os.rename(self.program + ".new", self.program)

    def serve(self, *options):
        user, group = config.service_user()
        words = ("log.sessions=true", f"user={user}", f"group={group}", f"control.path={self.control}", f"host_name={self.name}",
                 *options)
        self.daemon = self._case.start(example("echotimed.conf"), program=self.program,
                                       args=[word for option in words for word in ("-o", option)], **inside(self.host))

    def upgrade(self):
        self.install()
        lines, messages = self.daemon.mark()
        self.daemon.send_signal(signal.SIGUSR2)
        self.daemon.wait_log("^notice upgraded: ", since=lines)
        self.daemon.wait_notify("READY=1", since=messages)

    def sessions(self, listener="echo/tcp"):
        """Whose sessions it has: their addresses with ports."""
        return {line["peer"] for line in self.ask("sessions", "session") if line["listener"] == listener}

    def answers(self, listener="echo/udp"):
        """How many datagrams it has answered."""
        return next(line["datagrams_answered"] for line in self.ask("stats", "listener") if line["listener"] == listener)

    def ask(self, command, kind):
        return [line for line in map(json.loads, self.tell("--json", command).splitlines()) if line["kind"] == kind]

    def tell(self, *words):
        """What echotimectl says."""
        return subprocess.run([control.ECHOTIMECTL, "-s", self.control, *words], stdout=subprocess.PIPE, text=True, check=True).stdout

    def kill(self):
        """All of it at once, as with its host: stopped first, so that nobody sees one process without the other."""
        d = self.daemon
        pids = d.processes()
        ends = procs.Watch(pids)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                os.kill(pid, number)
        ends.wait_all_gone(harness.TIMEOUT_S)
        d.wait_exit(expect=-signal.SIGKILL)


@harness.needs_metrics
class Case(harness.Case):
    """A balancer's host without a program yet, and three members that serve."""

    def setUp(self):
        super().setUp()
        v4, v6 = [c for c in CLIENTS if ":" not in c], [c for c in CLIENTS if ":" in c]
        self.balancer = netns.OtherHost("balancer", here=[*(f"{c}/24" for c in v4), *(f"{c}/64" for c in v6)],
                                        there=["198.51.100.1/24", "2001:db8:6::1/64"])
        self.addCleanup(self.balancer.close)
        netns.ip("route", "replace", f"{V4}/32", "via", "198.51.100.1")
        netns.ip("route", "replace", f"{V6}/128", "via", "2001:db8:6::1")
        run = self.balancer.run
        run("ip", "link", "add", "fleet", "type", "bridge")
        for address, device in ((f"{V4}/32", "lo"), (f"{V6}/128", "lo"), ("192.168.7.2/24", "fleet"), ("192.168.7.1/24", "fleet"),
                                ("fd07::2/64", "fleet"), ("fd07::1/64", "fleet")):
            run("ip", "address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))
        run("ip", "link", "set", "fleet", "up")
        run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        # A real host has a cable there, where the rules of IP see a packet once.
        run("sysctl", "-q", "-e", "-w", "net.bridge.bridge-nf-call-iptables=0", "net.bridge.bridge-nf-call-ip6tables=0")
        self.members = [Member(self, name, self.balancer) for name in "abc"]

    def serve_all(self, *options):
        for m in self.members:
            m.serve(*options)

    def balance(self, package, words, program=None):
        """Starts a program of a package on the balancer's host."""
        return self.begin(self.balancer, [peers.path(package, program), *words], peers.environment(package))

    def begin(self, host, words, env):
        """Starts a program on a host; it ends with the test."""
        p = subprocess.Popen([*inside(host)["prefix"], *words], close_fds=False, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, env=env)
        self.addCleanup(p.wait)
        self.addCleanup(p.terminate)
        return p

    @staticmethod
    def connect(source, port=ECHO, kind=socket.SOCK_STREAM):
        """A client's socket to the address of the fleet."""
        v6 = ":" in source
        s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
        s.settimeout(daemon.TIMEOUT_S)
        s.bind((source, 0))
        s.connect((V6 if v6 else V4, port))
        return s


def inside(host):
    """Arguments of a Daemon on that host."""
    return {"prefix": ("nsenter", f"--net=/proc/self/fd/{host.fd}"), "close_fds": False}


def name_of(s):
    """A socket's own address as the daemon says it."""
    host, port = s.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Comer(threading.Thread):
    """A client that comes again and again, with a few questions each time; what goes wrong is kept."""

    def __init__(self, connect, over):
        super().__init__(daemon=True)
        self._connect, self._over = connect, over
        self.sessions, self.wrong = 0, []
        self.start()

    def run(self):
        while not self._over.is_set() and len(self.wrong) < 10:
            try:
                with self._connect() as s:
                    for _ in range(3):
                        assert clients.serves(s), "ended without an answer"
            except (OSError, AssertionError) as e:
                self.wrong.append(repr(e))
            self.sessions += 1
