#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs fuzz targets in turn and reports executions and lines reached: make fuzz.

A target's file says in its first comment which modules it is for: "Covers: FILE...". The corpus that libFuzzer collects stays in
BUILD/corpus, so that the next run begins where this one ended; what breaks a claim stays in BUILD/found. `--line FILE` prints
an input as a line for tests/fuzz/seeds.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}
EXTRA = {  # options of libFuzzer beyond those of all
    "fuzz_settings": ["-max_len=2000"],
}


def read_seeds(path):
    for line in path.read_bytes().splitlines():
        if line and not line.startswith(b"#"):
            yield re.sub(rb"\\(?:x([0-9a-f]{2})|(.))",
                         lambda m: bytes([int(m[1], 16)]) if m[1] else ESCAPES[m[2]], line)


def line_of(octets):
    names = {value[0]: b"\\" + name for name, value in ESCAPES.items()}
    line = b"".join(names.get(c) or (bytes([c]) if 32 <= c < 127 else b"\\x%02x" % c) for c in octets)
    return (b"\\x23" + line[1:] if line.startswith(b"#") else line).decode()


def modules_of(source):
    comment = source.read_text().split("*/")[1]
    words = comment.partition("Covers:")[2].split("*\n *\n")[0]
    return re.findall(r"\S+\.c\b", words.partition("\n *\n")[0])


def run(options, target):
    name = pathlib.Path(target).name
    build = options.build.absolute()
    corpus, seeds, found = (build / folder / name for folder in ("corpus", "seeds", "found"))
    for folder in (corpus, seeds, found):
        folder.mkdir(parents=True, exist_ok=True)
    for i, octets in enumerate(read_seeds(options.source / "tests/fuzz/seeds" / name)):
        (seeds / str(i)).write_bytes(octets)
    profile = build / f"{name}.profraw"
    environment = dict(os.environ, LLVM_PROFILE_FILE=str(profile))
    done = subprocess.run(
        [build / target, f"-max_total_time={options.time}", "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=1024",
         f"-dict={options.source}/tests/fuzz/dictionary", f"-artifact_prefix={found}/", *EXTRA.get(name, []), corpus, seeds],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    (build / f"{name}.log").write_text(done.stderr)
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", done.stderr))
    return done.returncode, int(stats.get("number_of_executed_units", 0)), profile


def lines_of(options, target, profile):
    """(reached, all) of each module."""
    data = profile.with_suffix(".profdata")
    source = (options.source / target).with_suffix(".c")
    subprocess.run(["llvm-profdata", "merge", "-o", data, profile], check=True)
    modules = modules_of(source)
    said = subprocess.run(["llvm-cov", "export", "-summary-only", f"-instr-profile={data}", options.build / target],
                          check=True, capture_output=True, text=True)
    rows = {os.path.relpath(os.path.realpath(row["filename"]), options.source.resolve()): row["summary"]["lines"]
            for row in json.loads(said.stdout)["data"][0]["files"]}
    for module in modules:  # one that is not there is a wrong word in the comment
        yield module, rows[module]["covered"], rows[module]["count"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--time", type=int, default=10)
    parser.add_argument("--line", type=pathlib.Path)
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    if options.line:
        print(line_of(options.line.read_bytes()))
        return 0
    failed, total = [], 0
    for target in options.targets:
        name = pathlib.Path(target).name
        code, runs, profile = run(options, target)
        total += runs
        if code:
            failed.append(name)
            print(f"FAIL: {name}: {options.build}/{name}.log, {options.build}/found/{name}", flush=True)
            continue
        rows = list(lines_of(options, target, profile))
        reached, lines = sum(row[1] for row in rows), sum(row[2] for row in rows)
        print(f"{name:20}{runs:12} runs {reached:6} of {lines:5} lines ({100 * reached / max(lines, 1):.0f} %)", flush=True)
        for module, some, count in rows:
            if some < 0.8 * count:
                print(f"    {100 * some / max(count, 1):3.0f} % of {count:4}  {module}", flush=True)
    print(f"{'all':20}{total:12} runs")
    return 1 if failed else 0


sys.exit(main())
