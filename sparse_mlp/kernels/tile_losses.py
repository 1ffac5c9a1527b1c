"""The losses of the compiled step: the scores of a tile give way to their gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]

SOFTMAX_CROSS_ENTROPY, MEAN_SQUARED_ERROR = range(2)


@jit
def softmax_cross_entropy_tile(
    scores: Array, labels: Array, samples: Array, first: int, count: int, smoothing: float, batch: int
) -> float:
    """Replace the scores (n_out, width) by their gradient and return the tile's part of the mean loss."""
    n_out, width = scores.shape
    highest, normaliser = np.empty(width, scores.dtype), np.zeros(width, scores.dtype)
    highest[:] = scores[0]
    for v in range(1, n_out):
        for j in range(width):
            highest[j] = max(highest[j], scores[v, j])
    loss = 0.0
    for j in range(count):
        label = labels[samples[first + j]]
        loss -= (1 - smoothing) * (scores[label, j] - highest[j])
        if smoothing > 0:
            for v in range(n_out):
                loss -= smoothing / n_out * (scores[v, j] - highest[j])
    for v in range(n_out):
        for j in range(width):
            scores[v, j] = np.exp(scores[v, j] - highest[j])
            normaliser[j] += scores[v, j]
    for j in range(count):
        loss += np.log(normaliser[j])
    for v in range(n_out):
        for j in range(width):
            scores[v, j] = (scores[v, j] / normaliser[j] - smoothing / n_out) / batch if j < count else 0
    for j in range(count):
        scores[labels[samples[first + j]], j] -= (1 - smoothing) / batch
    return loss / batch


@jit
def mean_squared_error_tile(
    scores: Array, targets: Array, samples: Array, first: int, count: int, batch: int
) -> float:
    """Replace the scores (n_out, width) by their gradient and return the tile's part of half the mean square."""
    n_out, width = scores.shape
    loss = 0.0
    for v in range(n_out):
        for j in range(count):
            error = scores[v, j] - targets[samples[first + j], v]
            loss += 0.5 * error * error
            scores[v, j] = error / (batch * n_out)
        for j in range(count, width):
            scores[v, j] = 0
    return loss / (batch * n_out)
