# SPDX-License-Identifier: MIT
"""--import: the settings that take the place of xinetd's and inetd's own services, and what it says is lost."""

import glob
import os
import re
import socket
import subprocess

import clients
import config
import harness
import peers

SERVICE = """
service {service}
{{
	type = INTERNAL UNLISTED
	id = {id}
	port = {port}
	socket_type = {kind}
	protocol = {protocol}
	user = root
	wait = {wait}
	{more}
}}
"""


def service(name, port, kind="stream", more=""):
    stream = kind == "stream"
    return SERVICE.format(service=name, id=f"{name}-{kind}", port=port, kind=kind, protocol="tcp" if stream else "udp",
                          wait="no" if stream else "yes", more=more)


class Case(harness.Case):
    def imported(self, text, status=0, name="theirs"):
        """The settings that are printed for a file, and the word about what was lost."""
        done = self.run_once("--import", self.folder.write(name, text))
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout, done.stderr

    def checked(self, settings, *options):
        """What -t says of them."""
        user = ["-o", f"user={config.service_user()[0]}"] if harness.is_root() else []
        done = self.run_once("-t", *user, *options, config=settings)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + settings)
        return done.stdout

    def listening(self, settings, *options):
        """Labels and addresses."""
        said = self.checked(settings, *options).replace("[::]:", "*:")
        return [line.split()[:2] for line in said.splitlines() if not line.startswith("limits")]

    def labels(self, settings):
        return [label for label, _ in self.listening(settings)]

    def dumped(self, settings):
        done = self.run_once("-T", config=settings)
        self.assertEqual(done.returncode, 0, done.stderr + settings)
        return re.sub(r" +#.*", "", done.stdout)


class Xinetd(Case):
    def test_each_of_its_own_services_becomes_a_listener(self):
        settings, said = self.imported(service("echo", 10007) + service("echo", 10007, "dgram") + service("time", 10037))
        self.assertEqual(said, "")
        self.assertEqual(self.listening(settings), [["echo-stream/tcp", "*:10007"], ["echo-dgram/udp", "*:10007"],
                                                    ["time-stream/tcp", "*:10037"]])

    def test_its_limits_and_lists_are_ours(self):
        settings, said = self.imported("""
defaults
{
	instances = 60
	per_source = 5
	only_from = 10.0.0.0 192.0.2.{1,2}
	no_access = 10.0.0.66
}
""" + service("echo", 10007) + service("discard", 10009, more="only_from += 2001:db8::/32\n\tinstances = UNLIMITED"))
        self.assertEqual(said, "")
        both = self.dumped(settings)
        for line in ("max_sessions = 60;", "max_sessions = 0;", "max_sessions_per_source = 5;", 'deny = "10.0.0.66/32";',
                     'allow = [ "10.0.0.0/8", "192.0.2.1/32", "192.0.2.2/32" ];',
                     'allow = [ "10.0.0.0/8", "192.0.2.1/32", "192.0.2.2/32", "2001:db8::/32" ];'):
            self.assertIn(line, both)

    def test_a_list_of_nobody_serves_nobody(self):
        settings, _ = self.imported(service("echo", 10007, more="only_from ="))
        self.assertIn('deny = [ "0.0.0.0/0", "::/0" ];', self.dumped(settings))

    def test_what_is_off_stays_off(self):
        settings, _ = self.imported("defaults\n{\n\tdisabled = time\n}\n" + service("echo", 10007, more="disable = yes") +
                                    service("time", 10037) + service("discard", 10009))
        self.assertEqual(self.labels(settings), ["discard-stream/tcp"])

    def test_what_is_lost_is_said_and_ends_with_1(self):
        settings, said = self.imported(service("echo", 10007, more="cps = 25 30\n\tnice = 10") +
                                       "service ssh\n{\n\tsocket_type = stream\n\tserver = /usr/sbin/sshd\n\tuser = root\n}\n", 1)
        self.assertRegex(said, r"theirs: 3 without an equivalent")
        for line in ("cps = 25 30: ", "nice = 10: ", "service ssh: "):
            self.assertRegex(settings, rf"(?m)^\t+# \S*theirs:\d+: {line}")
        self.checked(settings)

    def test_a_listener_that_would_be_open_to_more_stays_off(self):
        for more in ("no_access = evil.example", "bind = host.example", "redirect = 192.0.2.1 7"):
            settings, _ = self.imported(service("echo", 10007, more=more) + service("discard", 10009), 1)
            self.assertEqual(self.labels(settings), ["discard-stream/tcp"], settings)

    def test_a_name_among_those_who_may_lets_nobody_in_by_mistake(self):
        settings, _ = self.imported(service("echo", 10007, more="only_from = friend.example"), 1)
        self.assertIn('deny = [ "0.0.0.0/0", "::/0" ];', self.dumped(settings))

    def test_sessions_that_were_logged_are_logged(self):
        settings, _ = self.imported("defaults\n{\n\tlog_on_success = PID HOST\n}\n" + service("echo", 10007))
        self.assertIn("sessions = true;", self.dumped(settings))

    def test_the_files_that_it_includes_are_read(self):
        os.mkdir(self.folder / "d")
        for name, port in (("a", 10007), ("b", 10008), ("c.dpkg-old", 10009), ("d~", 10010)):
            self.folder.write(f"d/{name}", service("echo", port).replace("echo-stream", f"e{port}"))
        self.folder.write("more", service("time", 10037))
        settings, _ = self.imported(f"include {self.folder / 'more'}\nincludedir {self.folder / 'd'}\n")
        self.assertEqual(self.labels(settings), ["time-stream/tcp", "e10007/tcp", "e10008/tcp"])
        done = self.run_once("--import", self.folder / "d")
        self.assertEqual(re.findall(r'name = "(\w+)"', done.stdout), ["e10007", "e10008"])

    def test_a_file_that_it_would_not_read_is_refused_with_its_line(self):
        for text, line in (("service echo\n{\n\tport 7\n}\n", 3), ("service echo\nport = 7\n", 2), ("servce echo\n{\n}\n", 1),
                           ("service echo\n{\n\tport = 7\n", ""), (f"include {self.folder / 'theirs'}\n", 1),
                           ("include /none/there\n", 1), ("includedir /none/there\n", 1)):
            settings, said = self.imported(text, 78)
            self.assertRegex(said, rf"^echotimed: \S+theirs:{line}", text)
            self.assertNotIn("listeners", settings)

    def test_a_file_that_is_not_there_ends_with_66(self):
        self.assertEqual(self.run_once("--import", "/none/there").returncode, 66)

    def test_no_text_of_the_file_becomes_a_setting(self):
        for more in ('id = x"; port = 1; name = "y', "cps = \r}; user = root", "nice = */ user = 0; /*",
                     'bind = 127.0.0.1"; port = 1; #', "instances = 1; enabled = true"):
            settings, _ = self.imported(service("echo", 10007, more=more) + service("time", 10037), 1)
            for line in settings.splitlines():
                if not line.strip().startswith("#"):
                    self.assertNotRegex(line, r"port = 1;|root|user|true", more)
            self.dumped(settings)


class Inetd(Case):
    TEXT = """# /etc/inetd.conf:  see inetd(8) for further informations.
#:INTERNAL: Internal services
#echo		stream	tcp	nowait	root	internal
echo		stream	tcp	nowait	root	internal
127.0.0.1:discard		dgram	udp	wait	root	internal
#<off># daytime	stream	tcp6	nowait	root	internal
time		stream	tcp46	nowait	root	internal
#<off># a comment
::1:
chargen stream tcp6 nowait root internal
*:
daytime stream tcp6 nowait root internal
"""

    def test_its_own_services_become_listeners(self):
        settings, said = self.imported(self.TEXT)
        self.assertEqual(said, "")
        self.assertEqual(self.listening(settings, "-o", "port_offset=10000"), [
            ["echo/tcp", "0.0.0.0:10007"], ["discard/udp", "127.0.0.1:10009"], ["time/tcp", "*:10037"],
            ["chargen/tcp", "[::1]:10019"], ["daytime/tcp", "*:10013"]])
        self.assertEqual(settings.count("enabled = false;"), 1)

    def test_programs_and_rates_are_lost(self):
        settings, said = self.imported("telnet stream tcp nowait root /usr/sbin/in.telnetd in.telnetd\n"
                                       "echo stream tcp nowait.400 root internal\n", 1)
        self.assertRegex(said, "2 without an equivalent")
        self.assertRegex(settings, r"(?m)^\t# \S+:1: service telnet: ")
        self.assertRegex(settings, r"(?m)^\t\t# \S+:2: wait.max = 400: ")

    def test_a_line_that_it_would_not_read_is_refused(self):
        settings, said = self.imported("echo stream tcp nowait root internal\ntime stream\n", 78)
        self.assertRegex(said, r"^echotimed: \S+theirs:2: ")


@peers.needs("xinetd")
class OldAndNew(Case):
    """The files of Debian's xinetd, and the same questions to both."""

    def ask(self, address):
        """The answers, with what is the time made to be one."""
        found = {}
        for name, port in (("echo", 10007), ("discard", 10009), ("daytime", 10013), ("chargen", 10019), ("time", 10037)):
            with socket.create_connection((address, port), harness.TIMEOUT_S) as s:
                if name in ("echo", "discard"):
                    s.sendall(b"the same question")
                    s.shutdown(socket.SHUT_WR)
                found[name] = clients.recv_exactly(s, 74 * 200) if name == "chargen" else clients.recv_all(s)
        for name, port in (("echo", 10007), ("time", 10037)):
            with clients.datagram_socket(host=address) as s:
                s.settimeout(harness.TIMEOUT_S)
                s.connect((address, port))
                s.send(b"?")
                found[name + "-dgram"] = s.recv(100)
        found["chargen"] = {len(line) for line in found["chargen"].split(b"\r\n")[:-1]}  # the characters: xinetd leaves the blank out
        for name in ("time", "time-dgram"):
            found[name] = (len(found[name]), found[name][:2])
        found["daytime"] = re.sub(rb"\d\d:\d\d:\d\d", b"", found["daytime"])
        found["refused"] = clients.is_refused(lambda: socket.create_connection((address, 10008), harness.TIMEOUT_S))
        return found

    @staticmethod
    def connects(address):
        try:
            with socket.create_connection((address, 10007), harness.TIMEOUT_S) as s:
                return clients.serves(s)
        except OSError:
            return False

    def test_answer_alike(self):
        pid = os.getpid()
        address = f"127.{1 + (pid >> 16)}.{pid >> 8 & 255}.{pid & 255}"
        text = f"defaults\n{{\n\tbind = {address}\n\tonly_from = 127.0.0.0\n\tinstances = 50\n}}\n"
        text += "".join(service(name, port) for name, port in (("echo", 10007), ("discard", 10009), ("daytime", 10013),
                                                               ("chargen", 10019), ("time", 10037)))
        text += service("echo", 10007, "dgram") + service("time", 10037, "dgram")
        text += service("echo", 10008, more="only_from = 192.0.2.0").replace("echo-stream", "closed")
        theirs = self.folder.write("xinetd.conf", text)
        process = subprocess.Popen([peers.path("xinetd"), "-dontfork", "-f", theirs, "-pidfile", self.folder / "pid"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env={**peers.environment("xinetd"), "TZ": "UTC"})
        try:
            self.wait_until(lambda: self.connects(address), "xinetd serves")
            old = self.ask(address)
        finally:
            process.terminate()
            process.wait(harness.TIMEOUT_S)
        settings, said = self.imported(text)
        self.assertEqual(said, "")
        user = 'control = { path = ""; };\n'
        if harness.is_root():
            user += 'user = "%s"; group = "%s";\n' % config.service_user()
        self.start(user + settings)
        new = self.ask(address)
        self.assertEqual(new, old)

    def test_every_file_of_debians_package_is_read(self):
        done = self.run_once("--import", f"{peers.FOLDER}/xinetd/etc/xinetd.d")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        listed = len(glob.glob(f"{peers.FOLDER}/xinetd/etc/xinetd.d/*"))
        self.assertGreater(done.stdout.count("service = "), listed - 3)
        self.assertEqual(done.stdout.count("service = "), done.stdout.count("enabled = false;"))


if __name__ == "__main__":
    harness.main()
