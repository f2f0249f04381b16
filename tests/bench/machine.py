# SPDX-License-Identifier: MIT
"""The machine that a run was made on, a line a fact."""

import os
import platform
import subprocess
import time

import peers
import place


def _first(path, default="?"):
    try:
        with open(path, encoding="utf-8") as f:
            return f.readline().strip()
    except OSError:
        return default


def _field(path, name):
    with open(path, encoding="utf-8") as f:
        return next((line.partition(":")[2].strip() for line in f if line.startswith(name)), "?")


def _said(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "?"
    return done.stdout.partition("\n")[0].strip() or "?"


def facts():
    """[(what, value)]"""
    commit = _said("git", "-C", place.TOP, "describe", "--always", "--dirty")
    return [
        ("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
        ("echotimed", f"{_said(os.path.join(place.BUILT, 'echotimed'), '-V')}, commit {commit}"),
        ("processor", f"{_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores,"
                      f" {int(_field('/proc/meminfo', 'MemTotal').split()[0]) >> 20} GiB"
                      + (", virtual" if "hypervisor" in _field("/proc/cpuinfo", "flags") else "")),
        ("kernel", f"{platform.system()} {platform.release()}, congestion control "
                   f"{_first('/proc/sys/net/ipv4/tcp_congestion_control')}, loopback"),
        ("load average at the start", " ".join(_first("/proc/loadavg").split()[:3])),
        ("compiler", _said(*os.environ.get("CC", "cc").split(), "--version")),
        ("C library", " ".join(platform.libc_ver())),
        ("peers", ", ".join(f"{peer} {peers.version(peer)}" for peer in peers.PEERS)),
        ("placement", f"servers on core {place.SERVER_CORE}, the load on core {place.LOAD_CORE}"),
    ]
