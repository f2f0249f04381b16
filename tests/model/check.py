#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has Spin look at every state of the models, and says of each claim whether it held.

A claim that cannot fail proves nothing: each one also has a way in which its model is broken (BREAK_...), and must fail then.
A model that is fine prints the states that were explored. `check.py MODEL...` takes those models alone; exit status 77: no Spin.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MEMORY_MB = 3000
SECONDS = 110  # of one search

# A model's name: its variants (words of -D), and for each the claims, with the defects by which they fail.
MODELS = {
    "table": {
        "": {
            "no_cap_is_exceeded": ["BREAK_RECOUNT_OVERLOOKS_WHO_COUNTS", "BREAK_RECOUNT_WITHOUT_VERSION"],
            "no_session_slot_is_lost": ["BREAK_COUNT_IS_NOT_WRITTEN_DOWN", "BREAK_DOUBT_IS_FORGOTTEN",
                                        "BREAK_OWNER_GIVEN_UP_FIRST"],
            "what_is_in_doubt_is_repaired": ["BREAK_LOST_SLOT_COUNTS_FOR_EVER"],
        },
        "MOVES": {
            "no_cap_is_exceeded": ["BREAK_RECOUNT_WITHOUT_VERSION"],
            "no_session_slot_is_lost": ["BREAK_PLACES_OF_ANOTHER_MOMENT", "BREAK_ROW_CHANGES_BEFORE_ITS_COUNT"],
            "what_is_in_doubt_is_repaired": ["BREAK_LOST_SLOT_COUNTS_FOR_EVER"],
        },
    },
    "fleet": {
        "RELOADS=0 UPGRADES=0 DEATHS=2": {
            "a_datagram_socket_has_a_reader": ["BREAK_A_DEAD_READER_KEEPS_ITS_SOCKET"],
            "somebody_accepts_connections": ["BREAK_THE_DEAD_ARE_NOT_REPLACED"],
        },
        "RELOADS=1 UPGRADES=0 DEATHS=0": {
            "a_datagram_socket_never_has_two_readers": ["BREAK_NEW_ONES_GO_BEFORE_THE_OLD_CONFIRM"],
            "who_is_refused_leaves_the_old_serving": ["BREAK_DRAIN_BEFORE_THE_PLACES_ARE_TAKEN"],
        },
        "RELOADS=0 UPGRADES=1 DEATHS=0": {
            "no_worker_is_forgotten": ["BREAK_STRAYS_LIVE_ON"],
            "who_is_refused_leaves_the_old_serving": ["BREAK_DRAIN_BEFORE_THE_PLACES_ARE_TAKEN"],
        },
        "RELOADS=1 UPGRADES=1 DEATHS=0 GENERATIONS=3 WORKERS=1": {
            "no_worker_is_forgotten": ["BREAK_STRAYS_LIVE_ON"],
        },
    },
}


class Fault(Exception):
    pass


def run(folder, *command):
    r = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
    return r.stdout


def search(model, defines):
    """All states of a model: (their number, the claim that does not hold or None)."""
    with tempfile.TemporaryDirectory() as folder:
        words = [f"-D{word}" for word in defines.split()]
        said = run(folder, "spin", "-a", *words, str(HERE / f"{model}.pml"))
        if not (pathlib.Path(folder) / "pan.c").exists() or "Error" in said:
            raise Fault(f"{model} {defines}: spin: {said}")
        said = run(folder, "gcc", "-O0" if model == "fleet" else "-O1", "-w",  # a compiler's time is the larger one
                    "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}", "-DSAFETY", "-o", "pan", "pan.c")
        if said:
            raise Fault(f"{model} {defines}: gcc: {said}")
        said = run(folder, "./pan", "-n", "-m4000000", "-w23")
    states = re.search(r"(\d+) states, stored", said)
    broken = re.search(r"assertion violated (\w+)", said)
    other = re.search(r"pan:\d+: (?!assertion violated \w+ )(.*)", said)
    if not states or other or "Search not completed" in said and not broken:
        raise Fault(f"{model} {defines}: {said}")
    return int(states[1]), broken[1] if broken else None


def jobs_of(model):
    """(variant, defect or "", the claims that are to hold, or the one that is to fail)."""
    for variant, claims in MODELS[model].items():
        yield variant, "", list(claims)
        for claim, defects in claims.items():
            for defect in defects:
                yield variant, defect, [claim]


def judge(model, job):
    """The line to print, and whether it is as it should be."""
    variant, defect, claims = job
    name = f"{model} {variant}".strip()
    try:
        states, failed = search(model, f"{variant} {defect}")
    except subprocess.TimeoutExpired as e:
        return [f"{name:54} {'':44} NOT DONE in {e.timeout:.0f} s ({defect})"], False, 0
    if not defect:
        lines = [f"{name:54} {c:44} {'held' if failed != c else 'DOES NOT HOLD'} in {states} states" for c in claims]
        if failed not in [None, *claims]:
            lines.append(f"{name:54} {failed:44} DOES NOT HOLD")
        return lines, failed is None, states
    seen = failed == claims[0]
    return [f"{name:54} {claims[0]:44} {'fails' if seen else f'STANDS ({failed} fails)'} with {defect}"], seen, 0


def main():
    if not shutil.which("spin") or not shutil.which("gcc"):
        print("spin or gcc is missing: no model is checked (Debian: spin)")
        return 77
    models = sys.argv[1:] or list(MODELS)
    jobs = [(m, job) for m in models for job in jobs_of(m)]
    fine, total, claims = True, 0, 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for (_, job), (lines, good, states) in zip(jobs, pool.map(lambda j: judge(*j), jobs)):
            print("\n".join(lines), flush=True)
            fine, total, claims = fine and good, total + states, claims + (0 if job[1] else len(job[2]))
    print(f"{claims} claims in {total} states, {sum(1 for _, job in jobs if job[1])} defects of which each was seen"
          if fine else "FAILED")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
