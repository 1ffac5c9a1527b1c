"""Figure 6 of [Sulyok2026]: the density of the magnitudes of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.experiments.reproduction.claims import equivalent, higher, within
from sparse_mlp.experiments.reproduction.figure import Results
from sparse_mlp.experiments.reproduction.figures import robustness
from sparse_mlp.experiments.reproduction.figures.robustness import CH3L3, EMNIST, FASHION, KMNIST, MNIST, RLR
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.quantities import Floats, Quantity
from sparse_mlp.training import layers_of, load_checkpoint

if TYPE_CHECKING:
    from sparse_mlp.plotting import Display

MIDDLE, LARGE, GAP = "links with 0.2 < |w| < 1", "links with |w| > 1", "gap of the density near 0"
BINS, SHOWN = 100, 0.99  # of the density in which a gap is looked for, from 0 to that quantile
EDGE = 0.2  # of the highest density: what the edges of a gap reach at least

CLAIMS = (
    higher("RLR has more links with 0.2 < |w| < 1 on all sets", "2.2, Fig. 6", MIDDLE, RLR, CH3L3, "% of the links"),
    *(within(f"the density has a narrow minimum near 0 (20 % deep at least), {method}", "2.2, Fig. 6", GAP, method,
             low=20, unit="%") for method in (CH3L3, RLR)),
    higher("|w| > 1: CH3L3 has more links on MNIST and EMNIST", "2.2, Fig. 6 (C-5)", LARGE, CH3L3, RLR,
           "% of the links", datasets=(MNIST, EMNIST)),
    higher("|w| > 1: RLR has more links on Fashion-MNIST", "2.2, Fig. 6 (C-5)", LARGE, RLR, CH3L3, "% of the links",
           datasets=(FASHION,)),
    equivalent("|w| > 1: no difference on KMNIST (0.1 % of the links)", "2.2, Fig. 6 (C-5)", LARGE, CH3L3, RLR, 0.1,
               "% of the links", datasets=(KMNIST,)),
)  # fmt: skip
NOTES = (
    "Weights of the sparse layers after the last epoch. Ours: the minimum near 0 is as deep as its lowest bin lies "
    "below the lower one of the heights to both sides, in bins of a hundredth of the 99 % quantile.",
    "Where the paper speaks of panels of Fig. 4 here, those of Fig. 6 are meant (C-5).",
)


def read(runs: Runs) -> Results:
    """Take the magnitudes of the weights of the sparse layers, from the checkpoints."""
    results, table = Results(), dict[str, dict[str, list[Floats]]]()
    for dataset, method in runs.pairs():
        magnitudes = {run.planned.seed: _magnitudes(run.folder) for run in runs.of(dataset, method)}
        table.setdefault(dataset, {})[method] = list(magnitudes.values())
        for name, value in (
            (MIDDLE, lambda w: share_between(w, 0.2, 1.0)),
            (LARGE, lambda w: share_between(w, 1.0)),
            (GAP, density_gap),
        ):
            by_seed = {seed: 100 * value(weights) for seed, weights in magnitudes.items()}
            results.quantities.add([Quantity(dataset, method, name, "%", by_seed)])
    if table:
        results.draw("weights", drawing(table))
    return results


def share_between(magnitude: Floats, low: float, high: float = np.inf) -> float:
    """Return the share of links with low < |w| < high."""
    return float(np.mean((magnitude > low) & (magnitude < high)))


def density_gap(magnitude: Floats) -> float:
    """Return how deep the deepest gap of the density of |w| is, as a share of its lower edge.

    Notes
    -----
    Bins of a hundredth of the 99 % quantile. Both edges must reach a fifth of the highest density: a gap in the thin
    tail does not count. 0 where the density only rises to a maximum and falls from there.

    Examples
    --------
    >>> density_gap(np.repeat([0.005, 0.015, 0.025, 1.0], [10, 5, 20, 2]))
    0.5
    """
    end = float(np.quantile(magnitude, SHOWN))
    density, _ = np.histogram(magnitude, BINS, (0.0, end)) if end > 0 else (np.zeros(BINS), None)
    edges = np.minimum(np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1])
    high = edges >= max(EDGE * density.max(), 1)
    return float(np.max(1 - density[high] / edges[high], initial=0.0))


def drawing(weights: Mapping[str, Mapping[str, list[Floats]]]) -> Display:
    """Draw the density of weights by data set and method, one array for each network."""
    from sparse_mlp import plotting

    colors = plotting.method_looks(plotting.methods_of(weights), robustness.COLORS)

    def draw(axes: Any, dataset: str) -> None:
        plotting.WeightDistributionDisplay.from_weights(weights[dataset]).plot(axes, colors=colors, legend=False)

    looks = {plotting.with_count(weights, method): {"color": color} for method, color in colors.items()}
    return plotting.PanelsDisplay(list(weights), draw, xlabel="weight magnitude |w|", ylabel="density (log scale)",
                                  keys=plotting.line_keys(looks))  # fmt: skip


def _magnitudes(folder: Path) -> Floats:
    layers = [layer for layer in layers_of(load_checkpoint(folder)) if layer.structure is not None]
    return np.abs(np.concatenate([layer.weight for layer in layers])).astype(np.float64)


FIGURE = robustness.robustness_figure(6, "density of |w|", read, CLAIMS, NOTES)
