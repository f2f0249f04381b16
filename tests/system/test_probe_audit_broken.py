# SPDX-License-Identifier: MIT
"""echoprobe audit of small servers of which each breaks one rule: that one is reported, and no other."""

import concurrent.futures
import select
import socket
import struct
import threading
import time
import unittest

import harness
import probe
from daemon import TIMEOUT_S
from config import is_root
from test_probe_audit import rules, untested

SERVERS = {7, 13, 17, 19, 37, 53, 123, 1900, 2049, 3283, 3389, 3478, 3702, 5060, 5093, 5351, 5353, 5683, 10001, 11211, 27015, 27960,
           33848, 37810, 47808}
AT_ONCE = 6  # audits, which wait most of the time
SINCE_1900 = 2208988800
DAYTIME = b"Sun Nov 22 12:49:52 2026\r\n"
RING = bytes(range(0x20, 0x7F))


def now():
    return struct.pack(">I", (int(time.time()) + SINCE_1900) % 2**32)


def chargen(lines, first=0):
    return b"".join((RING * 2)[k % 95:k % 95 + 72] + b"\r\n" for k in range(first, first + lines))


# --- datagrams: what is answered to one that is not from a server's port -------------------------------------------------

def reflect(data):
    """A stateless reflector of RFC 8762."""
    if len(data) < 44 or data[13] == 0:
        return None
    stamp = struct.pack(">II", int(time.time()) + SINCE_1900, 0)
    return data[:4] + stamp + b"\x80\x01" + data[14:16] + stamp + data[:14] + b"\0\0\xff\0\0\0" + data[44:]


def put(answer, at, octets):
    return answer and answer[:at] + octets + answer[at + len(octets):]


RIGHT = {
    "echo": lambda data: data,
    "discard": lambda data: None,
    "daytime": lambda data: DAYTIME,
    "time": lambda data: now(),
    "chargen": lambda data: chargen(1)[:len(data)],
    "qotd": lambda data: b"Less is more.\r\n",
    "info": lambda data: b"{}" if len(data) > 1 else None,
    "stamp": reflect,
}
# What breaks a rule: the answer to a datagram.
WRONG = {
    "echo-udp-same": lambda data: data[:-1] + b"?" if len(data) == 512 else data,
    "echo-udp-empty": lambda data: data or None,
    "echo-udp-long": lambda data: data[:8192],
    "discard-udp-silent": lambda data: b"thanks",
    "daytime-udp-line": lambda data: b"Sun Nov 22\r\n12:49:52 2026\r\n",
    "daytime-udp-any": lambda data: None if data else DAYTIME,
    "time-udp-length": lambda data: now() + bytes(4),
    "time-udp-epoch": lambda data: struct.pack(">I", int(time.time())),
    "chargen-udp-length": lambda data: chargen(7)[:513 if len(data) == 512 else len(data)],
    "chargen-udp-amplifies": lambda data: chargen(1),
    "qotd-udp-length": lambda data: b"x" * len(data),
    "qotd-udp-characters": lambda data: b"Less is \x1b[1mmore.\r\n",
    "qotd-udp-amplifies": lambda data: b"x" * 100,
    "info-udp-object": lambda data: b"[]" if len(data) > 1 else None,
    "info-udp-amplifies": lambda data: b'{"host":"%s"}' % (b"x" * 60) if len(data) > 1 else None,
    "info-udp-octet": lambda data: b"{}",
    "stamp-udp-length": lambda data: reflect(data) and reflect(data) + (b"more" if len(data) == 44 else b""),
    "stamp-udp-sender": lambda data: put(reflect(data), 30, b"?"),
    "stamp-udp-zero": lambda data: put(reflect(data), 42, b"?"),
    "stamp-udp-error": lambda data: put(reflect(data), 12, b"\0\0"),
    "stamp-udp-times": lambda data: put(reflect(data), 4, struct.pack(">I", int(time.time()) + SINCE_1900 - 5)),
    "stamp-udp-padding": lambda data: put(reflect(data), 60, b"?") if len(data) > 60 else reflect(data),
    "stamp-udp-short": lambda data: reflect(data) or (data if len(data) == 13 else None),
    "stamp-udp-no-error": lambda data: put(reflect(data[:13] + b"\1" + data[14:]), 36, data[12:14]),
}
TWICE = ("echo", "daytime", "time", "chargen", "qotd", "info", "stamp")


class Datagrams(threading.Thread):
    def __init__(self, answer, loops=False, twice=False, elsewhere=False):
        super().__init__(daemon=True)
        self.answer, self.loops, self.twice = answer, loops, twice
        self.socket, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.speaker = other if elsewhere else self.socket
        self.socket.settimeout(TIMEOUT_S)
        self.over = False
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", ("127.0.0.1", self.port))
        self.join()
        self.socket.close()

    def run(self):
        while True:
            data, peer = self.socket.recvfrom(65536)
            if self.over:
                return
            answer = None if peer[1] in SERVERS and not self.loops else self.answer(data)
            for _ in range(0 if answer is None else 2 if self.twice else 1):
                self.send(answer, peer)

    def send(self, answer, peer):
        if peer[1] != 0:
            self.speaker.sendto(answer, peer)


class ToPortZero(Datagrams):
    """Answers port 0 too, which the kernel does for nobody: by a raw socket."""

    def __init__(self, **how):
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
        super().__init__(**how)

    def send(self, answer, peer):
        if peer[1] != 0:
            super().send(answer, peer)
            return
        self.raw.sendto(struct.pack(">HHHH", self.port, 0, 8 + len(answer), 0) + answer, (peer[0], 0))


def audit_udp(service, *words, **server):
    with Datagrams(**server) as s:
        return probe.run_json("audit", "127.0.0.1", "-u", "-p", f"{service}={s.port}", "-i", "50ms", "-W", 1, *words)


class Case(unittest.TestCase):
    def all(self, audit, cases):
        """Audits a server for each of these, some at once; a pair of each name and how it ended."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return list(zip(cases, pool.map(audit, cases)))

    def check_right(self, done):
        self.assertEqual((done.code, rules(done, "broken"), untested(done)), (0, {}, {}))

    def check_broken(self, rule, done):
        self.assertEqual((done.code, list(rules(done, "broken"))), (1, [rule]))
        self.assertTrue(rules(done, "broken")[rule]["reason"])


class OverUdp(Case):
    def check_services(self, rule, *words, **server):
        for service, done in self.all(lambda service: audit_udp(service, *words, answer=RIGHT[service], **server), TWICE):
            with self.subTest(service):
                self.check_broken(f"{service}-udp-{rule}", done)

    def test_who_is_right_is_not_accused(self):
        for service, done in self.all(lambda service: audit_udp(service, "-W", 1, answer=RIGHT[service]), list(RIGHT)):
            with self.subTest(service):
                self.check_right(done)

    def test_the_one_rule_that_an_answer_breaks_is_reported(self):
        for rule, done in self.all(lambda rule: audit_udp(rule.split("-")[0], answer=WRONG[rule]), list(WRONG)):
            with self.subTest(rule):
                self.check_broken(rule, done)

    def test_two_answers_are_reported(self):
        self.check_services("once", "-i", "500ms", twice=True)

    def test_an_answer_from_another_port_is_reported(self):
        self.check_services("source", elsewhere=True)

    def test_an_answer_to_a_servers_port_is_reported(self):
        self.check_services("loop", loops=True)

    @unittest.skipUnless(is_root(), "root alone sends from port 0, and to it")
    def test_an_answer_to_port_0_is_reported(self):
        def audit(service):
            with ToPortZero(answer=RIGHT[service]) as s:
                return probe.run_json("audit", "127.0.0.1", "-u", "-p", f"{service}={s.port}", "-i", "50ms", "-W", 1)
        for service, done in self.all(audit, TWICE):
            with self.subTest(service):
                self.check_broken(f"{service}-udp-port-0", done)

    def test_the_octets_of_an_answer_that_is_not_due_are_shown(self):
        done = audit_udp("discard", answer=WRONG["discard-udp-silent"])
        self.assertEqual(rules(done, "broken")["discard-udp-silent"]["bytes"], {"offset": 0, "hex": b"thanks".hex()})

    def test_who_never_answers_is_not_accused(self):
        done = audit_udp("echo", "-W", "100ms", answer=lambda data: None)
        self.assertEqual((done.code, rules(done, "broken"), rules(done, "kept")), (3, {}, {}))
        self.assertEqual({rule["reason"] for rule in rules(done, "not testable").values()}, {"no answer"})


# --- connections ----------------------------------------------------------------------------------------------------------

def drain(c):
    while c.recv(65536):
        pass


def say(answer):
    """Speaks and ends, and lets the client talk."""
    def serve(c):
        c.sendall(answer() if callable(answer) else answer)
        c.shutdown(socket.SHUT_WR)
        drain(c)
    return serve


def echo(inline=True, kept_back=0, change=None):
    def serve(c):
        c.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, inline)
        held = b""
        while data := c.recv(65536):
            held += change(data) if change else data
            n = len(held) - kept_back
            c.sendall(held[:max(n, 0)])
            held = held[max(n, 0):]
    return serve


def characters(lines=lambda k: chargen(100, k), waits=False, ends=False):
    def serve(c):
        if waits:
            c.recv(1)
        if ends and select.select([c], [], [], 1)[0]:
            c.sendall(lines(0)[:74])
            return
        c.setblocking(False)
        rest = b""
        for k in range(0, 10**6, 100):
            rest += lines(k)
            while rest:
                try:
                    rest = rest[c.send(rest):]
                except BlockingIOError:
                    time.sleep(0.001)
    return serve


def line_of(c, most=512):
    """A request's line; None: there was none."""
    line = b""
    while not line.endswith(b"\n") and len(line) < most:
        data = c.recv(4096)
        if not data:
            return None
        line += data
    return line.strip().decode() if line.endswith(b"\n") else None


NAMES = {"FOO": "ERR : ILLCOM : Illegal command :", "HNAME": "ERR : NAMNFD : Name not found :",
         "HADDR": "ERR : ADRNFD : Address not found :", "VERSION": "VERSION : 1"}
MUX = {"HELP": "echo\r\ntime"}


def table(answers, other, read=line_of, fold=str.upper, end="\r\n", ends=True):
    """Answers a line by its first word."""
    def serve(c):
        line = read(c) or ""
        c.sendall((answers.get(fold(line.split(" ")[0]), other) + end).encode())
        if ends:
            c.shutdown(socket.SHUT_WR)
        drain(c)
    return serve


def hostname(changed=None, **how):
    return table({**NAMES, **(changed or {})}, NAMES["FOO"], **how)


def mux(changed=None, other="-No", **how):
    return table({**MUX, **(changed or {})}, other, **how)


def one_piece(c):
    return c.recv(4096).strip().decode()


RIGHT_STREAM = {
    "echo": echo(), "discard": drain, "daytime": say(DAYTIME), "time": say(now), "chargen": characters(),
    "qotd": say(b"Less is more.\r\n"), "hostname": hostname(), "tcpmux": mux(), "info": say(b"{}\n"),
}


WRONG_STREAM = {
    "echo-tcp-same": echo(change=lambda data: data.replace(b"\x07", b"\x08") if len(data) > 100 else data),
    "echo-tcp-half-close": echo(kept_back=10),
    "echo-tcp-urgent": echo(inline=False),
    "discard-tcp-silent": lambda c: (c.sendall(b"thanks"), drain(c)),
    "daytime-tcp-line": say(b"12:49:52\r\nof a Sunday\r\n"),
    "daytime-tcp-ends": lambda c: (c.sendall(DAYTIME), drain(c)),
    "daytime-tcp-input": lambda c: (c.sendall(DAYTIME), c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)),
    "time-tcp-length": say(lambda: now() + bytes(4)),
    "time-tcp-epoch": say(lambda: struct.pack("<I", (int(time.time()) + SINCE_1900) % 2**32)),
    "time-tcp-ends": lambda c: (c.sendall(now()), drain(c)),
    "time-tcp-input": lambda c: c.sendall(now()),
    "chargen-tcp-unasked": characters(waits=True),
    "chargen-tcp-pattern": characters(lines=lambda k: DAYTIME * 100),
    "chargen-tcp-input": characters(ends=True),
    "qotd-tcp-length": say(b"x" * 512),
    "qotd-tcp-characters": say(b"more\0"),
    "qotd-tcp-ends": lambda c: (c.sendall(b"Less.\r\n"), drain(c)),
    "qotd-tcp-input": lambda c: c.sendall(b"Less.\r\n"),
    "hostname-tcp-command": table({**NAMES, "FOO": "WHAT?"}, NAMES["FOO"]),
    "hostname-tcp-ends": hostname(ends=False),
    "hostname-tcp-split": hostname(read=one_piece),
    "hostname-tcp-name": hostname({"HNAME": "HOST : 192.0.2.1 : SPY :"}),
    "hostname-tcp-address": hostname({"HADDR": "ERR : NAMNFD : Name not found :"}),
    "hostname-tcp-case": hostname(fold=str),
    "hostname-tcp-no-line": hostname(read=lambda c: line_of(c, 10**6)),
    "tcpmux-tcp-unknown": mux(end="\n"),
    "tcpmux-tcp-ends": mux(ends=False),
    "tcpmux-tcp-help": mux({"HELP": "-No"}),
    "tcpmux-tcp-split": mux(read=one_piece),
    "info-tcp-object": say(b"{"),
    "info-tcp-ends": lambda c: (c.sendall(b"{}"), drain(c)),
}


def audit_tcp(service, serve):
    def careful(c):
        try:
            serve(c)
        except OSError:
            pass
    with probe.StreamServer(careful) as s:
        port = s.address.rpartition(":")[2]
        return probe.run_json("audit", "127.0.0.1", "-T", "-p", f"{service}={port}", "-i", "20ms", "-W", 3)


class OverTcp(Case):
    def test_who_is_right_is_not_accused(self):
        for service, done in self.all(lambda service: audit_tcp(service, RIGHT_STREAM[service]), list(RIGHT_STREAM)):
            with self.subTest(service):
                self.check_right(done)

    def test_the_one_rule_that_a_server_breaks_is_reported(self):
        for rule, done in self.all(lambda rule: audit_tcp(rule.split("-")[0], WRONG_STREAM[rule]), list(WRONG_STREAM)):
            with self.subTest(rule):
                self.check_broken(rule, done)


if __name__ == "__main__":
    harness.main()
