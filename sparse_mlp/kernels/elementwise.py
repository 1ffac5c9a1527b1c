"""Activations, dropout and losses, compiled: the twins of `reference.elementwise`.

All kernels are serial, so their bytes do not depend on the number of threads; each costs one pass, O(n * batch).
The functions of one number come first; `network` applies them inside a whole training step.
Results have the dtype of the first array; losses are accumulated in float64, sample after sample.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


@jit
def piecewise_linear(z: float, slope: float) -> float:
    """Return z where it is positive, slope * z elsewhere; a slope of z's own type keeps float32 in float32."""
    scaled = type(z)(0) if slope == 0 and z <= 0 else slope * z
    return z if z > 0 else scaled


@jit
def piecewise_linear_grad(z: float, slope: float) -> float:
    """Return the derivative of `piecewise_linear`; for slope >= 0 its output may stand in for z."""
    return slope if z <= 0 else type(z)(1)


@jit
def sigmoid(z: float) -> float:
    """Return 1 / (1 + exp(-z)) without overflow."""
    small = math.exp(-abs(z))
    return 1.0 / (1.0 + small) if z >= 0 else small / (1.0 + small)


@jit
def sigmoid_grad_from_output(a: float) -> float:
    """Return the derivative of the sigmoid where its value is a."""
    return a * (type(a)(1) - a)


@jit
def tanh_grad_from_output(a: float) -> float:
    """Return the derivative of the hyperbolic tangent where its value is a."""
    return type(a)(1) - a * a


@jit
def piecewise_linear_forward(z: Array, slope: float) -> Array:
    """Apply `piecewise_linear` to each entry of z (n, batch)."""
    a, left = np.empty_like(z), z.dtype.type(slope)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            a[i, j] = piecewise_linear(z[i, j], left)
    return a


@jit
def piecewise_linear_backward(z: Array, da: Array, slope: float) -> Array:
    """Return the gradient by z (n, batch), given z and the gradient da (n, batch) by the output."""
    dz, left, zero = np.empty_like(z), z.dtype.type(slope), z.dtype.type(0)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            derivative = piecewise_linear_grad(z[i, j], left)
            dz[i, j] = da[i, j] * derivative if derivative != 0 else zero
    return dz


@jit
def sigmoid_forward(z: Array) -> Array:
    """Apply `sigmoid` to each entry of z (n, batch)."""
    a = np.empty_like(z)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            a[i, j] = sigmoid(z[i, j])
    return a


@jit
def sigmoid_backward(a: Array, da: Array) -> Array:
    """Return the gradient by z (n, batch), given the *output* a and the gradient da (n, batch) by it."""
    dz = np.empty_like(a)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            dz[i, j] = da[i, j] * sigmoid_grad_from_output(a[i, j])
    return dz


@jit
def tanh_forward(z: Array) -> Array:
    """Apply the hyperbolic tangent to each entry of z (n, batch)."""
    a = np.empty_like(z)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            a[i, j] = math.tanh(z[i, j])
    return a


@jit
def tanh_backward(a: Array, da: Array) -> Array:
    """Return the gradient by z (n, batch), given the *output* a and the gradient da (n, batch) by it."""
    dz = np.empty_like(a)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            dz[i, j] = da[i, j] * tanh_grad_from_output(a[i, j])
    return dz


@jit
def dropout(x: Array, uniforms: Array, rate: float) -> Array:
    """Silence the entries of x (n, batch) whose uniform number is below rate and scale up the others."""
    y, scale, zero = np.empty_like(x), x.dtype.type(1.0 / (1.0 - rate)), x.dtype.type(0)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = scale * x[i, j] if np.float64(uniforms[i, j]) >= rate else zero
    return y


@jit
def _softmax_column(scores: Array, column: int, out: Array) -> tuple[float, float]:
    """Write exp(score - largest) of one column into `out`; return the largest score and their sum, in float64."""
    largest = np.float64(scores[0, column])
    for k in range(1, scores.shape[0]):
        largest = max(largest, np.float64(scores[k, column]))
    total = 0.0
    for k in range(scores.shape[0]):
        exponential = math.exp(np.float64(scores[k, column]) - largest)
        out[k, column] = exponential
        total += exponential
    return largest, total


@jit
def softmax(scores: Array) -> Array:
    """Turn each column of scores (n_out, batch) into probabilities."""
    probabilities = np.empty_like(scores)
    for j in range(scores.shape[1]):
        _, total = _softmax_column(scores, j, probabilities)
        for k in range(scores.shape[0]):
            probabilities[k, j] /= total
    return probabilities


@jit
def _softmax_cross_entropy_column(
    scores: Array, column: int, label: int, smoothing: float, scale: float, dscores: Array
) -> float:
    """Return one sample's cross-entropy, unscaled, and write scale times its gradient into that column of dscores."""
    n_out = scores.shape[0]
    largest, total = _softmax_column(scores, column, dscores)
    log_total, even, loss = math.log(total), smoothing / n_out, 0.0
    for k in range(n_out):
        q = even + (1.0 - smoothing) if k == label else even
        if q > 0:
            loss -= q * (np.float64(scores[k, column]) - largest - log_total)
        dscores[k, column] = scale * (dscores[k, column] / total - q)
    return loss


@jit
def softmax_cross_entropy(scores: Array, labels: Array, smoothing: float) -> tuple[float, Array]:
    """Return the mean cross-entropy of scores (n_out, batch) and labels (batch,), and its gradient (n_out, batch)."""
    dscores, batch, loss = np.empty_like(scores), scores.shape[1], 0.0
    for j in range(batch):
        loss += _softmax_cross_entropy_column(scores, j, labels[j], smoothing, 1.0 / batch, dscores)
    return loss / batch, dscores


@jit
def _mean_squared_error_column(scores: Array, column: int, target: Array, scale: float, dscores: Array) -> float:
    """Return half one sample's summed squared error and write scale times its gradient into that column of dscores."""
    total = 0.0
    for k in range(scores.shape[0]):
        difference = np.float64(scores[k, column]) - np.float64(target[k, column])
        total += difference * difference
        dscores[k, column] = scale * difference
    return 0.5 * total


@jit
def mean_squared_error(scores: Array, target: Array) -> tuple[float, Array]:
    """Return half the mean squared error over batch and outputs, and its gradient (n_out, batch)."""
    dscores, loss = np.empty_like(scores), 0.0
    for j in range(scores.shape[1]):
        loss += _mean_squared_error_column(scores, j, target, 1.0 / scores.size, dscores)
    return loss / scores.size, dscores
