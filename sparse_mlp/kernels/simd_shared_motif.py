"""The kernels of `motif` for shared weights with explicit vectors: the same results, several times faster.

A row of a tile, 32 or 64 lanes, is one vector, whose type `zeros` gives. Read `motif` first.
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
from sparse_mlp.kernels._simd_sums import multiply_fold

Array = NDArray[Any]


@jit
def _motif_sums(x: Array, sums: Array, zeros: Any) -> None:
    """Write the sums of the tile x (n, width) over the m rows of each motif into sums (n / m, width)."""
    width, m = x.shape[1], x.shape[0] // max(1, sums.shape[0])
    for g in range(sums.shape[0]):
        store(sums, g * width, _sum_rows(x, g * m, m, zeros))


@jit
def _sum_rows(x: Array, first: int, m: int, zeros: Any) -> Any:
    width = x.shape[1]
    rows = load_like(x, first * width, zeros)
    for u in range(first + 1, first + m):
        rows = add(rows, load_like(x, u * width, zeros))
    return rows


@jit
def shared_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, sums: Array, y: Array,
    relu: bool,
) -> None:  # fmt: skip
    """Write `shared_forward` of the tiles x into y; sums (motifs, lanes) is memory for one tile."""
    for t in range(x.shape[0]):
        if x.shape[2] == 64:
            _forward(indptr_out, rows_out, order_out, weight, bias, x[t], sums, y[t], relu, row_of_zeros(x, 64))
        else:
            _forward(indptr_out, rows_out, order_out, weight, bias, x[t], sums, y[t], relu, row_of_zeros(x, 32))


@jit
def _forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, sums: Array, y: Array,
    relu: bool, zeros: Any,
) -> None:  # fmt: skip
    _motif_sums(x, sums, zeros)
    motifs, width = len(indptr_out) - 1, y.shape[1]
    m = len(bias) // motifs
    for h in range(motifs):
        core = zeros
        for k in range(indptr_out[h], indptr_out[h + 1]):
            core = multiply_add(repeat(weight, order_out[k], zeros), load_like(sums, rows_out[k] * width, zeros), core)
        for v in range(h * m, (h + 1) * m):
            z = add(core, repeat(bias, v, zeros))
            if relu:
                z = positive_part(z)
            store(y, v * width, z)


@jit
def shared_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, deltas: Array, dx: Array, dweight: Array,
    relu: bool,
) -> None:  # fmt: skip
    """Write dx of all tiles and add the gradient to dweight; deltas (motifs, lanes) is memory for one tile.

    dx may be x itself. `relu` multiplies with the derivative of the ReLU that made x.
    """
    for t in range(x.shape[0]):
        if x.shape[2] == 64:
            _backward(indptr, indices, weight, x[t], dy[t], deltas, dx[t], dweight, relu, row_of_zeros(x, 64))
        else:
            _backward(indptr, indices, weight, x[t], dy[t], deltas, dx[t], dweight, relu, row_of_zeros(x, 32))


@jit
def _backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, deltas: Array, dx: Array, dweight: Array,
    relu: bool, zeros: Any,
) -> None:  # fmt: skip
    _motif_sums(dy, deltas, zeros)
    motifs, width = len(indptr) - 1, x.shape[1]
    m = x.shape[0] // motifs
    for g in range(motifs):
        rows, gathered = _sum_rows(x, g * m, m, zeros), zeros
        for k in range(indptr[g], indptr[g + 1]):
            delta = load_like(deltas, indices[k] * width, zeros)
            gathered = multiply_add(repeat(weight, k, zeros), delta, gathered)
            dweight[k] += total(multiply_fold(rows, delta))
        for u in range(g * m, (g + 1) * m):
            if relu:
                store(dx, u * width, where_positive(load_like(x, u * width, zeros), gathered))
            else:
                store(dx, u * width, gathered)


@jit
def shared_sddmm(indptr: Array, indices: Array, x: Array, dy: Array, deltas: Array, dweight: Array) -> None:
    """Add the gradient of all tiles to dweight, where nobody asks for dx; deltas as in `shared_backward`."""
    for t in range(x.shape[0]):
        if x.shape[2] == 64:
            _sddmm(indptr, indices, x[t], dy[t], deltas, dweight, row_of_zeros(x, 64))
        else:
            _sddmm(indptr, indices, x[t], dy[t], deltas, dweight, row_of_zeros(x, 32))


@jit
def _sddmm(indptr: Array, indices: Array, x: Array, dy: Array, deltas: Array, dweight: Array, zeros: Any) -> None:
    _motif_sums(dy, deltas, zeros)
    motifs, width = len(indptr) - 1, x.shape[1]
    m = x.shape[0] // motifs
    for g in range(motifs):
        rows = _sum_rows(x, g * m, m, zeros)
        for k in range(indptr[g], indptr[g + 1]):
            dweight[k] += total(multiply_fold(rows, load_like(deltas, indices[k] * width, zeros)))
