# SPDX-License-Identifier: MIT
"""Metrics over HTTP: what they count, that they parse, who is ready, and clients that mean no good."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

import clients
import control
import procs
from harness import TIMEOUT_S, Case, every_model, main

SAMPLE = re.compile(r'^echotimed_(\w+?)(?:\{(.*)\})? (\S+)$')
ON = {"address": "127.0.0.1", "port": 0}
SYSTEM_PYTHON = "/usr/bin/python3"  # where Debian's packages of Python are seen


def where(d):
    """Where the daemon serves its metrics now."""
    host, port = [m[1] for m in (re.match(r"notice metrics address=(\S+)", line) for line in d.log) if m][-1].rsplit(":", 1)
    return host, int(port)


def ask(d, path, method="GET", headers=None):
    """(status, headers, text) of one request."""
    connection = http.client.HTTPConnection(*where(d), timeout=TIMEOUT_S)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def say(d, request):
    """(status, text) of the answer to these bytes; (None, "") of none."""
    with socket.create_connection(where(d), TIMEOUT_S) as s:
        s.sendall(request)
        answer = clients.recv_all(s).decode()
    head, _, text = answer.partition("\r\n\r\n")
    return int(head.split()[1]) if head else None, text


def metrics(d):
    """All samples: {(name, (label, …)): value}, a label as name="value"."""
    found = {}
    for line in ask(d, "/metrics")[2].splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            found[name, tuple(labels.split(",")) if labels else ()] = float(value)
    return found


def labels(**pairs):
    return tuple(f'{name}="{value}"' for name, value in pairs.items())


def process_of(d):
    """The pid of the process that listens for metrics and is not the supervisor."""
    port = where(d)[1]
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    inode = next(row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A")
    return next((pid for pid in d.workers() if f"socket:[{inode}]" in procs.descriptors(pid).values()), None)


ECHO = {"service": "echo"}
ECHO_TCP = labels(listener="echo/tcp", service="echo", transport="tcp")
ECHO_UDP = labels(listener="echo/udp", service="echo", transport="udp")


@every_model
class MetricsOfSessions(Case):
    def test_they_count_what_clients_did(self):
        d = self.serve({**ECHO, "deny": ["127.0.0.2"]}, metrics=ON)
        with d.connect("echo") as s:
            s.sendall(b"twelve bytes")
            self.assertEqual(clients.recv_exactly(s, 12), b"twelve bytes")
            self.assertEqual(metrics(d)["sessions_active", ECHO_TCP], 1)
        self.assertTrue(clients.is_refused(lambda: d.connect("echo", source="127.0.0.2")))
        with d.connect("echo", "udp") as s:
            s.send(b"five!")
            self.assertEqual(s.recv(100), b"five!")
        # What is sent is counted afterwards.
        self.wait_until(lambda: (m := metrics(d))["sessions_active", ECHO_TCP] == 0 and m["sent_bytes_total", ECHO_TCP] == 12 and
                        m["datagrams_answered_total", ECHO_UDP] == 1, "the end of the session, and the counts")
        m = metrics(d)
        self.assertEqual(m["sessions_total", ECHO_TCP], 1)
        self.assertEqual((m["received_bytes_total", ECHO_TCP], m["sent_bytes_total", ECHO_TCP]), (12, 12))
        self.assertEqual((m["datagrams_received_total", ECHO_UDP], m["datagrams_answered_total", ECHO_UDP]), (1, 1))
        self.assertEqual(m["refused_total", labels(listener="echo/tcp", reason="acl")], 1)
        self.assertEqual(m["session_seconds_count", labels(listener="echo/tcp")], 1)
        self.assertEqual(m["session_seconds_bucket", labels(listener="echo/tcp", le="+Inf")], 1)

    def test_a_session_that_is_killed_is_a_death_with_its_cause(self):
        d = self.serve(ECHO, metrics=ON, daemon={"allow": ["died"]})
        with d.connect("echo") as s:
            s.sendall(b"x")
            self.assertEqual(s.recv(1), b"x")
            os.kill(procs.holder_of(s, d.workers())[0], signal.SIGKILL)
            clients.recv_until_over(s)
        self.wait_until(lambda: sum(v for (name, at), v in metrics(d).items() if name == "worker_deaths_total" and
                                    at[1] == 'cause="kill"') == 1, "the death")


class MetricsOfTheDaemon(Case):
    def test_counts_go_on_over_a_reload_and_nobody_is_refused(self):
        config = self.config(ECHO, metrics=ON)
        d = self.start(config, wait=True)
        with d.connect("echo") as s:
            s.sendall(b"x")
            self.assertEqual(s.recv(1), b"x")
        before = where(d)
        with socket.create_connection(before, TIMEOUT_S) as waiting:
            d.reload(config)
            self.assertEqual(where(d), before)
            waiting.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            # Who says nothing may be closed with the old process, but is never refused a new connection.
            clients.recv_until_over(waiting)
        m = metrics(d)
        self.assertEqual(m["sessions_total", ECHO_TCP], 1)
        self.assertEqual(m["reloads_total", labels(result="done")], 1)
        self.assertEqual(m["generation", ()], 2)

    def test_whoever_asks_is_answered_while_reloads_go_on(self):
        config = self.config(ECHO, metrics=ON)
        d = self.start(config, wait=True)
        over, answers, wrong = threading.Event(), [], []

        def ask_on():
            while not over.is_set():
                try:
                    answers.append(say(d, b"GET /healthz HTTP/1.0\r\n\r\n"))
                except OSError as error:
                    wrong.append(error)

        threads = [threading.Thread(target=ask_on) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            for _ in range(20):
                d.reload(config)
        finally:
            over.set()
            for t in threads:
                t.join()
        self.assertEqual(wrong, [])
        self.assertEqual(set(answers), {(200, "ok\n")})

    def test_a_reload_that_is_refused_is_counted(self):
        d = self.serve(ECHO, metrics=ON, daemon={"allow": ["error"]})
        d.reload("nonsense")
        self.assertEqual(metrics(d)["reloads_total", labels(result="refused")], 1)

    def test_a_reload_can_turn_them_off_and_on(self):
        d = self.serve(ECHO)
        self.assertFalse(any(line.startswith("notice metrics") for line in d.log))
        d.reload(self.config(ECHO, metrics=ON))
        self.assertEqual(ask(d, "/healthz")[0], 200)
        d.reload(self.config(ECHO))
        gone = where(d)
        self.wait_until(lambda: clients.is_closed(lambda: socket.create_connection(gone, TIMEOUT_S)), "a port that is closed")

    def test_a_port_that_is_taken_is_an_error_with_its_address(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = other.getsockname()[1]
            r = self.run_once(config=self.config(ECHO, metrics={**ON, "port": taken}))
        self.assertEqual(r.returncode, 69)
        self.assertIn(f"cannot serve metrics on 127.0.0.1:{taken}: Address already in use", r.stderr)

    def test_lookups_are_counted_by_their_result(self):
        d = self.serve({"service": "hostname"}, metrics=ON)
        with d.connect("hostname") as s:
            s.sendall(b"HNAME localhost\r\n")
            self.assertIn(b"localhost", clients.recv_all(s))
        m = metrics(d)
        self.assertEqual(m["lookups_total", labels(result="found")], 1)
        self.assertEqual(m["lookup_seconds_count", ()], 1)

    def test_a_process_that_dies_is_replaced(self):
        d = self.serve(ECHO, metrics=ON, daemon={"allow": ["died pool=metrics"]})
        pid = process_of(d)
        os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: process_of(d) not in (None, pid), "another process")
        self.assertEqual(metrics(d)["worker_deaths_total", labels(pool="metrics", cause="kill")], 1)

    def test_the_process_cannot_write_what_it_shows(self):
        d = self.serve(ECHO, metrics=ON)
        self.assertEqual(ask(d, "/healthz")[0], 200)
        with open(f"/proc/{process_of(d)}/maps") as f:
            shared = [line.split()[1] for line in f if line.split()[1].endswith("s")]
        self.assertTrue(shared)
        self.assertEqual([mode for mode in shared if "w" in mode], [])


class Pages(Case):
    def test_openmetrics_for_who_asks_for_it_and_it_parses(self):
        d = self.serve(ECHO, {"service": "hostname", "dry_run": True}, metrics=ON)
        status, headers, text = ask(d, "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.assertTrue(text.endswith("\n# EOF\n"))
        program = ("import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families as parse\n"
                   "print(sorted(f.name for f in parse(sys.stdin.read())))")
        if subprocess.run([SYSTEM_PYTHON, "-c", "import prometheus_client"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("needs python3-prometheus-client")
        parsed = subprocess.run([SYSTEM_PYTHON, "-c", program], input=text, capture_output=True, text=True, check=False)
        self.assertEqual(parsed.stderr, "")
        self.assertIn("'echotimed_sessions'", parsed.stdout)

    def test_the_older_format_for_everybody_else_and_promtool_has_nothing_to_say(self):
        d = self.serve(ECHO, {"service": "hostname"}, metrics=ON)
        status, headers, text = ask(d, "/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertNotIn("# EOF", text)
        if not shutil.which("promtool"):
            self.skipTest("needs promtool (prometheus)")
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_openmetrics_is_not_for_who_would_rather_have_text(self):
        d = self.serve(ECHO, metrics=ON)
        for accept, is_openmetrics in (
                ("application/openmetrics-text;q=0, text/plain", False), ("application/openmetrics-text;q=0", False),
                ("application/openmetrics-text;q=0.2, text/plain;q=0.3", False),
                ("APPLICATION/OpenMetrics-Text", True), ("text/plain;q=0.5, application/openmetrics-text", True)):
            with self.subTest(accept):
                text = ask(d, "/metrics", headers={"Accept": accept})[2]
                self.assertEqual(text.endswith("\n# EOF\n"), is_openmetrics)

    def test_a_request_with_a_body_is_answered(self):
        d = self.serve(ECHO, metrics=ON)
        for body in (b"Content-Length: 5\r\n\r\nhello", b"Content-Length: 1000000\r\n\r\n" + bytes(1000000),
                     b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"):
            self.assertEqual(say(d, b"POST /metrics HTTP/1.1\r\nHost: x\r\n" + body), (405, "there is GET and HEAD\n"))
            self.assertEqual(say(d, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + body), (200, "ok\n"))

    def test_a_header_that_is_too_long_is_answered(self):
        d = self.serve(ECHO, metrics=ON)
        for n, status in ((1000, 200), (8000, 200), (8192, 431), (16100, 431), (32768, 431), (1000000, 431)):
            with self.subTest(n):
                self.assertEqual(say(d, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * n + b"\r\n\r\n")[0], status)
        fields = b"".join(b"X-%d: x\r\n" % i for i in range(600))
        self.assertEqual(say(d, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n")[0], 200)
        self.assertEqual(say(d, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + 10 * fields + b"\r\n")[0], 431)

    def test_an_address_in_its_absolute_form_is_that_path(self):
        d = self.serve(ECHO, metrics=ON)
        for target, status in ((b"http://x:1/healthz", 200), (b"HTTP://[::1]/healthz", 200), (b"http://x/nothing", 404),
                               (b"http://healthz", 404), (b"http:/healthz", 404)):
            with self.subTest(target):
                self.assertEqual(say(d, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")[0], status)

    def test_other_paths_and_methods_are_refused_in_words(self):
        d = self.serve(ECHO, metrics=ON)
        self.assertEqual(ask(d, "/nothing")[0], 404)
        self.assertEqual(ask(d, "/metrics", "POST")[0], 405)
        self.assertEqual(ask(d, "/metrics", "HEAD")[::2], (200, ""))

    def test_ready_needs_a_synchronised_clock_where_a_listener_does(self):
        d = self.serve({"service": "time", "require_sync": True}, ECHO, metrics=ON)
        clock = metrics(d).get(("clock_synchronised", ()))
        said = (200, "ready\n") if clock == 1 else (503, "time/tcp: the clock is not synchronised\n"
                                                         "time/udp: the clock is not synchronised\n")
        # A worker begins a moment after the daemon is ready.
        self.wait_until(lambda: "nobody serves it" not in ask(d, "/readyz")[2], "workers")
        self.assertEqual(ask(d, "/readyz")[::2], said)
        self.assertEqual(ask(d, "/healthz")[::2], (200, "ok\n"))

    def test_ready_means_that_every_listener_is_served(self):
        # One pool for both: processes that die early throttle it.
        d = self.serve({**ECHO, "pool": "event"}, metrics=ON, daemon={"allow": ["died pool=", "withheld"]})
        self.wait_until(lambda: ask(d, "/readyz")[::2] == (200, "ready\n"), "a daemon that is ready")
        metrics_pid, seen = process_of(d), set()

        def unready():
            status, _, text = ask(d, "/readyz")
            seen.update(text.splitlines() if status == 503 else ())
            # Those that die early are not replaced at once.
            for pid in d.workers() if status == 200 else ():
                if pid != metrics_pid:
                    with contextlib.suppress(ProcessLookupError):  # gone by the kill before
                        os.kill(pid, signal.SIGKILL)
            return {"echo/tcp: nobody serves it", "echo/udp: nobody serves it"} <= seen

        self.wait_until(unready, "two listeners that nobody serves")
        self.wait_until(lambda: ask(d, "/readyz")[0] == 200, "a daemon that is ready again")


class ReadinessOfADrainedListener(control.Case):
    def test_a_drained_listener_is_not_ready_until_it_is_resumed(self):
        d = self.serve({**ECHO, "transport": "tcp"}, metrics=ON)
        self.wait_until(lambda: ask(d, "/readyz")[0] == 200, "a daemon that is ready")
        self.done("drain", listener="echo")
        self.assertEqual(ask(d, "/readyz")[::2], (503, "echo/tcp: it is drained\n"))
        self.done("resume", listener="echo")
        self.assertEqual(ask(d, "/readyz")[0], 200)


class BadClients(Case):
    def setUp(self):
        super().setUp()
        self.d = self.serve(ECHO, metrics=ON)

    def connect(self, source="127.0.0.1"):
        s = socket.create_connection(where(self.d), TIMEOUT_S, (source, 0))
        self.addCleanup(s.close)
        return s

    def assert_serves_others(self):
        self.assertTrue(clients.serves(self.d.connect("echo")))
        self.assertEqual(ask(self.d, "/healthz")[0], 200)

    def test_half_a_request_is_closed(self):
        s = self.connect()
        s.sendall(b"GET /met")
        self.assert_serves_others()
        clients.recv_until_over(s)

    def test_a_request_byte_by_byte_is_closed(self):
        s = self.connect()
        s.setblocking(False)

        def over():
            try:
                s.send(b"G")
                return s.recv(100) == b""
            except BlockingIOError:
                return False
            except ConnectionError:
                return True

        self.assert_serves_others()
        self.wait_until(over, "the end of a client that never ends")

    def test_a_request_without_end_is_refused(self):
        s = self.connect()
        try:
            for _ in range(1 << 14):
                s.sendall(b"GET /" + b"x" * 65536)
        except ConnectionError:
            pass
        else:
            self.fail("a gigabyte was taken")
        self.assert_serves_others()

    def test_many_that_say_nothing_and_one_that_never_reads_hold_up_nobody_for_long(self):
        crowd = [self.connect() for _ in range(60)]
        crowd[0].sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        self.assertTrue(clients.serves(self.d.connect("echo")))
        self.assert_serves_others()
        for s in crowd[1:]:
            clients.recv_until_over(s)

    def test_who_is_slow_gives_way(self):
        # Each with all of its time, one set of places after the other, they would take longer than a client waits.
        crowd = [self.connect() for _ in range(300)]
        self.assertEqual(ask(self.d, "/healthz")[0], 200)
        clients.recv_until_over(crowd[0])

    def test_a_crowd_from_one_address_turns_nobody_else_away(self):
        s = self.connect()
        s.sendall(b"GET /healthz HTTP/1.1\r\n")
        crowd = [self.connect("127.0.0.2") for _ in range(100)]
        clients.recv_until_over(crowd[0])
        s.sendall(b"Host: x\r\n\r\n")
        self.assertTrue(clients.recv_all(s).startswith(b"HTTP/1.1 200 "))


if __name__ == "__main__":
    main()
