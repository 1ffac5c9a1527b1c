"""Activations, dropout and losses in vectorised NumPy: the twins of `reference.elementwise` that need no compiler.

Results have the dtype of the first array; softmax and the losses are computed in float64 inside.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def piecewise_linear_forward(z: Array, slope: float) -> Array:
    """Return z (n, batch) where it is positive, slope * z elsewhere."""
    if slope == 0:
        return np.maximum(z, z.dtype.type(0))  # 0 * -inf would be NaN
    return np.where(z > 0, z, z.dtype.type(slope) * z)


def piecewise_linear_backward(z: Array, da: Array, slope: float) -> Array:
    """Return the gradient by z (n, batch), given z and the gradient da (n, batch) by the output."""
    left = z.dtype.type(slope)
    return np.where(z <= 0, left if slope == 0 else left * da, da)  # 0 * inf would be NaN


def sigmoid_forward(z: Array) -> Array:
    """Apply 1 / (1 + exp(-z)) to each entry of z (n, batch)."""
    from scipy.special import expit

    return expit(z)


def sigmoid_backward(a: Array, da: Array) -> Array:
    """Return the gradient by z (n, batch), given the *output* a and the gradient da (n, batch) by it."""
    return da * a * (1 - a)


def tanh_forward(z: Array) -> Array:
    """Apply the hyperbolic tangent to each entry of z (n, batch)."""
    return np.tanh(z)


def tanh_backward(a: Array, da: Array) -> Array:
    """Return the gradient by z (n, batch), given the *output* a and the gradient da (n, batch) by it."""
    return da * (1 - a * a)


def dropout(x: Array, draws: Array, threshold: int, first: int = 0) -> Array:
    """Silence the entries of x (n, batch) whose drawn byte is below the threshold and scale up the others."""
    kept = draws[:, first : first + x.shape[1]] >= threshold
    return np.where(kept, x * x.dtype.type(256.0 / (256.0 - threshold)), x.dtype.type(0))


def residual_backward(x: Array, dy: Array, da: Array) -> Array:
    """Add gradients dy and da (n, batch) by the output x of a ReLU, and go back through it."""
    return np.where(x <= 0, x.dtype.type(0), dy + da)


def softmax(scores: Array) -> Array:
    """Turn each column of scores (n_out, batch) into probabilities."""
    return np.exp(_log_softmax(scores)).astype(scores.dtype)


def softmax_cross_entropy(
    scores: Array, labels: Array, smoothing: float, normaliser: float | None = None, weights: Array | None = None
) -> tuple[float, Array]:
    """Return the cross-entropy of scores (n_out, batch) and labels (batch,), and its gradient (n_out, batch)."""
    n_out, batch = scores.shape
    w = np.ones(batch) if weights is None else weights
    divisor = w.sum() if normaliser is None else normaliser
    log_p = _log_softmax(scores)
    q = np.full((n_out, batch), smoothing / n_out)
    q[labels, np.arange(batch)] += 1.0 - smoothing
    with np.errstate(invalid="ignore"):  # scores of a diverged net are the trainer's to report
        loss = -np.sum(w * q * log_p, where=q > 0) / divisor
    return float(loss), (w * (np.exp(log_p) - q) / divisor).astype(scores.dtype)


def mean_squared_error(
    scores: Array, target: Array, normaliser: float | None = None, weights: Array | None = None
) -> tuple[float, Array]:
    """Return half the mean squared error over batch and outputs, and its gradient (n_out, batch)."""
    w = np.ones(scores.shape[1]) if weights is None else weights
    divisor = len(scores) * w.sum() if normaliser is None else normaliser
    with np.errstate(over="ignore", invalid="ignore"):
        difference = scores.astype(np.float64) - target
        loss = 0.5 * np.sum(w * difference * difference) / divisor
    return float(loss), (w * difference / divisor).astype(scores.dtype)


def _log_softmax(scores: Array) -> Array:
    wide = scores.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = wide - wide.max(axis=0)
        return shifted - np.log(np.exp(shifted).sum(axis=0))
