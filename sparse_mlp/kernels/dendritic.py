"""Dendrites, compiled: the twin of `reference.dendritic`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


@jit
def share_links(shares: Array, pointers: Array, degrees: Array, uniforms: Array) -> Array:
    """Share the links of each output among its dendrites; see `reference.dendritic.share_links`.

    Serial, O(n_dendrites).
    """
    sizes = np.empty(len(shares), np.int64)
    for j in range(len(degrees)):
        first, last = pointers[j], pointers[j + 1]
        total = 0.0
        for q in range(first, last):
            total += shares[q]
        alike = total == 0.0
        if alike:
            total = float(last - first)
        rest = degrees[j] - (last - first)
        dealt, sofar = 0, 0.0
        for q in range(first, last):
            sofar += 1.0 if alike else shares[q]
            up_to_here = min(rest, math.floor(rest * sofar / total + uniforms[j]))
            if q == last - 1:
                up_to_here = rest
            sizes[q] = 1 + up_to_here - dealt
            dealt = up_to_here
    return sizes


@jit
def place_blocks(centres: Array, sizes: Array, pointers: Array, starts: Array, widths: Array) -> Array:
    """Place the dendrites of each output side by side; see `reference.dendritic.place_blocks`.

    Serial, O(n_dendrites), and 24 bytes for each dendrite of the output that has most.
    """
    most = 0
    for j in range(len(starts)):
        most = max(most, pointers[j + 1] - pointers[j])
    shift, links, count = np.empty(most), np.empty(most), np.empty(most, np.int64)  # the runs, as a stack
    placed = np.empty(len(centres), np.int64)
    for j in range(len(starts)):
        runs, before = 0, 0
        for q in range(pointers[j], pointers[j + 1]):
            shift[runs], links[runs], count[runs] = centres[q] - sizes[q] / 2 - before, sizes[q], 1
            runs += 1
            while runs > 1 and shift[runs - 2] > shift[runs - 1]:
                runs -= 1
                both = links[runs - 1] + links[runs]
                shift[runs - 1] = (shift[runs - 1] * links[runs - 1] + shift[runs] * links[runs]) / both
                links[runs - 1] = both
                count[runs - 1] += count[runs]
            before += sizes[q]
        low, high = starts[j], starts[j] + widths[j] - before
        q, before = pointers[j], 0
        for run in range(runs):
            at = min(max(math.floor(shift[run] + 0.5), low), high)
            for _ in range(count[run]):
                placed[q] = at + before
                before += sizes[q]
                q += 1
    return placed
