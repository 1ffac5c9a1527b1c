"""The five perturbations of the robustness paper, on the weights of a layer: pure functions on flat arrays.

Each takes the weights, float (n,), and a strength, and returns a new array. A link that is removed keeps its place and
gets the weight 0. What the network computes is the same, and nothing has to be built again. `perturbed_model` applies
them to networks, `reference.perturbations` has them as plain loops.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # weights in link order, float (n,)

FINEST = 1e-12  # narrower bins, in parts of the weights' range, hold no two weights that differ


def random_pruning(weight: Array, strength: float, order: Array) -> Array:
    """Remove links chosen at random: round(strength * n) of them, the first in `order`.

    The order is a random one of the links, int64 (n,); the strength is in [0, 1], and halves round to the even number.
    "Random pruning" of [Sulyok2026].

    Examples
    --------
    >>> random_pruning(np.array([0.5, -1.0, 2.0, 0.1]), 0.5, np.array([2, 0, 3, 1]))
    array([ 0. , -1. ,  0. ,  0.1])
    """
    return _without(weight, order, strength)


def weight_order(weight: Array, strength: float) -> Array:
    """Remove the round(strength * n) links of largest magnitude; of equal ones the first in the array go first.

    "Weight-order pruning" of [Sulyok2026]; what its abstract calls an adversarial attack.

    Examples
    --------
    >>> weight_order(np.array([0.5, -1.0, 2.0, 0.1]), 0.5)
    array([0.5, 0. , 0. , 0.1])
    """
    return _without(weight, np.argsort(-np.abs(weight), kind="stable"), strength)


def reverse_weight_order(weight: Array, strength: float) -> Array:
    """Remove the round(strength * n) links of smallest magnitude; of equal ones the first in the array go first.

    "Reverse weight-order pruning" of [Sulyok2026].

    Examples
    --------
    >>> reverse_weight_order(np.array([0.5, -1.0, 2.0, 0.1]), 0.5)
    array([ 0., -1.,  2.,  0.])
    """
    return _without(weight, np.argsort(np.abs(weight), kind="stable"), strength)


def weight_bins(weight: Array, strength: float) -> NDArray[np.int64]:
    """Return the bin, int64 (n,), of each weight that `weight_shuffling` permutes within.

    The strength m in [0, 1] is the width of a bin in parts of the range of the weights. The bin is
    floor((w - min w) / h) with h = m (max w - min w); the largest weight never has a bin beyond the last one. Where h
    is zero, or m below 1e-12, each weight has a separate bin.

    Examples
    --------
    >>> weight_bins(np.array([-1.0, -0.9, -0.2, 0.1, 0.35, 1.0]), 0.25)
    array([0, 0, 1, 2, 2, 3])
    """
    low, high = (float(weight.min()), float(weight.max())) if len(weight) else (0.0, 0.0)
    width = strength * (high - low)
    if width == 0 or strength < FINEST:
        return np.arange(len(weight), dtype=np.int64)
    last = max(0, math.ceil(1 / strength - 1e-9) - 1)  # 1 / (1 / 49) is a little more than 49
    return np.minimum(np.floor((weight.astype(np.float64) - low) / width), last).astype(np.int64)


def weight_shuffling(weight: Array, strength: float, order: Array) -> Array:
    """Exchange weights of similar size: permute them at random inside bins.

    The strength m is the width of a bin, see `weight_bins`: 0 changes nothing, 1 shuffles all weights. The places of a
    bin, first to last, take its weights in `order`, a random order of the links, int64 (n,).

    "Weight shuffling" of [Sulyok2026]. The paper measures bins by "the range of weight values"; we take weights with
    their signs, so a bin around zero holds both signs.

    Examples
    --------
    >>> weight_shuffling(np.array([-1.0, -0.9, -0.2, 0.1, 0.35, 1.0]), 0.25, np.array([5, 4, 3, 2, 1, 0]))
    array([-0.9 , -1.  , -0.2 ,  0.35,  0.1 ,  1.  ])
    """
    bins = weight_bins(weight, strength)
    small = bins.astype(np.int16) if len(bins) and bins.max() < 2**15 else bins  # sorted by counting, ten times faster
    places, sources = np.argsort(small, kind="stable"), order[np.argsort(small[order], kind="stable")]
    shuffled = np.empty_like(weight)
    shuffled[places] = weight[sources]
    return shuffled


def weight_modification(weight: Array, strength: float, noise: Array) -> Array:
    """Add Gaussian noise to the weights: w + strength * mean(|w|) * noise, computed in float64.

    The strength, 0 or more, is the standard deviation of what is added, in mean magnitudes of the weights; the noise,
    float64 (n,), is drawn from N(0, 1). "Weight modification" of [Sulyok2026]. Links only: what is absent stays absent,
    and biases stay.

    Examples
    --------
    >>> weight_modification(np.array([1.0, -3.0]), 0.5, np.array([1.0, -0.1]))
    array([ 2. , -3.1])
    """
    sigma = strength * float(np.abs(weight).mean(dtype=np.float64)) if len(weight) else 0.0
    return (weight + sigma * noise).astype(weight.dtype)


class Perturbation(NamedTuple):
    """Hold a perturbation and what it draws."""

    function: Callable[..., Array]  # from weights, strength and what was drawn, if anything, to new weights
    # from a generator and the number of weights to the last argument; None for a perturbation without chance
    draw: Callable[[np.random.Generator, int], Array] | None
    most: float = 1.0  # the largest strength


# The position of a name is part of what a seed means: append, never reorder.
FUNCTIONS = {
    "random-pruning": Perturbation(random_pruning, np.random.Generator.permutation),
    "weight-order": Perturbation(weight_order, None),
    "reverse-weight-order": Perturbation(reverse_weight_order, None),
    "weight-shuffling": Perturbation(weight_shuffling, np.random.Generator.permutation),
    "weight-modification": Perturbation(weight_modification, np.random.Generator.standard_normal, math.inf),
}
PERTURBATIONS = tuple(FUNCTIONS)


def _without(weight: Array, order: Array, strength: float) -> Array:
    left = weight.copy()
    left[order[: round(strength * len(weight))]] = 0
    return left
