"""What a reader sees of a figure: verdicts first, then pictures, numbers, notes, and where all comes from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from sparse_mlp.errors import command
from sparse_mlp.experiments.reproduction.claims import ALL, Claim
from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.intervals import Interval
from sparse_mlp.experiments.reproduction.provenance import dataset_words, origin
from sparse_mlp.experiments.reproduction.quantities import Quantities, Quantity
from sparse_mlp.experiments.reproduction.verdicts import NO_DATA, WORDS, Verdict

MAX_METHODS = 3  # with a column each; of more methods each has a row
MAX_QUANTITIES = 4  # side by side in a table
STATISTICS = (
    "A claim holds where the 95 % interval of the mean (difference, ratio) lies in the claimed region, fails where it "
    "lies outside, else it is not decided. Intervals by Student's t: paired over seeds where both methods have the "
    "same ones (same first links, weights, order of samples), else Welch's. Each comparison stands for itself: in one "
    "of twenty the interval misses the truth by chance. Spreads are standard deviations over n networks."
)
PARTIAL = "instead of the official"  # as `datasets.official` says it
SMOKE = "**Preset smoke: tiny networks, a few epochs. It shows that all runs; its verdicts say nothing of the paper.**"


def report(
    figure: Figure, runs: Runs, results: Results, verdicts: Sequence[Verdict], failed: Mapping[str, str] | None = None
) -> str:
    """Return the report of a figure as Markdown; `failed` says of runs why they failed."""
    title = figure.title[0].upper() + figure.title[1:]
    parts = [
        f"# {title}",
        f"[{figure.paper}], `{command('reproduce', figure.name, '--preset', runs.preset)}`",
        SMOKE if runs.preset == "smoke" and figure.recipes else "",
        _what_is_missing(figure, runs, failed or {}),
        _verdicts(verdicts),
        *(f"![{name}]({name}.png)" for name in results.displays),
        _evidence(verdicts, results.quantities),
        _numbers(results.quantities),
        _bullets("Notes", (*results.notes, *figure.notes, *((STATISTICS,) if verdicts else ()))),
        _bullets("Where it comes from", origin(runs)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def tally(verdicts: Sequence[Verdict]) -> str:
    """Return how many claims hold, fail, are not decided, have no data."""
    words = Counter(verdict.word for verdict in verdicts)
    return ", ".join(f"{words[word]} {word}" for word in WORDS if words[word]) or "no claims"


def _what_is_missing(figure: Figure, runs: Runs, failed: Mapping[str, str]) -> str:
    lines = []
    absent = [name for name in figure.datasets if name not in runs.datasets]
    if absent:
        lines.append(f"- Data sets of the paper without runs here: {', '.join(absent)}.")
    left = [run.dataset for run in runs.missing if run.run_id not in failed]
    if left:
        counts = ", ".join(f"{name} ({count})" for name, count in Counter(left).items())
        lines.append(f"- {len(left)} of {len(runs.planned)} runs are not finished: {counts}.")
    lines += [f"- Failed: {run_id}: {why}" for run_id, why in failed.items()]
    for name in runs.datasets:
        words = dataset_words(runs, name)
        if "SYNTHETIC" in words:
            lines.append(f"- **{name}: SYNTHETIC data, which say nothing about the real set.**")
        elif PARTIAL in words:
            lines.append(f"- **A part of {name} only: {words}.**")
    return "\n".join(lines)


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "The paper makes no claim here that could be judged by numbers."
    everywhere = [finding for verdict in verdicts for finding in verdict.findings]
    sets = list(dict.fromkeys(finding.dataset for finding in everywhere if finding.verdict != NO_DATA))
    rows = []
    for number, verdict in enumerate(verdicts, 1):
        words = {finding.dataset: finding.verdict for finding in verdict.findings}
        cells = ["–" if words.get(name) in (None, NO_DATA) else words[name] for name in sets]
        rows.append([str(number), verdict.claim.text, verdict.claim.source, _word(verdict), *cells])
    head = ["", "claim", "where", "verdict", *sets]
    return f"## Verdicts: {tally(verdicts)}\n\n{_table(head, rows)}"


def _word(verdict: Verdict) -> str:
    """Return the verdict, and on how many of the claim's data sets it rests where that is not all of them."""
    here, of = len(verdict.findings) - len(verdict.missing), len(verdict.findings)
    return f"**{verdict.word}**" if here in (0, of) else f"**{verdict.word}**, {here} of {of} sets"


def _evidence(verdicts: Sequence[Verdict], quantities: Quantities) -> str:
    rows = [
        [str(number), finding.dataset, *_estimate(finding.interval, verdict.claim),
         " + ".join(map(str, finding.interval.n)) + _together(verdict.claim, quantities, finding.dataset),
         finding.interval.method, finding.verdict]
        for number, verdict in enumerate(verdicts, 1) for finding in verdict.findings if finding.interval is not None
    ]  # fmt: skip
    head = ["", "data set", "estimate", "95 % interval", "claimed", "n", "by", "verdict"]
    return f"## What the verdicts rest on\n\n{_table(head, rows)}" if rows else ""


def _estimate(interval: Interval, claim: Claim) -> list[str]:
    signed = claim.baseline is not None and not claim.ratio
    unit = f" {claim.unit}" if claim.unit else ""
    low, high = (format_value(value, claim.unit) for value in interval[1:3])
    ends = f"{low} to {high}" if interval.known else "none: too few"
    return [format_value(interval.estimate, claim.unit, signed) + unit, ends, region(claim)]


def _together(claim: Claim, quantities: Quantities, dataset: str) -> str:
    """Say of how many methods the networks of a claim are that is about all of them."""
    methods = len(quantities.methods(dataset, claim.operand.quantity)) if claim.operand.method == ALL else 1
    if methods == 1:
        return ""
    return ", both methods together" if methods == 2 else f", all {methods} methods together"


def region(claim: Claim) -> str:
    """Return the region of a claim in words."""
    if math.isinf(claim.high):
        return f"above {claim.low:g}"
    if math.isinf(claim.low):
        return f"below {claim.high:g}"
    return f"{claim.low:g}" if claim.low == claim.high else f"{claim.low:g} to {claim.high:g}"


def _numbers(quantities: Quantities) -> str:
    if not quantities.rows:
        return ""
    methods = list(dict.fromkeys(row.method for row in quantities.rows))
    if len(methods) <= MAX_METHODS and all(row.published is None for row in quantities.rows):
        return f"## Numbers\n\n{_by_method(quantities, methods)}"
    return f"## Numbers, mean ± deviation (n)\n\n{_by_quantity(quantities)}"


def _by_method(quantities: Quantities, methods: Sequence[str]) -> str:
    rows = []
    for name in quantities.names:
        for dataset in quantities.datasets:
            cells = {row.method: row for row in quantities.rows_of(dataset, name)}
            if cells:
                words = [_cell(cells[method]) if method in cells else "–" for method in methods]
                rows.append([_titled(quantities, name), dataset, *words])
    return _table(["mean ± deviation (n)", "data set", *methods], rows)


def _by_quantity(quantities: Quantities) -> str:
    """Return a table for each quantity, data sets side by side; of one data set, quantities side by side."""
    titles, datasets = {name: _titled(quantities, name) for name in quantities.names}, quantities.datasets
    if len(datasets) > 1:
        return "\n\n".join(
            f"### {title}\n\n" + _side_by_side(quantities, {(dataset, name): dataset for dataset in datasets})
            for name, title in titles.items()
        )
    names = list(titles)
    parts = [names[start : start + MAX_QUANTITIES] for start in range(0, len(names), MAX_QUANTITIES)]
    tables = [_side_by_side(quantities, {(datasets[0], name): titles[name] for name in part}) for part in parts]
    return f"{datasets[0]}:\n\n" + "\n\n".join(tables)


def _side_by_side(quantities: Quantities, columns: Mapping[tuple[str, str], str]) -> str:
    """Return a table of methods, with a column for each (data set, quantity), and one for what is printed of it."""
    head, cells = [""], dict[str, list[str]]()
    for (dataset, quantity), title in columns.items():
        found = {row.method: row for row in quantities.rows_of(dataset, quantity)}
        if not found:
            continue
        printed = any(row.published for row in found.values())
        head += [title, "published"] if printed else [title]
        for method in dict.fromkeys(row.method for row in quantities.rows):
            row = found.get(method)
            both = ["–" if row is None else _cell(row), str(row.published) if row and row.published else "–"]
            cells.setdefault(method, [method]).extend(both[: 1 + printed])
    return _table(head, [line for line in cells.values() if set(line[1:]) != {"–"}])


def _titled(quantities: Quantities, name: str) -> str:
    unit = next(row.unit for row in quantities.rows if row.name == name)
    return f"{name} [{unit}]" if unit else name


def _cell(row: Quantity) -> str:
    known = len(row.known)
    without = f"none ({row.n - known})"
    if not known:
        return without
    spread = "" if row.spread is None else f" ± {format_value(row.spread, row.unit)}"
    return f"{format_value(row.mean, row.unit)}{spread} ({known})" + (f", {without}" if known < row.n else "")


def format_value(value: float, unit: str, signed: bool = False) -> str:
    """Return a number with the digits that its unit deserves.

    Examples
    --------
    >>> format_value(98.123, "%"), format_value(0.5, "points", signed=True), format_value(12.345, "ms")
    ('98.12', '+0.50', '12.3')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    form = ".2f" if unit.startswith(("%", "points", "times")) else ".1f" if unit == "epochs" else ""
    text = format(value, f"{'+' if signed else ''}{form}") if form else f"{value:{'+' if signed else ''}.4g}"
    return f"{value:.3g}" if unit in ("ms", "s") and not signed else text


def _bullets(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
