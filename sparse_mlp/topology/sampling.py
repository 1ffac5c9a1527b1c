"""Sets of distinct numbers, each set equally likely, in memory that grows with the set alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.dispatch import evolution_ops, topology_ops

Integers = NDArray[np.int64]


def sample_distinct(population: int, k: int, rng: np.random.Generator, *, backend: str | None = None) -> Integers:
    """Draw k distinct numbers below `population`, in ascending order.

    Parameters
    ----------
    population : int
        How many numbers there are to choose from.
    k : int
        How many to draw, 0 to `population`.
    rng : numpy.random.Generator
        Moves by min(k, population - k) bounded integers.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the numbers do not depend on it.

    Returns
    -------
    int64 (k,)
        Ascending; every set of k numbers is equally likely.

    Notes
    -----
    Floyd's algorithm [Bentley1987]; above one half, the numbers left out are drawn instead. `Generator.choice` (NumPy
    2.4) is as frugal below k = population / 20, but above that it lists the whole population, 8 bytes each.

    Examples
    --------
    >>> sample_distinct(10, 9, np.random.default_rng(0))
    array([0, 1, 2, 3, 4, 5, 6, 7, 9])
    """
    if 2 * k > population:
        absent = sample_distinct(population, population - k, rng, backend=backend)
        return evolution_ops(backend).sample_absent(absent, population, np.arange(k))
    draws = rng.integers(0, np.arange(population - k + 1, population + 1))
    return np.sort(topology_ops(backend).distinct_integers(draws, population))


def add_absent(
    present: Integers, population: int, k: int, rng: np.random.Generator, *, backend: str | None = None
) -> Integers:
    """Add k numbers drawn uniformly from those below `population` that are absent.

    Parameters
    ----------
    present : int64 (n,)
        Ascending and distinct, below `population`.
    population, k : int
        k is 0 to population - n; for 0 nothing is drawn.
    rng, backend
        As in `sample_distinct`.

    Returns
    -------
    int64 (n + k,)
        Ascending.

    Examples
    --------
    >>> add_absent(np.array([1, 4]), 6, 4, np.random.default_rng(0))
    array([0, 1, 2, 3, 4, 5])
    """
    if k == 0:
        return present
    ranks = sample_distinct(population - len(present), k, rng, backend=backend)
    added = evolution_ops(backend).sample_absent(present, population, ranks)
    return np.sort(np.concatenate((present, added)))
