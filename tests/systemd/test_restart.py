# SPDX-License-Identifier: MIT
"""Restarts under load: not one connection is refused, reset or forgotten, and no datagram's sender waits for ever."""

import os
import signal
import threading

import harness
import procs
from harness import SERVICE, TCP, clients

RESTARTS = 100
CLIENTS = 4
UPGRADES = 10
# Restarts that follow each other faster than a person's.
NO_START_LIMIT = "[Unit]\nStartLimitIntervalSec=0\n"


class Load:
    """Clients in threads, each one session after the other: connect, echo, end."""

    def __init__(self, case, host="127.0.0.1"):
        self._case, self._host, self._over = case, host, threading.Event()
        self.served, self.lost = [0] * CLIENTS, []
        self._threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(CLIENTS)]

    def _run(self, i):
        self._case.bed.enter_network()  # a thread's own affair
        while not self._over.is_set():
            try:
                with self._case.connect(7, TCP, self._host) as s:
                    ok = clients.serves(s)
            except OSError as e:
                self.lost.append(repr(e))
                continue
            if ok:
                self.served[i] += 1
            else:
                self.lost.append("ended early")
            # One connection at a time is load enough: the daemon and systemd share two cores with us.
            self._over.wait(0.002)

    def wait_for_all(self):
        """Until each client has been served once more."""
        before = list(self.served)
        harness.wait_until(lambda: all(n > b for n, b in zip(self.served, before)), "every client is served again")

    def __enter__(self):
        for t in self._threads:
            t.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for t in self._threads:
            t.join()


class Restart(harness.Case):
    def restart_under_load(self, restarts):
        """Restarts, each after every client has been served again."""
        self.bed.dropin(SERVICE, "limit", NO_START_LIMIT)
        pids = {self.supervisor()}
        with Load(self) as load:
            for _ in range(restarts):
                self.bed.systemctl("restart", SERVICE)
                pids.add(self.supervisor())
                load.wait_for_all()
        print(f"{restarts} restarts, {sum(load.served)} connections, {len(load.lost)} lost", end=" ", flush=True)
        self.assertEqual(load.lost, [])
        self.assertEqual(len(pids), restarts + 1)

    def test_100_restarts_with_passed_sockets_lose_no_connection(self):
        self.start("echotimed-echo.socket", SERVICE)
        self.restart_under_load(RESTARTS)

    def test_restarts_of_a_daemon_that_bound_its_sockets_lose_no_connection(self):
        self.example("standalone")
        self.start(SERVICE)
        self.restart_under_load(RESTARTS // 4)

    def test_a_socket_that_is_enabled_beside_a_running_service_starts_with_its_restart_and_nobody_is_refused(self):
        self.bed.systemctl("enable", "--quiet", "--now", "echotimed-echo.socket")
        self.start(SERVICE)
        with Load(self) as load:
            self.bed.systemctl("enable", "--quiet", "echotimed-daytime.socket")
            self.bed.systemctl("restart", SERVICE)
            self.assertIn(b"UTC", clients.recv_all(self.connect(13)))
        self.assertEqual(load.lost, [])

    def test_kills_of_the_supervisor_lose_sessions_but_refuse_no_connection(self):
        self.start("echotimed-echo.socket", SERVICE)
        self.allowed += [r"code=killed, status=9/KILL", r"Failed with result 'signal'"]
        with Load(self) as load:
            for _ in range(5):
                killed = self.supervisor()
                os.kill(killed, signal.SIGKILL)
                harness.wait_until(lambda killed=killed: self.bed.main_pid(SERVICE) not in (None, killed), "restarted")
                self.start(SERVICE)  # until it is ready
                load.wait_for_all()
        self.assertEqual([e for e in load.lost if "Refused" in e], [])


class Upgrade(harness.Case):
    def upgrade_under_load(self):
        main, n = self.supervisor(), 0
        session = self.assert_echoes()
        with Load(self) as load:
            for n in range(1, UPGRADES + 1):
                self.bed.systemctl("kill", "--signal=USR2", "--kill-whom=main", SERVICE)
                harness.wait_until(lambda n=n: sum("upgraded: " in line for line in self.lines()) == n, "upgraded")
                load.wait_for_all()
        self.assertEqual(load.lost, [])
        self.assert_open(session)
        self.assertEqual((self.supervisor(), self.state()), (main, "active"))
        self.bed.systemctl("reload", SERVICE)
        self.assert_open(session)
        self.assert_echoes()

    def test_in_place_with_passed_sockets_the_main_process_stays_and_no_connection_is_lost(self):
        self.start("echotimed-echo.socket", SERVICE)
        self.upgrade_under_load()

    def test_in_place_of_a_daemon_that_bound_its_sockets_it_keeps_its_right_to_and_can_restart(self):
        self.example("standalone")
        self.start(SERVICE)
        self.upgrade_under_load()
        self.assertEqual(int(procs.status(self.supervisor())["CapEff"], 16), 1 << 10)  # CAP_NET_BIND_SERVICE
        self.hang_up()  # or the restart would wait for the session
        with Load(self) as load:
            self.bed.systemctl("restart", SERVICE)  # by way of the descriptor store
            load.wait_for_all()
        self.assertEqual(load.lost, [])

    def test_in_place_under_a_watchdog_it_is_not_taken_for_dead(self):
        self.bed.dropin(SERVICE, "watchdog", "[Service]\nWatchdogSec=2\n")
        self.start("echotimed-echo.socket", SERVICE)
        self.upgrade_under_load()
        self.assertEqual(self.bed.show(SERVICE, "NRestarts"), "0")


if __name__ == "__main__":
    harness.main()
