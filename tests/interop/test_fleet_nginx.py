# SPDX-License-Identifier: MIT
"""Three daemons behind a real nginx for UDP, as conf/examples/fleet has it: one upgraded and one killed under load."""

import json
import os
import signal
import socket
import threading

import fleet  # first: it knows where tests/system is
import harness
import netns
import peers

REST = b"x" * 200
MORE = 50  # questions
# Sources of questions beside those that all tests have; so many that no member is nobody's.
SOURCES = [f"198.51.100.{n}" for n in range(100, 160)]


def answered(s, number):
    """Whether the echo of this number comes; earlier ones may come late."""
    data = number.to_bytes(8, "big") + REST
    s.send(data)
    try:
        while s.recv(4096) != data:
            pass
    except socket.timeout:
        return False
    return True


class Asker(threading.Thread):
    """One client that asks echo again and again from one port."""

    def __init__(self, s, over):
        super().__init__(daemon=True)
        self._socket, self._over = s, over
        self.answered, self.lost = 0, 0
        self.start()

    def run(self):
        while not self._over.is_set():
            if answered(self._socket, self.answered + self.lost):
                self.answered += 1
            else:
                self.lost += 1


@peers.needs("libnginx-mod-stream", "nginx")
@peers.needs("nftables", "nft")
class Behind(fleet.Case):
    def setUp(self):
        super().setUp()
        self.serve_all("defaults.udp_rate=none")
        env = peers.environment("nftables")
        self.balancer.run("sh", fleet.path("nginx-routes.sh"),
                          env={**env, "PATH": f"{os.path.dirname(peers.path('nftables', 'nft'))}:{env['PATH']}"})
        self.file = self.folder / "nginx.conf"
        self.write(fleet.example("nginx.conf"))
        self.over = threading.Event()
        self.addCleanup(self.over.set)
        self.nginx = self.balance("libnginx-mod-stream", ["-g", "daemon off;", "-c", self.file], "nginx")
        self.wait_until(self.is_open, "nginx listens")

    def write(self, text):
        self.folder.write("nginx.conf", fleet.nginx(text, self.folder.path))

    def is_open(self):
        self.assertIsNone(self.nginx.poll())
        try:
            return answered(self.socket(fleet.CLIENTS[0], timeout_s=0.5), 1)
        except ConnectionRefusedError:
            return False

    def socket(self, source, port=fleet.ECHO, timeout_s=harness.TIMEOUT_S):
        s = self.connect(source, port, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.settimeout(timeout_s)
        return s

    @staticmethod
    def info(s):
        """What info answers; nothing: a first datagram is lost where its host is yet to be found, which takes IPv6 a second here."""
        s.send(b" " * 1000)
        try:
            return s.recv(4096)
        except socket.timeout:
            return b""

    def load(self, timeout_s):
        """A client that asks for each member, by its name."""
        found = {}
        for source in SOURCES:
            netns.ip("address", "replace", f"{source}/24", "dev", "balancer")
            before = [m.answers() for m in self.members]
            self.assertTrue(answered(self.socket(source), 1))
            name, = (m.name for m, n in zip(self.members, before) if m.answers() > n)
            found.setdefault(name, source)
            if len(found) == len(self.members):
                break
        askers = {name: Asker(self.socket(source, timeout_s=timeout_s[name]), self.over) for name, source in found.items()}
        self.assertEqual(len(askers), len(self.members))
        return askers

    def wait_for_more(self, askers):
        begun = [a.answered for a in askers]
        self.wait_until(lambda: all(a.answered > n + MORE for a, n in zip(askers, begun)), "more is answered")

    def reload(self):
        """Until the workers of before, which end with their last session, are gone."""
        children = f"/proc/{self.nginx.pid}/task/{self.nginx.pid}/children"

        def workers():
            with open(children, encoding="ascii") as f:
                return set(f.read().split())
        before = workers()
        self.nginx.send_signal(signal.SIGHUP)
        self.wait_until(lambda: (now := workers()) and not now & before, "new workers of nginx")

    def end(self, askers):
        self.over.set()
        for a in askers:
            a.join()

    def test_each_client_is_seen_by_its_own_address_and_port(self):
        for source in fleet.CLIENTS:
            s = self.socket(source, fleet.INFO, timeout_s=1)
            said = json.loads(self.wait_until(lambda: self.info(s), "info answers"))
            self.assertEqual((said["client"], said["client_port"]), s.getsockname()[:2])

    def test_a_member_is_taken_out_upgraded_and_brought_back(self):
        a, text = self.members[0], fleet.example("nginx.conf")
        askers = self.load(dict.fromkeys("abc", 5))
        self.write(fleet.replaced(text, ("192.168.7.11:7;", "192.168.7.11:7 down;")))
        self.reload()
        self.wait_for_more(askers.values())
        before = a.answers()
        self.wait_for_more(askers.values())
        self.assertEqual(a.answers(), before)
        a.upgrade()
        self.write(text)
        self.reload()
        self.wait_for_more(askers.values())
        self.assertGreater(a.answers(), before)
        self.end(askers.values())
        # nginx itself drops what is under way at each of its reloads: of each client one.
        self.assertLessEqual(max(x.lost for x in askers.values()), 2)

    def test_an_upgrade_of_all_in_their_places_loses_no_datagram(self):
        askers = self.load(dict.fromkeys("abc", harness.TIMEOUT_S))
        for m in self.members:
            m.upgrade()
            self.wait_for_more(askers.values())
        self.end(askers.values())
        self.assertEqual([x.lost for x in askers.values()], [0, 0, 0])

    def test_a_member_that_is_killed_takes_its_own_clients_answers_along_until_another_has_them(self):
        askers = self.load({"a": 0.2, "b": harness.TIMEOUT_S, "c": harness.TIMEOUT_S})
        self.wait_for_more(askers.values())
        self.members[0].kill()
        self.wait_for_more(askers.values())
        self.end(askers.values())
        self.assertEqual([askers[name].lost for name in "bc"], [0, 0])


if __name__ == "__main__":
    harness.main(namespace=True)
