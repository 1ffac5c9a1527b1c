"""Activations, dropout and losses, compiled: the twins of `reference.elementwise` on tiles.

All kernels are serial; each costs one pass, O(n * batch). Activations take arrays of any shape, losses take tiles
(n_tiles, n_out, lanes), of which lanes behind the last sample are left out. Results have the dtype of the first array
and go into `out` where it is given, which may be that array itself; losses are added up in float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import SIMD, jit
from sparse_mlp.kernels.tape import launch

if SIMD:
    from sparse_mlp.kernels import simd_elementwise

Array = NDArray[Any]

BLOCK = 512  # numbers that are copied apart at a time


def piecewise_linear_forward(z: Array, slope: float, *, out: Array | None = None) -> Array:
    """Return z where it is positive, slope * z elsewhere."""
    a = np.empty_like(z) if out is None else out
    launch(_piecewise_linear_forward, z.reshape(-1), z.dtype.type(slope), a.reshape(-1))
    return a


def piecewise_linear_backward(z: Array, da: Array, slope: float, *, out: Array | None = None) -> Array:
    """Return the gradient by z, given z and the gradient da by the output; for slope >= 0 the output serves as z."""
    dz = np.empty_like(z) if out is None else out
    if SIMD and slope == 0 and _is_tiles(z, da, dz):
        launch(simd_elementwise.relu_backward_by_16, z.reshape(-1), da.reshape(-1), dz.reshape(-1))
    else:
        launch(_piecewise_linear_backward, z.reshape(-1), da.reshape(-1), z.dtype.type(slope), dz.reshape(-1))
    return dz


def sigmoid_forward(z: Array, *, out: Array | None = None) -> Array:
    """Apply 1 / (1 + exp(-z)) to each entry of z."""
    a = np.empty_like(z) if out is None else out
    launch(_sigmoid_forward, z.reshape(-1), a.reshape(-1))
    return a


def sigmoid_backward(a: Array, da: Array, *, out: Array | None = None) -> Array:
    """Return the gradient by z, given the *output* a and the gradient da by it."""
    dz = np.empty_like(a) if out is None else out
    launch(_sigmoid_backward, a.reshape(-1), da.reshape(-1), dz.reshape(-1))
    return dz


def tanh_forward(z: Array, *, out: Array | None = None) -> Array:
    """Apply the hyperbolic tangent to each entry of z."""
    a = np.empty_like(z) if out is None else out
    launch(_tanh_forward, z.reshape(-1), a.reshape(-1))
    return a


def tanh_backward(a: Array, da: Array, *, out: Array | None = None) -> Array:
    """Return the gradient by z, given the *output* a and the gradient da by it."""
    dz = np.empty_like(a) if out is None else out
    launch(_tanh_backward, a.reshape(-1), da.reshape(-1), dz.reshape(-1))
    return dz


def dropout(x: Array, draws: Array, threshold: int, first: int = 0, *, out: Array | None = None) -> Array:
    """Silence the entries of x whose draw is below the threshold and scale up the others.

    Parameters
    ----------
    x : float (n_tiles, n, lanes)
    draws : uint8 (n, n_samples)
    threshold : int
        From 0 to 255.
    first : int
        Which sample is the first of x; lanes behind the last sample become 0.
    out : float (n_tiles, n, lanes), optional

    Returns
    -------
    float (n_tiles, n, lanes)
    """
    y = np.empty_like(x) if out is None else out
    launch(_dropout, x, draws, threshold, first, x.dtype.type(256.0 / (256.0 - threshold)), y)
    return y


def residual_backward(x: Array, dy: Array, da: Array, *, out: Array | None = None) -> Array:
    """Add gradients dy and da by the output x of a ReLU, and go back through it."""
    dz = np.empty_like(x) if out is None else out
    kernel = simd_elementwise.residual_backward_by_16 if SIMD and _is_tiles(x, dy, da, dz) else _residual_backward
    launch(kernel, x.reshape(-1), dy.reshape(-1), da.reshape(-1), dz.reshape(-1))
    return dz


def softmax(scores: Array) -> Array:
    """Turn the scores of each sample, scores (n_tiles, n_out, lanes), into probabilities."""
    wide = scores.astype(np.float64)
    exponentials = np.exp(wide - wide.max(axis=1, keepdims=True))
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(scores.dtype)


def softmax_cross_entropy(
    scores: Array, labels: Array, smoothing: float, normaliser: float | None = None, weights: Array | None = None, *,
    out: Array | None = None,
) -> tuple[float, Array]:  # fmt: skip
    """Return the cross-entropy of scores and labels over `normaliser`, and its gradient.

    Parameters
    ----------
    scores : float (n_tiles, n_out, lanes)
    labels : int64 (n_samples,)
        Of the first lanes; the gradient of the others is 0.
    smoothing : float
    normaliser : int or float, optional
        What the sum over the samples is divided by; their number, or the sum of their weights, if not given.
    weights : float64 (n_samples,), optional
        How much each sample counts; 1 if not given.
    out : float (n_tiles, n_out, lanes), optional

    Returns
    -------
    loss : float
    dscores : float (n_tiles, n_out, lanes)
    """
    dscores = np.empty_like(scores) if out is None else out
    if normaliser is None:
        normaliser = len(labels) if weights is None else float(weights.sum())
    return _softmax_cross_entropy(scores, labels, smoothing, normaliser, dscores, weights), dscores


def mean_squared_error(
    scores: Array, target: Array, normaliser: float | None = None, weights: Array | None = None, *,
    out: Array | None = None,
) -> tuple[float, Array]:  # fmt: skip
    """Return half the squared error over `normaliser`, and its gradient.

    Parameters
    ----------
    scores, target : float (n_tiles, n_out, lanes)
        Equal in lanes that hold no sample.
    normaliser : int or float, optional
        What the sum is divided by; the number of scores, or the sum of the weights times n_out, if not given.
    weights : float64 (n_samples,), optional
        How much each sample counts; 1 if not given.
    out : float (n_tiles, n_out, lanes), optional

    Returns
    -------
    loss : float
    dscores : float (n_tiles, n_out, lanes)
    """
    dscores = np.empty_like(scores) if out is None else out
    if normaliser is None:
        normaliser = scores.size if weights is None else float(weights.sum()) * scores.shape[1]
    return _mean_squared_error(scores, target, normaliser, dscores, weights), dscores


def _is_tiles(*arrays: Array) -> bool:
    """Tell whether arrays can be read in sixteens: equal types, nothing left over."""
    return arrays[0].size % 16 == 0 and len({array.dtype for array in arrays}) == 1


@jit
def _piecewise_linear_forward(z: Array, slope: float, a: Array) -> None:
    zero = slope - slope
    for i in range(len(z)):
        left = zero if slope == 0 else slope * z[i]
        a[i] = left if z[i] <= 0 else z[i]


@jit
def _piecewise_linear_backward(z: Array, da: Array, slope: float, dz: Array) -> None:
    zero, block = slope - slope, np.empty(BLOCK, da.dtype)
    for start in range(0, len(z), BLOCK):
        z_i, d_i, dz_i = z[start : start + BLOCK], _apart(da[start : start + BLOCK], block), dz[start : start + BLOCK]
        for i in range(len(z_i)):
            left = zero if slope == 0 else d_i[i] * slope
            dz_i[i] = left if z_i[i] <= 0 else d_i[i]


@jit
def _sigmoid_forward(z: Array, a: Array) -> None:
    for i in range(len(z)):
        small = math.exp(-abs(z[i]))
        a[i] = 1.0 / (1.0 + small) if z[i] >= 0 else small / (1.0 + small)


@jit
def _sigmoid_backward(a: Array, da: Array, dz: Array) -> None:
    one, block = a.dtype.type(1), np.empty(BLOCK, da.dtype)
    for start in range(0, len(a), BLOCK):
        a_i, d_i, dz_i = a[start : start + BLOCK], _apart(da[start : start + BLOCK], block), dz[start : start + BLOCK]
        for i in range(len(a_i)):
            dz_i[i] = d_i[i] * (a_i[i] * (one - a_i[i]))


@jit
def _tanh_forward(z: Array, a: Array) -> None:
    for i in range(len(z)):
        a[i] = math.tanh(z[i])


@jit
def _tanh_backward(a: Array, da: Array, dz: Array) -> None:
    one, block = a.dtype.type(1), np.empty(BLOCK, da.dtype)
    for start in range(0, len(a), BLOCK):
        a_i, d_i, dz_i = a[start : start + BLOCK], _apart(da[start : start + BLOCK], block), dz[start : start + BLOCK]
        for i in range(len(a_i)):
            dz_i[i] = d_i[i] * (one - a_i[i] * a_i[i])


@jit
def _apart(values: Array, block: Array) -> Array:
    """Copy values into a block of memory, so that a loop over them may write where they came from and be vectorised."""
    part = block[: len(values)]
    part[:] = values
    return part


@jit
def _dropout(x: Array, draws: Array, threshold: int, first: int, scale: float, y: Array) -> None:
    lanes = x.shape[2]
    for t in range(x.shape[0]):
        start = first + t * lanes
        count = max(0, min(lanes, draws.shape[1] - start))
        for u in range(x.shape[1]):
            x_u, y_u, drawn = x[t, u], y[t, u], draws[u, start : start + count]
            for j in range(count):
                y_u[j] = scale * x_u[j] if drawn[j] >= threshold else x.dtype.type(0)
            for j in range(count, lanes):
                y_u[j] = 0


@jit
def _residual_backward(x: Array, dy: Array, da: Array, dz: Array) -> None:
    zero, block = x.dtype.type(0), np.empty(BLOCK, da.dtype)
    for start in range(0, len(x), BLOCK):
        x_i, y_i, dz_i = x[start : start + BLOCK], dy[start : start + BLOCK], dz[start : start + BLOCK]
        d_i = _apart(da[start : start + BLOCK], block)
        for i in range(len(x_i)):
            total = y_i[i] + d_i[i]
            dz_i[i] = zero if x_i[i] <= 0 else total


@jit
def _softmax_cross_entropy(
    scores: Array, labels: Array, smoothing: float, divisor: float, dscores: Array, weights: Array | None
) -> float:
    n_out, lanes, loss = scores.shape[1], scores.shape[2], 0.0
    even, shifted, exponential = smoothing / n_out, np.empty(n_out), np.empty(n_out)
    for t in range(scores.shape[0]):
        s, d, count = scores[t], dscores[t], max(0, min(lanes, len(labels) - t * lanes))
        for j in range(count):
            label, largest, total = labels[t * lanes + j], np.float64(s[0, j]), 0.0
            weight = 1.0 if weights is None else weights[t * lanes + j]
            for v in range(1, n_out):
                largest = max(largest, np.float64(s[v, j]))
            for v in range(n_out):
                shifted[v] = np.float64(s[v, j]) - largest
                exponential[v] = math.exp(shifted[v])
                total += exponential[v]
            log_total = math.log(total)
            for v in range(n_out):
                q = even + (1.0 - smoothing) if v == label else even
                if q > 0:
                    loss -= weight * q * (shifted[v] - log_total)
                d[v, j] = weight * (exponential[v] / total - q) / divisor
        for v in range(n_out):
            for j in range(count, lanes):
                d[v, j] = 0
    return loss / divisor


@jit
def _mean_squared_error(scores: Array, target: Array, divisor: float, dscores: Array, weights: Array | None) -> float:
    lanes, loss, weight = scores.shape[2], 0.0, 1.0
    for t in range(scores.shape[0]):
        count = lanes
        if weights is not None:
            count = max(0, min(lanes, len(weights) - t * lanes))
        for v in range(scores.shape[1]):
            for j in range(count):
                if weights is not None:
                    weight = weights[t * lanes + j]
                difference = np.float64(scores[t, v, j]) - np.float64(target[t, v, j])
                loss += weight * difference * difference
                dscores[t, v, j] = weight * difference / divisor
            for j in range(count, lanes):
                dscores[t, v, j] = 0
    return 0.5 * loss / divisor
