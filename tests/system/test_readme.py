# SPDX-License-Identifier: MIT
"""The messages in README.md's table are those that the daemon prints when that goes wrong: each is provoked here."""

import os
import re
import socket

import clients
import harness

README = os.path.join(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "../..")), "README.md")
ECHO = {"service": "echo", "transport": "tcp"}


def messages():
    with open(README) as f:
        section = f.read().partition("## When something is wrong")[2].partition("\n## ")[0]
    return re.findall(r"(?m)^\| `(.+?)` \|", section)


class Messages(harness.Case):
    """One test a row, by its first words; the test of the table holds that there is one."""

    ROWS = {
        "there is no such key": lambda t: t.said("-t", config='listeners = ( { service = "echo"; adress = "*"; } );'),
        "no socket was passed": lambda t: t.said(config=t.config(ECHO, activation="only")),
        "cannot bind echo/tcp to 127.0.0.1:7: address": lambda t: t.with_a_port_in_use(),
        "cannot bind echo/tcp to 127.0.0.1:7: perm": lambda t: t.said(config=t.low_port(), prefix=t.AS_NOBODY),
        "cannot bind the control socket": lambda t: t.twice(),
        "there is no user": lambda t: t.said(config={**t.config(ECHO), "user": "", "group": ""}),
        "the configuration must be readable": lambda t: t.unreadable(),
        "allow: is missing: hostname": lambda t: t.said("-t", config=t.config({"service": "hostname", "address": "*"})),
        "refused listener=echo/tcp": lambda t: t.refused(),
        "refused: FILE": lambda t: t.broken_reload(),
    }
    AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")

    def said(self, *args, **options):
        return self.run_once(*args, **options).stderr

    def low_port(self):
        return {**self.config({**ECHO, "port": 7}), "user": "", "group": ""}

    def with_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 7)):
            return self.said(config=self.config({**ECHO, "port": 7}))

    def twice(self):
        control = {"path": self.folder / "control"}
        self.serve(ECHO, control=control)
        return self.said(config=self.config(ECHO, control=control)).replace(control["path"], "PATH")

    def unreadable(self):
        path = self.folder.write("secret.conf", 'listeners = ( { service = "echo"; address = "127.0.0.1"; port = 0; } );')
        os.chown(path, 0, 0)
        os.chmod(path, 0o600)
        return self.said("-c", path, "-o", "user=nobody", "-o", "control.path=")

    def refused(self):
        d = self.serve({**ECHO, "deny": ["127.0.0.2"]})
        self.assertTrue(clients.is_refused(lambda: d.connect("echo", source="127.0.0.2")))
        return d.wait_log(r".*refused listener=.*")[0][0]

    def broken_reload(self):
        d = self.serve(ECHO, daemon={"allow": [r"^error (settings|reload)"]})
        d.write("nonsense")
        d.process.send_signal(1)
        return d.wait_log(r"^error reload.*")[0][0].replace(d.file, "FILE")

    def test_the_table_has_ten_messages_and_each_is_provoked_here(self):
        known = [(m, [row for row in self.ROWS if m.startswith(row)]) for m in messages()]
        self.assertEqual([m for m, rows in known if len(rows) != 1], [])
        self.assertEqual(len(known), 10)

    def test_each_message_is_what_the_daemon_says(self):
        for message in messages():
            row = next(row for row in self.ROWS if message.startswith(row))
            with self.subTest(message):
                self.assertIn(message, self.ROWS[row](self))


if __name__ == "__main__":
    harness.main(namespace=True)
