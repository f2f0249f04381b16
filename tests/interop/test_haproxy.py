# SPDX-License-Identifier: MIT
"""Behind a real HAProxy: its clients are known by their own addresses, whichever version of the header it sends."""

import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import clients  # noqa: E402
import harness  # noqa: E402
import peers  # noqa: E402

CLIENTS = {"127.0.0.5": "FOUR.EXAMPLE", "2001:db8::5": "SIX.EXAMPLE"}
TABLE = "HOST : 127.0.0.5 : FOUR.EXAMPLE :\nHOST : [2001:db8::5] : SIX.EXAMPLE :\n"
# What HAProxy is told about the server, and the port of its own where it then takes clients.
SENDS = {"send-proxy": 20001, "send-proxy-v2": 20002, "send-proxy-v2 proxy-v2-options crc32c,unique-id": 20003}
CHECKED = 20004
CONFIG = """\
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
"""
LISTEN = """\
listen port{port}
    bind [::]:{port} v4v6
    unique-id-format %ci:%cp
    server echotimed 127.0.0.1:{server} {sends}
"""


@harness.every_model
@peers.needs("haproxy")
class Behind(harness.Case):
    def setUp(self):
        super().setUp()
        subprocess.run(["ip", "address", "replace", "2001:db8::5/128", "dev", "lo"], check=True)
        balanced = {"transport": "tcp", "proxy": "both", "proxy_from": ["127.0.0.1"], "max_sessions_per_source": 2}
        self.daemon = self.serve({**balanced, "service": "echo"},
                                 {**balanced, "service": "hostname", "table": self.folder.write("hosts.txt", TABLE),
                                  "allow": list(CLIENTS)},
                                 daemon={"allow": [r"^warning "]})

    def balance(self, name, ports):
        """Starts HAProxy before this listener, with a port of its own for each way to send a header."""
        server = self.daemon.address(name)[1]
        text = CONFIG + "".join(LISTEN.format(port=port, server=server, sends=sends) for sends, port in ports.items())
        p = subprocess.Popen([peers.path("haproxy"), "-db", "-f", self.folder.write("haproxy.cfg", text)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=peers.environment("haproxy"))
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        self.wait_until(lambda: self.listens(max(ports.values())), "a port of HAProxy")

    @staticmethod
    def listens(port):
        """It binds them all, or none; nobody connects to find out."""
        with open("/proc/net/tcp6", encoding="ascii") as f:
            return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in f.readlines()[1:])

    def connect(self, source, port):
        family, host = (socket.AF_INET6, "::1") if ":" in source else (socket.AF_INET, "127.0.0.1")
        s = self.daemon.socket(family, socket.SOCK_STREAM, (source, 0))
        s.connect((host, port))
        return s

    def test_hostname_tells_each_client_its_own_name(self):
        self.balance("hostname", SENDS)
        for sends, port in SENDS.items():
            for source, name in CLIENTS.items():
                said = clients.ask(self.connect(source, port), b"HADDR\r\n")
                self.assertIn(f": {name} :".encode(), said, f"{sends} {source}")
            s = self.connect("127.0.0.6", port)  # not on the list, though the balancer could be
            s.sendall(b"HADDR\r\n")
            self.assertEqual(clients.recv_until_over(s)[0], b"")

    def test_the_sessions_lines_name_each_client_with_its_port(self):
        self.balance("echo", SENDS)
        for port in SENDS.values():
            for source in CLIENTS:
                line, _ = self.daemon.mark()
                s = self.connect(source, port)
                self.assertEqual(clients.echo(s, b"hello"), b"hello")
                mine = s.getsockname()
                s.close()
                peer = self.daemon.wait_log(r"session listener=echo .*peer=(\S+) .*in=5 out=5", since=line)[0][1].strip('"')
                self.assertEqual(peer, f"[{mine[0]}]:{mine[1]}" if ":" in source else f"{mine[0]}:{mine[1]}")

    def test_every_byte_comes_back_through_it(self):
        data = clients.pattern(2000000)
        self.balance("echo", SENDS)
        for port in SENDS.values():
            s = self.connect("127.0.0.5", port)
            clients.Sender(s, data)
            self.assertEqual(clients.recv_all(s), data)

    def test_each_of_its_clients_has_caps_of_its_own(self):
        self.balance("echo", SENDS)
        port = SENDS["send-proxy-v2"]
        for source in ("127.0.0.5", "127.0.0.6", "2001:db8::5"):
            for _ in range(2):
                self.assertTrue(clients.serves(self.connect(source, port)))
            s = self.connect(source, port)
            s.sendall(b"one too many")
            self.assertEqual(clients.recv_until_over(s)[0], b"")

    def test_its_health_checks_are_its_own_sessions(self):
        self.balance("echo", {"send-proxy-v2 check check-send-proxy inter 200ms": CHECKED})
        self.daemon.wait_log(r"session listener=echo .*peer=127\.0\.0\.1:\d+ .*in=0 out=0", count=3)
        self.assertTrue(clients.serves(self.connect("127.0.0.5", CHECKED)))


if __name__ == "__main__":
    harness.main(namespace=True)
