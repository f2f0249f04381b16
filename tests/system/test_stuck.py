# SPDX-License-Identifier: MIT
"""Processes of sessions that do nothing any more (the fork model): they are noticed, and their places come free."""

import os
import signal

import clients
import control
import harness
import procs

ECHO = {"service": "echo", "transport": "tcp", "pool": "fork"}
STUCK = r"^warning stuck: the process \d+ of a session"


class Stuck(control.Case):
    model = "fork"

    def children_of(self, pid):
        return [p.pid for p in procs.of_session(self.daemons[0].pid) if p.parent == pid and p.state != "Z"]

    def begin(self, d, orphans=()):
        """A session: its client and its process."""
        (acceptor,) = (pid for pid in self.children_of(d.pid) if pid not in orphans)
        before = set(self.children_of(acceptor))
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        (child,) = set(self.children_of(acceptor)) - before
        return s, child

    def sessions(self):
        return [line for line in self.ask("sessions") if line.get("kind") == "session"]

    def test_a_stopped_process_is_killed_when_its_session_is_to_end(self):
        d = self.serve(ECHO, pools={"fork": {"max_sessions": 1}}, daemon={"allow": [STUCK]})
        s, child = self.begin(d)
        os.kill(child, signal.SIGSTOP)
        (session,) = self.sessions()
        self.assertTrue(self.ask("kill", id=session["id"])[-1]["ok"])
        d.wait_log(STUCK + r".* does not end its session")
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        self.assertTrue(clients.is_served(lambda: d.connect("echo")))

    @harness.long
    def test_stopped_processes_show_no_sign_of_life_with_their_acceptor_and_without(self):
        d = self.serve(ECHO, daemon={"allow": [STUCK, r"^warning died .*pool=fork"]})
        orphan_client, orphan = self.begin(d)
        (acceptor,) = self.children_of(d.pid)
        os.kill(acceptor, signal.SIGKILL)
        self.wait_until(lambda: clients.is_served(lambda: d.connect("echo")), "a session of the next acceptor")
        s, child = self.begin(d, [orphan])
        talker = d.connect("echo")
        self.assertTrue(clients.serves(talker))
        for pid in (orphan, child):
            os.kill(pid, signal.SIGSTOP)
        for client in (orphan_client, s):
            self.assertEqual(clients.recv_until_over(client)[0], b"")
        d.wait_log(STUCK + r".* shows no sign of life", count=2)
        self.assertTrue(clients.serves(talker))  # who is only idle is not taken for stuck


if __name__ == "__main__":
    harness.main()
