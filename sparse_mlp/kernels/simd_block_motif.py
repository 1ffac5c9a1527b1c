"""The kernels of `motif` for blocks of weights with explicit vectors: the same results, several times faster.

As `simd_shared_motif`. Up to four rows of results stay in registers, so that each row that is read serves all of them.
They are written out one by one, for motifs of four, two and any number of neurons, since no array of vectors stays in
registers; the arithmetic is that of `motif._block_forward`, `_block_backward` and `_block_sddmm`.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels._simd import (
    load_like,
    multiply_add,
    positive_part,
    prefetch,
    repeat,
    row_of_zeros,
    store,
    total,
    where_positive,
)
from sparse_mlp.kernels._simd_sums import add_columns, add_rows, multiply_fold, sums_of_four

Array = NDArray[Any]

AHEAD = 8  # neurons: how early the rows of a motif are asked for; the forward kernel is faster without


@jit
def block_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, y: Array, relu: bool
) -> None:
    """Write `block_forward` of the tiles x into y; weight is flat (nnz * m * m,)."""
    for t in range(x.shape[0]):
        if x.shape[2] == 64:
            _forward(indptr_out, rows_out, order_out, weight, bias, x[t], y[t], relu, row_of_zeros(x, 64))
        else:
            _forward(indptr_out, rows_out, order_out, weight, bias, x[t], y[t], relu, row_of_zeros(x, 32))


@jit
def _forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, y: Array, relu: bool,
    zeros: Any,
) -> None:  # fmt: skip
    motifs, width = len(indptr_out) - 1, x.shape[1]
    m = len(bias) // motifs
    at_once = 4 if m % 4 == 0 else 2 if m % 2 == 0 else 1
    for v in range(0, len(bias), at_once):
        h, q = v // m, v % m
        if at_once == 4:
            y0, y1 = repeat(bias, v, zeros), repeat(bias, v + 1, zeros)
            y2, y3 = repeat(bias, v + 2, zeros), repeat(bias, v + 3, zeros)
            for k in range(indptr_out[h], indptr_out[h + 1]):
                at, row = order_out[k] * m * m + q, rows_out[k] * m * width
                for _ in range(m):
                    x_p = load_like(x, row, zeros)
                    y0 = multiply_add(repeat(weight, at, zeros), x_p, y0)
                    y1 = multiply_add(repeat(weight, at + 1, zeros), x_p, y1)
                    y2 = multiply_add(repeat(weight, at + 2, zeros), x_p, y2)
                    y3 = multiply_add(repeat(weight, at + 3, zeros), x_p, y3)
                    at, row = at + m, row + width
            _store_activated(y, v, y0, relu)
            _store_activated(y, v + 1, y1, relu)
            _store_activated(y, v + 2, y2, relu)
            _store_activated(y, v + 3, y3, relu)
        elif at_once == 2:
            y0, y1 = repeat(bias, v, zeros), repeat(bias, v + 1, zeros)
            for k in range(indptr_out[h], indptr_out[h + 1]):
                at, row = order_out[k] * m * m + q, rows_out[k] * m * width
                for _ in range(m):
                    x_p = load_like(x, row, zeros)
                    y0 = multiply_add(repeat(weight, at, zeros), x_p, y0)
                    y1 = multiply_add(repeat(weight, at + 1, zeros), x_p, y1)
                    at, row = at + m, row + width
            _store_activated(y, v, y0, relu)
            _store_activated(y, v + 1, y1, relu)
        else:
            y0 = repeat(bias, v, zeros)
            for k in range(indptr_out[h], indptr_out[h + 1]):
                for p in range(m):
                    w = repeat(weight, (order_out[k] * m + p) * m + q, zeros)
                    y0 = multiply_add(w, load_like(x, (rows_out[k] * m + p) * width, zeros), y0)
            _store_activated(y, v, y0, relu)


@jit
def _fetch(rows: Array, at: int, m: int) -> None:
    """Ask for the rows of a motif before they are needed, line by line."""
    for j in range(0, m * rows.shape[1], 16):
        prefetch(rows, at + j)


@jit
def _store_activated(y: Array, v: int, z: Any, relu: bool) -> None:
    if relu:
        z = positive_part(z)
    store(y, v * y.shape[1], z)


@jit
def block_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, relu: bool
) -> None:
    """Write dx of all tiles and add the gradients to dweight, flat like weight.

    dx may be x itself. `relu` multiplies with the derivative of the ReLU that made x.
    """
    for t in range(x.shape[0]):
        if x.shape[2] == 64:
            _backward(indptr, indices, weight, x[t], dy[t], dx[t], dweight, relu, row_of_zeros(x, 64))
        else:
            _backward(indptr, indices, weight, x[t], dy[t], dx[t], dweight, relu, row_of_zeros(x, 32))


@jit
def _backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, relu: bool,
    zeros: Any,
) -> None:  # fmt: skip
    motifs, width = len(indptr) - 1, x.shape[1]
    m = x.shape[0] // motifs
    at_once = 2 if m % 2 == 0 else 1
    end = indptr[motifs] - 1
    for u in range(0, x.shape[0], at_once):
        g, p = u // m, u % m
        if at_once == 2:
            x0, x1 = load_like(x, u * width, zeros), load_like(x, (u + 1) * width, zeros)
            d0 = d1 = zeros
            for k in range(indptr[g], indptr[g + 1]):
                _fetch(dy, indices[min(k + AHEAD // m, end)] * m * width, m)
                at, row = (k * m + p) * m, indices[k] * m * width
                for _ in range(m // 2):
                    g0, g1 = load_like(dy, row, zeros), load_like(dy, row + width, zeros)
                    d0 = multiply_add(repeat(weight, at, zeros), g0, d0)
                    d1 = multiply_add(repeat(weight, at + m, zeros), g0, d1)
                    d0 = multiply_add(repeat(weight, at + 1, zeros), g1, d0)
                    d1 = multiply_add(repeat(weight, at + m + 1, zeros), g1, d1)
                    add_rows(dweight, at, m, _two_by_two_dots(x0, x1, g0, g1))
                    at, row = at + 2, row + 2 * width
            _store_masked(dx, u, x0, d0, relu)
            _store_masked(dx, u + 1, x1, d1, relu)
        else:
            x0, d0 = load_like(x, u * width, zeros), zeros
            for k in range(indptr[g], indptr[g + 1]):
                for q in range(m):
                    at, g_q = (k * m + p) * m + q, load_like(dy, (indices[k] * m + q) * width, zeros)
                    d0 = multiply_add(repeat(weight, at, zeros), g_q, d0)
                    dweight[at] += total(multiply_fold(x0, g_q))
            _store_masked(dx, u, x0, d0, relu)


@jit
def _four_dots(x0: Any, x1: Any, x2: Any, x3: Any, g: Any) -> Any:
    return sums_of_four(multiply_fold(x0, g), multiply_fold(x1, g), multiply_fold(x2, g), multiply_fold(x3, g))


@jit
def _two_by_two_dots(x0: Any, x1: Any, g0: Any, g1: Any) -> Any:
    return sums_of_four(multiply_fold(x0, g0), multiply_fold(x0, g1), multiply_fold(x1, g0), multiply_fold(x1, g1))


@jit
def _store_masked(dx: Array, u: int, x_u: Any, d: Any, relu: bool) -> None:
    if relu:
        d = where_positive(x_u, d)
    store(dx, u * dx.shape[1], d)


@jit
def block_sddmm(indptr: Array, indices: Array, x: Array, dy: Array, dweight: Array) -> None:
    """Add the gradients of all tiles to dweight, flat, where nobody asks for dx."""
    for t in range(x.shape[0]):
        if x.shape[2] == 64:
            _sddmm(indptr, indices, x[t], dy[t], dweight, row_of_zeros(x, 64))
        else:
            _sddmm(indptr, indices, x[t], dy[t], dweight, row_of_zeros(x, 32))


@jit
def _sddmm(indptr: Array, indices: Array, x: Array, dy: Array, dweight: Array, zeros: Any) -> None:
    motifs, width = len(indptr) - 1, x.shape[1]
    m = x.shape[0] // motifs
    at_once = 4 if m % 4 == 0 else 2 if m % 2 == 0 else 1
    for u in range(0, x.shape[0], at_once):
        g, p = u // m, u % m
        if at_once == 4:
            x0, x1 = load_like(x, u * width, zeros), load_like(x, (u + 1) * width, zeros)
            x2, x3 = load_like(x, (u + 2) * width, zeros), load_like(x, (u + 3) * width, zeros)
            for k in range(indptr[g], indptr[g + 1]):
                at, row = (k * m + p) * m, indices[k] * m * width
                for _ in range(m // 4):
                    s0 = _four_dots(x0, x1, x2, x3, load_like(dy, row, zeros))
                    s1 = _four_dots(x0, x1, x2, x3, load_like(dy, row + width, zeros))
                    s2 = _four_dots(x0, x1, x2, x3, load_like(dy, row + 2 * width, zeros))
                    s3 = _four_dots(x0, x1, x2, x3, load_like(dy, row + 3 * width, zeros))
                    add_columns(dweight, at, m, s0, s1, s2, s3)
                    at, row = at + 4, row + 4 * width
        elif at_once == 2:
            x0, x1 = load_like(x, u * width, zeros), load_like(x, (u + 1) * width, zeros)
            for k in range(indptr[g], indptr[g + 1]):
                at, row = (k * m + p) * m, indices[k] * m * width
                for _ in range(m // 2):
                    g0, g1 = load_like(dy, row, zeros), load_like(dy, row + width, zeros)
                    add_rows(dweight, at, m, _two_by_two_dots(x0, x1, g0, g1))
                    at, row = at + 2, row + 2 * width
        else:
            x0 = load_like(x, u * width, zeros)
            for k in range(indptr[g], indptr[g + 1]):
                for q in range(m):
                    at, g_q = (k * m + p) * m + q, load_like(dy, (indices[k] * m + q) * width, zeros)
                    dweight[at] += total(multiply_fold(x0, g_q))
