"""Feature selection: the strength of input neurons, and the inputs that it selects."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.layers.base import leaves
from sparse_mlp.models import Network


def input_strength(network: Any, inputs: ArrayLike | None = None) -> NDArray[np.float64]:
    """Add up the absolute weights of the links of each input.

    Parameters
    ----------
    network : Network or layer
        Of a network, its first layer with weights counts, sparse or dense. A link that joins groups of neurons counts
        as the single links that it stands for. Inputs that a network adds as padding are left out.
    inputs : float array or scipy.sparse array (n_samples, n_in), optional
        Training samples. Each strength is multiplied by the standard deviation of its input: it is then the strength
        that the input would have if all were scaled to the same deviation.

    Returns
    -------
    float64 (n_in,)
        Zero for an input without links.

    Raises
    ------
    InvalidInputError
        If what is given has no weights or begins with a convolution, whose weights all pixels share, or if the samples
        have another number of inputs.

    Notes
    -----
    s_i = sum_j |w_ij| over the links of input i [Kichler2021]. Rules like SET remove small weights and so leave more
    and larger ones where the input is of use; the strength needs no gradient and no data. Where a group of inputs
    shares its weights, all of them are equally strong.

    Strength tells as much as training has changed: most of the strength of an input that never varies, such as a dead
    pixel, is left from its first weights, unless the rule removes them. Where those are large ("swi"), such inputs rank
    among the strongest; "he-uniform", the small first weights of SET, lets the inputs of use outgrow them. So does
    `inputs`, whatever the first weights: an input that never varies then has no strength.

    Differences from the original
    -----------------------------
    The public code takes the mean of |w| over all hidden neurons, absent links as zeros. That is the sum over n_out,
    and ranks the inputs alike.

    Examples
    --------
    >>> from sparse_mlp.layers import SparseLinear
    >>> from sparse_mlp.structure import SparseStructure
    >>> links = SparseStructure.from_coo([0, 0, 2, 2], [0, 1, 0, 1], shape=(3, 2))
    >>> input_strength(SparseLinear(links, [0.5, -0.125, 0.25, 0.25], dtype="float64"))
    array([0.625, 0.   , 0.5  ])
    """
    if inputs is not None:
        strength, deviation = input_strength(network), deviations(inputs)
        if deviation.shape != strength.shape:
            raise invalid(f"inputs of shape {np.shape(inputs)}", f"shape (n_samples, {len(strength)})")
        return strength * deviation
    if isinstance(network, Network):
        first = next((leaf for _, leaf in leaves(network.root) if hasattr(leaf, "weight")), network.root)
        return input_strength(first)[: network.n_features]
    if not hasattr(network, "weight"):
        raise invalid(f"a {type(network).__name__} without weights", "a network or a layer with weights")
    if not hasattr(network, "structure"):
        return np.abs(network.weight).sum(axis=1, dtype=np.float64)
    return np.asarray(network.input_strength(), np.float64)


def deviations(inputs: Any) -> NDArray[np.float64]:
    """Return the standard deviation of each column of inputs, array or sparse (n_samples, n_in)."""
    if not issparse(inputs):
        return np.asarray(inputs).std(axis=0, dtype=np.float64)
    samples = inputs.astype(np.float64)
    mean = np.ravel(samples.mean(axis=0))
    # Around the mean: stored entries by themselves, and as many zeros as there are others.
    stored = samples.tocsc()
    squares = np.square(stored.data - np.repeat(mean, np.diff(stored.indptr)))
    of_column = np.repeat(np.arange(samples.shape[1]), np.diff(stored.indptr))
    zeros = samples.shape[0] - np.diff(stored.indptr)
    return np.sqrt((np.bincount(of_column, squares, samples.shape[1]) + zeros * mean**2) / samples.shape[0])


def select_features(strength: ArrayLike, fraction: float) -> NDArray[np.int64]:
    """Select the strongest inputs.

    Parameters
    ----------
    strength : float (n,)
        Finite; the larger the better.
    fraction : float
        Part of the inputs to keep, in [0, 1].

    Returns
    -------
    int64 (floor(fraction * n),)
        Ascending indices. Of inputs of equal strength the first ones are taken.

    Raises
    ------
    InvalidInputError
        If the fraction is out of range, or a strength is not finite.

    Notes
    -----
    The top floor(lambda n) of [Kichler2021]. A product that misses a whole number by rounding alone counts as that
    number: (1 - 0.9) of 500 inputs are 50, although 0.09999999999999998 times 500 is below 50.

    Differences from the original
    -----------------------------
    The public code takes the strength at place int(n * dropped) of the sorted strengths as a threshold, and keeps all
    that reach it. So it rounds the other way (471 of 784 where the thesis's formula gives 470), keeps more wherever
    inputs are tied (every unlinked input, once less than they are dropped), and drops none where it should drop all.

    Examples
    --------
    >>> select_features([0.6, 0.0, 0.5], 2 / 3)
    array([0, 2])
    """
    values = np.asarray(strength, np.float64)
    check_fraction("fraction", fraction, zero=True)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise invalid(f"a strength of shape {values.shape}, or one that is not finite", "finite numbers of shape (n,)")
    count = math.floor(round(fraction * len(values), 9))
    return np.sort(np.argsort(-values, kind="stable")[:count]).astype(np.int64)
