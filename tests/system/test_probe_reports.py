# SPDX-License-Identifier: MIT
"""Every report of echoprobe: what a person reads, that programs of others can read the rest, and one number in all of them."""

import csv
import io
import json
import os
import subprocess
import unittest

import oracles

PROGRAM = os.path.join(os.environ.get("top_builddir", "."), "tests/system/probe_report")
RUNS = ("echo clean limits slow silent nothing altered impaired unnumbered tcp stamp unsynchronised flows sweep mtu info time strange "
        "two").split()
GOOD, BAD, NOTHING, SILENT = range(4)

ECHO = """\
echo over UDP: 198.51.100.4:41822 -> server.example (192.0.2.7:7), 64 bytes every 10 ms

  sent 1000, back 996, lost 4 (0.40 %, likely 0.16 to 1.02), late 1
  duplicated 0, reordered 2 (by 1 place at most), corrupted 0, truncated 0, from another address 0
  lost in 3 places, at most 2 in a row (20.0 ms)

            min     mean      p50      p90      p99    p99.9      max   stddev   ms
  rtt    11.580   14.053   11.895   12.419   14.582        - 2100.000   66.164
  jitter 0.210 (RFC 3550; mean 0.210, max 0.210); 99 % within 3.002 of the minimum (PDV)

   11.58 |############                                 212
   11.77 |#####################################        661
   12.33 |######                                       100
   14.39 |##                                            22   (1 more up to 2100.00)

  time stamps: kernel, both ways. Sending was 0.06 ms late at p50, 0.90 at p99; no slot skipped.
  This host dropped nothing.
"""

TCP = """\
echo over TCP: 198.51.100.4:41822 -> server.example (192.0.2.7:7), 1000 messages of 64 bytes in 1 connection

  every byte came back, in order; after our end the server sent what it owed, then ended
  connect 11.9 ms

            min     mean      p50      p90      p99    p99.9      max   stddev   ms
  rtt    12.000   12.121   12.026   12.026   12.026   24.052   24.100    1.205
  2 retransmissions; MSS 1448, path MTU 1500 as TCP sees it
"""

STAMP = """\
stamp: 198.51.100.4:41822 -> server.example (192.0.2.7:862), unauthenticated, the reflector is stateful

                lost   duplicated   reordered   hops   DSCP        ECN
  forward          3            0           1     11   46 -> 46    ect0 -> ect0
  backward         1            0           0     12   46 -> 0     - -> not
  1000 sent, 996 back
  late 1, corrupted 0, truncated 0, lengthened 0, from another address 0

                  min     mean      p50      p90      p99    p99.9      max   stddev   ms
  rtt          11.580   14.053   11.895   12.419   14.582        - 2100.000   66.164   (0.038 in the reflector, taken out)
  forward       5.900    6.070    6.010    6.210    6.310        -    9.800        -   +/- 2.00 ms
  backward      5.680    5.952    5.900    6.190    8.560        -   21.400        -   +/- 2.00 ms
  clocks: here synchronised to 800 us, there synchronised to 1.20 ms; theirs is 310 us behind, +/- 2.00 ms
"""

UNSYNCHRONISED = """\
  forward   between 0.000 and 11.580 at its least; above that p50 0.090, p99 0.410, max 3.900
  backward  between 0.000 and 11.580 at its least
  clocks: here synchronised to 800 us, there not synchronised; theirs is 48.2 s ahead, +/- 5.79 ms; the split of the 11.580 \
ms cannot be known
"""

FLOWS = """\
  port      sent  lost   late     min     p50     p99     max  ms   TTL
  40000      200     0      0   11.58   11.58   11.58   11.58        52
  40001      200    53      0   11.58   11.58   11.58   11.58        52   <- loss unlike the others (p < 0.001)
  40002      200     0      0   11.58   11.58   11.58   11.58        52
  40003      200     0      0   11.58   11.58   11.58   11.58        52
  40004      200     0      0   11.58   11.58   11.58   11.58        52
  40005      200     0      0   14.90   14.90   14.90   14.90        51   <- another path: TTL, and 3.3 ms more
"""

SWEEP = """\
  size  sent lost    min    p50    p99  ms
    64   100    0  11.58  11.58  11.58
   512   100    0  11.65  11.65  11.65
  1472   100    0  11.81  11.81  11.81
  minimum = 11.57 ms + 0.16 us a byte: about 100 Mbit/s on the slowest link, there and back
"""

MTU = """\
path MTU to server.example (192.0.2.7): echo on 7, the forward direction confirmed by time on 37
  here      1500   eth0
  forward   1300   1301 does not pass; "fragmentation needed, 1300" from 10.1.0.254
  backward  1396   answers come in fragments (so 1396 to 1403)
  largest payload there and back in one piece: 1272 bytes
"""

INFO = """\
what server.example saw (3 datagrams of 600 bytes):
  from      203.0.113.9:61234   (we sent from 10.0.0.5:41822: translated; the same port all 3 times)
  TTL       53 of 64 (11 hops)
  DSCP      0     we sent 46: cleared on the way
  ECN       ect0  as sent
  pieces    none  length 600
"""


def report(form, run):
    """(exit status, output) of the report of a run."""
    done = subprocess.run([PROGRAM, form, run], capture_output=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape")


def summary(run):
    """What a person reads at the end of the run."""
    lines = report("text", run)[1].splitlines(keepends=True)
    return "".join(lines[4:])  # three packets, and an interval


def document(run):
    return json.loads(report("json", run)[1])


class ReportCase(unittest.TestCase):
    def asked(self, oracle, *words, **more):
        """The oracle's answer; the test is skipped where the oracle is not there."""
        try:
            return oracle(*words, **more)
        except oracles.Missing as missing:
            return self.skipTest(f"needs {missing}")


class Text(ReportCase):
    def test_an_echo_run_reads_as_the_manual_shows_it(self):
        self.assertEqual(summary("echo"), ECHO)

    def test_a_tcp_run_says_that_every_byte_came_back_and_what_tcp_did_for_it(self):
        self.assertEqual(summary("tcp"), TCP)

    def test_stamp_has_a_row_for_each_direction(self):
        self.assertEqual(summary("stamp")[:len(STAMP)], STAMP)

    def test_without_synchronised_clocks_a_direction_is_a_range_and_no_number(self):
        self.assertIn(UNSYNCHRONISED, summary("unsynchronised"))

    def test_a_flow_that_loses_more_and_one_on_another_path_are_marked(self):
        self.assertIn(FLOWS, summary("flows"))
        self.assertEqual(summary("flows").count("<-"), 2)

    def test_a_sweep_ends_with_the_speed_of_the_slowest_link(self):
        self.assertIn(SWEEP, summary("sweep"))

    def test_the_path_mtu_of_each_direction_is_said_with_who_said_it(self):
        self.assertEqual(summary("mtu"), MTU)

    def test_info_says_what_was_changed_on_the_way(self):
        self.assertEqual(summary("info"), INFO)

    def test_an_offset_is_said_with_how_far_it_may_be_off(self):
        self.assertIn("  their clock is 310 ms behind, +/- 1.20 ms\n", summary("time"))

    def test_losses_of_this_host_are_told_from_the_paths(self):
        text = summary("strange")
        self.assertIn("This host dropped 12 answers, for which its buffer had no room", text)
        self.assertIn("3 datagrams came to this host with a wrong checksum", text)

    def test_no_name_and_no_note_reaches_the_terminal_as_it_is(self):
        text = report("text", "strange")[1]
        self.assertTrue(text.isascii())
        self.assertEqual([c for c in text if c < " " and c != "\n"], [])
        self.assertIn('  note: a "note"\\nof \\u00ff two lines\n', text)

    def test_what_the_server_was_asked_to_do_is_told_from_the_path(self):
        self.assertIn("  of these the server's impair: lost 3, duplicated 0, reordered 2, corrupted 0, truncated 0\n",
                      summary("impaired"))
        self.assertNotIn("impair", summary("echo"))
        self.assertEqual(document("impaired")["total"]["expected"]["lost"], 3)
        self.assertNotIn("expected", document("echo")["total"])

    def test_what_short_packets_cannot_tell_is_said(self):
        self.assertIn("copies, order and changed octets are not known", summary("unnumbered"))

    def test_each_packet_is_a_line_where_that_is_asked_for(self):
        self.assertEqual(report("text", "echo")[1].splitlines()[:2], [
            "server.example seq 16 ok 11.9 ms, 64 bytes, TTL 52", "server.example seq 17 lost"])

    def test_no_line_is_wider_than_what_a_manual_can_show(self):
        for run in RUNS:
            for line in report("text", run)[1].splitlines():
                self.assertLessEqual(len(line), 160, line)


class Formats(ReportCase):
    def test_every_json_document_is_what_the_shipped_schema_says(self):
        self.assertEqual(self.asked(oracles.schema_faults, [document(run) for run in RUNS]), [])

    def test_every_line_of_jsonl_is_what_the_shipped_schema_says(self):
        lines = [json.loads(line) for run in RUNS for line in report("jsonl", run)[1].splitlines()]
        self.assertEqual({line["type"] for line in lines}, {"start", "packet", "icmp", "interval", "summary"})
        self.assertEqual(self.asked(oracles.schema_faults, lines, "line"), [])

    def test_the_schema_refuses_a_member_of_another_type_and_one_that_is_missing(self):
        wrong, short = document("echo"), document("echo")
        wrong["total"]["packets"]["sent"] = "1000"
        del short["total"]["rtt_ns"]["p50"]
        self.assertIn("$.total.packets.sent: '1000' is not of type 'integer'", self.asked(oracles.schema_faults, [wrong]))
        self.assertIn("$.total.rtt_ns: 'p50' is a required property", self.asked(oracles.schema_faults, [short]))

    def test_several_targets_are_an_array_and_a_summary_each(self):
        self.assertEqual([d["target"]["name"] for d in document("two")], ["server.example", "other.example"])
        lines = [json.loads(line) for line in report("jsonl", "two")[1].splitlines()]
        self.assertEqual([line["target"]["address"] for line in lines if line["type"] == "summary"],
                         ["192.0.2.7", "2001:db8::7"])

    def test_what_does_not_apply_is_absent_and_what_is_not_known_is_null(self):
        d = document("echo")
        for member in ("stamp", "mtu", "tcp", "time", "info", "directions"):
            self.assertNotIn(member, d)
        self.assertIsNone(d["total"]["rtt_ns"]["p999"])
        self.assertIsNone(document("unnumbered")["total"]["packets"]["duplicated"])
        self.assertIsNone(document("nothing")["source"]["address"])

    def test_openmetrics_is_read_by_a_strict_parser(self):
        for run in RUNS:
            self.assertGreater(len(self.asked(oracles.openmetrics, report("openmetrics", run)[1])), 30)

    def test_promtool_has_nothing_to_say_of_the_older_format(self):
        for run in RUNS:
            self.assertEqual(self.asked(oracles.promtool, "check", "metrics", text=report("prometheus", run)[1]), (0, ""), run)

    def test_a_monitoring_plug_in_library_reads_the_line_of_nagios(self):
        read = self.asked(oracles.performance, report("nagios", "limits")[1])
        self.assertEqual(sorted(read), ["jitter", "late", "pl", "rta", "rtmax", "rtmin"])
        self.assertEqual((float(read["rta"]["value"]), read["rta"]["uom"]), (12.030, "ms"))
        self.assertEqual((float(read["rta"]["warning"]), float(read["rta"]["critical"])), (50, 100))
        self.assertEqual((float(read["pl"]["warning"]), float(read["pl"]["critical"]), read["pl"]["uom"]), (5, 20, "%"))
        for run in RUNS:
            if run != "two":
                self.assertIn("pl", self.asked(oracles.performance, report("nagios", run)[1]) if run != "nothing" else ["pl"])

    def test_a_name_of_any_octets_ends_no_label_and_is_text(self):
        samples = self.asked(oracles.openmetrics, report("openmetrics", "strange")[1])
        self.assertEqual({dict(labels).get("target") for _, labels in samples} - {None}, {"a\"b\\c\\n\\u00ff.example"})

    def test_csv_has_a_row_a_packet_and_empty_fields_for_what_is_not_known(self):
        rows = list(csv.DictReader(io.StringIO(report("csv", "echo")[1]), strict=True))
        self.assertEqual([r["result"] for r in rows], ["ok", "lost", "ok"])
        self.assertEqual([r["rtt_ns"] for r in rows], ["11911234", "", "12011234"])
        self.assertEqual(rows[2]["forward_ns"], "6000000")
        self.assertEqual([r["ecn"] for r in rows], ["not", "", ""])

    def test_datamash_reads_the_csv(self):
        rtts = "".join(r["rtt_ns"] + "\n" for r in csv.DictReader(io.StringIO(report("csv", "echo")[1])) if r["rtt_ns"])
        self.assertEqual(self.asked(oracles.datamash, rtts, "mean", "1", "max", "1"), [11961234, 12011234])


class Verdicts(ReportCase):
    def test_the_exit_status_is_0_only_where_all_came_back_unaltered(self):
        self.assertEqual({run: report("json", run)[0] for run in ("clean", "echo", "altered", "silent", "nothing", "mtu")},
                         {"clean": GOOD, "echo": BAD, "altered": BAD, "silent": SILENT, "nothing": NOTHING, "mtu": GOOD})

    def test_limits_decide_where_there_are_any(self):
        self.assertEqual((report("json", "limits")[0], report("json", "slow")[0]), (GOOD, BAD))

    def test_nagios_says_the_verdict_in_its_words(self):
        for run, word in (("clean", "ECHO OK"), ("limits", "ECHO OK"), ("slow", "ECHO CRITICAL"), ("echo", "ECHO WARNING"),
                          ("altered", "ECHO WARNING"), ("silent", "ECHO CRITICAL"), ("nothing", "ECHO UNKNOWN")):
            self.assertTrue(report("nagios", run)[1].startswith(word + " - "), run)

    def test_the_worst_of_several_targets_decides(self):
        self.assertEqual(report("json", "two")[0], BAD)


class OneNumber(ReportCase):
    """The same figure is the same number in every report."""

    def metric(self, samples, name, **labels):
        found = [v for (n, have), v in samples.items() if n == name and labels.items() <= dict(have).items()]
        self.assertTrue(found, name)
        return sum(found)

    def test_counts_are_the_same_in_json_text_and_metrics(self):
        for run in ("echo", "clean", "silent", "altered", "flows", "sweep", "stamp"):
            packets = document(run)["total"]["packets"]
            samples = self.asked(oracles.openmetrics, report("openmetrics", run)[1])
            for name in ("sent", "received", "lost", "late", "corrupted", "truncated", "other_address"):
                self.assertEqual(self.metric(samples, f"echoprobe_packets_{name}_total"), packets[name], (run, name))
            self.assertEqual(self.metric(samples, "echoprobe_rtt_seconds_count"), packets["received"], run)

    def test_delays_are_the_same_in_json_text_and_nagios(self):
        for run in ("echo", "clean", "altered"):
            rtt = {k: f"{v / 1e6:.3f}" for k, v in document(run)["total"]["rtt_ns"].items() if k != "count" and v is not None}
            row = next(line for line in summary(run).splitlines() if line.startswith("  rtt ")).split()[1:]
            for name, shown in zip(("min", "mean", "p50", "p90", "p99", "p999", "max", "stddev"), row):
                self.assertEqual(shown, rtt.get(name, "-"), (run, name))
            perf = self.asked(oracles.performance, report("nagios", run)[1])
            for label, name in (("rta", "mean"), ("rtmin", "min"), ("rtmax", "max")):
                self.assertEqual(f"{float(perf[label]['value']):.3f}", rtt[name], (run, label))

    def test_the_summary_of_jsonl_is_the_document(self):
        for run in RUNS:
            if run == "two":
                continue
            last = json.loads(report("jsonl", run)[1].splitlines()[-1])
            self.assertEqual(last.pop("type"), "summary")
            self.assertEqual(last, document(run))

    def test_a_histogram_of_metrics_counts_what_json_counts_below_each_bound(self):
        samples = self.asked(oracles.openmetrics, report("openmetrics", "impaired")[1])
        buckets = document("impaired")["total"]["rtt_histogram"]["buckets"]
        for k in range(20):
            bound = 50000 << k
            name = [v for (n, have), v in samples.items() if n == "echoprobe_rtt_seconds_bucket" and
                    dict(have)["le"] != "+Inf" and abs(float(dict(have)["le"]) * 1e9 / bound - 1) < 1e-5]
            self.assertEqual(name, [sum(n for _, high, n in buckets if high <= bound)], bound)


if __name__ == "__main__":
    unittest.main(verbosity=2)
