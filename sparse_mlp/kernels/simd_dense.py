"""The kernels of `dense` with explicit vectors, for tiles of 32 and 64 lanes.

Rows of five neurons are kept in registers, so that a row of the other side is read once for five. Read `dense` first,
then `_simd`.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels._simd import (
    add,
    load_like,
    multiply_add,
    positive_part,
    repeat,
    row_of_zeros,
    store,
    total,
    where_positive,
)
from sparse_mlp.kernels._simd_sums import multiply_fold, sums_of_four
from sparse_mlp.kernels.simd_linear import bias_grad

Array = NDArray[Any]


@jit
def forward_64(weight: Array, bias: Array, x: Array, y: Array, relu: bool, first: int, last: int) -> None:
    """Write outputs `first:last` for the tiles x (n_tiles, n_in, 64) into y (n_tiles, n_out, 64)."""
    _forward(weight, bias, x, y, relu, first, last, row_of_zeros(x, 64))


@jit
def forward_32(weight: Array, bias: Array, x: Array, y: Array, relu: bool, first: int, last: int) -> None:
    """Write outputs `first:last` for the tiles x (n_tiles, n_in, 32) into y (n_tiles, n_out, 32)."""
    _forward(weight, bias, x, y, relu, first, last, row_of_zeros(x, 32))


@jit
def _forward(weight: Array, bias: Array, x: Array, y: Array, relu: bool, first: int, last: int, zeros: Any) -> None:
    n_in, lanes, n_out = x.shape[1], x.shape[2], y.shape[1]
    fives = last - (last - first) % 5
    for t in range(x.shape[0]):
        x_at, y_at = t * n_in * lanes, t * n_out * lanes
        for v in range(first, fives, 5):
            z0, z1, z2 = repeat(bias, v, zeros), repeat(bias, v + 1, zeros), repeat(bias, v + 2, zeros)
            z3, z4 = repeat(bias, v + 3, zeros), repeat(bias, v + 4, zeros)
            for u in range(n_in):
                row, k = load_like(x, x_at + u * lanes, zeros), u * n_out + v
                z0 = multiply_add(repeat(weight, k, row), row, z0)
                z1 = multiply_add(repeat(weight, k + 1, row), row, z1)
                z2 = multiply_add(repeat(weight, k + 2, row), row, z2)
                z3 = multiply_add(repeat(weight, k + 3, row), row, z3)
                z4 = multiply_add(repeat(weight, k + 4, row), row, z4)
            if relu:
                z0, z1, z2 = positive_part(z0), positive_part(z1), positive_part(z2)
                z3, z4 = positive_part(z3), positive_part(z4)
            at = y_at + v * lanes
            store(y, at, z0)
            store(y, at + lanes, z1)
            store(y, at + 2 * lanes, z2)
            store(y, at + 3 * lanes, z3)
            store(y, at + 4 * lanes, z4)
        for v in range(fives, last):
            z = repeat(bias, v, zeros)
            for u in range(n_in):
                z = multiply_add(repeat(weight, u * n_out + v, zeros), load_like(x, x_at + u * lanes, zeros), z)
            store(y, y_at + v * lanes, positive_part(z) if relu else z)


@jit
def backward_64(
    weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, dbias: Array, relu: bool, first: int, last: int
) -> None:
    """Write inputs `first:last` of dx (n_tiles, n_in, 64) or, without tiles, none; add their gradients of weights."""
    bias_grad(dy, dbias)
    _gradient(x, dy, dweight.reshape(-1), first, last, row_of_zeros(x, 64))
    _backward(weight, x, dy, dx, relu, first, last, row_of_zeros(x, 64))


@jit
def backward_32(
    weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, dbias: Array, relu: bool, first: int, last: int
) -> None:
    """Write inputs `first:last` of dx (n_tiles, n_in, 32) or, without tiles, none; add their gradients of weights."""
    bias_grad(dy, dbias)
    _gradient(x, dy, dweight.reshape(-1), first, last, row_of_zeros(x, 32))
    _backward(weight, x, dy, dx, relu, first, last, row_of_zeros(x, 32))


@jit
def _backward(weight: Array, x: Array, dy: Array, dx: Array, relu: bool, first: int, last: int, zeros: Any) -> None:
    n_in, lanes, n_out = x.shape[1], x.shape[2], dy.shape[1]
    fives = last - (last - first) % 5
    for t in range(dx.shape[0]):
        x_at, dy_at = t * n_in * lanes, t * n_out * lanes
        for u in range(first, fives, 5):
            d0 = d1 = d2 = d3 = d4 = zeros
            for v in range(n_out):
                row, k = load_like(dy, dy_at + v * lanes, zeros), u * n_out + v
                d0 = multiply_add(repeat(weight, k, row), row, d0)
                d1 = multiply_add(repeat(weight, k + n_out, row), row, d1)
                d2 = multiply_add(repeat(weight, k + 2 * n_out, row), row, d2)
                d3 = multiply_add(repeat(weight, k + 3 * n_out, row), row, d3)
                d4 = multiply_add(repeat(weight, k + 4 * n_out, row), row, d4)
            at = x_at + u * lanes
            if relu:
                d0 = where_positive(load_like(x, at, zeros), d0)
                d1 = where_positive(load_like(x, at + lanes, zeros), d1)
                d2 = where_positive(load_like(x, at + 2 * lanes, zeros), d2)
                d3 = where_positive(load_like(x, at + 3 * lanes, zeros), d3)
                d4 = where_positive(load_like(x, at + 4 * lanes, zeros), d4)
            store(dx, at, d0)
            store(dx, at + lanes, d1)
            store(dx, at + 2 * lanes, d2)
            store(dx, at + 3 * lanes, d3)
            store(dx, at + 4 * lanes, d4)
        for u in range(fives, last):
            d, at = zeros, x_at + u * lanes
            for v in range(n_out):
                d = multiply_add(repeat(weight, u * n_out + v, zeros), load_like(dy, dy_at + v * lanes, zeros), d)
            store(dx, at, where_positive(load_like(x, at, zeros), d) if relu else d)


@jit
def _gradient(x: Array, dy: Array, dweight: Array, first: int, last: int, zeros: Any) -> None:
    n_in, lanes, n_out, four = x.shape[1], x.shape[2], dy.shape[1], row_of_zeros(x, 4)
    fours = n_out - n_out % 4
    for t in range(x.shape[0]):
        for u in range(first, last):
            row = load_like(x, (t * n_in + u) * lanes, zeros)
            for v in range(0, fours, 4):
                a, k = (t * n_out + v) * lanes, u * n_out + v
                sums = sums_of_four(
                    multiply_fold(row, load_like(dy, a, zeros)),
                    multiply_fold(row, load_like(dy, a + lanes, zeros)),
                    multiply_fold(row, load_like(dy, a + 2 * lanes, zeros)),
                    multiply_fold(row, load_like(dy, a + 3 * lanes, zeros)),
                )
                store(dweight, k, add(load_like(dweight, k, four), sums))
            for v in range(fours, n_out):
                dweight[u * n_out + v] += total(multiply_fold(row, load_like(dy, (t * n_out + v) * lanes, zeros)))
