# SPDX-License-Identifier: MIT
"""Socket units: each shipped one activates, an administrator's own are matched, wrong ones are refused by name."""

import json
import socket
import struct

import harness
import procs
import stamp
from harness import SERVICE, TCP, UDP, clients

HOSTS = ("127.0.0.1", "::1")
SHIPPED = ("echo", "daytime", "time", "discard", "hostname")
ON_REQUEST = ("chargen", "qotd", "stamp", "tcpmux")


class Shipped(harness.Case):
    """The units as installed."""

    def try_echo(self):
        for host in HOSTS:
            for kind in (TCP, UDP):
                self.assert_echoes(7, kind, host)

    def try_daytime(self):
        for host in HOSTS:
            for kind in (TCP, UDP):
                self.assertRegex(clients.ask(self.connect(13, kind, host), b"\n"), rb"^\w+day, .*-UTC\r\n$")

    def try_time(self):
        for host in HOSTS:
            for kind in (TCP, UDP):
                answer = clients.ask(self.connect(37, kind, host), b"\n")
                self.assertGreater(struct.unpack("!I", answer)[0], 3_900_000_000)

    def try_discard(self):
        for host in HOSTS:
            s = self.connect(9, host=host)
            s.sendall(b"nothing comes back")
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(clients.recv_all(s), b"")

    def try_hostname(self):
        for host in HOSTS:
            self.assertIn(b"localhost", clients.ask(self.connect(101, host=host), b"HNAME localhost\r\n").lower())

    def try_chargen(self):
        for host in HOSTS:
            self.assertTrue(clients.recv_exactly(self.connect(19, host=host), 72).startswith(b' !"#$%&'))

    def try_qotd(self):
        for host in HOSTS:
            self.assertEqual(clients.recv_all(self.connect(17, host=host)).strip(), b"Never a dull moment.")

    def try_tcpmux(self):
        for host in HOSTS:
            self.assertEqual(clients.ask(self.connect(1, host=host), b"help\r\n"), b"chargen\r\nqotd\r\n")

    def try_stamp(self):
        for host in HOSTS:
            self.assertEqual(stamp.reflection(clients.ask(self.connect(862, UDP, host), stamp.request(7))).seq, 7)

    def activates(self, *services):
        for service in services:
            with self.subTest(service=service):
                self.start(f"echotimed-{service}.socket")
                self.assertEqual(self.state(), "inactive")
                getattr(self, "try_" + service)()
                self.assertEqual(self.state(), "active")
                self.hang_up()
                self.bed.systemctl("stop", f"echotimed-{service}.socket", SERVICE)

    def test_each_socket_starts_the_service_and_is_served(self):
        self.activates(*SHIPPED)

    def test_sockets_of_services_that_are_not_in_the_shipped_settings_serve_when_they_are_added(self):
        self.bed.write("/etc/echotimed/quotes", "Never a dull moment.\n")
        self.configure({"service": "chargen"}, {"service": "qotd", "file": "/etc/echotimed/quotes"}, {"service": "tcpmux"},
                       {"service": "stamp", "allow": ["127.0.0.0/8", "::1"]})
        self.activates(*ON_REQUEST)

    def test_sockets_of_services_that_are_not_in_the_shipped_settings_take_nothing_from_the_others(self):
        self.allowed += [r"^passed: descriptor \d+ \(qotd, tcp 127.0.0.1:17\).* its file is missing",
                         r"^passed: descriptor \d+ \(qotd, tcp \[::1\]:17\).* its file is missing",
                         r"^passed: descriptor \d+ \(stamp, udp 127.0.0.1:862\).* its allow is missing",
                         r"^passed: descriptor \d+ \(stamp, udp \[::1\]:862\).* its allow is missing"]
        self.start(*(f"echotimed-{s}.socket" for s in ("echo", *ON_REQUEST)), SERVICE)
        self.try_echo()
        self.try_chargen()
        self.assertIn(b"echo\r\n", clients.ask(self.connect(1), b"help\r\n"))
        self.assertEqual(self.bed.show(SERVICE, "NRestarts"), "0")

    def test_the_example_of_info_serves_when_it_is_copied(self):
        self.bed.write("/etc/systemd/system/echotimed-info.socket", self.read_example("echotimed-info.socket"))
        self.bed.systemctl("daemon-reload")
        self.start("echotimed-info.socket", SERVICE)
        for host in HOSTS:
            self.assertEqual(json.loads(clients.recv_all(self.connect(7862, host=host)))["server_port"], 7862)
            self.assertEqual(json.loads(clients.ask(self.connect(7862, UDP, host), bytes(900)))["transport"], "udp")

    def test_all_sockets_at_once_are_served_by_one_service(self):
        self.start(*(f"echotimed-{s}.socket" for s in SHIPPED))
        for service in SHIPPED:
            getattr(self, "try_" + service)()
        self.assertEqual(self.bed.show(SERVICE, "NRestarts"), "0")

    def test_what_has_no_socket_is_not_served(self):
        self.start("echotimed-echo.socket")
        self.try_echo()
        self.assert_refused(13)
        self.assert_refused(37)

    def test_datagram_sockets_have_and_keep_the_receive_buffer_of_the_unit(self):
        for service in ("echo", "daytime", "time"):
            self.assertEqual(self.bed.show(f"echotimed-{service}.socket", "ReceiveBuffer"), str(4 << 20))
        self.bed.dropin("echotimed-echo.socket", "buffer", "[Socket]\nReceiveBuffer=6M\n")
        self.start("echotimed-echo.socket", SERVICE)
        buffers = set()
        pid = self.supervisor()
        for fd, what in procs.descriptors(pid).items():
            if what.startswith("socket:"):
                with procs.borrow(pid, fd) as s:
                    if s.type == UDP and s.family != socket.AF_UNIX:
                        buffers.add(s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
        self.assertEqual(buffers, {2 * (6 << 20)})  # the kernel doubles what it is told, for its own needs

    def test_connections_made_before_the_service_runs_are_served(self):
        self.start("echotimed-echo.socket")
        waiting = [self.connect(7) for _ in range(30)]
        self.assert_open(*waiting)


class WhichSockets(harness.Case):
    def test_a_start_without_a_socket_says_which_to_enable_and_is_no_failure(self):
        self.start(SERVICE)
        self.wait_said(r"echotimed-echo\.socket")
        self.assertEqual(self.state(), "inactive")
        self.assertEqual(self.bed.show(SERVICE, "Result"), "success")
        self.assertEqual(self.bed.show(SERVICE, "NRestarts"), "0")

    def test_a_second_socket_is_added_between_stop_and_start(self):
        self.start("echotimed-echo.socket")
        self.assert_echoes().close()
        refused = self.bed.systemctl("start", "echotimed-daytime.socket", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.allowed += ["echotimed-daytime.socket: Socket service echotimed.service already active, refusing",
                         "Failed to listen on echotimed-daytime"]
        self.bed.systemctl("stop", SERVICE)
        # systemd says of a stopped service with sockets that they may start it again: that is what is wanted.
        self.allowed += ["Stopping echotimed.service, but it can still be activated by"]
        self.start("echotimed-daytime.socket")
        self.assert_echoes()
        self.assertIn(b"UTC", clients.recv_all(self.connect(13)))


class Matching(harness.Case):
    """Sockets of an administrator's own."""

    def test_a_socket_is_known_by_the_listeners_name(self):
        self.configure({"service": "echo", "name": "lab", "transport": "tcp"}, {"service": "discard", "transport": "tcp"})
        self.start(self.own_socket("x", "FileDescriptorName=lab", "ListenStream=127.0.0.1:4711"))
        self.assert_echoes(4711)
        self.assert_said(r"listening lab tcp 127\.0\.0\.1:4711")

    def test_a_socket_is_known_by_the_services_name_and_its_type(self):
        self.configure({"service": "echo", "name": "a", "transport": "tcp"},
                       {"service": "echo", "name": "b", "transport": "udp"})
        self.start(self.own_socket("x", "FileDescriptorName=echo", "ListenStream=127.0.0.1:4711",
                                   "ListenDatagram=127.0.0.1:4711"))
        self.assert_echoes(4711, TCP)
        self.assert_echoes(4711, UDP)
        self.assert_said(r"listening a tcp 127\.0\.0\.1:4711")
        self.assert_said(r"listening b udp 127\.0\.0\.1:4711")

    def test_a_socket_with_no_name_of_ours_is_known_by_address_port_and_type(self):
        self.configure({"service": "discard", "transport": "tcp", "port": 4712},
                       {"service": "echo", "transport": ["tcp", "udp"], "port": 4711})
        self.start(self.own_socket("x", "ListenStream=127.0.0.1:4711", "ListenDatagram=127.0.0.1:4711"))
        self.assert_echoes(4711, TCP)
        self.assert_echoes(4711, UDP)

    def test_every_kind_of_unix_socket_is_served(self):
        self.configure({"service": "echo", "transport": ["unix", "unixgram", "unixpacket"], "path": "@elsewhere"})
        self.start(self.own_socket("x", "FileDescriptorName=echo", "ListenStream=@s", "ListenDatagram=@d",
                                   "ListenSequentialPacket=@p"))
        self.assert_echoes("s", socket.SOCK_STREAM)
        self.assert_echoes("d", socket.SOCK_DGRAM)
        self.assert_echoes("p", socket.SOCK_SEQPACKET)

    def test_a_socket_file_of_systemds_stays_when_the_service_stops(self):
        self.configure({"service": "echo", "transport": "unix", "path": "/run/x"})
        unit = self.own_socket("x", "FileDescriptorName=echo", "ListenStream=/run/x")
        self.start(unit, SERVICE)
        self.bed.systemctl("stop", SERVICE)
        self.allowed += ["Stopping echotimed.service, but it can still be activated by"]
        self.assertEqual(self.bed.glob("/run/x"), ["/run/x"])

    def test_several_addresses_under_one_name_are_all_served(self):
        ports = range(4711, 4721)
        self.start(self.own_socket("x", "FileDescriptorName=echo", *(f"ListenStream=127.0.0.1:{port}" for port in ports)))
        for port in ports:
            self.assert_echoes(port)

    def test_an_address_of_the_settings_that_is_not_bound_is_said(self):
        self.start(self.own_socket("x", "FileDescriptorName=echo", "ListenStream=127.0.0.1:4711"), SERVICE)
        self.assert_said(r"echo/tcp.*127\.0\.0\.1:7 is not bound")
        self.assert_refused(7)

    def test_limits_of_the_settings_hold_for_a_passed_socket(self):
        self.configure({"service": "echo", "transport": "tcp", "max_sessions": 1})
        self.start("echotimed-echo.socket")
        self.bed.dropin("echotimed-echo.socket", "tcp", "[Socket]\nListenStream=\nListenStream=127.0.0.1:7\n")
        self.bed.systemctl("restart", "echotimed-echo.socket")
        one = self.assert_echoes()
        self.assertTrue(clients.is_refused(lambda: self.connect(7)))
        self.assert_open(one)


class Wrong(harness.Case):
    """Each mistake: exit 78, not restarted, and the journal names the descriptor."""

    allow = (*harness.START_FAILED, r"^start: ")

    def refused(self, *lines, says):
        unit = self.own_socket("x", *lines)
        self.start(unit)
        done = self.bed.systemctl("start", SERVICE, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual((self.bed.show(SERVICE, "ExecMainStatus"), self.state()), ("78", "failed"))
        self.assert_said(says)

    def test_a_name_and_an_address_that_nobody_has(self):
        self.refused("FileDescriptorName=nobody", "ListenStream=127.0.0.1:4711",
                     says=r"descriptor 3 \(nobody, tcp 127\.0\.0\.1:4711\)")

    def test_a_type_that_the_named_listener_has_not(self):
        self.refused("FileDescriptorName=discard", "ListenDatagram=127.0.0.1:9",
                     says=r"descriptor 3 \(discard, udp 127\.0\.0\.1:9\)")

    def test_the_second_of_two_and_the_first_is_served(self):
        self.start(self.own_socket("x", "FileDescriptorName=echo", "ListenStream=127.0.0.1:7", "ListenSequentialPacket=@p"))
        self.allowed += [r"^passed: "]
        self.assert_echoes()
        self.assert_said(r"descriptor 4 \(echo, unixpacket @p\)")

    def test_a_name_that_two_listeners_could_mean(self):
        self.configure({"service": "echo", "name": "a", "transport": "tcp", "port": 4712},
                       {"service": "echo", "name": "b", "transport": "tcp", "port": 4713})
        self.refused("FileDescriptorName=echo", "ListenStream=127.0.0.1:4711", says=r"descriptor 3 .*2 listeners")

    def test_a_fifo(self):
        self.refused("FileDescriptorName=echo", "ListenFIFO=/run/fifo", says=r"descriptor 3 .*not a socket")

    def test_a_netlink_socket(self):
        self.refused("FileDescriptorName=echo", "ListenNetlink=kobject-uevent 1", says=r"descriptor 3 .*kind")

    def test_hostname_on_every_address_without_a_list_takes_nothing_from_echo(self):
        self.bed.dropin("echotimed-hostname.socket", "everywhere", "[Socket]\nListenStream=\nListenStream=101\n")
        self.allowed += [r"^passed: "]
        self.start("echotimed-hostname.socket", "echotimed-echo.socket", SERVICE)
        self.assert_echoes()
        self.assert_echoes(kind=UDP)
        self.assert_said(r"descriptor \d+ \(hostname, tcp \[::\]:101\).*`allow`")
        waiting = self.connect(101)
        self.bed.write(self.conf_path(), self.shipped_conf().replace(
            '{ service = "hostname"; }', '{ service = "hostname"; allow = [ "127.0.0.0/8" ]; }'))
        self.bed.systemctl("reload", SERVICE)
        self.assertIn(b"127.0.0.1", clients.ask(waiting, b"HNAME localhost\r\n"))
        self.bed.write(self.conf_path(), self.shipped_conf())
        self.allowed += [r"^(\S+: )?reload: refused|Reload failed|control process exited|Control process exited|refused: "]
        self.assertNotEqual(self.bed.systemctl("reload", SERVICE, check=False).returncode, 0)
        self.assertIn(b"127.0.0.1", clients.ask(self.connect(101), b"HNAME localhost\r\n"))
        self.assertIn("the last reload was refused: ", self.bed.show(SERVICE, "StatusText"))

    def test_hostname_on_a_public_address_without_a_list_of_who_may_ask(self):
        self.refused("FileDescriptorName=hostname", "ListenStream=101",
                     says=r"descriptor 3 \(hostname, tcp \[::\]:101\).*`allow`")


class Accept(harness.Case):
    """A process for each connection."""

    def test_each_connection_is_served_by_a_process_of_its_own(self):
        self.start("echotimed-echo-inetd.socket")
        sessions = [self.assert_echoes(7, host=host) for host in HOSTS for _ in range(3)]
        self.assert_open(*sessions)
        self.assertEqual(self.bed.show("echotimed-echo-inetd.socket", "NConnections"), "6")
        self.hang_up()
        harness.wait_until(lambda: self.bed.show("echotimed-echo-inetd.socket", "NConnections") == "0", "all ended")
        self.assertEqual(self.bed.systemctl("--failed", "--quiet", "--no-legend", "list-units", "echotimed*"), "")

    def test_a_megabyte_comes_back_whole(self):
        self.start("echotimed-echo-inetd.socket")
        data = clients.pattern(1 << 20)
        s = self.connect(7)
        clients.Sender(s, data)
        self.assertEqual(clients.recv_all(s), data)

    def test_a_client_that_connects_500_times_in_a_moment_takes_nothing_from_the_others(self):
        self.start("echotimed-echo-inetd.socket")
        self.allowed += [r"Too many incoming connections"]
        for _ in range(500):
            self.connect(7)  # what is over MaxConnectionsPerSource= is closed at once
        other = self.assert_echoes(host="::1")
        self.hang_up()
        harness.wait_until(lambda: self.bed.show("echotimed-echo-inetd.socket", "NConnections") == "0", "all ended")
        self.assertEqual(self.state("echotimed-echo-inetd.socket"), "active")
        self.assertIsNotNone(other)
        self.assert_echoes()

    def test_it_takes_the_place_of_the_echo_socket(self):
        self.start("echotimed-echo.socket")
        self.start("echotimed-echo-inetd.socket")
        self.assertEqual(self.state("echotimed-echo.socket"), "inactive")
        self.assert_echoes()
        self.assertEqual(self.state(), "inactive")

    def test_beside_a_running_service_what_its_file_says_to_stop_is_enough(self):
        self.bed.systemctl("enable", "--quiet", "--now", "echotimed-echo.socket", "echotimed-daytime.socket")
        self.assert_echoes(kind=UDP)
        self.allowed += [r"Stopping echotimed.service, but it can still be activated by"]
        said = self.bed.read(self.bed.show("echotimed-echo-inetd.socket", "FragmentPath"))
        typed = [line.removeprefix("#   ").split()[1:] for line in said.splitlines() if line.startswith("#   systemctl ")]
        self.assertEqual(len(typed), 3)
        for words in typed:
            self.bed.systemctl("--quiet", *words)
        self.assert_echoes()
        self.assertEqual(self.state(), "inactive")
        self.assertIn(b"UTC", clients.recv_all(self.connect(13)))
        self.assert_echoes()
        self.assertEqual(self.state("echotimed-echo.socket"), "inactive")


if __name__ == "__main__":
    harness.main()
