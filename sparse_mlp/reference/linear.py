"""Reference implementation of the sparse linear layer, z = a W + b over the links only, as plain loops.

Activations are feature-major: row u of `x` (n_in, batch) is neuron u over the batch. All results are float64.
Links are sorted by input (`indptr`, `indices`) or by output (`indptr_out`, `rows_out`); `order_out` gives the position
of each link's weight in the order by input.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def spmm(
    indptr_out: Array, rows_out: Array, order_out: Array, weight: Array, bias: Array, x: Array, relu: bool = False
) -> Array:
    """Multiply the activations with the sparse weights and add the bias.

    Parameters
    ----------
    indptr_out, rows_out, order_out : integer arrays (n_out + 1,), (nnz,), (nnz,)
        The links by output neuron.
    weight, bias, x : float (nnz,), (n_out,), (n_in, batch)
        Weights in the order by input.
    relu : bool
        Apply max(z, 0) as well; in a compiled kernel this fusion costs nothing.

    Returns
    -------
    y : float64 (n_out, batch)

    Notes
    -----
    :math:`z_{vj} = b_v + \\sum_{u : u \\to v} w_{uv} x_{uj}`.
    """
    n_out, batch = len(indptr_out) - 1, x.shape[1]
    y = np.zeros((n_out, batch))
    for v in range(n_out):
        links = range(indptr_out[v], indptr_out[v + 1])
        for j in range(batch):
            products = [float(weight[order_out[k]]) * float(x[rows_out[k], j]) for k in links]
            z = math.fsum([float(bias[v]), *products])
            y[v, j] = max(z, 0.0) if relu else z
    return y


def spmm_transpose(indptr: Array, indices: Array, weight: Array, dy: Array) -> Array:
    """Pass the gradient dy (n_out, batch) from the outputs back to the inputs: dx, float64 (n_in, batch).

    :math:`dx_{uj} = \\sum_{v : u \\to v} w_{uv} \\, dy_{vj}`, the links given by input neuron.
    """
    n_in, batch = len(indptr) - 1, dy.shape[1]
    dx = np.zeros((n_in, batch))
    for u in range(n_in):
        links = range(indptr[u], indptr[u + 1])
        for j in range(batch):
            dx[u, j] = math.fsum(float(weight[k]) * float(dy[indices[k], j]) for k in links)
    return dx


def sddmm(indptr: Array, indices: Array, x: Array, dy: Array) -> Array:
    """Compute the gradient of each link's weight, float64 (nnz,): a dense product, evaluated at the links only.

    :math:`dw_{uv} = \\sum_j x_{uj} \\, dy_{vj}` for present links (u, v), from x (n_in, batch) and dy (n_out, batch).
    """
    dweight = np.zeros(len(indices))
    for u in range(len(indptr) - 1):
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            dweight[k] = math.fsum(float(x[u, j]) * float(dy[v, j]) for j in range(x.shape[1]))
    return dweight


def bias_grad(dy: Array) -> Array:
    """Sum the gradient of each output neuron over the batch: dy (n_out, batch) → float64 (n_out,)."""
    return np.array([math.fsum(float(value) for value in row) for row in dy])


def linear_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, relu: bool = False
) -> tuple[Array, Array]:
    """Compute dx by `spmm_transpose` and dweight by `sddmm`, as the kernel does in one pass over the links.

    With `relu`, dx is multiplied by the derivative of the ReLU that returned x: 0 where x is not positive.
    """
    dx = spmm_transpose(indptr, indices, weight, dy)
    return behind_relu(dx, x) if relu else dx, sddmm(indptr, indices, x, dy)


def behind_relu(dx: Array, x: Array) -> Array:
    """Turn the gradient dx (n, batch) by a ReLU's output x into that by its input: 0 where x is not positive."""
    return np.where(x <= 0, 0.0, dx)
