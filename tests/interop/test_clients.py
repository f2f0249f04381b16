# SPDX-License-Identifier: MIT
"""Clients that nobody here wrote, against the real ports, in a network of their own: rdate, nmap, ncat, socat."""

import datetime
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import clients  # noqa: E402
import harness  # noqa: E402

PORTS = {"echo": 7, "discard": 9, "daytime": 13, "chargen": 19, "time": 37, "hostname": 101, "tcpmux": 1}
TABLE = "HOST : 26.0.0.73, 10.0.0.51 : SRI-NIC.ARPA,SRI-NIC,NIC : DEC-2060 : TOPS20 : TCP/ECHO :\n"


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"needs {program}")


class RealPorts(harness.Case):
    """Serves everything on the ports of IANA, bound as root and kept as the service user."""

    def setUp(self):
        super().setUp()
        table = self.folder.write("hosts.txt", TABLE)
        every = []
        for name in PORTS:
            more = {"transport": ["tcp", "udp"]} if name == "chargen" else {"table": table} if name == "hostname" else {}
            listener = {"service": name, "address": "loopback", **more}
            every.append(listener)
        whole = self.config(*every)
        for listener in whole["listeners"]:
            del listener["port"]
            listener.setdefault("transport", "tcp" if listener["service"] in ("hostname", "tcpmux") else ["tcp", "udp"])
        self.daemon = self.start(whole)
        self.assertEqual({name: self.daemon.address(name)[1] for name in PORTS}, PORTS)

    def output(self, *words, stdin=b"", status=0):
        done = subprocess.run(words, input=stdin, capture_output=True, timeout=4 * harness.TIMEOUT_S, check=False)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout


@harness.every_model
class Rdate(RealPorts):
    def assert_now(self, text):
        said = datetime.datetime.strptime(re.sub(r" [A-Z]+ ", " ", text.strip()), "%a %b %d %H:%M:%S %Y")
        here = datetime.datetime.fromtimestamp(time.time())
        self.assertLess(abs((said - here).total_seconds()), 60, text)

    @needs("rdate")
    def test_reads_the_time_over_tcp_and_over_udp(self):
        self.assert_now(self.output("rdate", "-p", "127.0.0.1").decode())
        self.assert_now(self.output("rdate", "-u", "-p", "127.0.0.1").decode())

    @needs("rdate")
    def test_reads_the_time_over_ipv6(self):
        self.assert_now(self.output("rdate", "-6", "-p", "::1").decode())
        self.assert_now(self.output("rdate", "-6", "-u", "-p", "::1").decode())


class Nmap(RealPorts):
    model = "prefork"

    @needs("nmap")
    def test_recognises_the_services(self):
        text = self.output("nmap", "-n", "-Pn", "-sV", "-p", "7,13,19,37", "127.0.0.1").decode()
        found = dict(re.findall(r"^(\d+)/tcp +open +(\S+)", text, re.M))
        # A question mark behind the name would mean: guessed from the port alone.
        self.assertEqual(found, {"7": "echo", "13": "daytime", "19": "chargen", "37": "time"}, text)

    @needs("nmap")
    def test_its_daytime_and_time_scripts_read_the_answers(self):
        text = self.output("nmap", "-n", "-Pn", "-sT", "-sU", "-p", "T:13,T:37,U:13,U:37", "--script", "daytime,rfc868-time",
                           "127.0.0.1").decode()
        self.assertEqual(len(re.findall(r"_daytime: \w+day, \w+ \d+, \d{4} ", text)), 2, text)
        year = datetime.datetime.now(datetime.timezone.utc).year
        self.assertEqual(len(re.findall(rf"_rfc868-time: {year}-\d\d-\d\dT\d\d:\d\d:\d\d", text)), 2, text)

    @needs("nmap")
    def test_a_connect_scan_and_a_syn_scan_leave_everything_serving(self):
        for kind in ("-sT", "-sS", "-sN"):
            self.output("nmap", "-n", "-Pn", kind, "-p", "1,7,9,13,19,37,101", "127.0.0.1")
        self.assertTrue(clients.serves(self.daemon.connect("echo")))


@harness.every_model
class NetcatAndSocat(RealPorts):
    @needs("ncat")
    def test_ncat_is_echoed_over_tcp(self):
        data = clients.pattern(1024 * 1024)
        self.assertEqual(self.output("ncat", "127.0.0.1", "7", stdin=data), data)
        self.assertEqual(self.output("ncat", "::1", "7", stdin=b"six\n"), b"six\n")

    @needs("ncat")
    def test_ncat_gets_the_day_and_a_host_record_and_a_service_by_name(self):
        self.assertRegex(self.output("ncat", "--recv-only", "127.0.0.1", "13"), rb"-UTC\r\n$")
        self.assertRegex(self.output("ncat", "-C", "127.0.0.1", "101", stdin=b"HNAME NIC\n"),
                         rb"^HOST : 26\.0\.0\.73, ?10\.0\.0\.51 :")
        self.assertRegex(self.output("ncat", "-C", "127.0.0.1", "1", stdin=b"echo\nhello\n"), rb"^\+.*\r\nhello\r\n$")
        self.assertEqual(self.output("ncat", "127.0.0.1", "9", stdin=b"x" * 100000), b"")

    @needs("socat")
    def test_socat_is_echoed_over_tcp_and_udp(self):
        data = clients.pattern(300000)
        self.assertEqual(self.output("socat", "-t10", "-", "TCP4:127.0.0.1:7", stdin=data), data)
        self.assertEqual(self.output("socat", "-t10", "-", "TCP6:[::1]:7", stdin=data), data)
        self.assertEqual(self.output("socat", "-T0.5", "-", "UDP4:127.0.0.1:7", stdin=b"datagram"), b"datagram")

    @needs("socat")
    def test_socat_reads_characters_and_goes(self):
        self.assertEqual(len(self.output("socat", "-u", "TCP4:127.0.0.1:19,readbytes=7400", "-")), 7400)


if __name__ == "__main__":
    harness.main(namespace=True)
