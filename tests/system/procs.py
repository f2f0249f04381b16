# SPDX-License-Identifier: MIT
"""What /proc knows about processes and their sockets."""

import collections
import ctypes
import os
import re
import select
import socket
import time
import unittest

Process = collections.namedtuple("Process", "pid state parent session")

SYS_PIDFD_GETFD = 438
SYS_LANDLOCK_CREATE_RULESET = 444


def read(pid):
    """One process, or None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(int(pid), fields[0], int(fields[1]), int(fields[3]))


def is_of_session(pid, session):
    try:
        return os.getsid(pid) == session
    except ProcessLookupError:
        return False


def of_session(session):
    """All processes of a session (setsid), zombies too. One call a process tells the others, whose files are not read."""
    found = (read(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_of_session(int(pid), session))
    return [p for p in found if p and p.session == session]


def name(pid):
    """What it calls itself; None if it is gone."""
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return None


def status(pid):
    """/proc/PID/status as a dictionary of strings; empty if it is gone."""
    try:
        with open(f"/proc/{pid}/status") as f:
            return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return {}


def cpu_ticks(pid):
    """What CPU time it has used, in ticks of the clock."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def mapped_files(pid):
    """The files that are mapped into a process."""
    with open(f"/proc/{pid}/maps") as f:
        return {line.split(None, 5)[5].strip() for line in f if len(line.split(None, 5)) == 6}


def libraries_of_systemd(pids):
    """Of these processes: the libraries that came with libsystemd, which is for sockets that systemd passes. Itself it may stay:
    from systemd 256 on it is linked not to be unloaded, and brings no library along."""
    try:
        files = {f for pid in pids for f in mapped_files(pid)}
    except PermissionError as e:
        raise unittest.SkipTest("needs root (to read the mappings of a process that is not dumpable)") from e
    return sorted(f for f in files if re.search(r"/lib(gcrypt|gpg-error|lzma|zstd|lz4)\.so", f))


def pss_bytes(pids, which="Pss"):
    """The memory of these processes together, shared pages counted once; "Pss_Anon": without what belongs to files, which
    other processes may come to share."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                total += sum(int(line.split()[1]) * 1024 for line in f if line.startswith(which + ":"))
        except PermissionError as e:
            raise unittest.SkipTest("needs root (to read the memory of a process that is not dumpable)") from e
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total


def descriptors(pid):
    """{descriptor: what it is} of a process; none of one that is gone."""
    found = {}
    try:
        listed = os.listdir(f"/proc/{pid}/fd")
    except FileNotFoundError:
        return found
    except PermissionError as e:
        raise unittest.SkipTest("needs root (to see the descriptors of a process that is not dumpable)") from e
    for fd in listed:
        try:
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass
    return found


def _hex_address(address):
    """An IPv4 address as /proc/net/tcp writes it."""
    raw = int.from_bytes(socket.inet_aton(address[0]), "little")
    return f"{raw:08X}:{address[1]:04X}"


def held(pid):
    """How many descriptors a process has; 0 where only root may know."""
    try:
        return len(descriptors(pid))
    except unittest.SkipTest:
        return 0


def inode_of_server_side(client):
    """The socket of the server that talks to this IPv4 TCP client; None while nobody has accepted it."""
    ours, theirs = _hex_address(client.getsockname()), _hex_address(client.getpeername())
    with open("/proc/net/tcp") as f:
        for line in f.readlines()[1:]:
            fields = line.split()
            if fields[1] == theirs and fields[2] == ours and fields[9] != "0":
                return int(fields[9])
    return None


def holder_of(client, pids):
    """(pid, descriptor) of the server's side of a TCP client among pids; None if nobody holds it."""
    inode = inode_of_server_side(client)
    for pid in pids:
        try:
            for fd, what in descriptors(pid).items():
                if what == f"socket:[{inode}]":
                    return pid, fd
        except (FileNotFoundError, PermissionError):
            pass
    return None


def borrow(pid, fd):
    """A copy of another process's socket (root): to ask it for its options. Reading from it would steal."""
    pidfd = os.pidfd_open(pid)
    try:
        copy = ctypes.CDLL(None, use_errno=True).syscall(SYS_PIDFD_GETFD, pidfd, fd, 0)
    finally:
        os.close(pidfd)
    if copy < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return socket.socket(fileno=copy)


def landlock_version():
    """The kernel's; 0: it has none."""
    return max(0, ctypes.CDLL(None).syscall(SYS_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1)))


class Watch:
    """The ends of some processes, as events."""

    def __init__(self, pids):
        self._fds = {}
        for pid in pids:
            try:
                self._fds[os.pidfd_open(pid)] = pid
            except ProcessLookupError:
                pass

    def wait_all_gone(self, timeout_s):
        """Those still there after timeout_s."""
        poll = select.poll()
        for fd in self._fds:
            poll.register(fd, select.POLLIN)
        end = time.monotonic() + timeout_s
        while self._fds and (left := end - time.monotonic()) > 0:
            for fd, _ in poll.poll(left * 1000):
                poll.unregister(fd)
                os.close(fd)
                del self._fds[fd]
        return list(self._fds.values())
