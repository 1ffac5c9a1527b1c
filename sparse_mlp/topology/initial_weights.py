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
    motif_size: int = 1,
    equal_inputs: int = 1,
) -> Floats:
    """Draw weights for the links of a layer.

    Parameters
    ----------
    name : {"kaiming", "swi", "he-uniform", "normal", "zero"}
        The law; see Notes.
    structure : SparseStructure
        The layer's wiring; n is its number of inputs, rho its density.
    motif_size : int
        Neurons of each motif, where links join motifs; n then counts neurons, as in the layer of single links.
    equal_inputs : int
        Inputs of a neuron that carry the same value and have the same weight, as those of a motif do where links share
        weights; only "swi" reckons with it.
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
    swi            :math:`N(0, 2 / (\\rho n m))`                sparse weight initialization [Zhang2024], m below
    he-uniform     :math:`U(-\\sqrt{6/n}, \\sqrt{6/n})`          SET [Mocanu2018]
    normal         :math:`N(0, 0.1^2)`                         an option of later SET codes
    zero           0                                           new links of RigL [Evci2020]
    =============  ==========================================  =========================================

    m is `equal_inputs`. The law "swi" is to keep the variance of the signals. Where m inputs with one value share a
    weight, rho n / m weights carry m times the value each, so that the variance grows m-fold unless the weights are
    smaller.

    Differences from the original
    -----------------------------
    The dynamic sparse training code beside [Zhang2024] divides by rho times the number of *outputs*; the law
    above is the paper's. They agree for square layers.
    """
    draw = INITIAL_WEIGHTS[check_choice("weights", name, INITIAL_WEIGHTS)]
    number = structure.nnz if count is None else check_integer("count", count, minimum=0)
    n = check_integer("motif_size", motif_size) * structure.n_in
    density = structure.density * check_integer("equal_inputs", equal_inputs)  # as many inputs' worth of variance
    return draw(as_generator(rng), number, n, density).astype(dtype)


def _kaiming(rng: np.random.Generator, count: int, n: int, density: float) -> Floats:
    return rng.normal(0.0, math.sqrt(2 / n), count)


def _swi(rng: np.random.Generator, count: int, n: int, density: float) -> Floats:
    if count == 0:
        return np.zeros(0)  # a layer without links has no sparse fan-in
    return rng.normal(0.0, math.sqrt(2 / (density * n)), count)


def _he_uniform(rng: np.random.Generator, count: int, n: int, density: float) -> Floats:
    bound = math.sqrt(6 / n)
    return rng.uniform(-bound, bound, count)


def _normal(rng: np.random.Generator, count: int, n: int, density: float) -> Floats:
    return rng.normal(0.0, 0.1, count)


def _zero(rng: np.random.Generator, count: int, n: int, density: float) -> Floats:
    return np.zeros(count)


INITIAL_WEIGHTS: dict[str, Callable[[np.random.Generator, int, int, float], Floats]] = {
    "kaiming": _kaiming,
    "swi": _swi,
    "he-uniform": _he_uniform,
    "normal": _normal,
    "zero": _zero,
}
