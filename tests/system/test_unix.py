# SPDX-License-Identifier: MIT
"""Echo and friends over UNIX sockets: streams, datagrams, messages; paths and abstract names."""

import array
import os
import pwd
import socket
import stat

import clients
import harness
import procs

# Before a program: it finds an empty folder there.
NO_PROC = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"')


@harness.every_model
class UnixSessions(harness.Case):
    def path(self):
        return self.folder / "socket"

    def test_a_stream_is_echoed_and_half_closed(self):
        data = clients.pattern(1024 * 1024)
        s = self.serve({"service": "echo", "transport": "unix", "path": self.path()}).connect("echo", "unix")
        sender = clients.Sender(s, data)
        self.assertEqual(clients.recv_all(s), data)
        self.assertIsNone(sender.error)

    def test_messages_come_back_one_for_one(self):
        s = self.serve({"service": "echo", "transport": "unixpacket", "path": self.path()}).connect("echo", "unixpacket")
        sent = [clients.pattern(n, n) for n in (1, 2, 3, 1000, 1, 4096, 65000)]
        for data in sent:
            s.send(data)
        self.assertEqual([s.recv(clients.CHUNK) for _ in sent], sent)

    def test_an_empty_message_ends_the_session(self):
        s = self.serve({"service": "echo", "transport": "unixpacket", "path": self.path()}).connect("echo", "unixpacket")
        self.assertEqual(clients.ask(s, b"one"), b"one")
        s.send(b"")
        self.assertEqual(s.recv(100), b"")

    def test_a_half_closed_message_session_gets_what_it_is_owed(self):
        s = self.serve({"service": "echo", "transport": "unixpacket", "path": self.path()}).connect("echo", "unixpacket")
        sent = [b"a", b"bb", b"ccc"]
        for data in sent:
            s.send(data)
        s.shutdown(socket.SHUT_WR)
        self.assertEqual([s.recv(100) for _ in range(4)], [*sent, b""])

    def test_daytime_speaks_and_closes(self):
        for kind in ("unix", "unixpacket"):
            with self.subTest(kind):
                d = self.serve({"service": "daytime", "transport": kind, "path": self.folder / kind})
                s = d.connect("daytime", kind)
                self.assertRegex(s.recv(1000), rb"^[ -~]+\r\n$")
                self.assertEqual(s.recv(1000), b"")
                d.stop()

    def test_an_abstract_name_is_served(self):
        name = f"@echotimed-test-{os.getpid()}-{self.model}"
        d = self.serve({"service": "echo", "transport": "unix", "path": name})
        self.assertEqual(d.listening("echo", "unix"), [name])
        self.assertTrue(clients.serves(d.connect("echo", "unix")))

    def test_a_client_that_goes_rudely_disturbs_nobody(self):
        d = self.serve({"service": "echo", "transport": "unix", "path": self.path()})
        good = d.connect("echo", "unix")
        for _ in range(5):
            s = d.connect("echo", "unix")
            clients.send_until_stuck(s, b"x" * 100000, 0.01)
            s.close()
            self.assertTrue(clients.serves(good))


class UnixDatagrams(harness.Case):
    def serve_echo(self, **more):
        return self.serve({"service": "echo", "transport": "unixgram", "path": self.folder / "socket", **more})

    def test_are_echoed_to_whoever_has_a_name(self):
        d = self.serve_echo()
        for source in (self.folder / "client", ""):
            s = d.connect("echo", "unixgram", source=source)
            if source:
                os.chmod(source, 0o777)
            for n in (1, 1000, 65507):
                data = clients.pattern(n, n)
                self.assertEqual(clients.ask(s, data), data)

    def test_an_empty_one_is_echoed_too(self):
        s = self.serve_echo().connect("echo", "unixgram", source="")
        self.assertEqual(clients.ask(s, b""), b"")

    def test_a_client_without_a_name_is_dropped_without_harm(self):
        d = self.serve_echo()
        nameless, named = d.connect("echo", "unixgram"), d.connect("echo", "unixgram", source="")
        for _ in range(20):
            nameless.send(b"x")
        self.assertEqual(clients.ask(named, b"y"), b"y")

    def test_a_client_that_is_gone_or_never_reads_is_dropped_without_harm(self):
        d = self.serve_echo()
        gone, deaf, good = (d.connect("echo", "unixgram", source="") for _ in range(3))
        gone.send(b"x")
        gone.close()
        for i in range(100):
            deaf.send(b"x" * 1000)
            self.assertEqual(clients.ask(good, b"%d" % i), b"%d" % i)

    def test_a_client_whose_path_has_become_a_link_to_us_makes_no_loop(self):
        d = self.serve(*({"service": "echo", "transport": "unixgram", "name": name, "path": self.folder / name}
                         for name in ("one", "two")))
        for asked, answered in (("one", "one"), ("one", "two")):
            mine = self.folder / f"from-{asked}-{answered}"
            s = d.connect(asked, "unixgram", source=mine)
            os.unlink(mine)
            os.symlink(self.folder / answered, mine)
            s.send(b"round and round")
            d.wait_log(f"notice refused listener={answered}/unixgram reason=source_address count=1")

    def test_descriptors_that_are_sent_along_are_not_kept(self):
        d = self.serve_echo()
        s = d.connect("echo", "unixgram", source="")
        before = {pid: len(procs.descriptors(pid)) for pid in d.workers()}
        for n in (1, 60, 253):
            s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [s.fileno()] * n))])
            self.assertEqual(s.recv(10), b"x")
        self.assertEqual({pid: len(procs.descriptors(pid)) for pid in d.workers()}, before)


class UnixPaths(harness.Case):
    def listener(self, **more):
        return {"service": "echo", "transport": "unix", "path": self.folder / "socket", **more}

    def test_the_mode_is_as_written(self):
        for mode in ("0600", "0620", "0666"):
            d = self.serve(self.listener(mode=mode))
            self.assertEqual(stat.S_IMODE(os.stat(self.folder / "socket").st_mode), int(mode, 8))
            d.stop()

    def test_the_path_is_removed_at_the_stop(self):
        d = self.serve(self.listener())
        self.assertTrue(os.path.exists(self.folder / "socket"))
        d.stop()
        self.assertFalse(os.path.lexists(self.folder / "socket"))

    def test_a_path_that_somebody_else_made_meanwhile_stays(self):
        d = self.serve(self.listener())
        os.unlink(self.folder / "socket")
        self.folder.write("socket", "not yours")
        d.stop()
        with open(self.folder / "socket") as f:
            self.assertEqual(f.read(), "not yours")

    def test_a_stale_socket_of_ours_is_replaced(self):
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(self.folder / "socket")
        stale.close()
        harness.Folder.give(self.folder / "socket")
        d = self.serve(self.listener())
        self.assertTrue(clients.serves(d.connect("echo", "unix")))

    def test_a_file_that_is_no_socket_is_left_alone_and_the_start_fails(self):
        self.folder.write("socket", "precious")
        done = self.run_once(config=self.config(self.listener()))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn(self.folder / "socket", done.stderr)
        with open(self.folder / "socket") as f:
            self.assertEqual(f.read(), "precious")

    def test_a_socket_that_answers_is_left_alone_and_the_start_fails(self):
        first = self.serve(self.listener())
        done = self.run_once(config=self.config(self.listener()))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertTrue(clients.serves(first.connect("echo", "unix")))

    @harness.needs_root
    def test_owner_and_group_are_as_written(self):
        d = self.serve(self.listener(owner="daemon", group="daemon", mode="0660"))
        made = os.stat(self.folder / "socket")
        self.assertEqual((made.st_uid, made.st_gid), (1, 1))
        self.assertTrue(clients.serves(d.connect("echo", "unix")))
        # A service user may not remove what it gave away from a folder that is not its own; this one is.
        d.stop()
        self.assertFalse(os.path.lexists(self.folder / "socket"))

    @harness.needs_root
    def test_it_needs_no_proc(self):
        if self.run_once("-V", prefix=NO_PROC).returncode:
            self.skipTest("this program needs it by itself (with sanitizers)")
        control = self.folder / "control"
        d = self.serve(self.listener(mode="0600"), control={"path": control, "mode": "0640"}, daemon={"prefix": NO_PROC})
        self.assertTrue(clients.serves(d.connect("echo", "unix")))
        for path, mode in ((self.folder / "socket", 0o600), (control, 0o640)):
            made = os.stat(path)
            self.assertEqual((made.st_uid, stat.S_IMODE(made.st_mode)), (pwd.getpwnam("nobody").pw_uid, mode))
        d.stop()


if __name__ == "__main__":
    harness.main()
