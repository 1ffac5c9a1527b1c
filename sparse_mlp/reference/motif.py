"""Reference implementation of layers whose links join motifs, groups of m adjacent neurons, as plain loops.

Motif g of the inputs consists of the neurons m g … m g + m - 1, motif h of the outputs likewise. A link joins g and h
and stands for the m · m links between their neurons. These share one weight, or have a block of m · m weights.
Links are given as in `reference.linear`, between motifs; m is the number of neurons over the number of motifs.
Activations are feature-major, row u of `x` (n_in, batch) is neuron u. All results are float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.reference.linear import behind_relu, linear_backward, spmm

Array = NDArray[Any]


def motif_sums(x: Array, motifs: int) -> Array:
    """Add up the rows of each motif: x (n, batch) → float64 (motifs, batch)."""
    m, batch = len(x) // motifs, x.shape[1]
    sums = np.zeros((motifs, batch))
    for g in range(motifs):
        for j in range(batch):
            sums[g, j] = math.fsum(float(x[g * m + i, j]) for i in range(m))
    return sums


def shared_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False
) -> Array:
    """Multiply the sums of the input motifs by the shared weights, copy the result to all m outputs, add the biases.

    Parameters
    ----------
    indptr_out, rows_out, order_out : integer arrays (n_out / m + 1,), (nnz,), (nnz,)
        The links by output motif.
    weight, bias, x : float (nnz,), (n_out,), (n_in, batch)
        Weights in the order by input motif; biases one for each neuron.
    relu : bool
        Apply max(z, 0) as well.

    Returns
    -------
    y : float64 (n_out, batch)

    Notes
    -----
    :math:`z_{vj} = b_v + \\sum_{g : g \\to h(v)} V_{g h(v)} \\sum_{u \\in g} x_{uj}`, so the outputs of a motif
    differ only by their biases.
    """
    motifs, batch = len(indptr_out) - 1, x.shape[1]
    m = len(bias) // motifs
    core = spmm(indptr_out, rows_out, order_out, weight, np.zeros(motifs), motif_sums(x, len(x) // m))
    y = np.zeros((len(bias), batch))
    for v in range(len(bias)):
        for j in range(batch):
            z = core[v // m, j] + float(bias[v])
            y[v, j] = max(z, 0.0) if relu else z
    return y


def shared_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, relu: bool = False
) -> tuple[Array, Array]:
    """Pass the gradient back to the inputs and compute the gradient of each shared weight.

    Parameters
    ----------
    indptr, indices : integer arrays (n_in / m + 1,), (nnz,)
        The links by input motif.
    weight, x, dy : float (nnz,), (n_in, batch), (n_out, batch)
    relu : bool
        Multiply dx by the derivative of the ReLU that returned x.

    Returns
    -------
    dx : float64 (n_in, batch)
    dweight : float64 (nnz,)
        Summed over the m · m links that share the weight.

    Notes
    -----
    With the sums over motifs :math:`X_{gj}` and :math:`\\Delta_{hj}`:
    :math:`dx_{uj} = \\sum_h V_{g(u) h} \\Delta_{hj}` and :math:`dV_{gh} = \\sum_j X_{gj} \\Delta_{hj}`.
    """
    motifs = len(indptr) - 1
    m = len(x) // motifs
    core, dweight = linear_backward(indptr, indices, weight, motif_sums(x, motifs), motif_sums(dy, len(dy) // m))
    dx = np.zeros(x.shape)
    for u in range(len(x)):
        dx[u] = core[u // m]
    return behind_relu(dx, x) if relu else dx, dweight


def shared_sddmm(indptr: Array, indices: Array, x: Array, dy: Array) -> Array:
    """Compute the gradient of each shared weight alone, float64 (nnz,); see `shared_backward`."""
    return shared_backward(indptr, indices, np.zeros(len(indices)), x, dy)[1]


def block_forward(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False
) -> Array:
    """Multiply the activations by the blocks and add the biases, as `shared_forward` with weights (nnz, m, m).

    The weights of a link lead from the m inputs of a motif to the m outputs of the other:
    :math:`z_{vj} = b_v + \\sum_{g : g \\to h} \\sum_{p < m} V_{gh}[p, q] \\, x_{m g + p, j}` for v = m h + q.
    """
    m, batch = weight.shape[1], x.shape[1]
    y = np.zeros((len(bias), batch))
    for v in range(len(bias)):
        h, q = v // m, v % m
        links = range(indptr_out[h], indptr_out[h + 1])
        for j in range(batch):
            products = [
                float(weight[order_out[k], p, q]) * float(x[rows_out[k] * m + p, j]) for k in links for p in range(m)
            ]
            z = math.fsum([float(bias[v]), *products])
            y[v, j] = max(z, 0.0) if relu else z
    return y


def block_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, relu: bool = False
) -> tuple[Array, Array]:
    """Compute dx and the gradient of each weight of each block, as `shared_backward` with weights (nnz, m, m).

    :math:`dx_{m g + p, j} = \\sum_h \\sum_q V_{gh}[p, q] \\, dy_{m h + q, j}` and
    :math:`dV_{gh}[p, q] = \\sum_j x_{m g + p, j} \\, dy_{m h + q, j}`.
    """
    m, batch = weight.shape[1], x.shape[1]
    dx, dweight = np.zeros(x.shape), np.zeros(weight.shape)
    for u in range(len(x)):
        g, p = u // m, u % m
        links = range(indptr[g], indptr[g + 1])
        for j in range(batch):
            products = [float(weight[k, p, q]) * float(dy[indices[k] * m + q, j]) for k in links for q in range(m)]
            dx[u, j] = math.fsum(products)
        for k in links:
            for q in range(m):
                v = indices[k] * m + q
                dweight[k, p, q] = math.fsum(float(x[u, j]) * float(dy[v, j]) for j in range(batch))
    return behind_relu(dx, x) if relu else dx, dweight


def block_sddmm(indptr: Array, indices: Array, x: Array, dy: Array) -> Array:
    """Compute the gradient of each weight of each block alone, float64 (nnz, m, m); see `block_backward`."""
    m = len(x) // (len(indptr) - 1)
    return block_backward(indptr, indices, np.zeros((len(indices), m, m)), x, dy)[1]
