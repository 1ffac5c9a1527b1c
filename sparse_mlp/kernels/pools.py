"""Pooling, compiled: the twins of `reference.maps` on maps in tiles.

All kernels are serial and do the channels of a part, each for itself. A pass costs O(maps x (size / stride)^2). Lanes
behind the last sample are computed like the others. The gradient of `max_pool` is found from its input: nothing else
need be kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import SIMD, jit
from sparse_mlp.kernels.bordered import Bordered, Part, channels
from sparse_mlp.kernels.edges import clear_edges
from sparse_mlp.kernels.tape import launch

if SIMD:
    from sparse_mlp.kernels import simd_pools

Array = NDArray[Any]


def max_pool(x: Bordered, size: int, stride: int, *, out: Bordered, part: Part | None = None) -> Bordered:
    """Return the largest value of each window of size x size pixels.

    Parameters
    ----------
    x : Bordered
    size, stride : int
    out : Bordered
        Receives the result, and zeros in its border. Its size says how many windows there are.
    part : (int, int), optional
        Which channels.
    """
    kernel = simd_pools.max_pool if SIMD and _is_wide(x) else _max_pool
    launch(kernel, *x, *out, size, stride, *channels(x, part))
    return out


def max_pool_backward(
    x: Bordered, dy: Bordered, size: int, stride: int, relu: bool = False,
    *, out: Bordered, part: Part | None = None,
) -> Bordered:  # fmt: skip
    """Return the gradient by x: that of each window goes to its first maximum, row by row.

    With `relu` x came out of a ReLU, whose derivative is taken as well: a maximum of 0 gets nothing.
    """
    kernel = simd_pools.max_pool_backward if SIMD and _is_wide(x) else _max_pool_backward
    launch(kernel, *x, *dy, *out, size, stride, relu, *channels(x, part))
    return out


def average_pool(x: Bordered, size: int, stride: int, *, out: Bordered, part: Part | None = None) -> Bordered:
    """Return the mean of each window of size x size pixels; see `max_pool`."""
    kernel = simd_pools.average_pool if SIMD and _is_wide(x) else _average_pool
    launch(kernel, *x, *out, size, stride, *channels(x, part))
    return out


def average_pool_backward(
    dy: Bordered, size: int, stride: int, height: int, width: int, *, out: Bordered, part: Part | None = None
) -> Bordered:
    """Return the gradient by an input of some height and width: each pixel of a window gets an equal share."""
    kernel = simd_pools.average_pool_backward if SIMD and _is_wide(dy) else _average_pool_backward
    launch(kernel, *dy, *out, size, stride, *channels(dy, part))
    return out


def global_average(x: Bordered, *, out: Array, part: Part | None = None) -> Array:
    """Return the mean of each map.

    Parameters
    ----------
    x : Bordered
    out : float (n_wide, channels, wide)
        Tiles of as many lanes as x has, or a multiple of it. Lanes behind the last tile become 0.
    part : (int, int), optional
        Which channels.
    """
    launch(_global_average, *x, out, *channels(x, part))
    return out


def global_average_backward(
    dy: Array, height: int, width: int, *, out: Bordered, part: Part | None = None
) -> Bordered:  # fmt: skip
    """Return the gradient by maps of some height and width, given that by their means, dy (n_wide, channels, wide)."""
    launch(_global_average_backward, dy, *out, *channels(out, part))
    return out


def _is_wide(maps: Bordered) -> bool:
    return bool(maps.tiles.shape[4] == 16)


@jit
def _max_pool(
    x: Array, x_border: int, y: Array, y_border: int, size: int, stride: int, first: int, last: int
) -> None:  # fmt: skip
    for t in range(x.shape[0]):
        for c in range(first, last):
            clear_edges(y[t, c], y_border)
            for i in range(y.shape[2] - 2 * y_border):
                for j in range(y.shape[3] - 2 * y_border):
                    largest, row, column = y[t, c, i + y_border, j + y_border], stride * i, stride * j
                    largest[:] = x[t, c, row + x_border, column + x_border]
                    for a in range(size):
                        for b in range(size):
                            values = x[t, c, row + a + x_border, column + b + x_border]
                            for lane in range(len(largest)):
                                if values[lane] > largest[lane] or values[lane] != values[lane]:
                                    largest[lane] = values[lane]


@jit
def _max_pool_backward(
    x: Array, x_border: int, dy: Array, dy_border: int, dx: Array, dx_border: int, size: int, stride: int,
    relu: bool, first: int, last: int,
) -> None:  # fmt: skip
    for t in range(x.shape[0]):
        for c in range(first, last):
            dx[t, c] = 0
            for i in range(dy.shape[2] - 2 * dy_border):
                for j in range(dy.shape[3] - 2 * dy_border):
                    for lane in range(x.shape[4]):
                        largest = x[t, c, stride * i + x_border, stride * j + x_border, lane]
                        row, column = dx_border, dx_border
                        for a in range(size):
                            for b in range(size):
                                value = x[t, c, stride * i + a + x_border, stride * j + b + x_border, lane]
                                if value > largest:
                                    largest, row, column = value, a + dx_border, b + dx_border
                        if not (relu and largest <= 0):
                            given = dy[t, c, i + dy_border, j + dy_border, lane]
                            dx[t, c, stride * i + row, stride * j + column, lane] += given


@jit
def _average_pool(
    x: Array, x_border: int, y: Array, y_border: int, size: int, stride: int, first: int, last: int
) -> None:  # fmt: skip
    share = x.dtype.type(1.0 / size**2)
    for t in range(x.shape[0]):
        for c in range(first, last):
            clear_edges(y[t, c], y_border)
            for i in range(y.shape[2] - 2 * y_border):
                for j in range(y.shape[3] - 2 * y_border):
                    mean = y[t, c, i + y_border, j + y_border]
                    mean[:] = 0
                    for a in range(size):
                        for b in range(size):
                            mean += x[t, c, stride * i + a + x_border, stride * j + b + x_border]
                    mean *= share


@jit
def _average_pool_backward(
    dy: Array, dy_border: int, dx: Array, dx_border: int, size: int, stride: int, first: int, last: int
) -> None:  # fmt: skip
    share = dy.dtype.type(1.0 / size**2)
    for t in range(dy.shape[0]):
        for c in range(first, last):
            dx[t, c] = 0
            for i in range(dy.shape[2] - 2 * dy_border):
                for j in range(dy.shape[3] - 2 * dy_border):
                    for a in range(size):
                        for b in range(size):
                            target = dx[t, c, stride * i + a + dx_border, stride * j + b + dx_border]
                            target += share * dy[t, c, i + dy_border, j + dy_border]


@jit
def _global_average(x: Array, border: int, y: Array, first: int, last: int) -> None:
    lanes, rows, columns = x.shape[4], x.shape[2], x.shape[3]
    sums, number = np.empty(lanes), (rows - 2 * border) * (columns - 2 * border)
    for t in range(y.shape[0] * y.shape[2] // lanes):
        wide, lane = t * lanes // y.shape[2], t * lanes % y.shape[2]
        for c in range(first, last):
            sums[:] = 0
            if t < x.shape[0]:
                for i in range(border, rows - border):
                    for j in range(border, columns - border):
                        sums += x[t, c, i, j]
            y[wide, c, lane : lane + lanes] = sums / number


@jit
def _global_average_backward(dy: Array, dx: Array, border: int, first: int, last: int) -> None:
    lanes, rows, columns = dx.shape[4], dx.shape[2], dx.shape[3]
    number = (rows - 2 * border) * (columns - 2 * border)
    for t in range(dx.shape[0]):
        wide, lane = t * lanes // dy.shape[2], t * lanes % dy.shape[2]
        for c in range(first, last):
            shares = dy[wide, c, lane : lane + lanes] / dy.dtype.type(number)
            clear_edges(dx[t, c], border)
            for i in range(border, rows - border):
                for j in range(border, columns - border):
                    dx[t, c, i, j] = shares
