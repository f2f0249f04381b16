# SPDX-License-Identifier: MIT
"""A configuration as a Python structure: completed, written in libconfig's syntax, in a folder that the daemon may read."""

import grp
import os
import pwd
import shutil
import tempfile

DATAGRAMS = {"udp", "unixgram"}
UNIXES = {"unix", "unixgram", "unixpacket"}


def is_root():
    return os.geteuid() == 0


def service_user():
    """Whom the daemon becomes when the suite runs as root: (user, group), both of every system."""
    entry = pwd.getpwnam("nobody")
    return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name


def libconfig(value, depth=0):
    """A Python value in libconfig's syntax: dict = group, list of dicts = list, other list = array."""
    pad = "\t" * depth
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        rows = "".join(f"{pad}\t{k} = {libconfig(v, depth + 1)};\n" for k, v in value.items())
        return "{\n" + rows + pad + "}"
    if value and all(isinstance(v, dict) for v in value):
        return "( " + ", ".join(libconfig(v, depth) for v in value) + " )"
    return "[ " + ", ".join(libconfig(v, depth) for v in value) + " ]"


def config_text(config):
    return "".join(f"{k} = {libconfig(v)};\n" for k, v in config.items())


def transports_of(listener):
    t = listener.get("transport", "tcp")
    return {t} if isinstance(t, str) else set(t)


def complete(listener, model):
    """A listener as a test wrote it, with what makes it harmless and, for sessions, the model's pool."""
    full = dict(listener)
    kinds = transports_of(full)
    if not kinds <= UNIXES:
        full.setdefault("address", "127.0.0.1")
        full.setdefault("port", 0)
    if model and not kinds <= DATAGRAMS:
        full.setdefault("pool", model)
    return full


def parse_address(text):
    """What a `listening` line says: ("127.0.0.1", 7), ("::1", 7), or a path or "@name" as it stands."""
    if text.startswith(("/", "@")):
        return text
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


class Folder:
    """A temporary folder that the service user may read and write."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="echotimed-test-")
        os.chmod(self.path, 0o755)
        self.give(self.path)

    @staticmethod
    def give(path):
        if is_root():
            shutil.chown(path, *service_user())

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text, mode=0o644):
        path = self / name
        with open(path, "w" if isinstance(text, str) else "wb") as f:
            f.write(text)
        os.chmod(path, mode)
        self.give(path)
        return path

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
