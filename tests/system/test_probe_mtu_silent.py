# SPDX-License-Identifier: MIT
"""echoprobe mtu over paths where nobody tells: that takes seconds to be found out, so several are tried side by side."""

import harness
import netns
import probe
from mtu import WAIT_S, Routed


class Silent(Routed):
    def test_what_nobody_tells_is_found_by_search(self):
        """MTUs that are just below a size that is tried, so that few packets have to be waited for in vain."""
        running = []
        for forward, backward in ((1419, 1500), (1500, 1419), (1419, 1439), (1439, 1419)):
            path = self.path(forward, backward)
            path.silence()
            running.append((self.find(path), forward, backward))
        for (v4, v6), forward, backward in running:
            holes = [name for name, mtu in (("forward", forward), ("backward", backward)) if mtu < 1500]
            self.assert_found([v4], forward, backward, blackhole=holes, router=None)
            if forward == 1500:
                self.assert_found([v6], forward, backward, blackhole=holes, router=None)
            else:
                self.assert_within(v6, forward, backward)

    def assert_within(self, process, forward, backward):
        """Of IPv6 nothing from the forward MTU to the interface's leaves in fragments, so that it may be known in part only."""
        done = probe.wait(process, WAIT_S)
        found = done.document["mtu"]
        self.assertEqual((done.code, found["forward_bytes"], found["router"]), (0, forward, None))
        self.assertGreaterEqual(backward, found["backward_bytes"])
        self.assertGreaterEqual(found["backward_bytes"], min(backward - 7, forward, backward))
        self.assertLessEqual(backward, found["backward_at_most_bytes"] or 1500)

    def test_echo_alone_does_not_guess_the_direction(self):
        path = self.path(1500, 1419)
        path.silence()
        for process in self.find(path, "--ack", "none"):
            done = probe.wait(process, WAIT_S)
            found = done.document["mtu"]
            self.assertEqual((done.code, found["forward_bytes"], found["backward_bytes"]), (1, None, None))
            self.assertIn("packets over 1419 vanish on the way there or on the way back", " ".join(done.document["notes"]))

    def test_fragments_that_do_not_arrive_there_limit_what_is_known_of_the_way_back(self):
        path = self.path(1400, 1500)
        path.refuse_fragments()
        for process in self.find(path):
            done = probe.wait(process, WAIT_S)
            found = done.document["mtu"]
            self.assertEqual((done.code, found["forward_bytes"], found["backward_bytes"]), (0, 1400, 1400))
            self.assertEqual((found["backward_at_most_bytes"], found["blackhole"]), (None, []))
            self.assertIn("1400 is what the way back takes at least", " ".join(done.document["notes"]))

    def test_fragments_that_do_not_arrive_here_are_a_black_hole(self):
        path = self.path(1500, 1419)
        with netns.fragments_refused():
            self.find_backward_hole(path)

    def find_backward_hole(self, path):
        self.assert_found(self.find(path), 1500, 1419, blackhole=["backward"], backward_by="search")


if __name__ == "__main__":
    harness.main(namespace=True)
