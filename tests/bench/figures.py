# SPDX-License-Identifier: MIT
"""Rows that are no comparison of CPU time: memory, times of the start and of a reload, instructions."""

import dataclasses
import os
import re
import resource
import signal
import socket
import subprocess
import time

import measure
import outcome
import place
import procs
import servers
from config import Folder, service_user
from daemon import DAEMON

SESSIONS = 50_000
SPARE_DESCRIPTORS = 500
WORKERS = 100
KIB = 1024
READY_S = 30


@dataclasses.dataclass
class Figure:
    """`measure(options)` returns (measured, goals)."""

    name: str
    title: str
    measure: object

    def run(self, options):
        try:
            measured, goals = self.measure(options)
        except outcome.NotMeasured as e:
            measured = [outcome.Measured("echotimed", "", [], str(e))]
            goals = []
        return outcome.Outcome(self, measured, goals)


# ---- instructions ----

def limiter(_options):
    done = subprocess.run(["make", "-s", "count-instructions"], cwd=place.BUILT, capture_output=True, text=True, check=False)
    counts = re.findall(r"(\d+) instructions a decision", done.stdout)
    if done.returncode != 0 or len(counts) != 2 or counts[0] == "0":
        raise outcome.NotMeasured("valgrind is missing or failed")
    rates, whole = (outcome.Measured(what, "instructions", [int(n)]) for what, n in zip(
        ("whether a source and the totals have any left", "all of a decision, from the gate to the loop guard"), counts))
    return [rates, whole], [outcome.at_most(rates, 600)]


# ---- memory ----

def _pids(server):
    return [p.pid for leader in server.sessions for p in procs.of_session(leader)]


def _page_tables(pids):
    return sum(int(procs.status(pid)["VmPTE"].split()[0]) * KIB for pid in pids)


def _memory(server):
    """(PSS, page tables) of a server, in bytes, when nothing of it ends or begins."""
    measure.settle(server.sessions)
    pids = _pids(server)
    return procs.pss_bytes(pids), _page_tables(pids)


def _with_sessions(server, n):
    """The same with n idle sessions, each of which has had an echo."""
    with measure.load(server, ["echo", "--connections", n, "--sources", 200], 0, 1):
        return _memory(server)


def _per_session(server, n):
    first, many = _with_sessions(server, 1), _with_sessions(server, n + 1)
    return [(b - a) / n for a, b in zip(first, many)]


def idle_session(options):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS
    n = 1000 if options.smoke else min(SESSIONS, most)
    server = servers.SERVERS["echotimed/event"]()
    try:
        pss, _ = _per_session(server, n)
    finally:
        server.stop()
    short = "" if n == SESSIONS else f" (this machine's limit of descriptors allows no {SESSIONS:,})"
    user = outcome.Measured("echotimed/event", "bytes", [pss], notes=[f"{n:,} sessions in one worker{short}"])
    return [user], [outcome.at_most(user, 512)]


def _prefork():
    """Of one worker among WORKERS that wait."""
    pool = {"start": WORKERS, "min_spare": WORKERS, "max_spare": WORKERS, "max_workers": WORKERS}
    few = {key: 1 for key in pool}
    found = []
    for shape in (few, pool):
        server = servers.Echotimed("echo", "tcp", "prefork", pools={"prefork": shape})
        try:
            found.append(_memory(server))
        finally:
            server.stop()
    return [(b - a) / (WORKERS - 1) for a, b in zip(*found)]


def _of_session(make):
    server = make()
    try:
        return _per_session(server, WORKERS)
    finally:
        server.stop()


def idle_worker(_options):
    measured, pss = [], {}
    for what, figures in (("echotimed/prefork worker", _prefork),
                          ("echotimed/fork child", lambda: _of_session(servers.SERVERS["echotimed/fork"])),
                          ("tcp_sess -m fork child", lambda: _of_session(servers.SERVERS["tcp_sess -m fork"])),
                          ("xinetd child", lambda: _of_session(servers.SERVERS["xinetd"]))):
        try:
            own, tables = figures()
            pss[what] = outcome.Measured(what, "KiB PSS", [own / KIB], notes=[f"and {tables / KIB:.0f} KiB of page tables"])
        except outcome.NotMeasured as e:
            pss[what] = outcome.Measured(what, "KiB PSS", [], str(e))
        measured.append(pss[what])
    goals = []
    for ours in measured[:2]:
        goals += [outcome.at_most(ours, 64), outcome.ratios(ours, pss["xinetd child"], 0.5)]
    return measured, goals


# ---- times ----

class _Timed:
    """A daemon with the shipped file, whose messages carry the time at which they came."""

    def __init__(self):
        user, group = service_user()
        self.folder = Folder()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.folder / "notify")
        os.chmod(self.folder / "notify", 0o777)
        self.notify.settimeout(READY_S)
        with open(os.path.join(place.TOP, "conf", "echotimed.conf"), encoding="utf-8") as f:
            conf = self.folder.write("echotimed.conf", f.read())
        own = {"port_offset": 10000, "user": user, "group": group, "control.path": self.folder / "control"}
        command = [DAEMON, "-c", conf, *(word for key, value in own.items() for word in ("-o", f"{key}={value}"))]
        self.begun = time.monotonic()
        self.process = subprocess.Popen(command, env={**os.environ, "NOTIFY_SOCKET": self.folder / "notify"},
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ready_ms(self, since):
        while b"READY=1" not in self.notify.recv(4096).split(b"\n"):
            pass
        return (time.monotonic() - since) * 1000

    def reload_ms(self):
        since = time.monotonic()
        self.process.send_signal(signal.SIGHUP)
        return self.ready_ms(since)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.notify.close()
        self.folder.remove()


def _timed(options, act):
    values = []
    for _ in range(options.rounds):
        daemon = _Timed()
        try:
            values.append(act(daemon))
        finally:
            daemon.stop()
    return values


def start(options):
    taken = outcome.Measured("echotimed", "ms", _timed(options, lambda d: d.ready_ms(d.begun)))
    return [taken], [outcome.at_most(taken, 20)]


def reload(options):
    def act(daemon):
        daemon.ready_ms(daemon.begun)
        return daemon.reload_ms()
    taken = outcome.Measured("echotimed", "ms", _timed(options, act))
    return [taken], [outcome.at_most(taken, 10)]
