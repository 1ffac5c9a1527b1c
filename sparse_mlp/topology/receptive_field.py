"""The bipartite receptive-field wiring (BRF): links near the diagonal, as strictly as a number says."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_choice, check_fraction
from sparse_mlp.kernels.dispatch import generator_ops
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.degrees import fit_degrees

DEGREE_DISTRIBUTIONS = ("fixed", "uniform")
SIDES = ("output", "input")


def receptive_field(
    n_in: int, n_out: int, links: int, rng: np.random.Generator, *, r: float = 0.25,
    degree_distribution: str = "fixed", degree_side: str = "output",
) -> SparseStructure:  # fmt: skip
    """Link each neuron to partners around the place opposite to it.

    Parameters
    ----------
    n_in, n_out, links, rng
        As every generator of layers takes them, see `topology.generate`.
    r : float
        Randomness in [0, 1]: 0 takes the nearest partners, 1 takes all with the same probability.
    degree_distribution : {"fixed", "uniform"}
        Degrees that differ by at most one, or degrees drawn uniformly.
    degree_side : {"output", "input"}
        The side whose neurons have these degrees and draw their partners; the other side's degrees follow.

    Notes
    -----
    The n neurons that are drawn from form a ring. The centre of neuron i of the N that draw is
    :math:`\\lfloor (i + 1/2)\\, n / N \\rfloor`, and a place at the ring distance d from it has the weight
    :math:`(1 + d)^{-(1 - r) / r}` [Zhang2025]. Each neuron draws one partner after the other, in proportion to the
    weights of the places that are still free (sequential sampling without replacement). For r = 0 only the centre has a
    weight; where no weight is left, the nearest free place follows, the left one first. Weights below 1e-308 are zero
    in this sense, too; up to 10,000 neurons there are such only for r < 0.012. O(links log n) time; memory
    grows with the links alone.

    Uniform degrees are drawn from D - h to D + h, D = links / N being their mean and h the largest half-width that
    keeps them within 1 (0, if D < 1) and n, and fitted to the sum by `fit_degrees`.

    Differences from the original
    -----------------------------
    The text of [Zhang2025] gives the exponent without its sign. Its published code designs the degrees of the smaller
    side, whichever that is, although the text says outputs; its centres i * floor(b / a) do not reach the end of the
    larger side if the sizes do not divide; its "uniform" degrees are one link each and the rest placed at random, which
    is nearly a Poisson distribution, and links beyond a full neuron are lost. Here the count is exact. That code has
    the weights of all n_in * n_out positions.

    Examples
    --------
    >>> receptive_field(8, 4, 12, np.random.default_rng(0), r=0.0).to_scipy().toarray().T.astype(int)
    array([[1, 1, 1, 0, 0, 0, 0, 0],
           [0, 0, 1, 1, 1, 0, 0, 0],
           [0, 0, 0, 0, 1, 1, 1, 0],
           [1, 0, 0, 0, 0, 0, 1, 1]])
    """
    randomness = check_fraction("r", r, zero=True)
    distribution = check_choice("degree_distribution", degree_distribution, DEGREE_DISTRIBUTIONS)
    of_outputs = check_choice("degree_side", degree_side, SIDES) == "output"
    count, n = (n_out, n_in) if of_outputs else (n_in, n_out)
    degrees = _degrees(distribution, count, n, links, rng)
    draw = generator_ops("receptive_field").draw_fields
    partner = draw(degrees, distance_weights(n, randomness), rng.random(links))
    neuron = np.repeat(np.arange(count), degrees)
    keys = partner * n_out + neuron if of_outputs else neuron * n_out + partner
    return SparseStructure.from_keys(np.sort(keys), (n_in, n_out))


def distance_weights(n: int, r: float) -> NDArray[np.float64]:
    """Return the weights of the n places of a ring, the nearest first: the distances are 0, 1, 1, 2, 2, ...

    Examples
    --------
    >>> distance_weights(4, 0.5)
    array([1.        , 0.5       , 0.5       , 0.33333333])
    """
    exponent = (1 - r) / r if r > 0 else math.inf
    distance = (np.arange(n) + 1) // 2
    return np.power(1.0 + distance, -exponent)


def _degrees(distribution: str, count: int, n: int, links: int, rng: np.random.Generator) -> NDArray[np.int64]:
    mean = links / count
    if distribution == "fixed":
        return fit_degrees(np.full(count, mean), links, 0, n, rng)
    least = 1 if mean >= 1 else 0
    half_width = min(mean - least, n - mean)
    return fit_degrees(rng.uniform(mean - half_width, mean + half_width, count), links, least, n, rng)
