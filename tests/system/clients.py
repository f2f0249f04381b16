# SPDX-License-Identifier: MIT
"""What a client does with a socket: short functions shared by the tests."""

import random
import select
import socket
import struct
import threading

CHUNK = 65536
# Of the ports that the kernel gives to clients, those that are taken for a server's.
SERVERS = [33848, 37810, 47808]


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(("::1", 0))
    except OSError:
        return False
    return True


def datagram_socket(family=socket.AF_INET, host="", make=socket.socket):
    """A socket of UDP whose port is not taken for a server's."""
    while True:
        s = make(family, socket.SOCK_DGRAM)
        s.bind((host, 0))
        if s.getsockname()[1] not in SERVERS:
            return s
        s.close()


def pattern(n, seed=1):
    """n bytes that repeat nowhere near, the same for the same seed."""
    return random.Random(seed).randbytes(n)


def recv_exactly(s, n):
    """n bytes, or fewer if the end comes first."""
    parts = bytearray()
    while len(parts) < n:
        part = s.recv(min(CHUNK, n - len(parts)))
        if not part:
            break
        parts += part
    return bytes(parts)


def recv_all(s):
    """Everything up to the end; a reset is an exception."""
    parts = bytearray()
    while part := s.recv(CHUNK):
        parts += part
    return bytes(parts)


def recv_until_over(s):
    """Everything up to the end, however it comes: (bytes, "eof" or "reset")."""
    parts = bytearray()
    try:
        while part := s.recv(CHUNK):
            parts += part
    except (ConnectionResetError, BrokenPipeError):
        return bytes(parts), "reset"
    return bytes(parts), "eof"


def recv_line(s):
    """One line with its LF, byte by byte so that nothing behind it is taken."""
    line = bytearray()
    while not line.endswith(b"\n"):
        part = s.recv(1)
        if not part:
            break
        line += part
    return bytes(line)


def ask(s, data):
    """A datagram and its answer; or a request and everything up to the end, where s is a stream."""
    s.send(data)
    if s.type == socket.SOCK_STREAM:
        return recv_all(s)
    return s.recv(CHUNK)


def echo(s, data):
    """Sends data on a stream and returns as many bytes back; for what fits the buffers."""
    s.sendall(data)
    return recv_exactly(s, len(data))


def serves(s):
    """True if this session is echoed to."""
    return echo(s, b"are you there") == b"are you there"


def is_refused(connect):
    """True if connect() leads to a session that the server ends without a byte; the reset may come before it returns."""
    try:
        return recv_until_over(connect())[0] == b""
    except (ConnectionResetError, BrokenPipeError):
        return True


def is_served(connect):
    """True if connect() leads to a session that is echoed to, and ends it; false if it is refused."""
    try:
        with connect() as s:
            return serves(s)
    except (ConnectionResetError, BrokenPipeError):
        return False


def is_closed(connect):
    """True if nobody listens where connect() goes. Who came in the last moment is reset: that is not closed yet."""
    try:
        connect().close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False
    return False


def has_nothing(s):
    """True if nothing has arrived yet. Only after an event that would have come later."""
    return not select.select([s], [], [], 0)[0]


def reset(s):
    """The rude end: RST instead of FIN."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def send_until_stuck(s, data, stuck_s=0.5):
    """Sends until nobody takes more for stuck_s; returns how many bytes went."""
    s.setblocking(False)
    sent = 0
    while sent < len(data) and select.select([], [s], [], stuck_s)[1]:
        sent += s.send(data[sent:sent + CHUNK])
    s.settimeout(30)
    return sent


class Sender(threading.Thread):
    """Sends in the background what does not fit the buffers, then closes the direction."""

    def __init__(self, s, data, half_close=True):
        super().__init__(daemon=True)
        self._s, self._data, self._half_close = s, data, half_close
        self.error = None
        self.start()

    def run(self):
        try:
            self._s.sendall(self._data)
            if self._half_close:
                self._s.shutdown(socket.SHUT_WR)
        except OSError as e:
            self.error = e
