"""Reference implementation of dendrites, as plain loops: how many links each has, and which inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def share_links(shares: Array, pointers: Array, degrees: Array, uniforms: Array) -> Array:
    """Share the links of each output among its dendrites.

    Parameters
    ----------
    shares : float64 (n_dendrites,)
        The share of each, in proportion, at least 0; if all of an output are 0, they count as equal.
    pointers : int64 (n_out + 1,)
        Output j has the dendrites from pointers[j] to pointers[j + 1] - 1.
    degrees : int64 (n_out,)
        Links of each output, no fewer than it has dendrites.
    uniforms : float64 (n_out,)
        In [0, 1), drawn by the caller.

    Returns
    -------
    int64 (n_dendrites,)
        Links of each dendrite, at least 1, with the sum degrees[j] over output j.

    Notes
    -----
    Each dendrite takes one link; the other r links are shared by systematic sampling [Madow1949]. The dendrites lie one
    after the other on a line of length r, and links are placed at distance one, from a random first place on. A
    dendrite gets the whole part of its length, and one more with its fractional part as probability.
    """
    sizes = np.empty(len(shares), np.int64)
    for j in range(len(degrees)):
        first, last = int(pointers[j]), int(pointers[j + 1])
        own = [float(share) for share in shares[first:last]]
        if not any(own):
            own = [1.0] * len(own)
        total = 0.0
        for share in own:
            total += share
        rest = int(degrees[j]) - len(own)
        dealt, sofar = 0, 0.0
        for q, share in enumerate(own):
            sofar += share
            is_last = q == len(own) - 1
            up_to_here = rest if is_last else min(rest, math.floor(rest * sofar / total + uniforms[j]))
            sizes[first + q] = 1 + up_to_here - dealt
            dealt = up_to_here
    return sizes


def place_blocks(centres: Array, sizes: Array, pointers: Array, starts: Array, widths: Array) -> Array:
    """Place the dendrites of each output side by side, as near to their centres as possible.

    Parameters
    ----------
    centres : float64 (n_dendrites,)
        Where the middle of each block should be, ascending for each output. Input i fills the line from i to i + 1.
    sizes, pointers : int64 (n_dendrites,), (n_out + 1,)
        Inputs of each block, and the dendrites of each output, as in `share_links`.
    starts, widths : int64 (n_out,)
        First input and width of the field that all blocks of an output must lie in; they fit.

    Returns
    -------
    int64 (n_dendrites,)
        First input of each block.

    Notes
    -----
    Let :math:`y` be the desired start of a block less the sizes of the blocks before it. Blocks do not overlap exactly
    if y never falls. The nearest such y by least squares, each link counting once, is found by replacing neighbours
    that fall by their mean [Best1990]; blocks that are pooled form one run. Rounding, and moving what is outside the
    field to its border, keep the order.
    """
    placed = np.empty(len(centres), np.int64)
    for j in range(len(starts)):
        blocks = range(int(pointers[j]), int(pointers[j + 1]))
        runs: list[tuple[float, float, int]] = []  # start, links, blocks
        before = 0
        for q in blocks:
            run = (float(centres[q]) - sizes[q] / 2 - before, float(sizes[q]), 1)
            while runs and runs[-1][0] > run[0]:
                run = _pooled(runs.pop(), run)
            runs.append(run)
            before += int(sizes[q])
        low, high = int(starts[j]), int(starts[j] + widths[j]) - before
        shifts = [shift for shift, _, count in runs for _ in range(count)]
        before = 0
        for q, shift in zip(blocks, shifts, strict=True):
            placed[q] = min(max(math.floor(shift + 0.5), low), high) + before
            before += int(sizes[q])
    return placed


def _pooled(left: tuple[float, float, int], right: tuple[float, float, int]) -> tuple[float, float, int]:
    links = left[1] + right[1]
    return (left[0] * left[1] + right[0] * right[1]) / links, links, left[2] + right[2]
