"""The ring lattice of the small-world wiring, compiled: the twin of `reference.small_world`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


@jit
def ring_windows(degrees: Array, n: int) -> Array:
    """Link each neuron to consecutive neurons of a ring; see `reference.small_world.ring_windows`.

    Serial, O(links).
    """
    count = len(degrees)
    partners = np.empty(degrees.sum(), np.int64)
    link = 0
    for j in range(count):
        k = degrees[j]
        start = ((2 * j + 1) * n - k * count) // (2 * count)
        for i in range(k):
            partners[link] = (start + i) % n
            link += 1
    return partners
