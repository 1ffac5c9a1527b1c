"""The rivals of link prediction: CH2-L3n by dense products, and the authors' scorers as they were timed once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sparse_mlp.bench.job import Array
from sparse_mlp.structure import SparseStructure


class Earlier(NamedTuple):
    """Seconds that were measured side by side on two cores of a Zen 4 processor, for a layer of 1 % density.

    Attributes
    ----------
    authors : float
        The C++ scorer of CH3-L3p released by its authors, with the top 30 % chosen.
    authors_dense : float
        Their dense CH2-L3n in PyTorch, with the top 30 % chosen.
    numpy_scores, numpy : float
        `dense_scores` and `dense_top_links`.
    """

    authors: float
    authors_dense: float
    numpy_scores: float
    numpy: float


EARLIER = {
    (784, 1000): Earlier(authors=0.490, authors_dense=0.082, numpy_scores=0.037, numpy=0.046),
    (1000, 1000): Earlier(authors=0.622, authors_dense=0.112, numpy_scores=0.053, numpy=0.067),
    (3000, 3000): Earlier(authors=23.6, authors_dense=3.0, numpy_scores=1.040, numpy=1.220),
}


def dense_matrix(structure: SparseStructure) -> Array:
    """Return the wiring as zeros and ones, float32 (n_in, n_out)."""
    x = np.zeros(structure.shape, np.float32)
    x[structure.rows(), structure.indices] = 1
    return x


def dense_scores(x: Array) -> Array:
    """Score absent links by CH2-L3n [Zhang2025] with four dense products.

    Parameters
    ----------
    x : float32 (n_in, n_out)
        1 where there is a link, else 0.

    Returns
    -------
    float32 (n_in, n_out)
        Zero for present links.

    Notes
    -----
    :math:`S = F X + (G X^T)^T` with :math:`F_{ua} = [UU_{ua} > 0] (1 + UU_{ua}) / \\max(d_a - UU_{ua}, 1)`,
    :math:`UU = X X^T`, and G alike from :math:`VV = X^T X`. O(n_in * n_out * (n_in + n_out)).
    """
    scores = _factors(x @ x.T, x.sum(1)) @ x
    scores += (_factors(x.T @ x, x.sum(0)) @ x.T).T
    scores[x > 0] = 0
    return scores


def dense_top_links(x: Array, k: int) -> Array:
    """Return the positions of the k best absent links, in no order, int64 (k,)."""
    return np.argpartition(dense_scores(x).ravel(), -k)[-k:]


def dense_flops(n_in: int, n_out: int) -> float:
    """Return the operations of the four products; BLAS computes one triangle of the two symmetric ones."""
    return 3.0 * n_in * n_out * (n_in + n_out)


def _factors(common: Array, degree: Array) -> Array:
    factors = (1 + common) / np.maximum(degree - common, 1)
    factors[common == 0] = 0
    return factors
