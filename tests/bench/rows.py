# SPDX-License-Identifier: MIT
"""The rows of the table: what is asked, of which servers, and what is to be reached. A new row is a line here."""

import curves
import figures
import prober
import reflector
from turns import Turns

UDP = ("echotimed/udp",)
SESSION = "session --connections 64 --sources 200"
BULK = "echo --size 65536 --depth 16 --connections"

ROWS = (
    Turns("echo-64", "TCP echo, 64 connections, 64 bytes", "echo --connections 64", ("echotimed/event",),
          {"tcp_epoll": 1.10, "libev": 0.95, "xinetd": 0.75}),
    Turns("echo-1000", "TCP echo, 1,000 connections, 64 bytes", "echo --connections 1000 --sources 50", ("echotimed/event",),
          {"tcp_epoll": 1.10, "libev": 0.95, "xinetd": 0.45}),
    Turns("pipelined", "TCP echo, 16 connections, 16 messages of 64 bytes in flight on each",
          "echo --connections 16 --depth 16", ("echotimed/event",), {"tcp_epoll": 1.10, "libev": 0.95, "xinetd": None}),
    Turns("bulk-1", "TCP echo, 1 bulk stream", f"{BULK} 1", ("echotimed/event",),
          {"tcp_epoll -b 262144": 1.10, "xinetd": 0.20}, "64 KiB"),
    Turns("bulk-8", "TCP echo, 8 bulk streams", f"{BULK} 8", ("echotimed/event",),
          {"tcp_epoll -b 262144": 1.10, "xinetd": 0.20}, "64 KiB"),
    Turns("session-prefork", "connect, echo, close; 64 at once; prefork", SESSION, ("echotimed/prefork",),
          {"tcp_sess -m prefork -w 16": 1.15, "xinetd": 0.08}, "session"),
    Turns("session-fork", "connect, echo, close; 64 at once; fork", SESSION, ("echotimed/fork",),
          {"tcp_sess -m fork": 1.60, "xinetd": 0.50, "inetutils-inetd": None, "openbsd-inetd": None}, "session", times=2),
    Turns("session-event", "connect, echo, close; 64 at once; event", SESSION, ("echotimed/event",),
          {"tcp_epoll -a": 1.10, "libev": 1.00}, "session"),
    Turns("daytime", "daytime sessions, 64 at once", "session --eof --connections 64 --sources 200",
          ("echotimed/event daytime", "echotimed/prefork daytime"),
          {"nginx": 1.00, "xinetd daytime": 0.60, "openbsd-inetd daytime": None}, "session"),
    Turns("udp-64", "UDP echo, 16 sockets, 16 datagrams of 64 bytes in flight on each", "udp --connections 16 --depth 16",
          UDP,
          {"udp_echo -m full": 1.15, "openbsd-inetd udp": 0.55}, "datagram"),
    Turns("udp-1400", "UDP echo, the same with 1,400 bytes", "udp --connections 16 --depth 16 --size 1400", UDP,
          {"udp_echo -m full": 1.15, "openbsd-inetd udp": 0.55}, "datagram"),
    Turns("udp-peers", "UDP echo, 256 peers with 1 datagram each", "udp --connections 256", UDP,
          {"udp_echo -m mmsg": 1.15, "openbsd-inetd udp": 0.80}, "datagram"),
    Turns("udp-gso", "UDP echo, 16 senders of super-datagrams of 16", "udp --connections 16 --depth 16 --gso", UDP,
          {"udp_echo -m full": 1.25, "udp_echo -m plain": 0.15}, "datagram"),
    Turns("latency-tcp", "round trip of one TCP echo at a time, server and client on a core each, median", "echo",
          ("echotimed/event", "echotimed/event busy_poll"), {"tcp_epoll": None}, figure="p50_us", alone=True),
    Turns("latency-udp", "round trip of one UDP echo at a time, server and client on a core each, median", "udp",
          ("echotimed/udp", "echotimed/udp busy_poll"), {"udp_echo -m plain": None}, figure="p50_us", alone=True),
    figures.Figure("limiter", "instructions of a decision about a source (callgrind)", figures.limiter),
    figures.Figure("idle-session", "user memory of an idle session, event, one worker", figures.idle_session),
    figures.Figure("idle-worker", "memory of an idle prefork worker and of a fork session's process", figures.idle_worker),
    figures.Figure("start", "from the start to READY, the shipped file", figures.start),
    figures.Figure("reload", "from SIGHUP to READY, the shipped file as it was", figures.reload),
    figures.Figure("reflect", "a packet echoed and reflected, 16 sockets, 16 in flight on each", reflector.reflect),
    figures.Figure("t3", "how far T3 is from the kernel's stamp of the sending, by packets a second", reflector.t3),
    figures.Figure("stamp-session", "memory of a STAMP session, of 10,000", reflector.session_memory),
    figures.Figure("probe-rate", "echoprobe: 100,000 packets of 64 bytes a second on one core", prober.rate),
    figures.Figure("probe-stamps", "echoprobe: the median round trip by whose time stamps, 1,000 a second", prober.stamps),
    figures.Figure("probe-small", "echoprobe: its start and its memory", prober.small),
    curves.Curve("connections", "TCP echo, 64 bytes, by the number of connections", "connections",
                 "echo --connections {n} --sources 50", (1, 10, 100, 1000, 10_000), "µs of CPU a message",
                 ("echotimed/event", "tcp_epoll", "libev")),
    curves.Curve("sources", "UDP echo, 64 bytes, 64 in flight, by the number of source addresses", "sources",
                 "sources --depth 64 --sources {n}", (1, 10, 100, 1000, 10_000, 100_000, 1_000_000),
                 "µs of CPU a datagram", ("echotimed/udp, table 64M", "udp_echo -m full", "udp_echo -m plain")),
)
