"""Figure 3 of [Sulyok2026]: the test accuracy over the epochs, by random and by predicted regrowth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sparse_mlp.experiments.reproduction.claims import equivalent, higher, within
from sparse_mlp.experiments.reproduction.figure import Results
from sparse_mlp.experiments.reproduction.figures.robustness import CH3L3, DATASETS, FASHION, KMNIST, RLR
from sparse_mlp.experiments.reproduction.figures.robustness import robustness_figure as figure
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.quantities import Curve, Floats, Quantity

if TYPE_CHECKING:
    from sparse_mlp.plotting import Display

LIMIT = 0.99  # part of the final median accuracy
SMOOTHED = 5  # epochs of the running median before a dip is looked for: one epoch's noise is no dip
COLORS = {"ch3l3": "#0077BB", "rlr": "#CC3311"}  # the paper's
BANDS = {"percentile": "median, 40th to 60th percentile", "std": "mean ± one standard deviation"}

TO_99, AREA = "epochs to 99 % of the final median", "area under the accuracy, log epochs"
FINAL, DIP = "final accuracy", "dip of the accuracy"

CLAIMS = (
    higher("CH3L3 approaches its limit in fewer epochs", "2.1.1", TO_99, RLR, CH3L3, "epochs"),
    higher("CH3L3 is ahead on the way: larger area under the accuracy", "2.1.1", AREA, CH3L3, RLR, "points"),
    equivalent("final accuracies are the same (within 0.5 points)", "2.1.1", FINAL, CH3L3, RLR, 0.5, "points",
               datasets=tuple(name for name in DATASETS if name != KMNIST)),
    higher("the final accuracy of CH3L3 is slightly higher on KMNIST", "2.1.1", FINAL, CH3L3, RLR, "points",
           datasets=(KMNIST,)),
    equivalent("final accuracies are consistently the same (within 0.5 points), KMNIST not excepted", "Discussion",
               FINAL, CH3L3, RLR, 0.5, "points", datasets=DATASETS),
    *(within(f"on Fashion-MNIST the accuracy dips (0.5 points at least) and recovers, {method}", "2.1.1", DIP, method,
             low=0.5, unit="points", datasets=(FASHION,)) for method in (CH3L3, RLR)),
)  # fmt: skip
NOTES = (
    "The final accuracy is the median of the last tenth of the epochs. The band is of 40 to 60 %, as in the text; "
    "the caption of the paper calls it a standard deviation (C-3).",
    "Ours: the limit is taken for reached at 99 % of the method's final median; the area is over the logarithm of "
    "the epoch; a dip is looked for in the running median of 5 epochs.",
    "The test accuracy after each epoch is shown and judged, as in the paper; nothing was chosen by it.",
)


def read(runs: Runs) -> Results:
    """Take the test accuracy after each epoch from the histories."""
    results, table = Results(), dict[str, dict[str, Floats]]()
    for dataset, method in runs.pairs():
        several = runs.of(dataset, method)
        columns = [run.history.column("test_accuracy") for run in several]
        shortest = min(map(len, columns))
        rows = np.array([column[:shortest] for column in columns], np.float64)
        table.setdefault(dataset, {})[method] = rows
        seeds = tuple(run.planned.seed for run in several)
        curve = Curve(dataset, method, "test accuracy", np.arange(1.0, shortest + 1), rows, seeds)
        results.curves.append(curve)
        results.quantities.add(_quantities(curve))
    if table:
        results.draw("accuracy", drawing(table))
    return results


def _quantities(curve: Curve) -> list[Quantity]:
    wanted = LIMIT * float(np.median([final(row) for row in curve.y]))
    return [
        curve.quantity(FINAL, "%", lambda _, y: final(y)),
        curve.quantity(TO_99, "epochs", lambda _, y: epochs_to(y, wanted), scale=1),
        curve.quantity(AREA, "%", lambda _, y: log_area(y)),
        curve.quantity(DIP, "points", lambda _, y: dip(y)),
    ]


def epochs_to(accuracy: ArrayLike, wanted: float) -> float:
    """Return the first epoch, from 1, with the wanted accuracy; one more than there are if it is never reached.

    Examples
    --------
    >>> epochs_to([0.5, 0.9, 0.8], 0.85), epochs_to([0.5, 0.9, 0.8], 0.95)
    (2.0, 4.0)
    """
    reached = np.asarray(accuracy) >= wanted
    return float(np.argmax(reached) + 1) if reached.any() else float(len(reached) + 1)


def log_area(accuracy: ArrayLike) -> float:
    """Return the mean accuracy over the logarithm of the epoch, the area that the figure shows.

    Examples
    --------
    >>> log_area([0.4, 0.8])
    0.6000000000000001
    """
    y = np.asarray(accuracy, np.float64)
    if len(y) == 1:
        return float(y[0])
    x = np.log(np.arange(1, len(y) + 1))
    return float(np.trapezoid(y, x) / x[-1])


def final(accuracy: ArrayLike) -> float:
    """Return the median accuracy of the last tenth of the epochs, one at least."""
    y = np.asarray(accuracy, np.float64)
    return float(np.median(y[-max(1, len(y) // 10) :]))


def dip(accuracy: ArrayLike) -> float:
    """Return how far the accuracy, a running median of 5 epochs, falls below what it had before and has again later.

    Examples
    --------
    >>> round(dip([0.5, 0.6, 0.8, 0.8, 0.8, 0.7, 0.7, 0.7, 0.7, 0.9, 0.9, 0.9, 0.9]), 3)
    0.1
    >>> dip([0.5, 0.6, 0.7])
    0.0
    """
    y = np.asarray(accuracy, np.float64)
    if len(y) >= SMOOTHED:
        y = np.median(np.lib.stride_tricks.sliding_window_view(y, SMOOTHED), axis=1)
    before, after = np.maximum.accumulate(y), np.maximum.accumulate(y[::-1])[::-1]
    return float((np.minimum(before, after) - y).max())


def drawing(accuracy: Mapping[str, Mapping[str, Floats]], band: str = "percentile") -> Display:
    """Draw the accuracy (networks, epochs) by data set and method, `band` one of `BANDS`."""
    from sparse_mlp import plotting

    methods = plotting.methods_of(accuracy)
    known = {"ch3l3": plotting.LINES[0], "rlr": plotting.LINES[1]}
    colors, lines = plotting.method_looks(methods, COLORS), plotting.method_looks(methods, known, plotting.LINES)
    looks: dict[str, dict[str, Any]] = {m: {"color": colors[m], "linestyle": lines[m]} for m in methods}

    def draw(axes: Any, dataset: str) -> None:
        for method, rows in accuracy[dataset].items():
            curve = plotting.LearningCurveDisplay(np.arange(1, rows.shape[1] + 1), rows)
            curve.plot(axes, label="", log_x=True, band="std" if band == "std" else (40.0, 60.0), **looks[method])

    keys = plotting.line_keys({plotting.with_count(accuracy, m): looks[m] for m in methods})
    return plotting.PanelsDisplay(list(accuracy), draw, xlabel="epoch (log scale)", ylabel="test accuracy",
                                  keys=[*keys, plotting.band_key(BANDS[band])])  # fmt: skip


FIGURE = figure(3, "accuracy over the epochs", read, CLAIMS, NOTES)
