# SPDX-License-Identifier: MIT
"""Paths with routers, and servers of echo and time behind them, for the tests of echoprobe mtu."""

import socket
import struct
import threading

import harness
import netns
import probe

WAIT_S = 120  # a search that nobody helps, on a machine that has much to do
HEADERS = (28, 48)
TIME = struct.pack(">I", 4000000000)


class Servers:
    """Echo and time of a host, over both families; each packet k of `lost` goes nowhere."""

    def __init__(self, host, truncate=65536, lost=lambda k: False, services=(7, 37)):
        self.sockets, self.threads, self.seen = [], [], threading.Event()
        for family in (socket.AF_INET, socket.AF_INET6):
            for port in services:
                s = host.socket(family, socket.SOCK_DGRAM)
                s.settimeout(None)
                if family == socket.AF_INET6:
                    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                s.bind(("", port))
                self.sockets.append(s)
                self.threads.append(threading.Thread(target=self.serve, args=(s, port, truncate, lost), daemon=True))
                self.threads[-1].start()

    def serve(self, s, port, truncate, lost):
        k = 0
        while True:
            try:
                data, peer = s.recvfrom(65536)
                if data == b"stop":
                    return
                self.seen.set()
                if not lost(k):
                    s.sendto(data[:truncate] if port == 7 else TIME, peer)
                k += 1
            except OSError:
                pass  # an ICMP error that came, or an answer that is larger than the route is known to take

    def stop(self, host, addresses):
        for s in self.sockets:
            with host.socket(s.family, socket.SOCK_DGRAM) as stop:
                stop.sendto(b"stop", (addresses[s.family == socket.AF_INET6], s.getsockname()[1]))
        for thread in self.threads:
            thread.join()
        for s in self.sockets:
            s.close()


class Routed(harness.Case):
    def setUp(self):
        super().setUp()
        self.paths = 0

    def path(self, forward=1500, backward=1500, **servers):
        self.paths += 1
        path = netns.RoutedHost(self.paths, forward, backward)
        self.addCleanup(path.close)
        running = Servers(path.host, **servers)
        self.addCleanup(running.stop, path.host, path.addresses)
        path.seen = running.seen
        return path

    def find(self, path, *words, families=(0, 1)):
        """Starts the search over each family."""
        return [probe.start("mtu", path.addresses[i], "--format", "json", *words) for i in families]

    def assert_found(self, processes, forward, backward, **others):
        for process in processes:
            done = probe.wait(process, WAIT_S)
            found = done.document["mtu"]
            self.assertEqual((done.code, done.err), (0, ""))
            family = ":" in done.document["target"]["address"]
            payload = min(forward, backward) - HEADERS[family]
            expected = {"forward_bytes": forward, "backward_bytes": backward, "payload_bytes": payload, "interface_bytes": 1500,
                        "blackhole": [], **others}
            self.assertEqual({**found, **expected}, found)
            packets = done.packets
            self.assertEqual(packets["sent"], packets["received"] + packets["lost"])
