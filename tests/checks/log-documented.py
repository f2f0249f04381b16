#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""echotimed(8) has every event and reason of the log, every way that a session ends, and every variable of the environment
that the sources ask for; and no other."""
import os
import pathlib
import re
import sys

TOP = pathlib.Path(os.environ["top_srcdir"])
MANUAL = (TOP / "daemon" / "echotimed.8").read_text()
SOURCES = {p: p.read_text() for p in (TOP / "daemon").rglob("*.[ch]")}
ALL = "\n".join(SOURCES.values())
WORD = r'"([a-z_]+)"'
# What is said with an event that a variable holds.
EVENTS = (rf'\blog_say\(\s*[^,"]+,\s*{WORD}', rf'\blog_begin\(\s*[^,"]+,\s*[^,"]+,\s*{WORD}', rf'\bfail\(\s*\w+,\s*{WORD}',
          rf'\blog_incident\(\w+, \w+, {WORD}')


def section(name, until=r"\n\.S[sh] "):
    return re.split(until, MANUAL.partition(name + "\n")[2], maxsplit=1)[0]


def items(text):
    return set(re.findall(r"^\.It Cm (\w+)", text, re.M))


def words_of_function(name):
    """The texts that a function of no argument but a few can return."""
    body = re.search(rf"\n[^\n;]*\b{name}\([^;{{]*\)\n{{(.*?)\n}}", ALL, re.S)
    return set(re.findall(WORD, body[1]))


def events():
    found = {word for pattern in EVENTS for word in re.findall(pattern, ALL)}
    return found | words_of_function("what_came")


def reasons():
    return set(re.findall(rf"\bX\([A-Z_]+, {WORD}\)", next(t for p, t in SOURCES.items() if p.name == "refusal.h")))


def ends():
    return words_of_function("session_end_name") - {"none"}


def variables():
    found = set(re.findall(r'getenv\("(\w+)"\)', ALL))
    found |= set(re.findall(r'#define \w+_VARIABLE "(\w+)"', ALL))
    return found | set(re.findall(r'"(LISTEN_\w+)"', ALL))


def main():
    said_ends = set(re.findall(r"^\.Cm (\w+)$", section(".Ss Reasons").partition("A session ends")[2], re.M))
    said_variables = {v for line in re.findall(r"^\.It Ev (.*)", section(".Sh ENVIRONMENT"), re.M)
                      for v in line.partition(" Ns ")[0].replace(",", " ").split()}
    pairs = {"events": (events(), items(section(".Ss Events"))), "reasons": (reasons(), items(section(".Ss Reasons"))),
             "ends of a session": (ends(), said_ends), "variables": (variables(), said_variables)}
    wrong = 0
    for what, (has, says) in pairs.items():
        print(f"{what}: {len(has)}")
        for word in sorted(has ^ says):
            print(f"{what}: {word}: in the {'sources' if word in has else 'manual'} only")
            wrong += 1
    return 1 if wrong else 0


sys.exit(main())
