# SPDX-License-Identifier: MIT
"""The files of conf/examples/fleet are accepted by the programs that they are for, as they stand."""

import subprocess
import unittest

import fleet  # first: it knows where tests/system is
import harness
import peers


class Files(unittest.TestCase):
    def accepts(self, package, *words, program=None):
        done = subprocess.run([peers.path(package, program), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, env=peers.environment(package))
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        return said

    @peers.needs("haproxy")
    def test_haproxy_accepts_its_file_without_a_warning(self):
        said = self.accepts("haproxy", "-c", "-f", fleet.path("haproxy.cfg"))
        self.assertNotIn("WARNING", said)


if __name__ == "__main__":
    harness.main()
