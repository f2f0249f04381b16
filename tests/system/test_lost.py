#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Listeners that no client reaches any more: ended by another process, their files gone. They are noticed, cost nothing, and
come back where they were."""

import os
import signal
import socket

import clients
import config
import control
import harness
import passing
import procs
import test_metrics
import test_upgrade

ECHO = {"service": "echo", "transport": "tcp"}
SO_TIMESTAMPING, STAMPS_OF_WHAT_IS_SENT, IP_RECVERR = 37, 1 << 1 | 1 << 4, 11
TELLS = [r"^warning (lost|closed)\b"]
HOWS = {"receiving": socket.SHUT_RD, "all": socket.SHUT_RDWR}


def shut_down(s, how):
    try:
        s.shutdown(how)
    except OSError:
        pass  # of datagrams it fails, and is done


def all_sleep(d):
    """Nobody polls in a loop: who does never sleeps."""
    return all(p is None or p.state != "R" for p in map(procs.read, d.processes()))


class OnPaths(control.Case):
    """UNIX sockets, whose files a cleaner of old files removes."""

    def serve_paths(self, *transports, **top):
        self.paths = {t: self.folder / t for t in transports}
        return self.serve(*({"service": "echo", "name": t, "transport": t, "path": p} for t, p in self.paths.items()),
                          daemon={"allow": TELLS}, **top)

    def serves(self, d, transport):
        source = "" if transport == "unixgram" else None
        with d.connect(transport, transport, source=source) as s:
            s.send(b"are you there")
            return s.recv(100) == b"are you there"


@harness.every_model
class Files(OnPaths):
    def test_a_file_that_is_removed_is_there_again_and_sessions_go_on(self):
        d = self.serve_paths("unix", "unixgram", "unixpacket")
        s = d.connect("unix", "unix")
        self.assertTrue(clients.serves(s))
        for path in self.paths.values():
            os.unlink(path)
        d.wait_log(r"^notice renewed: generation 2 ")
        d.wait_log(r"^warning lost listener=\w+/unix\w* address=/.* reason=\"the socket's file is gone", 3)
        self.assertTrue(all(self.serves(d, t) for t in self.paths))
        self.assertTrue(clients.serves(s))
        d.hang_up()
        d.stop()
        self.assertEqual([p for p in self.paths.values() if os.path.exists(p)], [])

    def test_nobody_s_session_ends_for_it_but_by_a_reload_as_ever(self):
        for ending in ("reload", "stop"):
            with self.subTest(ending):
                d = self.serve_paths("unix", drain_timeout="50ms")
                s = d.connect("unix", "unix")
                self.assertTrue(clients.serves(s))
                os.unlink(self.paths["unix"])
                d.wait_log(r"^notice renewed: ")
                self.assertNotIn("ends_in_ms", self.one("status", "draining"))
                self.assertRegex(self.ctl("status").stdout, r"(?m)^1 .* -$")
                self.assertTrue(clients.serves(s))
                if ending == "reload":
                    d.reload()
                else:
                    d.send_signal(signal.SIGTERM)
                self.assertEqual(clients.recv_until_over(s)[0], b"")
                d.hang_up()
                if ending == "reload":
                    d.stop()
                else:
                    d.wait_exit()


class FilesOfTheDaemon(OnPaths):
    @harness.needs_root
    def test_one_that_the_service_s_user_cannot_see_is_not_taken_for_lost(self):
        hidden = self.folder / "hidden"
        os.mkdir(hidden, 0o700)
        d = self.serve({"service": "echo", "name": "hidden", "transport": "unix", "path": hidden + "/socket"},
                       {"service": "echo", "transport": "unix", "path": self.folder / "echo"}, daemon={"allow": TELLS})
        os.unlink(self.folder / "echo")
        d.wait_log(r"^notice renewed: ")  # it has looked at all
        self.assertNotIn("lost", self.one("status", "listener", listener="hidden/unix"))
        self.assertTrue(clients.serves(d.connect("hidden", "unix")))
        self.assertEqual(sum(line.startswith("warning lost") for line in d.log), 1)

    def test_the_control_socket_is_there_again(self):
        d = self.serve_paths("unix")
        os.unlink(self.path)
        d.wait_log(r"^warning lost listener=.*control")
        self.wait_until(lambda: os.path.exists(self.path), "the control socket's file")
        self.assertEqual(self.one("status", "daemon")["generation"], 1)
        d.stop()
        self.assertFalse(os.path.exists(self.path))

    def test_a_reload_at_once_brings_the_files_back(self):
        d = self.serve_paths("unix")
        os.unlink(self.paths["unix"])
        os.unlink(self.path)
        d.reload()
        self.assertTrue(self.serves(d, "unix") and os.path.exists(self.path))

    def test_what_cannot_be_bound_is_lost_is_said_once_and_comes_back(self):
        d = self.serve_paths("unix", "unixpacket")
        os.unlink(self.paths["unix"])
        os.mkdir(self.paths["unix"])
        d.wait_log(r"^warning lost: cannot bind unix/unix to .*: something is there that is not a socket; trying again")
        self.assertIn("file is gone", self.one("status", "listener", listener="unix/unix")["lost"])
        self.assertNotIn("lost", self.one("status", "listener", listener="unixpacket/unixpacket"))
        self.assertRegex(self.ctl("status").stdout, r"(?m)^unix/unix .* lost ")
        for _ in range(3):
            d.reload()
        self.assertTrue(self.serves(d, "unixpacket"))
        os.rmdir(self.paths["unix"])
        d.reload()
        self.assertTrue(self.serves(d, "unix"))
        self.assertNotIn("lost", self.one("status", "listener", listener="unix/unix"))
        self.assertEqual(sum(line.startswith("warning lost") for line in d.log), 2)

    @harness.needs_metrics
    def test_metrics_and_readiness_say_so(self):
        d = self.serve_paths("unix", metrics=test_metrics.ON)
        lost = ("sockets_lost", test_metrics.labels(listener="unix/unix"))
        self.assertEqual(test_metrics.metrics(d)[lost], 0)
        os.unlink(self.paths["unix"])
        os.mkdir(self.paths["unix"])
        self.wait_until(lambda: test_metrics.metrics(d)[lost] == 1, "a socket that is lost, in the metrics")
        status, _, text = test_metrics.ask(d, "/readyz")
        self.assertEqual((status, text), (503, "unix/unix: no client reaches it\n"))
        os.rmdir(self.paths["unix"])
        self.wait_until(lambda: test_metrics.ask(d, "/readyz")[0] == 200, "the end of that")


class OverAnUpgrade(test_upgrade.Upgrades):
    def test_the_next_program_brings_a_file_back(self):
        path = self.folder / "socket"
        d = self.serve_program({"service": "echo", "transport": "unix", "path": path}, allow=TELLS)
        os.unlink(path)
        self.upgrade(d)
        self.wait_until(lambda: self.is_served_at(d, path), "the socket's file, and who serves there")

    @staticmethod
    def is_served_at(d, path):
        """The file is there a moment before anybody listens."""
        try:
            return os.path.exists(path) and clients.serves(d.connect("echo", "unix"))
        except (ConnectionRefusedError, FileNotFoundError):
            return False


@harness.every_model
@passing.needs_systemd
class Passed(passing.Case):
    """Sockets that somebody else has too, and ends."""

    def places(self):
        yield "tcp", ("127.0.0.1", 0)
        yield "udp", ("127.0.0.1", 0)
        for transport in sorted(config.UNIXES):
            yield transport, self.folder / transport

    def listener(self, transport):
        unix = {"path": self.folder / "not-bound"} if transport in config.UNIXES else {}
        return {"service": "echo", "name": transport, "transport": transport, **unix}

    def test_one_that_is_ended_is_closed_in_one_line_and_others_serve(self):
        for what, how in HOWS.items():
            places = dict(self.places())
            sockets = {t: self.bound(t, where) for t, where in places.items()}
            other = self.bound("tcp")
            for transport, s in sockets.items():
                with self.subTest(f"{transport}, {what}"):
                    d = self.pass_to([(transport, s), ("other", other)], self.listener(transport),
                                     {**ECHO, "name": "other"}, only=False, start={"allow": TELLS})
                    session = d.connect("other")
                    self.assertTrue(clients.serves(session))
                    shut_down(s, how)
                    d.wait_log(rf"^warning closed listener={transport}/{transport} address=.* reason=\"another process has")
                    d.wait_log(r"^notice renewed: generation 2 serves 1 sockets")
                    self.assertTrue(clients.serves(session) and clients.serves(d.connect("other")))
                    self.wait_until(lambda: all_sleep(d), "nobody is busy")
                    d.reload()
                    # Its place is the unit's: nothing of ours is bound.
                    self.assertEqual(len(d.listening(transport, transport)), 1)
                    self.assertEqual(len([x for x in d.log if x.startswith("warning")]), 1)
                    d.stop()
                s.close()
                if transport in config.UNIXES:
                    os.unlink(places[transport])

    def test_what_its_owner_has_the_kernel_queue_for_it_keeps_nobody_busy(self):
        for transport in ("tcp", "udp"):
            with self.subTest(transport):
                s = self.bound(transport)
                d = self.pass_to([(transport, s)], self.listener(transport))
                self.wait_until(lambda: all_sleep(d), "nobody is busy")
                s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, STAMPS_OF_WHAT_IS_SENT)
                s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
                for _ in range(3):
                    with d.connect(transport, transport) as gone:
                        gone.send(b"an answer that meets nobody")
                client = d.connect(transport, transport)
                for _ in range(20):
                    client.send(b"are you there")
                    self.assertEqual(client.recv(100), b"are you there")
                self.wait_until(lambda: all_sleep(d), "nobody is busy")
                d.stop()


class OfOurs(control.Case):
    """Sockets of ours, ended by who may take a copy of them."""

    def end(self, d, where, how=socket.SHUT_RDWR, kind=socket.SOCK_STREAM):
        """Of the supervisor's sockets, that one."""
        for fd, what in procs.descriptors(d.pid).items():
            if what.startswith("socket:"):
                with procs.borrow(d.pid, fd) as s:
                    if s.type == kind and s.getsockname() == where:
                        shut_down(s, how)
                        return
        self.fail(f"no socket at {where}")


@harness.every_model
@harness.needs_root
class Ended(OfOurs):
    def test_is_bound_anew_where_it_was(self):
        for transport in ("tcp", "udp"):
            for what, how in HOWS.items():
                with self.subTest(f"{transport}, {what}"):
                    d = self.serve({"service": "echo", "transport": ["tcp", "udp"]}, daemon={"allow": TELLS})
                    self.end(d, d.address("echo", transport), how, passing.KINDS[transport])
                    d.wait_log(rf"^warning lost listener=echo/{transport} address=127.0.0.1:\d+ reason=\"another process")
                    d.wait_log(r"^notice renewed: generation 2 serves 2 sockets")
                    self.assertTrue(clients.serves(d.connect("echo")))
                    udp = d.connect("echo", "udp")
                    self.assertEqual(clients.ask(udp, b"hello"), b"hello")
                    self.wait_until(lambda: all_sleep(d), "nobody is busy")
                    status = self.one("status", "daemon")
                    self.assertEqual((status["reloads"], status["reloads_refused"]), (0, 0))
                    d.stop()


@harness.needs_root
class EndedBesides(OfOurs):
    def test_again_and_again_is_no_loop_of_reloads(self):
        d = self.serve(ECHO, daemon={"allow": TELLS})
        for i in range(3):
            self.end(d, d.address("echo"))
            d.wait_log("^notice renewed: ", i + 1)
            self.assertTrue(clients.serves(d.connect("echo")))

    @harness.needs_metrics
    def test_the_socket_for_metrics_is_bound_anew_too(self):
        d = self.serve(ECHO, metrics=test_metrics.ON, daemon={"allow": TELLS})
        where = test_metrics.where(d)
        self.end(d, where)
        d.wait_log(r"^warning lost listener=metrics ")
        d.wait_log(r"^notice renewed: ")
        self.assertEqual(test_metrics.where(d), where)
        self.assertEqual(test_metrics.ask(d, "/healthz")[0], 200)

    def test_a_control_socket_that_is_ended_is_bound_anew(self):
        d = self.serve(ECHO, daemon={"allow": TELLS})
        self.end(d, self.path)
        d.wait_log(r"^warning lost listener=.*control")
        self.wait_until(lambda: all_sleep(d), "nobody is busy")
        self.assertEqual(self.one("status", "daemon")["state"], "serving")


if __name__ == "__main__":
    harness.main()
