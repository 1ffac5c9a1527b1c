"""What the two tables of accuracies by method share: how runs are read, and our numbers drawn with the printed ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.experiments.reproduction.claims import Claim, higher
from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.published import PublishedTable
from sparse_mlp.experiments.reproduction.quantities import Quantities, Quantity
from sparse_mlp.topology.presets import DENDRITIC_PRESETS

if TYPE_CHECKING:
    from sparse_mlp.plotting import Display

DATASETS = ("mnist", "fashion-mnist", "emnist-balanced", "cifar-10")  # columns of the printed tables
ACCURACY, ACTIVE, COVERED, SECONDS = "test accuracy", "active neurons, by links", "positions ever tried", "an epoch"
DNM = "DNM"


def better(first: str, second: str, source: str, text: str = "", datasets: tuple[str, ...] = ()) -> Claim:
    """Claim that the first method is more accurate than the second."""
    text = text or f"{first} is better than {second}"
    return higher(text, source, ACCURACY, first, second, "points", datasets=datasets)


def accuracy_figure(
    name: str, title: str, paper: str, minutes: Mapping[str, float], printed: Mapping[str, PublishedTable],
    claims: tuple[Claim, ...], notes: tuple[str, ...],
) -> Figure:  # fmt: skip
    """Return a table of accuracies by method, with the printed numbers by quantity."""
    read = partial(read_table_runs, printed=printed)
    return Figure(name, title, paper, (name,), minutes, read, claims, DATASETS, notes)


def read_table_runs(runs: Runs, printed: Mapping[str, PublishedTable]) -> Results:
    """Take what the table has of each run."""
    results = Results()
    for name, unit, key, scale in (
        (ACCURACY, "%", "test_accuracy", 100),
        (ACTIVE, "%", "anp_by_links", 100),
        (COVERED, "%", "itop", 100),
        (SECONDS, "s", "seconds_per_epoch", 1),
    ):
        for dataset, label in runs.pairs():
            method = table_label(label, dataset)
            published = printed.get(name, {}).get(method, {}).get(dataset)
            found = {run.planned.seed: run.result.get(key) for run in runs.of(dataset, label)}
            values = {seed: scale * value for seed, value in found.items() if value is not None}
            results.quantities.add([Quantity(dataset, method, name, unit, values, published)])
    if results.quantities.rows:
        results.draw("accuracy", drawing(results.quantities))
    return results


def table_label(label: str, dataset: str) -> str:
    """Return the row of the printed table that a method of the recipe belongs to.

    The poster has one row for its model, with options that were searched for each data set. A recipe has a method for
    each preset; the one that was searched on a data set is that row there, and the standard setting where none was.

    Examples
    --------
    >>> [table_label("DNM mnist", dataset) for dataset in ("mnist", "cifar-10")]
    ['DNM', 'DNM mnist']
    >>> [table_label("CHTs, DNM standard", dataset) for dataset in ("mnist", "cifar-10")]
    ['CHTs, DNM standard', 'CHTs, DNM']
    """
    preset = dataset if dataset in DENDRITIC_PRESETS else "standard"
    return label.removesuffix(f" {preset}") if label.endswith(f"{DNM} {preset}") else label


def drawing(
    quantities: Quantities, name: str = ACCURACY, xlabel: str = "test accuracy [%]",
    published: str = "published, ± as printed",
) -> Display:  # fmt: skip
    """Draw one quantity: our networks as points with their mean, the printed mean as a diamond with its spread."""
    from sparse_mlp.plotting import NEGATIVE, POSITIVE, PanelsDisplay, grid, line_keys

    ours: dict[str, Any] = {"linestyle": "", "color": POSITIVE}
    point, mean = {**ours, "marker": ".", "alpha": 0.55, "markersize": 5}, {**ours, "marker": "|", "markersize": 9}
    mean["markeredgewidth"] = 2
    diamond: dict[str, Any] = {"linestyle": "", "marker": "D", "color": NEGATIVE, "markersize": 4}

    def draw(axes: Any, dataset: str) -> None:
        rows = quantities.rows_of(dataset, name)
        for i, row in enumerate(rows):
            axes.plot(row.known, np.full(len(row.known), i - 0.12), **point)
            axes.plot(row.mean, i - 0.12, **mean)
            if row.published is not None:
                axes.errorbar(row.published.mean, i + 0.18, xerr=row.published.spread, linewidth=1.2, **diamond)
        axes.set_yticks(range(len(rows)), [row.method for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.locator_params(axis="x", nbins=5)
        grid(axes, "x")

    looks = {"our networks": point, "their mean": mean}
    if any(row.published is not None for row in quantities.rows):
        looks[published] = diamond
    most = max(len(quantities.rows_of(dataset, name)) for dataset in quantities.datasets)
    return PanelsDisplay(
        quantities.datasets, draw, xlabel=xlabel, upper_keys=line_keys(looks), height=0.5 + 0.2 * most
    )
