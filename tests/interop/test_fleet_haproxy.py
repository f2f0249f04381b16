# SPDX-License-Identifier: MIT
"""Three daemons behind a real HAProxy, as conf/examples/fleet has it: one taken out and upgraded, one killed, under load."""

import re
import socket
import threading

import fleet  # first: it knows where tests/system is
import clients
import harness
import peers

KEPT = 12  # sessions that last


@peers.needs("haproxy")
class Behind(fleet.Case):
    def setUp(self):
        super().setUp()
        self.serve_all()
        self.admin = self.folder / "admin.sock"
        self.text = fleet.replaced(fleet.example("haproxy.cfg"), ("/run/haproxy/admin.sock", self.admin))
        self.haproxy = self.balance("haproxy", ["-db", "-f", self.folder.write("haproxy.cfg", self.text)])
        self.wait_until(self.is_open, "HAProxy listens")
        self.over = threading.Event()
        self.addCleanup(self.over.set)

    def is_open(self):
        self.assertIsNone(self.haproxy.poll())
        try:
            return clients.serves(self.connect(fleet.CLIENTS[0]))
        except ConnectionRefusedError:
            return False

    def tell(self, command):
        """What HAProxy answers on its admin socket."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(harness.TIMEOUT_S)
            s.connect(self.admin)
            s.sendall(command.encode() + b"\n")
            return clients.recv_all(s).decode()

    def state(self, name):
        """Whether HAProxy takes a member for one that serves: "UP", "DOWN", "DRAIN"."""
        rows = [line.split(",") for line in self.tell("show stat").splitlines()]
        return next(row[rows[0].index("status")] for row in rows[1:] if row[:2] == ["echo", name]).split()[0]

    def load(self):
        """Sessions that last, dealt over all members, and clients that come and go."""
        kept = [self.connect(fleet.CLIENTS[i % len(fleet.CLIENTS)]) for i in range(KEPT)]
        self.assertTrue(all(clients.serves(s) for s in kept))
        comers = [fleet.Comer(lambda source=source: self.connect(source), self.over) for source in fleet.CLIENTS]
        return kept, comers

    def test_each_client_is_seen_by_its_own_address_by_whichever_member(self):
        met = {m.name: set() for m in self.members}
        for _ in self.members:
            for source in fleet.CLIENTS:
                s = self.connect(source, fleet.INFO)
                s.sendall(b"{}\n")
                said = clients.recv_line(s).decode()
                self.assertIn(f'"{source}"', said)
                self.assertIn(f":{s.getsockname()[1]},", said)
                met[re.search(r'"host":"(\w)"', said)[1]].add(source)
        self.assertTrue(all(met.values()), met)

    def test_a_member_is_taken_out_upgraded_and_brought_back_without_a_failed_session(self):
        a, *others = self.members
        kept, comers = self.load()
        ours = a.sessions() & {fleet.name_of(s) for s in kept}
        self.assertTrue(ours)
        self.tell("set server echo/a state drain")
        self.assertEqual(self.state("a"), "DRAIN")
        self.assertTrue(all(clients.serves(s) for s in kept))
        for s in kept:
            if fleet.name_of(s) in ours:
                s.close()
        self.wait_until(lambda: not a.sessions(), "sessions of a have ended")
        begun = [c.sessions for c in comers]
        a.upgrade()
        self.wait_until(lambda: all(c.sessions > n for c, n in zip(comers, begun)), "others are served meanwhile")
        line, _ = a.daemon.mark()
        self.tell("set server echo/a state ready")
        a.daemon.wait_log("session listener=echo .*peer=198", since=line)
        self.over.set()
        for c in comers:
            c.join()
        self.assertEqual([c.wrong for c in comers], [[] for _ in comers])
        self.assertTrue(all(clients.serves(s) for s in kept if s.fileno() != -1))
        self.assertTrue(all(m.sessions() for m in others))

    def test_an_upgrade_of_all_in_their_places_fails_no_session(self):
        kept, comers = self.load()
        for m in self.members:
            m.upgrade()
        self.over.set()
        for c in comers:
            c.join()
        self.assertEqual([c.wrong for c in comers], [[] for _ in comers])
        self.assertTrue(all(clients.serves(s) for s in kept))

    def test_a_member_that_is_killed_takes_its_own_sessions_along_and_no_other(self):
        a, *others = self.members
        kept, comers = self.load()
        ours = a.sessions()
        lost = [s for s in kept if fleet.name_of(s) in ours]
        self.assertTrue(0 < len(lost) < KEPT)
        a.kill()
        begun, went = [c.sessions for c in comers], [len(c.wrong) for c in comers]
        self.wait_until(lambda: all(c.sessions > n + 5 for c, n in zip(comers, begun)), "others are served meanwhile")
        self.wait_until(lambda: self.state("a") == "DOWN", "HAProxy has seen it")
        for s in lost:
            self.assertEqual(clients.recv_until_over(s)[0], b"")
        self.assertTrue(all(clients.serves(s) for s in kept if s not in lost))
        a.serve()
        a.daemon.wait_log("session listener=echo .*peer=198")
        self.over.set()
        for c in comers:
            c.join()
        # The one that it had of each of them just then, and none that came when its last process was gone.
        self.assertTrue(all(len(c.wrong) <= n + 1 for c, n in zip(comers, went)), (went, [c.wrong for c in comers]))


if __name__ == "__main__":
    harness.main(namespace=True)
