"""The compiled training step: each thread takes its own tiles of the batch through the whole network.

Two parallel regions a step instead of two a layer. A group of consecutive tiles owns one workspace and one gradient
buffer; the buffers are summed in the order of the groups. Grouping depends on the batch alone, so the bytes do not
depend on the number of threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit, parallel_jit, prange
from sparse_mlp.kernels.linear import sum_in_order
from sparse_mlp.kernels.network import (
    Network,
    backward_tile,
    forward_tile,
    is_batch,
    load_tile,
)
from sparse_mlp.kernels.tile_losses import (
    SOFTMAX_CROSS_ENTROPY,
    mean_squared_error_tile,
    softmax_cross_entropy_tile,
)

Array = NDArray[Any]

BLOCK = 4096  # values that one thread sums at a time: 16 KB of each buffer


@jit
def _group_gradient(
    net: Network, values: Array, x: Array, samples: Array, labels: Array, targets: Array,
    loss_kind: int, smoothing: float, work: Array, gradient: Array, first_tile: int, last_tile: int,
) -> float:  # fmt: skip
    """Write the gradient of tiles `first_tile:last_tile` and return their part of the mean loss."""
    width, batch = work.shape[1], len(samples)
    scores = work[net.activation_start[-1] : net.activation_start[-1] + net.sizes[-1]]
    gradient[:] = 0
    loss = 0.0
    for t in range(first_tile, last_tile):
        first = t * width
        count = min(width, batch - first)
        load_tile(x, samples, first, count, work[: net.sizes[0]])
        forward_tile(net, values, work)
        if loss_kind == SOFTMAX_CROSS_ENTROPY:
            loss += softmax_cross_entropy_tile(scores, labels, samples, first, count, smoothing, batch)
        else:
            loss += mean_squared_error_tile(scores, targets, samples, first, count, batch)
        backward_tile(net, values, work, gradient)
    return loss


@parallel_jit
def _groups_gradient(
    net: Network, values: Array, x: Array, samples: Array, labels: Array, targets: Array,
    loss_kind: int, smoothing: float, work: Array, partial: Array, gradient: Array,
) -> float:  # fmt: skip
    groups, width = work.shape[0], work.shape[2]
    tiles = (len(samples) + width - 1) // width
    losses = np.zeros(groups)
    for g in prange(groups):
        losses[g] = _group_gradient(
            net, values, x, samples, labels, targets, loss_kind, smoothing, work[g], partial[g],
            g * tiles // groups, (g + 1) * tiles // groups,
        )  # fmt: skip
    for block in prange((len(values) + BLOCK - 1) // BLOCK):
        sum_in_order(partial, gradient, block * BLOCK, min(len(values), (block + 1) * BLOCK))
    loss = 0.0
    for g in range(groups):
        loss += losses[g]
    return loss


def network_gradient(
    net: Network, values: Array, x: Array, samples: Array, labels: Array, targets: Array,
    loss_kind: int, smoothing: float, work: Array, partial: Array, gradient: Array,
) -> float:  # fmt: skip
    """Compute the mean loss of a batch and its gradient by all values of the network.

    Parameters
    ----------
    net : Network
    values : float (values,)
        All weights, then all biases.
    x : float (n_samples, n_in)
        The whole training set, of the type of `values`.
    samples : int64 (batch,)
        Which of its rows form the batch.
    labels : int64 (n_samples,)
        Class of each sample; read with SOFTMAX_CROSS_ENTROPY only.
    targets : float (n_samples, n_out)
        Targets of each sample; read with MEAN_SQUARED_ERROR only.
    loss_kind : int
    smoothing : float
        Label smoothing.
    work : float (groups, rows, width)
        Workspace of each group of tiles.
    partial : float (groups, values)
        Gradient of each group.
    gradient : float (values,)
        Receives the gradient.

    Returns
    -------
    float
        The mean loss; not a number, with nothing written, if a sample or a label is out of range.

    Notes
    -----
    O(nnz * batch) multiply-adds: one per link forward, two backward. A single group runs without starting threads.
    """
    if not is_batch(samples, len(x), labels, net.sizes[-1]):
        return math.nan
    if len(work) == 1:
        tiles = -(-len(samples) // work.shape[2])
        return _group_gradient(
            net, values, x, samples, labels, targets, loss_kind, smoothing, work[0], gradient, 0, tiles
        )
    return _groups_gradient(
        net, values, x, samples, labels, targets, loss_kind, smoothing, work, partial, gradient
    )


@parallel_jit
def network_scores(net: Network, values: Array, x: Array, work: Array, scores: Array) -> None:
    """Write the scores of all samples x (n_samples, n_in) into scores (n_samples, n_out)."""
    groups, width, n_samples = work.shape[0], work.shape[2], len(x)
    samples = np.arange(n_samples)
    tiles = (n_samples + width - 1) // width
    for g in prange(groups):
        for t in range(g * tiles // groups, (g + 1) * tiles // groups):
            first = t * width
            count = min(width, n_samples - first)
            load_tile(x, samples, first, count, work[g, : net.sizes[0]])
            forward_tile(net, values, work[g])
            start = net.activation_start[-1]
            for j in range(count):
                for v in range(scores.shape[1]):
                    scores[first + j, v] = work[g, start + v, j]
