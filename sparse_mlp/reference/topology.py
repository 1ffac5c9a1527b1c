"""Reference implementation of drawing a wiring, as plain loops: distinct numbers from given draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def distinct_integers(draws: NDArray[np.int64], population: int) -> NDArray[np.int64]:
    """Turn k independent draws into k distinct numbers below `population`, which is at least k.

    Parameters
    ----------
    draws : int64 (k,)
        Entry j is uniform in [0, population - k + j], ends included; drawn by the caller.

    Returns
    -------
    int64 (k,)
        Distinct numbers in the order in which they were chosen. Every set of k numbers is equally likely.

    Notes
    -----
    Floyd's algorithm [Bentley1987]: before step j all chosen numbers are below
    `population - k + j`, so when a draw has been chosen already, that bound itself is still free.
    """
    chosen: dict[int, None] = {}
    for j in range(len(draws)):
        draw, bound = int(draws[j]), population - len(draws) + j
        chosen[bound if draw in chosen else draw] = None
    return np.array(list(chosen), np.int64)
