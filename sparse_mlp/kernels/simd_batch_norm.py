"""The kernels of `batch_norm` with explicit vectors, for tiles of sixteen lanes or a multiple of it. Read it first.

A vector is a pixel of sixteen samples. The derivative of the ReLU is a selection of lanes: a branch would not become a
vector, and the backward pass would take ten times as long.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels._simd import (
    add,
    broadcast,
    load,
    multiply_add,
    positive_part,
    store,
    total,
    where_positive,
    zeros_of,
)
from sparse_mlp.kernels._simd_choices import subtract, widen
from sparse_mlp.kernels.edges import clear_edges, row_start

Array = NDArray[Any]


@jit
def forward(
    z: Array, z_border: int, y: Array, y_border: int, gamma: Array, beta: Array, mean: Array, variance: Array,
    eps: float, relu: bool, train: bool, n_samples: int, first: int, last: int,
) -> None:  # fmt: skip
    """Write channels `first:last` of y, and of mean and variance where `train` says so."""
    lanes, height, width = z.shape[4], z.shape[2] - 2 * z_border, z.shape[3] - 2 * z_border
    full, some = np.ones(lanes, z.dtype), np.ones(lanes, z.dtype)
    some[n_samples - (z.shape[0] - 1) * lanes :] = 0
    for c in range(first, last):
        if train:
            _moments(z, z_border, mean, variance, n_samples, c)
        middle, scale = z.dtype.type(mean[c]), z.dtype.type(gamma[c] / math.sqrt(variance[c] + eps))
        middles, scales, shifts = broadcast(middle), broadcast(scale), broadcast(beta[c])
        for t in range(z.shape[0]):
            clear_edges(y[t, c], y_border)
            real = full if t + 1 < z.shape[0] else some
            for v in range(0, lanes, 16):
                keep = load(real, v)
                for i in range(height):
                    z_at, y_at = row_start(z, z_border, t, c, i) + v, row_start(y, y_border, t, c, i) + v
                    for j in range(0, width * lanes, lanes):
                        found = multiply_add(scales, subtract(load(z, z_at + j), middles), shifts)
                        found = positive_part(found) if relu else found
                        store(y, y_at + j, where_positive(keep, found))


@jit
def _moments(z: Array, border: int, mean: Array, variance: Array, n_samples: int, c: int) -> None:
    lanes, height, width = z.shape[4], z.shape[2] - 2 * border, z.shape[3] - 2 * border
    full, some = np.ones(lanes), np.ones(lanes)
    some[n_samples - (z.shape[0] - 1) * lanes :] = 0
    sums = widen(zeros_of(z))
    for t in range(z.shape[0]):
        real = full if t + 1 < z.shape[0] else some
        for v in range(0, lanes, 16):
            keep = load(real, v)
            for i in range(height):
                at = row_start(z, border, t, c, i) + v
                for j in range(0, width * lanes, lanes):
                    sums = add(sums, where_positive(keep, widen(load(z, at + j))))
    number = n_samples * height * width
    mean[c] = total(sums) / number
    middles, sums = broadcast(mean[c]), widen(zeros_of(z))
    for t in range(z.shape[0]):
        real = full if t + 1 < z.shape[0] else some
        for v in range(0, lanes, 16):
            keep = load(real, v)
            for i in range(height):
                at = row_start(z, border, t, c, i) + v
                for j in range(0, width * lanes, lanes):
                    centred = where_positive(keep, subtract(widen(load(z, at + j)), middles))
                    sums = multiply_add(centred, centred, sums)
    variance[c] = total(sums) / number


@jit
def backward(
    z: Array, z_border: int, dy: Array, dy_border: int, dz: Array, dz_border: int, gamma: Array, beta: Array,
    mean: Array, variance: Array, eps: float, relu: bool, train: bool, n_samples: int, dgamma: Array, dbeta: Array,
    first: int, last: int,
) -> None:  # fmt: skip
    """Write channels `first:last` of dz and add their gradients to dgamma and dbeta."""
    lanes, height, width = z.shape[4], z.shape[2] - 2 * z_border, z.shape[3] - 2 * z_border
    full, some = np.ones(lanes, z.dtype), np.ones(lanes, z.dtype)
    some[n_samples - (z.shape[0] - 1) * lanes :] = 0
    for c in range(first, last):
        deviation = 1 / math.sqrt(variance[c] + eps)
        middles, shifts = broadcast(z.dtype.type(mean[c])), broadcast(beta[c])
        scales = broadcast(z.dtype.type(gamma[c] * deviation))
        sums_g, sums_gz = widen(zeros_of(z)), widen(zeros_of(z))
        for t in range(z.shape[0]):
            real = full if t + 1 < z.shape[0] else some
            for v in range(0, lanes, 16):
                keep = load(real, v)
                for i in range(height):
                    z_at, dy_at = row_start(z, z_border, t, c, i) + v, row_start(dy, dy_border, t, c, i) + v
                    for j in range(0, width * lanes, lanes):
                        centred, g = subtract(load(z, z_at + j), middles), load(dy, dy_at + j)
                        g = where_positive(multiply_add(scales, centred, shifts), g) if relu else g
                        g = where_positive(keep, g)
                        sums_g = add(sums_g, widen(g))
                        sums_gz = multiply_add(widen(g), widen(where_positive(keep, centred)), sums_gz)
        sum_g, sum_gz = total(sums_g), total(sums_gz)
        dgamma[c] += sum_gz * deviation
        dbeta[c] += sum_g
        number = np.float64(n_samples * height * width)
        slopes = broadcast(z.dtype.type(-gamma[c] * deviation**3 * sum_gz / number if train else 0.0))
        offsets = broadcast(z.dtype.type(-gamma[c] * deviation * sum_g / number if train else 0.0))
        for t in range(z.shape[0]):
            real = full if t + 1 < z.shape[0] else some
            for v in range(0, lanes, 16):
                keep = load(real, v)
                for i in range(height):
                    z_at, dy_at = row_start(z, z_border, t, c, i) + v, row_start(dy, dy_border, t, c, i) + v
                    dz_at = row_start(dz, dz_border, t, c, i) + v
                    for j in range(0, width * lanes, lanes):
                        centred, g = subtract(load(z, z_at + j), middles), load(dy, dy_at + j)
                        g = where_positive(multiply_add(scales, centred, shifts), g) if relu else g
                        found = multiply_add(scales, g, multiply_add(slopes, centred, offsets))
                        store(dz, dz_at + j, where_positive(keep, found))
            clear_edges(dz[t, c], dz_border)
