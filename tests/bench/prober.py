# SPDX-License-Identifier: MIT
"""Rows of echoprobe: how many packets a second it holds and at what cost, beside the load generator, irtt and sockperf; what
the kernel's time stamps are worth; its memory and its start."""

import contextlib
import json
import os
import re
import socket
import subprocess
import time

import measure
import outcome
import peers
import place
import servers

PROBE = os.path.join(place.BUILT, "echoprobe")
RATE, HELD = 100_000, 0.99
CPU_LIMIT, STAMPS_LIMIT, START_LIMIT_MS = 1.5, 0.75, 10
MIB = 1024  # KiB


def _seconds(options):
    return 0.2 if options.smoke else 2 if options.rounds < 9 else 10


def _highest_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))


def _run(command, seconds):
    """What a program of the load's core said, its CPU time in microseconds, and its memory half-way in KiB."""
    with subprocess.Popen(place.on_core(place.LOAD_CORE, list(map(str, command))), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:
        time.sleep(seconds / 2)
        with contextlib.suppress(OSError, AttributeError):
            highest_kib = _highest_kib(process.pid)
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return out, (used.ru_utime + used.ru_stime) * 1e6, highest_kib


def _probe(server, options, *words):
    out, cpu_us, highest_kib = _run([PROBE, f"{server.host}:{server.port}", "-J", "-q", *words], _seconds(options))
    return json.loads(out), cpu_us, highest_kib


# ---- the rate ----

def _echoprobe(server, options):
    document, cpu_us, highest_kib = _probe(server, options, "--rate", RATE, "--flood", "-d", _seconds(options))
    p, host = document["total"]["packets"], document["host"]
    if p["sent"] != p["received"] + p["lost"]:
        raise outcome.NotMeasured(f"packets are not accounted for: {p}")
    note = (f"{p['lost']:,} lost, {host['dropped_in_socket']:,} by its own buffer, {p['skipped']:,} slots skipped; late by "
            f"{host['lateness_ns']['p50'] / 1000:.0f} µs at p50, {host['lateness_ns']['p99'] / 1000:.0f} at p99; "
            f"{highest_kib / MIB:.1f} MiB")
    return p["sent"], cpu_us, note, highest_kib


def _load(server, options):
    with measure.load(server, "udp --connections 16 --depth 16".split(), int(_seconds(options) * 1000), 20) as process:
        before = measure.own_ns(process.pid)
        process.stdin.write("go\n")
        process.stdin.flush()
        result = json.loads(process.stdout.readline())
        spent = measure.own_ns(process.pid) - before
    return result["requests"], spent / 1000, "as many as come back, 16 sockets with 16 in flight on each", 0


@contextlib.contextmanager
def _serving(*command):
    with subprocess.Popen(place.on_core(place.SERVER_CORE, list(command)), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        time.sleep(0.5)  # neither says when it is ready
        try:
            yield
        finally:
            process.terminate()


def _irtt(_server, options):
    program = _packaged("irtt")
    with _serving(program, "server", "-b", "127.0.0.1:2112", "-i", "0"):
        out, cpu_us, _ = _run([program, "client", "-i", f"{10**9 // RATE}ns", "-l", 64, "-d", f"{_seconds(options)}s", "-Q",
                               "-o", "-", "127.0.0.1:2112"], _seconds(options))
    sent, back = (json.loads(out)["stats"][f"packets_{what}"] for what in ("sent", "received"))
    return sent, cpu_us, f"{sent - back:,} lost", 0


def _sockperf(_server, options):
    program = _packaged("sockperf")
    seconds = max(1, _seconds(options))
    with _serving(program, "server", "-i", "127.0.0.1", "-p", "11111"):
        out, cpu_us, _ = _run([program, "under-load", "-i", "127.0.0.1", "-p", 11111, "-m", 64, "--mps", RATE, "-t", seconds,
                               "--reply-every", 1], seconds)
    sent, back = map(int, re.search(r"\[Total Run\].*SentMessages=(\d+); ReceivedMessages=(\d+)", out).groups())
    return sent * _seconds(options) / seconds, cpu_us * _seconds(options) / seconds, f"{sent - back:,} lost", 0


def _packaged(peer):
    if why := peers.missing(peer):
        raise outcome.NotMeasured(why)
    return peers.path(peer)


WHO = {"echoprobe": _echoprobe, "load": _load, "irtt": _irtt, "sockperf under-load": _sockperf}


def rate(options):
    rates = {who: outcome.Measured(f"{who}, of {RATE:,} asked for", "packets a second", []) for who in WHO}
    costs = {who: outcome.Measured(f"{who}, µs of CPU a packet", "", []) for who in WHO}
    memory = outcome.Measured("echoprobe, memory", "MiB", [])
    server = servers.SERVERS["echotimed/udp"]()
    try:
        for _ in range(min(options.rounds, 3)):
            for who, run in WHO.items():
                try:
                    sent, cpu_us, note, highest_kib = run(server, options)
                except outcome.NotMeasured as e:
                    rates[who].why_not = costs[who].why_not = str(e)
                    continue
                rates[who].values.append(sent / _seconds(options))
                rates[who].notes = [note]
                costs[who].values.append(cpu_us / max(1, sent))
                if highest_kib:
                    memory.values.append(highest_kib / MIB)
    finally:
        server.stop()
    missing = outcome.Measured("echoprobe, packets not sent of those asked for", "%",
                               [max(0, 100 - v * 100 / RATE) for v in rates["echoprobe"].values])
    goals = [outcome.at_most(missing, 100 - HELD * 100), outcome.at_most(memory, 32),
             outcome.ratios(costs["echoprobe"], costs["load"], CPU_LIMIT)]
    return [*rates.values(), *costs.values(), memory], goals


# ---- time stamps ----

def stamps(options):
    by = {who: outcome.Measured(f"time stamps: {who}", "µs of round trip, p50", []) for who in ("kernel", "user")}
    server = servers.SERVERS["echotimed/udp"]()
    try:
        for _ in range(min(options.rounds, 5)):
            for who, m in by.items():
                document, *_ = _probe(server, options, "-i", "1ms", "-d", min(2, _seconds(options)), "--timestamps", who)
                m.values.append(document["total"]["rtt_ns"]["p50"] / 1000)
                m.notes = [f"late by {document['host']['lateness_ns']['p99'] / 1000:.0f} µs at p99"]
    finally:
        server.stop()
    return list(by.values()), [outcome.ratios(by["kernel"], by["user"], STAMPS_LIMIT)]


# ---- memory and start ----

def small(options):
    first = outcome.Measured("from the start to the first packet", "ms", [])
    memory = outcome.Measured("memory at a packet a second", "MiB", [])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(servers.START_S)
        for _ in range(options.rounds):
            began = time.monotonic()
            with subprocess.Popen([PROBE, f"127.0.0.1:{s.getsockname()[1]}", "-c", "1", "-W", "50ms"],
                                  stdout=subprocess.DEVNULL) as process:
                s.recv(100)
                first.values.append((time.monotonic() - began) * 1000)
                memory.values.append(_highest_kib(process.pid) / MIB)
    return [first, memory], [outcome.at_most(first, START_LIMIT_MS), outcome.at_most(memory, 3)]
