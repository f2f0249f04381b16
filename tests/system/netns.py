# SPDX-License-Identifier: MIT
"""For test files in namespaces of their own: files of /etc replaced, a second host at a cable, good and bad name servers."""

import atexit
import contextlib
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
        self.end()

    def end(self):
        """Without the cable, which is elsewhere."""
        self._over.set()
        self._keeper.join()
        os.close(self.fd)


class RoutedHost:
    """A host behind a router: 10.(100 + n).0.1 and fd00:(100 + n)::1, with the MTU of a route each way. Further ones by other n."""

    def __init__(self, n, forward=1500, backward=1500):
        near, far = f"10.{n}.0", f"10.{100 + n}.0"
        near6, far6 = f"fd00:{n}:", f"fd00:{100 + n}:"
        self.addresses = (f"{far}.1", f"{far6}:1")
        self.router_addresses = (f"{near}.254", f"{near6}:fe")
        self.router = OtherHost(f"near{n}", here=[f"{near}.1/24", f"{near6}:1/64"], there=[f"{near}.254/24", f"{near6}:fe/64"])
        self.host = OtherHost(f"far{n}", there=[f"{far}.1/24", f"{far6}:1/64"])
        ip("link", "set", f"far{n}", "netns", f"/proc/self/fd/{self.router.fd}")
        self.router.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for address in (f"{far}.254/24", f"{far6}:fe/64"):
            self.router.run("ip", "address", "add", address, "dev", f"far{n}", *(["nodad"] if ":" in address else []))
        self.router.run("ip", "link", "set", f"far{n}", "up")
        for family, gateway, there, back in ((("-4",), near, far, far), (("-6",), near6, far6, far6)):
            end = ".254" if "-4" in family else ":fe"
            ip(*family, "route", "add", there + (".0/24" if "-4" in family else ":/64"), "via", gateway + end)
            self.host.run("ip", *family, "route", "add", "default", "via", back + end)
        lock = {".": ["lock"], ":": []}
        for device, address, mtu in ((f"far{n}", far + ".1", forward), (f"far{n}", far6 + ":1", forward),
                                     ("eth0", near + ".1", backward), ("eth0", near6 + ":1", backward)):
            kind = ":" if ":" in address else "."
            self.router.run("ip", "-6" if kind == ":" else "-4", "route", "add", address, "dev", device, "mtu", *lock[kind],
                            str(mtu))
        self._near = (f"{near}.1", f"{near6}:1")

    def silence(self):
        """From now on the router says nothing of what it cannot forward."""
        for address in (*self._near, *self.addresses):
            v6 = ":" in address
            self.router.run("ip", "-6" if v6 else "-4", "rule", "add", "ipproto", "ipv6-icmp" if v6 else "icmp", "to", address,
                            "blackhole")

    def refuse_fragments(self):
        """The host behind puts no fragments together any more."""
        self.host.run("sysctl", "-q", "-w", *FRAGMENTS_REFUSED)

    def close(self):
        self.router.close()  # with the cable behind it, as its namespace ends
        self.host.end()


@contextlib.contextmanager
def fragments_refused():
    """Nor does this one, for a while."""
    names = [words.partition("=")[0] for words in FRAGMENTS_REFUSED]
    before = subprocess.run(["sysctl", "-n", *names], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    subprocess.run(["sysctl", "-q", "-w", *FRAGMENTS_REFUSED], check=True)
    try:
        yield
    finally:
        # The high ones first: none is below its low one.
        subprocess.run(["sysctl", "-q", "-w", *reversed([f"{n}={v}" for n, v in zip(names, before)])], check=True)


FRAGMENTS_REFUSED = [f"net.{kind}frag_{end}_thresh=0" for kind in ("ipv4.ip", "ipv6.ip6") for end in ("low", "high")]


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
