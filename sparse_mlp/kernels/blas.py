"""Dense matrix products with the same bytes for any number of threads.

A BLAS library that splits a product over its threads may round differently for each number of them. Here the split is
fixed, `BLOCK` rows at a time, each block is computed by one BLAS thread, and the pool shares the blocks out.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.pool import one_blas_thread, run

Array = NDArray[Any]

BLOCK = 128  # rows of the product; enough work for one call, and enough blocks for some threads


def matmul(a: Array, b: Array) -> Array:
    """Multiply two matrices.

    Parameters
    ----------
    a : float (n, k)
    b : float (k, m)

    Returns
    -------
    float (n, m)
    """
    product = np.empty((len(a), b.shape[1]), np.result_type(a, b))
    blocks = [slice(start, start + BLOCK) for start in range(0, len(a), BLOCK)]
    with one_blas_thread():
        run([partial(np.matmul, a[rows], b, out=product[rows]) for rows in blocks])
    return product


def one_thread() -> one_blas_thread:
    """Return a context as `one_blas_thread`, for SciPy's BLAS too, which can only be limited once it is loaded."""
    import scipy.linalg  # noqa: F401

    return one_blas_thread()
