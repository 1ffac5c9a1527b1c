"""Links that stand twice and swaps against them, compiled: the twin of `reference.ramanujan`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


@jit
def doubled_links(indptr: Array, partners: Array) -> Array:
    """Find the links that repeat an earlier one; see `reference.ramanujan.doubled_links`.

    Serial, O(links + largest partner).
    """
    last_seen = np.full(partners.max() + 1 if len(partners) else 0, -1, np.int64)
    doubled = np.empty(len(partners), np.int64)
    found = 0
    for i in range(len(indptr) - 1):
        for link in range(indptr[i], indptr[i + 1]):
            if last_seen[partners[link]] == i:
                doubled[found] = link
                found += 1
            last_seen[partners[link]] = i
    return doubled[:found].copy()


@jit
def swap_apart(indptr: Array, partners: Array, doubled: Array, others: Array) -> Array:
    """Exchange partners of doubled links with others; see `reference.ramanujan.swap_apart`.

    Serial, O(links + doubled links times the largest degree).
    """
    after = partners.copy()
    for k in range(len(doubled)):
        here, there = doubled[k], others[k]
        a = np.searchsorted(indptr, here, side="right") - 1
        b = np.searchsorted(indptr, there, side="right") - 1
        x, y = after[here], after[there]
        of_a, of_b = after[indptr[a] : indptr[a + 1]], after[indptr[b] : indptr[b + 1]]
        if _count(of_a, x) > 1 and _count(of_a, y) == 0 and _count(of_b, x) == 0:
            after[here], after[there] = y, x
    return after


@jit
def _count(values: Array, wanted: int) -> int:
    found = 0
    for value in values:
        found += value == wanted
    return found
