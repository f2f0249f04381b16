#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Settings files that are broken in every way we could think of, given to a running daemon: each is refused with its place,
and what was served is served on."""

import os

import clients
import harness
import procs

BROKEN = r"^(error|warning) "
HERE = r"echotimed\.conf:\d+"
ECHO = 'listeners = ( { service = "echo"; address = "127.0.0.1"; port = 0; } );\n'
# name: (the file's text, what is said)
BROKEN_FILES = {
    "a syntax error": (ECHO + "pools = { a = ;", HERE),
    "a group that is never closed": ("listeners = ( {", HERE),
    "a comment that is never closed": (ECHO + "/* and so", HERE),
    "a string that is never closed": (ECHO + 'user = "nobody', HERE),
    "a wrong type": ('listeners = ( { service = "echo"; port = true; } );', HERE + ".*port"),
    "an unknown key": (ECHO + "lissteners = ( );", HERE + ".*lissteners"),
    "an unknown service": ('listeners = ( { service = "ecco"; } );', HERE + ".*service"),
    "a number out of its range": ('listeners = ( { service = "echo"; port = 65536; } );', HERE + ".*port"),
    "a number that does not fit": ('listeners = ( { service = "echo"; port = 4294967303; } );', HERE),
    "a number that fits nowhere": ("port_offset = 99999999999999999999999;" + ECHO, HERE),
    "the same key twice": ('user = "nobody";\nuser = "root";\n' + ECHO, HERE + ".*user"),
    "nothing to listen to": ("listeners = ( );", r"echotimed\.conf"),
    "nothing at all": ("", r"echotimed\.conf"),
    "a NUL byte": (ECHO + 'user = "no\0body";', HERE),
    "bytes that are no text": (ECHO.encode() + b'user = "\xff\xfe";', HERE),
    "an @include of a folder": ('@include "."\n' + ECHO, HERE),
    "an @include of a FIFO": ('@include "fifo"\n' + ECHO, HERE),
    "an @include of /dev/zero": ('@include "/dev/zero"\n' + ECHO, HERE),
    "an @include of itself": ('@include "echotimed.conf"\n' + ECHO, HERE),
    "an @include of nothing": ('@include "missing.conf"\n' + ECHO, HERE),
    "an @include of a broken file": ('@include "other.conf"\n' + ECHO, r"other\.conf:2"),
    "a million groups in one another": ("a = " + "{ a = " * 1_000_000, r"echotimed\.conf"),
    "a million lists in one another": ("a = " + "( " * 1_000_000, r"echotimed\.conf"),
    "sixty thousand settings": (ECHO + "".join(f"key{i} = {i};\n" for i in range(60_000)), r"echotimed\.conf"),
    "sixty thousand listeners": ("listeners = (" + ",".join(['{ service = "echo"; }'] * 60_000) + ");", r"echotimed\.conf"),
    "a hundred megabytes": ("#" * 100_000_000 + "\n" + ECHO, r"echotimed\.conf"),
    "a pool that is not there": ('listeners = ( { service = "echo"; pool = "none"; } );', HERE + ".*pool"),
    "an amplifier for everybody": ('listeners = ( { service = "chargen"; transport = "udp"; address = "*"; } );', HERE),
}


class BrokenFiles(harness.Case):
    def setUp(self):
        super().setUp()
        self.d = self.serve({"service": "echo", "transport": ["tcp", "udp"]}, log={"sessions": False},
                            daemon={"allow": [BROKEN]})
        self.session = self.d.connect("echo")

    def is_refused_and_all_serves_on(self, said):
        mark, pid = self.d.mark(), self.d.pid
        self.d.reload()
        self.d.wait_log("^error reload: refused: ", since=mark[0])
        lines = self.d.log[mark[0]:]
        self.assertRegex("\n".join(lines), said)
        self.assertFalse(any("notice reloaded" in line for line in lines))
        self.assertEqual((self.d.process.poll(), self.d.pid), (None, pid))
        self.assertTrue(clients.serves(self.session) and clients.serves(self.d.connect("echo")))
        self.assertEqual(clients.ask(self.d.connect("echo", "udp"), b"and datagrams"), b"and datagrams")

    def test_are_refused_with_their_place_and_the_old_settings_serve_on(self):
        os.mkfifo(self.folder / "fifo")
        self.folder.write("other.conf", "# fine\nbroken = ;\n")
        for name, (text, said) in BROKEN_FILES.items():
            with self.subTest(name):
                self.folder.write("echotimed.conf", text)
                self.is_refused_and_all_serves_on(said)

    def test_that_are_no_files_or_anybodys_are_refused(self):
        path = self.d.file
        for name, make in (("missing", lambda: None), ("a folder", lambda: os.mkdir(path)), ("a FIFO", lambda: os.mkfifo(path)),
                           ("a link to nothing", lambda: os.symlink("nothing", path))):
            with self.subTest(name):
                os.rename(path, path + ".aside")
                make()
                self.is_refused_and_all_serves_on(r"echotimed\.conf")
                if name != "missing":
                    (os.rmdir if os.path.isdir(path) else os.unlink)(path)
                os.rename(path + ".aside", path)
        with self.subTest("everybody may write it"):
            os.chmod(path, 0o666)
            self.is_refused_and_all_serves_on(r"echotimed\.conf")

    def test_leave_no_reader_and_no_descriptor_behind(self):
        def held():
            return procs.held(self.d.pid), len(self.d.processes())
        before = held()
        for text in ("listeners = ( {", '@include "/dev/zero"\n', "a = " + "{ a = " * 100_000) * 3:
            self.d.write(text)
            self.d.reload()
        self.wait_until(lambda: all(now <= then for now, then in zip(held(), before)), "as much is held as before")


if __name__ == "__main__":
    harness.main()
