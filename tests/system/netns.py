# SPDX-License-Identifier: MIT
"""For test files in namespaces of their own: files of /etc replaced, a second host at a cable, good and bad name servers."""

import atexit
import ctypes
import os
import socket
import struct
import subprocess
import threading
import time

from daemon import TIMEOUT_S

CLONE_NEWNET = 0x40000000


def ip(*words):
    subprocess.run(["ip", *words], check=True, close_fds=False)


def replace(path, text, folder):
    """Puts a file of ours over one of the system's, for this mount namespace alone; again: another text."""
    mine = os.path.join(folder, "over" + path.replace("/", "-"))
    new = not os.path.exists(mine)
    with open(mine, "w") as f:
        f.write(text)
    if new:
        os.chmod(mine, 0o644)
        subprocess.run(["mount", "--bind", mine, os.path.realpath(path)], check=True)


class OtherHost:
    """A second network namespace, with a cable (veth) to this one: NAME here, "eth0" there."""

    def __init__(self, name, here=(), there=()):
        self._name, self._ready, self._over = name, threading.Event(), threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()
        self._ready.wait()
        ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", f"/proc/self/fd/{self.fd}")
        self.run("ip", "link", "set", "lo", "up")
        listed = self.run("ip", "-o", "link", "show", "eth0", stdout=subprocess.PIPE, text=True).stdout
        self.scope = int(listed.partition(":")[0])  # of link-local addresses, seen from there
        for command, addresses, device in ((ip, here, name), (lambda *words: self.run("ip", *words), there, "eth0")):
            for address in addresses:
                command("address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))
            command("link", "set", device, "up")
        # The kernel adds what a link that is up has by itself a moment later.
        own = ("ip", "-6", "route", "show", "table", "all", "ff00::/8", "dev", "eth0")
        while not self.run(*own, stdout=subprocess.PIPE).stdout:
            time.sleep(0.01)

    def _keep(self):
        # unshare() is this thread's alone; the descriptor keeps the namespace.
        ctypes.CDLL(None).unshare(CLONE_NEWNET)
        self.fd = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        os.set_inheritable(self.fd, True)
        self._ready.set()
        self._over.wait()

    def run(self, *words, **options):
        return subprocess.run(["nsenter", f"--net=/proc/self/fd/{self.fd}", *words], check=True, close_fds=False, **options)

    def socket(self, family, kind):
        """A socket that lives there."""
        made = []

        def make():
            ctypes.CDLL(None).setns(self.fd, CLONE_NEWNET)
            made.append(socket.socket(family, kind))
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        made[0].settimeout(TIMEOUT_S)
        return made[0]

    def close(self):
        ip("link", "del", self._name)
        self._over.set()
        self._keeper.join()
        os.close(self.fd)


class Dnsmasq:
    """A real name server on 127.0.0.1 with the zone that `arguments` say."""

    def __init__(self, *arguments):
        own = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1",
               "--bind-interfaces", "--user=root", "--pid-file", "--log-facility=-"]
        self.process = subprocess.Popen(["dnsmasq", *own, *arguments], stderr=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        line = self.process.stderr.readline()
        if "started" not in line:
            raise AssertionError(f"dnsmasq does not start: {line}{self.process.stderr.read()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT_S)
        self.process.stderr.close()


def labels(*parts):
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


class BadServer(threading.Thread):
    """A name server on an own address that fails in the way that the first label of a question asks for."""

    PTR, CNAME = 12, 5
    NAMES = {b"1": labels(b"evil\n\x1b[31m", b"test"), b"2": labels(b"x" * 63, b"x" * 63, b"x" * 63, b"x" * 61),
             b"3": labels(b"a:b", b"test"), b"4": labels(b"has space", b"test"), b"5": labels(b"nul\0nul", b"test")}

    def __init__(self, address):
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self.start()

    def run(self):
        while True:
            data, peer = self._socket.recvfrom(4096)
            if answer := self.answer(data):
                self._socket.sendto(answer, peer)

    def answer(self, data):
        first = data[13:13 + data[12]].lower()
        question = data[12:data.index(b"\0", 12) + 5]

        def reply(code, *records):
            head = data[:2] + struct.pack(">HHHHH", 0x8480 | code, 1, len(records), 0, 0)
            body = (b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1, len(text)) + text for kind, text in records)
            return head + question + b"".join(body)
        if first == b"silent":
            return None
        if first == b"servfail":
            return reply(2)
        if first == b"refused":
            return reply(5)
        if first == b"loop":
            return reply(0, (self.CNAME, b"\xc0\x0c"))
        if first == b"garbage":
            return data[:2] + b"\x84\x80" + b"\xff" * 40
        if first in self.NAMES:
            return reply(0, (self.PTR, self.NAMES[first]))
        return reply(0)
