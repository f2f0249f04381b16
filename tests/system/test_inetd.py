# SPDX-License-Identifier: MIT
"""One session on a descriptor that somebody else accepted: as inetd passes it, as systemd does, and by a real xinetd."""

import contextlib
import os
import signal
import socket
import subprocess
import time

import clients
import config
import harness
import passing
import peers
import procs

# inetd: the connection is 0, 1 and 2. stdin: standard error is the log's. systemd: LISTEN_FDS; both: StandardInput=socket as
# well; half: StandardOutput=socket, which standard error inherits.
LOGGED = ("stdin", *(["systemd"] if harness.built_with("systemd") else []))
HOW = ("inetd", *LOGGED, *(["both", "half"] if harness.built_with("systemd") else []))
SECONDS_1900_TO_1970 = 2208988800


class Case(passing.Case):
    """A test that starts `echotimed --inetd`."""

    def setUp(self):
        super().setUp()
        self.processes = []
        self.addCleanup(self.end)

    def end(self):
        for p in self.processes:
            p.kill()
            p.wait()
            p.stderr.close()

    def pair(self, kind=socket.SOCK_STREAM):
        """A connection: (the client's end, the end that is passed)."""
        if kind == "tcp":
            with self.bound("tcp") as listening:
                client = socket.create_connection(listening.getsockname(), harness.TIMEOUT_S)
                server, _ = listening.accept()
        else:
            client, server = socket.socketpair(socket.AF_UNIX, kind)
        client.settimeout(harness.TIMEOUT_S)
        self.addCleanup(client.close)
        self.addCleanup(server.close)
        return client, server

    def inetd(self, passed, name, *args, how="stdin", options=()):
        """Starts it on this socket, which is closed here; its log can be read from .stderr where it is LOGGED."""
        options = [*options, "log.level=debug", "log.sessions=true"]
        if harness.is_root():
            options += ["user={}".format(config.service_user()[0]), "group={}".format(config.service_user()[1])]
        words = [word for option in options for word in ("-o", option)]
        extra = passing.arguments([passed]) if how in ("systemd", "both", "half") else {"prefix": [], "env": {}}
        environment = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM")}
        read_end, write_end = os.pipe()
        p = subprocess.Popen([*extra.pop("prefix"), harness.DAEMON, "--inetd", name, *args, *words],
                             stdin=passed if how in ("inetd", "stdin", "both") else subprocess.DEVNULL,
                             stdout=passed if how in ("inetd", "both", "half") else subprocess.DEVNULL,
                             stderr=write_end if how in LOGGED else passed,
                             env={**environment, **extra.pop("env")}, start_new_session=True, **extra)
        os.close(write_end)
        p.stderr = open(read_end)
        self.processes.append(p)
        passed.close()
        return p

    def ended(self, p, expect=0):
        """Waits for the end of it and of whatever it started; its log."""
        self.assertEqual(p.wait(harness.TIMEOUT_S), expect)
        self.wait_until(lambda: not [q for q in procs.of_session(p.pid) if q.state != "Z"], "an end of all processes")
        return p.stderr.read()

    def file(self, *listeners, **top):
        whole = self.config(*listeners, **top)
        whole.pop("log")
        return ("-c", self.folder.write("inetd.conf", config.config_text(whole)))


class Streams(Case):
    def test_echo_as_each_super_server_passes_it(self):
        data = clients.pattern(1000000)
        for how in HOW:
            for kind in ("tcp", socket.SOCK_STREAM):
                client, server = self.pair(kind)
                p = self.inetd(server, "echo", how=how)
                sender = clients.Sender(client, data)
                self.assertEqual(clients.recv_all(client), data, f"{how} {kind}")
                sender.join()
                client.close()
                log = self.ended(p)
                if how in LOGGED:
                    self.assertRegex(log, r"info session listener=echo .*in=1000000 out=1000000 end=eof")

    def test_what_waited_in_the_connection_is_served(self):
        client, server = self.pair("tcp")
        client.sendall(b"waited")
        client.shutdown(socket.SHUT_WR)
        p = self.inetd(server, "echo", how="inetd")
        self.assertEqual(clients.recv_all(client), b"waited")
        self.ended(p)

    def test_nothing_of_the_log_reaches_the_client(self):
        for how in set(HOW) - set(LOGGED):
            client, server = self.pair()
            p = self.inetd(server, "echo", how=how, options=["no.such.key=1"])
            self.assertEqual(clients.recv_all(client), b"", how)
            self.ended(p, 78)
            client, server = self.pair()
            p = self.inetd(server, "daytime", how=how)
            self.assertRegex(clients.recv_all(client), rb"^[^\r\n]*\r\n$", how)
            self.ended(p)

    def test_daytime_and_time_speak_and_close(self):
        for how in HOW:
            client, server = self.pair("tcp")
            p = self.inetd(server, "daytime", how=how)
            self.assertRegex(clients.recv_all(client), rb"^\w+day, \w+ \d+, \d{4} \d\d:\d\d:\d\d-UTC\r\n$")
            client.close()
            self.ended(p)
            client, server = self.pair("tcp")
            before = int(time.time())
            p = self.inetd(server, "time", how=how)
            said = int.from_bytes(clients.recv_all(client), "big") - SECONDS_1900_TO_1970
            self.assertTrue(before <= said <= time.time())
            client.close()
            self.ended(p)

    def test_discard_takes_everything_and_says_nothing(self):
        client, server = self.pair("tcp")
        p = self.inetd(server, "discard", how="inetd")
        clients.Sender(client, b"x" * 1000000).join()
        self.assertEqual(clients.recv_all(client), b"")
        self.ended(p)

    def test_chargen_goes_on_until_the_client_has_enough(self):
        client, server = self.pair("tcp")
        p = self.inetd(server, "chargen", how="inetd")
        first = clients.recv_exactly(client, 74 * 3)
        self.assertEqual([line[0] for line in first.split(b"\r\n")[:3]], [0x20, 0x21, 0x22])
        clients.reset(client)
        self.ended(p)

    def test_tcpmux_lists_what_there_is(self):
        for request, answer in ((b"HELP\r\n", b""), (b"nobody\r\n", b"-")):
            client, server = self.pair("tcp")
            p = self.inetd(server, "tcpmux", *self.file({"service": "tcpmux"}, {"service": "daytime", "transport": "tcp"}))
            client.sendall(request)
            said = clients.recv_all(client)
            self.assertTrue(said.startswith(answer), said)
            if not answer:
                self.assertIn(b"daytime", said)
            client.close()
            self.ended(p)

    def test_tcpmux_goes_on_as_the_listener_that_is_asked_for(self):
        listeners = ({"service": "tcpmux"}, {"service": "echo", "transport": "tcp"}, {"service": "daytime", "transport": "tcp"},
                     {"service": "hostname", "name": "names", "allow": ["127.0.0.0/8"]})
        for name, said, answer in (("echo", b"the same", rb"\+[^\r]*\r\nthe same"), ("daytime", b"", rb"\+[^\r]*\r\n\w+day, "),
                                   ("names", b"HNAME localhost\r\n", rb"\+[^\r]*\r\nHOST : 127\.0\.0\.1 : localhost")):
            client, server = self.pair("tcp")
            p = self.inetd(server, "tcpmux", *self.file(*listeners))
            client.sendall(name.encode() + b"\r\n" + said)
            client.shutdown(socket.SHUT_WR)
            self.assertRegex(clients.recv_all(client), answer, name)
            client.close()
            self.ended(p)

    def test_hostname_has_a_resolver_of_its_own_that_ends_with_it(self):
        for how in HOW:
            client, server = self.pair("tcp")
            p = self.inetd(server, "hostname", how=how)
            client.sendall(b"HNAME localhost\r\n")
            said = clients.recv_all(client)
            self.assertIn(b"127.0.0.1", said.replace(b" ", b""), how)
            client.close()
            self.ended(p)

    def test_the_connection_is_held_once(self):
        """So it ends when the session does, whatever the resolver still waits for."""
        for how in HOW:
            client, server = self.pair("tcp")
            inode = os.fstat(server.fileno()).st_ino
            p = self.inetd(server, "hostname", how=how)
            pids = self.wait_until(lambda p=p: self.with_resolver(p), "a resolver")
            held = [(pid, fd) for pid in pids for fd, what in procs.descriptors(pid).items() if what == f"socket:[{inode}]"]
            self.assertEqual([pid for pid, _ in held], [p.pid], how)
            client.close()
            self.ended(p)

    @staticmethod
    def with_resolver(p):
        """The pids of both, once both are what they will be."""
        pids = [q.pid for q in procs.of_session(p.pid)]
        return pids if len(pids) == 2 and all(procs.status(pid).get("NoNewPrivs") == "1" for pid in pids) else None

    def test_a_header_comes_first_where_the_listener_asks_for_it(self):
        asks = self.file({"service": "echo", "transport": "tcp", "proxy": "v1", "proxy_from": ["127.0.0.1"]})
        header = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 7\r\n"
        for first, answer in ((header + b"hello", b"hello"), (b"hello", b"")):
            client, server = self.pair("tcp")
            p = self.inetd(server, "echo", *asks)
            client.sendall(first)
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(clients.recv_until_over(client)[0], answer)
            log = self.ended(p)
            self.assertEqual("peer=192.0.2.1:56324" in log, bool(answer), log)

    def test_qotd_needs_its_file(self):
        quotes = self.folder.write("quotes", "a short quote\n")
        client, server = self.pair("tcp")
        p = self.inetd(server, "qotd", *self.file({"service": "qotd", "file": quotes}))
        self.assertIn(b"a short quote", clients.recv_all(client))
        client.close()
        self.ended(p)
        client, server = self.pair("tcp")
        p = self.inetd(server, "qotd")
        self.assertEqual(clients.recv_until_over(client)[0], b"")
        self.assertIn("file", self.ended(p, 78))

    def test_messages_come_back_one_for_one(self):
        client, server = self.pair(socket.SOCK_SEQPACKET)
        p = self.inetd(server, "echo")
        for data in (b"one", b"the other"):
            self.assertEqual(clients.ask(client, data), data)
        client.close()
        self.ended(p)

    def test_a_client_that_is_gone_before_it_starts_is_no_failure(self):
        client, server = self.pair("tcp")
        clients.reset(client)
        self.ended(self.inetd(server, "echo"))

    def test_a_client_that_is_slow_to_take_gets_everything(self):
        data = clients.pattern(3000000)
        client, server = self.pair("tcp")
        p = self.inetd(server, "echo")
        self.assertGreater(clients.send_until_stuck(client, data * 10, 0.2), 0)
        self.assertEqual(client.recv(1000), data[:1000])
        clients.reset(client)
        self.assertIn("end=reset", self.ended(p))

    def test_an_idle_session_is_ended(self):
        for how in HOW:
            client, server = self.pair("tcp")
            p = self.inetd(server, "echo", how=how, options=["listeners.[0].idle_timeout=300ms"])
            self.assertTrue(clients.serves(client))
            self.assertEqual(clients.recv_until_over(client)[0], b"")
            log = self.ended(p)
            if how in LOGGED:
                self.assertIn("end=idle", log)

    def test_term_ends_it(self):
        client, server = self.pair("tcp")
        p = self.inetd(server, "echo")
        self.assertTrue(clients.serves(client))
        p.send_signal(signal.SIGTERM)
        self.ended(p, -signal.SIGTERM)
        self.assertEqual(clients.recv_until_over(client)[0], b"")

    def test_standard_output_and_error_may_be_closed(self):
        client, server = self.pair("tcp")
        words = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", harness.DAEMON, "--inetd", "echo", "-o", "log.level=debug"]
        if harness.is_root():
            words += ["-o", f"user={config.service_user()[0]}"]
        with subprocess.Popen(words, stdin=server, start_new_session=True) as p:
            server.close()
            client.sendall(b"x" * 100)
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(clients.recv_all(client), b"x" * 100)
            self.assertEqual(p.wait(harness.TIMEOUT_S), 0)


class Rules(Case):
    def test_a_listener_of_the_file_says_how(self):
        clock = {"service": "daytime", "name": "clock", "format": "iso", "timezone": "UTC"}
        for name, expected in (("clock", rb"^\d{4}-\d\d-\d\dT"), ("daytime", rb"^\w+day, ")):
            client, server = self.pair("tcp")
            p = self.inetd(server, name, *self.file(clock, {"service": "daytime", "transport": "tcp"}))
            self.assertRegex(clients.recv_all(client), expected)
            client.close()
            self.ended(p)

    def test_a_name_that_the_file_does_not_have_ends_with_78(self):
        client, server = self.pair()
        p = self.inetd(server, "echo", *self.file({"service": "echo", "name": "mirror"}))
        self.assertEqual(clients.recv_all(client), b"")
        self.assertRegex(self.ended(p, 78), r'error inetd: .*inetd\.conf has no listener "echo"')

    def test_a_service_that_does_not_exist_ends_with_64(self):
        client, server = self.pair()
        p = self.inetd(server, "ecco")
        self.assertEqual(clients.recv_all(client), b"")
        self.assertIn('error inetd: there is no service "ecco"', self.ended(p, 64))

    def test_a_file_that_is_missing_ends_with_66(self):
        client, server = self.pair()
        p = self.inetd(server, "echo", "-c", self.folder / "missing")
        self.assertEqual(clients.recv_all(client), b"")
        self.assertIn("missing", self.ended(p, 66))

    def test_a_client_that_the_list_denies_is_refused(self):
        for how in HOW:
            client, server = self.pair("tcp")
            p = self.inetd(server, "echo", *self.file({"service": "echo", "deny": ["127.0.0.0/8"]}), how=how)
            self.assertEqual(clients.recv_until_over(client)[0], b"")
            log = self.ended(p)
            if how in LOGGED:
                self.assertRegex(log, r"notice refused: echo/tcp: acl")

    def test_a_client_that_the_list_allows_is_served(self):
        client, server = self.pair("tcp")
        self.inetd(server, "echo", *self.file({"service": "echo", "allow": ["127.0.0.1"]}))
        self.assertTrue(clients.serves(client))

    def test_a_listening_socket_is_refused(self):
        for how in HOW:
            p = self.inetd(self.bound("tcp"), "echo", how=how)
            log = self.ended(p, 78)
            if how in LOGGED:
                self.assertRegex(log, r"error inetd: .*is a listening socket")

    def test_what_is_no_socket_is_refused(self):
        done = self.run_once("--inetd", "echo")
        self.assertEqual(done.returncode, 78)
        self.assertIn("standard input is not a socket", done.stderr)

    @passing.needs_systemd
    def test_more_than_one_socket_is_refused(self):
        one, other = socket.socketpair()
        with one, other:
            done = self.run_once("--inetd", "echo", **passing.arguments([one, other]))
        self.assertEqual(done.returncode, 78)
        self.assertIn("2 descriptors were passed", done.stderr)

    @harness.needs_root
    def test_it_does_not_serve_as_root(self):
        client, server = self.pair("tcp")
        p = self.inetd(server, "echo")
        self.assertTrue(clients.serves(client))
        said = procs.status(p.pid)
        self.assertNotIn("0", said["Uid"].split())
        self.assertEqual((int(said["CapEff"], 16), said["NoNewPrivs"]), (0, "1"))


class Datagrams(Case):
    """`wait`: the socket itself is passed, and is the super-server's again at the end."""

    BRIEF = ("listeners.[0].idle_timeout=300ms",)

    def client(self, family=socket.AF_INET, host=""):
        s = socket.socket(family, socket.SOCK_DGRAM) if family == socket.AF_UNIX else clients.datagram_socket(family, host)
        s.settimeout(harness.TIMEOUT_S)
        self.addCleanup(s.close)
        return s

    def test_those_that_waited_and_those_that_follow_are_answered(self):
        for how in HOW:
            s = self.bound("udp", ("0.0.0.0", 0))
            port, keep = s.getsockname()[1], s.dup()
            asking = [(host, self.client()) for host in ("127.0.0.1", "127.0.0.2")]
            for host, client in asking:
                client.sendto(host.encode(), (host, port))
            p = self.inetd(s, "echo", how=how, options=self.BRIEF)
            for host, client in asking:
                self.assertEqual(client.recvfrom(100), (host.encode(), (host, port)))
                client.sendto(b"more", (host, port))
                self.assertEqual(client.recvfrom(100), (b"more", (host, port)))
            log = self.ended(p)
            if how in LOGGED:
                self.assertNotIn("error", log)
            # A program that comes next reads one datagram at a time, as it always has.
            self.assertEqual(keep.getsockopt(17, 104), 0)  # UDP_GRO
            keep.close()

    def test_one_that_comes_after_the_end_is_answered_by_the_next(self):
        s = self.bound("udp")
        client = self.client()
        client.connect(s.getsockname())
        for i in range(3):
            client.send(b"%d" % i)
            p = self.inetd(s.dup(), "echo", how="inetd", options=self.BRIEF)
            self.assertEqual(client.recv(100), b"%d" % i)
            self.ended(p)

    def test_daytime_time_and_hostname_answer(self):
        for name, request, length in (("daytime", b"", None), ("time", b"", 4), ("hostname", b"HNAME localhost\r\n", None)):
            s = self.bound("udp")
            client = self.client()
            client.connect(s.getsockname())
            # A record is longer than its request.
            p = self.inetd(s, name, options=[*self.BRIEF, "listeners.[0].amplification=100"])
            client.send(request)
            answer = client.recv(2000)
            self.assertTrue(answer and len(answer) == (length or len(answer)), name)
            self.ended(p)

    def test_the_list_of_the_listener_counts(self):
        s = self.bound("udp", ("0.0.0.0", 0))
        port, client, bad = s.getsockname()[1], self.client(host="127.0.0.2"), self.client()
        self.inetd(s, "echo", *self.file({"service": "echo", "transport": "udp", "allow": ["127.0.0.2"]}))
        bad.sendto(b"denied", ("127.0.0.1", port))
        client.sendto(b"allowed", ("127.0.0.1", port))
        self.assertEqual(client.recv(100), b"allowed")
        self.assertTrue(clients.has_nothing(bad))

    def test_to_a_path(self):
        s = self.bound("unixgram", self.folder / "s")
        client = self.client(socket.AF_UNIX)
        client.bind("")
        client.connect(s.getsockname())
        client.send(b"waited")
        p = self.inetd(s, "echo", how="inetd", options=self.BRIEF)
        self.assertEqual(client.recv(100), b"waited")
        self.assertEqual(clients.ask(client, b"follows"), b"follows")
        self.ended(p)

    def test_of_both_families_on_one_socket(self):
        if not clients.has_ipv6():
            self.skipTest("this host has no IPv6")
        s = self.bound("udp", ("::", 0), v6only=False)
        port = s.getsockname()[1]
        asking = [(host, self.client(socket.AF_INET6 if ":" in host else socket.AF_INET)) for host in ("127.0.0.2", "::1")]
        for host, client in asking:
            client.sendto(b"waited", (host, port))
        self.inetd(s, "echo", *self.file({"service": "echo", "transport": "udp"}))
        for host, client in asking:
            for _ in range(2):
                self.assertEqual(client.recvfrom(100)[1][0], host)
                client.sendto(b"more", (host, port))


XINETD = """
defaults
{{
	log_type = FILE {log}
	bind = {address}
	instances = 50
	cps = 1000 1
	per_source = 50
}}
service stream
{{
	type = UNLISTED
	port = {stream}
	socket_type = stream
	protocol = tcp
	wait = no
	user = {user}
	server = {daemon}
	server_args = --inetd daytime
}}
service datagram
{{
	type = UNLISTED
	port = {datagram}
	socket_type = dgram
	protocol = udp
	wait = yes
	user = {user}
	server = {daemon}
	server_args = --inetd echo
}}
service brief
{{
	type = UNLISTED
	port = {brief}
	socket_type = dgram
	protocol = udp
	wait = yes
	user = {user}
	server = {daemon}
	server_args = --inetd echo -o listeners.[0].idle_timeout=300ms
}}
"""


@peers.needs("xinetd")
class Xinetd(Case):
    STREAM, DATAGRAM, BRIEF = 10013, 10007, 10008

    def setUp(self):
        super().setUp()
        # An address of loopback that is this process's alone, so that ports can be what they are.
        pid = os.getpid()
        self.address = f"127.{1 + (pid >> 16)}.{pid >> 8 & 255}.{pid & 255}"
        user = config.service_user()[0] if harness.is_root() else str(os.geteuid())
        path = self.folder.write("xinetd.conf", XINETD.format(
            log=self.folder / "log", address=self.address, stream=self.STREAM, datagram=self.DATAGRAM, brief=self.BRIEF,
            user=user, daemon=harness.DAEMON))
        self.process = subprocess.Popen([peers.path("xinetd"), "-dontfork", "-f", path, "-pidfile", self.folder / "pid"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=peers.environment("xinetd"))
        self.addCleanup(self.stop)
        self.wait_until(lambda: self.connect() is not None, "xinetd listens")

    def stop(self):
        """Its servers too, which it would leave to themselves."""
        servers = self.children()
        self.process.terminate()
        self.process.wait(harness.TIMEOUT_S)
        for pid in servers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def connect(self):
        if self.process.poll() is not None:
            self.fail(f"xinetd ended with {self.process.returncode}")
        try:
            with socket.create_connection((self.address, self.STREAM), harness.TIMEOUT_S) as s:
                return clients.recv_all(s)
        except ConnectionRefusedError:
            return None

    def test_daytime_for_each_connection(self):
        for _ in range(10):
            self.assertRegex(self.connect(), rb"^\w+day, .*-UTC\r\n$")

    def test_echo_of_datagrams_with_wait(self):
        with self.client(self.DATAGRAM) as s:
            for n in (1, 2, 1000, 9000, 65507):
                data = clients.pattern(n, n)
                self.assertEqual(clients.ask(s, data), data)
            self.wait_until(lambda: len(self.children()) == 1, "one server alone, which has answered all")

    def test_a_server_that_was_not_asked_ends_and_the_next_one_answers(self):
        with self.client(self.BRIEF) as s:
            for data in (b"first", b"again"):
                self.assertEqual(clients.ask(s, data), data)
                self.wait_until(lambda: not self.children(), "the end of a server that is not asked")
                # When xinetd learns of an end it throws away a datagram that came meanwhile. Its answer here is after that.
                self.connect()

    def client(self, port):
        s = clients.datagram_socket(host=self.address)
        s.settimeout(harness.TIMEOUT_S)
        s.connect((self.address, port))
        return s

    def children(self):
        """The pids of xinetd's children, those that have ended too, of which it has not learned yet."""
        found = (procs.read(pid) for pid in os.listdir("/proc") if pid.isdigit())
        return [p.pid for p in found if p and p.parent == self.process.pid]


if __name__ == "__main__":
    harness.main()
