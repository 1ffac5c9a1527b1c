"""Draws for all positions of a layer, a block of rows at a time; links chosen by scores; links without a score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.link_prediction.predictors import Links
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.sampling import sample_distinct

DRAW_CHUNK = 2**20  # numbers, 8 MB
DRAWS_A_LINK = 20  # numbers a link, where that is more: no more memory than the links take

Blocks = Iterable[tuple[int, NDArray[np.float64]]]


def row_blocks(structure: SparseStructure, rng: np.random.Generator) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Draw a uniform number for each position, some rows at a time.

    `rng` moves by n_in * n_out numbers, however they are cut. Yields the first row of each block and its numbers,
    float64 (rows, n_out).
    """
    n_in, n_out = structure.shape
    rows = max(1, max(DRAW_CHUNK, DRAWS_A_LINK * structure.nnz) // n_out)
    for first in range(0, n_in, rows):
        yield first, rng.random((min(rows, n_in - first), n_out))


def chosen(scores: NDArray[np.float64], k: int, blocks: Blocks | None, *, sampling: bool = False) -> NDArray[np.int64]:
    """Return at most k positions by the given scores (n_in, n_out), of those above 0.

    Parameters
    ----------
    blocks : iterable or None
        Draws, as from `row_blocks`; without them ties are decided by position.
    sampling : bool
        Whether links are drawn in proportion to their scores; else those with the highest scores are taken.
    """
    from sparse_mlp.kernels.link_scores import best_of_matrix, top_of_matrix

    if blocks is None:
        return top_of_matrix(scores, k)[1]
    return best_of_matrix(scores, k, blocks, sampling=sampling)[2]


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
        raise invalid(f"k={k} links to choose", f"at most {absent}, as many as are absent")
    return int(k)
