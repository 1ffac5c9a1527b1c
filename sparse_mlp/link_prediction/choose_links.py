"""Absent links by scores that are there already: so many of a layer, or so many for each of its outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_choice, check_integer, invalid
from sparse_mlp.kernels.dispatch import link_score_ops
from sparse_mlp.link_prediction.predictors import Links, as_structure
from sparse_mlp.link_prediction.top_links import TIES
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.sampling import sample_distinct


def choose_links(
    structure: SparseStructure | Any, scores: NDArray[np.float64], counts: int | ArrayLike, *, rng: RandomState = None,
    rows: NDArray[np.int64] | None = None, ties: str = "random", soft: bool = False, backend: str | None = None,
) -> Links:  # fmt: skip
    """Choose absent links by their scores.

    Parameters
    ----------
    structure : SparseStructure or scipy.sparse array (n_in, n_out)
        The links that are there; these are not chosen.
    scores : float64 (n_in, n_out)
        0 or more; as `score_matrix` returns them.
    counts : int, or int (n_out,)
        How many links to choose, or how many for each output.
    rng : None, int or numpy.random.Generator
        Moves by one uniform number for each position that `rows` leaves, if ties are random or the choice is soft, and
        by what a fill takes.
    rows : int64 (k,), optional
        The inputs that may get a link, ascending; all by default.
    ties, backend
        As in `top_links`.
    soft : bool
        Whether links are drawn one after the other in proportion to their scores, as in `sample_links`; else those with
        the highest scores are taken.

    Returns
    -------
    rows, cols : int64
        In row-major order. Where too few links of an output, or of the layer, have a score above 0, others of it
        follow, uniformly at random.

    Raises
    ------
    InvalidInputError
        If there are not so many absent links, or a number or option cannot be used.

    Notes
    -----
    O(n_in * n_out) time and memory, some 40 bytes for each position.

    Examples
    --------
    >>> layer = SparseStructure.from_coo([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2, 3], shape=(3, 4))
    >>> scores = np.array([[0, 0, 2, 5], [3, 0, 0, 1], [0, 4, 0, 0.0]])
    >>> choose_links(layer, scores, 2)
    (array([0, 2]), array([3, 1]))
    >>> choose_links(layer, scores, [1, 0, 0, 1])
    (array([0, 1]), array([3, 0]))
    """
    check_choice("ties", ties, TIES)
    wiring, stream = as_structure(structure), as_generator(rng)
    free = np.ones(wiring.shape, bool)
    free[wiring.rows(), wiring.indices] = False
    names = np.arange(wiring.n_in) if rows is None else rows
    free = free[names]
    candidates = np.where(free, scores[names], 0.0)
    if np.ndim(counts) == 0:
        free, candidates = free.reshape(-1, 1), candidates.reshape(-1, 1)
    wanted = _checked_counts(counts, free)
    draws = stream.random(candidates.shape) if soft or ties == "random" else np.empty((0, 0))
    chosen = np.zeros(free.shape, bool)
    chosen.flat[link_score_ops(backend).best_of_columns(candidates, wanted, draws, sampling=soft)] = True
    missing = wanted - chosen.sum(axis=0)
    for column in np.flatnonzero(missing):
        left = np.flatnonzero(free[:, column] & ~chosen[:, column])
        more = sample_distinct(len(left), int(missing[column]), stream, backend=backend)
        chosen[left[more], column] = True
    at, cols = np.nonzero(chosen.reshape(-1, wiring.n_out))
    return names[at], cols


def _checked_counts(counts: int | ArrayLike, free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many links each column of `free` shall get, int64; raise where it has not so many free positions."""
    if free.shape[1] == 1 and np.ndim(counts) == 0:
        wanted = np.array([check_integer("counts", counts, minimum=0)], np.int64)
    else:
        wanted = np.asarray(counts)
        if wanted.shape != free.shape[1:] or wanted.dtype.kind not in "iu" or (wanted < 0).any():
            found = f"counts of {wanted.dtype} {wanted.shape}"
            raise invalid(found, f"a whole number, or one for each output: ({free.shape[1]},)")
        wanted = wanted.astype(np.int64)
    room = free.sum(axis=0)
    if (wanted > room).any():
        column = int(np.argmax(wanted > room))
        where = f" for output {column}" if np.ndim(counts) else ""
        raise invalid(f"{wanted[column]} links to choose{where}", f"at most {room[column]}, as many as are free")
    return wanted
