"""The two products of `attention` with explicit vectors; read `attention` first, then `_simd`.

Four rows of results are kept in registers, so that a row of the other side is read once for four.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels._simd import load, multiply_add, repeat, store, zeros_of

Array = NDArray[Any]


@jit
def products(
    a: Array, a_at: int, a_row: int, b: Array, b_at: int, b_row: int, width: int, count: int, wide: int, out: Array
) -> None:  # fmt: skip
    """Write out[i, j], the sum over f of a[f, i] * b[f, j]; see `attention.plain_products`."""
    zeros, row_out, fours = zeros_of(a), out.shape[1], count - count % 4
    for j in range(0, wide, 16):
        for i in range(0, fours, 4):
            s0 = s1 = s2 = s3 = zeros
            for f in range(width):
                row, at = load(b, b_at + f * b_row + j), a_at + f * a_row + i
                s0 = multiply_add(repeat(a, at, zeros), row, s0)
                s1 = multiply_add(repeat(a, at + 1, zeros), row, s1)
                s2 = multiply_add(repeat(a, at + 2, zeros), row, s2)
                s3 = multiply_add(repeat(a, at + 3, zeros), row, s3)
            to = i * row_out + j
            store(out, to, s0)
            store(out, to + row_out, s1)
            store(out, to + 2 * row_out, s2)
            store(out, to + 3 * row_out, s3)
        for i in range(fours, count):
            s = zeros
            for f in range(width):
                s = multiply_add(repeat(a, a_at + f * a_row + i, zeros), load(b, b_at + f * b_row + j), s)
            store(out, i * row_out + j, s)


@jit
def mixtures(
    x: Array, x_at: int, x_row: int, m: Array, width: int, count: int, wide: int, out: Array, out_at: int, out_row: int
) -> None:  # fmt: skip
    """Write out[f, j], the sum over i of x[f, i] * m[i, j]; see `attention.plain_mixtures`."""
    zeros, row_m, fours = zeros_of(x), m.shape[1], width - width % 4
    for j in range(0, wide, 16):
        for f in range(0, fours, 4):
            s0 = s1 = s2 = s3 = zeros
            at = x_at + f * x_row
            for i in range(count):
                row = load(m, i * row_m + j)
                s0 = multiply_add(repeat(x, at + i, zeros), row, s0)
                s1 = multiply_add(repeat(x, at + x_row + i, zeros), row, s1)
                s2 = multiply_add(repeat(x, at + 2 * x_row + i, zeros), row, s2)
                s3 = multiply_add(repeat(x, at + 3 * x_row + i, zeros), row, s3)
            to = out_at + f * out_row + j
            store(out, to, s0)
            store(out, to + out_row, s1)
            store(out, to + 2 * out_row, s2)
            store(out, to + 3 * out_row, s3)
        for f in range(fours, width):
            s = zeros
            for i in range(count):
                s = multiply_add(repeat(x, x_at + f * x_row + i, zeros), load(m, i * row_m + j), s)
            store(out, out_at + f * out_row + j, s)
