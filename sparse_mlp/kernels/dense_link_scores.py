"""Scores of absent links in closed form, by dense products: what pays where a layer is hardly sparse any more.

The walks of `link_scores` grow with the cube of the density, these products do not or only with its first power; where
one position in twenty is a link, matrices of the layer's size are a small multiple of its links.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.blas import matmul
from sparse_mlp.kernels.link_factors import NODE_FACTORS, PATH_FACTORS

Array = NDArray[Any]


def score_matrix(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str) -> Array:
    """Score each absent link; see `reference.link_scores.score_matrix`.

    Notes
    -----
    Node-based: :math:`S = F X + (G X^T)^T` with :math:`F_{ua} = [UU_{ua} > 0] f(UU_{ua}, d_a)` and G alike for outputs,
    O(n_in * n_out * (n_in + n_out)). Path-based: for each u the product of the links of its neighbours, weighted by
    :math:`f(UU_{ua}, d_a)`, with all links, O(links * n_in * n_out).
    """
    x = np.zeros((len(indptr) - 1, len(out_indptr) - 1))
    x[np.repeat(np.arange(len(x)), np.diff(indptr)), indices] = 1.0
    scores = _by_nodes(x, method) if method in NODE_FACTORS else _by_paths(x, method)
    scores[x > 0] = 0.0
    return scores


def _by_nodes(x: Array, method: str) -> Array:
    factor = NODE_FACTORS[method]
    scores = matmul(_shared(x, factor), x)
    scores += matmul(_shared(np.ascontiguousarray(x.T), factor), np.ascontiguousarray(x.T)).T
    return scores


def _by_paths(x: Array, method: str) -> Array:
    factor = PATH_FACTORS[method]
    left, right = _shared(x, factor), np.ascontiguousarray(_shared(np.ascontiguousarray(x.T), factor).T)
    scores = np.zeros_like(x)
    for u in range(len(x)):
        b = np.flatnonzero(x[u])
        weighted = x[:, b] * left[u][:, None]
        scores[u] = np.einsum("bv,bv->v", matmul(np.ascontiguousarray(weighted.T), x), right[b])
    return scores


def _shared(x: Array, factor: Any) -> Array:
    """Return f(common neighbours of p and q, degree of q) where p and q have one, float64 (n, n)."""
    common = matmul(x, np.ascontiguousarray(x.T))
    degree = np.broadcast_to(np.maximum(x.sum(1), 1.0), common.shape)
    factors = factor(np.minimum(common, degree - 1), degree)  # all in common: no absent link is reached through q
    factors[common == 0] = 0.0
    return factors
