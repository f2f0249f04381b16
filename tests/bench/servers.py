# SPDX-License-Identifier: MIT
"""The servers that are compared: echotimed under each model, the minimal ones of limits/, and packaged peers."""

import os
import pwd
import signal
import socket
import subprocess
import time

import peers
import place
import procs
from config import Folder, config_text, service_user
from daemon import DAEMON, Daemon, within_reach
from outcome import NotMeasured

MANY = 60_000
RATE = "1000000000/s"
BYTES = "1000G/s"
START_S = 10

# Every check is on, and none refuses: limits that this load cannot reach.
LIMITS = {"sessions": MANY, "sessions_per_source": MANY, "buffers": "1G", "udp_answers": RATE, "udp_answer_bytes": BYTES}
LISTENER = {"address": "0.0.0.0", "port": 0, "acknowledge_public": True, "max_sessions": MANY,
            "max_sessions_per_source": MANY, "session_rate": RATE, "udp_rate": RATE}
POOLS = {"event": {"workers": 1, "max_sessions": MANY},
         "fork": {"max_sessions": 20_000},
         "prefork": {"start": 16, "min_spare": 1, "max_spare": 16, "max_workers": 16}}
BUSY = {**POOLS["event"], "busy_poll": True}


class Server:
    """One that is running. `sessions`: the leaders of the sessions (setsid) that its processes are in."""

    host = "127.0.0.1"

    def __init__(self, port, sessions):
        self.port, self.sessions = port, sessions

    def stop(self):
        raise NotImplementedError


class Echotimed(Server):
    def __init__(self, service, transport, model, pools=None, limits=None, **more):
        self.folder = Folder()
        self.config = self.settings(service, transport, model, more)
        self.config["pools"] = {**POOLS, **(pools or {})}
        self.config["limits"] = {**LIMITS, **(limits or {})}
        if (pools or more) and not self.takes(self.config):
            raise NotMeasured("this echotimed has no such setting")
        self.daemon = Daemon(self.folder, self.config, prefix=place.on_core(place.SERVER_CORE, []))
        super().__init__(self.daemon.address(service, transport)[1], {self.daemon.pid})

    @staticmethod
    def settings(service, transport, model, more):
        user, group = service_user()
        listener = {**LISTENER, "service": service, "transport": transport, "pool": model}
        if transport == "udp":
            del listener["max_sessions"], listener["max_sessions_per_source"], listener["session_rate"]
        else:
            del listener["udp_rate"]
        listener.update(more)
        return {"user": user, "group": group, "control": {"path": ""}, "listeners": [listener]}

    def takes(self, config):
        conf = self.folder.write("asked.conf", config_text(config))
        return subprocess.run([DAEMON, "-t", "-c", conf], capture_output=True, check=False).returncode == 0

    def stop(self):
        """Returns what it says to have refused, which shall be nothing."""
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.process.wait()
        self.daemon.events.join()
        refused = [line for line in self.daemon.log if " refused " in line]
        self.daemon.kill()
        self.folder.remove()
        return refused


class Process(Server):
    """Any other: a command that serves `port` of `host`. `pidfile`: of one that leaves its session."""

    def __init__(self, command, port, udp=False, host="127.0.0.1", pidfile=None):
        self.host = host
        if pidfile and os.path.exists(pidfile):
            os.unlink(pidfile)
        self.process = subprocess.Popen(place.on_core(place.SERVER_CORE, command), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        os.set_blocking(self.process.stderr.fileno(), False)
        super().__init__(port, {self.process.pid})
        self._wait(udp)
        if pidfile:
            with open(pidfile) as f:
                self.sessions.add(procs.read(int(f.read())).session)

    def _answers(self, udp):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as s:
            s.settimeout(0.2)
            try:
                s.connect((self.host, self.port))
                s.send(b"are you there")
                return bool(s.recv(100))
            except OSError:
                return False

    def _wait(self, udp):
        end = time.monotonic() + START_S
        while not self._answers(udp):
            if self.process.poll() not in (None, 0) or time.monotonic() > end:
                said = (self.process.stderr.read() or b"").decode(errors="replace").strip()[-200:]
                self.stop()
                raise NotMeasured(f"it does not answer: {said or 'no word'}")
            time.sleep(0.02)

    def stop(self):
        """Returns nothing: others are not asked what they refused."""
        for leader in self.sessions:
            for p in procs.of_session(leader):
                try:
                    os.kill(p.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.process.wait()
        self.process.stderr.close()
        return []


_next_port = iter(range(20_000, 30_000))


def _file(name, text):
    os.makedirs(peers.FOLDER, exist_ok=True)
    path = os.path.join(peers.FOLDER, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def limit(name, *options, udp=False):
    path = place.program(f"limits/{name}")
    if not path:
        raise NotMeasured("libev-dev is not installed" if name == "tcp_libev" else "not built")
    port = next(_next_port)
    return Process([within_reach(path), *options, str(port)], port, udp)


def _packaged(peer):
    why = peers.missing(peer)
    if why:
        raise NotMeasured(why)
    return peers.path(peer)


def xinetd(service):
    path, port = _packaged("xinetd"), next(_next_port)
    conf = _file(f"xinetd-{port}.conf", f"""defaults
{{
	instances = UNLIMITED
	cps = 10000000 1
	per_source = UNLIMITED
}}
service {service}
{{
	type = INTERNAL UNLISTED
	socket_type = stream
	protocol = tcp
	user = root
	wait = no
	disable = no
	port = {port}
}}
""")
    return Process([path, "-dontfork", "-f", conf, "-pidfile", conf + ".pid", "-filelog", "/dev/null"], port)


def _inetd_conf(package, host):
    return _file(f"{package}.conf", "".join(f"{host}:{service} {kind} root internal\n" for service in ("echo", "daytime")
                                            for kind in ("stream tcp nowait", "dgram udp wait")))


def inetutils(service, udp=False):
    path, pidfile = _packaged("inetutils-inetd"), os.path.join(peers.FOLDER, "inetutils.pid")
    conf = _inetd_conf("inetutils-inetd", "127.0.0.1")
    return Process([path, "-R", "1000000000", f"--pidfile={pidfile}", conf], socket.getservbyname(service), udp,
                   pidfile=pidfile)


def openbsd(service, udp=False):
    conf = _inetd_conf("openbsd-inetd", place.OTHER_ADDRESS)
    return Process([_packaged("openbsd-inetd"), "-i", "-R", "1000000000", conf], socket.getservbyname(service), udp,
                   host=place.OTHER_ADDRESS)


def nginx():
    path, port = _packaged("nginx"), next(_next_port)
    conf = _file("nginx.conf", f"""daemon off;
worker_processes 1;
error_log /dev/null;
pid {peers.FOLDER}/nginx.pid;
load_module {peers.folder("nginx")}/usr/lib/nginx/modules/ngx_stream_module.so;
events {{ worker_connections 8192; }}
stream {{ server {{ listen 127.0.0.1:{port} backlog=4096; return "$time_iso8601\\r\\n"; }} }}
""")
    return Process([path, "-c", conf, "-e", "/dev/null"], port)


def stamp_key():
    """The file of the key that reflector.py signs with."""
    path = _file("stamp.key", bytes(range(32)).hex() + "\n")
    os.chmod(path, 0o600)
    os.chown(path, pwd.getpwnam(service_user()[0]).pw_uid, -1)
    return path


def _echotimed(service, transport, model, **more):
    return lambda: Echotimed(service, transport, model, **more)


def _limit(name, *options, udp=False):
    return lambda: limit(name, *options, udp=udp)


SERVERS = {
    "echotimed/event": _echotimed("echo", "tcp", "event"),
    "echotimed/event busy_poll": _echotimed("echo", "tcp", "event", pools={"event": BUSY}),
    "echotimed/prefork": _echotimed("echo", "tcp", "prefork"),
    "echotimed/fork": _echotimed("echo", "tcp", "fork"),
    "echotimed/event daytime": _echotimed("daytime", "tcp", "event"),
    "echotimed/prefork daytime": _echotimed("daytime", "tcp", "prefork"),
    "echotimed/udp": _echotimed("echo", "udp", "event"),
    "echotimed/udp, table 64M": _echotimed("echo", "udp", "event", limits={"table": "64M"}),
    "echotimed/udp busy_poll": _echotimed("echo", "udp", "event", pools={"event": BUSY}),
    "stamp": _echotimed("stamp", "udp", "event", sessions="open"),
    "stamp stateful": _echotimed("stamp", "udp", "event", sessions="open", mode="stateful"),
    "stamp authenticated": lambda: Echotimed("stamp", "udp", "event", sessions="open", key_file=stamp_key()),
    "stamp authenticated stateful": lambda: Echotimed("stamp", "udp", "event", sessions="open", mode="stateful",
                                                      key_file=stamp_key()),
    "tcp_epoll": _limit("tcp_epoll"),
    "tcp_epoll -b 262144": _limit("tcp_epoll", "-b", "262144"),
    "tcp_epoll -a": _limit("tcp_epoll", "-a"),
    "tcp_sess -m fork": _limit("tcp_sess", "-m", "fork"),
    "tcp_sess -m prefork -w 16": _limit("tcp_sess", "-m", "prefork", "-w", "16"),
    "udp_echo -m plain": _limit("udp_echo", "-m", "plain", udp=True),
    "udp_echo -m mmsg": _limit("udp_echo", "-m", "mmsg", udp=True),
    "udp_echo -m full": _limit("udp_echo", "-m", "full", udp=True),
    "libev": _limit("tcp_libev"),
    "xinetd": lambda: xinetd("echo"),
    "xinetd daytime": lambda: xinetd("daytime"),
    "inetutils-inetd": lambda: inetutils("echo"),
    "openbsd-inetd": lambda: openbsd("echo"),
    "openbsd-inetd daytime": lambda: openbsd("daytime"),
    "openbsd-inetd udp": lambda: openbsd("echo", udp=True),
    "nginx": nginx,
}
