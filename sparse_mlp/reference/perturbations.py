"""Reference implementation of the five perturbations of a layer's weights, as plain loops.

Random ones take their randomness as an argument: an order of the links, or noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def random_pruning(weight: Array, strength: float, order: Array) -> Array:
    """Set the first round(strength * n) of the weights (n,) in the given order, int64 (n,), to zero in a new array."""
    left = weight.copy()
    for k in range(round(strength * len(weight))):
        left[order[k]] = 0
    return left


def weight_order(weight: Array, strength: float) -> Array:
    """Set the round(strength * n) weights of largest magnitude to zero, of equal ones the first."""
    return _without(weight, strength, lambda new, old: abs(new) > abs(old))


def reverse_weight_order(weight: Array, strength: float) -> Array:
    """Set the round(strength * n) weights of smallest magnitude to zero, of equal ones the first."""
    return _without(weight, strength, lambda new, old: abs(new) < abs(old))


def _without(weight: Array, strength: float, goes_first: Callable[[float, float], bool]) -> Array:
    left, gone = weight.copy(), set[int]()
    for _ in range(round(strength * len(weight))):
        first = -1
        for i in range(len(weight)):
            if i not in gone and (first < 0 or goes_first(weight[i], weight[first])):
                first = i
        gone.add(first)
        left[first] = 0
    return left


def weight_bins(weight: Array, strength: float) -> Array:
    """Return the bin of each weight, of width strength * (largest - smallest weight), as int64 (n,).

    The bins begin at the smallest weight. The largest weight, if it would begin a new bin, belongs to the one below. If
    the strength is zero or all weights are equal, each weight has a separate bin.
    """
    bins = np.arange(len(weight))
    if len(weight) == 0:
        return bins
    low, high = min(float(w) for w in weight), max(float(w) for w in weight)
    width = strength * (high - low)
    if width == 0:
        return bins
    last = max(0, math.ceil(1 / strength - 1e-9) - 1)
    for i, w in enumerate(weight):
        bins[i] = min(math.floor((float(w) - low) / width), last)
    return bins


def weight_shuffling(weight: Array, strength: float, order: Array) -> Array:
    """Permute the weights inside each bin: its places, first to last, take its weights in the given order."""
    shuffled, bins = weight.copy(), weight_bins(weight, strength)
    for bin_ in set(bins.tolist()):
        places = [i for i in range(len(weight)) if bins[i] == bin_]
        sources = [int(i) for i in order if bins[i] == bin_]
        for place, source in zip(places, sources, strict=True):
            shuffled[place] = weight[source]
    return shuffled


def weight_modification(weight: Array, strength: float, noise: Array) -> Array:
    """Add strength * mean|weight| * noise, the noise being float64 (n,) from N(0, 1)."""
    changed = weight.copy()
    if len(weight) == 0:
        return changed
    sigma = strength * (math.fsum(abs(float(w)) for w in weight) / len(weight))
    for i in range(len(weight)):
        changed[i] = float(weight[i]) + sigma * float(noise[i])
    return changed
