"""Set training samples aside for validation, so that the test set stays untouched."""

from __future__ import annotations

import numpy as np

from sparse_mlp.errors import check_fraction
from sparse_mlp.rng import RandomState, as_generator

Samples = tuple[np.ndarray, np.ndarray]


def set_aside(x: np.ndarray, y: np.ndarray, fraction: float, rng: RandomState = None) -> tuple[Samples, Samples]:
    """Split samples at random into training and validation samples.

    Parameters
    ----------
    x : ndarray (n, features)
    y : ndarray (n,)
    fraction : float
        Part of the samples to set aside, in (0, 1); at least one sample is.
    rng : None, int or numpy.random.Generator
        Draws a permutation of all samples.

    Returns
    -------
    kept, aside : (x, y)
        Both in the original order of the samples.

    Raises
    ------
    InvalidInputError
        If the fraction is out of range.

    Examples
    --------
    >>> kept, aside = set_aside(np.zeros((10, 3)), np.arange(10), 0.2, rng=0)
    >>> len(kept[1]), aside[1]
    (8, array([4, 6]))
    """
    check_fraction("validation_fraction", fraction, one=False)
    order = as_generator(rng).permutation(len(x))
    count = max(1, round(fraction * len(x)))
    aside, kept = np.sort(order[:count]), np.sort(order[count:])
    return (x[kept], y[kept]), (x[aside], y[aside])
