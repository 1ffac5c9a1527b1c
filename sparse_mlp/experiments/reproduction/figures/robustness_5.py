"""Figure 5 of [Sulyok2026]: the accuracy with weights that are shuffled or have noise added."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sparse_mlp.experiments.reproduction.claims import Claim, Operand, higher
from sparse_mlp.experiments.reproduction.figure import Results
from sparse_mlp.experiments.reproduction.figures import robustness
from sparse_mlp.experiments.reproduction.figures.robustness import CH3L3, EMNIST, FASHION, KMNIST, MNIST, RLR, area
from sparse_mlp.experiments.reproduction.finished import Runs

SHUFFLING, MODIFICATION = NAMES = ("weight-shuffling", "weight-modification")
LOSS = 0.05  # five points
loss_of_5, at_full = "strength that costs 5 points, {}".format, "accuracy at strength 1, {}".format

CLAIMS = (
    Claim("shuffling costs accuracy sooner: a smaller strength takes 5 points", "2.2, Fig. 5",
          Operand(loss_of_5(MODIFICATION)), Operand(loss_of_5(SHUFFLING)), low=0.0, unit=""),
    Claim("the curves cross: at strength 1 shuffling leaves more accuracy", "2.2, Fig. 5",
          Operand(at_full(SHUFFLING)), Operand(at_full(MODIFICATION)), low=0.0, unit="points"),
    higher("modification: CH3L3 is more resilient on all sets", "2.2, Fig. 5 (C-1)", area(MODIFICATION), CH3L3, RLR,
           "points"),
    higher("modification: RLR is more resilient", "Discussion (C-1)", area(MODIFICATION), RLR, CH3L3, "points"),
    higher("shuffling: CH3L3 is more resilient on MNIST and Fashion-MNIST", "2.2, Fig. 5 (C-2)", area(SHUFFLING),
           CH3L3, RLR, "points", datasets=(MNIST, FASHION)),
    higher("shuffling: RLR is more resilient on KMNIST and EMNIST", "2.2, Fig. 5 (C-2)", area(SHUFFLING), RLR, CH3L3,
           "points", datasets=(KMNIST, EMNIST)),
    higher("shuffling: CH3L3 is more resilient on three of the four sets", "Discussion (C-2)", area(SHUFFLING), CH3L3,
           RLR, "points", datasets=robustness.DATASETS, needed=3),
)  # fmt: skip
NOTES = (
    robustness.PERTURBED_NOTE,
    "The paper says of both kinds of noise two things that cannot both hold (C-1, C-2): each stands here.",
)


def read(runs: Runs) -> Results:
    """Take the accuracy over the strength of shuffling and of noise."""
    from sparse_mlp.plotting import NoiseCurvesDisplay

    results, table = robustness.read_perturbed(runs, NAMES)
    if table:
        results.draw("noise", NoiseCurvesDisplay.from_curves(table))
    for name in NAMES:
        robustness.add_of_curves(results, name, loss_of_5(name), "", lambda x, y: strength_of_loss(x, y, LOSS), scale=1)
        robustness.add_of_curves(results, name, at_full(name), "%", lambda x, y: float(np.interp(1.0, x, y)))
    return results


def strength_of_loss(strengths: ArrayLike, accuracy: ArrayLike, loss: float) -> float:
    """Return the strength at which so much accuracy is lost first, between two strengths by a straight line.

    The last strength where none takes so much.

    Examples
    --------
    >>> round(strength_of_loss([0.0, 0.1, 0.2], [0.9, 0.9, 0.7], 0.1), 3)
    0.15
    """
    x, lost = np.asarray(strengths, np.float64), np.asarray(accuracy, np.float64)
    lost = lost[0] - lost
    beyond = np.flatnonzero(lost >= loss)
    if not len(beyond):
        return float(x[-1])
    i = int(beyond[0])
    share = (loss - lost[i - 1]) / (lost[i] - lost[i - 1])
    return float(x[i - 1] + share * (x[i] - x[i - 1]))


FIGURE = robustness.robustness_figure(5, "accuracy with disturbed weights", read, CLAIMS, NOTES)
