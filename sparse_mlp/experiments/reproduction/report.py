"""What a reader sees of an item: verdicts first, then figures, numbers, notes, and where all comes from."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from sparse_mlp.experiments.reproduction.claims import ALL, Claim
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.intervals import Interval
from sparse_mlp.experiments.reproduction.item import Findings, Item
from sparse_mlp.experiments.reproduction.numbers import Number, Numbers
from sparse_mlp.experiments.reproduction.provenance import dataset_words, machines, ranges, versions
from sparse_mlp.experiments.reproduction.verdicts import FAILS, HOLDS, NO_DATA, UNDECIDED, Verdict

WIDE = 3  # methods that stand beside each other in a table
SIDE_BY_SIDE = 4  # quantities that do
STATISTICS = (
    "A claim holds where the 95 % interval of the mean (difference, ratio) lies in the claimed region, fails where it "
    "lies outside, else it is not decided. Intervals by Student's t: paired over seeds where both methods have the "
    "same ones (same first links, weights, order of samples), else Welch's. Each comparison stands for itself: in one "
    "of twenty the interval misses the truth by chance. Spreads are standard deviations over n networks."
)
PARTIAL = "instead of the official"  # as `datasets.checksums` says it
SMOKE = "**Preset smoke: tiny networks, a few epochs. It shows that all runs; its verdicts say nothing of the paper.**"


def report(
    item: Item, runs: Runs, found: Findings, verdicts: Sequence[Verdict], failed: Mapping[str, str] | None = None
) -> str:
    """Return the report of an item as Markdown.

    Parameters
    ----------
    item : Item
    runs : Runs
    found : Findings
    verdicts : sequence of Verdict
    failed : mapping of str to str, optional
        Run → why it failed.
    """
    title = item.title[0].upper() + item.title[1:]
    parts = [
        f"# {title}",
        f"[{item.paper}], `sparse-mlp reproduce {item.name} --preset {runs.preset}`",
        SMOKE if runs.preset == "smoke" and item.recipes else "",
        _what_is_missing(item, runs, failed or {}),
        _verdicts(verdicts),
        *(f"![{name}]({name}.png)" for name in found.displays),
        _evidence(verdicts, found.numbers),
        _numbers(found.numbers),
        _bullets("Notes", (*found.notes, *item.notes, *((STATISTICS,) if verdicts else ()))),
        _bullets("Where it comes from", _origin(runs)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def tally(verdicts: Sequence[Verdict]) -> str:
    """Return how many claims hold, fail, are not decided, have no data."""
    words = [verdict.word for verdict in verdicts]
    counts = [f"{words.count(word)} {word}" for word in (HOLDS, FAILS, UNDECIDED, NO_DATA) if word in words]
    return ", ".join(counts) or "no claims"


def _what_is_missing(item: Item, runs: Runs, failed: Mapping[str, str]) -> str:
    lines = []
    absent = [name for name in item.datasets if name not in runs.datasets]
    if absent and item.datasets:
        lines.append(f"- Data sets of the paper without runs here: {', '.join(absent)}.")
    left = [run for run in runs.missing if run.run_id not in failed]
    if left:
        by_set = {name: sum(run.dataset == name for run in left) for name in dict.fromkeys(run.dataset for run in left)}
        counts = ", ".join(f"{name} ({count})" for name, count in by_set.items())
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


def _evidence(verdicts: Sequence[Verdict], numbers: Numbers) -> str:
    rows = []
    for number, verdict in enumerate(verdicts, 1):
        for finding in verdict.findings:
            if finding.interval is not None:
                shown_interval = _estimate(finding.interval, verdict.claim)
                together = _together(verdict.claim, numbers, finding.dataset)
                counts = " + ".join(map(str, finding.interval.n)) + together
                by = finding.interval.method
                rows.append([str(number), finding.dataset, *shown_interval, counts, by, finding.verdict])
    if not rows:
        return ""
    head = ["", "data set", "estimate", "95 % interval", "claimed", "n", "by", "verdict"]
    return f"## What the verdicts rest on\n\n{_table(head, rows)}"


def _estimate(interval: Interval, claim: Claim) -> list[str]:
    signed = claim.beside is not None and not claim.ratio
    unit = f" {claim.unit}" if claim.unit else ""
    low, high = (shown(value, claim.unit) for value in interval[1:3])
    ends = f"{low} to {high}" if interval.known else "none: too few"
    return [shown(interval.estimate, claim.unit, signed) + unit, ends, region(claim)]


def _together(claim: Claim, numbers: Numbers, dataset: str) -> str:
    """Say of how many methods the networks of a claim are that is about all of them."""
    methods = len(numbers.methods(dataset, claim.side.quantity)) if claim.side.method == ALL else 1
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


def _numbers(numbers: Numbers) -> str:
    if not numbers.rows:
        return ""
    methods = list(dict.fromkeys(row.method for row in numbers.rows))
    if len(methods) <= WIDE and all(row.published is None for row in numbers.rows):
        return f"## Numbers\n\n{_by_method(numbers, methods)}"
    return f"## Numbers, mean ± deviation (n)\n\n{_by_quantity(numbers)}"


def _by_method(numbers: Numbers, methods: Sequence[str]) -> str:
    rows = []
    for quantity in dict.fromkeys(row.quantity for row in numbers.rows):
        for dataset in numbers.datasets:
            cells = {row.method: row for row in numbers.rows_of(dataset, quantity)}
            if cells:
                words = [_cell(cells[method]) if method in cells else "–" for method in methods]
                rows.append([_titled(numbers, quantity), dataset, *words])
    return _table(["mean ± deviation (n)", "data set", *methods], rows)


def _by_quantity(numbers: Numbers) -> str:
    """Return a table for each quantity, data sets side by side; of one data set, quantities side by side."""
    quantities = list(dict.fromkeys(row.quantity for row in numbers.rows))
    if len(numbers.datasets) > 1:
        return "\n\n".join(
            f"### {_titled(numbers, name)}\n\n"
            + _beside(numbers, [(dataset, name) for dataset in numbers.datasets], numbers.datasets)
            for name in quantities
        )
    (dataset,) = numbers.datasets
    parts = [quantities[start : start + SIDE_BY_SIDE] for start in range(0, len(quantities), SIDE_BY_SIDE)]
    titles = {name: _titled(numbers, name) for name in quantities}
    tables = [_beside(numbers, [(dataset, name) for name in part], [titles[name] for name in part]) for part in parts]
    return f"{dataset}:\n\n" + "\n\n".join(tables)


def _beside(numbers: Numbers, columns: Sequence[tuple[str, str]], titles: Sequence[str]) -> str:
    """Return a table of methods, with a column for each data set and quantity, and one for what is printed of it."""
    head, cells = [""], dict[str, list[str]]()
    for (dataset, quantity), title in zip(columns, titles, strict=True):
        found = {row.method: row for row in numbers.rows_of(dataset, quantity)}
        if not found:
            continue
        printed = any(row.published for row in found.values())
        head += [title, "published"] if printed else [title]
        for method in dict.fromkeys(row.method for row in numbers.rows):
            row = found.get(method)
            both = ["–" if row is None else _cell(row), str(row.published) if row and row.published else "–"]
            cells.setdefault(method, [method]).extend(both[: 1 + printed])
    return _table(head, [line for line in cells.values() if set(line[1:]) != {"–"}])


def _titled(numbers: Numbers, quantity: str) -> str:
    unit = next(row.unit for row in numbers.rows if row.quantity == quantity)
    return f"{quantity} [{unit}]" if unit else quantity


def _cell(row: Number) -> str:
    there = len(row.there)
    without = f"none ({row.n - there})"
    if not there:
        return without
    spread = "" if row.spread is None else f" ± {shown(row.spread, row.unit)}"
    return f"{shown(row.mean, row.unit)}{spread} ({there})" + (f", {without}" if there < row.n else "")


def shown(value: float, unit: str, signed: bool = False) -> str:
    """Return a number with the digits that its unit deserves.

    Examples
    --------
    >>> shown(98.123, "%"), shown(0.5, "points", signed=True), shown(12.345, "ms"), shown(0.91021, "")
    ('98.12', '+0.50', '12.3', '0.9102')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    form = ".2f" if unit.startswith(("%", "points", "times")) else ".1f" if unit == "epochs" else ""
    text = format(value, f"{'+' if signed else ''}{form}") if form else f"{value:{'+' if signed else ''}.4g}"
    return f"{value:.3g}" if unit in ("ms", "s") and not signed else text


def _origin(runs: Runs) -> list[str]:
    if not runs.finished:
        return [f"Nothing trained. {versions(runs)}."]
    sets = [f"{name}: {dataset_words(runs, name)}." for name in runs.datasets]
    return [*sets, *_trained(runs), f"{versions(runs)}; {machines(runs)}."]


def _trained(runs: Runs) -> list[str]:
    """Say how many runs there are, with which seeds and settings; group by group where these differ."""
    common = _common_settings(runs)
    groups = runs.apart()
    own = {name: _words(_common_settings(group), but=common) for name, group in groups.items()}
    amounts = {name: _amount(group) for name, group in groups.items()}
    if len(set(own.values())) == 1 and len(set(amounts.values())) == 1:
        each, seeds = next(iter(amounts.values()))
        return [f"{len(runs.finished)} runs, {each} of each method and data set, {seeds}; {_words(common)}."]
    lines = [f"{len(runs.finished)} runs" + (f", all with {_words(common)}." if common else ".")]
    for name, group in groups.items():
        each, seeds = amounts[name]
        settings = f"; {own[name]}" if own[name] else ""
        lines.append(f"{name}: {len(group.finished)} runs, {each} of each method, {seeds}{settings}.")
    return lines


def _amount(runs: Runs) -> tuple[str, str]:
    """Return how many runs of each method there are, and their seeds, in words."""
    counts = {len(runs.of(*pair)) for pair in runs.pairs()}
    each = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    return each, f"seeds {ranges({run.planned.seed for run in runs.finished})}"


COMMON = (
    "hidden", "density", "epochs", "batch_size", "optimizer", "learning_rate", "momentum", "schedule", "weight_decay",
    "weights", "zeta",
)  # fmt: skip


def _common_settings(runs: Runs) -> dict[str, str]:
    """Return the settings that all runs share."""
    told = {name: {str(run.planned.settings.get(name)) for run in runs.finished} for name in COMMON}
    return {name: values.pop() for name, values in told.items() if len(values) == 1 and values != {"None"}}


def _words(settings: Mapping[str, str], but: Collection[str] = ()) -> str:
    """Return settings in short."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items() if name not in but)


def _bullets(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
