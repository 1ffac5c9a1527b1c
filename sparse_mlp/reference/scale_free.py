"""Reference implementation of preferential attachment between two sides, as plain loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def attach(
    side: Integers, brings: Integers, uniforms: NDArray[np.float64], n_in: int, n_out: int
) -> tuple[Integers, Integers]:
    """Let neurons arrive one after the other and link themselves to well-linked neurons of the other side.

    Parameters
    ----------
    side : int64 (n_in + n_out,)
        Of each neuron in the order of arrival: 0 for an input, 1 for an output.
    brings : int64 (n_in + n_out,)
        How many links each makes when it arrives; at most as many as neurons of the other side have arrived before.
    uniforms : float64 (sum of brings,)
        One number in [0, 1) for each link.

    Returns
    -------
    inputs, outputs : int64 (sum of brings,)
        Ends of each link in the order in which they were made; the neurons of a side are numbered as they arrive.

    Notes
    -----
    Each of a newcomer's links goes to a neuron of the other side that it has not chosen yet, with probability in
    proportion to the links which that neuron had before. When none of them has any, the one that arrived first is
    taken.
    """
    degrees: tuple[list[int], list[int]] = ([], [])
    ends: tuple[list[int], list[int]] = ([], [])
    link = 0
    for mine, count in zip(side.tolist(), brings.tolist(), strict=True):
        others = degrees[1 - mine]
        weights = others.copy()
        chosen: list[int] = []
        for _ in range(count):
            if sum(weights) > 0:
                partner = _at(weights, int(uniforms[link] * sum(weights)))
            else:
                partner = min(set(range(len(others))) - set(chosen))
            weights[partner] = 0
            chosen.append(partner)
            link += 1
        ends[mine].extend([len(degrees[mine])] * count)
        ends[1 - mine].extend(chosen)
        degrees[mine].append(count)
        for partner in chosen:
            others[partner] += 1
    return np.array(ends[0], np.int64), np.array(ends[1], np.int64)


def _at(weights: list[int], target: int) -> int:
    """Return the index at which the running sum of the weights passes the target."""
    passed = 0
    for index, weight in enumerate(weights):
        passed += weight
        if target < passed:
            return index
    raise AssertionError("the target is below the sum of the weights")
