"""Power law of the degrees: its exponent gamma, where it starts, and how far the degrees are from it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.rng import RandomState, as_generator

EXPONENTS = np.arange(101, 1001) / 100  # 1.01, 1.02, …, 10.00
FEW = 100  # below so many neurons the exponent is corrected for their number
REACH = 20  # samples end at so many times the largest degree


class PowerLaw(NamedTuple):
    """The power law that fits best.

    Attributes
    ----------
    gamma : float
        Exponent: P(k) falls like k^-gamma from `xmin` on.
    xmin : int
        Smallest degree of the tail that follows it.
    distance : float
        Kolmogorov–Smirnov distance between that tail and the power law, in [0, 1].
    """

    gamma: float
    xmin: int
    distance: float


def power_law(degrees: ArrayLike) -> PowerLaw:
    """Fit a discrete power law to degrees.

    Parameters
    ----------
    degrees : int64 (N,)
        Of all neurons; those of 0 are left out.

    Raises
    ------
    InvalidInputError
        If there are not two distinct degrees of 1 or more, or some are not whole numbers.

    Notes
    -----
    For each degree but the largest as xmin, the exponent maximises the likelihood of

    .. math:: P(k) = k^{-\\gamma} / \\zeta(\\gamma, k_{min}), \\qquad k \\ge k_{min}

    on the grid 1.01, 1.02, …, 10.00; the xmin of least distance is taken, the smallest of equals [Clauset2009]. For
    fewer than 100 neurons the exponent is corrected to :math:`(\\gamma (n - 1) + 1) / n`, n neurons in the tail, as in
    [Muscoloni2018]. The figure of [Cerretti2025]. Cost O(N log N + d (900 + d)) and memory O(d (900 + d)) for
    d distinct degrees.

    Any degrees get an exponent: `p_value` tells whether they follow a power law at all. A gamma of 10, the end of the
    grid, says 10 or more (of fewer than 100 neurons, 10 before the correction). The degrees of a random wiring commonly
    end there, with a large xmin: their tail falls faster than any power law.

    Examples
    --------
    >>> law = power_law(np.random.default_rng(0).zipf(2.5, 2000))
    >>> law.gamma, law.xmin
    (2.51, 1)
    """
    found = _positive(degrees)
    law = _fit(found)
    if len(found) >= FEW:
        return law
    n_tail = np.count_nonzero(found >= law.xmin)
    return law._replace(gamma=(law.gamma * (n_tail - 1) + 1) / n_tail)


def p_value(degrees: ArrayLike, *, repeats: int = 1000, rng: RandomState = None) -> float:
    """Return how often degrees drawn from the fitted power law are as far from their own fit as the given ones.

    Parameters
    ----------
    degrees : int64 (N,)
        As in `power_law`.
    repeats : int
        Sets of degrees to draw, 1 or more.
    rng : None, int or numpy.random.Generator

    Returns
    -------
    float
        In [0, 1]; [Clauset2009] rules a power law out at 0.1 or less.

    Notes
    -----
    A semi-parametric bootstrap: each neuron draws from the fitted power law with the chance of the tail, else from the
    degrees below xmin. The exponent is the uncorrected one, and samples are cut at 20 times the largest degree, as in
    the code of [Clauset2009]. A set with one distinct degree, to which nothing can be fitted, counts as near.

    Examples
    --------
    >>> p_value(np.random.default_rng(0).poisson(40, 500), repeats=20, rng=0) < p_value([1, 1, 1, 1, 2, 2, 3], rng=0)
    True
    """
    found, runs, generator = _positive(degrees), check_integer("repeats", repeats), as_generator(rng)
    law = _fit(found)
    distances = [_distance(_resample(found, law, generator)) for _ in range(runs)]
    return float(np.mean(np.array(distances) >= law.distance))


def _positive(degrees: ArrayLike) -> NDArray[np.int64]:
    found = np.asarray(degrees)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise invalid(f"degrees of {found.dtype} {found.shape}", "whole numbers (N,)")
    linked = found[found > 0].astype(np.int64)
    if len(np.unique(linked)) < 2:
        raise invalid(f"{len(np.unique(linked))} distinct degrees of 1 or more", "at least two")
    return linked


def _fit(degrees: NDArray[np.int64]) -> PowerLaw:
    """Fit without a correction for few neurons."""
    from scipy.special import zeta

    k, count = np.unique(degrees, return_counts=True)
    n_from = np.append(np.cumsum(count[::-1])[::-1], 0)  # neurons of degree k[i] or more
    log_sum = np.cumsum((count * np.log(k))[::-1])[::-1]
    starts = k[:-1, None]
    likelihood = -EXPONENTS * log_sum[:-1, None] - n_from[:-2, None] * np.log(zeta(EXPONENTS, starts))
    gamma = EXPONENTS[np.argmax(likelihood, axis=1)]
    # Between two neighbouring degrees only the fitted curve moves: the largest gap is at either end, k or the next one.
    law, share = zeta(gamma[:, None], starts), n_from / n_from[:-2, None]
    gap = np.maximum(
        np.abs(zeta(gamma[:, None], k) / law - share[:, :-1]), np.abs(zeta(gamma[:, None], k + 1) / law - share[:, 1:])
    )
    distance = np.triu(gap).max(axis=1)
    best = int(np.argmin(distance))
    return PowerLaw(float(gamma[best]), int(k[best]), float(distance[best]))


def _resample(degrees: NDArray[np.int64], law: PowerLaw, rng: np.random.Generator) -> NDArray[Any]:
    """Draw as many degrees: from the power law with the chance of the tail, else from those below it."""
    from scipy.special import zeta

    below = degrees[degrees < law.xmin]
    n_below = int(np.count_nonzero(rng.random(len(degrees)) * len(degrees) < len(below)))
    k = np.arange(law.xmin, REACH * int(degrees.max()) + 1)
    at_least = zeta(law.gamma, k) / zeta(law.gamma, law.xmin)
    tail = np.searchsorted(-at_least, -rng.random(len(degrees) - n_below))  # how many k are passed
    return np.concatenate([rng.choice(below, n_below) if n_below else below[:0], law.xmin + tail - 1])


def _distance(degrees: NDArray[np.int64]) -> float:
    return 0.0 if degrees.min() == degrees.max() else _fit(degrees).distance
