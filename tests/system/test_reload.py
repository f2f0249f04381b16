# SPDX-License-Identifier: MIT
"""HUP: a reload is a transaction; sessions and queued connections live through it."""

import os
import signal
import socket

import clients
import harness
import procs

ECHO = {"service": "echo", "transport": "tcp"}
BROKEN = r"^(error|warning) "


@harness.every_model
class Reloads(harness.Case):
    def both(self, **more):
        return {"service": "echo", **more}

    def still_serves(self, d, *sessions):
        self.assertTrue(all(clients.serves(s) for s in sessions))
        self.assertTrue(clients.serves(d.connect("echo")))

    def fixed(self, d, listener, transport="tcp"):
        """The same listener with the port it was given, so that a reload finds it unchanged."""
        return {**listener, "port": d.address(listener.get("name", "echo"), transport)[1]}

    def test_the_same_file_again_changes_nothing_for_sessions(self):
        d = self.serve(ECHO)
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        pid = d.pid
        for _ in range(3):
            d.reload()
            self.still_serves(d, s)
        self.assertEqual(d.process.pid, pid)
        self.assertIsNone(d.process.poll())

    def test_a_new_listener_serves_and_a_removed_one_stops_but_its_session_goes_on(self):
        d = self.serve(ECHO, {**ECHO, "name": "old"})
        old = d.connect("old")
        self.assertTrue(clients.serves(old))
        d.reload(self.config(ECHO, {**ECHO, "name": "new"}))
        self.assertTrue(clients.serves(d.connect("new")))
        self.assertTrue(clients.serves(d.connect("echo")))
        self.wait_until(lambda: clients.is_closed(lambda: d.connect("old")), "the removed listener is closed")
        self.assertTrue(clients.serves(old))

    def test_an_unchanged_listener_of_port_0_keeps_its_port(self):
        d = self.serve(self.both())
        where = d.address("echo"), d.address("echo", "udp")
        d.reload(self.config(self.both(), {**ECHO, "name": "new"}))
        self.assertEqual((d.address("echo"), d.address("echo", "udp")), where)
        self.still_serves(d)

    def test_a_socket_that_changes_its_name_and_its_service_is_the_same_socket(self):
        path = self.folder / "socket"
        d = self.serve({"service": "echo", "transport": "unix", "path": path, "name": "before"})
        inode = os.stat(path).st_ino
        d.reload(self.config({"service": "daytime", "transport": "unix", "path": path, "name": "after"}))
        self.assertEqual(os.stat(path).st_ino, inode)
        self.assertTrue(clients.recv_until_over(d.connect("after", "unix"))[0].endswith(b"\r\n"))

    def test_queued_connections_of_an_unchanged_listener_are_served_after_it(self):
        one = {"fork": {"model": "fork", "max_sessions": 1},
               "prefork": {"model": "prefork", "start": 1, "min_spare": 1, "max_spare": 1, "max_workers": 1},
               "event": {"model": "event", "workers": 1, "max_sessions": 1}}[self.model]
        d = self.serve({**ECHO, "pool": "one"}, pools={"one": {**one, "patience": 0}})
        first = d.connect("echo")
        self.assertTrue(clients.serves(first))
        queued = [d.connect("echo") for _ in range(5)]
        for i, s in enumerate(queued):
            s.sendall(b"queued %d" % i)
        self.assertTrue(clients.has_nothing(queued[0]))
        d.reload()
        self.assertTrue(clients.serves(first))
        first.close()
        for i, s in enumerate(queued):
            self.assertEqual(clients.recv_exactly(s, 8), b"queued %d" % i)
            s.close()

    def test_a_broken_file_is_refused_and_everything_serves_on(self):
        d = self.serve(ECHO, daemon={"allow": [BROKEN]})
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        for text, said in (("listeners = ( {", r"echotimed\.conf:1"),
                           ('listeners = ( { service = "ecco"; } );', r"echotimed\.conf:1.*service"),
                           ("listeners = ();", r"echotimed\.conf")):
            mark = d.mark()
            d.reload(text)
            d.wait_log(said, since=mark[0])
            self.still_serves(d, s)

    def test_a_file_that_is_missing_is_refused_and_everything_serves_on(self):
        d = self.serve(ECHO, daemon={"allow": [BROKEN]})
        os.unlink(d.file)
        d.reload()
        self.still_serves(d)

    def test_one_new_listener_that_cannot_bind_refuses_the_whole_reload(self):
        d = self.serve(ECHO, daemon={"allow": [BROKEN]})
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            mark = d.mark()
            d.reload(self.config({**ECHO, "name": "fine"}, {**ECHO, "name": "bad", "port": port}))
            d.wait_log(rf"127\.0\.0\.1:{port}", since=mark[0])
        self.still_serves(d, s)
        fine = d.listening("fine")
        for where in fine:
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(where, harness.TIMEOUT_S)
        # And the way is free again.
        d.reload(self.config(ECHO, {**ECHO, "name": "fine"}))
        self.assertTrue(clients.serves(d.connect("fine")))

    def test_another_user_is_refused_as_a_restart_is_needed(self):
        if not harness.is_root():
            self.skipTest("needs root (to have a user to change)")
        d = self.serve(ECHO, daemon={"allow": [BROKEN]})
        mark = d.mark()
        d.reload({**self.config(ECHO), "user": "daemon", "group": "daemon"})
        d.wait_log(r"user|restart", since=mark[0])
        self.still_serves(d)

    def test_new_sessions_have_the_new_settings_and_old_ones_their_own(self):
        d = self.serve({**ECHO, "max_bytes": 0})
        old = d.connect("echo")
        self.assertTrue(clients.serves(old))
        d.reload(self.config({**ECHO, "max_bytes": 10}))
        new = d.connect("echo")
        new.sendall(b"x" * 100)
        self.assertLessEqual(len(clients.recv_until_over(new)[0]), 10)
        self.assertEqual(clients.echo(old, b"y" * 5000), b"y" * 5000)

    def test_caps_count_the_sessions_of_every_generation(self):
        d = self.serve({**ECHO, "max_sessions": 2}, daemon={"allow": [r"^warning "]})
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        d.reload()
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertTrue(clients.is_refused(lambda: d.connect("echo")))

    def test_an_old_session_ends_after_drain_timeout(self):
        d = self.serve(ECHO, drain_timeout="500ms")
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        d.reload()
        self.assertEqual(clients.recv_until_over(s)[0], b"")
        d.wait_log(r"session .*end=drain")
        self.assertTrue(clients.serves(d.connect("echo")))

    def test_a_second_reload_while_the_first_one_drains(self):
        d = self.serve(ECHO)
        first = d.connect("echo")
        self.assertTrue(clients.serves(first))
        d.reload()
        second = d.connect("echo")
        self.assertTrue(clients.serves(second))
        d.reload(self.config(ECHO, {**ECHO, "name": "new"}))
        self.still_serves(d, first, second)
        self.assertTrue(clients.serves(d.connect("new")))

    def test_a_stop_while_an_old_generation_drains(self):
        d = self.serve(ECHO)
        first = d.connect("echo")
        self.assertTrue(clients.serves(first))
        d.reload()
        second = d.connect("echo")
        self.assertTrue(clients.serves(second))
        d.send_signal(signal.SIGTERM)
        d.wait_notify("STOPPING=1")
        self.assertTrue(clients.serves(first) and clients.serves(second))
        first.close()
        self.assertTrue(clients.serves(second))
        second.close()
        d.wait_exit(0)

    def test_old_workers_go_when_their_sessions_have_ended(self):
        d = self.serve(ECHO)
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        before = procs.Watch(d.workers())
        d.reload()
        s.close()
        self.assertEqual(before.wait_all_gone(harness.TIMEOUT_S), [])
        self.still_serves(d)

    def test_a_hundred_hups_at_once_are_coalesced_and_harmless(self):
        d = self.serve(ECHO)
        s = d.connect("echo")
        self.assertTrue(clients.serves(s))
        for _ in range(100):
            d.send_signal(signal.SIGHUP)
        d.reload()
        self.still_serves(d, s)

    def test_connections_during_reloads_are_all_served(self):
        d = self.serve({**ECHO, "max_sessions_per_source": 1000}, limits={"sessions_per_source": 1000})
        for _ in range(5):
            d.send_signal(signal.SIGHUP)
            for _ in range(40):
                s = d.connect("echo")
                self.assertTrue(clients.serves(s))
                s.close()

    def test_an_option_of_the_command_line_survives(self):
        d = self.serve(ECHO, daemon={"args": ["-o", "listeners.[0].max_bytes=10"]})
        d.reload()
        s = d.connect("echo")
        s.sendall(b"x" * 100)
        self.assertLessEqual(len(clients.recv_until_over(s)[0]), 10)


    def test_the_environment_survives_and_goes_over_a_new_file(self):
        d = self.serve({**ECHO, "max_bytes": 0}, daemon={"env": {"ECHOTIMED__LISTENERS__0__MAX_BYTES": "10"}})
        d.reload(self.config({**ECHO, "max_bytes": 20}))
        s = d.connect("echo")
        s.sendall(b"x" * 100)
        self.assertLessEqual(len(clients.recv_until_over(s)[0]), 10)


class ReloadsOfDatagrams(harness.Case):
    def test_lose_and_reorder_no_datagram(self):
        echo = {"service": "echo", "transport": "udp"}
        d = self.serve(echo)
        s = d.connect("echo", "udp")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        for turn in range(5):
            d.send_signal(signal.SIGHUP)
            for burst in range(40):
                sent = [b"%d %d %d" % (turn, burst, i) for i in range(16)]
                for data in sent:
                    s.send(data)
                self.assertEqual([s.recv(100) for _ in sent], sent)

    def test_a_unix_path_stays_served_and_a_removed_one_goes(self):
        def listener(name):
            return {"service": "echo", "transport": "unix", "name": name, "path": self.folder / name}
        d = self.serve(listener("a"), listener("b"))
        d.reload(self.config(listener("a"), listener("c")))
        self.assertTrue(clients.serves(d.connect("a", "unix")))
        self.assertTrue(clients.serves(d.connect("c", "unix")))
        self.wait_until(lambda: not os.path.lexists(self.folder / "b"), "the path of the removed listener is gone")


if __name__ == "__main__":
    harness.main()
