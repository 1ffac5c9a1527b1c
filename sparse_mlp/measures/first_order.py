"""First-order perturbation: what a graph with some links taken out says about the whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Integers = NDArray[np.int64]

SAME_VALUE = 1e-11  # neighbours no further apart belong to one eigenspace, as in the code of [Muscoloni2018]


def perturbed_adjacency(left: Matrix, i: Integers, j: Integers) -> Matrix:
    """Predict an adjacency from what is left of it, to first order in the links that were taken out.

    Parameters
    ----------
    left : float64 (N, N)
        Symmetric adjacency without them.
    i, j : int64 (p,)
        Ends of the links that were taken out, each link once.

    Returns
    -------
    float64 (N, N)

    Notes
    -----
    .. math:: \\tilde A = \\sum_k (\\lambda_k + \\Delta\\lambda_k) x_k x_k^T, \\qquad
              \\Delta\\lambda_k = x_k^T \\Delta A\\, x_k

    over the eigenpairs of what is left [Lu2015]. In the space V of an eigenvalue that occurs several times, the
    vectors are those that diagonalise :math:`V^T \\Delta A V`; their sum is :math:`V (V^T \\Delta A V) V^T` for any
    basis V, so no vector has to be turned: all of it is :math:`A + X (M \\circ X^T \\Delta A X) X^T`, where M marks the
    pairs of eigenvectors with the same eigenvalue. Cost O(N^3).

    Examples
    --------
    >>> left = np.array([[0.0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]])  # 0-1-2-3 without its last link
    >>> np.round(perturbed_adjacency(left, np.array([2]), np.array([3])), 9) + 0.0  # 3 goes with 2, not with 0
    array([[ 0. ,  1. ,  0. , -0.5],
           [ 1. ,  0. ,  1. ,  0. ],
           [ 0. ,  1. ,  0. ,  0.5],
           [-0.5,  0. ,  0.5,  0. ]])
    """
    from scipy.linalg import eigh

    values, vectors = eigh(left, driver="evd", check_finite=False)
    space = _spaces(values)
    change = vectors[i].T @ vectors[j]
    change += change.T.copy()
    change[space[:, None] != space] = 0.0
    return left + vectors @ change @ vectors.T


def perturbed_block(left: Matrix, u: Integers, v: Integers) -> Matrix:
    """Predict the block of a bipartite adjacency from what is left of it, as `perturbed_adjacency` predicts the whole.

    `left`, float64 (n, m), is 1 where u and v are linked, without the links from u to v, int64 (p,), that were taken
    out. The rest of the whole, within either side, is 0.

    Notes
    -----
    The eigenpairs of :math:`[[0, B], [B^T, 0]]` are :math:`\\pm\\sigma` with :math:`(a, \\pm b) / \\sqrt 2` from the
    singular value decomposition of B, and 0 with the vectors of one side that B takes to 0. In the space of a
    :math:`\\sigma > 0`, :math:`V^T \\Delta A V` is the symmetric part of :math:`a^T \\Delta B\\, b`; the shares of
    :math:`\\sigma` and :math:`-\\sigma` add up between the sides and cancel within them. Cost O((n + m)^3), with a
    smaller factor than for the whole.

    Examples
    --------
    >>> left = np.array([[1.0, 0], [1, 0]])  # the same path, 0 and 2 against 1 and 3
    >>> np.round(perturbed_block(left, np.array([1]), np.array([1])), 9) + 0.0
    array([[ 1. , -0.5],
           [ 1. ,  0.5]])
    """
    from scipy.linalg import svd

    a, values, b = svd(left, check_finite=False)
    space = _spaces(np.pad(-values, (0, max(left.shape) - len(values))))
    change = a[u].T @ b[:, v].T
    change[space[: len(a), None] != space[: len(b)]] = 0.0
    rank = np.count_nonzero(values > SAME_VALUE)
    change[:rank, :rank] = (change[:rank, :rank] + change[:rank, :rank].T) / 2
    return left + a @ change @ b


def _spaces(values: Matrix) -> Integers:
    """Number the spaces to which ascending eigenvalues belong."""
    return np.cumsum(np.diff(values, prepend=values[0]) > SAME_VALUE)
