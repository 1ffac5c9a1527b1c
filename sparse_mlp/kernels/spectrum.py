"""The second singular value of a wiring, by SciPy: what generators check and measures report."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sparse_mlp.kernels.blas import one_thread

_SMALL = 256  # up to here the matrix of inner products is solved whole


def second_singular_value(matrix: Any) -> float:
    """Return the second largest singular value of a sparse array (n_in, n_out); see `measures.spectrum`."""
    if min(matrix.shape) == 1 or matrix.nnz == 0:
        return 0.0
    find = _among_all if min(matrix.shape) <= _SMALL else _by_iteration
    with one_thread():
        return find(matrix.astype(np.float64))


def ramanujan_bound(n_in: int, n_out: int, links: int) -> float:
    """Return sqrt(d_in - 1) + sqrt(d_out - 1) of the mean degrees, NaN below 1; see `measures.spectrum`."""
    if links < max(n_in, n_out):
        return math.nan
    return math.sqrt(links / n_in - 1) + math.sqrt(links / n_out - 1)


def _among_all(values: Any) -> float:
    flat = values if values.shape[0] <= values.shape[1] else values.T
    squares = np.linalg.eigvalsh((flat @ flat.T).toarray())
    return math.sqrt(max(squares[-2], 0.0))


def _by_iteration(values: Any) -> float:
    from scipy.sparse.linalg import svds

    # The same start each time. Not all ones: those are the first singular vector of a regular wiring.
    start = np.random.default_rng(0).uniform(0.5, 1.5, min(values.shape))
    return float(svds(values, k=2, v0=start, return_singular_vectors=False).min())
