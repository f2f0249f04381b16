# SPDX-License-Identifier: MIT
"""Servers of other people, as ../unpack.sh has put them into the folder of the build, or as this machine has them."""

import glob
import os
import shutil
import unittest

FOLDER = os.path.abspath(os.environ.get("ECHOTIMED_PEERS") or os.path.join(os.environ.get("top_builddir", "."), "peers"))


def path(name, program=None):
    """The program of a package, which has its name unless said; None: there is none."""
    program = program or name
    folders = ("usr/sbin", "usr/bin", "sbin")
    found = [p for f in folders for p in glob.glob(f"{FOLDER}/{name}/{f}/{program}")] or [shutil.which(program)]
    return found[0]


def environment(name):
    """What it needs beside itself came with it."""
    libraries = glob.glob(f"{FOLDER}/{name}/usr/lib/*-linux-*") + glob.glob(f"{FOLDER}/{name}/lib/*-linux-*")
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)} if libraries else dict(os.environ)


def perl_environment(name, *folders):
    """For its modules in Perl, those in `folders` first. SmokePing refuses to run where LC_ALL is set."""
    root = f"{FOLDER}/{name}"
    library = [*folders, f"{root}/usr/share/perl5", *glob.glob(f"{root}/usr/lib/*/perl5/*")]
    kept = {key: value for key, value in environment(name).items() if key != "LC_ALL"}
    return {**kept, "PERL5LIB": ":".join(library)}


def file(name, inside):
    """A file of a package."""
    found = glob.glob(f"{FOLDER}/{name}/{inside}") or [f"/{inside}"]
    return found[0]


def needs(name, program=None):
    return unittest.skipUnless(path(name, program), f"needs {name}")
