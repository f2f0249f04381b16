# SPDX-License-Identifier: MIT
"""The rows of the table: what is asked, of which servers, and which ratio to reach against which."""

import dataclasses

import servers


def echotimed(service, transport, model):
    return lambda: servers.Echotimed(service, transport, model)


def limit(name, *options, udp=False):
    return lambda: servers.limit(name, *options, udp=udp)


SERVERS = {
    "echotimed/event": echotimed("echo", "tcp", "event"),
    "echotimed/prefork": echotimed("echo", "tcp", "prefork"),
    "echotimed/fork": echotimed("echo", "tcp", "fork"),
    "echotimed/event daytime": echotimed("daytime", "tcp", "event"),
    "echotimed/prefork daytime": echotimed("daytime", "tcp", "prefork"),
    "echotimed/udp": echotimed("echo", "udp", "event"),
    "tcp_epoll": limit("tcp_epoll"),
    "tcp_epoll -b 262144": limit("tcp_epoll", "-b", "262144"),
    "tcp_epoll -a": limit("tcp_epoll", "-a"),
    "tcp_sess -m fork": limit("tcp_sess", "-m", "fork"),
    "tcp_sess -m prefork -w 16": limit("tcp_sess", "-m", "prefork", "-w", "16"),
    "udp_echo -m plain": limit("udp_echo", "-m", "plain", udp=True),
    "udp_echo -m mmsg": limit("udp_echo", "-m", "mmsg", udp=True),
    "udp_echo -m full": limit("udp_echo", "-m", "full", udp=True),
    "libev": limit("tcp_libev"),
    "xinetd": lambda: servers.xinetd("echo"),
    "xinetd daytime": lambda: servers.xinetd("daytime"),
    "inetutils-inetd": lambda: servers.inetutils("echo"),
    "inetutils-inetd daytime": lambda: servers.inetutils("daytime"),
    "openbsd-inetd": lambda: servers.openbsd("echo"),
    "openbsd-inetd daytime": lambda: servers.openbsd("daytime"),
    "openbsd-inetd udp": lambda: servers.openbsd("echo", udp=True),
    "nginx": servers.nginx,
}


@dataclasses.dataclass
class Row:
    """`ours` are compared with each of `against`: {server: the most that the ratio shall be, or None: only shown}."""

    name: str
    title: str
    load: str
    ours: tuple
    against: dict
    requests_are: str = "messages"
    lossless: bool = False


UDP = ("echotimed/udp",)

ROWS = (
    Row("echo-64", "TCP echo, 64 connections, 64 bytes", "echo --connections 64", ("echotimed/event",),
        {"tcp_epoll": 1.10, "libev": 0.95, "xinetd": 0.75}),
    Row("echo-1000", "TCP echo, 1,000 connections, 64 bytes", "echo --connections 1000 --sources 50", ("echotimed/event",),
        {"tcp_epoll": 1.10, "libev": 0.95, "xinetd": 0.45}),
    Row("pipelined", "TCP echo, 16 connections, 16 messages of 64 bytes in flight on each",
        "echo --connections 16 --depth 16", ("echotimed/event",), {"tcp_epoll": 1.10, "libev": 0.95, "xinetd": None}),
    Row("bulk-1", "TCP echo, 1 bulk stream", "echo --connections 1 --size 65536 --depth 16", ("echotimed/event",),
        {"tcp_epoll -b 262144": 1.10, "xinetd": 0.20}, "64 KiB"),
    Row("bulk-8", "TCP echo, 8 bulk streams", "echo --connections 8 --size 65536 --depth 16", ("echotimed/event",),
        {"tcp_epoll -b 262144": 1.10, "xinetd": 0.20}, "64 KiB"),
    Row("session-prefork", "connect, echo, close; 64 at once; prefork", "session --connections 64 --sources 200",
        ("echotimed/prefork",), {"tcp_sess -m prefork -w 16": 1.15, "xinetd": 0.08}, "sessions"),
    Row("session-fork", "connect, echo, close; 64 at once; fork", "session --connections 64 --sources 200",
        ("echotimed/fork",), {"tcp_sess -m fork": 1.15, "xinetd": 0.30, "inetutils-inetd": None, "openbsd-inetd": None},
        "sessions"),
    Row("session-event", "connect, echo, close; 64 at once; event", "session --connections 64 --sources 200",
        ("echotimed/event",), {"tcp_epoll -a": 1.10, "libev": 1.00}, "sessions"),
    Row("daytime", "daytime sessions, 64 at once", "session --eof --connections 64 --sources 200",
        ("echotimed/event daytime", "echotimed/prefork daytime"),
        {"nginx": 1.00, "xinetd daytime": 0.60, "openbsd-inetd daytime": None}, "sessions"),
    Row("udp-64", "UDP echo, 16 sockets, 16 datagrams of 64 bytes in flight on each", "udp --connections 16 --depth 16", UDP,
        {"udp_echo -m full": 1.15, "openbsd-inetd udp": 0.55}, "datagrams", True),
    Row("udp-1400", "UDP echo, the same with 1,400 bytes", "udp --connections 16 --depth 16 --size 1400", UDP,
        {"udp_echo -m full": 1.15, "openbsd-inetd udp": 0.55}, "datagrams", True),
    Row("udp-peers", "UDP echo, 256 peers with 1 datagram each", "udp --connections 256", UDP,
        {"udp_echo -m mmsg": 1.15, "openbsd-inetd udp": 0.80}, "datagrams", True),
    Row("udp-gso", "UDP echo, 16 senders of super-datagrams of 16", "udp --connections 16 --depth 16 --gso", UDP,
        {"udp_echo -m full": 1.25, "udp_echo -m plain": 0.15}, "datagrams", True),
)
