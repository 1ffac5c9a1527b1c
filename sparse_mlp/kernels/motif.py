"""Layers whose links join motifs, compiled: the twins of `reference.motif` on tiles.

Arranged as `linear` is: serial kernels on tiles (n_tiles, features, lanes), results into given arrays (`out`),
gradients added to given ones (`add_to`). Nothing is expanded to single links. With one weight for a link the products
are those of a layer m times smaller on either side, O(nnz * batch), and sums and copies cost
O((n_in + n_out) * batch); with a block of weights the cost is O(nnz * m * m * batch).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import SIMD, jit
from sparse_mlp.kernels.linear import add_scaled, dot
from sparse_mlp.kernels.tiles import scratch

if SIMD:
    from sparse_mlp.kernels import simd_block_motif, simd_shared_motif

Array = NDArray[Any]


def motif_sums(x: Array, motifs: int) -> Array:
    """Add up the rows of each motif: x (n_tiles, n, lanes) → (n_tiles, motifs, lanes)."""
    return x.reshape(len(x), motifs, x.shape[1] // max(1, motifs), x.shape[2]).sum(axis=2)


def shared_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False,
    *, out: Array | None = None,
) -> Array:  # fmt: skip
    """Multiply the sums of the input motifs with the shared weights; see `reference.motif.shared_forward`."""
    m, lanes = len(bias) // (len(indptr_out) - 1), x.shape[2]
    y = np.empty((len(x), len(bias), lanes), x.dtype) if out is None else out
    kernel = simd_shared_motif.shared_forward if _has_vectors(x) else _shared_forward
    sums = scratch((x.shape[1] // m, lanes), x.dtype)
    kernel(indptr_out, rows_out, order_out, weight, bias, x, sums, y, relu)
    return y


def shared_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, relu: bool = False,
    *, out: Array | None = None, add_to: Array | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """Compute dx and the gradient of each shared weight; see `reference.motif.shared_backward`."""
    dx = np.empty_like(x) if out is None else out
    dweight = np.zeros(len(indices), x.dtype) if add_to is None else add_to
    kernel = simd_shared_motif.shared_backward if _has_vectors(x) else _shared_backward
    kernel(indptr, indices, weight, x, dy, _deltas(indptr, x, dy), dx, dweight, relu)
    return dx, dweight


def shared_sddmm(indptr: Array, indices: Array, x: Array, dy: Array, *, add_to: Array | None = None) -> Array:
    """Compute the gradient of each shared weight, where nobody asks for dx; see `reference.motif.shared_sddmm`."""
    dweight = np.zeros(len(indices), x.dtype) if add_to is None else add_to
    kernel = simd_shared_motif.shared_sddmm if _has_vectors(x) else _shared_sddmm
    kernel(indptr, indices, x, dy, _deltas(indptr, x, dy), dweight)
    return dweight


def block_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False,
    *, out: Array | None = None,
) -> Array:  # fmt: skip
    """Multiply the activations with the blocks (nnz, m, m); see `reference.motif.block_forward`."""
    y = np.empty((len(x), len(bias), x.shape[2]), x.dtype) if out is None else out
    kernel = simd_block_motif.block_forward if _has_vectors(x) else _block_forward
    kernel(indptr_out, rows_out, order_out, weight.ravel(), bias, x, y, relu)
    return y


def block_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, relu: bool = False,
    *, out: Array | None = None, add_to: Array | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """Compute dx and the gradients of the blocks (nnz, m, m); see `reference.motif.block_backward`."""
    dx = np.empty_like(x) if out is None else out
    dweight = np.zeros(weight.shape, x.dtype) if add_to is None else add_to
    kernel = simd_block_motif.block_backward if _has_vectors(x) else _block_backward
    kernel(indptr, indices, weight.ravel(), x, dy, dx, dweight.reshape(-1), relu)
    return dx, dweight


def block_sddmm(indptr: Array, indices: Array, x: Array, dy: Array, *, add_to: Array | None = None) -> Array:
    """Compute the gradients of the blocks, where nobody asks for dx; see `reference.motif.block_sddmm`."""
    m = x.shape[1] // (len(indptr) - 1)
    dweight = np.zeros((len(indices), m, m), x.dtype) if add_to is None else add_to
    kernel = simd_block_motif.block_sddmm if _has_vectors(x) else _block_sddmm
    kernel(indptr, indices, x, dy, dweight.reshape(-1))
    return dweight


def _has_vectors(x: Array) -> bool:
    """Tell whether there are kernels with explicit vectors for this number of lanes."""
    return SIMD and x.shape[2] in (32, 64)


def _deltas(indptr: Array, x: Array, dy: Array) -> Array:
    """Return memory for the sums of one tile of dy over the output motifs."""
    m = x.shape[1] // (len(indptr) - 1)
    return scratch((dy.shape[1] // m, dy.shape[2]), dy.dtype)


@jit
def _shared_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, sums: Array, y: Array,
    relu: bool,
) -> None:  # fmt: skip
    motifs = len(indptr_out) - 1
    m, core = len(bias) // motifs, np.empty(x.shape[2], y.dtype)
    for t in range(x.shape[0]):
        for g in range(sums.shape[0]):
            _sum_rows(x[t], g * m, (g + 1) * m, sums[g])
        for h in range(motifs):
            core[:] = 0
            for k in range(indptr_out[h], indptr_out[h + 1]):
                add_scaled(weight[order_out[k]], sums[rows_out[k]], core)
            for v in range(h * m, (h + 1) * m):
                z = y[t, v]
                for j in range(len(z)):
                    z[j] = max(core[j] + bias[v], 0) if relu else core[j] + bias[v]


@jit
def _shared_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, deltas: Array, dx: Array, dweight: Array,
    relu: bool,
) -> None:  # fmt: skip
    motifs = len(indptr) - 1
    m = x.shape[1] // motifs
    total, gathered = np.empty(x.shape[2], x.dtype), np.empty(x.shape[2], x.dtype)
    for t in range(x.shape[0]):
        for h in range(deltas.shape[0]):
            _sum_rows(dy[t], h * m, (h + 1) * m, deltas[h])
        for g in range(motifs):
            _sum_rows(x[t], g * m, (g + 1) * m, total)
            gathered[:] = 0
            for k in range(indptr[g], indptr[g + 1]):
                delta = deltas[indices[k]]
                add_scaled(weight[k], delta, gathered)
                dweight[k] += dot(total, delta)
            for u in range(g * m, (g + 1) * m):
                x_u, dx_u = x[t, u], dx[t, u]
                for j in range(len(gathered)):
                    dx_u[j] = 0 if relu and x_u[j] <= 0 else gathered[j]


@jit
def _shared_sddmm(indptr: Array, indices: Array, x: Array, dy: Array, deltas: Array, dweight: Array) -> None:
    motifs = len(indptr) - 1
    m, total = x.shape[1] // motifs, np.empty(x.shape[2], x.dtype)
    for t in range(x.shape[0]):
        for h in range(deltas.shape[0]):
            _sum_rows(dy[t], h * m, (h + 1) * m, deltas[h])
        for g in range(motifs):
            _sum_rows(x[t], g * m, (g + 1) * m, total)
            for k in range(indptr[g], indptr[g + 1]):
                dweight[k] += dot(total, deltas[indices[k]])


@jit
def _sum_rows(x: Array, first: int, last: int, total: Array) -> None:
    total[:] = x[first]
    for u in range(first + 1, last):
        term = x[u]
        for j in range(len(total)):
            total[j] += term[j]


@jit
def _block_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, y: Array, relu: bool
) -> None:
    motifs = len(indptr_out) - 1
    m = len(bias) // motifs
    for t in range(x.shape[0]):
        for v in range(len(bias)):
            h, q = v // m, v % m
            z = y[t, v]
            z[:] = bias[v]
            for k in range(indptr_out[h], indptr_out[h + 1]):
                for p in range(m):
                    add_scaled(weight[(order_out[k] * m + p) * m + q], x[t, rows_out[k] * m + p], z)
            if relu:
                for j in range(len(z)):
                    z[j] = max(z[j], 0)


@jit
def _block_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, relu: bool
) -> None:
    motifs = len(indptr) - 1
    m, gathered = x.shape[1] // motifs, np.empty(x.shape[2], x.dtype)
    for t in range(x.shape[0]):
        for u in range(x.shape[1]):
            g, p = u // m, u % m
            x_u, dx_u = x[t, u], dx[t, u]
            gathered[:] = 0
            for k in range(indptr[g], indptr[g + 1]):
                for q in range(m):
                    at, dy_v = (k * m + p) * m + q, dy[t, indices[k] * m + q]
                    add_scaled(weight[at], dy_v, gathered)
                    dweight[at] += dot(x_u, dy_v)
            for j in range(len(gathered)):
                dx_u[j] = 0 if relu and x_u[j] <= 0 else gathered[j]


@jit
def _block_sddmm(indptr: Array, indices: Array, x: Array, dy: Array, dweight: Array) -> None:
    motifs = len(indptr) - 1
    m = x.shape[1] // motifs
    for t in range(x.shape[0]):
        for u in range(x.shape[1]):
            g, p = u // m, u % m
            for k in range(indptr[g], indptr[g + 1]):
                for q in range(m):
                    dweight[(k * m + p) * m + q] += dot(x[t, u], dy[t, indices[k] * m + q])
