# SPDX-License-Identifier: MIT
"""echoprobe mtu over routers that tell what is too large, and with servers that do not answer as they should."""

import signal
import subprocess

import harness
import netns
import peers
import probe
from mtu import Routed


class Told(Routed):
    def test_both_directions_are_found_where_routers_tell(self):
        pairs = ((1300, 1400), (1400, 1300), (1500, 1281), (1281, 1500), (1300, 1300))
        paths = [(self.path(*pair), pair) for pair in pairs]
        for path, (forward, backward) in paths:
            by = {"forward_by": "icmp" if forward < 1500 else "search", "backward_by": "fragments",
                  "backward_at_most_bytes": backward if backward < 1500 else None}
            for family in (0, 1):
                processes = self.find(path, families=(family,))
                router = path.router_addresses[family] if forward < 1500 else None
                self.assert_found(processes, forward, backward, router=router, learnt_bytes=forward, **by)

    @peers.needs("iputils-tracepath", "tracepath")
    def test_tracepath_finds_the_same_way_there(self):
        for forward in (1300, 1500):
            path = self.path(forward, 1400)
            for address in path.addresses:
                said = subprocess.run([peers.path("iputils-tracepath", "tracepath"), "-n", address], check=True, text=True,
                                      stdout=subprocess.PIPE, env=peers.environment("iputils-tracepath")).stdout
                self.assertIn(f"Resume: pmtu {forward} ", said)
            self.assert_found(self.find(path), forward, 1400, backward_at_most_bytes=1400)

    def test_echo_alone_finds_both_where_routers_tell(self):
        path = self.path(1300, 1400)
        self.assert_found(self.find(path, "--ack", "none"), 1300, 1400, backward_at_most_bytes=1400)

    def test_a_server_that_truncates_is_told(self):
        path = self.path(truncate=1000)
        process, = self.find(path, families=(0,))
        done = probe.wait(process)
        self.assertEqual((done.code, done.document["mtu"]["forward_bytes"], done.document["mtu"]["backward_bytes"]),
                         (0, 1500, 1028))
        self.assertIn("answers with 1000 bytes at most", " ".join(done.document["notes"]))

    def test_a_lossy_path_is_found_nevertheless(self):
        path = self.path(1300, 1400, lost=lambda k: k % 3 == 1)
        self.assert_found(self.find(path), 1300, 1400)

    def test_each_format_says_it(self):
        path = self.path(1300, 1400)
        host = path.addresses[0]
        said = {form: probe.run("mtu", host, "--format", form) for form in ("text", "jsonl", "csv", "openmetrics", "nagios")}
        self.assertEqual({done.code for done in said.values()}, {0})
        self.assertIn(f'  forward   1300   1301 does not pass; "fragmentation needed, 1300" from {path.router_addresses[0]}\n'
                      "  backward  1400   larger answers come in fragments\n"
                      "  largest payload there and back in one piece: 1272 bytes\n", said["text"].out)
        self.assertIn("confirmed by time on 37", said["text"].out)
        self.assertIn('echoprobe_path_mtu_bytes{target="10.101.0.1",test="mtu",direction="forward"} 1300',
                      said["openmetrics"].out)
        self.assertRegex(said["nagios"].out, r"^MTU OK - .*, forward 1300, backward 1400\|.* mtu_forward=1300B;;;; "
                         r"mtu_backward=1400B;;;;\n$")
        self.assertIn('"backward_bytes": 1400', said["jsonl"].out.splitlines()[-1].replace('":', '": ').replace(":  ", ": "))


class Absent(Routed):
    def test_without_a_server_that_confirms_it_is_told_and_echo_does_it(self):
        path = self.path(1300, 1400, services=(7,))
        processes = self.find(path)
        self.assert_found(processes, 1300, 1400)
        self.assertIn("time on 37 does not answer", " ".join(probe.wait(self.find(path)[0]).document["notes"]))

    def test_without_echo_the_way_there_is_found(self):
        path = self.path(1300, 1400, services=(37,))
        done = probe.wait(self.find(path)[0])
        self.assertEqual((done.code, done.document["mtu"]["forward_bytes"], done.document["mtu"]["backward_bytes"]),
                         (1, 1300, None))

    def test_without_any_server_nothing_came_back(self):
        path = self.path(services=())
        done = probe.wait(self.find(path)[0])
        self.assertEqual((done.code, done.packets["received"], done.document["mtu"]["forward_bytes"]), (3, 0, None))
        nowhere = probe.run_json("mtu", "203.0.113.1")
        self.assertEqual((nowhere.code, nowhere.packets["sent"]), (2, 0))

    def test_an_interrupt_ends_it_and_what_was_not_found_is_not_said(self):
        path = self.path(lost=lambda k: True)
        process, = self.find(path, families=(0,))
        if not path.seen.wait(harness.TIMEOUT_S):
            raise AssertionError("nothing came")
        process.send_signal(signal.SIGINT)
        done = probe.wait(process)
        self.assertEqual((done.code, done.document["run"]["ended_by"]), (3, "interrupted"))
        self.assertIsNone(done.document["mtu"]["forward_bytes"])


class Ours(harness.Case):
    def test_our_daemon_has_all_that_it_takes(self):
        netns.ip("link", "set", "lo", "mtu", "1500")
        d = self.serve({"service": "echo", "transport": "udp"}, {"service": "time", "transport": "udp"},
                       {"service": "daytime", "transport": "udp"})
        for ack in ("time", "daytime"):
            done = probe.run_json("mtu", "%s:%d" % d.address("echo", "udp"), "--ack", f"{ack}:{d.address(ack, 'udp')[1]}")
            found = done.document["mtu"]
            self.assertEqual((done.code, found["forward_bytes"], found["backward_bytes"], found["payload_bytes"]),
                             (0, 1500, 1500, 1472))

    def test_what_has_no_sense_is_refused(self):
        for words in (("--flows", 2), ("--exporter", 0), ("--ack", "chargen"), ("--ack", "info"), ("-T",)):
            done = probe.run("mtu", "127.0.0.1", *words)
            self.assertEqual((done.code, done.out), (2, ""), words)


if __name__ == "__main__":
    harness.main(namespace=True)
