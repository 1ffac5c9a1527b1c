"""Table 1 of [Li2025]: VGG networks with sparse convolutions, by rule and sparsity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.experiments.reproduction.claims import equivalent, higher
from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.figures.accuracy_table import ACCURACY, better
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.intervals import interval_of_mean
from sparse_mlp.experiments.reproduction.published import Published, read_table
from sparse_mlp.experiments.reproduction.quantities import Quantities, Quantity

if TYPE_CHECKING:
    from sparse_mlp.plotting import Display

CIFAR_10, CIFAR_100 = DATASETS = ("cifar-10", "cifar-100")
DENSE, SPARSITIES = "FC", ("50 %", "70 %")
RULES = SET, CH2, CH3 = ("SET", "CHT-CH2", "CHT-CH3")  # the paper's; a method is a rule with its sparsity
MARGIN = 0.3  # points of accuracy within which two methods count as equal
OF_ALL, BELOW_DENSE = "accuracy of the three rules together", "accuracy less that of the dense network"
AGAINST_SET, RETURNING = "accuracy less that of SET", "new links that had just gone"
COVERED = "positions ever tried"

# Thirteen convolutions, three seeds, mean ± standard error.
PUBLISHED = read_table(DATASETS, """
    FC           | 92.14 ± .06 | 72.58 ± .11
    SET 50 %     | 92.08 ± .10 | 71.86 ± .12
    CHT-CH2 50 % | 92.04 ± .21 | 72.08 ± .06
    CHT-CH3 50 % | 92.32 ± .06 | 72.14 ± .06
    SET 70 %     | 91.63 ± .07 | 71.03 ± .13
    CHT-CH2 70 % | 91.73 ± .15 | 70.89 ± .23
    CHT-CH3 70 % | 92.04 ± .05 | 70.75 ± .00
""")  # fmt: skip

CLAIMS = (
    higher("accuracy falls from no sparsity to 50 %", "4.2 (1)", OF_ALL, "0 %", "50 %", "points"),
    higher("accuracy falls from 50 % sparsity to 70 %", "4.2 (1)", OF_ALL, "50 %", "70 %", "points"),
    *(better(f"{CH3} {sparsity}", f"{SET} {sparsity}", "Table 1, 4.2 (2)", datasets=(CIFAR_10,))
      for sparsity in SPARSITIES),
    *(equivalent(f"{rule} {sparsity} and {SET} {sparsity} are comparable (taken: within {MARGIN} points)",
                 "4.2 (2)", ACCURACY, f"{rule} {sparsity}", f"{SET} {sparsity}", MARGIN, "points",
                 datasets=(CIFAR_100,))
      for sparsity in SPARSITIES for rule in (CH2, CH3)),
    *(better(f"{CH3} {sparsity}", f"{CH2} {sparsity}", "Table 1", datasets=(CIFAR_10,)) for sparsity in SPARSITIES),
)  # fmt: skip
NOTES = (
    "Published: VGG16, mean ± standard error of three seeds; ours ± standard deviation, compared seed by seed. In the "
    "figures the lines are 95 % intervals of our means; the spread of a printed difference is that of two means that "
    "are not paired.",
    "FC is the network with all links. \"The three rules together\" is the mean of SET, CHT-CH2 and CHT-CH3 of one "
    "seed. In the printed table it does not fall from 0 to 50 % on CIFAR-10: 92.14 and 92.15.",
    "The rules of one sparsity differ by where links grow, and by nothing else: zeta 0.3 after each epoch up to 75 % "
    "of the training, the smallest weights of each kernel go, each kernel gets as many links back, of weight 0. The "
    "paper leaves all of this open. \"soft\" draws the new links by their scores instead of taking the highest; static "
    "keeps its links. Both are not in the paper.",
    "New links that had just gone: the share of the links grown in an update that the same update had removed.",
    "Presets laptop (vgg8s: five convolutions) and overnight (VGG16 with a quarter of the channels): first convolution "
    "dense, batch 64, Adam with 0.002 on both sets. Preset paper: VGG16, batch 128; Adam with 0.01 on CIFAR-10, SGD "
    "with 0.1 on CIFAR-100; batch normalisation, warm-up, momentum and weight decay are our guesses.",
)  # fmt: skip


def read(runs: Runs) -> Results:
    """Take what the table has of each run, and compare runs of one seed."""
    results = Results()
    for dataset, group in runs.apart().items():
        _add_quantities(results.quantities, dataset, group)
    for name, file, xlabel in (
        (BELOW_DENSE, "below_dense", "accuracy less that of the\ndense network [points]"),
        (AGAINST_SET, "against_set", "accuracy less that of SET\nat the same sparsity [points]"),
    ):
        if any(row.name == name for row in results.quantities.rows):
            results.draw(file, drawing(results.quantities, name, xlabel))
    return results


def sparsity_of(method: str) -> str:
    """Return the sparsity that a method has in its name.

    Examples
    --------
    >>> sparsity_of("CHT-CH3 soft 70 %")
    '70 %'
    """
    return " ".join(method.split()[-2:])


def returning_share(run: FinishedRun) -> float | None:
    """Return which share of the new links of an update, in %, it had removed itself: the mean over updates.

    None where nothing ever grew.
    """
    shares = []
    for update in run.history.updates:
        grown = sum(layer["grown"] for layer in update["layers"])
        if grown:
            shares.append(sum(layer["overlap"] * layer["grown"] for layer in update["layers"]) / grown)
    return 100 * fmean(shares) if shares else None


def drawing(quantities: Quantities, name: str, xlabel: str) -> Display:
    """Draw differences: our networks as points, their mean with its interval, the printed difference as a diamond."""
    from sparse_mlp.plotting import INK, NEGATIVE, POSITIVE, PanelsDisplay, grid, line_keys

    ours: dict[str, Any] = {"linestyle": "", "color": POSITIVE}
    point = {**ours, "marker": ".", "alpha": 0.45, "markersize": 5}
    mean: dict[str, Any] = {"color": POSITIVE, "marker": "|", "markersize": 9, "markeredgewidth": 2, "linewidth": 1.4}
    diamond: dict[str, Any] = {"linestyle": "", "marker": "D", "color": NEGATIVE, "markersize": 4}

    def draw(axes: Any, dataset: str) -> None:
        rows = quantities.rows_of(dataset, name)
        axes.axvline(0.0, color=INK, linewidth=0.8)
        for i, row in enumerate(rows):
            found = interval_of_mean(row.known)
            axes.plot(row.known, np.full(len(row.known), i - 0.26), **point)
            axes.plot(row.mean, i - 0.04, **mean)
            if found.known:
                axes.plot(found[1:3], [i - 0.04] * 2, color=POSITIVE, linewidth=1.4)
            if row.published is not None:
                axes.errorbar(row.published.mean, i + 0.22, xerr=row.published.spread, linewidth=1.2, **diamond)
        axes.set_yticks(range(len(rows)), [row.method for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.locator_params(axis="x", nbins=5)
        grid(axes, "x")

    rows = [row for row in quantities.rows if row.name == name]
    looks = {"our networks": point, "their mean, 95 % interval": mean}
    if any(row.published is not None for row in rows):
        looks["published"] = diamond
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    most = max(len(quantities.rows_of(dataset, name)) for dataset in datasets)
    return PanelsDisplay(datasets, draw, xlabel=xlabel, upper_keys=line_keys(looks), height=0.5 + 0.24 * most)


def _add_quantities(quantities: Quantities, dataset: str, runs: Runs) -> None:
    plain = dataset.partition(",")[0]

    def by_seed(method: str, value: Any) -> dict[int, float]:
        return runs.by_seed(plain, method, value)

    def add(method: str, name: str, unit: str, values: Mapping[int, float], printed: Published | None = None) -> None:
        quantities.add([Quantity(dataset, method, name, unit, values, printed)])

    accuracy = {method: by_seed(method, lambda run: 100 * run.result["test_accuracy"]) for method in runs.methods}
    printed = {method: row[plain] for method, row in PUBLISHED.items() if plain in row}
    for method, values in accuracy.items():
        add(method, ACCURACY, "%", values, printed.get(method))
    for sparsity, values in _together(accuracy).items():
        add(sparsity, OF_ALL, "%", values)
    for method in accuracy:
        if method != DENSE:
            add(method, BELOW_DENSE, "points", *_differences(method, DENSE, accuracy, printed))
    for method in accuracy:
        base = f"{SET} {sparsity_of(method)}"
        if method not in (DENSE, base):
            add(method, AGAINST_SET, "points", *_differences(method, base, accuracy, printed))
    for method in runs.methods:
        add(method, RETURNING, "%", by_seed(method, returning_share))
        add(method, COVERED, "%", by_seed(method, _covered))


def _together(accuracy: Mapping[str, Mapping[int, float]]) -> dict[str, dict[int, float]]:
    """Return the mean of the three rules by sparsity and seed, of seeds that all of them have."""
    found = {"0 %": dict(accuracy.get(DENSE, {}))}
    for sparsity in SPARSITIES:
        rows = [accuracy.get(f"{rule} {sparsity}", {}) for rule in RULES]
        common = sorted(set.intersection(*map(set, rows)))
        found[sparsity] = {seed: fmean(row[seed] for row in rows) for seed in common}
    return found


def _differences(
    method: str, base: str, accuracy: Mapping[str, Mapping[int, float]], printed: Mapping[str, Published]
) -> tuple[dict[int, float], Published | None]:  # fmt: skip
    """Return the accuracy of a method less that of another, by seed and as printed."""
    first, second = accuracy[method], accuracy.get(base, {})
    values = {seed: first[seed] - second[seed] for seed in sorted(set(first) & set(second))}
    if method not in printed:
        return values, None
    (mean, error), (other, others) = ((printed[name].mean, printed[name].spread or 0.0) for name in (method, base))
    return values, Published(mean - other, math.hypot(error, others))


def _covered(run: FinishedRun) -> float | None:
    found = run.result.get("itop")
    return None if found is None else 100 * found


FIGURE = Figure(
    "conv-table", "Table 1, sparse convolutions on CIFAR", "Li2025", ("conv-cifar-10", "conv-cifar-100"),
    {"smoke": 0.5, "laptop": 90, "overnight": 780, "paper": 28000}, read, CLAIMS, DATASETS, NOTES,
)  # fmt: skip
