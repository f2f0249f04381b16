#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures echotimed beside minimal servers and packaged peers, on this machine, in one run: `make bench`.

    make bench BENCH='--quick --rows echo-64,session-event'

No test: nothing here fails for being slow. Servers take turns, round by round; the figure is the CPU time of all processes
of a server for each request, a ratio is the median of the ratios within each round.
"""

import argparse

import peers
import place


def arguments():
    a = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    a.add_argument("--rows", default="", help="names or patterns, udp-*, with commas between them; all unless said")
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


def main():
    options = arguments()
    if not options.list:
        if not place.inside():
            peers.fetch()
        place.enter()
    # Not before: it may copy programs to where others can start them, and enter() begins anew without a word.
    import run
    if options.list:
        run.show_names()
    else:
        run.run(options)


main()
