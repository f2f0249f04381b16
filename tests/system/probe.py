# SPDX-License-Identifier: MIT
"""echoprobe run to its end, and servers that treat its packets in a way that the test knows."""

import json
import os
import socket
import struct
import subprocess
import threading

from daemon import TIMEOUT_S

PROBE = os.path.join(os.environ.get("top_builddir", "."), "echoprobe")
NUMBER = struct.Struct(">4s4sIHH")  # magic, run, number, flow, version
HEADER = 24


class Done:
    """How a run ended: exit code, report, and what was said on standard error."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def document(self):
        return json.loads(self.out)

    @property
    def packets(self):
        return self.document["total"]["packets"]


def start(*words, **options):
    return subprocess.Popen([PROBE, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **options)


def wait(process, timeout_s=TIMEOUT_S):
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"echoprobe does not end: {out}{err}") from None
    return Done(process.returncode, out, err)


def run(*words, **options):
    """Runs it as it is."""
    return wait(start(*words, **options))


def run_json(*words, **options):
    """Runs it for its document."""
    return run(*words, "--format", "json", **options)


class Server(threading.Thread):
    """An echo server over UDP on 127.0.0.1 that treats packet k as `treatment[k]` says: the name of a method."""

    def __init__(self, treatment=None, host="127.0.0.1", other="127.0.0.2", port=0):
        super().__init__(daemon=True)
        self.treatment, self.held, self.seen, self.changed = treatment or {}, {}, 0, threading.Condition()
        self.socket, self.other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.socket.bind((host, port))
        self.port = self.socket.getsockname()[1]
        self.other.bind((other, self.port))
        self.address = f"{host}:{self.port}"
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"stop", self.socket.getsockname())
        self.join()
        self.socket.close()
        self.other.close()

    def run(self):
        while True:
            data, peer = self.socket.recvfrom(65536)
            if data == b"stop":
                return
            number = NUMBER.unpack_from(data)[2] if len(data) >= HEADER else self.seen
            self.count(data)
            treat = self.treatment.get(number, "answer")
            getattr(self, treat)(data, peer, number)
            for held in self.held.pop(number, []):
                self.socket.sendto(held, peer)
            with self.changed:
                self.seen += 1
                self.changed.notify_all()

    def count(self, data):
        """For those that want to know what came."""

    def wait_seen(self, n):
        with self.changed:
            if not self.changed.wait_for(lambda: self.seen >= n, TIMEOUT_S):
                raise AssertionError(f"{self.seen} packets came, not {n}")

    def answer(self, data, peer, _number):
        self.socket.sendto(data, peer)

    def drop(self, _data, _peer, _number):
        pass

    def double(self, data, peer, _number):
        self.socket.sendto(data, peer)
        self.socket.sendto(data, peer)

    def corrupt(self, data, peer, _number):
        self.socket.sendto(data[:-1] + bytes([data[-1] ^ 0x10]), peer)

    def corrupt_header(self, data, peer, _number):
        """A bit of the number: the header no longer says which packet it is."""
        self.socket.sendto(data[:9] + bytes([data[9] ^ 0x04]) + data[10:], peer)

    def truncate(self, data, peer, _number):
        self.socket.sendto(data[:-10], peer)

    def lengthen(self, data, peer, _number):
        self.socket.sendto(data + b"more", peer)

    def elsewhere(self, data, peer, _number):
        self.other.sendto(data, peer)

    def strange(self, data, peer, _number):
        """The answer, and a datagram that answers nothing."""
        self.socket.sendto(data, peer)
        self.socket.sendto(os.urandom(len(data)), peer)

    def overtaken(self, data, _peer, number):
        """Answered when the one after it was."""
        self.held.setdefault(number + 1, []).append(data)

    def late(self, data, _peer, number):
        self.held.setdefault(number + LATE_BY, []).append(data)


LATE_BY = 75  # packets


class StreamServer(threading.Thread):
    """A server over TCP on 127.0.0.1 that gives each connection to a function, and closes it behind that."""

    def __init__(self, serve):
        super().__init__(daemon=True)
        self.serve = serve
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "%s:%d" % self.socket.getsockname()
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.join()
        self.socket.close()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.serve(connection)
