# SPDX-License-Identifier: MIT
"""Where the bench runs: its folders, its cores, and namespaces of its own: all ports are free, and all ends with it."""

import os
import resource
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILT = os.path.abspath(os.environ.get("top_builddir", os.getcwd()))
WORK = os.path.join(BUILT, "tests", "bench")
INSIDE = "ECHOTIMED_BENCH_INSIDE"
OTHER_ADDRESS = "10.99.0.1"  # openbsd-inetd answers no datagram from 127/8
DESCRIPTORS = 200_000

sys.path.insert(0, os.path.join(TOP, "tests", "system"))

_cores = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _cores[0], _cores[-1]

# Not from ports of servers that must not be drawn into loops: echotimed answers none of them (daemon/admission/ports.c).
ONCE = f"""ip link set lo up && ip address add {OTHER_ADDRESS}/32 dev lo &&
echo 33848,37810,47808 >/proc/sys/net/ipv4/ip_local_reserved_ports"""


def inside():
    return INSIDE in os.environ


def enter():
    """Starts this program again in namespaces of processes, network and mounts; when it ends, all that it started ends."""
    if inside():
        subprocess.run(["sh", "-c", ONCE], check=True)
        raise_descriptors()
        return
    if os.geteuid() != 0:
        sys.exit("bench: needs root, for a network namespace of its own")
    for tool in ("unshare", "ip", "taskset"):
        if not shutil.which(tool):
            sys.exit(f"bench: {tool} is missing: run ./bootstrap bench")
    os.environ[INSIDE] = "yes"
    os.execvp("unshare", ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, "-B", *sys.argv])


def raise_descriptors():
    """To DESCRIPTORS, or as far as this root may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (max(most, DESCRIPTORS), most):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return
        except ValueError:
            pass


def program(name):
    """One of our own, as built; None: it was not."""
    path = os.path.join(WORK, name)
    return path if os.access(path, os.X_OK) else None


def on_core(core, command):
    return ["taskset", "-c", str(core), *command]
