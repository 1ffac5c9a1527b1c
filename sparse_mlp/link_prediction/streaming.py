"""Choosing among all rows of a layer, a block of rows at a time, so that draws need little memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.link_prediction.predictors import Links, both_ways
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.sampling import sample_distinct

DRAWN_AT_ONCE = 2**20  # numbers, 8 MB
LINKS_WORTH = 20  # numbers a link, where that is more: no more memory than the links take

Array = NDArray[Any]
Chooser = Callable[..., tuple[Array, Array, Array]]


def best_of_all_rows(
    choose: Chooser,
    structure: SparseStructure,
    method: str,
    k: int,
    rng: np.random.Generator,
    *,
    worst: tuple[float, float],
) -> NDArray[np.int64]:
    """Draw a uniform number for each position and choose k, block by block.

    Parameters
    ----------
    choose : callable
        `top_scores_at_random` or `first_arrivals` of a backend.
    structure : SparseStructure
    method : str
    k : int
    rng : numpy.random.Generator
    worst : (float, float)
        Key and tie-breaker that any candidate beats.

    Returns
    -------
    int64 (at most k,)
        Positions, best first.
    """
    n_in, n_out = structure.shape
    rows = max(1, max(DRAWN_AT_ONCE, LINKS_WORTH * structure.nnz) // n_out)
    best: tuple[Array, ...] = np.empty(0), np.empty(0), np.empty(0, np.int64)
    for first in range(0, n_in, rows):
        uniforms = rng.random((min(rows, n_in - first), n_out))
        bound = (float(best[0][-1]), float(best[1][-1])) if len(best[0]) == k > 0 else worst
        found = choose(*both_ways(structure), method, k, first, uniforms, bound)
        joined = [np.concatenate(pair) for pair in zip(best, found, strict=True)]
        order = np.lexsort((joined[1], -joined[0]))[:k]
        best = tuple(array[order] for array in joined)
    return best[2]


def with_zero_scores(
    positions: NDArray[np.int64], structure: SparseStructure, k: int, rng: np.random.Generator, backend: str | None
) -> Links:
    """Fill up to k with absent links that were not chosen, uniformly at random, and turn positions into links."""
    missing = k - len(positions)
    if missing:
        taken = np.sort(np.concatenate((structure.keys(), positions)))
        population = structure.n_in * structure.n_out
        ranks = sample_distinct(population - len(taken), missing, rng, backend=backend)
        more = evolution_ops(backend).sample_absent(taken, population, ranks)
        positions = np.concatenate((positions, more))
    rows, cols = np.divmod(positions, structure.n_out)
    return rows, cols


def checked_count(k: int, structure: SparseStructure) -> int:
    """Return k, or say that there are not so many absent links."""
    absent = structure.n_in * structure.n_out - structure.nnz
    if check_integer("k", k, minimum=0) > absent:
        raise invalid(f"k={k} links to choose", f"at most the {absent} that are absent", "lower k")
    return int(k)
