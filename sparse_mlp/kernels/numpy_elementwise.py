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


def dropout(x: Array, uniforms: Array, rate: float) -> Array:
    """Silence the entries of x (n, batch) whose uniform number is below rate and scale up the others."""
    kept = uniforms >= np.float64(rate)  # a Python float would be rounded to the precision of the uniform numbers
    return np.where(kept, x * x.dtype.type(1.0 / (1.0 - rate)), x.dtype.type(0))


def softmax(scores: Array) -> Array:
    """Turn each column of scores (n_out, batch) into probabilities."""
    return np.exp(_log_softmax(scores)).astype(scores.dtype)


def softmax_cross_entropy(scores: Array, labels: Array, smoothing: float) -> tuple[float, Array]:
    """Return the mean cross-entropy of scores (n_out, batch) and labels (batch,), and its gradient (n_out, batch)."""
    n_out, batch = scores.shape
    log_p = _log_softmax(scores)
    q = np.full((n_out, batch), smoothing / n_out)
    q[labels, np.arange(batch)] += 1.0 - smoothing
    with np.errstate(invalid="ignore"):  # scores of a diverged net are the trainer's to report
        loss = -np.sum(q * log_p, where=q > 0) / batch
    return float(loss), ((np.exp(log_p) - q) / batch).astype(scores.dtype)


def mean_squared_error(scores: Array, target: Array) -> tuple[float, Array]:
    """Return half the mean squared error over batch and outputs, and its gradient (n_out, batch)."""
    with np.errstate(over="ignore", invalid="ignore"):
        difference = scores.astype(np.float64) - target
        loss = 0.5 * np.mean(difference * difference)
    return float(loss), (difference / scores.size).astype(scores.dtype)


def _log_softmax(scores: Array) -> Array:
    wide = scores.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = wide - wide.max(axis=0)
        return shifted - np.log(np.exp(shifted).sum(axis=0))
