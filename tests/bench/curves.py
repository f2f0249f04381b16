# SPDX-License-Identifier: MIT
"""How the cost of a request grows with what asks: a row of points, and its curve by gnuplot."""

import dataclasses
import shutil
import subprocess

import measure
import outcome
import turns

SOURCES_A_S = 150_000  # a run is long enough for every source to ask

PLOT = """set terminal svg noenhanced size 720,400 font "sans-serif,13" background "white"
set output "{svg}"
set title "{title}"
set xlabel "{of}"
set ylabel "{unit}"
set logscale x
set format x "%.0f"
set yrange [0:*]
set key outside below horizontal
set rmargin 4
set grid
plot {lines}
"""


@dataclasses.dataclass
class Curve:
    name: str
    title: str
    of: str
    load: str
    points: tuple
    unit: str
    servers: tuple

    def _ask(self, server, n, options):
        ms = max(options.ms, n * 1000 // SOURCES_A_S)
        return measure.run(server, self.load.format(n=n).split(), ms, options.ms // 4)["cpu_us"]

    def run(self, options):
        points = self.points[:2] if options.smoke else self.points[:-1] if options.quick else self.points
        rounds = max(1, options.rounds // 3)
        running, absent = turns.start(self.servers)
        values = {(name, n): [] for name in running for n in points}
        try:
            # Once before: what is only paid at the first sight of so many is no part of the curve.
            for server in running.values():
                self._ask(server, points[-1], options)
            for n in points:
                for _ in range(rounds):
                    for name, server in running.items():
                        values[name, n].append(self._ask(server, n, options))
        finally:
            turns.stop(running)
        measured = [outcome.Measured(f"{name}, {n:,}", self.unit, found) for (name, n), found in values.items()]
        measured += [outcome.Measured(name, self.unit, [], why) for name, why in absent.items()]
        return outcome.Outcome(self, measured, [])


def draw(result, svg):
    """Returns whether there is a curve."""
    curve, of_server = result.row, {}
    for m in result.measured:
        if m.values:
            name, _, n = m.what.rpartition(", ")
            of_server.setdefault(name, []).append((int(m.what[len(name) + 2:].replace(",", "")) if n else 0, m.median))
    if not shutil.which("gnuplot") or not of_server:
        return False
    lines = ", ".join(f"'-' with linespoints linewidth 2 title '{name}'" for name in of_server)
    data = "".join("".join(f"{n} {us}\n" for n, us in points) + "e\n" for points in of_server.values())
    script = PLOT.format(svg=svg, title=curve.title, of=curve.of, unit=curve.unit, lines=lines) + data
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    return True
