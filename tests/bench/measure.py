# SPDX-License-Identifier: MIT
"""One run of the load against one server: what it counted, and the CPU time that all of the server's processes took.

The load is silent while the time is read (see load.c). The time of a live process is exact; that of children that are gone
counts once their parent has waited for them, in ticks.
"""

import json
import os
import subprocess
import time

import place
import procs
from daemon import within_reach

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
SETTLE_S = 1.0


def _own_ns(pid):
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
                total += _own_ns(p.pid) + _children_ns(p.pid)
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


LOAD = None


def run(server, words, run_ms, warm_ms):
    """A dictionary of what the load counted and of `cpu_us`, the server's for each request."""
    global LOAD
    LOAD = LOAD or within_reach(place.program("load"))
    command = [LOAD, *words, "--host", server.host, "--port", server.port, "--run-ms", run_ms, "--warm-ms", warm_ms]
    command = place.on_core(place.LOAD_CORE, [str(word) for word in command])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        if not load.stdout.readline().startswith("ready"):
            raise RuntimeError(f"the load failed: {' '.join(command)}")
        settle(server.sessions)
        before = cpu_ns(server.sessions)
        load.stdin.write("go\n")
        load.stdin.flush()
        result = json.loads(load.stdout.readline())
        settle(server.sessions)
        spent = cpu_ns(server.sessions) - before
    result["cpu_us"] = spent / 1000 / result["requests"] if result["requests"] else float("nan")
    result["rate"] = result["requests"] / result["seconds"]
    return result
