"""The compiled training step: each thread takes its own tiles of the batch through the whole network.

Two parallel regions a step instead of two a layer. A group of consecutive tiles owns one workspace and one gradient
buffer; the buffers are summed in the order of the groups. Grouping depends on the batch alone, so the bytes do not
depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import parallel_jit, prange
from sparse_mlp.kernels.linear import sum_in_order
from sparse_mlp.kernels.network import (
    SOFTMAX_CROSS_ENTROPY,
    Network,
    backward_tile,
    forward_tile,
    load_tile,
    mean_squared_error_tile,
    softmax_cross_entropy_tile,
)

Array = NDArray[Any]

BLOCK = 4096  # values that one thread sums at a time: 16 KB of each buffer


@parallel_jit
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
        The mean loss.

    Notes
    -----
    O(nnz * batch) multiply-adds: one per link forward, two backward.
    """
    groups, width, batch = work.shape[0], work.shape[2], len(samples)
    tiles = (batch + width - 1) // width
    per_group = (tiles + groups - 1) // groups
    losses = np.zeros(groups)
    for g in prange(groups):
        partial[g] = 0
        for t in range(g * per_group, min(tiles, (g + 1) * per_group)):
            first = t * width
            count = min(width, batch - first)
            load_tile(x, samples, first, count, work[g, : net.sizes[0]])
            forward_tile(net, values, work[g])
            scores = work[g, net.activation_start[-1] : net.activation_start[-1] + net.sizes[-1]]
            if loss_kind == SOFTMAX_CROSS_ENTROPY:
                losses[g] += softmax_cross_entropy_tile(scores, labels, samples, first, count, smoothing, batch)
            else:
                losses[g] += mean_squared_error_tile(scores, targets, samples, first, count, batch)
            backward_tile(net, values, work[g], partial[g])
    used = (tiles + per_group - 1) // per_group
    for block in prange((len(values) + BLOCK - 1) // BLOCK):
        sum_in_order(partial[:used], gradient, block * BLOCK, min(len(values), (block + 1) * BLOCK))
    loss = 0.0
    for g in range(groups):
        loss += losses[g]
    return loss


@parallel_jit
def network_scores(net: Network, values: Array, x: Array, work: Array, scores: Array) -> None:
    """Write the scores of all samples x (n_samples, n_in) into scores (n_samples, n_out)."""
    groups, width, n_samples = work.shape[0], work.shape[2], len(x)
    samples = np.arange(n_samples)
    tiles = (n_samples + width - 1) // width
    per_group = (tiles + groups - 1) // groups
    for g in prange(groups):
        for t in range(g * per_group, min(tiles, (g + 1) * per_group)):
            first = t * width
            count = min(width, n_samples - first)
            load_tile(x, samples, first, count, work[g, : net.sizes[0]])
            forward_tile(net, values, work[g])
            start = net.activation_start[-1]
            for j in range(count):
                for v in range(scores.shape[1]):
                    scores[first + j, v] = work[g, start + v, j]
