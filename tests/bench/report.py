# SPDX-License-Identifier: MIT
"""Results as text and CSV."""


def _figure(us):
    return f"{us:.2f}" if us < 100 else f"{us:.0f}"


def _outcome(o):
    if not o.results:
        return f"  {o.server:28} not measured: {o.why_not}"
    cpu = [r["cpu_us"] for r in o.results]
    bad = "".join(f", {o.total(key)} {word}" for key, word in (("errors", "errors"), ("lost", "lost"), ("late", "late"),
                                                               ("disorder", "out of order")) if o.total(key))
    return (f"  {o.server:28} {_figure(o.median('cpu_us')):>8} µs ({_figure(min(cpu))}..{_figure(max(cpu))}), "
            f"{o.median('rate'):,.0f}/s, p50 {o.median('p50_us'):.0f} p99 {o.median('p99_us'):.0f} µs{bad}")


def _ratio(r):
    of = f"  {r.ours} : {r.against}"
    if not r.values:
        return f"{of:58} not measured"
    goal = f"at most {r.target:.2f}: {r.verdict}" if r.target is not None else ""
    return f"{of:58} {r.median:.2f} ({min(r.values):.2f}..{max(r.values):.2f})  {goal}"


def show(outcome):
    print(f"{outcome.row.name}: {outcome.row.title}; server CPU for each of its {outcome.row.requests_are}")
    for o in outcome.outcomes:
        print("\n      ".join([_outcome(o), *o.refused]))
    for r in outcome.ratios:
        print(_ratio(r))
    print(flush=True)
