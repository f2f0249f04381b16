#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The share of lines and branches that a build for gcov has run, by folder, then by file: make coverage.

A file that several objects are made of counts once: a line was run where it was in any of them.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys

GOAL_LINES, GOAL_BRANCHES = 90, 80  # per cent


def counts_of(source, build):
    """file -> (line -> times run, (line, i) -> times the branch was taken)"""
    data = sorted(str(p.relative_to(build)) for p in build.rglob("*.gcda") if p.stat().st_size > 0)
    files = collections.defaultdict(lambda: (collections.Counter(), collections.Counter()))
    for at in range(0, len(data), 50):
        said = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *data[at:at + 50]], cwd=build,
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for unit in map(json.loads, filter(None, said.stdout.splitlines())):
            for file in unit["files"]:
                name = os.path.relpath(os.path.realpath(build / file["file"]), source)
                if not name.startswith(("daemon/", "clients/")):
                    continue
                lines, branches = files[name]
                for line in file["lines"]:
                    lines[line["line_number"]] += line["count"]
                    for i, branch in enumerate(line["branches"]):
                        branches[line["line_number"], i] += branch["count"]
    return files


def share(counters):
    """Per cent of what was run, and of how many."""
    n = sum(map(len, counters))
    return 100 * sum(value > 0 for c in counters for value in c.values()) / n if n else 100, n


def row(name, counts):
    lines, lines_n = share([c[0] for c in counts])
    branches, branches_n = share([c[1] for c in counts])
    mark = "" if lines >= GOAL_LINES and branches >= GOAL_BRANCHES else "  *"
    return f"{lines:6.1f} % of {lines_n:5} lines {branches:6.1f} % of {branches_n:5} branches  {name}{mark}"


def main(source, build):
    files = counts_of(pathlib.Path(source).resolve(), pathlib.Path(build).resolve())
    folders = collections.defaultdict(list)
    for name, counts in sorted(files.items()):
        folders[os.path.dirname(name)].append(counts)
        folders[name.split("/")[0]].append(counts)
    for name, counts in sorted(files.items(), key=lambda item: share([item[1][0]])[0]):
        print(row(name, [counts]))
    print(f"\nunder {GOAL_LINES} % of lines or {GOAL_BRANCHES} % of branches: *")
    for name in sorted(folders):
        print(row(name + "/", folders[name]))


main(*sys.argv[1:])
