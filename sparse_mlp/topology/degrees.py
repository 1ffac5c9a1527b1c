"""From wanted real degrees to whole numbers of links with an exact sum."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid

Integers = NDArray[np.int64]


def fit_degrees(
    wanted: ArrayLike, total: int, low: int | Integers, high: int | Integers, rng: np.random.Generator
) -> Integers:
    """Turn wanted degrees into whole numbers within borders that add up to `total`.

    Parameters
    ----------
    wanted : float64 (m,)
        One degree for each neuron; those outside the borders count as the border. They need not add up to `total`.
    total : int
        What the degrees must add up to.
    low, high : int or int64 (m,)
        Least and largest degree, 0 <= low <= high.
    rng : numpy.random.Generator
        Moves by m exponential numbers, and by a shuffle of some neurons if they are far from `total`.

    Returns
    -------
    int64 (m,)
        Within the borders, with the sum `total`. Where the wanted degrees are within the borders and add up to
        `total`, each degree is the wanted one or a whole number next to it.

    Raises
    ------
    InvalidInputError
        If a wanted degree is not a number or the borders do not allow the sum.

    Notes
    -----
    The whole part of each wanted degree first. If links are missing, neurons gain one each, drawn without replacement
    with probability in proportion to the fractional parts: the smallest arrival times :math:`e_j / f_j` win, with
    exponential :math:`e_j` [Efraimidis2006]. What is missing or too much then is shared evenly by all neurons that are
    still inside their border, and the rest of that division goes to neurons drawn uniformly. Cost O(m log m).

    Examples
    --------
    >>> fit_degrees([0.5, 2.0, 9.0], 8, 1, 5, np.random.default_rng(0))
    array([1, 2, 5])
    """
    wish = np.asarray(wanted, np.float64)
    least, most = (np.broadcast_to(np.asarray(border, np.int64), wish.shape) for border in (low, high))
    _check(wish, total, least, most)
    wish = np.clip(wish, least, most)
    degrees = np.floor(wish).astype(np.int64)
    missing = total - int(degrees.sum())
    arrivals = rng.standard_exponential(len(wish))
    if missing > 0:
        fractions = wish - degrees
        candidates = np.flatnonzero(fractions)
        with np.errstate(over="ignore"):  # a fraction next to nothing arrives last of all, at infinity
            order = np.argsort(arrivals[candidates] / fractions[candidates], kind="stable")
        degrees[candidates[order[:missing]]] += 1
        missing = total - int(degrees.sum())
    if missing > 0:
        return degrees + _share_evenly(missing, most - degrees, rng)
    return degrees - _share_evenly(-missing, degrees - least, rng)


def _share_evenly(links: int, room: Integers, rng: np.random.Generator) -> Integers:
    """Give each neuron the same number of links, or its whole room where that is less; who gets the rest is drawn."""
    if links == 0:
        return np.zeros_like(room)
    # If each got at most `level`, shares of min(room, level) would add up to `sums` at the levels 0 and sorted room.
    levels = np.concatenate(([0], np.sort(room)))
    full = np.cumsum(levels)
    sums = full + levels * np.arange(len(room), -1, -1)
    below = int(np.searchsorted(sums, links, side="right")) - 1
    # The neurons beyond `below` have more room than its level, and share what this level does not use up.
    level = levels[below] + (links - sums[below]) // max(1, len(room) - below)
    share = np.minimum(room, level)
    rest = links - int(share.sum())
    share[rng.permutation(np.flatnonzero(room > level))[:rest]] += 1
    return share


def _check(wish: NDArray[np.float64], total: int, least: Integers, most: Integers) -> None:
    if np.isnan(wish).any():
        raise invalid("a wanted degree that is not a number", "real numbers")
    if (least > most).any():
        raise invalid("a least degree above the largest", "borders with low <= high")
    if not least.sum() <= total <= most.sum():
        raise invalid(f"{total} links for degrees between borders that add up to {least.sum()} and {most.sum()}",
                      "a total between these sums")  # fmt: skip
