"""The sparse linear layer as explicit `scipy.sparse` products: the rung between the loops and the kernels.

This is the form of the original SET-MLP [Mocanu2018], portable and without compilation, with the same
functions and arguments as `reference.linear`. Activations are feature-major (features, batch).

Differences from the original
-----------------------------
The 2018 code computes the gradient link by link in a compiled loop over row-major activations. Here a block of links
is gathered and contracted at a time, so that the memory is bounded and nothing of size n_in * n_out is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[Any]

GATHERED = 2**20  # numbers gathered at a time for the link gradient: 4 MB in float32


def spmm(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False
) -> Array:
    """Multiply the activations with the sparse weights and add the bias; see `reference.linear.spmm`."""
    transposed = csr_array((weight[order_out], rows_out, indptr_out), shape=(len(indptr_out) - 1, len(x)))
    z = transposed @ x + bias[:, None]
    return np.maximum(z, 0) if relu else z


def spmm_transpose(indptr: Array, indices: Array, weight: Array, dy: Array) -> Array:
    """Carry the gradient from the outputs back to the inputs; see `reference.linear.spmm_transpose`."""
    return csr_array((weight, indices, indptr), shape=(len(indptr) - 1, len(dy))) @ dy


def sddmm(indptr: Array, indices: Array, x: Array, dy: Array) -> Array:
    """Compute the gradient of each link's weight; see `reference.linear.sddmm`."""
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    dweight = np.empty(len(indices), np.result_type(x, dy))
    block = max(1, GATHERED // max(1, x.shape[1]))
    for start in range(0, len(indices), block):
        links = slice(start, start + block)
        dweight[links] = np.einsum("kj,kj->k", x[rows[links]], dy[indices[links]])
    return dweight


def bias_grad(dy: Array) -> Array:
    """Sum the gradient of each output neuron over the batch; see `reference.linear.bias_grad`."""
    return dy.sum(axis=1)


def linear_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, relu: bool = False
) -> tuple[Array, Array]:
    """Compute `spmm_transpose` and `sddmm`; see `reference.linear.linear_backward`."""
    dx = spmm_transpose(indptr, indices, weight, dy)
    return np.where(x <= 0, 0, dx) if relu else dx, sddmm(indptr, indices, x, dy)
