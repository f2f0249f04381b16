#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the sizes of files, functions, lines and lists of parameters, and reports them.

A function longer than FUNCTION_MAX is a fault unless it stands in LONG with its reason; one of more than PARAMETERS_MAX
parameters unless it stands in MANY.
"""
import os
import pathlib
import re
import statistics
import sys

FILE_MAX = 400
FUNCTION_MAX = 60
COLUMN_MAX = 125
PARAMETERS_MAX = 4  # the arguments of a format are none
LONG = {}  # "folder/file.c:function": "why it is one piece"
# "folder/file.c:function": those that have more; none is added, but for what a library calls, and who mends one takes it out.
MANY = {
    "admission/rate_limits.c:rate_limits_answers",
    "admission/shares.c:shares_take",
    "clients/echoprobe/exporter.c:asked",
    "clients/echoprobe/exporter.c:exporter_open",
    "clients/echoprobe/exporter.c:write_page",
    "clients/echoprobe/flow.c:flow_bind",
    "clients/echoprobe/flow.c:flow_open",
    "clients/echoprobe/flow.c:flow_prepare",
    "clients/echoprobe/flow.c:make_socket",
    "clients/echoprobe/main.c:read_words",
    "clients/echoprobe/options.c:options_read",
    "clients/echoprobe/report_metrics.c:write_both",
    "clients/echoprobe/report_tables.c:write_client",
    "clients/echoprobe/report_tables.c:write_marks",
    "generation/generation.c:generation_new",
    "process/metrics.c:asked",
    "process/metrics.c:request_came",
    "process/metrics.c:send_page",
    "session/session.c:session_begin",
    "settings/load_file.c:load_file_find",
    "upgrade/handover_text.c:handover_text_write",
}

NAME = re.compile(r"(\w+)\s*\(")
ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)|\b(?:printf_like|cleanup_with)\s*\([^()]*\)")


def functions_of(lines):
    """(name, lines, parameters) of each function: from its first line to the brace that ends it, both in column 0."""
    start = None
    for at, line in enumerate(lines):
        if line == "{":
            first = at - 1
            while first > 0 and lines[first - 1] and not lines[first - 1].endswith(("*/", ";", "}")) \
                    and not lines[first - 1].startswith("#"):
                first -= 1
            start = first
        elif line == "}" and start is not None:
            head = ATTRIBUTE.sub("", " ".join(lines[start:at]))
            name = NAME.search(head)
            yield (name.group(1) if name else "?"), at - start + 1, parameters_of(head[name.start():]) if name else 0
            start = None


def parameters_of(head):
    """How many parameters the head of a function has, "..." not counted."""
    depth, n = 0, 1
    for c in head[head.index("("):]:
        depth += (c == "(") - (c == ")")
        n += c == "," and depth == 1
        if depth == 0:
            break
    return n - ("..." in head)


def wide(lines):
    return [at for at, line in enumerate(lines, 1) if len(line.expandtabs(8)) > COLUMN_MAX]


def comment_lines(text):
    return sum(m.group().count("\n") + 1 for m in re.finditer(r"/\*.*?\*/", text, re.S))


def check(top):
    faults, functions, files, comments, many = [], [], [], 0, set()
    sources = [p for folder in ("daemon", "clients") for p in (top / folder).rglob("*") if p.suffix in (".c", ".h", ".def")]
    for path in sorted(sources):
        name, text = path.relative_to(top).as_posix().removeprefix("daemon/"), path.read_text()
        lines = text.splitlines()
        files.append((len(lines), name))
        comments += comment_lines(text)
        if len(lines) > FILE_MAX:
            faults.append(f"{name}: {len(lines)} lines (at most {FILE_MAX})")
        faults += [f"{name}:{at}: wider than {COLUMN_MAX} columns" for at in wide(lines)]
        if path.suffix == ".c":
            found = list(functions_of(lines))
            functions += [(size, f"{name}:{function}") for function, size, _ in found]
            many |= {f"{name}:{function}" for function, _, n in found if n > PARAMETERS_MAX}
    long = {function for size, function in functions if size > FUNCTION_MAX}
    faults += [f"{size_name}: longer than {FUNCTION_MAX} lines" for size_name in sorted(long - LONG.keys())]
    faults += [f"{function}: is in LONG, but is not longer than {FUNCTION_MAX}" for function in sorted(LONG.keys() - long)]
    faults += [f"{function}: more than {PARAMETERS_MAX} parameters" for function in sorted(many - MANY)]
    return faults, functions, files, comments


def report(functions, files, comments):
    total = sum(size for size, _ in files)
    for size, name in sorted(files, reverse=True):
        print(f"{size:5} {name}")
    print(f"{total:5} lines in {len(files)} files, {100 * comments // total} % with comments")
    if functions:
        sizes = sorted(size for size, _ in functions)
        print(f"{len(sizes)} functions: median {statistics.median(sizes):g} lines, 99th percentile "
              f"{sizes[min(len(sizes) - 1, len(sizes) * 99 // 100)]}, longest {max(functions)[0]} ({max(functions)[1]})")


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("top_srcdir", "."))
    faults, functions, files, comments = check(top)
    report(functions, files, comments)
    print("\n".join(faults))
    return 1 if faults or not files else 0


sys.exit(main())
