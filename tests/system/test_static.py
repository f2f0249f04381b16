# SPDX-License-Identifier: MIT
"""A program of `configure --enable-static-program`, alone in an empty folder as its root: no library, no service of names."""

import os
import shutil
import stat
import subprocess
import tempfile

import clients
import harness
import netns
from control import ECHOTIMECTL
from daemon import DAEMON
from test_hostname import error, record

FILES = {
    "etc/hosts": "127.0.0.1 localhost\n10.2.0.1 in-file.test\n",
    "etc/resolv.conf": "nameserver 127.0.0.1\n",
    "etc/nsswitch.conf": "hosts: none-such\npasswd: none-such\ngroup: none-such\n",
    "etc/passwd": "service:x:4321:4321::/:/none\n",
    "etc/group": "service:x:4321:\n",
}


class Alone(harness.Case):
    def setUp(self):
        super().setUp()
        self.root = tempfile.mkdtemp(prefix="echotimed-root-")
        self.addCleanup(shutil.rmtree, self.root)
        os.chmod(self.root, 0o755)
        for name, text in FILES.items():
            os.makedirs(os.path.dirname(f"{self.root}/{name}"), exist_ok=True)
            with open(f"{self.root}/{name}", "w") as f:
                f.write(text)
        os.makedirs(self.root + os.path.dirname(DAEMON))
        shutil.copy(DAEMON, self.root + DAEMON)
        os.makedirs(self.root + self.folder.path)
        subprocess.run(["mount", "--bind", self.folder.path, self.root + self.folder.path], check=True)
        # Added last, so done first: after the daemon's stop, for which the folder is still needed, is _finish's time.
        self.addCleanup(subprocess.run, ["umount", self.root + self.folder.path], check=True)
        self.addCleanup(self._stop)

    def _stop(self):
        for d in self.daemons:
            if not d.stopped and not self.failed:
                d.stop()

    def alone(self, *listeners):
        return self.start({**self.config(*listeners), "user": "service", "group": "service"}, prefix=["chroot", self.root])

    def test_it_needs_no_library(self):
        said = subprocess.run(["chroot", self.root, DAEMON, "-V"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertIn("static: yes", said)
        print(f"{os.stat(DAEMON).st_size} bytes", end=" ", flush=True)

    def test_it_serves_over_tcp_and_udp_as_the_user_in_etc_passwd(self):
        d = self.alone(*({"service": name, "transport": ["tcp", "udp"]} for name in ("echo", "daytime")))
        with open(f"/proc/{d.workers()[0]}/status") as f:
            self.assertIn("\nUid:\t4321\t", f.read())
        for transport in ("tcp", "udp"):
            s = d.connect("echo", transport)
            s.send(b"hello")
            self.assertEqual(s.recv(100), b"hello")
            self.assertIn(b"UTC", clients.ask(d.connect("daytime", transport), b"\n"))

    def test_unix_sockets_and_the_control_socket_need_no_proc(self):
        path, place = self.folder / "control", self.folder / "socket"
        d = self.start({**self.config({"service": "echo", "transport": "unix", "path": place, "mode": "0600"}),
                        "control": {"path": path, "mode": "0640"}, "user": "service", "group": ""},
                       prefix=["chroot", self.root])
        self.assertTrue(clients.serves(d.connect("echo", "unix")))
        for made, mode in ((os.stat(place), 0o600), (os.stat(path), 0o640)):
            self.assertEqual((made.st_uid, stat.S_IMODE(made.st_mode)), (4321, mode))
        asked = subprocess.run([ECHOTIMECTL, "-s", path, "drain", "echo"], check=False)
        self.assertEqual(asked.returncode, 0)

    def test_without_a_database_of_users_a_number_is_enough(self):
        shutil.rmtree(self.root + "/etc")
        done = self.run_once(config={**self.config({"service": "echo"}), "user": "", "group": ""}, prefix=["chroot", self.root])
        self.assertEqual(done.returncode, 78)
        self.assertIn("-o user=65534", done.stderr)
        d = self.start({**self.config({"service": "echo"}), "user": "", "group": ""}, args=["-o", "user=65534"],
                       prefix=["chroot", self.root])
        with open(f"/proc/{d.workers()[0]}/status") as f:
            self.assertIn("\nUid:\t65534\t", f.read())
        self.assertTrue(clients.serves(d.connect("echo")))

    def test_hostname_knows_etc_hosts_and_the_name_servers_of_resolv_conf(self):
        server = netns.Dnsmasq("--host-record=in-dns.test,10.2.0.2", "--local=/test/", "--local=/10.in-addr.arpa/")
        self.addCleanup(server.stop)
        d = self.alone({"service": "hostname"})
        for line, address, name in ((b"HNAME in-file.test", "10.2.0.1", "in-file.test"),
                                    (b"HNAME in-dns.test", "10.2.0.2", "in-dns.test"),
                                    (b"HADDR 10.2.0.2", "10.2.0.2", "in-dns.test")):
            self.assertEqual(record(clients.ask(d.connect("hostname"), line + b"\r\n")), ([address], [name]), line)
        # musl's own functions would name it by its numbers.
        self.assertEqual(error(clients.ask(d.connect("hostname"), b"HADDR 10.2.0.9\r\n")), "ADRNFD")


if __name__ == "__main__":
    harness.main(namespace=True)
