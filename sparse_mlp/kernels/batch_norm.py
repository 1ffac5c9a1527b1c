"""Batch normalisation, compiled: the twins of `reference.maps` on maps in tiles.

All kernels are serial and do the channels of a part, each for itself: what a channel gets does not depend on the part
that it is in. Sums are taken in float64. Lanes behind the last sample count for nothing and are written as zeros.
A pass costs O(maps): the forward pass reads them three times in training, the backward pass twice.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import SIMD, jit
from sparse_mlp.kernels.bordered import Bordered, Part, channels
from sparse_mlp.kernels.edges import clear_edges
from sparse_mlp.kernels.tape import launch

if SIMD:
    from sparse_mlp.kernels import simd_batch_norm

Array = NDArray[Any]


def batch_norm_train(
    z: Bordered, gamma: Array, beta: Array, eps: float, relu: bool = False,
    *, n_samples: int, out: Bordered, into: tuple[Array, Array], part: Part | None = None,
) -> tuple[Bordered, Array, Array]:  # fmt: skip
    """Normalise each channel by the mean and the variance of the batch.

    Parameters
    ----------
    z : Bordered
    gamma, beta : float (channels,)
        Of the type of z.
    eps : float
    relu : bool
        Whether to return max(y, 0).
    n_samples : int
        Of the lanes, which are samples.
    out : Bordered
        Receives y, and zeros in its border.
    into : pair of float64 (channels,)
        Receives mean and biased variance.
    part : (int, int), optional
        Which channels.

    Returns
    -------
    y : Bordered
    mean, variance : float64 (channels,)
    """
    run = channels(z, part)
    kernel = simd_batch_norm.forward if SIMD and _is_wide(z) else _forward
    launch(kernel, *z, *out, gamma, beta, *into, eps, relu, True, n_samples, *run)
    return out, *into


def batch_norm_eval(
    z: Bordered, gamma: Array, beta: Array, mean: Array, variance: Array, eps: float, relu: bool = False,
    *, n_samples: int, out: Bordered, part: Part | None = None,
) -> Bordered:  # fmt: skip
    """Normalise each channel by a given mean and variance, float64 (channels,); see `batch_norm_train`."""
    run = channels(z, part)
    kernel = simd_batch_norm.forward if SIMD and _is_wide(z) else _forward
    launch(kernel, *z, *out, gamma, beta, mean, variance, eps, relu, False, n_samples, *run)
    return out


def batch_norm_backward(
    z: Bordered, dy: Bordered, gamma: Array, beta: Array, mean: Array, variance: Array, eps: float, relu: bool = False,
    train: bool = True, *, n_samples: int, out: Bordered, add_to: tuple[Array, Array], part: Part | None = None,
) -> tuple[Bordered, Array, Array]:  # fmt: skip
    """Return the gradient by z and add those by gamma and beta.

    Parameters
    ----------
    z, gamma, beta, mean, variance, eps, relu
        As in the forward pass.
    dy : Bordered
        Zero in lanes behind the last sample.
    train : bool
        Whether mean and variance were those of z.
    n_samples : int
    out : Bordered
        Receives dz, and zeros in its border; it may be dy.
    add_to : pair of float (channels,)
        The gradients by gamma and beta are added to it.
    part : (int, int), optional
        Which channels.
    """
    args = gamma, beta, mean, variance, eps, relu, train, n_samples
    kernel = simd_batch_norm.backward if SIMD and _is_wide(z) else _backward
    launch(kernel, *z, *dy, *out, *args, *add_to, *channels(z, part))
    return out, *add_to


def _is_wide(maps: Bordered) -> bool:
    return bool(maps.tiles.shape[4] % 16 == 0)


@jit
def _forward(
    z: Array, z_border: int, y: Array, y_border: int, gamma: Array, beta: Array, mean: Array, variance: Array,
    eps: float, relu: bool, train: bool, n_samples: int, first: int, last: int,
) -> None:  # fmt: skip
    for c in range(first, last):
        if train:
            _moments(z, z_border, mean, variance, n_samples, c)
        middle, scale = z.dtype.type(mean[c]), z.dtype.type(gamma[c] / math.sqrt(variance[c] + eps))
        for t in range(z.shape[0]):
            clear_edges(y[t, c], y_border)
            count = max(0, min(z.shape[4], n_samples - t * z.shape[4]))
            for i in range(z.shape[2] - 2 * z_border):
                for j in range(z.shape[3] - 2 * z_border):
                    values, target = z[t, c, i + z_border, j + z_border], y[t, c, i + y_border, j + y_border]
                    for lane in range(count):
                        found = scale * (values[lane] - middle) + beta[c]
                        target[lane] = 0 if relu and found <= 0 else found
                    target[count:] = 0


@jit
def _moments(z: Array, border: int, mean: Array, variance: Array, n_samples: int, c: int) -> None:
    lanes, rows, columns = z.shape[4], z.shape[2], z.shape[3]
    number = n_samples * (rows - 2 * border) * (columns - 2 * border)
    for power in range(1, 3):  # first the sum, then that of the squares
        total = 0.0
        for t in range(z.shape[0]):
            count = min(lanes, n_samples - t * lanes)
            for i in range(border, rows - border):
                for j in range(border, columns - border):
                    for lane in range(count):
                        value = np.float64(z[t, c, i, j, lane])
                        total += value if power == 1 else (value - mean[c]) * (value - mean[c])
        if power == 1:
            mean[c] = total / number
        else:
            variance[c] = total / number


@jit
def _backward(
    z: Array, z_border: int, dy: Array, dy_border: int, dz: Array, dz_border: int, gamma: Array, beta: Array,
    mean: Array, variance: Array, eps: float, relu: bool, train: bool, n_samples: int, dgamma: Array, dbeta: Array,
    first: int, last: int,
) -> None:  # fmt: skip
    lanes, height, width = z.shape[4], z.shape[2] - 2 * z_border, z.shape[3] - 2 * z_border
    for c in range(first, last):
        deviation = 1 / math.sqrt(variance[c] + eps)
        middle, scale = z.dtype.type(mean[c]), z.dtype.type(gamma[c] * deviation)
        sum_g, sum_gz = 0.0, 0.0
        for t in range(z.shape[0]):
            for i in range(height):
                for j in range(width):
                    for lane in range(min(lanes, n_samples - t * lanes)):
                        centred = z[t, c, i + z_border, j + z_border, lane] - middle
                        if not (relu and scale * centred + beta[c] <= 0):
                            g = np.float64(dy[t, c, i + dy_border, j + dy_border, lane])
                            sum_g += g
                            sum_gz += g * centred
        dgamma[c] += sum_gz * deviation
        dbeta[c] += sum_g
        number = np.float64(n_samples * height * width)
        slope = z.dtype.type(gamma[c] * deviation**3 * sum_gz / number if train else 0.0)
        shift = z.dtype.type(gamma[c] * deviation * sum_g / number if train else 0.0)
        for t in range(z.shape[0]):
            count = max(0, min(lanes, n_samples - t * lanes))
            for i in range(height):
                for j in range(width):
                    values, target = z[t, c, i + z_border, j + z_border], dz[t, c, i + dz_border, j + dz_border]
                    for lane in range(count):
                        centred = values[lane] - middle
                        g = dy[t, c, i + dy_border, j + dy_border, lane]
                        if relu and scale * centred + beta[c] <= 0:
                            g = z.dtype.type(0)
                        target[lane] = scale * g - (slope * centred + shift)
                    target[count:] = 0
            clear_edges(dz[t, c], dz_border)
