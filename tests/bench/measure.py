# SPDX-License-Identifier: MIT
"""One run of the load against one server: what it counted, and the CPU time that all of the server's processes took.

The load is silent while the time is read (see load.c). The time of a live process is exact; that of children that are gone
counts once their parent has waited for them, in ticks.
"""

import contextlib
import functools
import json
import os
import subprocess
import time

import outcome
import place
import procs
from daemon import within_reach

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
SETTLE_S = 1.0


def own_ns(pid):
    """The time of all threads of a process."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total


def _children_ns(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) * TICK_NS


def cpu_ns(sessions):
    total = 0
    for leader in sessions:
        for p in procs.of_session(leader):
            try:
                total += own_ns(p.pid) + _children_ns(p.pid)
            except (FileNotFoundError, ProcessLookupError):
                pass
    return total


def settle(sessions):
    """Until every child that is gone has been waited for and no other goes."""
    end, before = time.monotonic() + SETTLE_S, None
    while time.monotonic() < end:
        now = [(p.pid, p.state == "Z") for leader in sessions for p in procs.of_session(leader)]
        if now == before and not any(zombie for _, zombie in now):
            return
        before = now
        time.sleep(0.01)


@functools.cache
def _program():
    return within_reach(place.program("load"))


@contextlib.contextmanager
def load(server, words, run_ms, warm_ms):
    """The load, its clients open, warm and silent. It waits for a line."""
    command = [_program(), *words, "--host", server.host, "--port", server.port, "--run-ms", run_ms, "--warm-ms", warm_ms]
    command = place.on_core(place.LOAD_CORE, [str(word) for word in command])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        if not process.stdout.readline().startswith("ready"):
            raise outcome.NotMeasured(f"the load failed: {process.stderr.read().strip()}")
        settle(server.sessions)
        yield process


def run(server, words, run_ms, warm_ms):
    """A dictionary of what the load counted and of `cpu_us`, the server's for each request."""
    with load(server, words, run_ms, warm_ms) as process:
        before = cpu_ns(server.sessions)
        process.stdin.write("go\n")
        process.stdin.flush()
        result = json.loads(process.stdout.readline())
        settle(server.sessions)
        spent = cpu_ns(server.sessions) - before
    result["cpu_us"] = spent / 1000 / result["requests"] if result["requests"] else float("nan")
    result["rate"] = result["requests"] / result["seconds"]
    return result
