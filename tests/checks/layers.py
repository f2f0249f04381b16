#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the order of the folders: an #include points to the left only, base <- service <- ... <- main.

Within a folder no modules include each other in a circle. Also: headers are included by their folder and taken once, a source
file includes its own first; each file stands in its folder's Makefile.inc; only the last three of the chain log; only base/clock.c reads clocks. A client, clients/NAME/, uses
base/, wire/ and itself.
"""
import os
import pathlib
import re
import sys

CHAIN = ["base", "wire", "service", "session", "admission", "settings", "import", "net", "shared", "worker", "stream", "datagram",
         "process", "generation", "control", "upgrade", "supervisor", "inetd", "main"]
LOGS = {"worker", "stream", "datagram", "process", "generation", "control", "upgrade", "supervisor", "inetd", "main"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
COMMENT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
LOG_CALL = re.compile(r"\blog_(?:say|begin|open|set)\s*\(")
# Folders whose modules still include each other in a circle; none is added.
CIRCLES = set()
CLOCK_CALL = re.compile(r"\b((?:clock_gettime|gettimeofday|adjtimex|ntp_adjtime)\s*\(|time\s*\((?:NULL|0|&))")


def without_comments(text):
    return COMMENT.sub(lambda m: '""' if m.group().startswith('"') else " ", text)


def includes_of(text):
    """The includes in their order: (quoted, name)."""
    return [(kind == '"', name) for kind, name in INCLUDE.findall(text)]


def check_client(clients, path):
    name = path.relative_to(clients.parent).as_posix()
    text = path.read_text()
    faults = [f'{name}: "{target}" is neither base\'s, wire\'s nor {path.parent.name}\'s' for quoted, target in includes_of(text)
              if quoted and target.split("/")[0] not in ("base", "wire", path.parent.name)]
    return faults + check_form(clients, path, name, text)


def check_form(root, path, name, text):
    """What holds for every source file: licence, headers taken once, its own header included, its Makefile.inc."""
    faults = []
    if not text.startswith("/* SPDX-License-Identifier: MIT */\n"):
        faults.append(f"{name}: line 1 is not the licence")
    if path.suffix == ".h" and not re.search(r"^#pragma once$", text, re.M):
        faults.append(f"{name}: has no #pragma once")
    if path.suffix == ".c" and path.name != "main.c":
        faults += check_source(root, path, name, text)
    if f"%D%/{path.name}" not in (path.parent / "Makefile.inc").read_text().split():
        faults.append(f"{name}: is not in its folder's Makefile.inc")
    return faults


def check_includes(daemon, name, folder, text):
    faults = []
    for quoted, target in includes_of(text):
        target_folder = target.split("/")[0]
        if not quoted:
            if (daemon / target).exists():
                faults.append(f"{name}: <{target}> is ours: include it with quotation marks")
        elif not (daemon / target).exists() or "/" not in target:
            faults.append(f'{name}: "{target}" is no file below daemon/ (include by folder)')
        elif CHAIN.index(target_folder) > CHAIN.index(folder):
            faults.append(f'{name}: "{target}" points from {folder} to the right, to {target_folder}')
    return faults


def check_source(daemon, path, name, text):
    """A .c file includes the header of its name first, where there is one: so that one stands alone; another module's private header it does not."""
    own = path.relative_to(daemon).with_suffix(".h").as_posix()
    first = [target for _, target in includes_of(text)][:1]
    ours = [target for quoted, target in includes_of(text) if quoted]
    faults = [f'{name}: "{target}" belongs to another module' for target in ours
              if target.endswith("_private.h") and not own.startswith(target.removesuffix("_private.h"))]
    if (daemon / own).exists() and own not in first:
        faults.append(f'{name}: does not include its own "{own}" first')
    return faults


def module_of(name, text=""):
    """FILE.c, FILE.h and FILE_private.h are one module. A table (service.c, which includes services.def) may include those that
    it lists, which include its header: its source is a module apart from that."""
    stem = name.rsplit(".", 1)[0]
    is_table = name.endswith(".c") and f"{stem}s.def" in [target for _, target in includes_of(text)]
    return name if is_table else stem.removesuffix("_private")


def graph_of(texts):
    """What each module includes of its own folder. texts: by name, "folder/file.c"."""
    graph = {}
    for name, text in texts.items():
        module = module_of(name, text)
        near = {module_of(target) for quoted, target in includes_of(text)
                if quoted and target in texts and target.split("/")[0] == name.split("/")[0]}
        graph.setdefault(module, set()).update(near - {module})
    return graph


def circle_through(graph, start):
    """The shortest way from a module back to itself; [] if there is none."""
    ways = [[start]]
    seen = set()
    for way in ways:
        for near in sorted(graph[way[-1]]):
            if near == start:
                return way + [start]
            if near not in seen:
                seen.add(near)
                ways.append(way + [near])
    return []


def check_circles(texts):
    """Modules of a folder do not include each other in a circle."""
    graph = graph_of(texts)
    circles = {}
    for module in sorted(graph):
        circle = circle_through(graph, module)
        circles.setdefault(frozenset(circle), circle)
    circles.pop(frozenset(), None)
    found = {circle[0].split("/")[0] for circle in circles.values()}
    faults = [f"a circle of modules: {' -> '.join(circle)}" for circle in circles.values()
              if circle[0].split("/")[0] not in CIRCLES]
    return faults + [f"{folder}: is in CIRCLES, but has none" for folder in sorted(CIRCLES - found)]


def check_file(daemon, path):
    name = path.relative_to(daemon).as_posix()
    folder = "main" if name == "main.c" else path.parent.name
    text = path.read_text()
    code = without_comments(text)
    faults = check_includes(daemon, name, folder, text) + check_form(daemon, path, name, text)
    if folder not in LOGS and name not in ("base/log.c", "base/log.h") and LOG_CALL.search(code):
        faults.append(f"{name}: logs; only {', '.join(sorted(LOGS))} do")
    call = CLOCK_CALL.search(code)
    if call and name != "base/clock.c":
        faults.append(f"{name}: {call.group(1)}: only base/clock.c reads clocks")
    return faults


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("top_srcdir", "."))
    daemon = top / "daemon"
    files = sorted(p for p in daemon.rglob("*") if p.suffix in (".c", ".h"))
    faults = [fault for path in files for fault in check_file(daemon, path)]
    faults += check_circles({path.relative_to(daemon).as_posix(): path.read_text() for path in files})
    for folder in {p.parent.name for p in files} - set(CHAIN) - {"daemon"}:
        faults.append(f"daemon/{folder}: not in the chain {' <- '.join(CHAIN)}")
    clients = sorted(p for p in (top / "clients").rglob("*") if p.suffix in (".c", ".h"))
    faults += [fault for path in clients for fault in check_client(top / "clients", path)]
    print("\n".join(faults) if faults else f"{len(files) + len(clients)} files keep the chain {' <- '.join(CHAIN)}")
    return 1 if faults or not files else 0


sys.exit(main())
