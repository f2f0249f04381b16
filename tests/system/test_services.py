# SPDX-License-Identifier: MIT
"""discard, chargen, daytime, time and qotd as a client meets them (RFC 863, 864, 865, 867, 868)."""

import ctypes
import datetime
import re
import socket
import struct
import time
import zoneinfo

import clients
import harness

RING = bytes(range(0x20, 0x7F))
DAY = "(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
MONTH = "(January|February|March|April|May|June|July|August|September|October|November|December)"
DAY3, MONTH3 = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
CLOCK = r"\d\d:\d\d:\d\d"
FORMATS = {
    "rfc867": rf"{DAY}, {MONTH} \d\d?, \d{{4}} {CLOCK}-UTC\r\n",
    "ctime": rf"{DAY3} {MONTH3} [ \d]\d {CLOCK} \d{{4}}\r\n",
    "smtp": rf"\d\d {MONTH3.upper()} \d\d {CLOCK} UTC\r\n",
    "smtp4": rf"\d\d {MONTH3.upper()} \d{{4}} {CLOCK} UTC\r\n",
    "iso": rf"\d{{4}}-\d\d-\d\dT{CLOCK}(\.\d+)?Z\r\n",
    "nist": rf"\n\d{{5}} \d\d-\d\d-\d\d {CLOCK} \d\d \d \d [ \d.]{{5}} \S+ \* \n",
    "%Y/%m/%d %H-%M %Z": r"\d{4}/\d\d/\d\d \d\d-\d\d UTC\r\n",
}
SPEAK_AND_CLOSE = ("daytime", "time", "qotd")
# One client here has as many sessions at once as this busy machine makes of them.
MANY, MANY_IN_ALL = {"transport": "tcp", "max_sessions_per_source": 1000}, {"sessions_per_source": 1000}


def unix_time_1900():
    return int(time.time()) + 2208988800


def clock_is_synchronised():
    """What the kernel says: adjtimex() in read-only mode, not TIME_ERROR and not STA_UNSYNC."""
    timex = ctypes.create_string_buffer(208)
    state = ctypes.CDLL(None).adjtimex(timex)
    return state != 5 and not struct.unpack_from("@i", timex, 40)[0] & 0x40


@harness.every_model
class Discard(harness.Case):
    def test_takes_everything_and_says_nothing(self):
        d = self.serve({"service": "discard", "transport": "tcp"})
        s = d.connect("discard")
        s.sendall(clients.pattern(4 * 1024 * 1024))
        s.shutdown(socket.SHUT_WR)
        self.assertEqual(clients.recv_all(s), b"")
        d.wait_log(r"session listener=discard .* in=4194304 out=0 end=eof")


@harness.every_model
class Chargen(harness.Case):
    def serve_chargen(self, **more):
        return self.serve({"service": "chargen", "transport": "tcp", **more})

    def test_each_line_is_the_one_before_it_turned_by_one(self):
        s = self.serve_chargen().connect("chargen")
        text = clients.recv_exactly(s, 74 * 200)
        turn = RING.index(text[:1])
        for i in range(200):
            line = bytes(RING[(turn + i + column) % 95] for column in range(72))
            self.assertEqual(text[74 * i:74 * (i + 1)], line + b"\r\n", f"line {i + 1}")

    def test_does_not_care_what_the_client_says(self):
        s = self.serve_chargen().connect("chargen")
        s.sendall(b"be quiet" * 10000)
        self.assertEqual(len(clients.recv_exactly(s, 100000)), 100000)

    def test_ends_the_careful_and_the_rude_way(self):
        d = self.serve_chargen()
        careful, rude = d.connect("chargen"), d.connect("chargen")
        clients.recv_exactly(careful, 1000)
        clients.recv_exactly(rude, 1000)
        clients.reset(rude)
        careful.close()
        d.wait_log(r"session listener=chargen", count=2)
        self.assertEqual(len(clients.recv_exactly(d.connect("chargen"), 1000)), 1000)

    def test_sends_no_faster_than_its_rate(self):
        s = self.serve_chargen(rate="20k/s").connect("chargen")
        begin = time.monotonic()
        self.assertEqual(len(clients.recv_exactly(s, 30 * 1024)), 30 * 1024)
        # 1.5 s of text, of which a little may come as a burst at the start.
        self.assertGreater(time.monotonic() - begin, 1)


class ChargenDatagram(harness.Case):
    def test_is_one_answer_of_0_to_512_characters(self):
        s = self.serve({"service": "chargen", "transport": "udp"}).connect("chargen", "udp")
        sizes = [len(clients.ask(s, b"x" * 600)) for _ in range(50)]
        self.assertLessEqual(max(sizes), 512)
        self.assertGreater(len(set(sizes)), 1, "not random")
        self.assertTrue(clients.has_nothing(s))


@harness.every_model
class Daytime(harness.Case):
    def test_says_each_format(self):
        listeners = [{"service": "daytime", "transport": ["tcp", "udp"], "name": f"day{i}", "format": name}
                     for i, name in enumerate(FORMATS)]
        d = self.serve(*listeners)
        for i, (name, pattern) in enumerate(FORMATS.items()):
            with self.subTest(name):
                for answer in (clients.recv_all(d.connect(f"day{i}")), clients.ask(d.connect(f"day{i}", "udp"), b"")):
                    self.assertRegex(answer.decode("ascii"), re.compile(rf"\A{pattern}\Z"))

    def test_says_the_right_time(self):
        s = self.serve({"service": "daytime", "transport": "tcp", "format": "iso"}).connect("daytime")
        said = datetime.datetime.fromisoformat(clients.recv_all(s).decode().strip().replace("Z", "+00:00"))
        self.assertLess(abs(said.timestamp() - time.time()), 30)

    def test_every_zone_of_the_host_may_have_a_listener_at_once(self):
        zones = sorted(z for z in zoneinfo.available_timezones() if "/" in z)[:120]
        if len(zones) < 120:
            self.skipTest("this host has no tz database")
        listeners = [{"service": "daytime", "transport": "tcp", "name": f"zone{i}", "port": 20000 + i, "timezone": zone}
                     for i, zone in enumerate(zones)]
        done = self.run_once("-t", config=self.config(*listeners))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_says_it_in_the_zone_of_its_listener(self):
        zones = {"Europe/Rome": r"(CET|CEST)", "America/New_York": r"(EST|EDT)", "Asia/Tokyo": "JST", "UTC": "UTC"}
        listeners = [{"service": "daytime", "transport": "tcp", "name": f"zone{i}", "timezone": zone, "format": "%H:%M %Z"}
                     for i, zone in enumerate(zones)]
        d = self.serve(*listeners)
        for i, (zone, name) in enumerate(zones.items()):
            self.assertRegex(clients.recv_all(d.connect(f"zone{i}")).decode(), rf"^\d\d:\d\d {name}\r\n$", zone)

    def test_is_the_same_in_any_locale_and_zone_of_the_daemon(self):
        d = self.serve({"service": "daytime", "transport": "tcp"},
                       daemon={"env": {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo"}})
        self.assertRegex(clients.recv_all(d.connect("daytime")).decode(), FORMATS["rfc867"])


@harness.every_model
class Time(harness.Case):
    def test_is_four_octets_of_seconds_since_1900(self):
        d = self.serve({"service": "time"})
        for answer in (clients.recv_all(d.connect("time")), clients.ask(d.connect("time", "udp"), b""),
                       clients.ask(d.connect("time", "udp"), b"any request will do")):
            self.assertEqual(len(answer), 4)
            late = (unix_time_1900() - struct.unpack(">I", answer)[0]) % 2**32
            self.assertLessEqual(late, 30)

    def test_with_require_sync_is_silent_exactly_while_the_clock_is_not_synchronised(self):
        d = self.serve({"service": "time", "require_sync": True}, {"service": "echo", "transport": "udp"})
        # "either refuse the connection or close it without sending anything" (RFC 868): a reset will do.
        if clock_is_synchronised():
            self.assertEqual(len(clients.recv_all(d.connect("time"))), 4)
        else:
            self.assertTrue(clients.is_refused(lambda: d.connect("time")))
        s = d.socket(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        s.sendto(b"", d.address("time", "udp"))
        if clock_is_synchronised():
            self.assertEqual(len(s.recv(100)), 4)
        else:
            # Two turns: the time socket may be another worker's than echo's.
            for _ in range(2):
                s.sendto(b"marker", d.address("echo", "udp"))
                self.assertEqual(s.recv(100), b"marker")


@harness.every_model
class SpeakAndClose(harness.Case):
    """Services that answer before the client says anything, whatever it says."""

    def serve_all(self):
        quotes = self.folder.write("quotes", "To be, or not to be.\n%\nLine one\nline two\n%\nLast\n")
        more = {"qotd": {"file": quotes}}
        return self.serve(*({**MANY, "service": s, **more.get(s, {})} for s in SPEAK_AND_CLOSE), limits=MANY_IN_ALL)

    def test_the_answer_survives_what_the_client_sent_before_reading(self):
        d = self.serve_all()
        for service in SPEAK_AND_CLOSE:
            with self.subTest(service):
                s = d.connect(service)
                s.sendall(b"x" * 100000)
                answer = clients.recv_all(s)
                self.assertGreaterEqual(len(answer), 4)
                if service != "time":
                    self.assertTrue(answer.endswith(b"\r\n"), answer)

    def test_the_answer_survives_a_client_that_goes_on_sending(self):
        s = self.serve_all().connect("daytime")
        sender = clients.Sender(s, b"x" * 1024 * 1024)
        self.assertRegex(clients.recv_all(s), rb"-UTC\r\n$")
        sender.join(harness.TIMEOUT_S)

    def test_the_answer_comes_without_a_question_and_after_a_half_close(self):
        d = self.serve_all()
        for service in SPEAK_AND_CLOSE:
            s = d.connect(service)
            s.shutdown(socket.SHUT_WR)
            self.assertGreaterEqual(len(clients.recv_all(s)), 4, service)

    def test_a_client_that_never_closes_does_not_keep_others_waiting(self):
        """More of one source's than may be sessions at once: each has had its answer before the next one comes."""
        d = self.serve_all()
        for _ in range(40):
            self.assertRegex(clients.recv_all(d.connect("daytime")), rb"-UTC\r\n$")

    def test_many_answers_in_a_row_are_all_whole(self):
        d = self.serve_all()
        for _ in range(1000 if harness.LONG else 200):
            s = d.connect("time")
            self.assertEqual(len(clients.recv_all(s)), 4)
            s.close()


@harness.every_model
class Qotd(harness.Case):
    def test_says_one_of_its_quotes(self):
        quotes = self.folder.write("quotes", "Alpha.\n%\nBeta one\nBeta two\n%\nGamma.\n")
        d = self.serve({"service": "qotd", "transport": ["tcp", "udp"], "file": quotes, "amplification": 20.0,
                        "max_sessions_per_source": 1000}, limits=MANY_IN_ALL)
        known = {b"Alpha.\r\n", b"Beta one\r\nBeta two\r\n", b"Gamma.\r\n"}
        said = {clients.recv_all(d.connect("qotd")) for _ in range(60)}
        self.assertEqual(said, known)
        self.assertIn(clients.ask(d.connect("qotd", "udp"), b"?"), known)

    def test_a_quote_of_512_bytes_is_refused_with_its_line(self):
        quotes = self.folder.write("quotes", "Short\n%\n" + "x" * 510 + "\n")
        done = self.run_once("-t", config=self.config({"service": "qotd", "file": quotes}))
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stdout + done.stderr, rf"{re.escape(quotes)}.*3")


if __name__ == "__main__":
    harness.main()
