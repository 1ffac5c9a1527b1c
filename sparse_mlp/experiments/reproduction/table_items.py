"""The tables of accuracies by method: static wirings, and rules at 99 % sparsity."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sparse_mlp.experiments.reproduction.claims import Claim, higher
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.item import Findings
from sparse_mlp.experiments.reproduction.numbers import Number
from sparse_mlp.experiments.reproduction.published import ACTIVE_NEURONS, BY_WIRING, DYNAMIC, STATIC, Table
from sparse_mlp.topology.presets import DENDRITIC_PRESETS

ACCURACY, ACTIVE, COVERED, SECONDS = "test accuracy", "active neurons, by links", "positions ever tried", "an epoch"
DNM = "DNM"

SETS = ("mnist", "fashion-mnist", "emnist-balanced", "cifar-10")


def _better(first: str, second: str, source: str, text: str = "", datasets: tuple[str, ...] = ()) -> Claim:
    text = text or f"{first} is better than {second}"
    return higher(text, source, ACCURACY, first, second, "points", datasets=datasets)


STATIC_CLAIMS = (
    *(_better(DNM, rival, "table") for rival in ("Random", "BSW", "BRF", "Ramanujan")),
    _better(DNM, "SNIP", "table", "DNM is better than SNIP, which sees the data, on all sets but CIFAR-10", SETS[:3]),
    _better(DNM, "CSTI", "table", "DNM is better than CSTI, which sees the data, on Fashion-MNIST and CIFAR-10",
            ("fashion-mnist", "cifar-10")),
    _better("CSTI", DNM, "table", "CSTI is better than DNM on MNIST", ("mnist",)),
)  # fmt: skip

DYNAMIC_CLAIMS = (
    *(_better("CHTs", rival, "Table 1") for rival in ("SET", "RigL", "CHT")),
    _better("CHTss", "CHTs", "Table 1", "CHTss is better than CHTs on MNIST, Fashion-MNIST and CIFAR-10",
            ("mnist", "fashion-mnist", "cifar-10")),
    _better("CHTs", "CHTss", "Table 1", "CHTs is better than CHTss on EMNIST", ("emnist-balanced",)),
    _better("CHTss", "FC", "Table 1", "CHTss is better than the dense network on MNIST, EMNIST and CIFAR-10",
            ("mnist", "emnist-balanced", "cifar-10")),
    _better("CHTs, DNM", "CHTs, Random", "poster", "CHTs from a first wiring by DNM is better than from a random one"),
)  # fmt: skip


def read_static(runs: Runs) -> Findings:
    """Take the accuracies of networks whose wiring stays as it was made."""
    return _read(runs, {ACCURACY: STATIC})


def read_dynamic(runs: Runs) -> Findings:
    """Take the accuracies and active neurons of networks whose wiring evolves."""
    return _read(runs, {ACCURACY: {**DYNAMIC, **BY_WIRING}, ACTIVE: ACTIVE_NEURONS})


def _read(runs: Runs, printed: Mapping[str, Table]) -> Findings:
    from sparse_mlp.plotting import BesidePublishedDisplay

    found = Findings()
    for name, unit, key, scale in (
        (ACCURACY, "%", "test_accuracy", 100),
        (ACTIVE, "%", "anp_by_links", 100),
        (COVERED, "%", "itop", 100),
        (SECONDS, "s", "seconds_per_epoch", 1),
    ):
        for dataset, label in runs.pairs():
            method = table_label(label, dataset)
            published = printed.get(name, {}).get(method, {}).get(dataset)
            values = runs.by_seed(dataset, label, partial(_value, key=key, scale=scale))
            found.numbers.add([Number(dataset, method, name, unit, values, published)])
    ours = {
        dataset: {row.method: list(row.by_seed.values()) for row in found.numbers.rows_of(dataset, ACCURACY)}
        for dataset in found.numbers.datasets
    }
    if ours:
        beside = {dataset: _printed(printed[ACCURACY], dataset) for dataset in ours}
        found.displays["accuracy"] = BesidePublishedDisplay.from_numbers(ours, beside, "test accuracy [%]")
    return found


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


def _printed(table: Table, dataset: str) -> dict[str, tuple[float, float | None]]:
    there = {method: numbers[dataset] for method, numbers in table.items() if dataset in numbers}
    return {method: (number.mean, number.spread) for method, number in there.items()}


def _value(run: FinishedRun, key: str, scale: float) -> float | None:
    found = run.result.get(key)
    return None if found is None else scale * found
