"""Scores of absent links from dense matrices: what pays where links are many, or crowd among few neurons.

Walks grow with the cube of the density. Here each row of the layer's matrix is one contiguous addition.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels.blas import matmul
from sparse_mlp.kernels.link_factors import NODE_FACTORS, PATH_FACTORS
from sparse_mlp.kernels.link_layer import LinkLayer
from sparse_mlp.kernels.pool import run

Array = NDArray[Any]


def dense_scores(layer: LinkLayer, method: str) -> Array:
    """Score each absent link of a layer; see `reference.link_scores.score_matrix`.

    Notes
    -----
    With :math:`F_{ua} = [UU_{ua} > 0] f(UU_{ua}, d_a)` and G alike for outputs: node-based :math:`S = F X + (G X^T)^T`,
    O(n_in * n_out * (n_in + n_out)); path-based :math:`S_{uv} = \\sum_{b \\in N(u)} G_{vb} \\sum_{a \\in N(b)} F_{ua}
    X_{av}` over whole rows of v, O(walks of length two * n_out). Memory O((n_in + n_out)^2).
    """
    x = np.zeros(layer.shape)
    x[np.repeat(np.arange(len(x)), layer.degrees[0]), layer.links[1]] = 1.0
    scores = _by_nodes(x, method) if method in NODE_FACTORS else _by_paths(layer, x, method)
    scores[x > 0] = 0.0
    return scores


def _by_nodes(x: Array, method: str) -> Array:
    factor, transposed = NODE_FACTORS[method], np.ascontiguousarray(x.T)
    scores = matmul(_shared(x, factor), x)
    scores += matmul(_shared(transposed, factor), transposed).T
    return scores


def _by_paths(layer: LinkLayer, x: Array, method: str) -> Array:
    factor, scores = PATH_FACTORS[method], np.zeros_like(x)
    right = np.ascontiguousarray(_shared(np.ascontiguousarray(x.T), factor).T)
    matrices: Any = _shared(x, factor), right, x
    run([partial(_add_rows, scores, *rows, *layer.links, *matrices) for rows in layer.ranges()])
    return scores


def _shared(x: Array, factor: Any) -> Array:
    """Return f(common neighbours of p and q, degree of q) where p and q have one, float64 (n, n)."""
    common = matmul(x, np.ascontiguousarray(x.T))
    degree = np.broadcast_to(np.maximum(x.sum(1), 1.0), common.shape)
    factors = factor(np.minimum(common, degree - 1), degree)  # all in common: no absent link is reached through q
    factors[common == 0] = 0.0
    return factors


@jit
def _add_rows(
    scores: Array, begin_row: int, end_row: int, in_ptr: Array, in_idx: Array, out_ptr: Array, out_idx: Array,
    left: Array, right: Array, x: Array,
) -> None:  # fmt: skip
    n_out = x.shape[1]
    along = np.zeros(n_out)
    for u in range(begin_row, end_row):
        for i in range(in_ptr[u], in_ptr[u + 1]):
            b = in_idx[i]
            along[:] = 0.0
            begin, end = out_ptr[b], out_ptr[b + 1]
            fours = begin + (end - begin) // np.uint64(4) * np.uint64(4)
            for j in range(begin, fours, 4):  # four rows for each load and store of the sum
                p, q, r, s = out_idx[j], out_idx[j + 1], out_idx[j + 2], out_idx[j + 3]
                wp, wq, wr, ws = left[u, p], left[u, q], left[u, r], left[u, s]
                for v in range(n_out):
                    along[v] = along[v] + wp * x[p, v] + wq * x[q, v] + wr * x[r, v] + ws * x[s, v]
            for j in range(fours, end):
                p = out_idx[j]
                wp = left[u, p]
                for v in range(n_out):
                    along[v] += wp * x[p, v]
            for v in range(n_out):
                scores[u, v] += along[v] * right[b, v]
