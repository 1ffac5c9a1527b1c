"""Reference implementation of receptive fields, as plain loops: partners without replacement, near ones more likely."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def draw_fields(degrees: NDArray[np.int64], weights: Floats, uniforms: Floats) -> NDArray[np.int64]:
    """Draw the partners of each neuron of one side on the ring of the other side.

    Parameters
    ----------
    degrees : int64 (count,)
        Links of each neuron, 0 to n.
    weights : float64 (n,)
        Of the places on the ring, the nearest first: the centre, its left and its right neighbour, the next on the
        left and on the right, and so on. None is negative.
    uniforms : float64 (sum of degrees,)
        One number in [0, 1) for each link.

    Returns
    -------
    int64 (sum of degrees,)
        Partners of neuron 0 in the order in which they were drawn, then those of neuron 1, and so on.

    Notes
    -----
    The centre of neuron i is :math:`\\lfloor (i + 1/2)\\, n / count \\rfloor`. One after the other, each partner is
    drawn among the places that are still free, with probability in proportion to their weights; when these are all
    zero, the nearest free place is taken. A number u picks the place that holds the share u of what is left, found by
    halving: sums of halves are added pairwise, as in the tree of the compiled twin, so that both pick the same place.
    """
    count, n = len(degrees), len(weights)
    partners, link = [], 0
    for neuron in range(count):
        centre = (2 * neuron + 1) * n // (2 * count)
        left = _padded(weights)
        free = list(range(n))
        for _ in range(degrees[neuron]):
            rank = _rank_at(left, uniforms[link] * _total(left)) if _total(left) > 0 else free[0]
            left[rank] = 0.0
            free.remove(rank)
            partners.append((centre + _offset(rank)) % n)
            link += 1
    return np.array(partners, np.int64)


def _padded(weights: Floats) -> list[float]:
    """Add zeros up to the next power of two, so that halves are equal."""
    size = 1
    while size < len(weights):
        size *= 2
    return [*weights.tolist(), *[0.0] * (size - len(weights))]


def _total(weights: list[float]) -> float:
    if len(weights) == 1:
        return weights[0]
    half = len(weights) // 2
    return _total(weights[:half]) + _total(weights[half:])


def _rank_at(weights: list[float], target: float) -> int:
    """Return the rank at which the running sum of the weights passes the target."""
    if len(weights) == 1:
        return 0
    half = len(weights) // 2
    nearer, farther = _total(weights[:half]), _total(weights[half:])
    # Rounding may leave a target beyond the end of its half, where only zeros are left.
    if target < nearer or farther == 0:
        return _rank_at(weights[:half], target)
    return half + _rank_at(weights[half:], target - nearer)


def _offset(rank: int) -> int:
    """Return the step from the centre to the place of this rank: 0, -1, 1, -2, 2, ..."""
    return rank // 2 if rank % 2 == 0 else -(rank + 1) // 2
