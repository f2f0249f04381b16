# SPDX-License-Identifier: MIT
"""echoprobe over TCP and UNIX sockets: every byte has to come back, and the server has to end behind the last one."""

import json
import socket
import struct
import threading
import unittest

import clients
import harness
import probe

QUICK = ("-i", "2ms")


@harness.every_model
class Daemon(harness.Case):
    """Against our own."""

    def test_every_byte_comes_back_over_tcp_and_then_the_end(self):
        target = "%s:%d" % self.serve({"service": "echo"}).address("echo")
        for size in (1, 64, 60000):
            done = probe.run_json("-T", target, "-c", 20, *QUICK, "-s", size)
            self.assertEqual((done.code, done.packets["sent"], done.packets["received"]), (0, 20, 20), f"{size} bytes")
            self.assertEqual(done.document["total"]["bytes"], {"sent": 20 * size, "received": 20 * size})
            self.assertEqual((done.document["tcp"]["connects"], done.document["tcp"]["end"]), (1, "owed"))

    def test_each_flow_is_a_connection_of_its_own(self):
        target = "%s:%d" % self.serve({"service": "echo"}).address("echo")
        done = probe.run_json("-T", target, "-c", 10, *QUICK, "--flows", 3)
        self.assertEqual((done.code, done.packets["received"], done.document["tcp"]["connects"]), (0, 30, 3))
        self.assertEqual([f["packets"]["received"] for f in done.document["flows"]], [10] * 3)
        self.assertEqual(len({f["port"] for f in done.document["flows"]}), 3)


class Local(harness.Case):
    def test_a_unix_socket_of_any_type_is_found_by_trying(self):
        kinds = ("unix", "unixpacket", "unixgram")
        d = self.serve(*({"name": kind, "service": "echo", "transport": kind, "path": self.folder / kind} for kind in kinds))
        for kind in kinds:
            d.address(kind, kind)
            done = probe.run_json("--unix", self.folder / kind, "-c", 10, *QUICK)
            self.assertEqual((done.code, done.packets["received"]), (0, 10), kind)
            self.assertEqual(done.document["run"]["transport"], "unix")

    def test_where_there_is_no_socket_nothing_is_tested(self):
        done = probe.run_json("--unix", self.folder / "none")
        self.assertEqual((done.code, done.packets["sent"]), (2, 0))
        self.assertIn("No such file", " ".join(done.document["notes"]))


def echo(connection, change=lambda data: data):
    while data := connection.recv(65536):
        connection.sendall(change(data))



def reset(connection):
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def end_early(connection):
    connection.sendall(connection.recv(65536))
    connection.shutdown(socket.SHUT_WR)
    clients.recv_until_over(connection)


class Faults(unittest.TestCase):
    """Against a server whose faults are known."""

    def run_against(self, serve, *words):
        with probe.StreamServer(serve) as server:
            return probe.run_json("-T", server.address, "-c", 5, "-i", "20ms", "-W", "500ms", *words)

    def test_a_wrong_byte_is_one_corrupted_message(self):
        def serve(connection):
            first = connection.recv(64, socket.MSG_WAITALL)
            connection.sendall(first[:30] + bytes([first[30] ^ 1]) + first[31:])
            echo(connection)
        done = self.run_against(serve)
        self.assertEqual((done.code, done.packets["received"], done.packets["corrupted"]), (1, 5, 1))
        self.assertEqual(done.document["tcp"]["end"], "owed")

    def test_a_reset_loses_what_is_owed(self):
        done = self.run_against(reset)
        self.assertEqual((done.code, done.packets["received"]), (3, 0))
        self.assertEqual((done.document["tcp"]["end"], done.document["tcp"]["resets"]), ("reset", 1))
        self.assertEqual(done.packets["lost"], done.packets["sent"])

    def test_a_server_that_ends_first_is_told(self):
        done = self.run_against(end_early, "-d", "10s")
        self.assertEqual(done.document["tcp"]["end"], "early")
        self.assertGreaterEqual(done.packets["received"], 1)
        self.assertEqual(done.document["run"]["ended_by"], "failed")

    def test_a_server_that_answers_nothing_is_nothing_back(self):
        done = self.run_against(clients.recv_until_over)
        self.assertEqual((done.code, done.packets["sent"], done.packets["lost"]), (3, 5, 5))

    def test_a_server_that_does_not_read_for_long_gets_all_of_it_in_the_end(self):
        # As much as no socket holds, and more messages than are remembered for so short a time-out.
        resume = threading.Event()

        def serve(connection):
            resume.wait(harness.TIMEOUT_S)
            echo(connection)
        with probe.StreamServer(serve) as server:
            process = probe.start("-T", server.address, "-c", 3000, "--rate", 1000, "-s", 60000, "-W", "1s", "--format", "jsonl")
            for line in process.stdout:
                if json.loads(line).get("seq", 0) > 1100:
                    break
            resume.set()
            out = probe.wait(process).out
        packets = json.loads(out.splitlines()[-1])["total"]["packets"]
        self.assertEqual(packets["sent"], 3000)
        self.assertEqual(packets["sent"], packets["received"] + packets["lost"])
        self.assertEqual(packets["corrupted"], 0)

    def test_bytes_that_were_never_sent_are_told(self):
        def serve(connection):
            connection.sendall(connection.recv(64, socket.MSG_WAITALL))
            connection.sendall(b"surplus")
            clients.recv_until_over(connection)
        done = self.run_against(serve, "-c", 1)
        self.assertEqual(done.packets["received"], 1)
        self.assertIn("7 bytes came that were never sent", " ".join(done.document["notes"]))

    def test_a_connection_that_was_never_made_has_no_segments(self):
        with probe.StreamServer(echo) as server:
            address = server.address
        tcp = probe.run_json("-T", "--reconnect", address, "-c", 2, *QUICK).document["tcp"]
        self.assertEqual((tcp["refused"], tcp["mss_bytes"], tcp["pmtu_bytes"], tcp["retransmits"]), (2, None, None, None))

    def test_a_refused_connection_is_a_packet_that_does_not_come_back(self):
        with probe.StreamServer(echo) as server:
            address = server.address
        done = probe.run_json("-T", address, "-c", 5, *QUICK)
        self.assertEqual((done.code, done.packets["sent"], done.packets["lost"]), (3, 1, 1))
        self.assertEqual(done.document["tcp"]["refused"], 1)


if __name__ == "__main__":
    harness.main()
