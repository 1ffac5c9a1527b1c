"""Layers whose links join motifs, compiled: the readable twins of `reference.motif`.

Arranged as `linear` is: serial `*_tile` kernels on columns `start:stop` of feature-major arrays, and public functions
that spread tiles over the threads and give the same bytes for any number of them. Nothing is expanded to single links.
With one weight for a link the products are those of a layer m times smaller on either side, O(nnz * batch) beside
O((n_in + n_out) * batch) for sums and copies; with a block of weights O(nnz * m * m * batch).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit, parallel_jit, prange
from sparse_mlp.kernels.linear import GROUPS, TILE, add_scaled, dot, sum_in_order

Array = NDArray[Any]


@jit
def motif_sums_tile(x: Array, sums: Array, start: int, stop: int) -> None:
    """Write columns `start:stop` of the sums of x (n, batch) over the m rows of each motif into sums (n / m, batch)."""
    m = x.shape[0] // max(1, sums.shape[0])
    for g in range(sums.shape[0]):
        _sum_rows(x, g * m, (g + 1) * m, start, stop, sums[g, start:stop])


@jit
def shared_spmm_tile(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, sums: Array, y: Array,
    start: int, stop: int, relu: bool,
) -> None:  # fmt: skip
    """Write columns `start:stop` of `shared_forward` into y (n_out, batch), from the sums of the input motifs."""
    motifs = len(indptr_out) - 1
    m, core = len(bias) // motifs, np.empty(stop - start, y.dtype)
    for h in range(motifs):
        core[:] = 0
        for k in range(indptr_out[h], indptr_out[h + 1]):
            add_scaled(weight[order_out[k]], sums[rows_out[k], start:stop], core)
        for v in range(h * m, (h + 1) * m):
            z = y[v, start:stop]
            for j in range(len(z)):
                z[j] = max(core[j] + bias[v], 0) if relu else core[j] + bias[v]


@jit
def shared_backward_tile(
    indptr: Array, indices: Array, weight: Array, x: Array, deltas: Array, dx: Array, dweight: Array,
    start: int, stop: int, relu: bool,
) -> None:  # fmt: skip
    """Write columns `start:stop` of dx and add their part of the gradient to dweight, from sums over output motifs.

    dx may be x itself. `relu` multiplies with the derivative of the ReLU that made x.
    """
    motifs = len(indptr) - 1
    m = x.shape[0] // motifs
    total, gathered = np.empty(stop - start, x.dtype), np.empty(stop - start, x.dtype)
    for g in range(motifs):
        _sum_rows(x, g * m, (g + 1) * m, start, stop, total)
        gathered[:] = 0
        for k in range(indptr[g], indptr[g + 1]):
            delta = deltas[indices[k], start:stop]
            add_scaled(weight[k], delta, gathered)
            dweight[k] += dot(total, delta)
        for u in range(g * m, (g + 1) * m):
            x_u, dx_u = x[u, start:stop], dx[u, start:stop]
            for j in range(len(gathered)):
                dx_u[j] = 0 if relu and x_u[j] <= 0 else gathered[j]


@jit
def shared_sddmm_tile(
    indptr: Array, indices: Array, x: Array, deltas: Array, dweight: Array, start: int, stop: int
) -> None:
    """Add the part of columns `start:stop` of the gradient to dweight, where nobody asks for dx."""
    motifs = len(indptr) - 1
    m, total = x.shape[0] // motifs, np.empty(stop - start, x.dtype)
    for g in range(motifs):
        _sum_rows(x, g * m, (g + 1) * m, start, stop, total)
        for k in range(indptr[g], indptr[g + 1]):
            dweight[k] += dot(total, deltas[indices[k], start:stop])


@jit
def _sum_rows(x: Array, first: int, last: int, start: int, stop: int, total: Array) -> None:
    total[:] = x[first, start:stop]
    for u in range(first + 1, last):
        term = x[u, start:stop]
        for j in range(len(total)):
            total[j] += term[j]


@jit
def block_spmm_tile(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, y: Array,
    start: int, stop: int, relu: bool,
) -> None:  # fmt: skip
    """Write columns `start:stop` of `block_forward` into y (n_out, batch); weight is flat (nnz * m * m,)."""
    motifs = len(indptr_out) - 1
    m = len(bias) // motifs
    for v in range(len(bias)):
        h, q = v // m, v % m
        z = y[v, start:stop]
        z[:] = bias[v]
        for k in range(indptr_out[h], indptr_out[h + 1]):
            for p in range(m):
                add_scaled(weight[(order_out[k] * m + p) * m + q], x[rows_out[k] * m + p, start:stop], z)
        if relu:
            for j in range(len(z)):
                z[j] = max(z[j], 0)


@jit
def block_backward_tile(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array,
    start: int, stop: int, relu: bool,
) -> None:  # fmt: skip
    """Write columns `start:stop` of dx and add their part of the gradients to dweight, flat like weight.

    dx may be x itself. `relu` multiplies with the derivative of the ReLU that made x.
    """
    motifs = len(indptr) - 1
    m, gathered = x.shape[0] // motifs, np.empty(stop - start, x.dtype)
    for u in range(x.shape[0]):
        g, p = u // m, u % m
        x_u, dx_u = x[u, start:stop], dx[u, start:stop]
        gathered[:] = 0
        for k in range(indptr[g], indptr[g + 1]):
            for q in range(m):
                at, dy_v = (k * m + p) * m + q, dy[indices[k] * m + q, start:stop]
                add_scaled(weight[at], dy_v, gathered)
                dweight[at] += dot(x_u, dy_v)
        for j in range(len(gathered)):
            dx_u[j] = 0 if relu and x_u[j] <= 0 else gathered[j]


@jit
def block_sddmm_tile(
    indptr: Array, indices: Array, x: Array, dy: Array, dweight: Array, start: int, stop: int
) -> None:
    """Add the part of columns `start:stop` of the gradients to dweight, flat, where nobody asks for dx."""
    motifs = len(indptr) - 1
    m = x.shape[0] // motifs
    for u in range(x.shape[0]):
        g, p = u // m, u % m
        for k in range(indptr[g], indptr[g + 1]):
            for q in range(m):
                dweight[(k * m + p) * m + q] += dot(x[u, start:stop], dy[indices[k] * m + q, start:stop])


@parallel_jit
def motif_sums(x: Array, motifs: int) -> Array:
    """Add up the rows of each motif; see `reference.motif.motif_sums`."""
    batch = x.shape[1]
    sums = np.empty((motifs, batch), x.dtype)
    for t in prange((batch + TILE - 1) // TILE):
        motif_sums_tile(x, sums, t * TILE, min(batch, (t + 1) * TILE))
    return sums


@parallel_jit
def shared_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False
) -> Array:
    """Multiply the sums of the input motifs with the shared weights; see `reference.motif.shared_forward`."""
    batch, m = x.shape[1], len(bias) // (len(indptr_out) - 1)
    sums, y = np.empty((x.shape[0] // m, batch), x.dtype), np.empty((len(bias), batch), x.dtype)
    for t in prange((batch + TILE - 1) // TILE):
        start, stop = t * TILE, min(batch, (t + 1) * TILE)
        motif_sums_tile(x, sums, start, stop)
        shared_spmm_tile(indptr_out, rows_out, order_out, weight, bias, sums, y, start, stop, relu)
    return y


@parallel_jit
def shared_backward(indptr: Array, indices: Array, weight: Array, x: Array, dy: Array) -> tuple[Array, Array]:
    """Compute dx and the gradient of each shared weight; see `reference.motif.shared_backward`."""
    batch, m = x.shape[1], x.shape[0] // (len(indptr) - 1)
    tiles = (batch + TILE - 1) // TILE
    groups = max(1, min(GROUPS, tiles))
    dx, deltas = np.empty_like(x), np.empty((dy.shape[0] // m, batch), x.dtype)
    partial = np.zeros((groups, len(indices)), x.dtype)
    for g in prange(groups):
        for t in range(g * tiles // groups, (g + 1) * tiles // groups):
            start, stop = t * TILE, min(batch, (t + 1) * TILE)
            motif_sums_tile(dy, deltas, start, stop)
            shared_backward_tile(indptr, indices, weight, x, deltas, dx, partial[g], start, stop, False)
    dweight = np.empty(len(indices), x.dtype)
    sum_in_order(partial, dweight, 0, len(indices))
    return dx, dweight


@parallel_jit
def block_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False
) -> Array:
    """Multiply the activations with the blocks (nnz, m, m); see `reference.motif.block_forward`."""
    batch = x.shape[1]
    flat, y = weight.ravel(), np.empty((len(bias), batch), x.dtype)
    for t in prange((batch + TILE - 1) // TILE):
        stop = min(batch, (t + 1) * TILE)
        block_spmm_tile(indptr_out, rows_out, order_out, flat, bias, x, y, t * TILE, stop, relu)
    return y


@parallel_jit
def block_backward(indptr: Array, indices: Array, weight: Array, x: Array, dy: Array) -> tuple[Array, Array]:
    """Compute dx and the gradients of the blocks (nnz, m, m); see `reference.motif.block_backward`."""
    batch = x.shape[1]
    tiles = (batch + TILE - 1) // TILE
    groups = max(1, min(GROUPS, tiles))
    flat, dx = weight.ravel(), np.empty_like(x)
    partial = np.zeros((groups, flat.size), x.dtype)
    for g in prange(groups):
        for t in range(g * tiles // groups, (g + 1) * tiles // groups):
            stop = min(batch, (t + 1) * TILE)
            block_backward_tile(indptr, indices, flat, x, dy, dx, partial[g], t * TILE, stop, False)
    dweight = np.empty(flat.size, x.dtype)
    sum_in_order(partial, dweight, 0, flat.size)
    return dx, dweight.reshape(weight.shape)
