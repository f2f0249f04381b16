# SPDX-License-Identifier: MIT
"""Calls that the kernel refuses while the daemon serves: what waits is served afterwards, and nobody else notices."""

import errno
import os
import signal
import socket
import time

import clients
import faults
import harness
import procs
from test_log import NOBODY

ECHO = {"service": "echo", "transport": "tcp"}
OUT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
OF_ONE = (errno.ECONNABORTED, errno.EPROTO, errno.EINTR, errno.ENETDOWN, errno.EHOSTUNREACH)
NOT_SENT = (errno.EPERM, errno.ENOBUFS, errno.ENETUNREACH, errno.EMSGSIZE, errno.EINTR)


def local(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(harness.TIMEOUT_S)
    s.connect(path)
    return s


@harness.every_model
class Accepting(faults.Case):
    def begin(self, allow=()):
        path = self.folder / "echo"
        d = self.serve(ECHO, {"service": "echo", "name": "local", "transport": "unix", "path": path},
                       daemon={"allow": list(allow)})
        kept = d.connect("echo")
        self.assertTrue(clients.serves(kept))
        return d, kept, path

    def test_that_fails_for_want_of_anything_lets_connections_wait_and_serves_them_then(self):
        d, kept, path = self.begin(["^warning accept: "])
        for error in OUT_OF:
            with self.faults.on(faults.EACH, "accept4", error=error, who=faults.OTHERS):
                waiting = [d.connect("echo"), local(path)]
                for s in waiting:
                    s.sendall(b"still there")
                # Again and again, but not as fast as it could.
                self.wait_until(lambda: self.faults.get("failed") >= 3, "it is tried again")
                self.assertTrue(clients.serves(kept))
                self.assertTrue(all(clients.has_nothing(s) for s in waiting))
            for s in waiting:
                self.assertEqual(clients.recv_exactly(s, 11), b"still there")
                s.close()
        said = d.wait_log("^warning accept: cannot accept on ")
        self.assertLessEqual(len(said), 2 * len(d.workers()))

    def test_that_fails_for_one_connection_goes_on_with_the_next(self):
        d, kept, _ = self.begin()
        for error in OF_ONE:
            with self.faults.on(faults.EACH, "accept4", n=2, error=error, who=faults.OTHERS):
                self.assertTrue(clients.serves(d.connect("echo")), errno.errorcode[error])
            self.assertGreater(self.faults.get("failed"), 0)
        self.assertTrue(clients.serves(kept))

    def test_a_client_that_was_gone_before_it_was_accepted_is_no_session(self):
        d, kept, _ = self.begin()
        for call in ("setsockopt", "getsockopt"):
            with self.faults.on(faults.EACH, call, n=1, error=errno.ENOTCONN, who=faults.OTHERS):
                with d.connect("echo") as s:
                    s.sendall(b"x")
                    s.shutdown(socket.SHUT_WR)
                    self.assertIn(clients.recv_until_over(s)[0], (b"", b"x"))
            self.assertTrue(clients.serves(d.connect("echo")))
        self.assertTrue(clients.serves(kept))


class Forking(faults.Case):
    def test_that_fails_lets_connections_of_the_fork_model_wait(self):
        # Whoever waits longer than the pool's patience would have a session end, as in a full pool.
        d = self.serve({**ECHO, "pool": "fork"}, {**ECHO, "name": "other", "pool": "event"}, pools={"fork": {"patience": 0}},
                       daemon={"allow": ["^warning fork: "]})
        kept, other = d.connect("echo"), d.connect("other")
        self.assertTrue(clients.serves(kept) and clients.serves(other))
        for error in (errno.EAGAIN, errno.ENOMEM):
            with self.faults.on(faults.EACH, "fork", "_Fork", error=error, who=faults.OTHERS):
                waiting = [d.connect("echo") for _ in range(3)]
                for s in waiting:
                    s.sendall(b"still there")
                self.wait_until(lambda: self.faults.get("failed") >= 4, "it is tried again")
                self.assertTrue(clients.serves(kept) and clients.serves(other) and clients.serves(d.connect("other")))
                self.assertTrue(all(clients.has_nothing(s) for s in waiting))
            for s in waiting:
                self.assertEqual(clients.recv_exactly(s, 11), b"still there")
                s.close()

    def test_that_fails_for_the_supervisor_throttles_that_pool_alone(self):
        pools = {"one": {"model": "event", "workers": 2}, "two": {"model": "event", "workers": 1}}
        d = self.serve({**ECHO, "pool": "one"}, {**ECHO, "name": "other", "pool": "two"}, pools=pools,
                       daemon={"allow": ["^warning (fork: |died )"]})
        other = d.connect("other")
        self.assertTrue(clients.serves(other))
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        found = procs.holder_of(s, d.workers())
        if not found:
            self.skipTest("needs root (to see which process has a session)")
        with self.faults.on(faults.EACH, "fork", n=2, error=errno.EAGAIN, who=faults.FIRST):
            os.kill(found[0], signal.SIGKILL)
            d.wait_log("^warning fork: cannot start a process of pool one: .*; trying again in .000 ms")
            self.assertTrue(clients.serves(d.connect("echo")) and clients.serves(other))
            d.wait_log("^warning fork: cannot start a process of pool one: .*; trying again in .000 ms", count=2)
        self.wait_until(lambda: len(d.workers()) == 3, "the worker is made good")
        self.assertTrue(clients.serves(d.connect("echo")) and clients.serves(other))


class Sending(faults.Case):
    def test_of_a_datagram_that_fails_is_the_loss_of_that_datagram(self):
        d = self.serve({"service": "echo", "transport": "udp"},
                       {"service": "echo", "name": "local", "transport": "unixgram", "path": "@test_faults_calls"})
        local_client = d.connect("local", "unixgram", source="\0test_faults_calls client")
        for s in (d.connect("echo", "udp"), local_client):
            self.assertEqual(clients.ask(s, b"before"), b"before")
            for error in NOT_SENT:
                with self.faults.on(faults.EACH, "sendmmsg", n=2, error=error, who=faults.OTHERS):
                    s.send(b"lost")
                    self.wait_until(lambda: self.faults.get("failed"), "it was not sent")
                s.send(b"answered")
                answer = s.recv(100)
                while answer == b"lost":  # it was tried once more
                    answer = s.recv(100)
                self.assertEqual(answer, b"answered")


@harness.every_model
class Crumbs(faults.Case):
    """Each call on a stream takes less than it could, or is interrupted, or has to be made again."""

    def test_of_a_stream_come_back_byte_for_byte(self):
        d = self.serve(ECHO, {"service": "daytime"}, {"service": "tcpmux"})
        data = clients.pattern(300000)
        with self.faults.on(faults.CRUMBS):
            for take in (1024 * 1024, 7):
                s = d.connect("echo", before=lambda s: s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096))
                sender = clients.Sender(s, data if take > 7 else data[:5000])
                back = bytearray()
                while part := s.recv(take):
                    back += part
                sender.join()
                self.assertIsNone(sender.error)
                self.assertEqual(bytes(back), data if take > 7 else data[:5000])
            self.assertRegex(clients.recv_all(d.connect("daytime")), rb"^[^\n]+\n$")
            s = d.connect("tcpmux")
            s.sendall(b"echo\r\nafter the line")
            s.shutdown(socket.SHUT_WR)
            self.assertTrue(clients.recv_all(s).endswith(b"after the line"))
        self.assertGreater(self.faults.get("failed"), 100)


@harness.every_model
class Words(faults.Case):
    """What the supervisor tells its processes: a worker that does not hear that it may serve would never do."""

    def test_that_the_kernel_does_not_take_at_once_arrive(self):
        d = self.serve(ECHO, pools={"event": {"workers": 1}, "prefork": {"start": 1, "min_spare": 1, "max_spare": 1}})
        for error in (errno.ENOBUFS, errno.ENOMEM, errno.EINTR):
            with self.faults.on(faults.EACH, "send", n=5, error=error, who=faults.FIRST):
                d.reload()
                self.assertTrue(clients.serves(d.connect("echo")))
                self.assertGreater(self.faults.get("failed"), 0)


class FullDisks(faults.Case):
    def test_of_the_log_lose_lines_which_are_counted_and_nothing_else(self):
        d = self.serve(ECHO, {"service": "echo", "name": "u", "transport": "udp"},
                       daemon={"allow": ["^warning lost lines="]})
        for error in (errno.ENOSPC, errno.EPIPE, errno.EIO):
            with self.faults.on(faults.EACH, "write", error=error):
                for _ in range(20):
                    with d.connect("echo") as s:
                        self.assertTrue(clients.serves(s))
                self.assertEqual(clients.ask(d.connect("u", "udp"), b"x"), b"x")
                self.wait_until(lambda: self.faults.get("failed") >= 20, "each line was lost")
            d.wait_log("^warning lost lines=", since=d.mark()[0])


    @harness.needs_root
    def test_of_who_relays_the_log_are_waited_for(self):
        d = self.serve(ECHO, daemon={"prefix": NOBODY})  # who cannot open root's pipe anew
        self.assertIn("echotimed-log", [procs.name(pid) for pid in d.processes()])
        d.address("echo")  # that line has been written
        with self.faults.on(faults.EACH, "write", error=errno.ENOSPC, who=faults.RELAY):
            for _ in range(3):
                with d.connect("echo") as s:
                    self.assertTrue(clients.serves(s))
            self.wait_until(lambda: self.faults.get("failed"), "a line could not be written")
        d.wait_log("^info session listener=echo ", count=3)


class TheTimeOfDay(faults.Case):
    """Somebody sets the clock while sessions are open."""

    JUMPS = (365 * 86400, -365 * 86400, 3600, -3600, 1)

    def seconds(self, d):
        return int.from_bytes(clients.recv_all(d.connect("time")), "big")

    def test_jumps_and_no_session_ends_for_it(self):
        d = self.serve({**ECHO, "idle_timeout": "60s", "session_timeout": "120s"}, {"service": "time"},
                       {"service": "daytime"})
        kept = d.connect("echo")
        for jump in (*self.JUMPS, 0):
            before = self.seconds(d)
            self.faults.shift(jump)
            self.assertTrue(clients.serves(kept))
            self.assertLess(abs(self.seconds(d) - before), 2 * 366 * 86400)
            if abs(jump) > 86400:
                self.assertGreater(abs(self.seconds(d) - before), 300 * 86400)
        self.assertTrue(clients.serves(kept))

    def test_reaches_2036_and_2038_and_is_told_as_the_rfc_says(self):
        d = self.serve({"service": "time"}, {"service": "daytime", "timezone": "UTC", "format": "iso"})
        for name, moment in (("2036", 2085978496), ("2038", 2147483648)):
            self.faults.shift(moment - int(time.time()))
            self.assertLess((self.seconds(d) - moment - 2208988800) % 2 ** 32, 300)
            self.assertIn(name.encode(), clients.recv_all(d.connect("daytime")))


if __name__ == "__main__":
    harness.main()
