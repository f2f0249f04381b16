# SPDX-License-Identifier: MIT
"""What comes out of a row: a figure for each server, in each round, and the goals with how far they are reached."""

import dataclasses
import statistics


@dataclasses.dataclass
class Measured:
    """One server's figures, a round each, or why there are none. `notes`: what else is to be known, a line each."""

    what: str
    unit: str
    values: list
    why_not: str = ""
    notes: list = dataclasses.field(default_factory=list)

    @property
    def median(self):
        return statistics.median(self.values)


@dataclasses.dataclass
class Goal:
    """`ours` is to be at most `target` times `against`; without `against`, at most `target` in `unit`.

    Without a target it is only shown.
    """

    ours: str
    against: str
    target: float
    values: list
    unit: str = ""

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def verdict(self):
        if not self.values:
            return "not measured"
        if self.target is None:
            return ""
        return "met" if self.median <= self.target else "MISSED"


@dataclasses.dataclass
class Outcome:
    row: object
    measured: list
    goals: list


class NotMeasured(Exception):
    """What cannot be measured here; its text says why."""


def at_most(m, target):
    """The goal of a figure that is compared with nothing."""
    return Goal(m.what, "", target, m.values, m.unit)


def ratios(ours, against, target):
    """The goal of two figures: the ratios within each round."""
    return Goal(ours.what, against.what, target, [a / b for a, b in zip(ours.values, against.values) if b])
