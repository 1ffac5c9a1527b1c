"""The values that links start with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp.errors import check_choice, check_integer
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure

Floats = NDArray[Any]


def initial_weights(
    name: str,
    structure: SparseStructure,
    *,
    rng: RandomState = None,
    dtype: DTypeLike = np.float32,
    count: int | None = None,
    fan_in: int | None = None,
    sparse_fan_in: float | None = None,
) -> Floats:
    """Draw weights for the links of a layer.

    Parameters
    ----------
    name : {"kaiming", "swi", "he-uniform", "normal", "zero"}
        The distribution; see Notes.
    structure : SparseStructure
        The layer's wiring; n is its number of inputs, rho its density, k = rho n the mean number of links into an
        output.
    fan_in : int, optional
        n, where it is not the structure's number of inputs, since a link joins more than two neurons.
    sparse_fan_in : float, optional
        k, where it is not rho n. Where m inputs of a neuron carry the same value and share a weight, rho n / m weights
        carry m times the value each, and k = rho n m keeps the variance of the signals.
    rng : None, int or numpy.random.Generator
    dtype : floating dtype
        Values are drawn in float64 and rounded, so that one seed means one net in any precision.
    count : int, optional
        How many to draw, when not one for each link: an update draws for the new links alone, a link that joins motifs
        may have a block of weights.

    Returns
    -------
    float (nnz,) or (count,)

    Raises
    ------
    InvalidInputError
        If the name is unknown.

    Notes
    -----
    =============  ==========================================  =========================================
    kaiming        :math:`N(0, 2 / n)`                         [He2015], dense fan-in
    swi            :math:`N(0, 2 / k)`                         sparse weight initialization [Zhang2024]
    he-uniform     :math:`U(-\\sqrt{6/n}, \\sqrt{6/n})`          SET [Mocanu2018]
    normal         :math:`N(0, 0.1^2)`                         an option of later SET codes
    zero           0                                           new links of RigL [Evci2020]
    =============  ==========================================  =========================================

    Differences from the original
    -----------------------------
    The published dynamic sparse training code of [Zhang2024] divides by rho times the number of *outputs*; the distribution
    above is the paper's. They agree for square layers.
    """
    draw = INITIAL_WEIGHTS[check_choice("weights", name, INITIAL_WEIGHTS)]
    number = structure.nnz if count is None else check_integer("count", count, minimum=0)
    n = structure.n_in if fan_in is None else check_integer("fan_in", fan_in)
    k = structure.density * n if sparse_fan_in is None else sparse_fan_in
    return draw(as_generator(rng), number, n, k).astype(dtype)


def _kaiming(rng: np.random.Generator, count: int, n: int, k: float) -> Floats:
    return rng.normal(0.0, math.sqrt(2 / n), count)


def _swi(rng: np.random.Generator, count: int, n: int, k: float) -> Floats:
    if count == 0:
        return np.zeros(0)  # a layer without links has no sparse fan-in
    return rng.normal(0.0, math.sqrt(2 / k), count)


def _he_uniform(rng: np.random.Generator, count: int, n: int, k: float) -> Floats:
    bound = math.sqrt(6 / n)
    return rng.uniform(-bound, bound, count)


def _normal(rng: np.random.Generator, count: int, n: int, k: float) -> Floats:
    return rng.normal(0.0, 0.1, count)


def _zero(rng: np.random.Generator, count: int, n: int, k: float) -> Floats:
    return np.zeros(count)


INITIAL_WEIGHTS: dict[str, Callable[[np.random.Generator, int, int, float], Floats]] = {
    "kaiming": _kaiming,
    "swi": _swi,
    "he-uniform": _he_uniform,
    "normal": _normal,
    "zero": _zero,
}
