# SPDX-License-Identifier: MIT
"""echoprobe and paths that fail: what cannot be sent, who says that it is forbidden, a host that vanishes half-way."""

import json
import signal
import socket
import threading

import harness
import netns
import probe

HERE, THERE, BEHIND, NOWHERE = "192.0.2.1", "192.0.2.2", "198.51.100.1", "203.0.113.1"
QUICK = ("-i", "10ms")


class OtherEcho(threading.Thread):
    """An echo server on the other host."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.socket = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((THERE, 7))
        self.seen, self.changed = 0, threading.Condition()
        self.start()

    def run(self):
        while True:
            data, peer = self.socket.recvfrom(65536)
            if data == b"stop":
                return
            self.socket.sendto(data, peer)
            with self.changed:
                self.seen += 1
                self.changed.notify_all()

    def wait_seen(self, n):
        with self.changed:
            if not self.changed.wait_for(lambda: self.seen >= n, harness.TIMEOUT_S):
                raise AssertionError(f"{self.seen} packets came, not {n}")

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"stop", (THERE, 7))
        self.join()
        self.socket.close()


class Here(harness.Case):
    """What this host itself refuses."""

    def test_what_is_too_long_with_df_is_not_sent_and_told_by_its_reason(self):
        netns.ip("link", "set", "lo", "mtu", "1500")
        with probe.Server() as server:
            done = probe.run_json(server.address, "-c", 3, *QUICK, "-s", 1473, "--df")
            fits = probe.run_json(server.address, "-c", 3, *QUICK, "-s", 1472, "--df")
            cut = probe.run_json(server.address, "-c", 3, *QUICK, "-s", 1473)
        self.assertEqual((done.code, done.packets["sent"], done.packets["send_failed"]), (2, 0, 3))
        self.assertIn("Message too long", " ".join(done.document["notes"]))
        self.assertEqual((fits.code, cut.code), (0, 0))

    def test_a_server_that_restarts_has_lost_what_came_meanwhile_and_goes_on(self):
        with probe.Server() as first:
            process = probe.start(first.address, "-c", 0, *QUICK, "-W", "200ms", "--format", "jsonl")
            first.wait_seen(10)
        lines = iter(process.stdout.readline, "")
        self.await_result(lines, "lost")
        with probe.Server(port=first.port):
            self.await_result(lines, "ok")
            process.send_signal(signal.SIGINT)
            done = probe.wait(process)
        document = json.loads(done.out.splitlines()[-1])
        counts, errors = document["total"]["packets"], document["icmp"]
        self.assertEqual((done.code, document["total"]["losses"]["periods"]), (1, 1))
        self.assertEqual(counts["sent"], counts["received"] + counts["lost"])
        self.assertEqual([e["name"] for e in errors], ["port-unreachable"])

    @staticmethod
    def await_result(lines, result):
        for line in lines:
            if json.loads(line).get("result") == result:
                return
        raise AssertionError(f"no packet is {result}")

    def test_without_a_route_nothing_is_tested(self):
        done = probe.run_json(NOWHERE, "-c", 3, *QUICK)
        self.assertEqual((done.code, done.packets["sent"], done.packets["send_failed"]), (2, 0, 3))
        self.assertIn("Network is unreachable", " ".join(done.document["notes"]))

    def test_of_a_name_with_several_addresses_the_first_is_tested_and_that_is_told(self):
        netns.replace("/etc/hosts", "".join(f"127.0.0.{k} many.test\n" for k in range(1, 5)), self.folder.path)
        with probe.Server() as server:
            done = probe.run_json("-4", f"many.test:{server.port}", "-c", 2, *QUICK)
        self.assertEqual((done.code, done.document["target"]["name"]), (0, "many.test"))
        self.assertIn("has 4 addresses", " ".join(done.document["notes"]))


class There(harness.Case):
    """A second host at a cable."""

    def setUp(self):
        super().setUp()
        self.host = netns.OtherHost("cable", here=[f"{HERE}/24"], there=[f"{THERE}/24"])
        self.addCleanup(self.host.close)

    def test_a_host_that_vanishes_half_way_has_lost_the_rest(self):
        echo = OtherEcho(self.host)
        process = probe.start(THERE, "-c", 0, *QUICK, "-W", "200ms", "--format", "jsonl")
        echo.wait_seen(20)
        self.host.run("ip", "address", "del", f"{THERE}/24", "dev", "eth0")
        while json.loads(process.stdout.readline()).get("result") != "lost":
            pass
        process.send_signal(signal.SIGINT)
        done = probe.wait(process)
        document = json.loads(done.out.splitlines()[-1])
        packets = document["total"]["packets"]
        self.assertEqual((done.code, document["run"]["ended_by"]), (1, "interrupted"))
        self.assertGreaterEqual(packets["received"], 20)
        self.assertEqual(packets["sent"], packets["received"] + packets["lost"])
        self.assertEqual(document["total"]["losses"], {**document["total"]["losses"], "periods": 1, "longest": packets["lost"]})
        self.host.run("ip", "address", "add", f"{THERE}/24", "dev", "eth0")
        echo.stop()

    def assert_prohibited(self, *words):
        """Once a host: a router says so a few times only."""
        netns.ip("route", "add", "198.51.100.0/24", "via", THERE)
        self.host.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        self.host.run("ip", "route", "add", "prohibit", "198.51.100.0/24")
        done = probe.run_json(*words, BEHIND, "-c", 1000, *QUICK, "-W", "100ms")
        self.assertEqual((done.code, done.document["run"]["ended_by"]), (3, "prohibited"))
        self.assertLess(done.packets["sent"], 1000)
        self.assertEqual({(e["type"], e["code"], e["from"]) for e in done.document["icmp"]}, {(3, 13, THERE)})

    def test_a_prohibition_ends_the_sending(self):
        self.assert_prohibited()

    def test_a_prohibition_ends_connections_a_message_too(self):
        self.assert_prohibited("discard")

    def test_a_prohibition_ends_the_one_connection_too(self):
        self.assert_prohibited("-T")


if __name__ == "__main__":
    harness.main(namespace=True)
