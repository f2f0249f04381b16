# SPDX-License-Identifier: MIT
"""Datagrams that nobody honest sends: what is answered to forged sources, loops and floods, in a network of its own."""

import collections
import os
import socket
import subprocess
import threading
import time

import clients
import harness
import packets
import stamp
from netns import ip

ECHO = {"service": "echo", "transport": "udp", "address": "*", "acknowledge_public": True}
FLOOD = os.path.join(os.environ.get("top_builddir", "."), "tests", "system", "flood")
SERVERS = (1900, 2049, 3283, 3389, 3478, 3702, 5060, 5093, 5351, 5353, 5683, 10001, 11211, 27015, 27960, 33848, 37810, 47808)
LISTED = (0, 1, 7, 9, 13, 17, 19, 37, 53, 69, 111, 123, 161, 389, 500, 520, 1023, *SERVERS)
EPHEMERAL = (1024, 2048, 9999, 32768, 40000, 49152, 60999, 61000, 65535)
LOOP_EVERY = 1024
SYN, ACK = 2, 16


def snmp(name):
    """What all UDP sockets of this network have sent (OutDatagrams) or received (InDatagrams) so far."""
    with open("/proc/net/snmp") as f:
        names, values = [line.split() for line in f if line.startswith("Udp:")]
    return int(values[names.index(name)])


def of_port(port):
    """The rows of /proc/net/udp6 for a port."""
    with open("/proc/net/udp6") as f:
        rows = [line.split() for line in f][1:]
    return [row for row in rows if int(row[1].partition(":")[2], 16) == port]


def waiting(port):
    """Bytes that wait to be read."""
    return sum(int(row[4].partition(":")[2], 16) for row in of_port(port))


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.wire = packets.Wire()
        self.addCleanup(self.wire.close)

    def serve_port(self, listener, **top):
        d = self.serve(listener, **top)
        return d, d.listening(listener.get("name", listener["service"]), "udp")[-1][1]

    def answered_to(self, port, sources, to=packets.HERE, payload=b"spoofed"):
        """How many answers each source gets, all asked in turn."""
        for source in sources:
            self.wire.send(source, (to, port), payload)
        found = self.wire.answers(port, packets.THERE6 if ":" in to else packets.THERE)
        return {source: sum(to == source for to, _ in found) for source in sources}


class Destinations(Case):
    def test_what_was_sent_to_many_is_answered_by_none(self):
        d, port = self.serve_port(ECHO)
        for to in ("192.0.2.255", "255.255.255.255", "224.0.0.1", "ff02::1"):
            source = (packets.THERE6 if ":" in to else packets.THERE, 41000)
            self.assertEqual(self.answered_to(port, [source], to), {source: 0}, to)
        d.wait_log(r"notice refused listener=echo/udp reason=broadcast count=\d")


class Sources(Case):
    def test_a_source_that_is_no_host_s_gets_nothing(self):
        d, port = self.serve_port(ECHO)
        for address in ("0.0.0.0", "0.1.2.3", "127.0.0.1", "127.1.2.3", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
                        "192.0.2.255", packets.HERE, "::", "::1", "ff02::1", "ff0e::1", "::ffff:127.0.0.1", "::ffff:203.0.113.1"):
            to = packets.HERE6 if ":" in address else packets.HERE
            self.assertEqual(self.answered_to(port, [(address, 41000)], to), {(address, 41000): 0}, address)
        # Nor does the attempt cost anybody else an answer.
        self.assertEqual(self.answered_to(port, [("203.0.113.1", 41000)]), {("203.0.113.1", 41000): 1})

    def test_a_source_port_of_a_server_gets_nothing_and_one_of_a_client_an_answer(self):
        d, port = self.serve_port(ECHO)
        for address, to in (("203.0.113.1", packets.HERE), ("2001:db8:1::1", packets.HERE6)):
            found = self.answered_to(port, [(address, p) for p in (*LISTED, port, *EPHEMERAL)], to)
            for p in (*LISTED, port):
                self.assertEqual(found[address, p], 0, p)
            for p in EPHEMERAL:
                if p != port:
                    self.assertEqual(found[address, p], 1, p)
        print(f"    answers to {2 * len(LISTED) + 2} datagrams from listed or served ports: 0; to one from each of "
              f"{2 * len(EPHEMERAL)} others: 1")
        d.wait_log(r"notice refused listener=echo/udp reason=source_port count=\d")

    def test_allow_source_ports_answers_them_but_never_our_own(self):
        port = 9007
        self.serve({**ECHO, "port": port, "allow_source_ports": [123, 5353, port]},
                   {**ECHO, "name": "other", "port": 9008, "allow_source_ports": [port]})
        rows = {("203.0.113.1", p): n for p, n in ((123, 1), (5353, 1), (124, 0), (0, 0), (port, 0), (9008, 0))}
        self.assertEqual(self.answered_to(port, list(rows)), rows)

    def test_the_access_list_holds_for_forged_sources_as_for_any(self):
        _, port = self.serve_port({**ECHO, "allow": ["192.0.2.0/24", "203.0.113.0/24"], "deny": ["203.0.113.7"]})
        rows = {("203.0.113.1", 40000): 1, ("203.0.113.7", 40000): 0, ("198.51.100.1", 40000): 0}
        self.assertEqual(self.answered_to(port, list(rows)), rows)


class Budgets(Case):
    def test_one_source_gets_its_burst_and_another_is_not_harmed(self):
        d, port = self.serve_port({**ECHO, "udp_rate": "10/m:20"})
        for i in range(100):
            self.wire.send(("203.0.113.1", 40000 + i), (packets.HERE, port))
        self.wire.send(("203.0.113.2", 40000), (packets.HERE, port))
        found = [to[0] for to, _ in self.wire.answers(port)]
        self.assertIn(found.count("203.0.113.1"), (20, 21))
        self.assertEqual(found.count("203.0.113.2"), 1)
        d.wait_log(r"notice refused listener=echo/udp reason=rate count=\d+")

    def test_a_source_s_prefix_has_one_budget(self):
        _, port = self.serve_port({**ECHO, "udp_rate": "1/m:5"}, limits={"source_prefix_v4": 24, "source_prefix_v6": 56})
        rows = [(f"203.0.113.{i}", 40000) for i in range(1, 21)]
        self.assertEqual(sum(self.answered_to(port, rows).values()), 5)
        rows = [(f"2001:db8:1:{i}::1", 40000) for i in range(1, 21)]
        self.assertEqual(sum(self.answered_to(port, rows, packets.HERE6).values()), 5)

    def test_the_totals_hold_for_all_sources_together(self):
        for limits, payload, expected in (({"udp_answers": "1/h:30"}, b"x", 30),
                                          ({"udp_answer_bytes": "1/h:10k"}, b"x" * 1024, 10)):
            d, port = self.serve_port(ECHO, limits=limits)
            before = snmp("OutDatagrams")
            for i in range(100):
                self.wire.send((f"203.0.113.{i}", 40000), (packets.HERE, port), payload)
            self.wait_until(lambda port=port: waiting(port) == 0, "all of them are read")
            d.wait_log(r"notice refused listener=echo/udp reason=total count=\d+")
            self.assertEqual(snmp("OutDatagrams") - before, expected)
            d.stop()

    def test_a_dry_run_counts_and_answers(self):
        d, port = self.serve_port({**ECHO, "udp_rate": "10/h:20", "dry_run": True})
        sources = [("203.0.113.1", 40000 + i) for i in range(100)]
        self.assertEqual(sum(self.answered_to(port, sources).values()), 100)
        d.wait_log(r"notice dry_run listener=echo/udp reason=rate count=\d+$")
        # What keeps others from harm holds.
        self.assertEqual(self.answered_to(port, [("203.0.113.1", 7)]), {("203.0.113.1", 7): 0})

    def test_a_reload_forgives_nothing(self):
        listener = {**ECHO, "port": 9007, "udp_rate": "10/h:20"}
        d, port = self.serve_port(listener)
        sources = [("203.0.113.1", 40000 + i) for i in range(100)]
        self.assertEqual(sum(self.answered_to(port, sources).values()), 20)
        d.reload()
        self.assertEqual(sum(self.answered_to(port, sources).values()), 0)
        d.reload(self.config({**listener, "udp_rate": "10/h:25"}))
        self.assertEqual(sum(self.answered_to(port, sources).values()), 5)
        d.reload(self.config({**listener, "udp_rate": "10/h:25"}, limits={"table": "1M"}))
        self.assertEqual(sum(self.answered_to(port, sources).values()), 25)


class Amplification(Case):
    def test_no_answer_is_longer_than_its_request_but_the_time_s(self):
        quotes = self.folder.write("quotes", "A quote of thirty characters.\n")
        table = self.folder.write("hosts", "HOST : 192.0.2.77 : NIC.EXAMPLE,NIC : PDP-11 : UNIX : TCP/ECHO :\n")
        more = {"qotd": {"file": quotes}, "hostname": {"table": table}}
        requests = {"hostname": [b"HNAME NIC\r\n", b"HNAME NIC" + b" " * 300 + b"\r\n"]}
        print("    service, bytes asked: bytes answered (most of 20)")
        for name in ("echo", "discard", "chargen", "qotd", "daytime", "time", "hostname"):
            _, port = self.serve_port({**ECHO, "service": name, "udp_rate": "none", **more.get(name, {})})
            for request in requests.get(name, [b"x" * n for n in (0, 1, 10, 64, 1000)]):
                for i in range(20):
                    self.wire.send(("203.0.113.1", 40000 + i), (packets.HERE, port), request)
                sizes = self.sizes(port, 20)
                print(f"    {name:9}{len(request):5}: {max(sizes) if sizes else 'silence'}")
                most = max(len(request), 64) if name in ("time", "daytime") else len(request)
                self.assertTrue(all(n <= most for n in sizes), f"{name}: {len(request)} asked, {sizes}")
                answers = name != "discard" and not (name == "qotd" and len(request) < 31) and \
                    not (name == "hostname" and len(request) < 50)
                self.assertEqual(bool(sizes), answers, f"{name}: {len(request)} asked")

    def test_a_stream_sends_no_byte_before_its_client_has_shown_that_it_is_there(self):
        quotes = self.folder.write("quotes", "A quote of thirty characters.\n")
        names = ("hostname", "chargen", "qotd", "daytime", "time", "echo", "discard", "tcpmux")
        more = {"qotd": {"file": quotes}, "tcpmux": {"services": ["echo"]}}
        d = self.serve(*({"service": name, "transport": "tcp", "address": "*", "acknowledge_public": True, **more.get(name, {})}
                         for name in names))
        for name in names:
            port = d.address(name)[1]
            for i, request in enumerate((b"", b"HNAME NIC\r\n", b"x" * 1000)):
                source = ("203.0.113.1", 40000 + i)
                self.wire.send_packet(packets.segment(source, (packets.HERE, port), request, SYN), packets.HERE)
                # The acknowledgement of a number that was guessed, and more.
                self.wire.send_packet(packets.segment(source, (packets.HERE, port), request, ACK, 2), packets.HERE)
            # Whoever is there is served, and all of the above before.
            with self.wire.other.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
                s.connect((packets.HERE, port))
                s.sendall(b"HELP\r\n")
                s.shutdown(socket.SHUT_WR)
                served = s.recv(clients.CHUNK)
            self.assertEqual(bool(served), name != "discard", name)
            sent = self.segments_of(port)
            self.assertEqual(sum(sent["203.0.113.1"]), 0, name)
            self.assertGreaterEqual(sum(sent[packets.THERE]), len(served), name)
            print(f"    {name:9} {len(sent['203.0.113.1'])} segments to a forged source, bytes in them: "
                  f"{sum(sent['203.0.113.1'])}")

    def segments_of(self, port):
        """{to whom: the bytes in each segment that `port` has sent there}, up to now."""
        found = collections.defaultdict(list)
        self.wire.socket.settimeout(0.2)
        try:
            while True:
                frame, where = self.wire.socket.recvfrom(70000)
                seen = packets.unpacked_segment(frame) if where[2] != socket.PACKET_OUTGOING else None
                if seen and seen[0][1] == port:
                    found[seen[1][0]].append(seen[3])
        except TimeoutError:
            return found
        finally:
            self.wire.socket.settimeout(harness.TIMEOUT_S)

    def sizes(self, port, asked):
        """Of the answers that came, once all questions are read."""
        self.wait_until(lambda: waiting(port) == 0, "all questions are read")
        found = []
        self.wire.socket.settimeout(0.2)
        try:
            while len(found) < asked:
                frame, where = self.wire.socket.recvfrom(70000)
                seen = packets.unpacked(frame) if where[2] != socket.PACKET_OUTGOING else None
                if seen and seen[0][1] == port:
                    found.append(len(seen[2]))
        except TimeoutError:
            pass
        finally:
            self.wire.socket.settimeout(harness.TIMEOUT_S)
        return found


class Loops(Case):
    def test_one_in_a_row_of_1024_from_an_odd_port_is_dropped(self):
        d, port = self.serve_port({**ECHO, "udp_rate": "none"})
        for source_port, lost in ((9999, 1), (61000, 1), (40000, 0)):
            got = 0
            for i in range(LOOP_EVERY + 10):
                self.wire.send(("203.0.113.1", source_port), (packets.HERE, port))
                if i % 256 == 255:
                    got += sum(to[0] == "203.0.113.1" for to, _ in self.wire.answers(port))
            got += sum(to[0] == "203.0.113.1" for to, _ in self.wire.answers(port))
            self.assertEqual(got, LOOP_EVERY + 10 - lost, source_port)
        d.wait_log(r"notice refused listener=echo/udp reason=loop count=\d")

    def until_silence(self, port_a, port_b, service="echo", payload=b"round and " * 10, **more):
        """Two daemons, on 127.0.0.2 and 127.0.0.3; one packet to the first that says it is from the second."""
        a, b = (self.serve({"service": service, "transport": "udp", "address": address, "port": port, **more})
                for address, port in (("127.0.0.2", port_a), ("127.0.0.3", port_b)))
        before = snmp("InDatagrams")
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
            s.sendto(packets.packet(("127.0.0.3", port_b), ("127.0.0.2", port_a), payload), ("127.0.0.2", 0))
        self.wait_until(lambda: snmp("InDatagrams") > before, "the forged datagram arrives")
        seen, since = snmp("InDatagrams"), time.monotonic()
        while time.monotonic() - since < 0.5:
            time.sleep(0.01)
            if (now := snmp("InDatagrams")) != seen:
                seen, since = now, time.monotonic()
        a.stop()
        b.stop()
        print(f"    {service} on ports {port_a} and {port_b}: silence after {seen - before} datagrams")
        return seen - before

    def test_two_daemons_that_one_packet_sets_on_each_other_fall_silent(self):
        self.assertEqual(self.until_silence(7, 7), 1)
        self.assertEqual(self.until_silence(9999, 9999), 1)
        self.assertEqual(self.until_silence(9999, 7), 1)
        self.assertEqual(self.until_silence(7, 9999), 2)
        self.assertLessEqual(self.until_silence(9998, 9999), 2 * LOOP_EVERY)
        self.assertLessEqual(self.until_silence(9998, 61001), 2 * LOOP_EVERY)

    def test_no_error_is_answered_with_an_error(self):
        self.assertEqual(self.until_silence(40000, 40001, "hostname", allow=["127.0.0.0/8"]), 1)


    def test_two_reflectors_that_one_packet_sets_on_each_other_fall_silent(self):
        # Port 862 is answered to who is listed, for routers ask from there: what came back is known by what it says.
        for sent in (0, stamp.ntp(time.time_ns())):
            self.assertLessEqual(self.until_silence(862, 862, "stamp", stamp.request(1, sent), allow=["127.0.0.0/8"]), 3)
        self.assertLessEqual(self.until_silence(862, 862, "stamp", stamp.request(1), allow=["127.0.0.0/8"], mode="stateful",
                                                timestamp="ptp"), 3)


class Asking(threading.Thread):
    """A client that asks from an address of the other host, so often, and counts its answers."""

    def __init__(self, wire, source, port, per_s):
        super().__init__(daemon=True)
        self.socket = wire.other.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.connect((packets.HERE, port))
        self.socket.setblocking(False)
        self.per_s, self.asked, self.answered, self.over = per_s, 0, 0, False

    def run(self):
        began = time.monotonic()
        while not self.over:
            while self.asked < (time.monotonic() - began) * self.per_s:
                self.socket.send(b"question")
                self.asked += 1
            self.take()
            time.sleep(0.002)
        self.seconds = time.monotonic() - began
        time.sleep(0.5)
        self.take()

    def take(self):
        try:
            while True:
                self.answered += self.socket.recv(100) == b"question"
        except BlockingIOError:
            pass

    def end(self):
        self.over = True
        self.join()
        self.socket.close()


class Flood(Case):
    SOURCES, PER_S, LIMIT, BURST = 1000000 if harness.LONG else 125000, 125000, 50, 100

    def test_a_flood_of_invented_sources_frees_no_attacker_and_costs_no_client_an_answer(self):
        # The totals are the flood's answer in earnest; here they are off, to see the sources' limiter alone.
        _, port = self.serve_port({**ECHO, "udp_rate": f"{self.LIMIT}/s:{self.BURST}"}, limits={"udp_answers": "none"})
        attacker = Asking(self.wire, "192.0.2.3", port, self.LIMIT * 10)
        client = Asking(self.wire, packets.THERE, port, 20)
        self.wire.socket.close()  # nobody listens to all of it
        attacker.start()
        client.start()
        flood = self.wire.other.run(FLOOD, "eth0", self.wire.here.hex(":"), packets.HERE, str(port), str(self.SOURCES),
                                    str(self.PER_S), stdout=subprocess.PIPE, text=True)
        client.end()
        attacker.end()
        drops, lost = sum(int(row[-1]) for row in of_port(port)), client.asked - client.answered
        print(f"    {flood.stdout.strip()} s: the attacker got {attacker.answered / attacker.seconds:.1f}/s of {self.LIMIT}/s; "
              f"the client lost {lost} of {client.asked}; the kernel dropped {drops}")
        self.assertLessEqual(attacker.answered, self.BURST + self.LIMIT * attacker.seconds + 1)
        self.assertGreaterEqual(attacker.asked, self.LIMIT * 5 * attacker.seconds)
        # Where the machine was too slow for the flood, the kernel has dropped whom it liked.
        self.assertLessEqual(lost, 0 if drops == 0 else client.asked)

    def test_the_total_bounds_what_a_flood_makes_us_send(self):
        d, port = self.serve_port(ECHO, limits={"udp_answers": "1000/s:1000"})
        self.wire.socket.close()
        before, began = snmp("OutDatagrams"), time.monotonic()
        self.wire.other.run(FLOOD, "eth0", self.wire.here.hex(":"), packets.HERE, str(port), "50000", "100000",
                            stdout=subprocess.PIPE)
        d.wait_log(r"notice refused listener=echo/udp reason=total count=\d+")
        self.assertLessEqual(snmp("OutDatagrams") - before, 1000 + 1000 * (time.monotonic() - began) + 10)


class SecondAddress(Case):
    def test_a_client_on_a_second_address_has_a_budget_of_its_own_and_is_answered_from_where_it_asked(self):
        ip("address", "add", "192.0.2.9/24", "dev", "cable")
        _, port = self.serve_port({**ECHO, "udp_rate": "1/h:3"})
        for source in (packets.THERE, "192.0.2.3"):
            with self.wire.other.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind((source, 0))
                for i in range(3):
                    s.sendto(b"%d" % i, ("192.0.2.9", port))
                    self.assertEqual(s.recvfrom(clients.CHUNK), (b"%d" % i, ("192.0.2.9", port)))


if __name__ == "__main__":
    harness.main(namespace=True)
