"""Quantities, curves and verdicts as CSV files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sparse_mlp.experiments.reproduction.quantities import Curve, Quantities
from sparse_mlp.experiments.reproduction.verdicts import Verdict
from sparse_mlp.experiments.store import write_csv

NUMBERS, CURVES, VERDICTS = "numbers.csv", "curves.csv", "verdicts.csv"
NUMBER_COLUMNS = ("dataset", "method", "quantity", "unit", "seed", "value", "published", "published_spread")
CURVE_COLUMNS = ("dataset", "method", "curve", "x", "n", "mean", "std", "p40", "median", "p60")
VERDICT_COLUMNS = (
    "number", "claim", "source", "overall", "dataset", "verdict", "estimate", "low", "high", "unit", "claimed_low",
    "claimed_high", "n", "method",
)  # fmt: skip


def write_quantities(path: Path, quantities: Quantities) -> None:
    """Write a line for each quantity of each network; no digit is lost."""
    rows = []
    for row in quantities.rows:
        printed = row.published
        both = [""] * 2 if printed is None else ["" if x is None else repr(x) for x in (printed.mean, printed.spread)]
        for seed, value in row.by_seed.items():
            rows.append((row.dataset, row.method, row.name, row.unit, seed, repr(float(value)), *both))
    write_csv(path, NUMBER_COLUMNS, rows)


def write_curves(path: Path, curves: Sequence[Curve]) -> None:
    """Write what each curve of the figure is drawn from, a line for each point."""
    rows = []
    for curve in curves:
        spread = curve.y.std(axis=0, ddof=1) if len(curve.y) > 1 else [""] * len(curve.x)
        low, middle, high = np.percentile(curve.y, (40, 50, 60), axis=0)
        columns = zip(curve.x, curve.y.mean(axis=0), spread, low, middle, high, strict=True)
        for x, mean, std, *rest in columns:
            shown = [value if isinstance(value, str) else f"{value:.6g}" for value in (mean, std, *rest)]
            rows.append((curve.dataset, curve.method, curve.name, f"{x:.6g}", len(curve.y), *shown))
    write_csv(path, CURVE_COLUMNS, rows)


def write_verdicts(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write a line for each claim and data set."""
    rows = []
    for number, verdict in enumerate(verdicts, 1):
        claim = verdict.claim
        for finding in verdict.findings:
            at = finding.interval
            shown = ("", "", "") if at is None else tuple(f"{value:.6g}" for value in at[:3])
            rest = ("", "") if at is None else ("+".join(map(str, at.n)), at.method)
            rows.append((
                number, claim.text, claim.source, verdict.word, finding.dataset, finding.verdict, *shown, claim.unit,
                f"{claim.low:g}", f"{claim.high:g}", *rest,
            ))  # fmt: skip
    write_csv(path, VERDICT_COLUMNS, rows)
