#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every row of settings.def is in echotimed.conf(5), in the shipped file and in -T, with the same default; and none else.

The shipped file says defaults as comments: with their # taken away it must mean what it meant before.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ["top_srcdir"])
ECHOTIMED = os.environ["ECHOTIMED"]
CONF = TOP / "conf" / "echotimed.conf"
SECTIONS = {"Top level": "TOP", "Pools": "POOL", "Listeners": "LISTENER"}
ALL_SERVICES = """
pools = { f = { model = "fork"; }; p = { model = "prefork"; }; e = { model = "event"; }; };
listeners = (
	{ service = "echo"; address = "loopback"; transport = [ "tcp", "udp", "unix" ]; path = "/run/echo"; },
	{ service = "chargen"; address = "loopback"; }, { service = "daytime"; address = "loopback"; },
	{ service = "qotd"; address = "loopback"; file = "quotes"; }, { service = "tcpmux"; address = "loopback"; },
	{ service = "hostname"; address = "loopback"; }, { service = "info"; address = "loopback"; port = 7777; },
	{ service = "stamp"; address = "loopback"; allow = "127.0.0.1"; }
);
"""


def rows():
    """{(scope, key): default or None} as the compiler sees settings.def. Of two meanings of a key (mode) the first."""
    source = ("#define SETTING(scope, key, kind, field, standard, ...) ROW scope #key standard\n"
              '#include "settings/settings.def"\n')
    out = subprocess.run([*os.environ.get("CC", "cc").split(), "-E", "-P", "-x", "c", f"-I{TOP / 'daemon'}", "-"],
                         input=source, capture_output=True, text=True, check=True).stdout
    found = re.findall(r'ROW (\w+) "([\w.]+)" (NULL|"[^"]*")', out)
    return {("LISTENER" if scope == "EXTRA" else scope, key): None if default == "NULL" else default.strip('"')
            for scope, key, default in reversed(found)}


def plain(value):
    """A default as a file or the manual has it, as settings.def has it."""
    return value.replace(r"\(dq", '"').replace(r"\&", "").strip('"[] ')


def manual():
    """{(scope, key): default} of the manual's items."""
    scope, items = None, {}
    for line in (TOP / "conf" / "echotimed.conf.5").read_text().splitlines():
        if line.startswith(".Ss "):
            scope = SECTIONS[line[4:]]
        item = re.fullmatch(r"\.It Ic (\S+) No \\&\(.*?, (.*)\)", line)
        if item:
            items[scope, item.group(1)] = plain(item.group(2))
    return items


def dump(path):
    """What -T prints, without the origins."""
    out = subprocess.run([ECHOTIMED, "-T", "-c", path], capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit(f"{path}: {out.stderr}")
    return [re.sub(r"(;| =[^#]*) # \S.*$", r"\1", line) for line in out.stdout.splitlines()]


def inner_group(line, before):
    """The group of a listener that keys behind this line are in, as "impair.", or ""."""
    start = re.fullmatch(r"\t+(\w+) = {", line)
    return start.group(1) + "." if start else "" if re.fullmatch(r"\t+};?,?", line) else before


def dumped_keys(lines):
    """{(scope, key)} of a dump, by its groups."""
    keys, group, inner = set(), None, ""
    for line in lines:
        start = re.fullmatch(r"(\w+) = [{(]", line)
        group = start.group(1) if start else None if line in ("};", ");") else group
        inner = inner_group(line, inner) if group == "listeners" else ""
        key = re.match(r"\t*(?:# )?(\w+) (?:=|is|was)", line)
        if start or not key or line.endswith(("{", "(")):
            continue
        scope = {"pools": "POOL", "listeners": "LISTENER"}.get(group, "TOP")
        keys.add((scope, f"{group}.{key.group(1)}" if scope == "TOP" and group else inner + key.group(1)))
    return keys


def faults_of_the_manual(table):
    items = manual()
    faults = [f"echotimed.conf.5: no item for {key} ({scope})" for scope, key in sorted(table.keys() - items.keys())]
    faults += [f"echotimed.conf.5: {key} ({scope}) is no key" for scope, key in sorted(items.keys() - table.keys())]
    faults += [f"echotimed.conf.5: {key} ({scope}): default {items[scope, key]!r}, settings.def has {default!r}"
               for (scope, key), default in sorted(table.items())
               if default is not None and items.get((scope, key), default) != default]
    return faults


def shipped_keys(text):
    """{(scope, key): value} of the shipped file with its commented keys uncommented."""
    keys, group, inner = {}, None, ""
    for line in text.splitlines():
        start = re.fullmatch(r"(\w+) = [{(]", line)
        group = start.group(1) if start else None if line in ("};", ");") else group
        inner = inner_group(line, inner) if group == "defaults" else ""
        setting = re.fullmatch(r"\t*(\w+) = (.*?);", line)
        if setting:
            scope = {"pools": "POOL", "defaults": "LISTENER", "listeners": None}.get(group, "TOP")
            name = f"{group}.{setting.group(1)}" if scope == "TOP" and group else inner + setting.group(1)
            keys[scope, name] = plain(setting.group(2))
    return keys


def faults_of_the_shipped_file(table, work):
    text = CONF.read_text()
    uncommented = re.sub(r"(?m)^#(?! )", "", text)
    said = shipped_keys(uncommented)
    faults = []
    for (scope, key), default in sorted(table.items()):
        if default is None:
            if not re.search(rf"\b{re.escape(key)}\b", text):
                faults.append(f"echotimed.conf: does not speak of {key} ({scope})")
        elif (scope, key) not in said:
            faults.append(f"echotimed.conf: {key} ({scope}) is missing")
        elif said[scope, key] != default and (scope, key) != ("LISTENER", "address"):
            faults.append(f"echotimed.conf: {key} ({scope}): {said[scope, key]!r}, settings.def has {default!r}")
    path = work / "uncommented.conf"
    path.write_text(uncommented)
    if dump(CONF) != dump(path):
        faults.append("echotimed.conf: means something else with its comments taken away")
    return faults


def faults_of_the_dump(table, work):
    (work / "quotes").write_text("one\n")
    (work / "all.conf").write_text(ALL_SERVICES)
    keys = dumped_keys(dump(work / "all.conf"))
    return [f"-T: {key} ({scope}) is missing" for scope, key in sorted(table.keys() - keys)] + \
           [f"-T: {key} ({scope}) is no key" for scope, key in sorted(keys - table.keys())]


def main():
    table = rows()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        faults = faults_of_the_manual(table) + faults_of_the_shipped_file(table, work) + faults_of_the_dump(table, work)
    print("\n".join(faults) if faults else f"{len(table)} keys")
    return 1 if faults or len(table) < 60 else 0


sys.exit(main())
