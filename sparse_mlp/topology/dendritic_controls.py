"""The four controls of the Dendritic Network Model: links, dendrites and field of each output, links of each dendrite.

Each follows one of five `DISTRIBUTIONS`. The spatial ones depend on where the output stands in its layer, or the
dendrite in its field, through a bell :math:`\\exp(-x^2/2)`; the others are alike everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.topology.degrees import fit_degrees

Generator = np.random.Generator
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DISTRIBUTIONS = ("fixed", "uniform", "gaussian", "spatial-gaussian", "spatial-inverse-gaussian")

# A bell narrower than this many neurons stands on the nearest ones alone; it keeps divisors away from zero.
NARROWEST = 1e-3


def draw_degrees(
    n_in: int, n_out: int, links: int, rng: Generator,
    distribution: str = "fixed", spread: float | None = None,
) -> Integers:  # fmt: skip
    """Draw the number of links of each output, int64 (n_out,), with the sum `links`.

    None is below 1 (below 0 with fewer links than outputs) or above n_in. The default spread is 2 links for gaussian,
    all between the least degree and as much above the mean for uniform, a tenth of the layer for spatial ones.
    """
    least, mean = int(links >= n_out), links / n_out
    spread = _or_default(spread, distribution, uniform=mean - least, gaussian=2.0, spatial=0.1)
    wanted = _around_mean(distribution, mean, least, spread, n_out, rng)
    return fit_degrees(wanted, links, least, n_in, rng)


def draw_dendrites(
    degrees: Integers, n_in: int, mean: float, rng: Generator,
    distribution: str = "fixed", spread: float | None = None,
) -> Integers:  # fmt: skip
    """Draw the number of dendrites of each output, int64 (n_out,), at least one and at most one for each link.

    But for that limit their mean is `mean`, to half a dendrite in the whole layer. The default spread is half the mean
    for gaussian, all from 1 to 2 mean - 1 for uniform, 0.15 of the layer for spatial ones.
    """
    n_out, mean = len(degrees), min(mean, n_in)
    spread = _or_default(spread, distribution, uniform=mean - 1, gaussian=mean / 2, spatial=0.15)
    wanted = _around_mean(distribution, mean, 1, spread, n_out, rng)
    return np.minimum(fit_degrees(wanted, round(mean * n_out), 1, n_in, rng), degrees)


def draw_widths(
    n_out: int, alpha: float, rng: Generator, distribution: str = "fixed", spread: float | None = None
) -> Floats:
    """Draw the width of each output's receptive field, float64 (n_out,) in [0, 1].

    Alpha is the mean before what is beyond 0 and 1 is cut off, for the spatial distributions the largest width. The
    default spread is 0.2 for gaussian, 0.25 for uniform, 0.2 of the layer for spatial ones.
    """
    spread = _or_default(spread, distribution, uniform=0.25, gaussian=0.2, spatial=0.2)
    if distribution.startswith("spatial"):
        return alpha * _profile(distribution, n_out, spread)
    return np.clip(_scattered(distribution, alpha, spread, n_out, rng), 0.0, 1.0)


def draw_shares(
    distances: Floats, pointers: Integers, n_in: int, rng: Generator,
    distribution: str = "fixed", spread: float | None = None,
) -> Floats:  # fmt: skip
    """Draw how large a share of its output's links each dendrite takes, in proportion, float64 (n_dendrites,).

    Parameters
    ----------
    distances : float64 (n_dendrites,)
        From the middle of the output to the middle of the dendrite, in inputs.
    pointers : int64 (n_out + 1,)
        Output j has the dendrites from pointers[j] to pointers[j + 1] - 1.
    distribution : str
        "spatial-gaussian" favours dendrites near the output's middle, the inverse those near its farthest dendrite.
    spread : float, optional
        Around a mean share of 1: 0.5 for gaussian, 1 for uniform; 0.1 of the inputs for spatial ones.
    """
    spread = _or_default(spread, distribution, uniform=1.0, gaussian=0.5, spatial=0.1)
    if not distribution.startswith("spatial"):
        return np.maximum(_scattered(distribution, 1.0, spread, len(distances), rng), 0.0)
    occupied, counts = pointers[:-1][np.diff(pointers) > 0], np.diff(pointers)[np.diff(pointers) > 0]
    if distribution == "spatial-inverse-gaussian":
        distances = np.repeat(np.maximum.reduceat(distances, occupied), counts) - distances
    # Relative to the best dendrite of the output, so that its share is 1 and not all of them underflow.
    squares = distances**2
    squares -= np.repeat(np.minimum.reduceat(squares, occupied), counts)
    return np.exp(_exponents(squares, spread * n_in))


def _or_default(spread: float | None, distribution: str, *, uniform: float, gaussian: float, spatial: float) -> float:
    usual = {"fixed": 0.0, "uniform": uniform, "gaussian": gaussian}.get(distribution, spatial)
    return usual if spread is None else spread


def _around_mean(distribution: str, mean: float, least: int, spread: float, count: int, rng: Generator) -> Floats:
    if not distribution.startswith("spatial"):
        return _scattered(distribution, mean, spread, count, rng)
    profile = _profile(distribution, count, spread)
    if not profile.any():  # one or two outputs are equally near to the middle
        return np.full(count, mean)
    return least + (mean - least) * profile / profile.mean()


def _scattered(distribution: str, mean: float, spread: float, count: int, rng: Generator) -> Floats:
    if distribution == "uniform":
        return rng.uniform(mean - spread, mean + spread, count)
    if distribution == "gaussian":
        return rng.normal(mean, spread, count)
    return np.full(count, float(mean))


def _profile(distribution: str, count: int, spread: float) -> Floats:
    """Return a bell over the layer, 1 at the neurons nearest to the middle, or one minus it."""
    squares = (np.arange(count) - (count - 1) / 2) ** 2
    exponents = _exponents(squares - squares.min(), spread * count)
    return -np.expm1(exponents) if distribution == "spatial-inverse-gaussian" else np.exp(exponents)


def _exponents(squares: Floats, sigma: float) -> Floats:
    return -0.5 * squares / max(sigma, NARROWEST) ** 2
