#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures echotimed beside minimal servers and packaged peers, on this machine, in one run: `make bench`.

    make bench BENCH='--quick --rows echo-64,session-event'

No test: nothing here fails for being slow. Servers take turns, round by round; the figure is the CPU time of all processes
of a server for each request, a ratio is the median of the ratios within each round.
"""

import argparse
import sys

import place

import compare
import peers
import report
import rows


def arguments():
    a = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    a.add_argument("--rows", default="", help="names with commas between them; all unless said")
    a.add_argument("--rounds", type=int, help="9 unless said")
    a.add_argument("--ms", type=int, help="of one run of the load; 500 unless said")
    a.add_argument("--quick", action="store_true", help="3 rounds of 250 ms")
    a.add_argument("--list", action="store_true", help="the names of the rows")
    options = a.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 9)
    options.ms = options.ms or (250 if options.quick else 500)
    return options


def chosen(names, table):
    unknown = [n for n in names if n not in [row.name for row in table]]
    if unknown:
        sys.exit(f"bench: no row {' '.join(unknown)}; there are: {' '.join(row.name for row in table)}")
    return [row for row in table if not names or row.name in names]


def main():
    options = arguments()
    if options.list:
        print("\n".join(f"{row.name:16} {row.title}" for row in rows.ROWS))
        return
    wanted = chosen([n for n in options.rows.split(",") if n], rows.ROWS)
    if not place.inside():
        peers.fetch()
    place.enter()
    for row in wanted:
        report.show(compare.row(row, options))


main()
