"""Scores of absent links as products of `scipy.sparse` matrices, the rung between loops and kernels.

Node-based scores have a closed matrix form. Path-based ones have none with two factors; they are left to the kernels.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sparse_mlp.kernels import link_scores
from sparse_mlp.kernels.link_factors import NODE_FACTORS

Array = NDArray[Any]
Best = tuple[Array, Array, Array]
Blocks = Iterable[tuple[int, Array]]


def score_matrix(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str) -> Array:
    """Score each absent link; see `reference.link_scores.score_matrix`.

    Notes
    -----
    :math:`S = F X + (G X^T)^T`; F holds :math:`f((X X^T)_{ua}, d_a)` where :math:`X X^T` is not zero, G is F of the
    transposed layer.
    """
    if method not in NODE_FACTORS:
        return link_scores.score_matrix(indptr, indices, out_indptr, out_indices, method)
    shape = len(indptr) - 1, len(out_indptr) - 1
    x = csr_array((np.ones(len(indices)), indices.copy(), indptr.copy()), shape=shape)
    factor = NODE_FACTORS[method]
    scores = (_shared(x, factor) @ x + (_shared(x.T.tocsr(), factor) @ x.T).T).toarray()
    scores[x.nonzero()] = 0.0
    return scores


def top_scores(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int
) -> tuple[Array, Array]:
    """Find the k best absent links; see `reference.link_scores.top_scores`."""
    return link_scores.top_of_matrix(score_matrix(indptr, indices, out_indptr, out_indices, method), k)


def top_scores_at_random(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int, blocks: Blocks
) -> Best:
    """Find the k best absent links, ties by a draw; see `reference.link_scores.top_scores_at_random`."""
    scores = score_matrix(indptr, indices, out_indptr, out_indices, method)
    return link_scores.best_of_matrix(scores, k, blocks, sampling=False)


def sample_links(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int, blocks: Blocks
) -> Best:
    """Draw k absent links in proportion to their scores; see `reference.link_scores.sample_links`."""
    scores = score_matrix(indptr, indices, out_indptr, out_indices, method)
    return link_scores.best_of_matrix(scores, k, blocks, sampling=True)


def best_of_columns(scores: Array, counts: Array, draws: Array, *, sampling: bool) -> Array:
    """Choose the best of each column; see `reference.link_scores.best_of_columns`."""
    return link_scores.best_of_columns(scores, counts, draws, sampling=sampling)


def _shared(x: csr_array, factor: Any) -> csr_array:
    """Return f(common neighbours of p and q, degree of q) where p and q have one."""
    common = x @ x.T
    degree = np.maximum(x.sum(1), 1.0)[common.indices]
    common.data = factor(np.minimum(common.data, degree - 1), degree)
    return common
