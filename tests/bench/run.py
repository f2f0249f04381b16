# SPDX-License-Identifier: MIT
"""A whole run: the rows that are wanted, one after the other, and where the results go."""

import fnmatch
import json
import os
import sys

import curves
import machine
import place
import report
import rows
import servers


def chosen(names):
    """The rows of these names or patterns."""
    found = [row for row in rows.ROWS if not names or any(fnmatch.fnmatch(row.name, name) for name in names)]
    unknown = [name for name in names if not any(fnmatch.fnmatch(row.name, name) for row in found)]
    if unknown:
        sys.exit(f"bench: no row {' '.join(unknown)}; --list names them")
    return found


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
    ours = [(o.row.name, m) for o in outcomes for m in o.measured
            if m.what.startswith("echotimed") and "no such setting" not in m.why_not]
    return [f"{name}: {m.what}: {m.why_not or m.notes}" for name, m in ours
            if not m.values or any("refused" in note or "errors" in note for note in m.notes)]


def run(options):
    wanted = chosen(options.rows)
    facts, how = describe(options)
    outcomes = []
    for row in wanted:
        outcomes.append(row.run(options))
        report.show(outcomes[-1], judged=not options.smoke)
    if options.smoke:
        sys.exit("\n".join(faults(outcomes)) or 0)
    report.show_goals(outcomes)
    write(options, facts, how, outcomes)


def show_names():
    print("\n".join(f"{row.name:16} {row.title}" for row in rows.ROWS))
