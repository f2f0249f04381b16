#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make check-faults: runs the tests of the catalogue and prints it row by row: held, or not provoked here and why.

What failed runs once more, alone: a figure may be that of a busy machine. The logs are in faults/ of the build.
"""

import concurrent.futures
import os
import re
import subprocess
import sys
import textwrap

import catalogue

AT_ONCE = 3
LIMIT_S = 1800
BEGINS = re.compile(r"^(\w+\.test_\w+) \.\.\. ", re.M)
UNIT = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\w+)$", re.M)
LOGS = os.path.join(os.environ.get("top_builddir", "."), "faults")


def outcome(text):
    """(status, its figures or the reason) of what one test has printed."""
    figures = " ".join(re.findall(r"^\((.*)\)", text.partition("\n")[0]))
    skipped = re.search(r"skipped ['\"](.*)['\"]\s*$", text.partition("\n")[0])
    if skipped:
        return "skipped", skipped[1]
    return ("ok", figures) if re.search(r"\bok \d+\.\d s$", text.partition("\n\n")[0], re.M) else ("failed", figures)


def run(path, wanted):
    """{name: outcome} of the tests wanted of a file."""
    name = os.path.splitext(os.path.basename(path))[0]
    unit = path.endswith(".c")
    command = [os.path.join(os.environ.get("top_builddir", "."), "tests/unit", name)] if unit else \
        [sys.executable, "-B", path, *sorted(wanted)]
    with open(os.path.join(LOGS, name + ".log"), "w+", encoding="utf-8", errors="replace") as log:
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, timeout=LIMIT_S,
                                    check=False).returncode
        except (OSError, subprocess.TimeoutExpired) as e:
            return {n: ("failed", str(e)) for n in wanted}
        log.seek(0)
        text = log.read()
    if unit:
        found = {n: ({"OK": "ok", "FAILED": "failed", "SKIPPED": "skipped"}[s], "") for s, n in UNIT.findall(text)}
    else:
        parts = BEGINS.split(text)
        found = {n: outcome(said) for n, said in zip(parts[1::2], parts[2::2])}
    why = text.strip().rpartition("\n")[2]
    return {n: found.get(n, ("skipped" if status == 77 else "failed", why)) for n in wanted}


def run_all():
    files = {}
    for row in catalogue.ROWS:
        for reference in row[3]:
            path, _ = catalogue.source(reference)
            files.setdefault(path, set()).update(catalogue.names(reference))
    figures = [path for path in files if os.path.dirname(path) == os.path.dirname(os.path.abspath(__file__))]
    results = {}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = {path: pool.submit(run, path, wanted) for path, wanted in files.items() if path not in figures}
        for path, future in running.items():
            results[path] = future.result()
    for path in figures:  # alone
        results[path] = run(path, files[path])
    for path, found in results.items():
        again = {name for name, (status, _) in found.items() if status == "failed"}
        if again and not path.endswith(".c"):
            found.update(run(path, again))
    return results


def judge(row, results):
    """("held", …), ("not provoked", why) or ("FAILED", which), and the figures measured."""
    found = {}
    for reference in row[3]:
        path, _ = catalogue.source(reference)
        found.update({n: results[path][n] for n in catalogue.names(reference)})
    failed = [n for n, (status, _) in found.items() if status == "failed"]
    held = [n for n, (status, _) in found.items() if status == "ok"]
    reasons = sorted({why for status, why in found.values() if status == "skipped"})
    figures = [f"{n.partition('.')[0]}: {said}" for n, (status, said) in found.items() if status == "ok" and said]
    if failed:
        return "FAILED", ", ".join(failed), figures
    if not held:
        return "not provoked on this machine", "; ".join(reasons), figures
    left = len(found) - len(held)
    return "held", f"{len(held)} tests" + (f"; {left} not on this machine: {'; '.join(reasons)}" if left else ""), figures


def main():
    os.makedirs(LOGS, exist_ok=True)
    results = run_all()
    counts = {}
    for row in catalogue.ROWS:
        verdict, why, figures = judge(row, results)
        counts[verdict] = counts.get(verdict, 0) + 1
        print(f"{row[0]}: {row[1]}\n    {row[2]}\n    {verdict}: {why}")
        for line in figures:
            print(textwrap.fill(line, 122, initial_indent="        ", subsequent_indent="            "))
    others = "".join(f", {n} {v}" for v, n in counts.items() if v != "held")
    print(f"\n{counts.get('held', 0)} of {len(catalogue.ROWS)} held{others}")
    sys.exit("FAILED" in counts)


if __name__ == "__main__":
    main()
