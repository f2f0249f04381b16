# SPDX-License-Identifier: MIT
"""Names of listeners over a long life: those that are gone give room to others."""

import socket

import clients
import control
import harness

ECHO = {"service": "echo", "transport": "tcp"}
TOO_MANY = r"too many names of listeners: at most 256 at once"


def many(first, n=100):
    return [{**ECHO, "name": f"n{i}"} for i in range(first, first + n)]


@harness.every_model
class Names(control.Case):
    def serve_alone(self, d, name):
        """It serves, and nothing of that session and of the generations before is left."""
        s = d.connect(name)
        self.assertTrue(clients.serves(s))
        s.close()
        self.wait_until(lambda: not [x for x in self.done("status") if x["kind"] == "draining" or x.get("sessions")],
                        "all that is over is gone")

    def test_more_than_there_are_rows_come_and_go_and_each_begins_with_nothing(self):
        d = self.serve(*many(0))
        for i in range(100):
            self.done("drain", listener=f"n{i}")
        for first in range(100, 500, 100):
            d.reload(self.config_of(*many(first)))
            d.wait_log(rf"listening n{first} ")
            self.serve_alone(d, f"n{first}")
        listeners = [x for x in self.done("status") if x["kind"] == "listener"]
        self.assertEqual(len(listeners), 100)
        self.assertFalse([x for x in listeners if x["drained"] or x["sessions"]])
        counted = {x["listener"]: x["sessions"] for x in self.done("stats") if x["kind"] == "listener"}
        self.assertEqual(len(counted), 256)
        self.assertEqual([counted[f"n{i}/tcp"] for i in range(400, 500)], [1] + [0] * 99)

    def test_names_of_refused_reloads_take_no_room(self):
        d = self.serve(*many(0), daemon={"allow": [r"^error "]})
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            for first in range(100, 500, 100):
                mark = d.mark()
                d.reload(self.config_of(*many(first), {**ECHO, "name": "bad", "port": taken.getsockname()[1]}))
                d.wait_log(r"in use.*generation 1 goes on serving", since=mark[0])
        d.reload(self.config_of(*many(500)))
        self.serve_alone(d, "n599")

    def test_what_drains_keeps_its_row(self):
        d = self.serve(*many(0), daemon={"allow": [r"^error "]})
        stays = d.connect("n0")
        self.assertTrue(clients.serves(stays))
        d.reload(self.config_of(*many(100)))
        d.wait_log(r"listening n100 ")
        d.reload(self.config_of(*many(200)))
        d.wait_log(TOO_MANY)
        self.assertTrue(clients.serves(stays))
        self.assertEqual([x["listener"] for x in self.done("sessions") if x["kind"] == "session"], ["n0/tcp"])
        stays.close()
        self.serve_alone(d, "n100")
        d.reload(self.config_of(*many(200)))
        self.serve_alone(d, "n200")


if __name__ == "__main__":
    harness.main()
