"""The kernels of `pools` with explicit vectors, for tiles of sixteen lanes. Read it first."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels._simd import add, broadcast, load, multiply, store, where_positive, zeros_of
from sparse_mlp.kernels._simd_choices import larger, where_different, where_equal
from sparse_mlp.kernels.edges import clear_edges, row_start

Array = NDArray[Any]


@jit
def max_pool(
    x: Array, x_border: int, y: Array, y_border: int, size: int, stride: int, first: int, last: int
) -> None:  # fmt: skip
    """Write channels `first:last` of y."""
    row = 16 * x.shape[3]
    for t in range(x.shape[0]):
        for c in range(first, last):
            clear_edges(y[t, c], y_border)
            for i in range(y.shape[2] - 2 * y_border):
                x_at, y_at = row_start(x, x_border, t, c, stride * i), row_start(y, y_border, t, c, i)
                for j in range(y.shape[3] - 2 * y_border):
                    at = x_at + 16 * stride * j
                    store(y, y_at + 16 * j, _largest(x, at, row, size))


@jit
def _largest(x: Array, at: int, row: int, size: int) -> Any:
    largest = load(x, at)
    for a in range(size):
        for b in range(size):
            largest = larger(largest, load(x, at + a * row + 16 * b))
    return largest


@jit
def max_pool_backward(
    x: Array, x_border: int, dy: Array, dy_border: int, dx: Array, dx_border: int, size: int, stride: int,
    relu: bool, first: int, last: int,
) -> None:  # fmt: skip
    """Write channels `first:last` of dx."""
    row, dx_row = 16 * x.shape[3], 16 * dx.shape[3]
    for t in range(x.shape[0]):
        for c in range(first, last):
            dx[t, c] = 0
            for i in range(dy.shape[2] - 2 * dy_border):
                x_at, dx_at = row_start(x, x_border, t, c, stride * i), row_start(dx, dx_border, t, c, stride * i)
                dy_at = row_start(dy, dy_border, t, c, i)
                for j in range(dy.shape[3] - 2 * dy_border):
                    at, target = x_at + 16 * stride * j, dx_at + 16 * stride * j
                    largest, left = _largest(x, at, row, size), load(dy, dy_at + 16 * j)
                    left = where_positive(largest, left) if relu else left
                    for a in range(size):
                        for b in range(size):
                            # What a pixel takes is gone: the next ones that are as large get nothing.
                            value, to = load(x, at + a * row + 16 * b), target + a * dx_row + 16 * b
                            store(dx, to, add(load(dx, to), where_equal(value, largest, left)))
                            left = where_different(value, largest, left)


@jit
def average_pool(
    x: Array, x_border: int, y: Array, y_border: int, size: int, stride: int, first: int, last: int
) -> None:  # fmt: skip
    """Write channels `first:last` of y."""
    row, share = 16 * x.shape[3], broadcast(x.dtype.type(1.0 / size**2))
    for t in range(x.shape[0]):
        for c in range(first, last):
            clear_edges(y[t, c], y_border)
            for i in range(y.shape[2] - 2 * y_border):
                x_at, y_at = row_start(x, x_border, t, c, stride * i), row_start(y, y_border, t, c, i)
                for j in range(y.shape[3] - 2 * y_border):
                    at, mean = x_at + 16 * stride * j, zeros_of(x)
                    for a in range(size):
                        for b in range(size):
                            mean = add(mean, load(x, at + a * row + 16 * b))
                    store(y, y_at + 16 * j, multiply(share, mean))


@jit
def average_pool_backward(
    dy: Array, dy_border: int, dx: Array, dx_border: int, size: int, stride: int, first: int, last: int
) -> None:  # fmt: skip
    """Write channels `first:last` of dx."""
    row, share = 16 * dx.shape[3], broadcast(dy.dtype.type(1.0 / size**2))
    for t in range(dy.shape[0]):
        for c in range(first, last):
            dx[t, c] = 0
            for i in range(dy.shape[2] - 2 * dy_border):
                dx_at, dy_at = row_start(dx, dx_border, t, c, stride * i), row_start(dy, dy_border, t, c, i)
                for j in range(dy.shape[3] - 2 * dy_border):
                    at, given = dx_at + 16 * stride * j, multiply(share, load(dy, dy_at + 16 * j))
                    for a in range(size):
                        for b in range(size):
                            to = at + a * row + 16 * b
                            store(dx, to, add(load(dx, to), given))
