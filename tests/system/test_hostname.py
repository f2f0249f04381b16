# SPDX-License-Identifier: MIT
"""hostname (RFC 953) without a name server: the request line, the host table, errors. test_hostname_dns.py has the rest."""

import ipaddress
import os
import re
import signal
import socket

import clients
import harness

TABLE = """\
; A table in RFC 952's syntax.
NET : 10.0.0.0 : ARPANET :
DOMAIN : 192.0.2.7 : ARPA :
GATEWAY : 10.0.0.77, 192.0.2.77 : MIT-GW.ARPA,MIT-GW : PDP-11 : MOS : IP/GW :
HOST : 26.0.0.73, 10.0.0.51 : SRI-NIC.ARPA,SRI-NIC,NIC : DEC-2060 : TOPS20 :
   TCP/TELNET,TCP/SMTP,TCP/TIME,TCP/FTP,TCP/ECHO,ICMP :
HOST : 192.0.2.9 : PLAIN.ARPA :
"""
HOSTNAME = {"service": "hostname"}
NOBODY = b"ERR : NAMNFD : Name not found :"


def fields(record):
    """A record's fields: white space at their ends gone, a colon inside brackets left alone."""
    return [" ".join(part.split()) for part in re.split(r":(?![^\[]*\])", record)]


def record(answer):
    """The one HOST record of an answer as (addresses, names)."""
    text = answer.decode("ascii")
    keyword, addresses, names, *_ = fields(text)
    assert keyword == "HOST" and text.endswith("\r\n") and text.rstrip().endswith(":"), text
    return [a.strip() for a in addresses.split(",")], [n.strip() for n in names.split(",")]


def error(answer):
    """The code of an ERR answer."""
    found = re.fullmatch(rb"ERR : (\w{1,8}) : [^:\r\n]+ :\r\n", answer)
    assert found, answer
    return found[1].decode()


@harness.every_model
class Hostname(harness.Case):
    def serve_table(self, text=TABLE, **more):
        return self.serve({**HOSTNAME, "table": self.folder.write("hosts.txt", text), **more})

    def ask(self, d, line):
        return clients.ask(d.connect("hostname"), line)

    def test_questions_that_a_generation_took_along_do_not_fill_the_queue(self):
        d = self.serve(HOSTNAME, resolver={"processes": 1, "timeout": "300ms", "queue": 2})
        os.kill(min(d.workers()), signal.SIGSTOP)  # the resolver: it is started first
        for source in ("127.0.9.1", "127.0.9.2"):
            self.assertEqual(error(clients.ask(d.connect("hostname", source=source), b"HNAME localhost\r\n")), "TMPSYS")
        d.reload()
        self.wait_until(lambda: self.ask(d, b"HNAME localhost\r\n").startswith(b"HOST"), "an answer")

    def test_answers_the_example_of_the_rfc_by_any_of_its_names_in_any_case(self):
        d = self.serve_table()
        for line in (b"HNAME SRI-NIC.ARPA\r\n", b"hname nic\r\n", b"HName Sri-Nic\n"):
            addresses, names = record(self.ask(d, line))
            self.assertEqual(addresses, ["26.0.0.73", "10.0.0.51"])
            self.assertEqual(names, ["SRI-NIC.ARPA", "SRI-NIC", "NIC"])
        self.assertEqual(fields(self.ask(d, b"HNAME NIC\r\n").decode())[3:6],
                         ["DEC-2060", "TOPS20", "TCP/TELNET,TCP/SMTP,TCP/TIME,TCP/FTP,TCP/ECHO,ICMP"])

    def test_answers_by_address(self):
        d = self.serve_table()
        for address in (b"10.0.0.51", b"26.0.0.73"):
            self.assertEqual(record(self.ask(d, b"HADDR " + address + b"\r\n"))[1][0], "SRI-NIC.ARPA")

    def test_what_is_no_address_is_not_found(self):
        d = self.serve_table()
        for text in (b"999.1.1.1", b"nic", b"1.2.3", b"::g", b"[::1", b"1.2.3.4.5"):
            self.assertEqual(error(self.ask(d, b"HADDR " + text + b"\r\n")), "ADRNFD", text)

    def test_what_is_no_command_or_no_name_is_illegal(self):
        d = self.serve_table()
        for line in (b"FOO", b"", b"HNAME two words", b"HNAME bad!name", b"HNAME " + b"x" * 64, b"HNAME a..b",
                     b"HNAME \x1b[31m", b"HNAME a\0b", b"\xff\xfe"):
            for end in (b"\n", b"\r\n"):
                self.assertEqual(error(self.ask(d, line + end)), "ILLCOM", line)

    def test_a_line_in_pieces_is_one_line(self):
        s = self.serve_table().connect("hostname", before=lambda c: c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1))
        for byte in b"HNAME NIC\r\n":
            s.send(bytes([byte]))
        self.assertEqual(record(clients.recv_all(s))[1][0], "SRI-NIC.ARPA")

    def test_a_line_over_512_octets_is_illegal_and_closed(self):
        d = self.serve_table()
        for line in (b"HNAME " + b"x" * 600 + b"\r\n", b"x" * 10240):
            self.assertEqual(error(self.ask(d, line)), "ILLCOM")

    def test_a_second_line_is_ignored(self):
        answer = self.ask(self.serve_table(), b"HNAME NIC\r\nHNAME PLAIN.ARPA\r\nFOO\r\n")
        self.assertEqual(record(answer)[1][0], "SRI-NIC.ARPA")

    def test_the_answer_survives_what_was_sent_behind_the_line(self):
        answer = self.ask(self.serve_table(), b"HNAME NIC\r\n" + b"x" * 100000)
        self.assertEqual(record(answer)[1][0], "SRI-NIC.ARPA")

    def test_a_client_that_ends_without_a_line_is_closed(self):
        s = self.serve_table().connect("hostname")
        s.shutdown(socket.SHUT_WR)
        clients.recv_all(s)

    def test_help_names_the_commands(self):
        answer = self.ask(self.serve_table(), b"help\r\n").decode("ascii")
        for command in ("HNAME", "HADDR", "ALL", "VERSION", "HELP", "DOMAINS"):
            self.assertIn(command, answer)

    def test_version_is_one_line_that_names_the_table(self):
        d = self.serve_table()
        self.assertRegex(self.ask(d, b"VERSION\r\n"), rb"^VERSION : .*\d.*\r\n$")
        d.stop()
        self.assertRegex(self.ask(self.serve(HOSTNAME), b"VERSION\r\n"), rb"^VERSION : NONE.*\r\n$")

    def test_all_is_the_table_between_begin_and_end_in_the_order_of_rfc_952(self):
        lines = self.ask(self.serve_table(), b"ALL\r\n").decode("ascii").split("\r\n")
        self.assertRegex(lines[0], r"^BEGIN ?:")
        self.assertRegex(lines[-2], r"^END ?:")
        self.assertEqual(lines[-1], "")
        self.assertEqual([fields(line)[0] for line in lines[1:-2] if not line.startswith(" ")],
                         ["DOMAIN", "NET", "GATEWAY", "HOST", "HOST"])

    def test_domains_are_the_domains_alone(self):
        answer = self.ask(self.serve_table(), b"DOMAINS\r\n").decode("ascii")
        self.assertIn("DOMAIN", answer)
        self.assertNotIn("SRI-NIC", answer)

    def test_all_dom_are_the_domains_and_the_hosts(self):
        answer = self.ask(self.serve_table(), b"ALL-DOM\r\n").decode("ascii")
        self.assertIn("DOMAIN", answer)
        self.assertIn("SRI-NIC", answer)

    def test_without_a_table_all_is_an_empty_group(self):
        d = self.serve(HOSTNAME)
        for command in (b"ALL\r\n", b"ALL-OLD\r\n", b"DOMAINS\r\n", b"ALL-DOM\r\n", b"ALL-INGWAY\r\n"):
            self.assertRegex(self.ask(d, command), rb"^BEGIN ?:[^\r\n]*\r\nEND ?:[^\r\n]*\r\n$", command)

    def test_all_of_a_long_table_reaches_a_slow_reader_whole(self):
        n = 100000 if harness.LONG else 20000
        address = ipaddress.ip_address("10.0.0.0")
        text = "".join(f"HOST : {address + i} : H{i}.ARPA : PC : UNIX : TCP/ECHO :\n" for i in range(n))
        d = self.serve_table(text)
        s = d.connect("hostname", before=lambda c: c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192))
        s.sendall(b"ALL\r\n")
        got = bytearray()
        while part := s.recv(4096):
            got += part
            if len(got) < 200000 and len(got) % 7 == 0:
                # Others are served while this one reads slowly.
                self.assertEqual(record(self.ask(d, b"HNAME H%d.ARPA\r\n" % (n - 1)))[0], [str(address + n - 1)])
        lines = got.decode("ascii").split("\r\n")
        names = [fields(line)[2] for line in lines if line.startswith("HOST")]
        self.assertEqual(names, [f"H{i}.ARPA" for i in range(n)])
        self.assertRegex(lines[-2], r"^END ?:")

    def test_is_served_over_unix_sockets(self):
        table = self.folder.write("hosts.txt", TABLE)
        for kind in ("unix", "unixpacket"):
            d = self.serve({**HOSTNAME, "transport": kind, "path": self.folder / kind, "table": table})
            s = d.connect("hostname", kind)
            s.send(b"HNAME NIC\r\n")
            self.assertEqual(record(s.recv(clients.CHUNK))[1][0], "SRI-NIC.ARPA", kind)
            d.stop()


class HostnameDatagram(harness.Case):
    def test_a_datagram_is_a_request_with_or_without_its_line_end(self):
        table = self.folder.write("hosts.txt", TABLE)
        d = self.serve({**HOSTNAME, "transport": "udp", "table": table, "allow": ["127.0.0.0/8"],
                        "amplification": 100.0})  # a record is longer than its request
        s = d.connect("hostname", "udp")
        for request in (b"HNAME NIC\r\n", b"HNAME NIC\n", b"HNAME NIC"):
            self.assertEqual(record(clients.ask(s, request))[1][0], "SRI-NIC.ARPA")

    def test_a_datagram_that_is_no_request_gets_silence(self):
        d = self.serve({**HOSTNAME, "transport": "udp", "table": self.folder.write("hosts.txt", TABLE), "allow": ["127.0.0.0/8"],
                        "amplification": 100.0})
        s = d.connect("hostname", "udp")
        for request in (b"", b"FOO", b"HNAME a/b", b"ERR : ILLCOM : Illegal command :\r\n"):
            s.send(request)
        self.assertEqual(record(clients.ask(s, b"HNAME NIC"))[1][0], "SRI-NIC.ARPA")
        d.wait_log(r"notice refused listener=hostname/udp reason=malformed count=4")


class HostnameSettings(harness.Case):
    def test_a_table_that_is_wrong_is_refused_with_its_line(self):
        table = self.folder.write("hosts.txt", "HOST : 192.0.2.1 : FINE :\nHOST : 192.0.2.400 : WRONG :\n")
        done = self.run_once("-t", config=self.config({**HOSTNAME, "table": table}))
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r"hosts\.txt.*2")

    def test_an_open_resolver_is_refused_without_a_list(self):
        done = self.run_once("-t", config=self.config({**HOSTNAME, "address": "*"}))
        self.assertEqual(done.returncode, 78)
        self.assertIn("listeners.[0].allow", done.stderr)
        done = self.run_once("-t", config=self.config({**HOSTNAME, "address": "*", "allow": ["127.0.0.0/8"]}))
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    harness.main()
