"""Figure 1 of [Li2025]: a convolution as a bipartite graph of pixels and windows, and one update of CHT-Conv on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparse_mlp.evolution import EvolvingUnit, make_rule
from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.quantities import Quantity
from sparse_mlp.layers import SparseConv2d
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:
    from sparse_mlp.plotting import ConvUpdateDisplay

SIDE = 4  # of the image; without padding a kernel of 3 x 3 has four windows
# Tap → weight. Of these the two smallest go; of the six that are then absent no two of the best have equal scores.
KERNEL = {(0, 0): 0.9, (0, 1): -0.7, (1, 1): 0.8, (1, 2): 0.1, (2, 1): -0.2}
ZETA = 0.4
SCORE = "score of an absent tap"


def read(runs: Runs) -> Results:
    """Make one update, and draw it."""
    results, display = Results(), one_update()
    results.draw("update", display)
    for tap in np.flatnonzero(np.isfinite(display.means)):
        by_window = {window: float(score) for window, score in enumerate(display.scores[tap]) if np.isfinite(score)}
        label = "tap ({}, {})".format(*divmod(int(tap), display.geometry.kernel))
        results.quantities.add([Quantity(f"image of {SIDE} x {SIDE}", label, SCORE, "", by_window)])
    return results


def one_update(predictor: str = "ch3-l3n") -> ConvUpdateDisplay:
    """Update one kernel of 3 x 3 taps on an image of 4 x 4 pixels by CHT-Conv.

    Two of five links go, those of the taps (1, 2) and (2, 1). The tap (1, 2) has the second best score of the absent
    ones, so its link comes back; the other new link is that of tap (1, 0).

    Examples
    --------
    >>> one_update().grown
    array([3, 5])
    """
    from sparse_mlp.plotting import ConvUpdateDisplay

    rows = [3 * a + b for a, b in KERNEL]
    structure = SparseStructure.from_coo(rows, [0] * len(rows), (9, 1))
    layer = SparseConv2d(structure, (1, SIDE, SIDE), list(KERNEL.values()), kernel=3, padding=0)
    rule = make_rule("cht-conv", zeta=ZETA, predictor=predictor)
    (change,) = rule.update([EvolvingUnit("convolution", (layer,))], 0.0, 0).layers
    return ConvUpdateDisplay.from_update(change, layer.geometry, list(KERNEL.values()), predictor)


FIGURE = Figure(
    "conv-figure", "Fig. 1, one update of a convolution", "Li2025", (), {"smoke": 0.1, "laptop": 0.1, "paper": 0.1},
    read,
    notes=("One kernel on an image of one channel, without padding; weights of our choice. The link of tap (1, 2) goes "
           "and comes back. n counts windows: the mean over them is the score of the tap.",),
)  # fmt: skip
