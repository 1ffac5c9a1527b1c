"""The generator of a Transformer and its loss by BLAS and NumPy: the twin of `reference.vocabulary`.

Half of a training step is here. Scores of at most 512 tokens exist at a time, token-major, in memory that a thread
keeps; what is scores becomes their gradient in place. `math.exp` in compiled code takes two to four times as long as
NumPy's exponential, so these passes are NumPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.tiles import scratch

Array = NDArray[Any]

CHUNK = 512  # tokens


def scores(h: Array, weight: Array, bias: Array) -> Array:
    """Return the scores (tokens, words); see `reference.vocabulary.scores`."""
    z = h @ weight.T
    z += bias
    return z


def loss_and_gradients(
    h: Array, weight: Array, bias: Array, target: Array, label_smoothing: float, total: float, *, dweight: Array,
    dbias: Array,
) -> tuple[float, Array]:  # fmt: skip
    """Return loss and dh, and add the other gradients; see `reference.vocabulary.loss_and_gradients`."""
    loss, dh, one = 0.0, np.empty_like(h), h.dtype.type
    for first in range(0, len(h), CHUNK):
        part = slice(first, first + CHUNK)
        z, tokens = _chunk(h[part], weight, bias), np.arange(len(target[part]))
        losses, sums = _losses(z, target[part], label_smoothing)  # z is exp(z - largest) now
        loss += float(losses.sum()) / total
        z *= (1 / (sums * total)).astype(h.dtype)[:, None]
        if label_smoothing:
            z -= one(label_smoothing / len(weight) / total)
        z[tokens, target[part]] -= one((1 - label_smoothing) / total)
        np.matmul(z, weight, out=dh[part])
        dweight += z.T @ h[part]
        dbias += z.sum(axis=0)
    return loss, dh


def loss_only(h: Array, weight: Array, bias: Array, target: Array, label_smoothing: float) -> tuple[float, int]:
    """Return the summed loss of tokens, and how many of their next words have the highest score."""
    loss, right = 0.0, 0
    for first in range(0, len(h), CHUNK):
        part = slice(first, first + CHUNK)
        z = _chunk(h[part], weight, bias)
        right += int(np.count_nonzero(z.argmax(axis=1) == target[part]))
        loss += float(_losses(z, target[part], label_smoothing)[0].sum())
    return loss, right


def _chunk(h: Array, weight: Array, bias: Array) -> Array:
    """Return the scores of some tokens, in memory that the thread gets again."""
    z = np.matmul(h, weight.T, out=scratch((len(h), len(weight)), h.dtype))
    z += bias
    return z


def _losses(z: Array, target: Array, label_smoothing: float) -> tuple[Array, Array]:
    """Replace z by exp(z - largest); return the loss of each token and the sum of its row, both float64."""
    z -= z.max(axis=1, keepdims=True)
    right = z[np.arange(len(z)), target].astype(np.float64)
    mean = z.sum(axis=1).astype(np.float64) / z.shape[1] if label_smoothing else 0.0
    np.exp(z, out=z)
    sums = z.sum(axis=1).astype(np.float64)
    return np.log(sums) - (1 - label_smoothing) * right - label_smoothing * mean, sums
