# SPDX-License-Identifier: MIT
"""echoprobe as others run it: for ever with metrics, as a plug-in of monitoring, and by the name echoping."""

import contextlib
import csv
import glob
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import unittest

import harness
import oracles
import peers
import probe

ECHO = {"service": "echo", "transport": "udp"}
QUICK = ("-i", "10ms")


class ProgramCase(harness.Case):
    def target(self):
        host, port = self.serve(ECHO).address("echo", "udp")
        return f"{host}:{port}"

    def asked(self, oracle, *words, **more):
        """The oracle's answer; the test is skipped where the oracle is not there."""
        try:
            return oracle(*words, **more)
        except oracles.Missing as missing:
            return self.skipTest(f"needs {missing}")


@contextlib.contextmanager
def silence():
    """A target that answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{s.getsockname()[1]}"


class Exporter(ProgramCase):
    @contextlib.contextmanager
    def exporting(self, *words):
        """(the process, host and port of its metrics)"""
        p = probe.start(*words, "--exporter", "0")
        try:
            line = p.stderr.readline()
            found = re.match(r"echoprobe: metrics at http://(\S+)/metrics\n", line)
            if "built without" in line:
                self.skipTest(line.strip())
            yield p, found.group(1)
        finally:
            p.kill()
            p.communicate()

    @staticmethod
    def ask(where, accept="application/openmetrics-text"):
        connection = http.client.HTTPConnection(where, timeout=harness.TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics", headers={"Accept": accept})
            return connection.getresponse().read().decode()

    def until(self, where, name, enough):
        """The samples of the first page on which a sample is enough."""
        while True:
            samples = self.asked(oracles.openmetrics, self.ask(where))
            found = [v for (n, _), v in samples.items() if n == name]
            if found and enough(sum(found)):
                return {n: v for (n, _), v in samples.items()}

    def test_it_goes_on_beyond_ten_packets_and_its_page_is_strict_openmetrics(self):
        with self.exporting(self.target(), *QUICK) as (_, where):
            samples = self.until(where, "echoprobe_packets_received_total", lambda n: n > 20)
        self.assertEqual(samples["echoprobe_up"], 1)
        self.assertEqual(samples["echoprobe_packets_lost_total"], 0)
        self.assertGreater(samples["echoprobe_rtt_seconds_count"], 20)
        self.assertGreater(samples["echoprobe_delay_variation_seconds_count"], 0)

    def test_stamp_tells_copies_by_their_direction_and_losses_at_the_end_only(self):
        target = "%s:%d" % self.serve({"service": "stamp", "allow": ["127.0.0.1"], "mode": "stateful"}).address("stamp", "udp")
        with self.exporting("stamp", target, *QUICK) as (_, where):
            samples = self.until(where, "echoprobe_packets_received_total", lambda n: n > 20)
            page = self.ask(where)
        self.assertEqual(samples["echoprobe_packets_lost_total"], 0)
        self.assertIn('echoprobe_packets_lost_total{target="127.0.0.1",test="stamp",direction="unknown"} 0', page)
        self.assertIn('echoprobe_packets_duplicated_total{target="127.0.0.1",test="stamp",direction="forward"} 0', page)

    def test_who_never_answers_is_down_and_what_is_under_way_is_not_lost(self):
        with silence() as target, self.exporting(target, *QUICK, "-W", "100ms") as (_, where):
            samples = self.until(where, "echoprobe_packets_lost_total", lambda n: n > 5)
        self.assertEqual(samples["echoprobe_up"], 0)
        self.assertLess(samples["echoprobe_packets_lost_total"], samples["echoprobe_packets_sent_total"])

    def test_promtool_has_nothing_to_say_of_the_older_format(self):
        with self.exporting(self.target(), *QUICK) as (_, where):
            page = self.ask(where, "text/plain")
        self.assertEqual(self.asked(oracles.promtool, "check", "metrics", text=page), (0, ""))

    def test_an_interrupt_ends_it_with_the_report_of_all_that_was_sent(self):
        with self.exporting(self.target(), *QUICK, "-J") as (p, where):
            self.until(where, "echoprobe_packets_received_total", lambda n: n > 3)
            p.send_signal(signal.SIGINT)
            document = json.loads(p.communicate(timeout=harness.TIMEOUT_S)[0])
        self.assertEqual((p.returncode, document["run"]["ended_by"]), (0, "interrupted"))
        self.assertGreater(document["total"]["packets"]["received"], 3)

    def test_a_port_that_is_taken_is_said_and_nothing_is_tested(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = probe.run("127.0.0.1:9", "--exporter", taken.getsockname()[1])
        if "libmicrohttpd" in done.err:
            self.skipTest("built without libmicrohttpd")
        self.assertEqual(done.code, 2)
        self.assertRegex(done.err, r"metrics cannot be served at 127\.0\.0\.1:\d+: Address already in use")


class Plugin(ProgramCase):
    def test_its_exit_status_is_that_of_a_plug_in(self):
        target = self.target()
        self.assertEqual(probe.run(target, "-c", 3, *QUICK, "--format", "nagios").code, 0)
        done = probe.run(target, "-c", 3, *QUICK, "--format", "nagios", "-w", "0.000001,5%", "-C", "5000,50%")
        self.assertEqual((done.code, done.out.split(" - ")[0]), (1, "ECHO WARNING"))
        with silence() as nobody:
            done = probe.run(nobody, "-c", 2, *QUICK, "-W", "50ms", "--format", "nagios", "-w", "100,20%", "-C", "500,60%")
        self.assertEqual((done.code, done.out.split(" - ")[0]), (2, "ECHO CRITICAL"))
        self.assertEqual(float(self.asked(oracles.performance, done.out)["pl"]["value"]), 100)

    def test_a_name_that_is_not_there_is_unknown_and_said_where_monitoring_reads(self):
        done = probe.run("no.such.host.invalid", "--format", "nagios")
        self.assertEqual((done.code, done.err), (3, ""))
        self.assertRegex(done.out, r"^ECHO UNKNOWN - no\.such\.host\.invalid: .+\n$")


class Formats(ProgramCase):
    def test_what_a_run_says_is_what_the_schema_says(self):
        target = self.target()
        documents = [json.loads(probe.run(target, "-c", 5, *QUICK, "-J", *more).out)
                     for more in ((), ("-s", "2"), ("--dscp", "EF", "--ecn", "ect0"), ("--poisson", "--burst", "2"),
                                  ("--sweep", "64:128:32", "--flows", "2"))]
        documents.append(json.loads(probe.run("mtu", target, "--ack", "none", "-J").out))
        documents.append(json.loads(probe.run(target, target, "-c", 2, *QUICK, "-J").out))
        self.assertEqual(self.asked(oracles.schema_faults, documents), [])
        lines = probe.run(target, "-c", 5, *QUICK, "--format", "jsonl", "--every", "20ms").out.splitlines()
        self.assertEqual(self.asked(oracles.schema_faults, [json.loads(line) for line in lines], "line"), [])
        self.assertEqual([json.loads(line)["type"] for line in lines][::len(lines) - 1], ["start", "summary"])

    def test_datamash_finds_the_mean_and_the_extremes_that_the_summary_has(self):
        lines = [json.loads(line) for line in probe.run(self.target(), "-c", 50, "-i", "2ms", "--format", "jsonl").out.splitlines()]
        rtts = "".join(f"{line['rtt_ns']}\n" for line in lines if line["type"] == "packet")
        mean, least, most, deviation = self.asked(oracles.datamash, rtts, "mean", "1", "min", "1", "max", "1", "sstdev", "1")
        found = lines[-1]["total"]["rtt_ns"]
        self.assertEqual((found["min"], found["max"], found["count"]), (least, most, 50))
        self.assertAlmostEqual(found["mean"], mean, delta=1 + mean * 1e-4)
        self.assertAlmostEqual(found["stddev"], deviation, delta=1 + deviation * 1e-4)

    def test_csv_has_a_row_a_packet_and_its_titles_once(self):
        rows = list(csv.DictReader(io.StringIO(probe.run(self.target(), "-c", 7, *QUICK, "--format", "csv").out), strict=True))
        self.assertEqual([(int(r["seq"]), r["result"]) for r in rows], [(i, "ok") for i in range(7)])


class Echoping(ProgramCase):
    def setUp(self):
        super().setUp()
        self.program = self.folder / "echoping"
        os.symlink(os.path.abspath(probe.PROBE), self.program)

    def call(self, *words):
        return subprocess.run([self.program, *words], capture_output=True, text=True, check=False)

    def test_by_that_name_it_speaks_as_echoping(self):
        done = self.call("-u", "-n", "3", "-w", "0.01", "-s", "100", self.target())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        for line in lines[:3]:
            self.assertRegex(line, r"^Elapsed time: \d\.\d{6} seconds$")
        self.assertEqual([line.split(":")[0] for line in lines[3:]],
                         ["---", "Minimum time", "Maximum time", "Average time", "Standard deviation", "Median time"])

    def test_over_tcp_it_opens_a_connection_a_time_as_echoping_did(self):
        d = self.serve({"service": "echo", "transport": "tcp"}, {"service": "discard", "transport": "tcp"},
                       {"service": "chargen", "transport": "tcp"})
        for service, option in (("echo", ()), ("discard", ("-d",)), ("chargen", ("-c",))):
            host, port = d.address(service, "tcp")
            done = self.call(*option, "-n", "3", "-w", "0.01", f"{host}:{port}")
            self.assertEqual((done.returncode, done.stderr), (0, ""), service)
            self.assertEqual(len(re.findall(r"(?m)^Elapsed time: \d\.\d{6} seconds$", done.stdout)), 3, done.stdout)

    def test_nothing_back_is_its_exit_status_1(self):
        with silence() as target:
            done = self.call("-u", "-n", "2", "-w", "0.01", "-t", "0.05", target)
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_another_protocol_is_refused_with_a_sentence(self):
        done = self.call("-h", "/", "127.0.0.1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("tests echo, discard and chargen only", done.stderr)

    @unittest.skipUnless(shutil.which("perl") and glob.glob(f"{peers.FOLDER}/smokeping/usr/share/perl5/Smokeping.pm"),
                         "needs smokeping: tests/unpack.sh FOLDER smokeping")
    def test_smokepings_own_module_reads_its_times(self):
        script = ("use Smokeping::probes::EchoPing; my ($binary, $host) = @ARGV;\n"
                  "my $p = Smokeping::probes::EchoPing->new({ binary => $binary, forks => 1, timeout => 5 },\n"
                  "    { Database => { pings => 4 } }, 'EchoPing');\n"
                  "my $target = { addr => $host, tree => 't', vars => { udp => 'yes', timeout => 5, waittime => 0.02,\n"
                  "    size => 128, pings => 4 } };\n"
                  "print join(' ', $p->pingone($target)), \"\\n\";")
        done = subprocess.run(["perl", "-e", script, self.program, self.target()], capture_output=True, text=True, check=False,
                              env=peers.perl_environment("smokeping"))
        times = [float(t) for t in done.stdout.split()]
        self.assertEqual((len(times), times), (4, sorted(times)), done.stderr)
        self.assertTrue(all(0 < t < 5 for t in times))


if __name__ == "__main__":
    harness.main()
