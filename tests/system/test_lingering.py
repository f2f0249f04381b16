# SPDX-License-Identifier: MIT
"""Connections whose session has said all, to clients that do not take it: nothing is left to the kernel outside all caps."""

import socket

import clients
import harness

ECHO = {"service": "echo", "transport": "tcp"}
MUCH = clients.pattern(256 * 1024)
LITTLE = clients.pattern(4000)
LEFT_TO_THE_KERNEL = {"04": "FIN-WAIT-1", "09": "LAST-ACK", "0B": "CLOSING"}


def small_window(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)


def never_read(d, data, name="echo"):
    """A client that says all, closes its direction, and takes next to nothing of the answer."""
    s = d.connect(name, before=small_window)
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    return s


def left_to_the_kernel(d, name="echo"):
    """The server's sides of connections that have no process any more and still wait for their client."""
    port = d.address(name)[1]
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return [LEFT_TO_THE_KERNEL[r[3]] for r in rows
            if int(r[1].rpartition(":")[2], 16) == port and r[3] in LEFT_TO_THE_KERNEL and r[9] == "0"]


@harness.every_model
class Lingering(harness.Case):
    def test_what_a_client_does_not_take_counts_as_its_session(self):
        d = self.serve({**ECHO, "max_sessions_per_source": 4}, {**ECHO, "name": "other"})
        held = [never_read(d, MUCH) for _ in range(4)]
        for s in held:  # the first byte shows that the server is at it
            self.assertEqual(s.recv(1), MUCH[:1])
        # For a moment they do not count: most clients are about to take the rest, and come again.
        self.wait_until(lambda: self.is_full(d, held), "their sessions count")
        # Nor does their end come while somebody else is served: all that was said is in the kernel, and nobody took it.
        self.assertTrue(clients.is_served(lambda: d.connect("other")))
        self.assertEqual([line for line in d.log if f" in={len(MUCH)} " in line and "end=eof" in line], [])
        self.assertEqual(left_to_the_kernel(d), [])
        kept = [s for s in held if not self.is_over(s)]
        self.assertEqual(clients.recv_all(kept[0]), MUCH[1:])
        d.wait_log(r"session listener=echo .*end=eof")
        self.wait_until(lambda: clients.is_served(lambda: d.connect("echo")), "the place of a session that is over")

    def is_full(self, d, held):
        """Who comes in that moment takes the place of one of them, and gives it to another such."""
        if not clients.is_served(lambda: d.connect("echo")):
            return True
        try:
            held.append(never_read(d, MUCH))
        except OSError:  # one of them has counted again meanwhile, and this one is refused
            pass
        return False

    def test_who_has_all_may_come_again(self):
        d = self.serve({**ECHO, "max_sessions_per_source": 1})
        for _ in range(10):
            self.wait_until(lambda: self.is_served_with_much(d), "the place of a session whose client has all")

    def is_served_with_much(self, d):
        try:
            s = d.connect("echo")
            clients.Sender(s, MUCH)
            return clients.recv_all(s) == MUCH
        except (ConnectionResetError, BrokenPipeError):
            return False

    def test_who_takes_nothing_is_reset_when_it_is_idle(self):
        d = self.serve({**ECHO, "idle_timeout": "300ms"})
        held = [never_read(d, MUCH) for _ in range(4)]
        d.wait_log(r"session listener=echo .*end=idle", count=4)
        self.assertEqual(left_to_the_kernel(d), [])
        for s in held:
            self.assertEqual(clients.recv_until_over(s)[1], "reset")

    def test_a_few_bytes_that_nobody_takes_are_given_up(self):
        d = self.serve({**ECHO, "idle_timeout": "300ms"})
        held = [never_read(d, LITTLE) for _ in range(8)]
        d.wait_log(r"session listener=echo ", count=8)
        self.wait_until(lambda: not left_to_the_kernel(d) and self.all_reset(held), "the end of all connections")

    def all_reset(self, held):
        return all(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or self.is_over(s) for s in held)

    def is_over(self, s):
        return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == b"\x07"  # TCP_CLOSE

    def test_a_slow_reader_gets_all_after_its_half_close(self):
        d = self.serve({**ECHO, "idle_timeout": "2s"})
        s = never_read(d, MUCH)
        got = bytearray()
        while part := s.recv(2048):
            got += part
        self.assertEqual(bytes(got), MUCH)

    def test_a_full_pool_makes_room_by_those_who_take_nothing(self):
        pool = {"prefork": {"max_workers": 2, "min_spare": 1, "max_spare": 2, "start": 2}}.get(
            self.model, {"max_sessions": 2, **({"workers": 1} if self.model == "event" else {})})
        d = self.serve({**ECHO, "idle_timeout_busy": "300ms"}, pools={self.model: pool.get(self.model, pool)})
        held = [never_read(d, MUCH) for _ in range(2)]
        self.assertTrue(clients.is_served(lambda: d.connect("echo")))
        for s in held:
            s.close()


if __name__ == "__main__":
    harness.main()
