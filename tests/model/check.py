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
}


class Fault(Exception):
    pass


def run(folder, *command):
    r = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
    return r.stdout


def is_liveness(model, claim):
    """A claim about what happens at last is a formula of linear time; the others are asserted."""
    return bool(re.search(rf"^ltl {claim}\b", (HERE / f"{model}.pml").read_text(), re.M))


def search(model, defines, claim=None):
    """All states of a model: (their number, the claim that does not hold or None). claim: one that is to hold at last."""
    with tempfile.TemporaryDirectory() as folder:
        words = [f"-D{word}" for word in defines.split()]
        said = run(folder, "spin", "-a", *words, str(HERE / f"{model}.pml"))
        if not (pathlib.Path(folder) / "pan.c").exists() or "Error" in said:
            raise Fault(f"{model} {defines}: spin: {said}")
        kind = ["-DNFAIR=3"] if claim else ["-DSAFETY", "-DNOCLAIM"]
        said = run(folder, "gcc", "-O1", "-w", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}", *kind, "-o", "pan", "pan.c")
        if said:
            raise Fault(f"{model} {defines}: gcc: {said}")
        options = ["-a", "-f", "-N", claim] if claim else []
        said = run(folder, "./pan", "-n", "-m4000000", "-w23", *options)
    states = re.search(r"(\d+) states, stored", said)
    broken = re.search(r"assertion violated (\w+)", said)
    cycle = "acceptance cycle" in said
    other = re.search(r"pan:\d+: (?!assertion violated \w+ |acceptance cycle)(.*)", said)
    if not states or other or "Search not completed" in said and not (broken or cycle):
        raise Fault(f"{model} {defines}: {said}")
    return int(states[1]), claim if cycle else broken[1] if broken else None


def jobs_of(model):
    """(variant, defect or "", claims asserted that are to hold, or the one that is to fail, claim for -N or None)."""
    for variant, claims in MODELS[model].items():
        safe = [c for c in claims if not is_liveness(model, c)]
        if safe:
            yield variant, "", safe, None
        for claim, defects in claims.items():
            at_last = claim if is_liveness(model, claim) else None
            if at_last:
                yield variant, "", [claim], at_last
            for defect in defects:
                yield variant, defect, [claim], at_last


def judge(model, job):
    """The line to print, and whether it is as it should be."""
    variant, defect, claims, at_last = job
    name = f"{model} {variant}".strip()
    try:
        states, failed = search(model, f"{variant} {defect}", at_last)
    except subprocess.TimeoutExpired as e:
        return [f"{name:16} {'':44} NOT DONE in {e.timeout:.0f} s ({defect})"], False, 0
    if not defect:
        lines = [f"{name:16} {c:44} {'held' if failed != c else 'DOES NOT HOLD'} in {states} states" for c in claims]
        if failed not in [None, *claims]:
            lines.append(f"{name:16} {failed:44} DOES NOT HOLD")
        return lines, failed is None, states
    seen = failed == claims[0]
    return [f"{name:16} {claims[0]:44} {'fails' if seen else f'STANDS ({failed} fails)'} with {defect}"], seen, 0


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
