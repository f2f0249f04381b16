#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures echotimed beside minimal servers and packaged peers, on this machine, in one run: `make bench`.

    make bench BENCH='--quick --rows echo-64,session-event'

No test: nothing here fails for being slow. Servers take turns, round by round; the figure is the CPU time of all processes
of a server for each request, a ratio is the median of the ratios within each round.
"""

import argparse
import json
import os
import sys

import place

import curves
import machine
import peers
import report
import rows
import servers


def arguments():
    a = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    a.add_argument("--rows", default="", help="names with commas between them; all unless said")
    a.add_argument("--rounds", type=int, help="9 unless said")
    a.add_argument("--ms", type=int, help="of one run of the load; 500 unless said")
    a.add_argument("--quick", action="store_true", help="3 rounds of 250 ms")
    a.add_argument("--smoke", action="store_true", help="1 round of 20 ms: whether the bench itself works")
    a.add_argument("--write", action="store_true", help="put tables, curves and results.csv into tests/bench of the sources")
    a.add_argument("--list", action="store_true", help="the names of the rows")
    options = a.parse_args()
    options.rounds = options.rounds or (1 if options.smoke else 3 if options.quick else 9)
    options.ms = options.ms or (20 if options.smoke else 250 if options.quick else 500)
    options.rows = [name for name in options.rows.split(",") if name]
    return options


def chosen(names):
    unknown = set(names) - {row.name for row in rows.ROWS}
    if unknown:
        sys.exit(f"bench: no row {' '.join(unknown)}; --list names them")
    return [row for row in rows.ROWS if not names or row.name in names]


def describe(options):
    facts = machine.facts()
    for what, value in facts:
        print(f"{what}: {value}")
    how = (f"{options.rounds} rounds of {options.ms} ms a server. Limits of echotimed in every row: `limits` "
           f"{json.dumps(servers.LIMITS)}; listener {json.dumps(servers.LISTENER)}; pools {json.dumps(servers.POOLS)}.")
    print(how, "\n", flush=True)
    return facts, how


def write(options, facts, how, outcomes):
    """CSV and curves into the folder of the build; with --write into the sources, and RESULTS.md."""
    folder = place.HERE if options.write else place.WORK
    report.write_csv(os.path.join(folder, "results.csv"), outcomes)
    drawn = {}
    os.makedirs(os.path.join(folder, "curves"), exist_ok=True)
    for o in outcomes:
        file = f"curves/{o.row.name}.svg"
        if isinstance(o.row, curves.Curve) and curves.draw(o, os.path.join(folder, file)):
            drawn[o.row.name] = file
    if options.write:
        report.write_markdown(os.path.join(folder, "RESULTS.md"), facts, how, outcomes, drawn)
    print(f"written: {folder}/results.csv", *(f"{folder}/{file}" for file in drawn.values()))


def faults(outcomes):
    """For --smoke: what of echotimed gave no figure, and what it refused."""
    ours = [(o.row.name, m) for o in outcomes for m in o.measured if m.what.startswith("echotimed") and "has no" not in m.why_not]
    return [f"{name}: {m.what}: {m.why_not or m.notes}" for name, m in ours
            if not m.values or any("refused" in note or "errors" in note for note in m.notes)]


def main():
    options = arguments()
    if options.list:
        print("\n".join(f"{row.name:16} {row.title}" for row in rows.ROWS))
        return
    wanted = chosen(options.rows)
    if not place.inside():
        peers.fetch()
    place.enter()
    facts, how = describe(options)
    outcomes = []
    for row in wanted:
        outcomes.append(row.run(options))
        report.show(outcomes[-1], judged=not options.smoke)
    if options.smoke:
        sys.exit("\n".join(faults(outcomes)) or 0)
    report.show_goals(outcomes)
    write(options, facts, how, outcomes)


main()
