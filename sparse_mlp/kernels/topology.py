"""Drawing a wiring, compiled: the twin of `reference.topology`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


@jit
def distinct_integers(draws: Array, population: int) -> Array:
    """Turn k independent draws into k distinct numbers; see `reference.topology.distinct_integers`.

    Serial, O(k) time on average, 16 to 32 bytes of hash table per number.
    """
    k = len(draws)
    size = 4
    while size < 2 * k:
        size *= 2
    table = np.full(size, -1, np.int64)
    chosen = np.empty(k, np.int64)
    for j in range(k):
        number = draws[j]
        slot = _slot_of(table, number)
        if table[slot] == number:
            number = population - k + j
            slot = _slot_of(table, number)
        table[slot] = number
        chosen[j] = number
    return chosen


@jit
def _slot_of(table: Array, number: int) -> int:
    # The numbers are random, so their low bits are hash enough; half of the table is empty, so the walk is short.
    last = len(table) - 1
    slot = number & last
    while table[slot] >= 0 and table[slot] != number:
        slot = (slot + 1) & last
    return slot
