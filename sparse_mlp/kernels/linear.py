"""The sparse linear layer, compiled: the readable twins of `reference.linear`.

Each `*_tile` kernel is serial and works on columns `start:stop` of feature-major arrays, so that every link does one
contiguous multiply-add along the batch. The public functions cut the batch into fixed tiles of `TILE` columns and
spread the tiles over the threads. Link gradients of groups of tiles are summed in order, hence the same bytes for any
number of threads. Cost of each: O(nnz * batch); nothing of size n_in * n_out is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit, parallel_jit, prange

Array = NDArray[Any]

TILE = 64  # columns; widest tile whose rows of a 3000-neuron layer stay in a 1 MB second-level cache
GROUPS = 8  # gradient buffers, one for each run of tiles; more would cost memory for wide batches


@jit
def spmm_tile(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, y: Array,
    start: int, stop: int, relu: bool,
) -> None:  # fmt: skip
    """Write columns `start:stop` of `spmm` into y (n_out, batch), gathering by output neuron."""
    for v in range(len(indptr_out) - 1):
        z = y[v, start:stop]
        z[:] = bias[v]
        for k in range(indptr_out[v], indptr_out[v + 1]):
            add_scaled(weight[order_out[k]], x[rows_out[k], start:stop], z)
        if relu:
            for j in range(len(z)):
                z[j] = max(z[j], 0)


@jit
def linear_backward_tile(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array,
    start: int, stop: int, relu: bool,
) -> None:  # fmt: skip
    """Write columns `start:stop` of dx and add their part of the link gradients to dweight, in one pass by input.

    dx may be x itself. `relu` multiplies with the derivative of the ReLU that made x.
    """
    gathered = np.empty(stop - start, dx.dtype)
    for u in range(len(indptr) - 1):
        x_u, dx_u = x[u, start:stop], dx[u, start:stop]
        gathered[:] = 0
        for k in range(indptr[u], indptr[u + 1]):
            dy_v = dy[indices[k], start:stop]
            add_scaled(weight[k], dy_v, gathered)
            dweight[k] += dot(x_u, dy_v)
        for j in range(len(gathered)):
            dx_u[j] = 0 if relu and x_u[j] <= 0 else gathered[j]


@jit
def sddmm_tile(indptr: Array, indices: Array, x: Array, dy: Array, dweight: Array, start: int, stop: int) -> None:
    """Add the part of columns `start:stop` of the link gradients to dweight (nnz,)."""
    for u in range(len(indptr) - 1):
        for k in range(indptr[u], indptr[u + 1]):
            dweight[k] += dot(x[u, start:stop], dy[indices[k], start:stop])


@jit
def bias_grad_tile(dy: Array, dbias: Array, start: int, stop: int) -> None:
    """Add the sums of columns `start:stop` of dy (n_out, batch) to dbias (n_out,)."""
    for v in range(len(dbias)):
        total = dy.dtype.type(0)
        for j in range(start, stop):
            total += dy[v, j]
        dbias[v] += total


@jit
def add_scaled(factor: Any, x: Array, y: Array) -> None:
    """Add factor * x to y."""
    for j in range(len(y)):
        y[j] += factor * x[j]


@jit
def dot(a: Array, b: Array) -> Any:
    """Return the sum of a * b."""
    # Four partial sums instead of one: additions that need not wait for each other.
    s0 = s1 = s2 = s3 = a.dtype.type(0)
    whole = len(a) - len(a) % 4
    for j in range(0, whole, 4):
        s0 += a[j] * b[j]
        s1 += a[j + 1] * b[j + 1]
        s2 += a[j + 2] * b[j + 2]
        s3 += a[j + 3] * b[j + 3]
    for j in range(whole, len(a)):
        s0 += a[j] * b[j]
    return (s0 + s1) + (s2 + s3)


@jit
def sum_in_order(partial: Array, total: Array, start: int, stop: int) -> None:
    """Write entries `start:stop` of the sum of the rows of partial (tiles, n), first row first, into total (n,)."""
    part = total[start:stop]
    part[:] = partial[0, start:stop]
    for t in range(1, partial.shape[0]):
        term = partial[t, start:stop]  # a slice: no index can be negative, so the compiler vectorises
        for k in range(len(part)):
            part[k] += term[k]


@parallel_jit
def spmm(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False
) -> Array:
    """Multiply the activations with the sparse weights and add the bias; see `reference.linear.spmm`."""
    batch = x.shape[1]
    y = np.empty((len(indptr_out) - 1, batch), x.dtype)
    for t in prange((batch + TILE - 1) // TILE):
        stop = min(batch, (t + 1) * TILE)
        spmm_tile(indptr_out, rows_out, order_out, weight, bias, x, y, t * TILE, stop, relu)
    return y


@parallel_jit
def spmm_transpose(indptr: Array, indices: Array, weight: Array, dy: Array) -> Array:
    """Carry the gradient from the outputs back to the inputs; see `reference.linear.spmm_transpose`."""
    batch = dy.shape[1]
    dx = np.zeros((len(indptr) - 1, batch), dy.dtype)
    for t in prange((batch + TILE - 1) // TILE):
        start, stop = t * TILE, min(batch, (t + 1) * TILE)
        for u in range(len(indptr) - 1):
            for k in range(indptr[u], indptr[u + 1]):
                add_scaled(weight[k], dy[indices[k], start:stop], dx[u, start:stop])
    return dx


@parallel_jit
def sddmm(indptr: Array, indices: Array, x: Array, dy: Array) -> Array:
    """Compute the gradient of each link's weight; see `reference.linear.sddmm`."""
    batch = x.shape[1]
    tiles = (batch + TILE - 1) // TILE
    groups = max(1, min(GROUPS, tiles))
    partial = np.zeros((groups, len(indices)), x.dtype)
    for g in prange(groups):
        for t in range(g * tiles // groups, (g + 1) * tiles // groups):
            sddmm_tile(indptr, indices, x, dy, partial[g], t * TILE, min(batch, (t + 1) * TILE))
    dweight = np.empty(len(indices), x.dtype)
    sum_in_order(partial, dweight, 0, len(indices))
    return dweight


@parallel_jit
def bias_grad(dy: Array) -> Array:
    """Sum the gradient of each output neuron over the batch; see `reference.linear.bias_grad`."""
    dbias = np.zeros(dy.shape[0], dy.dtype)
    for v in prange(dy.shape[0]):
        for j in range(dy.shape[1]):
            dbias[v] += dy[v, j]
    return dbias


@parallel_jit
def linear_backward(indptr: Array, indices: Array, weight: Array, x: Array, dy: Array) -> tuple[Array, Array]:
    """Compute `spmm_transpose` and `sddmm` in one pass over the links; see `reference.linear.linear_backward`."""
    batch = x.shape[1]
    tiles = (batch + TILE - 1) // TILE
    groups = max(1, min(GROUPS, tiles))
    dx = np.empty_like(x)
    partial = np.zeros((groups, len(indices)), x.dtype)
    for g in prange(groups):
        for t in range(g * tiles // groups, (g + 1) * tiles // groups):
            stop = min(batch, (t + 1) * TILE)
            linear_backward_tile(indptr, indices, weight, x, dy, dx, partial[g], t * TILE, stop, False)
    dweight = np.empty(len(indices), x.dtype)
    sum_in_order(partial, dweight, 0, len(indices))
    return dx, dweight
