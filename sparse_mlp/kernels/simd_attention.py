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
def products(a: Array, b: Array, count: int, wide: int, out: Array) -> None:
    """Write out[i, j], the sum over f of a[f, i] * b[f, j], for `count` rows i and `wide` columns j, whole vectors."""
    width, row_a, row_b, row_out = a.shape[0], a.shape[1], b.shape[1], out.shape[1]
    zeros = zeros_of(a)
    fours = count - count % 4
    for j in range(0, wide, 16):
        for i in range(0, fours, 4):
            s0 = s1 = s2 = s3 = zeros
            for f in range(width):
                row, at = load(b, f * row_b + j), f * row_a + i
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
                s = multiply_add(repeat(a, f * row_a + i, zeros), load(b, f * row_b + j), s)
            store(out, i * row_out + j, s)


@jit
def mixtures(x: Array, m: Array, count: int, wide: int, out: Array) -> None:
    """Write out[f, j], the sum over `count` rows i of x[f, i] * m[i, j], for `wide` columns j, whole vectors."""
    width, row_x, row_m, row_out = x.shape[0], x.shape[1], m.shape[1], out.shape[1]
    zeros = zeros_of(x)
    fours = width - width % 4
    for j in range(0, wide, 16):
        for f in range(0, fours, 4):
            s0 = s1 = s2 = s3 = zeros
            at = f * row_x
            for i in range(count):
                row = load(m, i * row_m + j)
                s0 = multiply_add(repeat(x, at + i, zeros), row, s0)
                s1 = multiply_add(repeat(x, at + row_x + i, zeros), row, s1)
                s2 = multiply_add(repeat(x, at + 2 * row_x + i, zeros), row, s2)
                s3 = multiply_add(repeat(x, at + 3 * row_x + i, zeros), row, s3)
            to = f * row_out + j
            store(out, to, s0)
            store(out, to + row_out, s1)
            store(out, to + 2 * row_out, s2)
            store(out, to + 3 * row_out, s3)
        for f in range(fours, width):
            s = zeros
            for i in range(count):
                s = multiply_add(repeat(x, f * row_x + i, zeros), load(m, i * row_m + j), s)
            store(out, f * row_out + j, s)
