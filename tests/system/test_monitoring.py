# SPDX-License-Identifier: MIT
"""The examples for monitoring: names of metrics that exist, files that their programs accept, SmokePing with our module."""

import glob
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import unittest

import oracles
import peers
from harness import Case, main
from test_metrics import ON, ask

TOP = os.environ.get("top_srcdir", ".")
ECHO = {"service": "echo", "transport": "udp"}
BUILD = os.environ.get("top_builddir", ".")
EXAMPLES = os.path.join(TOP, "conf/examples/monitoring")
ALERTS_TEST = os.path.join(TOP, "tests/system/alerts.test.yml")
ECHOPROBE = os.path.abspath(os.path.join(BUILD, "echoprobe"))
REPORT = os.path.join(BUILD, "tests/system/probe_report")
CLOCK = "echotimed_clock_synchronised"
NAME = re.compile(r"\becho(?:timed|probe)_[a-z0-9_]+\b")


def example(name):
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as f:
        return f.read()


def names_in(text):
    """Names of samples: {name}, those of histograms by the name of the family too."""
    return {line.split("{")[0].split()[0] for line in text.splitlines() if line and not line.startswith("#")}


def families_in(text):
    return set(re.findall(r"^# TYPE (\S+)", text, re.M))


def of_a_daemon(case):
    """The metrics of a daemon that has a sample of every family; its kernel may not know the state of the clock."""
    d = case.serve({**ECHO, "impair": {"drop": 1.0, "delay": 0.001}, "dry_run": True}, {"service": "hostname"}, metrics=ON)
    text = ask(d, "/metrics")[2]
    return text if CLOCK in text else f"{text}# TYPE {CLOCK} gauge\n{CLOCK} 1\n"


def of_a_probe():
    return "".join(subprocess.run([REPORT, "prometheus", run], capture_output=True, text=True, check=False).stdout
                   for run in ("stamp", "mtu", "echo"))


def labels_in(text):
    """{name of a sample: {label, …}}"""
    return {name: set(re.findall(r'(\w+)="', labels))
            for name, labels in re.findall(r"^(echo\w+)(?:\{(.*)\})? ", text, re.M)}


def targets():
    """Each question of the dashboard: its expression and its legend."""
    panels = json.loads(example("grafana.json"))["panels"]
    return [(t["expr"], t["legendFormat"]) for p in panels for t in p.get("targets", ())]


class Metrics(Case):
    def test_every_metric_of_the_dashboard_and_of_the_alerts_exists(self):
        text = of_a_daemon(self) + of_a_probe()
        known = families_in(text) | names_in(text)
        for name in ("grafana.json", "alerts.yml"):
            asked = set(NAME.findall(example(name)))
            self.assertGreater(len(asked), 8, name)
            self.assertEqual(asked - known, set(), name)

    def test_the_dashboard_shows_every_metric_of_the_daemon(self):
        asked = {re.sub(r"_bucket$", "", name) for expression, _ in targets() for name in NAME.findall(expression)}
        self.assertEqual(families_in(of_a_daemon(self)) - asked, set())

    def test_every_label_of_the_dashboard_exists_where_it_is_asked_for(self):
        known = labels_in(of_a_daemon(self) + of_a_probe())
        for expression, legend in targets():
            with self.subTest(expression=expression):
                has = set().union({"instance", "job"}, *(known[name] for name in NAME.findall(expression)))
                kept = set(re.findall(r"\w+", " ".join(re.findall(r"\bby \(([^)]*)\)", expression)))) or has
                self.assertEqual((kept | set(re.findall(r'(\w+)=~?"', expression))) - has, set())
                self.assertEqual(set(re.findall(r"\{\{(\w+)\}\}", legend)) - kept, set())

    def test_promtool_accepts_every_expression_of_the_dashboard(self):
        rules = [{"record": f"of:{i}", "expr": e.replace("$__rate_interval", "5m")} for i, (e, _) in enumerate(targets())]
        path = self.folder.write("rules.yml", json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        try:
            status, said = oracles.promtool("check", "rules", path)
        except oracles.Missing as missing:
            self.skipTest(f"needs {missing}")
        self.assertEqual(status, 0, said)

    def test_the_dashboard_is_json_whose_panels_do_not_overlap(self):
        dashboard = json.loads(example("grafana.json"))
        places = [(x, y) for p in dashboard["panels"] for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"])
                  for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])]
        self.assertEqual(len(places), len(set(places)))
        self.assertTrue(all(x < 24 for x, _ in places))
        self.assertEqual(len({p["id"] for p in dashboard["panels"]}), len(dashboard["panels"]))


class Files(unittest.TestCase):
    def test_promtool_accepts_the_rules_and_the_scrape_configuration(self):
        for words in (("check", "rules", os.path.join(EXAMPLES, "alerts.yml")),
                      ("check", "config", os.path.join(EXAMPLES, "prometheus.yml"))):
            try:
                status, said = oracles.promtool(*words)
            except oracles.Missing as missing:
                self.skipTest(f"needs {missing}")
            self.assertEqual(status, 0, said)

    def test_each_alert_fires_for_what_it_is_meant_for_and_not_for_its_neighbour(self):
        with open(ALERTS_TEST, encoding="utf-8") as f:
            cases = re.findall(r"alertname: (\w+)\n +exp_alerts:( \[\])?\n", f.read())
        alerts = set(re.findall(r"- alert: (\w+)", example("alerts.yml")))
        self.assertEqual({name for name, none in cases if none}, alerts)
        self.assertEqual({name for name, none in cases if not none}, alerts)
        try:
            status, said = oracles.promtool("test", "rules", ALERTS_TEST)
        except oracles.Missing as missing:
            self.skipTest(f"needs {missing}")
        self.assertEqual(status, 0, said)

    @unittest.skipUnless(importlib.util.find_spec("tomllib"), "needs Python 3.11")
    def test_telegrafs_file_is_toml_and_takes_metrics_and_lines(self):
        inputs = importlib.import_module("tomllib").loads(example("telegraf.conf"))["inputs"]
        self.assertEqual((inputs["exec"][0]["data_format"], inputs["execd"][0]["data_format"]), ("prometheus", "json_v2"))

    def test_each_file_says_what_it_is_for_and_is_installed(self):
        with open(os.path.join(TOP, "conf/Makefile.inc"), encoding="utf-8") as f:
            makefile = f.read()
        for path in sorted(os.listdir(EXAMPLES)):
            self.assertIn(f"%D%/examples/monitoring/{path}", makefile)
            if path not in ("grafana.json", "EchoProbe.pm"):
                self.assertRegex(example(path).splitlines()[0], r"^(#|/\*) For [A-Z]", path)

    def test_a_command_line_of_an_example_has_options_that_exist(self):
        said = subprocess.run([ECHOPROBE, "-h"], capture_output=True, text=True, check=False).stdout
        for name in ("nagios.cfg", "icinga2.conf", "telegraf.conf", "prometheus.yml", "EchoProbe.pm"):
            text = example(name).partition("sub command")[2].partition("sub times_of")[0] or example(name)
            for option in re.findall(r"""[\s"'`](--?[a-zA-Z][a-z-]*)(?=[\s"',])""", text):
                if option not in ("--host", "--test"):  # Icinga's names for words without one
                    self.assertRegex(said, rf"(?m)(^|[ ,]){re.escape(option)}\b", f"{name}: {option}")


def smokeping():
    """The root of an unpacked SmokePing; None: there is none."""
    found = glob.glob(os.path.join(peers.FOLDER, "smokeping/usr/share/perl5/Smokeping.pm"))
    return os.path.join(peers.FOLDER, "smokeping") if found else None


CONFIG = """\
*** General ***
owner = tests
contact = tests@example.com
mailhost = localhost
imgcache = {folder}/img
imgurl = ../img
datadir = {folder}/data
piddir = {folder}
cgiurl = http://localhost/
smokemail = {root}/etc/smokeping/smokemail
tmail = {root}/etc/smokeping/tmail
*** Database ***
step = 10
pings = {pings}
AVERAGE 0.5 1 100
*** Presentation ***
template = {root}/etc/smokeping/basepage.html
+ overview
width = 600
height = 50
range = 10h
+ detail
width = 600
height = 200
unison_tolerance = 2
"Last 3 Hours" 3h
*** Probes ***
+ {module}
binary = {binary}
*** Targets ***
probe = {module}
menu = Top
title = Top
+ here
menu = here
title = here
host = 127.0.0.1
{variables}
"""


@unittest.skipUnless(smokeping() and shutil.which("perl"), "needs smokeping: tests/unpack.sh FOLDER smokeping")
class SmokePing(Case):
    PINGS = 5

    def round_of(self, module, binary, variables):
        """The times that SmokePing itself says of one round of a module, in seconds."""
        for name in ("img", "data"):
            os.mkdir(self.folder / name)
        root = smokeping()
        config = self.folder.write("smokeping.conf", CONFIG.format(folder=self.folder.path, root=root, pings=self.PINGS,
                                                                   module=module, binary=binary, variables=variables))
        probes = self.folder / "perl/Smokeping/probes"
        os.makedirs(probes)
        shutil.copy(os.path.join(EXAMPLES, "EchoProbe.pm"), probes)
        done = subprocess.run(["perl", f"{root}/usr/sbin/smokeping", f"--config={config}", "--debug"], capture_output=True,
                              text=True, check=False, env=peers.perl_environment("smokeping", str(self.folder / "perl")))
        said = done.stdout + done.stderr
        found = re.search(r"127\.0\.0\.1: got ([0-9.e+ -]*)", said)
        self.assertTrue(found, said)
        return [float(t) for t in found.group(1).split()]

    def test_our_module_gives_smokeping_the_times_in_seconds(self):
        d = self.serve(ECHO)
        times = self.round_of("EchoProbe", ECHOPROBE, f"port = {d.address('echo', 'udp')[1]}\ninterval = 20ms")
        self.assertEqual(len(times), self.PINGS)
        self.assertEqual(times, sorted(times))
        self.assertTrue(all(0 < t < 2 for t in times), times)

    def test_silence_is_loss_and_not_a_time(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            self.assertEqual(self.round_of("EchoProbe", ECHOPROBE, f"port = {silent.getsockname()[1]}\ninterval = 20ms"), [])


if __name__ == "__main__":
    main()
