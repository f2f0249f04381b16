# SPDX-License-Identifier: MIT
"""Sockets that were passed, as systemd does it: adopted, matched to listeners, kept over reloads and restarts, refused."""

import os
import shutil
import socket
import threading

import clients
import config
import harness
import passing
import procs
import stamp

ECHO = {"service": "echo", "transport": "tcp"}
UDP = {"service": "echo", "transport": "udp"}
MANY, MANY_IN_ALL = {"max_sessions_per_source": 1000}, {"sessions_per_source": 1000}


def serves(d, transport, name="echo", host=None):
    """True if this listener echoes."""
    source = "" if transport == "unixgram" else None
    s = d.connect(name, transport, source=source, host=host)
    data = clients.pattern(1000)
    if s.type == socket.SOCK_STREAM:
        return clients.echo(s, data) == data
    s.send(data)
    return s.recv(clients.CHUNK) == data


@passing.needs_systemd
class Adopts(passing.Case):
    def places(self):
        """(transport, where) of every kind of socket."""
        yield "tcp", ("127.0.0.1", 0)
        yield "udp", ("127.0.0.1", 0)
        if clients.has_ipv6():
            yield "tcp", ("::1", 0)
            yield "udp", ("::1", 0)
        for transport in sorted(config.UNIXES):
            yield transport, self.folder / transport
            yield transport, f"@echotimed-test-{os.getpid()}-{transport}"

    def listener(self, transport, **more):
        unix = {"path": self.folder / "not-bound"} if transport in config.UNIXES else {}
        return {"service": "echo", "transport": transport, **unix, **more}

    def test_every_kind_by_the_name_of_a_listener(self):
        for transport, where in self.places():
            with self.subTest(f"{transport} {where}"):
                s = self.bound(transport, where)
                d = self.pass_to([("mirror", s)], self.listener(transport, name="mirror"))
                place = s.getsockname()
                expected = place[:2] if isinstance(where, tuple) else where
                self.assertEqual(d.listening("mirror", transport), [expected])
                self.assertTrue(serves(d, transport, "mirror"))
                d.stop()
                s.close()

    def test_what_is_needed_to_take_them_is_in_no_process_afterwards(self):
        d = self.pass_to([("echo", self.bound("tcp"))], self.listener("tcp"))
        self.assertTrue(serves(d, "tcp"))
        self.assertEqual(procs.libraries_of_systemd([d.pid, *d.workers()]), [])

    def test_a_path_of_a_passed_socket_stays_as_the_unit_made_it(self):
        path = self.folder / "unit"
        s = self.bound("unix", path)
        os.chmod(path, 0o640)
        d = self.pass_to([("echo", s)], self.listener("unix", mode="0666"))
        d.reload()
        d.stop()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)

    def test_by_the_name_of_a_service_and_the_type(self):
        tcp, udp, other = self.bound("tcp"), self.bound("udp"), self.bound("tcp")
        d = self.pass_to([("echo", tcp), ("echo", udp), ("daytime", other)],
                         {"service": "echo", "name": "mirror", "transport": ["tcp", "udp"]},
                         {"service": "daytime", "name": "clock", "transport": "tcp"})
        self.assertEqual(d.listening("mirror"), [tcp.getsockname()])
        self.assertEqual(d.listening("mirror", "udp"), [udp.getsockname()])
        self.assertEqual(d.listening("clock"), [other.getsockname()])
        self.assertTrue(serves(d, "tcp", "mirror") and serves(d, "udp", "mirror"))

    def test_by_the_name_of_a_listener_before_that_of_a_service(self):
        s = self.bound("tcp")
        d = self.pass_to([("echo", s)], {**ECHO, "name": "other"}, ECHO)
        self.assertEqual((d.listening("echo"), d.listening("other")), ([s.getsockname()], []))

    def test_by_address_port_and_type_where_the_name_says_nothing(self):
        tcp, path = self.bound("tcp"), self.folder / "path"
        port = tcp.getsockname()[1]
        udp, unix = self.bound("udp", ("127.0.0.1", port)), self.bound("unix", path)
        listeners = ({**ECHO, "name": "a", "port": port}, {**UDP, "name": "b", "port": port},
                     {**ECHO, "name": "c"}, {"service": "echo", "name": "d", "transport": "unix", "path": path})
        for names in (None, ["echotimed-test.socket"] * 3):
            with self.subTest(names):
                passed = [tcp, udp, unix] if names is None else list(zip(names, [tcp, udp, unix]))
                d = self.pass_to(passed, *listeners)
                self.assertEqual(d.listening("a"), [("127.0.0.1", port)])
                self.assertEqual(d.listening("b", "udp"), [("127.0.0.1", port)])
                self.assertEqual(d.listening("d", "unix"), [path])
                self.assertEqual(d.listening("c"), [])
                self.assertTrue(serves(d, "tcp", "a") and serves(d, "udp", "b") and serves(d, "unix", "d"))
                d.stop()

    def test_the_address_decides_between_listeners_of_one_service(self):
        s = self.bound("tcp")
        d = self.pass_to([("echo", s)], {**ECHO, "name": "a"}, {**ECHO, "name": "b", "port": s.getsockname()[1]})
        self.assertEqual((d.listening("a"), d.listening("b")), ([], [s.getsockname()]))

    def test_a_dual_stack_socket_serves_both_families(self):
        if not clients.has_ipv6():
            self.skipTest("this host has no IPv6")
        tcp, udp = (self.bound(t, ("::", 0), v6only=False) for t in ("tcp", "udp"))
        d = self.pass_to([("echo", tcp), ("echo", udp)], {"service": "echo"})
        for host in ("127.0.0.1", "127.0.0.2", "::1"):
            for transport in ("tcp", "udp"):
                self.assertTrue(serves(d, transport, host=host), f"{transport} {host}")
        s = d.connect("echo", host="127.0.0.1")
        s.close()
        d.wait_log(r"session .*peer=127\.0\.0\.1:")

    def test_a_socket_of_ipv6_alone_serves_it_alone(self):
        if not clients.has_ipv6():
            self.skipTest("this host has no IPv6")
        s = self.bound("tcp", ("::", 0))
        d = self.pass_to([("echo", s)], ECHO)
        self.assertTrue(serves(d, "tcp", host="::1"))
        self.assertRaises(ConnectionRefusedError, d.connect, "echo", host="127.0.0.1")

    def test_several_at_once_for_one_listener_and_for_many(self):
        passed, listeners = [], []
        for i in range(20):
            name = f"echo{i}"
            listeners.append({"service": "echo", "name": name, "transport": ["tcp", "udp"]})
            passed += [(name, self.bound(t, (f"127.0.0.{host}", 0))) for t in ("tcp", "udp") for host in (1, 2)]
        d = self.pass_to(passed, *listeners)
        for name, s in passed:
            transport = "udp" if s.type == socket.SOCK_DGRAM else "tcp"
            self.assertIn(s.getsockname(), d.listening(name, transport))
            with socket.socket(socket.AF_INET, s.type) as client:
                client.settimeout(harness.TIMEOUT_S)
                client.connect(s.getsockname())
                client.sendall(b"are you there")
                self.assertEqual(client.recv(100), b"are you there")

    def test_blocking_sockets_without_close_on_exec_become_what_they_have_to_be(self):
        tcp, udp = self.bound("tcp"), self.bound("udp")
        d = self.pass_to([("echo", tcp), ("echo", udp)], {"service": "echo"},
                         {"service": "hostname", "address": "127.0.0.1"}, only=False)
        self.assertTrue(serves(d, "tcp") and serves(d, "udp"))
        # The flags are those of the one open socket, which we have too.
        self.assertFalse(os.get_blocking(tcp.fileno()) or os.get_blocking(udp.fileno()))
        self.assertEqual(self.inherited_by_programs(d.pid), [])

    @staticmethod
    def inherited_by_programs(pid):
        """Descriptors from 3 on that lack close-on-exec."""
        found = []
        for fd in procs.descriptors(pid):
            with open(f"/proc/{pid}/fdinfo/{fd}") as f:
                flags = next(int(line.split()[1], 8) for line in f if line.startswith("flags:"))
            if fd > 2 and not flags & os.O_CLOEXEC:
                found.append(fd)
        return found

    def test_a_worker_has_the_sockets_of_its_pool_only(self):
        tcp, udp, other = self.bound("tcp"), self.bound("udp"), self.bound("tcp")
        d = self.pass_to([("echo", tcp), ("echo", udp), ("hostname", other)], {**ECHO, "transport": ["tcp", "udp"]},
                         {"service": "hostname", "pool": "fork"})
        inodes = {f"socket:[{os.fstat(s.fileno()).st_ino}]": i for i, s in enumerate((tcp, udp, other))}
        seen = set()
        for pid in d.workers():
            has = tuple(sorted(inodes[what] for what in procs.descriptors(pid).values() if what in inodes))
            self.assertLessEqual(len(has), 1, "one pool's, or as a resolver none")
            seen.add(has)
        self.assertEqual(seen, {(), (0,), (1,), (2,)})

    def test_a_receive_buffer_that_the_unit_made_larger_stays(self):
        for transport, listener in (("tcp", ECHO), ("udp", UDP)):
            s = self.bound(transport)
            before = self.enlarge(s)
            d = self.pass_to([("echo", s)], listener)
            d.reload()
            self.assertTrue(serves(d, transport))
            self.assertEqual(s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), before, transport)
            d.stop()

    @harness.needs_root
    def test_a_receive_buffer_that_only_the_unit_could_make_so_large_is_better_than_nothing(self):
        s = self.bound("udp")
        before = self.enlarge(s)
        how = passing.arguments([s], ["echo"])
        how["prefix"] += ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        d = self.serve({**UDP, "receive_buffer": "64M"}, activation="only", daemon=how)
        d.reload()
        self.assertTrue(serves(d, "udp"))
        self.assertEqual(s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), before)

    @staticmethod
    def enlarge(s):
        """Beyond what the daemon would ask for, where we may."""
        so_rcvbufforce = 33
        try:
            s.setsockopt(socket.SOL_SOCKET, so_rcvbufforce, 16 << 20)
        except PermissionError:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        return s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


@harness.every_model
@passing.needs_systemd
class Queues(passing.Case):
    def test_connections_that_waited_before_the_start_are_served(self):
        s = self.bound("tcp")
        queued = [socket.create_connection(s.getsockname(), harness.TIMEOUT_S) for _ in range(5)]
        for i, client in enumerate(queued):
            client.sendall(b"queued %d" % i)
        queued[0].shutdown(socket.SHUT_WR)
        self.pass_to([("echo", s)], ECHO)
        for i, client in enumerate(queued):
            self.assertEqual(clients.recv_exactly(client, 8), b"queued %d" % i)
            client.close()

    def test_a_client_that_connects_all_the_time_is_served_over_20_restarts(self):
        s = self.bound("tcp")
        over, served, refused = threading.Event(), [], []

        def connect():
            while not over.is_set():
                try:
                    with socket.create_connection(s.getsockname(), harness.TIMEOUT_S) as client:
                        (served if clients.serves(client) else refused).append("no answer")
                except OSError as e:
                    refused.append(repr(e))

        knockers = [threading.Thread(target=connect) for _ in range(4)]
        for k in knockers:
            k.start()
        try:
            for _ in range(20):
                mark = len(served)
                d = self.pass_to([("echo", s)], {**ECHO, **MANY}, limits=MANY_IN_ALL)
                self.wait_until(lambda m=mark: len(served) > m, "a served client")
                d.stop()
            self.pass_to([("echo", s)], {**ECHO, **MANY}, limits=MANY_IN_ALL)
        finally:
            over.set()
            for k in knockers:
                k.join()
        self.assertEqual(refused, [])


@passing.needs_systemd
class QueuesOfDatagrams(passing.Case):
    """What came before the socket was told to say to which address."""

    def client(self, family=socket.AF_INET):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.settimeout(harness.TIMEOUT_S)
        self.addCleanup(s.close)
        return s

    def test_datagrams_that_waited_are_answered_from_the_address_that_was_asked(self):
        cases = [(("0.0.0.0", 0), True, ["127.0.0.1", "127.0.0.2"]), (("127.0.0.3", 0), True, ["127.0.0.3"])]
        if clients.has_ipv6():
            cases += [(("::", 0), False, ["127.0.0.1", "127.0.0.2", "::1"]), (("::", 0), True, ["::1"])]
        for where, v6only, hosts in cases:
            with self.subTest(f"{where} {v6only}"):
                s = self.bound("udp", where, v6only)
                asking = [(host, self.client(socket.AF_INET6 if ":" in host else socket.AF_INET)) for host in hosts]
                for host, client in asking:
                    client.sendto(host.encode(), (host, s.getsockname()[1]))
                d = self.pass_to([("echo", s)], {**UDP, "allow": ["127.0.0.0/8", "::1"]})
                for host, client in asking:
                    for _ in range(2):  # the second one comes to a socket that says it
                        answer, sender = client.recvfrom(clients.CHUNK)
                        self.assertEqual((answer, sender[0]), (host.encode(), host))
                        client.sendto(host.encode(), (host, s.getsockname()[1]))
                d.stop()
                s.close()

    def test_a_datagram_to_a_path_that_waited_is_answered(self):
        s = self.bound("unixgram", self.folder / "s")
        client = self.client(socket.AF_UNIX)
        client.bind("")
        client.sendto(b"waited", s.getsockname())
        self.pass_to([("echo", s)], {"service": "echo", "transport": "unixgram", "path": self.folder / "not-bound"})
        self.assertEqual(client.recv(100), b"waited")

    def test_datagrams_between_two_daemons_are_answered_by_the_second(self):
        s = self.bound("udp")
        client = self.client()
        client.connect(s.getsockname())
        for i in range(10):
            client.send(b"between %d" % i)
            d = self.pass_to([("echo", s)], UDP)
            self.assertEqual(client.recv(100), b"between %d" % i)
            self.assertEqual(clients.ask(client, b"served"), b"served")
            d.stop()


@passing.needs_systemd
class ServesByDefaults(passing.Case):
    """A socket that is named after a service which the settings have no listener of."""

    def test_a_socket_of_a_service_without_a_listener_has_that_service_s_defaults(self):
        time, datagrams = self.bound("tcp"), self.bound("udp")
        d = self.pass_to([("echo", self.bound("tcp")), ("time", time), ("chargen/udp", datagrams)], ECHO)
        self.assertTrue(serves(d, "tcp"))
        self.assertEqual(len(clients.recv_all(d.connect("time"))), 4)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(harness.TIMEOUT_S)
            s.connect(datagrams.getsockname())
            # RFC 864: a random number of characters, none included.
            self.assertTrue(bytes(range(0x20, 0x7F)).startswith(clients.ask(s, b"x" * 20)))
        d.wait_log(r"passed: descriptor 4 \(time, tcp .*is served by the defaults of time")
        self.assertTrue(serves(d, "tcp"))
        d.reload(self.config(ECHO, {"service": "time", "name": "clock", "transport": ["tcp", "udp"]}, activation="only",
                             defaults={"deny": ["127.0.0.0/8"]}))
        self.assertEqual(d.listening("clock"), [time.getsockname()])
        self.assertTrue(clients.is_refused(lambda: d.connect("clock")))

    def test_and_those_that_the_file_says_for_all(self):
        d = self.pass_to([("echo", self.bound("tcp")), ("time", self.bound("tcp"))], {**ECHO, "deny": []},
                         defaults={"deny": ["127.0.0.0/8"]})
        self.assertTrue(serves(d, "tcp"))
        self.assertTrue(clients.is_refused(lambda: d.connect("time")))

    def test_one_that_needs_a_file_is_refused_alone_and_what_to_write_is_said(self):
        said = r"^error passed: descriptor 4 \(qotd, tcp .*one of qotd must be written: its file is missing"
        d = self.pass_to([("echo", self.bound("tcp")), ("qotd", self.bound("tcp"))], ECHO, start={"allow": [said]})
        d.wait_log(said)
        self.assertTrue(serves(d, "tcp"))

    def test_stamp_is_refused_without_who_may_ask_and_served_to_whom_the_file_says(self):
        said = r"^error passed: descriptor 3 \(stamp, udp .*one of stamp must be written: its allow is missing"
        d = self.pass_to([("stamp", self.bound("udp")), ("echo", self.bound("tcp"))], ECHO, start={"allow": [said]})
        d.wait_log(said)
        self.assertTrue(serves(d, "tcp"))
        d.stop()
        d = self.pass_to([("stamp", self.bound("udp"))], ECHO, defaults={"allow": ["127.0.0.1"]})
        self.assertEqual(len(clients.ask(d.connect("stamp", "udp"), stamp.request(1))), 44)

    def test_info_is_served_to_this_host_and_not_to_everybody(self):
        said = r"^error passed: descriptor 5 \(info, udp .*0\.0\.0\.0.* is reached by others: `allow` is missing"
        here, path = self.bound("udp"), self.bound("unixgram", self.folder / "info")
        everywhere = self.bound("udp", ("0.0.0.0", 0))
        d = self.pass_to([("info", here), ("info", path), ("info", everywhere)], ECHO, start={"allow": [said]})
        d.wait_log(said)
        self.assertEqual(d.listening("info", "udp"), [here.getsockname()])
        for transport in ("udp", "unixgram"):
            s = d.connect("info", transport, source="" if transport == "unixgram" else None)
            self.assertIn(b'"transport":"%s"' % transport.encode(), clients.ask(s, bytes(900)))

    def test_tcpmux_knows_the_listeners_of_the_file(self):
        d = self.pass_to([("echo", self.bound("tcp")), ("tcpmux", self.bound("tcp"))], ECHO)
        self.assertEqual(clients.ask(d.connect("tcpmux"), b"help\r\n"), b"echo\r\n")


@passing.needs_systemd
class Refuses(passing.Case):
    def place(self, s):
        return ":".join(map(str, s.getsockname()))

    def test_a_name_and_an_address_that_no_listener_has(self):
        for names, said in ((["mirror"], "mirror"), (None, "unknown")):
            s = self.bound("tcp")
            text = self.refused([s], names, ECHO)
            self.assertIn(f"descriptor 3 ({said}, tcp {self.place(s)}) matches no listener", text)

    def test_a_type_that_the_named_listener_does_not_have(self):
        for name, listener in (("mirror", {**ECHO, "name": "mirror"}), ("echo", {**ECHO, "name": "mirror"})):
            s = self.bound("udp")
            text = self.refused([s], [name], listener)
            self.assertIn(f"descriptor 3 ({name}, udp {self.place(s)}) is named after listener mirror", text)

    def test_a_name_of_a_service_that_several_listeners_have(self):
        s = self.bound("tcp")
        text = self.refused([s], ["echo"], {**ECHO, "name": "a"}, {**ECHO, "name": "b"})
        self.assertIn(f"descriptor 3 (echo, tcp {self.place(s)}) could be for 2 listeners", text)

    def test_a_listener_that_is_not_enabled_wants_nothing(self):
        text = self.refused([self.bound("tcp")], ["echo"], {**ECHO, "enabled": False}, {"service": "time"})
        self.assertIn("descriptor 3 (echo, tcp ", text)

    def test_what_is_no_socket(self):
        with open(self.file(), "rb") as f:
            self.assertIn("descriptor 4 (file) is not a socket",
                          self.refused([self.bound("tcp"), f], ["echo", "file"], ECHO))

    def file(self):
        return self.folder.write("file", "")

    def test_a_family_or_type_that_nothing_here_serves(self):
        odd = [(socket.AF_NETLINK, socket.SOCK_RAW, 0)]
        if harness.is_root():
            odd.append((socket.AF_INET, socket.SOCK_RAW, 253))
        for kind in odd:
            try:
                s = socket.socket(*kind)
            except OSError:
                continue  # a kernel without it
            with s:
                self.assertIn("descriptor 3 (echo) is a socket of a kind that no listener serves",
                              self.refused([s], ["echo"], {"service": "echo"}))

    def test_a_connection_or_a_socket_that_does_not_listen(self):
        one, other = socket.socketpair()
        deaf = self.bound("tcp", listen=False)
        with one, other, socket.create_connection(self.bound("tcp").getsockname()) as connection:
            for s in (one, connection, deaf):
                text = self.refused([s], ["echo"], {**ECHO, "transport": ["tcp", "unix"], "path": "/nonexistent/s"})
                self.assertRegex(text, r"descriptor 3 \(echo\) is .*not a listening socket.*--inetd")

    def test_a_number_that_is_none(self):
        for wrong in ("-1", "many", "1x", "99999999999999999999"):
            text = self.refused([self.bound("tcp")], ["echo"], ECHO, variables={"LISTEN_FDS": wrong})
            self.assertIn(f'LISTEN_FDS="{wrong}"', text)

    def test_more_than_there_are(self):
        for wrong in ("2", "3", "250"):
            text = self.refused([self.bound("tcp")], None, ECHO, variables={"LISTEN_FDS": wrong})
            self.assertIn(f"descriptor 4 was not passed (LISTEN_FDS={wrong})", text)

    def test_more_than_we_take(self):
        s = self.bound("tcp")
        text = self.refused([s] * 257, None, ECHO)
        self.assertIn("257 descriptors; at most 256", text)

    def test_names_that_are_not_as_many(self):
        for names in ("echo:echo", ":", "echo:echo:echo"):
            text = self.refused([self.bound("tcp")], None, ECHO, variables={"LISTEN_FDNAMES": names})
            self.assertRegex(text, rf'LISTEN_FDNAMES="{names}".*LISTEN_FDS=1')

    def test_a_listen_pid_that_is_no_number(self):
        text = self.refused([self.bound("tcp")], ["echo"], ECHO, variables={"LISTEN_PID": "self"})
        self.assertIn('LISTEN_PID="self"', text)

    def test_what_was_passed_to_another_process_is_ignored(self):
        s = self.bound("tcp")
        d = self.pass_to([("nobody's", s)], ECHO, only=False, variables={"LISTEN_PID": "1"})
        self.assertNotEqual(d.listening("echo"), [s.getsockname()])
        self.assertTrue(serves(d, "tcp"))


@passing.needs_systemd
class Activation(passing.Case):
    def test_only_binds_nothing_itself(self):
        s = self.bound("tcp")
        with socket.socket() as taken:  # who binds this fails
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            d = self.pass_to([("echo", s)], {"service": "echo"}, {"service": "daytime"},
                             {**ECHO, "name": "taken", "port": taken.getsockname()[1]},
                             {"service": "echo", "name": "path", "transport": "unix", "path": self.folder / "path"})
            listening = [line for line in d.log if line.startswith("notice listening ")]
            self.assertEqual(len(listening), 1, listening)
            self.assertFalse(os.path.lexists(self.folder / "path"))
            self.assertTrue(serves(d, "tcp"))

    def test_only_without_a_socket_says_which_units_there_are_and_ends_well(self):
        whole = self.config({"service": "echo"}, {"service": "time"}, {"service": "daytime", "enabled": False},
                            {**ECHO, "name": "second"}, activation="only")
        for variables in ({}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}):
            d = self.start(whole, env=variables, wait=False)
            d.wait_exit(0)
            said = [line for line in d.log if "echotimed-echo.socket" in line]
            self.assertEqual(len(said), 1, d.log)
            self.assertRegex(said[0], r"^notice start: .*: echotimed-echo\.socket echotimed-time\.socket$")
            self.assertIn("READY=1", d.events.messages)

    def test_only_says_once_which_listeners_have_no_socket(self):
        d = self.pass_to([("echo", self.bound("tcp"))], {"service": "echo"}, {"service": "time"},
                         {"service": "daytime", "enabled": False})
        d.wait_log(r"^notice passed: closed, no socket was passed: echo/udp time/tcp time/udp$")
        self.assertEqual(sum("no socket was passed" in line for line in d.log), 1)

    def test_auto_binds_the_rest_and_says_what_it_does_not_bind(self):
        s = self.bound("tcp")
        with socket.socket() as taken:  # who binds this fails
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            d = self.pass_to([("echo", s)], {"service": "echo", "port": port}, {"service": "time"}, only=False)
        d.wait_log(rf"^notice passed: echo/tcp: a socket was passed, so 127\.0\.0\.1:{port} is not bound$")
        self.assertEqual(d.listening("echo"), [s.getsockname()])
        self.assertEqual(d.listening("echo", "udp"), [("127.0.0.1", port)])
        self.assertEqual(len(d.listening("time")), 1)
        self.assertTrue(serves(d, "tcp") and serves(d, "udp"))

    def test_an_address_that_was_passed_itself_needs_no_notice(self):
        s = self.bound("tcp")
        d = self.pass_to([("echo", s)], {**ECHO, "port": s.getsockname()[1]}, only=False)
        self.assertEqual([line for line in d.log if " passed" in line], [])

    def test_auto_without_a_socket_binds_everything(self):
        d = self.serve({"service": "echo"}, activation="auto")
        self.assertTrue(serves(d, "tcp") and serves(d, "udp"))


@passing.needs_systemd
class Reloads(passing.Case):
    def test_keep_the_sockets_and_their_sessions(self):
        tcp, udp = self.bound("tcp"), self.bound("udp")
        d = self.pass_to([("echo", tcp), ("echo", udp)], {"service": "echo"})
        session = d.connect("echo")
        self.assertTrue(clients.serves(session))
        for _ in range(3):
            d.reload()
            self.assertTrue(serves(d, "tcp") and serves(d, "udp") and clients.serves(session))
        self.assertEqual(len(d.listening("echo") + d.listening("echo", "udp")), 2)

    def test_leave_the_backlog_as_the_unit_set_it(self):
        tcp = self.bound("tcp")
        tcp.listen(7)
        d = self.pass_to([("echo", tcp)], {"service": "echo", "transport": "tcp", "backlog": 99})
        d.reload()
        self.assertEqual(tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[28], 7)  # tcpi_sacked: the limit

    def test_may_give_a_socket_to_another_listener(self):
        tcp, udp = self.bound("tcp"), self.bound("udp")
        d = self.pass_to([("echo", tcp), ("echo", udp)], {"service": "echo", "name": "a"})
        old = d.connect("a")
        self.assertTrue(clients.serves(old))
        d.reload(self.config({"service": "echo", "name": "b", "transport": ["tcp", "udp"]}, activation="only"))
        for _ in range(20):
            self.assertTrue(serves(d, "tcp", "a") and serves(d, "udp", "a"), "where it was before")
        self.assertTrue(clients.serves(old))
        d.hang_up()
        d.wait_log("session listener=b .*", count=20)

    def test_that_take_the_listener_of_a_socket_away_are_refused(self):
        s = self.bound("tcp")
        d = self.pass_to([("mirror", s)], {**ECHO, "name": "mirror"},
                         start={"allow": [r"^error reload: refused: descriptor 3 \(mirror, tcp "]})
        d.reload(self.config({"service": "time"}, activation="only"))
        d.wait_log("refused: descriptor 3 .*matches no listener")
        self.assertTrue(serves(d, "tcp", "mirror"))

    def test_leave_a_socket_refused_that_was_refused_and_take_it_when_a_listener_wants_it(self):
        s, other = self.bound("tcp"), self.bound("tcp")
        said = r"^error passed: descriptor 4 \(mirror, tcp .*matches no listener"
        d = self.pass_to([("echo", s), ("mirror", other)], ECHO, start={"allow": [said]})
        d.wait_log(said)
        self.assertTrue(serves(d, "tcp"))
        d.reload()
        d.wait_log(said, count=2)
        self.assertTrue(serves(d, "tcp"))
        waiting = socket.create_connection(other.getsockname(), harness.TIMEOUT_S)
        d.reload(self.config(ECHO, {**ECHO, "name": "mirror"}, activation="only"))
        with waiting:
            self.assertTrue(clients.serves(waiting))

    def test_give_each_of_two_sockets_of_one_address_its_own_queue(self):
        one = socket.socket()
        two = socket.socket()
        with one, two:
            for s, where in ((one, ("127.0.0.1", 0)), (two, None)):
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                s.bind(where or one.getsockname())
                s.listen()
            d = self.pass_to([("echo", one), ("echo", two)], {**ECHO, **MANY}, limits=MANY_IN_ALL)
            d.reload()
            many = [d.connect("echo") for _ in range(40)]  # the kernel deals them over both
            for s in many:
                self.assertTrue(clients.serves(s))

    def test_to_auto_and_back_bind_the_rest_and_let_it_go(self):
        s = self.bound("tcp")
        listeners = ({"service": "echo"}, {"service": "time"})
        d = self.pass_to([("echo", s)], *listeners)
        d.reload(self.config(*listeners, activation="auto"))
        self.assertTrue(serves(d, "tcp") and serves(d, "udp"))
        time = d.address("time")
        d.reload(self.config(*listeners, activation="only"))
        self.assertTrue(serves(d, "tcp"))
        self.wait_until(lambda: clients.is_closed(lambda: socket.create_connection(time, harness.TIMEOUT_S)),
                        "a closed address")


@passing.needs_systemd
class ByTheToolOfSystemd(passing.Case):
    """systemd-socket-activate: what systemd itself passes."""

    def setUp(self):
        super().setUp()
        if not shutil.which("systemd-socket-activate"):
            self.skipTest("needs systemd-socket-activate")

    def activated(self, options, *listeners):
        """A daemon that starts when something comes."""
        return self.start(self.config(*listeners, activation="only"), wait=False,
                          prefix=["systemd-socket-activate", *options],
                          allow=[r"^Listening on |^Communication attempt on |^Execing "])

    def test_streams(self):
        path, other = self.folder / "s", self.folder / "t"
        d = self.activated([f"--listen={path}", f"--listen={other}", "--fdname=echo:daytime", "-ENOTIFY_SOCKET"],
                           {"service": "echo", "transport": "unix", "path": "/nonexistent/s"},
                           {"service": "daytime", "transport": "unix", "path": "/nonexistent/t"})
        d.wait_log("Listening on .*t")
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(harness.TIMEOUT_S)
            s.connect(path)
            self.assertTrue(clients.serves(s))
        d.wait_notify("READY=1")
        self.assertEqual((d.listening("echo", "unix"), d.listening("daytime", "unix")), ([path], [other]))

    def test_datagrams(self):
        path = self.folder / "s"
        d = self.activated(["--datagram", f"--listen={path}", "--fdname=echo", "-ENOTIFY_SOCKET"],
                           {"service": "echo", "transport": "unixgram", "path": "/nonexistent/s"})
        d.wait_log("Listening on")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(harness.TIMEOUT_S)
            s.bind("")
            s.sendto(b"wake up", path)
            self.assertEqual(s.recv(100), b"wake up")


if __name__ == "__main__":
    harness.main()
