# SPDX-License-Identifier: MIT
"""One row: its servers side by side, asked in turn, round by round."""

import dataclasses
import statistics

import measure
import rows
import servers


@dataclasses.dataclass
class Outcome:
    """What one server gave: a result for each round, or why there is none."""

    server: str
    results: list
    why_not: str = ""
    refused: list = dataclasses.field(default_factory=list)

    def median(self, key):
        return statistics.median(r[key] for r in self.results)

    def total(self, key):
        return sum(r[key] for r in self.results)


@dataclasses.dataclass
class Ratio:
    ours: str
    against: str
    target: float
    values: list

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def verdict(self):
        if self.target is None:
            return ""
        if not self.values:
            return "not measured"
        return "met" if self.median <= self.target else "MISSED"


@dataclasses.dataclass
class RowOutcome:
    row: rows.Row
    outcomes: list
    ratios: list


def _start(names):
    running, absent = {}, {}
    for name in names:
        try:
            running[name] = rows.SERVERS[name]()
        except servers.NotMeasured as e:
            absent[name] = str(e)
    return running, absent


def _ratios(row, results):
    for ours in row.ours:
        for against, target in row.against.items():
            pairs = zip(results.get(ours, ()), results.get(against, ()))
            yield Ratio(ours, against, target, [a["cpu_us"] / b["cpu_us"] for a, b in pairs])


def row(row, options):
    """Alternates the servers of a row; returns what each gave and the ratios within the rounds."""
    names = (*row.ours, *row.against)
    running, absent = _start(names)
    results = {name: [] for name in running}
    try:
        for _ in range(options.rounds):
            for name, server in running.items():
                results[name].append(measure.run(server, row.load.split(), options.ms, options.ms // 4))
    finally:
        refused = {name: server.stop() for name, server in running.items()}
    outcomes = [Outcome(n, results.get(n, []), absent.get(n, ""), refused.get(n, [])) for n in names]
    return RowOutcome(row, outcomes, list(_ratios(row, results)))
