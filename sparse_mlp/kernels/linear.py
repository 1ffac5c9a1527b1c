"""The sparse linear layer, compiled: the twins of `reference.linear` on tiles.

Activations are tiles (n_tiles, features, lanes): every link does contiguous multiply-adds along the lanes, which are
samples. The kernels are serial and release the interpreter lock; callers give each thread tiles of its own. Results can
be written into given arrays (`out`), gradients are added to given ones (`add_to`), so that nothing is allocated in a
training step. Tiles of 32 and 64 lanes go to the explicit vectors of `simd_linear`, others to the plain loops here.
Cost of each kernel: O(nnz * batch); nothing of size n_in * n_out is made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import SIMD, jit
from sparse_mlp.kernels.tape import launch

Array = NDArray[Any]
Kernels = dict[int, Callable[..., None]]
Part = tuple[int, int]

# The kernels with explicit vectors, by the number of lanes that they are made for.
_SPMM: Kernels = {}
_BACKWARD: Kernels = {}
_SDDMM: Kernels = {}
if SIMD:
    from sparse_mlp.kernels import simd_linear

    _SPMM = {64: simd_linear.spmm_64, 32: simd_linear.spmm_32}
    _BACKWARD = {64: simd_linear.linear_backward_64, 32: simd_linear.linear_backward_32}
    _SDDMM = {64: simd_linear.sddmm_64, 32: simd_linear.sddmm_32}


def spmm(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False,
    *, out: Array | None = None, part: Part | None = None,
) -> Array:  # fmt: skip
    """Multiply the activations with the sparse weights and add the bias; see `reference.linear.spmm`.

    Parameters
    ----------
    indptr_out, rows_out, order_out, weight, bias, relu
        As in the reference; weight and bias of the type of x.
    x : float (n_tiles, n_in, lanes)
    out : float (n_tiles, n_out, lanes), optional
        Receives the result.
    part : (int, int), optional
        Which output neurons to compute, from the first to before the last; the others of `out` stay as they are.

    Returns
    -------
    float (n_tiles, n_out, lanes)
    """
    y = np.empty((len(x), len(bias), x.shape[2]), x.dtype) if out is None else out
    kernel = _SPMM.get(x.shape[2], _spmm)
    launch(kernel, indptr_out, rows_out, order_out, weight, bias, x, y, relu, *(part or (0, len(bias))))
    return y


def spmm_transpose(indptr: Array, indices: Array, weight: Array, dy: Array, *, out: Array | None = None) -> Array:
    """Carry the gradient from the outputs back to the inputs; see `reference.linear.spmm_transpose`."""
    dx = np.empty((len(dy), len(indptr) - 1, dy.shape[2]), dy.dtype) if out is None else out
    launch(_spmm_transpose, indptr, indices, weight, dy, dx)
    return dx


def sddmm(
    indptr: Array, indices: Array, x: Array, dy: Array,
    *, add_to: Array | None = None, bias_to: Array | None = None, part: Part | None = None,
) -> Array:  # fmt: skip
    """Compute the gradient of each link's weight, or of those of some inputs; see `reference.linear.sddmm`.

    `bias_to` is as in `linear_backward`.
    """
    dweight = np.zeros(len(indices), x.dtype) if add_to is None else add_to
    dbias = no_bias(x) if bias_to is None else bias_to
    launch(_SDDMM.get(x.shape[2], _sddmm), indptr, indices, x, dy, dweight, dbias, *(part or (0, x.shape[1])))
    return dweight


def bias_grad(dy: Array, *, add_to: Array | None = None) -> Array:
    """Sum the gradient of each output neuron over the batch; see `reference.linear.bias_grad`."""
    dbias = np.zeros(dy.shape[1], dy.dtype) if add_to is None else add_to
    launch(simd_linear.bias_grad if SIMD and dy.shape[2] % 16 == 0 else plain_bias_grad, dy, dbias)
    return dbias


@cache
def _nothing(dtype: np.dtype[Any]) -> Array:
    return np.empty(0, dtype)


def no_bias(like: Array) -> Array:
    """Return what a kernel takes where nobody wants the gradient of the bias: no number of the type of an array."""
    return _nothing(like.dtype)


def linear_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, relu: bool = False,
    *, out: Array | None = None, add_to: Array | None = None, bias_to: Array | None = None, part: Part | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """Compute `spmm_transpose` and `sddmm` in one pass over the links; see `reference.linear.linear_backward`.

    Parameters
    ----------
    indptr, indices, weight, dy, relu
        As in the reference.
    x : float (n_tiles, n_in, lanes)
    out : float (n_tiles, n_in, lanes), optional
        Receives dx; it may be x itself.
    add_to : float (nnz,), optional
        The link gradients are added to it.
    bias_to : float (n_out,), optional
        What `bias_grad` returns is added to it: one call for both, since threads wait for each other between calls.
    part : (int, int), optional
        Which input neurons to compute, from the first to before the last.

    Returns
    -------
    dx : float (n_tiles, n_in, lanes)
    dweight : float (nnz,)
    """
    dx = np.empty_like(x) if out is None else out
    dweight = np.zeros(len(indices), x.dtype) if add_to is None else add_to
    kernel = _BACKWARD.get(x.shape[2], _linear_backward)
    dbias = no_bias(x) if bias_to is None else bias_to
    launch(kernel, indptr, indices, weight, x, dy, dx, dweight, dbias, relu, *(part or (0, x.shape[1])))
    return dx, dweight


@jit
def _spmm(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, y: Array, relu: bool,
    first: int, last: int,
) -> None:  # fmt: skip
    for t in range(x.shape[0]):
        for v in range(first, last):
            z = y[t, v]
            z[:] = bias[v]
            for k in range(indptr_out[v], indptr_out[v + 1]):
                add_scaled(weight[order_out[k]], x[t, rows_out[k]], z)
            if relu:
                for j in range(len(z)):
                    z[j] = max(z[j], 0)


@jit
def _spmm_transpose(indptr: Array, indices: Array, weight: Array, dy: Array, dx: Array) -> None:
    for t in range(dy.shape[0]):
        for u in range(len(indptr) - 1):
            dx[t, u] = 0
            for k in range(indptr[u], indptr[u + 1]):
                add_scaled(weight[k], dy[t, indices[k]], dx[t, u])


@jit
def _linear_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, dbias: Array,
    relu: bool, first: int, last: int,
) -> None:  # fmt: skip
    plain_bias_grad(dy, dbias)
    gathered = np.empty(x.shape[2], dx.dtype)
    for t in range(x.shape[0]):
        for u in range(first, last):
            x_u, dx_u = x[t, u], dx[t, u]
            gathered[:] = 0
            for k in range(indptr[u], indptr[u + 1]):
                dy_v = dy[t, indices[k]]
                add_scaled(weight[k], dy_v, gathered)
                dweight[k] += dot(x_u, dy_v)
            for j in range(len(gathered)):
                dx_u[j] = 0 if relu and x_u[j] <= 0 else gathered[j]


@jit
def _sddmm(
    indptr: Array, indices: Array, x: Array, dy: Array, dweight: Array, dbias: Array, first: int, last: int
) -> None:
    plain_bias_grad(dy, dbias)
    for t in range(x.shape[0]):
        for u in range(first, last):
            for k in range(indptr[u], indptr[u + 1]):
                dweight[k] += dot(x[t, u], dy[t, indices[k]])


@jit
def plain_bias_grad(dy: Array, dbias: Array) -> None:
    """Add the sums of dy (n_tiles, n_out, lanes) over tiles and lanes to dbias: (n_out,), or none."""
    for t in range(dy.shape[0]):
        for v in range(len(dbias)):
            total = dy.dtype.type(0)
            for j in range(dy.shape[2]):
                total += dy[t, v, j]
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
