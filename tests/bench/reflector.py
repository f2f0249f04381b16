# SPDX-License-Identifier: MIT
"""Rows of the STAMP reflector: CPU time beside echo's, the error of its time stamps of sending, memory of its sessions."""

import select
import socket
import statistics
import struct
import time

import measure
import outcome
import place  # noqa: F401  (where the system suite's modules are)
import procs
import servers
import stamp

KEY = bytes(range(32))
PLAIN, SIGNED = stamp.request(1, stamp.ntp(10**18)), stamp.signed_request(KEY, 1, stamp.ntp(10**18))
T3_LIMIT_US = 50
SESSIONS = 10_000
IN_FLIGHT = "udp --connections 16 --depth 16".split()

# ---- CPU time ----

REFLECTED = (("echo, 44 octets", "echotimed/udp", PLAIN), ("stamp, 44 octets", "stamp", PLAIN),
             ("stamp stateful, 44 octets", "stamp stateful", PLAIN), ("echo, 112 octets", "echotimed/udp", SIGNED),
             ("stamp authenticated, 112 octets", "stamp authenticated", SIGNED))


def reflect(options):
    running = {name: servers.SERVERS[name]() for name in dict.fromkeys(server for _, server, _ in REFLECTED)}
    rows = {what: outcome.Measured(what, "µs of CPU a packet", []) for what, *_ in REFLECTED}
    try:
        for _ in range(options.rounds):
            for what, server, packet in REFLECTED:
                r = measure.run(running[server], [*IN_FLIGHT, "--payload", packet.hex()], options.ms, options.ms // 4)
                rows[what].values.append(r["cpu_us"])
                rows[what].notes = [f"{r['rate']:,.0f}/s"]
    finally:
        for server in running.values():
            server.stop()
    return list(rows.values()), []


# ---- T3 ----

FOLLOW_UP = stamp.tlv(7, bytes(16))
STAMPING = (("", "stamp stateful", lambda n: stamp.request(n, tlvs=FOLLOW_UP), stamp.reflection),
            (", authenticated", "stamp authenticated stateful",
             lambda n: stamp.signed_request(KEY, n, tlvs=FOLLOW_UP + stamp.tlv_hmac(KEY, n, FOLLOW_UP)),
             lambda packet: stamp.signed_reflection(KEY, packet)))


def _ask_at(s, request, per_s, seconds):
    """The octets of all answers to so many requests a second."""
    answers, n = [], 0
    poll, began = select.poll(), time.monotonic()
    poll.register(s, select.POLLIN)
    while (now := time.monotonic() - began) < seconds:
        while n < now * per_s:
            s.send(request(n))
            n += 1
        if poll.poll(max(0, (n / per_s - now) * 1000)):
            answers.append(s.recv(1000))
    s.settimeout(1)
    try:
        while len(answers) < n:
            answers.append(s.recv(1000))
    except TimeoutError:
        pass
    return answers


def _errors_us(reflections):
    """Of each answer whose next one told of it: how long after T3 the kernel sent it."""
    sent, found = {}, []
    for r in reflections:
        sent[r.seq] = r.t3
        before, left = struct.unpack("!IQ", r.tlvs[4:16])
        if before in sent and left not in (0, sent[before]):
            found.append((stamp.ns_of(left) - stamp.ns_of(sent[before])) / 1000)
    return sorted(found)


def _t3(how, per_s, options):
    """The rows of one server at one rate."""
    mode, name, request, read = how
    server = servers.SERVERS[name]()
    p50, p99 = (outcome.Measured(f"{p} at {per_s:,}/s{mode}", "µs", []) for p in ("p50", "p99"))
    try:
        for _ in range(options.rounds):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.connect((server.host, server.port))
                answers = _ask_at(s, request, per_s, options.ms / 1000 if options.smoke else max(1, 200 / per_s))
            errors = _errors_us(map(read, answers))
            if len(errors) < 2:
                raise outcome.NotMeasured("the kernel stamps nothing that is sent")
            p50.values.append(statistics.median(errors))
            p99.values.append(errors[len(errors) * 99 // 100])
            p99.notes = [f"{len(errors):,} of {len(answers):,} answers were told of"]
    finally:
        server.stop()
    return p50, p99


def t3(options):
    pairs = [_t3(how, per_s, options) for how in STAMPING for per_s in ((1000,) if options.smoke else (100, 1000, 10_000))]
    return [m for pair in pairs for m in pair], [outcome.at_most(p99, T3_LIMIT_US) for _, p99 in pairs]


# ---- memory ----

def session_memory(_options):
    server = servers.Echotimed("stamp", "udp", "event", sessions="open", mode="stateful", max_sessions=SESSIONS)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((server.host, server.port))
            s.settimeout(servers.START_S)

            def ask(ssid):
                s.send(stamp.request(ssid, ssid=ssid))
                return stamp.reflection(s.recv(1000)).seq

            def used():
                measure.settle(server.sessions)
                return procs.pss_bytes([p.pid for leader in server.sessions for p in procs.of_session(leader)])
            ask(1)
            before = used()
            counted = sum(ask(1 + i) == 0 for i in range(1, SESSIONS))
            after = used()
    finally:
        server.stop()
    each = outcome.Measured("of one", "bytes", [(after - before) / (SESSIONS - 1)],
                            notes=[f"{(after - before) / 2**20:.2f} MiB for {counted + 1:,}"])
    return [each], []
