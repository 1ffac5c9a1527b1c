"""Layers whose links join motifs as explicit `scipy.sparse` products, with blocks as SciPy's own block format.

The rung between the loops and the kernels: the same functions and arguments as `reference.motif`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bsr_array

from sparse_mlp.kernels import scipy_linear
from sparse_mlp.kernels.scipy_linear import GATHERED

Array = NDArray[Any]


def motif_sums(x: Array, motifs: int) -> Array:
    """Add up the rows of each motif; see `reference.motif.motif_sums`."""
    return x.reshape(motifs, len(x) // motifs, x.shape[1]).sum(axis=1)


def shared_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False
) -> Array:
    """Multiply the sums of the input motifs with the shared weights; see `reference.motif.shared_forward`."""
    motifs = len(indptr_out) - 1
    m = len(bias) // motifs
    sums, nothing = motif_sums(x, len(x) // m), np.zeros(motifs, bias.dtype)
    core = scipy_linear.spmm(indptr_out, rows_out, order_out, weight, nothing, sums)
    z = np.repeat(core, m, axis=0) + bias[:, None]
    return np.maximum(z, 0) if relu else z


def shared_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, relu: bool = False
) -> tuple[Array, Array]:
    """Compute dx and the gradient of each shared weight; see `reference.motif.shared_backward`."""
    motifs = len(indptr) - 1
    m = len(x) // motifs
    sums, deltas = motif_sums(x, motifs), motif_sums(dy, len(dy) // m)
    core, dweight = scipy_linear.linear_backward(indptr, indices, weight, sums, deltas)
    dx = np.repeat(core, m, axis=0)
    return np.where(x <= 0, 0, dx) if relu else dx, dweight


def shared_sddmm(indptr: Array, indices: Array, x: Array, dy: Array) -> Array:
    """Compute the gradient of each shared weight alone; see `reference.motif.shared_sddmm`."""
    m = len(x) // (len(indptr) - 1)
    return scipy_linear.sddmm(indptr, indices, motif_sums(x, len(x) // m), motif_sums(dy, len(dy) // m))


def block_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False
) -> Array:
    """Multiply the activations with the blocks (nnz, m, m); see `reference.motif.block_forward`."""
    blocks = weight[order_out].transpose(0, 2, 1)
    z = bsr_array((blocks, rows_out, indptr_out), shape=(len(bias), len(x))) @ x + bias[:, None]
    return np.maximum(z, 0) if relu else z


def block_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, relu: bool = False
) -> tuple[Array, Array]:
    """Compute dx and the gradients of the blocks (nnz, m, m); see `reference.motif.block_backward`."""
    dx = bsr_array((weight, indices, indptr), shape=(len(x), len(dy))) @ dy
    return np.where(x <= 0, 0, dx) if relu else dx, block_sddmm(indptr, indices, x, dy)


def block_sddmm(indptr: Array, indices: Array, x: Array, dy: Array) -> Array:
    """Compute the gradients of the blocks alone, (nnz, m, m); see `reference.motif.block_sddmm`."""
    m, batch = len(x) // (len(indptr) - 1), x.shape[1]
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    inputs, deltas = x.reshape(len(x) // m, m, batch), dy.reshape(len(dy) // m, m, batch)
    dweight = np.empty((len(indices), m, m), np.result_type(x, dy))
    at_once = max(1, GATHERED // max(1, m * batch))
    for start in range(0, len(indices), at_once):
        links = slice(start, start + at_once)
        dweight[links] = inputs[rows[links]] @ deltas[indices[links]].transpose(0, 2, 1)
    return dweight
