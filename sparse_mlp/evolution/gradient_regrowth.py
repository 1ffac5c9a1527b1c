"""New links where the loss falls fastest: by the gradient that absent links would have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sparse_mlp.errors import invalid
from sparse_mlp.evolution.per_kernel import check_rooms, lost_by_kernel
from sparse_mlp.evolution.regrowth import Positions, check_room
from sparse_mlp.evolution.update import Mask
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.layers import Linked

ROWS = 128  # a block of the gradient has a multiple of so many rows
BLOCK_SIZE = 2**20  # entries of the dense gradient made at a time; 4 MB in single precision


def regrow_by_gradient(layer: Linked, keep: Mask, k: int, *, per_kernel: bool = False, **_: Any) -> Positions:
    """Choose the k absent positions where the gradient of the loss by the weight is largest in magnitude.

    The arguments are those of `regrowth`; the layer has the signals of a batch. Of equal gradients the first in
    row-major order wins.

    Parameters
    ----------
    per_kernel : bool
        Whether each output gets as many links as it lost, those of its own largest gradients.

    Raises
    ------
    InvalidInputError
        If the layer recorded no signals, the gradient is not finite, or fewer than k positions are absent.

    Notes
    -----
    Growth of RigL [Evci2020]. The dense gradient is made some rows at a time, and only the best k of what was seen are
    remembered. Cost O(n_in * n_out * batch).
    """
    check_room(layer, keep, k)
    counts = lost_by_kernel(layer, keep) if per_kernel else None
    if counts is not None:
        check_rooms(layer, keep, counts)
    ops, structure, rows = evolution_ops(), layer.structure, layer.growable()
    n_out, taken = structure.n_out, structure.keys().compress(keep)
    best, magnitude = np.zeros(0, np.int64), np.zeros(0, layer.weight.dtype)
    for start in range(0, structure.n_in, _height(layer)):
        stop = min(start + _height(layer), structure.n_in)
        gradient = layer.gradient_magnitudes(start, stop)
        if not np.all(np.isfinite(gradient)):
            remedy = "training has diverged: lower the learning rate"
            raise invalid(f"an infinite gradient in layer {layer.name}", "finite numbers", remedy)
        if rows is not None:
            gradient[~np.isin(np.arange(start, stop), rows)] = -1.0
        gradient = gradient.ravel()
        first, last = np.searchsorted(taken, [start * n_out, stop * n_out])
        gradient[taken[first:last] - start * n_out] = -1.0
        if counts is None:
            here = np.flatnonzero(ops.take_largest(gradient, min(k, int(np.count_nonzero(gradient >= 0)))))
        else:
            here = np.flatnonzero(gradient >= 0)
        best, magnitude = np.concatenate((best, start * n_out + here)), np.concatenate((magnitude, gradient[here]))
        if counts is None:
            largest = ops.take_largest(magnitude, min(k, len(magnitude)))
        else:
            largest = ops.take_smallest_of_groups(-magnitude, best % n_out, counts)
        best, magnitude = best[largest], magnitude[largest]
    return best


def _height(layer: Linked) -> int:
    """Return how many rows of the gradient to make at a time."""
    numbers_in_a_row = layer.structure.n_out * math.prod(layer.weight.shape[1:])
    return max(ROWS, BLOCK_SIZE // numbers_in_a_row // ROWS * ROWS)
