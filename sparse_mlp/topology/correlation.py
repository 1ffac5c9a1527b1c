"""How strongly the features of a data set go together, to the same last digit everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_dense, invalid
from sparse_mlp.kernels.blas import matmul

Floats = NDArray[Any]

DECIMALS = 12  # far above the rounding errors of the sums below, far below differences that matter in data
SAMPLE_CHUNK = 2048


def check_inputs(x: ArrayLike) -> Floats:
    """Return inputs as an array (n_samples, n_features) with at least one sample and one feature."""
    array = np.asarray(check_dense("data", x))
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "fiub":
        found = f"data of {array.dtype} {array.shape}"
        raise invalid(found, "numbers (n_samples, n_features)", "flatten each sample to a row")
    return array


def absolute_correlation(x: ArrayLike) -> Floats:
    """Return the absolute Pearson correlation of each pair of features.

    Parameters
    ----------
    x : float (n_samples, n_features)

    Returns
    -------
    float64 (n_features, n_features)
        In [0, 1], exactly symmetric, rounded to 12 decimals; 0 on the diagonal and for features that are constant.

    Raises
    ------
    InvalidInputError
        If x is no such array or has infinite or missing numbers.

    Notes
    -----
    :math:`R_{ij} = |\\sum_s z_{si} z_{sj}| / \\sqrt{\\sum_s z_{si}^2 \\sum_s z_{sj}^2}` with
    :math:`z = x - \\bar x`. The samples are summed in blocks of 2048. The rounding makes features that are
    copies of each other tie, and uncorrelated ones 0, on any machine and for any number of threads. Cost
    O(n_samples * n_features**2) in BLAS; some matrices (n_features, n_features) and one (2048, n_features) are held in
    addition to x.

    Examples
    --------
    >>> absolute_correlation([[0.0, 3.0, 5.0], [1.0, 1.0, 5.0], [2.0, 2.0, 5.0]])
    array([[0. , 0.5, 0. ],
           [0.5, 0. , 0. ],
           [0. , 0. , 0. ]])
    """
    array = check_inputs(x)
    low, high = array.min(axis=0).astype(np.float64), array.max(axis=0).astype(np.float64)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise invalid("data with infinite or missing numbers", "finite numbers", "fill or drop the missing ones")
    varies = low < high  # by the values: the deviations of a constant from its rounded mean need not be zero
    mean, width = array.mean(axis=0, dtype=np.float64), np.where(varies, high - low, 1.0)
    products = np.zeros((len(mean), len(mean)))
    for start in range(0, len(array), SAMPLE_CHUNK):
        z = (array[start : start + SAMPLE_CHUNK] - mean) / width  # the width keeps squares within float64
        products += matmul(z.T, z)
    length = np.sqrt(np.where(varies, products.diagonal(), np.inf))
    products = np.abs(products + products.T) / 2
    products /= np.outer(length, length)
    np.fill_diagonal(products, 0.0)
    return np.round(products, DECIMALS, out=products)
