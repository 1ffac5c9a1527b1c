"""Layer normalisation, compiled: the twin of `reference.layer_norm` on tiles (n_tiles, features, lanes).

Serial; O(features) for each token. Sums over features run along rows of lanes, so the compiler uses vectors. An empty
lane has a finite result, and where dy is 0 in it, so is dx.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


def layer_norm_forward(x: Array, gain: Array, bias: Array, epsilon: float, *, out: Array | None = None) -> Array:
    """Normalise each token; see `reference.layer_norm.layer_norm_forward`."""
    y = np.empty_like(x) if out is None else out
    _forward(x, gain, bias, x.dtype.type(epsilon), x.dtype.type(1 / x.shape[1]), y)
    return y


def layer_norm_backward(
    x: Array, dy: Array, gain: Array, epsilon: float, *, out: Array | None = None
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Return the gradients by input, gain and bias; see `reference.layer_norm.layer_norm_backward`.

    `out`, for that by the input, may be dy.
    """
    dx = np.empty_like(x) if out is None else out
    sums = np.zeros((2, x.shape[1], x.shape[2]), x.dtype)
    _backward(x, dy, gain, x.dtype.type(epsilon), x.dtype.type(1 / x.shape[1]), dx, sums[0], sums[1])
    return dx, *sums.sum(axis=2, dtype=np.float64).astype(x.dtype)


@jit
def _forward(x: Array, gain: Array, bias: Array, epsilon: Any, share: Any, y: Array) -> None:
    mean, r = np.empty(x.shape[2], x.dtype), np.empty(x.shape[2], x.dtype)
    for tile in range(x.shape[0]):
        _statistics(x, tile, epsilon, share, mean, r)
        for f in range(x.shape[1]):
            g, b = gain[f], bias[f]
            for lane in range(x.shape[2]):
                y[tile, f, lane] = g * ((x[tile, f, lane] - mean[lane]) * r[lane]) + b


@jit
def _backward(
    x: Array, dy: Array, gain: Array, epsilon: Any, share: Any, dx: Array, dgain: Array, dbias: Array
) -> None:  # fmt: skip
    lanes = x.shape[2]
    mean, r = np.empty(lanes, x.dtype), np.empty(lanes, x.dtype)
    of_u, agreement = np.empty(lanes, x.dtype), np.empty(lanes, x.dtype)
    for tile in range(x.shape[0]):
        _statistics(x, tile, epsilon, share, mean, r)
        for lane in range(lanes):
            of_u[lane] = 0
            agreement[lane] = 0
        for f in range(x.shape[1]):
            g = gain[f]
            for lane in range(lanes):
                normed = (x[tile, f, lane] - mean[lane]) * r[lane]
                slope = dy[tile, f, lane]
                of_u[lane] += g * slope
                agreement[lane] += g * slope * normed
                dgain[f, lane] += slope * normed
                dbias[f, lane] += slope
        for lane in range(lanes):
            of_u[lane] *= share
            agreement[lane] *= share
        for f in range(x.shape[1]):
            g = gain[f]
            for lane in range(lanes):
                normed = (x[tile, f, lane] - mean[lane]) * r[lane]
                dx[tile, f, lane] = r[lane] * (g * dy[tile, f, lane] - of_u[lane] - normed * agreement[lane])


@jit
def _statistics(x: Array, tile: int, epsilon: Any, share: Any, mean: Array, r: Array) -> None:
    """Write mean and one over the deviation of the tokens of a tile."""
    for lane in range(x.shape[2]):
        mean[lane] = 0
        r[lane] = 0
    for f in range(x.shape[1]):
        for lane in range(x.shape[2]):
            mean[lane] += x[tile, f, lane]
    for lane in range(x.shape[2]):
        mean[lane] *= share
    for f in range(x.shape[1]):
        for lane in range(x.shape[2]):
            off = x[tile, f, lane] - mean[lane]
            r[lane] += off * off
    for lane in range(x.shape[2]):
        r[lane] = 1 / math.sqrt(r[lane] * share + epsilon)
