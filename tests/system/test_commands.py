# SPDX-License-Identifier: MIT
"""The command line: options, exit statuses, what is printed where."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess

import clients
import config
import harness
import oracles

ECHO = {"service": "echo", "transport": "tcp"}


class Options(harness.Case):
    def test_version_says_name_and_number_and_what_is_compiled_in(self):
        for option in ("-V", "--version"):
            done = self.run_once(option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"\Aechotimed \d+\.\d+\S*\nsystemd: (yes|no)\nmetrics: (yes|no)\nseccomp: (yes|no)\nsodium: (yes|no)\nstatic: (yes|no)\n")

    def test_help_names_every_option(self):
        for option in ("-h", "--help"):
            done = self.run_once(option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for word in ("--config", "--option", "--test", "--dump", "--version", "--help"):
                self.assertIn(word, done.stdout)

    def test_the_schema_takes_and_refuses_what_the_daemon_does(self):
        done = self.run_once("--schema")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        good = self.config({**ECHO, "port": 10007, "allow": ["127.0.0.1"], "impair": {"delay": "1ms"}}, log={"level": "debug"},
                           pools={"p": {"model": "event", "workers": 2}}, defaults={"max_sessions": 5})
        self.assertEqual(self.run_once("-T", config=good).stderr, "")
        bad = [{**good, "listeners": [{**ECHO, key: value}]} for key, value in
               (("prot", 7), ("nodelay", 1), ("proxy", "v3"), ("max_sessions", "many"), ("amplification", "1.5x"))]
        self.assertEqual([self.run_once("-T", config=b).returncode for b in bad], [78] * len(bad))
        try:
            self.assertEqual(oracles.faults_by(json.loads(done.stdout), [good]), [])
            for b in bad:
                self.assertEqual(len(oracles.faults_by(json.loads(done.stdout), [b])), 1, b)
        except oracles.Missing as missing:
            self.skipTest(f"needs {missing}")

    def test_wrong_usage_ends_with_64_and_says_why(self):
        for args in (["--nonsense"], ["-x"], ["-c"], ["-o"], ["-o", "no-equals-sign"], ["argument"]):
            done = self.run_once(*args)
            self.assertEqual(done.returncode, 64, args)
            self.assertEqual(done.stdout, "", args)
            self.assertTrue(done.stderr.strip(), args)

    def test_a_missing_file_ends_with_66_and_names_it(self):
        for options in ([], ["-t"], ["-T"]):
            done = self.run_once("-c", self.folder / "missing.conf", *options)
            self.assertEqual(done.returncode, 66)
            self.assertIn(self.folder / "missing.conf", done.stderr)

    def test_wrong_settings_end_with_78_and_say_file_line_and_key(self):
        for text, key in (('listeners = ( { service = "echo"; port = "seven up"; } );\n', "port"),
                          ('\n\nlisteners = ( { service = "ecco"; } );\n', "service"),
                          ('listners = ( { service = "echo"; } );\n', "listners"),
                          ("drain_timeout = 4294967298;\nport_offset = 4294967298;\nlisteners = ();\n", "port_offset"),
                          ("listeners = ();\n", "listeners")):
            for options in ([], ["-t"], ["-T"]):
                done = self.run_once(*options, config=text)
                self.assertEqual(done.returncode, 78, text)
                self.assertRegex(done.stderr, rf"once\.conf(:\d+)?: .*{key}", text)

    def test_a_file_of_wrong_syntax_ends_with_78_and_says_the_line(self):
        done = self.run_once("-t", config='log = { level = "info"; };\nlisteners = ( { ;\n')
        self.assertEqual(done.returncode, 78)
        self.assertIn("once.conf:2", done.stderr)

    def test_several_errors_are_said_in_one_run(self):
        text = ('listeners = (\n{ service = "ecco"; },\n'
                '{ service = "echo"; idle_timeout = "soon"; },\n{ service = "echo"; prot = 7; });\n')
        done = self.run_once("-t", config=text)
        self.assertEqual(done.returncode, 78)
        for line in (2, 3, 4):
            self.assertRegex(done.stderr, rf"once\.conf:{line}: ")
        self.assertRegex(done.stderr, r'prot.*did you mean "?port')

    def test_test_says_what_would_listen_and_opens_nothing(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = self.run_once("-t", config=self.config({**ECHO, "port": port}))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"127.0.0.1:{port}", done.stdout)

    def test_test_says_that_units_decide_where_sockets_are_passed(self):
        done = self.run_once("-t", "-o", "activation=only", config=self.config(ECHO))
        self.assertIn("activation: nothing of this is bound; the socket units say what listens, and where", done.stdout)
        done = self.run_once("-t", config=self.config(ECHO))
        self.assertEqual("it decides the address" in done.stdout, os.path.exists("/run/systemd/system"))

    def test_what_this_machine_lacks_is_found_and_ends_with_69(self):
        none = "no-such-thing"
        place = {"service": "echo", "transport": "unix", "path": self.folder / "socket"}
        for more, top, said in (
                ({}, {"user": none}, f'user: there is no user "{none}" on this machine'),
                ({}, {"group": none}, f'group: there is no group "{none}" on this machine'),
                ({}, {"control": {"path": "", "group": none}}, f'control.group: there is no group "{none}"'),
                ({}, {"control": {"path": f"/{none}/c"}}, f"control.path: there is no folder /{none} on this machine"),
                ({**ECHO, "interface": "none0"}, {}, r'listeners.[0].interface: there is no interface "none0"'),
                ({**ECHO, "address": "fe80::1"}, {}, r'listeners.[0].address: "fe80::1" is on every link'),
                ({**place, "owner": none}, {}, f'listeners.[0].owner: there is no user "{none}" on this machine'),
                ({**place, "group": none}, {}, f'listeners.[0].group: there is no group "{none}" on this machine'),
                ({**place, "path": f"/{none}/x/s"}, {}, f"listeners.[0].path: there is no folder /{none}/x on this")):
            with self.subTest(said):
                config = self.config(more or ECHO, **top)
                done = self.run_once("-t", config=config)
                self.assertEqual(done.returncode, 69, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertIn("echo/", done.stdout)  # and yet what would listen
                self.assertEqual(self.run_once("-T", config=config).returncode, 0)
        good = self.run_once("-t", config=self.config({**ECHO, "interface": "lo"}, {**place, "owner": 65533, "group": 0}))
        self.assertEqual((good.returncode, good.stderr), (0, ""))

    def test_an_option_goes_over_the_file(self):
        done = self.run_once("-T", "-o", "port_offset=12345", "-o", "log.level=debug", "-o", "listeners.[0].port=9",
                             config=self.config(ECHO))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"port_offset = 12345;")
        self.assertRegex(done.stdout, r'level = "debug";')
        self.assertRegex(done.stdout, r"port = 9;")

    def test_the_environment_goes_over_the_file_and_an_option_over_it(self):
        done = self.run_once("-T", "-o", "log.level=debug", config=self.config(ECHO),
                             env={"ECHOTIMED__LOG__LEVEL": "error", "ECHOTIMED__PORT_OFFSET": "12345",
                                  "ECHOTIMED__LISTENERS__0__ALLOW": "127.0.0.0/8,::1",
                                  "ECHOTIMED_PORT": "tcp://192.0.2.1:7"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('level = "debug"; # -o\n', done.stdout)
        self.assertIn("port_offset = 12345; # ECHOTIMED__PORT_OFFSET\n", done.stdout)
        self.assertIn('allow = [ "127.0.0.0/8", "::1/128" ]; # ECHOTIMED__LISTENERS__0__ALLOW\n', done.stdout)

    def test_a_variable_that_is_no_key_ends_with_78_and_is_named(self):
        for name in ("ECHOTIMED__PORT_OFFST", "ECHOTIMED__", "ECHOTIMED__LISTENERS__9__PORT",
                     "ECHOTIMED__POOLS__EVENT__WORKRES"):
            for args in (["-t"], ["-T"], []):
                done = self.run_once(*args, config=self.config(ECHO), env={name: "1"})
                self.assertEqual(done.returncode, 78, (name, args))
                self.assertIn(name + " ", done.stderr)

    @harness.needs_root
    def test_the_environment_of_who_has_fewer_rights_says_nothing(self):
        if os.statvfs(self.folder.path).f_flag & os.ST_NOSUID:
            self.skipTest("needs a temporary folder without nosuid")
        program = self.folder / "echotimed"
        shutil.copy(harness.DAEMON, program)
        os.chown(program, 0, 1)
        os.chmod(program, 0o2755)
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", 'shift; exec "$0" "$@"', program]
        if self.run_once("-V", prefix=prefix).returncode:
            self.skipTest("this program cannot have other rights (with sanitizers)")
        done = self.run_once("-T", config=self.config(ECHO), env={"ECHOTIMED__PORT_OFFSET": "12345"}, prefix=prefix)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("12345", done.stdout)

    def test_a_wrong_value_of_an_option_ends_with_78(self):
        for option in ("log.level=loud", "port_offset=many", "no.such.key=1"):
            done = self.run_once("-t", "-o", option, config=self.config(ECHO))
            self.assertEqual(done.returncode, 78, option)
            self.assertIn(option.split("=")[0], done.stderr)

    def test_an_option_without_a_value_is_one_line_not_the_usage(self):
        done = self.run_once("-t", "-o", "port_offset", config=self.config(ECHO))
        self.assertEqual((done.returncode, done.stderr),
                         (64, "echotimed: -o port_offset: has no value (-o KEY=VALUE)\n"))

    def test_sizes_are_said_as_the_file_writes_them(self):
        done = self.run_once("-t", config=self.config(ECHO, limits={"buffers": "256M", "udp_answer_bytes": "1M/s:64M"}))
        self.assertIn("buffers of 256M", done.stdout)
        self.assertIn("1M bytes of these in 1 s (64M at once)", done.stdout)

    def test_a_dump_reads_back_to_the_same_dump(self):
        whole = self.config({**ECHO, "name": "a", "idle_timeout": "90s", "allow": ["127.0.0.0/8", "::1"]},
                            {"service": "daytime", "timezone": "Europe/Rome", "format": "%H:%M \"%Z\" \\"},
                            {"service": "echo", "name": "u", "transport": "unix", "path": "/tmp/x y\"z"},
                            pools={"own": {"model": "prefork", "max_workers": 3, "start": 1, "min_spare": 1,
                                           "max_spare": 2}},
                            defaults={"session_timeout": "1h"})
        first = self.run_once("-T", config=whole)
        self.assertEqual(first.returncode, 0, first.stderr)
        second = self.run_once("-T", config=first.stdout)
        self.assertEqual(second.returncode, 0, second.stderr)
        settings = [re.sub(r"\s*#.*", "", text) for text in (first.stdout, second.stdout)]
        self.assertEqual(*settings)


class Starts(harness.Case):
    def test_a_second_one_on_the_same_address_ends_with_69_and_the_first_serves_on(self):
        d = self.serve({"service": "echo"})
        for transport in ("tcp", "udp"):
            port = d.address("echo", transport)[1]
            done = self.run_once(config=self.config({"service": "echo", "transport": transport, "port": port}))
            self.assertEqual(done.returncode, 69, done.stderr)
            self.assertIn(f"127.0.0.1:{port}", done.stderr)
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertEqual(clients.ask(d.connect("echo", "udp"), b"x"), b"x")

    def test_an_address_that_is_not_here_ends_with_69(self):
        done = self.run_once(config=self.config({**ECHO, "address": "192.0.2.1"}))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("192.0.2.1", done.stderr)

    def test_one_address_that_fails_leaves_nothing_listening(self):
        with socket.socket(socket.AF_UNIX) as probe:
            path = self.folder / "socket"
            done = self.run_once(config=self.config({"service": "echo", "transport": "unix", "path": path},
                                                    {**ECHO, "name": "bad", "address": "192.0.2.1"}))
            self.assertEqual(done.returncode, 69)
            self.assertRaises(OSError, probe.connect, path)
        self.assertFalse(os.path.lexists(path))

    def ordinary(self):
        """How to run as an ordinary user."""
        return {"user": 65534, "group": 65534, "extra_groups": []} if harness.is_root() else {}

    def low_ports_are_kept(self):
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as f:
            return int(f.read()) > 7

    def test_a_low_port_as_an_ordinary_user_ends_with_77(self):
        if not self.low_ports_are_kept():
            self.skipTest("this host lets everybody bind low ports")
        settings = config.config_text({"listeners": [{**ECHO, "address": "127.0.0.1"}]})
        done = self.run_once(config=settings, **self.ordinary())
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn("127.0.0.1:7", done.stderr)

    def test_a_file_that_may_not_be_read_ends_with_77(self):
        path = self.folder.write("secret.conf", "listeners = ();\n", 0o600)
        if harness.is_root():
            os.chown(path, 0, 0)
        else:
            os.chmod(path, 0)
        done = self.run_once("-c", path, **self.ordinary())
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn(path, done.stderr)

    @harness.needs_root
    def test_a_user_that_does_not_exist_ends_with_78(self):
        done = self.run_once(config={**self.config(ECHO), "user": "no-such-user"})
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn("no-such-user", done.stderr)

    def test_starts_in_an_odd_environment(self):
        def odd():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGINT})
            for number in (signal.SIGPIPE, signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            os.umask(0o777)

        whole = self.config({"service": "echo"},
                            {"service": "echo", "name": "u", "transport": "unix", "path": self.folder / "s"})
        d = self.start(whole, preexec_fn=odd, restore_signals=False)
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertTrue(clients.serves(d.connect("u", "unix")))
        d.stop()

    def test_starts_with_standard_descriptors_closed(self):
        d = self.start(self.config({"service": "echo"}), preexec_fn=lambda: (os.close(0), os.close(1)))
        self.assertTrue(clients.serves(d.connect("echo")))
        self.assertEqual(clients.ask(d.connect("echo", "udp"), b"x"), b"x")

    def test_a_notify_socket_that_nobody_reads_is_harmless(self):
        for path in ("/nonexistent/notify", "@nobody-listens", "relative", ""):
            d = self.start(self.config(ECHO), env={"NOTIFY_SOCKET": path}, wait=False)
            d.wait_log(r"^notice listening echo")
            self.wait_until(lambda d=d: self.try_connect(d), "a daemon that serves")
            d.allow = [r"NOTIFY_SOCKET|notify"]
            d.stop()

    @staticmethod
    def try_connect(d):
        return clients.serves(d.connect("echo"))


class Logs(harness.Case):
    def test_json_lines_are_json(self):
        d = self.start({**self.config(ECHO), "log": {"format": "json", "level": "debug", "sessions": True}}, wait=False)
        d.allow = [r"^\{"]
        d.wait_notify("READY=1")
        heard = [json.loads(line) for line in d.log]
        where = next(line for line in heard if line["event"] == "listening")
        self.assertEqual(where["level"], "notice")
        port = int(re.search(r'127\.0\.0\.1:(\d+)', json.dumps(where))[1])
        with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT_S) as s:
            self.assertTrue(clients.serves(s))
        said = json.loads(d.wait_log(r'.*"session".*')[0][0])
        self.assertEqual((said["listener"], said["in"], said["end"]), ("echo", 13, "eof"))
        d.stop()
        self.assertEqual([line for line in map(json.loads, d.log) if line["level"] in ("error", "warning")], [])

    def test_without_sessions_no_session_is_logged(self):
        d = self.serve(ECHO, log={"sessions": False, "level": "debug"})
        d.connect("echo").close()
        d.stop()
        self.assertEqual([line for line in d.log if line.startswith("info session ")], [])

    def test_lines_for_the_journal_begin_with_their_priority(self):
        read_end, write_end = os.pipe()
        made = os.fstat(write_end)
        whole = self.folder.write("journal.conf", config.config_text(self.config(ECHO)))
        environment = {**os.environ, "JOURNAL_STREAM": f"{made.st_dev}:{made.st_ino}"}
        with subprocess.Popen([harness.DAEMON, "-c", whole], stdin=subprocess.DEVNULL, stderr=write_end,
                              env=environment) as p:
            os.close(write_end)
            with open(read_end) as log:
                try:
                    line = log.readline()
                    while line and "listening" not in line:
                        line = log.readline()
                finally:
                    p.terminate()
                self.assertRegex(line, r"^<5>listening echo tcp 127\.0\.0\.1:\d+$")
                p.wait(harness.TIMEOUT_S)


if __name__ == "__main__":
    harness.main()
