"""Reference implementation of the ring lattice of the small-world wiring, as plain loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ring_windows(degrees: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Link each neuron of one side to consecutive neurons on the ring of the n neurons of the other side.

    The degrees, int64 (count,), are from 0 to n. The result, int64 (sum of degrees,), lists the partners of neuron 0,
    then those of neuron 1 and so on, each window from its start.

    Neuron j stands above the point :math:`(j + 1/2)\\, n / count` of the ring, on which neuron i takes the stretch from
    i to i + 1. Its window of k neurons starts at :math:`\\lfloor (j + 1/2)\\, n / count - k / 2 \\rfloor`, counted
    modulo n.
    """
    count = len(degrees)
    partners = []
    for j in range(count):
        k = int(degrees[j])
        start = ((2 * j + 1) * n - k * count) // (2 * count)
        for i in range(k):
            partners.append((start + i) % n)
    return np.array(partners, np.int64)
