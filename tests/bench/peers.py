# SPDX-License-Identifier: MIT
"""Packaged servers to compare with, unpacked into the folder of the build: some cannot be installed beside each other."""

import glob
import os
import shutil
import subprocess

import place

FOLDER = os.path.join(place.WORK, "peers")
# Of each peer the program, and the packages it comes in.
PEERS = {
    "xinetd": ("usr/sbin/xinetd", "xinetd"),
    "inetutils-inetd": ("usr/sbin/inetutils-inetd", "inetutils-inetd"),
    "openbsd-inetd": ("usr/sbin/inetd", "openbsd-inetd"),
    "irtt": ("usr/bin/irtt", "irtt"),
    "sockperf": ("usr/bin/sockperf", "sockperf"),
    "nginx": ("usr/sbin/nginx", "nginx", "libnginx-mod-stream"),
}


def folder(peer):
    return os.path.join(FOLDER, peer)


def path(peer):
    return os.path.join(folder(peer), PEERS[peer][0])


def _unpack(peer):
    packed = folder(peer) + ".deb"
    os.makedirs(packed, exist_ok=True)
    subprocess.run(["apt-get", "-q", "download", *PEERS[peer][1:]], cwd=packed, check=True, capture_output=True)
    for deb in glob.glob(os.path.join(packed, "*.deb")):
        subprocess.run(["dpkg-deb", "-x", deb, folder(peer)], check=True, capture_output=True)
    shutil.rmtree(packed)


def fetch():
    """While there is a network. What does not come is said by missing()."""
    for peer in PEERS:
        if not os.path.exists(path(peer)):
            try:
                _unpack(peer)
            except (OSError, subprocess.CalledProcessError):
                pass


def missing(peer):
    """Why it cannot be measured; None: it can."""
    where = path(peer)
    if not os.path.exists(where):
        return "apt-get could not download its package"
    linked = subprocess.run(["ldd", where], capture_output=True, text=True, check=False).stdout
    lacking = [line.split()[0] for line in linked.splitlines() if "not found" in line]
    return f"it needs {' '.join(lacking)}" if lacking else None


def version(peer):
    asked = subprocess.run(["apt-cache", "policy", PEERS[peer][1]], capture_output=True, text=True, check=False).stdout
    return next((line.split()[1] for line in asked.splitlines() if "Candidate:" in line), "?")
