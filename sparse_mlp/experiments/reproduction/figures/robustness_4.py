"""Figure 4 of [Sulyok2026]: the accuracy while links are removed, at random or in the order of their weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sparse_mlp.experiments.reproduction.claims import equivalent, higher, within
from sparse_mlp.experiments.reproduction.figure import Results
from sparse_mlp.experiments.reproduction.figures import robustness
from sparse_mlp.experiments.reproduction.figures.robustness import CH3L3, EMNIST, FASHION, KMNIST, MNIST, RLR, area
from sparse_mlp.experiments.reproduction.finished import Runs

RANDOM, ORDER, REVERSE = NAMES = ("random-pruning", "weight-order", "reverse-weight-order")
LOST = 0.95  # part of all that a perturbation takes, at which the accuracy counts as collapsed
LOSS_AT_80, collapse = f"lost at 80 % {REVERSE}", "collapse under {}".format

CLAIMS = (
    within("strongest links first: the minimum is reached at 1 to 5 % removed", "2.2, Fig. 4 (C-4)", collapse(ORDER),
           low=1, high=5, unit="%"),
    within("strongest links first: the minimum is reached at 3 to 10 % removed", "Discussion (C-4)", collapse(ORDER),
           low=3, high=10, unit="%"),
    within("random links: the minimum is reached near 80 % removed (70 to 90 %)", "2.2, Fig. 4", collapse(RANDOM),
           low=70, high=90, unit="%"),
    within("weakest links first: minor loss (5 points at most) with 80 % removed", "2.2, Fig. 4", LOSS_AT_80,
           high=5, unit="points"),
    within("weakest links first: networks by RLR bear 80 % removed without critical loss (5 points)", "Discussion",
           LOSS_AT_80, RLR, high=5, unit="points"),
    higher("weakest links first: RLR is more resilient on all sets", "2.2, Fig. 4", area(REVERSE), RLR, CH3L3,
           "points"),
    higher("random links: CH3L3 is slightly more resilient on MNIST, Fashion-MNIST, KMNIST", "2.2, Fig. 4",
           area(RANDOM), CH3L3, RLR, "points", datasets=(MNIST, FASHION, KMNIST)),
    equivalent("random links: no difference on EMNIST (0.5 points)", "2.2, Fig. 4", area(RANDOM), CH3L3, RLR, 0.5,
               "points", datasets=(EMNIST,)),
    higher("strongest links first: CH3L3 is slightly more resilient on MNIST and Fashion-MNIST", "2.2, Fig. 4",
           area(ORDER), CH3L3, RLR, "points", datasets=(MNIST, FASHION)),
    higher("strongest links first: RLR is slightly more resilient on KMNIST and EMNIST", "2.2, Fig. 4",
           area(ORDER), RLR, CH3L3, "points", datasets=(KMNIST, EMNIST)),
)  # fmt: skip
NOTES = (
    robustness.PERTURBED_NOTE,
    "Ours: the minimum counts as reached where 95 % of all that is lost is lost, the collapse. The paper gives two "
    "ranges for it (C-4).",
)


def read(runs: Runs) -> Results:
    """Take the accuracy over the fraction of links removed."""
    from sparse_mlp.plotting import PruningCurvesDisplay

    results, table = robustness.read_perturbed(runs, NAMES)
    if table:
        results.draw("pruning", PruningCurvesDisplay.from_curves(table))
    for name in NAMES:
        robustness.add_of_curves(results, name, collapse(name), "%", collapse_strength)
    robustness.add_of_curves(results, REVERSE, LOSS_AT_80, "points", lambda x, y: float(y[0] - np.interp(0.8, x, y)))
    return results


def collapse_strength(strengths: ArrayLike, accuracy: ArrayLike) -> float:
    """Return the first strength at which 95 % of all that a perturbation takes is lost.

    Examples
    --------
    >>> collapse_strength([0.0, 0.1, 0.2, 0.3], [0.9, 0.5, 0.1, 0.11])
    0.2
    """
    x, y = np.asarray(strengths, np.float64), np.asarray(accuracy, np.float64)
    lost = y[0] - y
    return float(x[np.argmax(lost >= LOST * lost.max())])


FIGURE = robustness.robustness_figure(4, "accuracy while links are removed", read, CLAIMS, NOTES)
