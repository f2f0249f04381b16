# SPDX-License-Identifier: MIT
"""The clients under which chaos is made. A session may be lost; an octet that is not the one that was sent may not be."""

import contextlib
import json
import os
import random
import socket
import subprocess
import threading

import clients
import probe

PATIENCE_S = 20  # a worker that was stopped is killed within that
SHOWN = 200


class Wrong(Exception):
    """Octets that should not have come."""


class Witness(threading.Thread):
    """Asks again and again. lost: sessions and datagrams that came to nothing; wrong: what must not be."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        self.chance, self.over = random.Random(seed), threading.Event()
        self.sessions, self.octets, self.lost, self.wrong = 0, 0, 0, []
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                self.once()
                self.sessions += 1
            except Wrong as e:
                self.wrong.append(f"{type(self).__name__}: {e}")
            except OSError:
                self.lost += 1
                self.over.wait(0.01)

    def once(self):
        raise NotImplementedError

    def stop(self):
        self.over.set()

    def same(self, got, sent):
        """got is the beginning of sent."""
        self.octets += len(got)
        if got != sent[:len(got)]:
            raise Wrong(f"{got[:SHOWN]!r} in place of {sent[:SHOWN]!r}")


class Stream(Witness):
    """Echo over connections of any length, half-closed, reset or left in the midst of it."""

    def __init__(self, seed, connect):
        self.connect = connect
        super().__init__(seed)

    def once(self):
        with contextlib.closing(self.connect()) as s:
            s.settimeout(PATIENCE_S)
            for _ in range(self.chance.choice((1, 1, 5, 20))):
                data = self.chance.randbytes(self.chance.choice((1, 100, 5000, 60000)))
                sender = clients.Sender(s, data, half_close=False)
                back = clients.recv_exactly(s, len(data))
                self.same(back, data)
                sender.join()
                if len(back) < len(data):
                    raise ConnectionResetError
                if self.over.wait(self.chance.random() * 0.02):
                    break
            end = self.chance.randrange(4)
            if end == 0:
                clients.reset(s)
            elif end == 1:
                data = self.chance.randbytes(3000)
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                self.same(clients.recv_until_over(s)[0], data)


class Datagrams(Witness):
    """Echo over datagrams: what comes back was sent."""

    def __init__(self, seed, connect):
        self.s = None
        self.connect, self.sent = connect, {}
        super().__init__(seed)

    def once(self):
        self.s = self.s or self.connect()
        self.s.settimeout(0.2)
        data = self.sessions.to_bytes(8, "big") + self.lost.to_bytes(8, "big") + \
            self.chance.randbytes(self.chance.choice((0, 50, 1300)))
        self.sent[data[:16]] = data
        while len(self.sent) > 1000:
            self.sent.pop(next(iter(self.sent)))
        self.s.send(data)
        back = self.s.recv(65536)
        if len(back) < 16 or back[:16] not in self.sent or back != self.sent[back[:16]]:
            raise Wrong(f"{back[:SHOWN]!r} was not sent")
        self.octets += len(back)
        self.over.wait(0.005)


class Chargen(Witness):
    """The pattern of RFC 864: lines of 72, each beginning one further."""

    def __init__(self, seed, connect):
        self.connect = connect
        super().__init__(seed)

    def once(self):
        with contextlib.closing(self.connect()) as s:
            s.settimeout(PATIENCE_S)
            took, ring = clients.recv_exactly(s, self.chance.choice((10, 1000, 50000))), bytes(range(32, 127))
            if not took:
                raise ConnectionResetError
            at = ring.index(took[:1])
            lines = range(at, at + len(took) // 74 + 1)
            self.same(took, b"".join(bytes(ring[(n + i) % 95] for i in range(72)) + b"\r\n" for n in lines))


class Lookups(Witness):
    """hostname: an answer, or none."""

    def __init__(self, seed, connect):
        self.connect = connect
        super().__init__(seed)

    def once(self):
        with contextlib.closing(self.connect()) as s:
            s.settimeout(PATIENCE_S)
            s.sendall(b"HNAME localhost\r\n")
            said = clients.recv_until_over(s)[0]
        if said and not said.startswith((b"HOST : ", b"ERR : ")):
            raise Wrong(f"{said!r}")
        if not said:
            raise ConnectionResetError
        self.octets += len(said)
        self.over.wait(0.05)


class Probe(Witness):
    """echoprobe, which looks at every octet itself."""

    def __init__(self, seed, *words):
        self.words = words
        super().__init__(seed)

    def once(self):
        run = subprocess.run([probe.PROBE, *self.words, "-d", "2s", "-i", "20ms", "-s", "300", "-W", "1s", "-J"],
                             check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if run.returncode < 0:
            raise Wrong(f"echoprobe ended by signal {-run.returncode}")
        if not run.stdout:
            raise ConnectionResetError
        packets = json.loads(run.stdout)["total"]["packets"]
        for what in ("corrupted", "truncated", "lengthened", "other_address", "unrelated"):
            if packets[what]:
                raise Wrong(f"echoprobe: {what}: {packets}")
        self.octets += packets["received"] * 300


def all_of(d, seed, own):
    """Witnesses of every listener."""
    def tcp(name):
        return lambda: socket.create_connection(d.address(name), PATIENCE_S)

    def path():
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(PATIENCE_S)
        s.connect(d.address("path", "unix"))
        return s

    def gram():
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind(f"\0{own}")
        s.connect(d.address("gram", "unixgram"))
        return s

    def udp():
        s = clients.datagram_socket(host="127.0.0.1")
        s.connect(d.address("u", "udp"))
        return s
    where = "%s:%d" % d.address("u", "udp")
    made = [Stream(seed, tcp("echo")), Stream(seed + 1, tcp("echo")), Stream(seed + 2, path), Datagrams(seed + 3, udp),
            Datagrams(seed + 4, gram), Chargen(seed + 5, tcp("chargen")), Lookups(seed + 6, tcp("hostname")),
            Probe(seed + 7, where), Probe(seed + 8, "-T", "%s:%d" % d.address("echo"))]
    return made


if not os.access(probe.PROBE, os.X_OK):
    raise SystemExit(f"no echoprobe at {probe.PROBE}")
