# SPDX-License-Identifier: MIT
"""hostname with a real name server (dnsmasq with its own zone), a dead one and a bad one, in namespaces of its own."""

import os
import select
import shutil
import signal
import socket
import tempfile
import time
import unittest

import clients
import harness
import netns
import test_inetd
from test_hostname import error, record

HOSTNAME = {"service": "hostname"}
ZONE = """\
10.1.0.1 single.test
10.1.0.2 many.test
10.1.0.3 many.test
2001:db8::2 many.test
2001:db8::6 six.test
10.1.0.9 here.test
"""
HOSTS = """\
127.0.0.1 localhost
::1 localhost
10.2.0.1 in-file.test in-file
2001:db8::5 six-in-file.test six-in-file
"""
ELSEWHERE = "127.0.9.1"
FOLDER = None
SERVER = None


def setUpModule():
    global FOLDER, SERVER
    if not shutil.which("dnsmasq"):
        raise unittest.SkipTest("needs dnsmasq")
    FOLDER = tempfile.mkdtemp(prefix="echotimed-test-")
    os.chmod(FOLDER, 0o755)
    netns.replace("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n", FOLDER)
    netns.replace("/etc/hosts", HOSTS, FOLDER)
    with open(os.path.join(FOLDER, "zone"), "w") as f:
        f.write(ZONE)
    netns.BadServer("127.0.0.4")
    SERVER = netns.Dnsmasq(f"--addn-hosts={FOLDER}/zone", "--cname=alias.test,single.test", "--local=/test/",
                           "--local=/10.in-addr.arpa/", "--local=/ip6.arpa/", "--server=/bad.test/127.0.0.4",
                           "--server=/66.10.in-addr.arpa/127.0.0.4")


def tearDownModule():
    if SERVER:
        SERVER.stop()
        shutil.rmtree(FOLDER, ignore_errors=True)


class WithNameServer(harness.Case):
    NAME_SERVER = "127.0.0.1"

    def setUp(self):
        super().setUp()
        netns.replace("/etc/resolv.conf", f"nameserver {self.NAME_SERVER}\n", FOLDER)

    def serve_names(self, timeout="20s", **more):
        # A resolver process that waits for a server past its deadline is killed and replaced, which is said.
        return self.serve(HOSTNAME, resolver={"timeout": timeout, **more}, host_name="here.test",
                          daemon={"allow": [r"^warning (stuck|died)\b.*resolver"]})

    def ask(self, d, line, source=None):
        return clients.ask(d.connect("hostname", source=source), line + b"\r\n")


@harness.every_model
class Names(WithNameServer):
    def test_a_name_is_answered_with_all_its_addresses(self):
        d = self.serve_names()
        self.assertEqual(record(self.ask(d, b"HNAME single.test")), (["10.1.0.1"], ["single.test"]))
        addresses, names = record(self.ask(d, b"hname MANY.test"))
        self.assertEqual(sorted(addresses), ["10.1.0.2", "10.1.0.3", "[2001:db8::2]"])
        self.assertEqual(addresses[-1], "[2001:db8::2]", "IPv4 comes first")
        self.assertEqual([n.lower() for n in names], ["many.test"])
        self.assertEqual(record(self.ask(d, b"HNAME six.test"))[0], ["[2001:db8::6]"])

    def test_an_alias_is_answered_with_the_official_name_first(self):
        addresses, names = record(self.ask(self.serve_names(), b"HNAME alias.test"))
        self.assertEqual((addresses, names), (["10.1.0.1"], ["single.test", "alias.test"]))

    def test_an_address_is_answered_with_its_name(self):
        d = self.serve_names()
        self.assertEqual(record(self.ask(d, b"HADDR 10.1.0.1")), (["10.1.0.1"], ["single.test"]))
        for text in (b"2001:db8::6", b"[2001:db8::6]", b"2001:0db8:0:0::6"):
            self.assertEqual(record(self.ask(d, b"HADDR " + text)), (["[2001:db8::6]"], ["six.test"]))

    def test_the_hosts_file_is_seen_as_nsswitch_says(self):
        d = self.serve_names()
        self.assertEqual(record(self.ask(d, b"HNAME in-file")), (["10.2.0.1"], ["in-file.test", "in-file"]))
        self.assertEqual(record(self.ask(d, b"HADDR 10.2.0.1"))[1], ["in-file.test", "in-file"])

    def test_an_address_that_the_hosts_file_has_twice_for_the_c_library_is_said_once(self):
        self.assertEqual(record(self.ask(self.serve_names(), b"HNAME localhost")), (["127.0.0.1", "[::1]"], ["localhost"]))

    def test_what_does_not_exist_is_not_found(self):
        d = self.serve_names()
        self.assertEqual(error(self.ask(d, b"HNAME nobody.test")), "NAMNFD")
        self.assertEqual(error(self.ask(d, b"HNAME nodata.bad.test")), "NAMNFD")
        self.assertEqual(error(self.ask(d, b"HADDR 10.9.9.9")), "ADRNFD")
        self.assertEqual(error(self.ask(d, b"HADDR 2001:db8::9")), "ADRNFD")

    def test_without_an_argument_it_is_this_host_and_the_one_who_asks(self):
        d = self.serve_names()
        self.assertEqual(record(self.ask(d, b"HNAME")), (["10.1.0.9"], ["here.test"]))
        self.assertEqual(record(self.ask(d, b"HADDR")), (["127.0.0.1"], ["localhost"]))

    def test_what_the_name_server_could_not_find_out_is_a_temporary_failure(self):
        d = self.serve_names(timeout="2s")
        for name in (b"servfail", b"refused", b"garbage"):
            self.assertEqual(error(self.ask(d, b"HNAME " + name + b".bad.test")), "TMPSYS", name)

    def test_names_with_odd_octets_are_not_found_and_never_sent(self):
        d = self.serve_names()
        for host in range(1, 6):
            answer = self.ask(d, b"HADDR 10.66.0.%d" % host)
            if host == 2:
                self.assertNotIn(b"\n", answer[:-2])
            else:
                self.assertIn(error(answer), ("ADRNFD", "TMPSYS"), host)

    def test_a_silent_server_is_given_up_at_the_timeout_and_nobody_else_waits(self):
        d = self.serve_names(timeout="1500ms", processes=2)
        slow = d.connect("hostname")
        begin = time.monotonic()
        slow.sendall(b"HNAME silent.bad.test\r\n")
        for _ in range(20):
            self.assertEqual(record(self.ask(d, b"HNAME single.test", ELSEWHERE))[0], ["10.1.0.1"])
        self.assertTrue(clients.has_nothing(slow))
        self.assertEqual(error(clients.recv_all(slow)), "TMPSYS")
        self.assertGreater(time.monotonic() - begin, 1.4)

    def test_one_who_asks_for_many_dead_names_leaves_a_resolver_to_others(self):
        d = self.serve_names(processes=2)
        flood = [d.connect("hostname") for _ in range(16)]
        for s in flood:
            s.sendall(b"HNAME silent.bad.test\r\n")
        for _ in range(20):
            self.assertEqual(record(self.ask(d, b"HNAME single.test", ELSEWHERE))[0], ["10.1.0.1"])
        self.assertTrue(all(clients.has_nothing(s) for s in flood))
        d.stop(signal.SIGQUIT)

    def test_one_who_asks_many_at_once_has_all_answers(self):
        d = self.serve_names(processes=2)
        many = [d.connect("hostname") for _ in range(30)]
        for s in many:
            s.sendall(b"HNAME single.test\r\n")
        for s in many:
            self.assertEqual(record(clients.recv_all(s))[0], ["10.1.0.1"])

    def test_who_hangs_up_takes_the_questions_along_that_he_has_waiting(self):
        d = self.serve_names(processes=1)
        flood = [d.connect("hostname") for _ in range(8)]
        for s in flood:
            s.sendall(b"HNAME nodata.bad.test\r\n")
            s.close()
        self.assertEqual(record(self.ask(d, b"HNAME single.test"))[0], ["10.1.0.1"])

    def test_more_questions_than_the_queue_holds_are_all_answered(self):
        d = self.serve_names(timeout="500ms", processes=1, queue=2)
        waiting = [d.connect("hostname") for _ in range(8)]
        for s in waiting:
            s.sendall(b"HNAME silent.bad.test\r\n")
        self.assertEqual([error(clients.recv_all(s)) for s in waiting], ["TMPSYS"] * 8)
        self.wait_until(lambda: self.ask(d, b"HNAME single.test").startswith(b"HOST"), "answers again")

    def test_a_client_that_goes_while_its_question_is_asked_harms_nobody(self):
        d = self.serve_names(timeout="1s")
        for rude in (True, False):
            s = d.connect("hostname")
            s.sendall(b"HNAME silent.bad.test\r\n")
            clients.reset(s) if rude else s.close()
        self.wait_until(lambda: self.ask(d, b"HNAME single.test").startswith(b"HOST"), "answers")

    def test_a_half_closed_client_gets_its_answer(self):
        s = self.serve_names().connect("hostname")
        s.sendall(b"HNAME single.test\r\n")
        s.shutdown(socket.SHUT_WR)
        self.assertEqual(record(clients.recv_all(s))[0], ["10.1.0.1"])

    def test_the_request_timeout_does_not_end_one_that_waits_for_its_answer(self):
        d = self.serve({**HOSTNAME, "request_timeout": "300ms", "idle_timeout": "300ms"}, resolver={"timeout": "1s"},
                       daemon={"allow": [r"^warning (stuck|died)\b.*resolver"]})
        self.assertEqual(error(self.ask(d, b"HNAME silent.bad.test")), "TMPSYS")


class Datagrams(WithNameServer):
    def test_one_who_asks_for_many_dead_names_leaves_a_resolver_to_others(self):
        d = self.serve({**HOSTNAME, "transport": "udp", "allow": ["127.0.0.0/8"], "amplification": 100.0},
                       resolver={"timeout": "20s", "processes": 2}, daemon={"allow": [r"^warning (stuck|died)\b.*resolver"]})
        flood = d.connect("hostname", "udp")
        for _ in range(200):
            flood.send(b"HNAME silent.bad.test\r\n")
        for _ in range(5):
            s = d.connect("hostname", "udp", source=ELSEWHERE)
            self.assertEqual(record(clients.ask(s, b"HNAME single.test\r\n"))[0], ["10.1.0.1"])
        d.stop(signal.SIGQUIT)


class Inetd(test_inetd.Case, WithNameServer):
    def test_a_datagram_whose_answer_takes_longer_than_idle_timeout_is_answered(self):
        netns.replace("/etc/resolv.conf", f"nameserver {self.NAME_SERVER}\noptions timeout:1 attempts:1\n", FOLDER)
        s = self.bound("udp")
        client = clients.datagram_socket()
        self.addCleanup(client.close)
        client.settimeout(harness.TIMEOUT_S)
        client.connect(s.getsockname())
        p = self.inetd(s, "hostname", options=["listeners.[0].idle_timeout=100ms", "listeners.[0].amplification=100"])
        self.assertEqual(error(clients.ask(client, b"HNAME silent.bad.test\r\n")), "TMPSYS")
        self.ended(p)


class NoNameServer(WithNameServer):
    """Nobody listens where resolv.conf points to."""

    NAME_SERVER = "127.0.0.98"

    def test_is_a_temporary_failure_and_the_hosts_file_still_answers(self):
        d = self.serve_names(timeout="2s")
        self.assertEqual(error(self.ask(d, b"HNAME single.test")), "TMPSYS")
        self.assertEqual(error(self.ask(d, b"HADDR 10.1.0.1")), "TMPSYS")
        self.assertEqual(record(self.ask(d, b"HNAME in-file"))[0], ["10.2.0.1"])


class DeadNameServer(WithNameServer):
    """Packets to the name server vanish."""

    NAME_SERVER = "127.0.0.99"

    def setUp(self):
        super().setUp()
        self.hole = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.hole.bind((self.NAME_SERVER, 53))
        self.addCleanup(self.hole.close)

    def test_every_question_is_answered_at_its_timeout(self):
        d = self.serve_names(timeout="500ms", processes=4)
        waiting = [d.connect("hostname") for _ in range(4)]
        begin = time.monotonic()
        for s in waiting:
            s.sendall(b"HNAME single.test\r\n")
        self.assertEqual([error(clients.recv_all(s)) for s in waiting], ["TMPSYS"] * 4)
        print(f"answered after {time.monotonic() - begin:.3f} s of 0.5 s", end=" ")

    def test_what_the_hosts_file_has_in_one_family_is_answered_and_costs_no_resolver(self):
        d = self.serve(HOSTNAME, resolver={"timeout": "1m", "processes": 1})  # whose death would be an unexpected line
        for _ in range(2):
            self.assertEqual(record(self.ask(d, b"HNAME in-file.test")), (["10.2.0.1"], ["in-file.test", "in-file"]))
            self.assertEqual(record(self.ask(d, b"HNAME six-in-file")), (["[2001:db8::5]"], ["six-in-file.test", "six-in-file"]))
        self.assertFalse(select.select([self.hole], [], [], 0)[0], "the name server was asked")

    def test_the_daemon_stops_without_waiting_for_it(self):
        d = self.serve_names(timeout="1m")
        s = d.connect("hostname")
        s.sendall(b"HNAME single.test\r\n")
        self.assertTrue(select.select([self.hole], [], [], harness.TIMEOUT_S)[0], "the question was asked")
        d.send_signal(signal.SIGQUIT)
        d.wait_exit(0, timeout_s=5)


if __name__ == "__main__":
    harness.main(namespace=True)
