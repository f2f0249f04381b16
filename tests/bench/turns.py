# SPDX-License-Identifier: MIT
"""Rows that ask servers in turn, round by round, so that whatever else the machine does hits all of them."""

import dataclasses

import measure
import outcome
import servers

COUNTED = (("errors", "errors"), ("lost", "lost"), ("late", "late"), ("disorder", "out of order"))


def start(names):
    """{name: server} of those that run, {name: reason} of the others."""
    running, absent = {}, {}
    for name in names:
        try:
            running[name] = servers.SERVERS[name]()
        except outcome.NotMeasured as e:
            absent[name] = str(e)
    return running, absent


def stop(running):
    """{name: lines about requests that were refused}."""
    return {name: server.stop() for name, server in running.items()}


def _median(results, key):
    return sorted(r[key] for r in results)[len(results) // 2]


def _notes(results, refused, timed):
    said = [f"{_median(results, 'rate'):,.0f}/s"]
    if timed:
        said += [f"{word} {_median(results, key):,.0f} µs" for key, word in (("p50_us", "p50"), ("p99_us", "p99"))]
    said += [f"{total} {word}" for key, word in COUNTED if (total := sum(r[key] for r in results))]
    return [", ".join(said), *refused]


@dataclasses.dataclass
class Turns:
    """`ours` are compared with each of `against`: {server: the most that the ratio shall be, or None: only shown}."""

    name: str
    title: str
    load: str
    ours: tuple
    against: dict
    each: str = "message"
    figure: str = "cpu_us"
    times: int = 1  # as long as other rows: the time of children that are gone comes in ticks
    alone: bool = False

    @property
    def unit(self):
        return f"µs of CPU a {self.each}" if self.figure == "cpu_us" else "µs"

    def _turn(self, name, server, results, options):
        results[name].append(measure.run(server, self.load.split(), options.ms * self.times, options.ms // 4))

    def _rounds(self, running, absent, options):
        """What the load counted; a server that fails half-way is absent from then on."""
        results = {name: [] for name in running}
        for _ in range(options.rounds):
            for name, server in running.items():
                if name in absent:
                    continue
                try:
                    self._turn(name, server, results, options)
                except outcome.NotMeasured as e:
                    absent[name] = str(e)
        return results

    def _together(self, names, options):
        running, absent = start(names)
        try:
            results = self._rounds(running, absent, options)
        finally:
            refused = stop(running)
        return results, absent, refused

    def _alone(self, names, options):
        """A server that never sleeps would take the core from the others: each runs for its turn only."""
        results, absent, refused = {name: [] for name in names}, {}, {}
        for _ in range(options.rounds):
            for name in names:
                running, missing = start([name])
                absent.update(missing)
                try:
                    for server in running.values():
                        self._turn(name, server, results, options)
                finally:
                    refused.update(stop(running))
        return results, absent, refused

    def run(self, options):
        names = (*self.ours, *self.against)
        results, absent, refused = (self._alone if self.alone else self._together)(names, options)
        # Of many in flight on one connection the load knows only when a batch came.
        measured, timed = {}, "--depth" not in self.load
        for name in names:
            if name in absent:
                measured[name] = outcome.Measured(name, self.unit, [], absent[name])
            else:
                values = [r[self.figure] for r in results[name]]
                measured[name] = outcome.Measured(name, self.unit, values, "", _notes(results[name], refused[name], timed))
        goals = [outcome.ratios(measured[ours], measured[against], target) for ours in self.ours
                 for against, target in self.against.items()]
        return outcome.Outcome(self, list(measured.values()), goals)
