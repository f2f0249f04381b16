# SPDX-License-Identifier: MIT
"""Outcomes as text, CSV and Markdown."""

import csv

MARKS = ("<!-- results: written by make bench -->", "<!-- end of results -->")


def figure(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 20 else f"{value:.2f}"


def spread(values):
    return f" ({figure(min(values))}..{figure(max(values))})" if len(values) > 1 else ""


def _measured(m):
    if not m.values:
        return [f"  {m.what:30} not measured: {m.why_not}"]
    first, *rest = m.notes or [""]
    return [f"  {m.what:30} {figure(m.median):>8}{spread(m.values)}  {first}".rstrip(), *(f"      {note}" for note in rest)]


def _goal(g):
    of = f"  {g.ours} : {g.against}" if g.against else f"  {g.ours}"
    if not g.values:
        return f"{of:60} not measured"
    at_most = f"at most {g.target:g} {g.unit}".rstrip() + f": {g.verdict}" if g.target is not None else ""
    return f"{of:60} {figure(g.median)}{spread(g.values)}  {at_most}".rstrip()


def show(o, judged):
    unit = o.measured[0].unit
    print(f"{o.row.name}: {o.row.title}; {unit}")
    for m in o.measured:
        print("\n".join(_measured(m)))
    for g in o.goals if judged else ():
        print(_goal(g))
    print(flush=True)


def show_goals(outcomes):
    """The table at the end: target by target."""
    goals = [(o.row.name, g) for o in outcomes for g in o.goals if g.target is not None]
    for name, g in goals:
        value = figure(g.median) if g.values else "-"
        print(f"{name:16} {g.ours + (' : ' + g.against if g.against else ''):58} {value:>8}  at most {g.target:g}"
              f" {g.unit:12} {g.verdict}")
    met = sum(g.verdict == "met" for _, g in goals)
    if goals:
        print(f"{met} of {len(goals)} met, {sum(not g.values for _, g in goals)} not measured")


def write_csv(path, outcomes):
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["row", "what", "against", "unit", "median", "min", "max", "rounds", "at_most", "verdict"])
        for o in outcomes:
            for m in o.measured:
                values = [f"{v:.6g}" for v in ([m.median, min(m.values), max(m.values)] if m.values else ())] or ["", "", ""]
                out.writerow([o.row.name, m.what, "", m.unit, *values, len(m.values), "",
                              f"not measured: {m.why_not}" if m.why_not else ""])
            for g in o.goals:
                values = [f"{v:.6g}" for v in ([g.median, min(g.values), max(g.values)] if g.values else ())] or ["", "", ""]
                out.writerow([o.row.name, g.ours, g.against, g.unit or "ratio", *values, len(g.values),
                              "" if g.target is None else g.target, g.verdict])


def _table(head, lines):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
                      *("| " + " | ".join(line) + " |" for line in lines)])


def _goals_table(outcomes):
    lines = []
    for o in outcomes:
        for g in o.goals:
            value = figure(g.median) + spread(g.values) if g.values else ""
            verdict = f"**{g.verdict}**" if g.verdict == "MISSED" else g.verdict
            lines.append([o.row.name, g.ours, g.against, f"{value} {g.unit}".strip(),
                          "" if g.target is None else f"{g.target:g} {g.unit}".strip(), verdict])
    return _table(["row", "ours", "against", "ratio or figure", "at most", ""], lines)


def _row_tables(o):
    lines = []
    for m in o.measured:
        value = figure(m.median) + spread(m.values) if m.values else f"not measured: {m.why_not}"
        lines.append([m.what, value, "; ".join(m.notes)])
    return f"### {o.row.name}: {o.row.title}\n\n" + _table(["", o.measured[0].unit, ""], lines)


def write_markdown(path, facts, how, outcomes, curves):
    """The part of the file between MARKS, anew. `curves`: {row: file}."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    begin, end = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    parts = [_table(["", ""], [list(fact) for fact in facts]), how, "## Target by target", _goals_table(outcomes),
             "## Row by row"]
    for o in outcomes:
        parts.append(_row_tables(o))
        if o.row.name in curves:
            parts.append(f"![{o.row.title}]({curves[o.row.name]})")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text[:begin] + "\n\n" + "\n\n".join(parts) + "\n\n" + text[end:])
