"""Scores of absent links, fast: the twins of `reference.link_scores`.

No path is stored and no local community built. All links of an intermediate node to the neighbours of the other end
are internal, so how many a node a has depends on u and a alone, and how many b has on v and b alone (see Notes of
`score_matrix`). Each row u is scored by itself: threads of `pool` get ranges of rows with equal work, and a score is
summed in an order that does not depend on their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels.dense_link_scores import dense_scores
from sparse_mlp.kernels.link_layer import LinkLayer, even_ranges
from sparse_mlp.kernels.link_walks import Walks, add_row, list_walks, new_scratch, no_walks
from sparse_mlp.kernels.pool import run
from sparse_mlp.kernels.selection import capacity, compact, offer_samples, offer_scores, round_all

Array = NDArray[Any]
Best = tuple[Array, Array, Array]
Blocks = Iterable[tuple[int, Array]]

_ANY_SCORE = 0.0, 0.0

# The k-th best score is guessed from rows that hold about so many of the k best, if they are one row in eight at most;
# the guess is so low that one and a half times k links should exceed it.
SAMPLED_BEST, SPARED_ROWS, GENEROSITY = 192, 8, 1.5


def score_matrix(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str) -> Array:
    """Score each absent link; see `reference.link_scores.score_matrix`.

    Notes
    -----
    With :math:`f(i, d)` the factor of a node, :math:`UU = X X^T` and :math:`VV = X^T X`:
    :math:`S_{uv} = \\sum_{b \\in N(u)} f(VV_{vb}, d_b) \\sum_{a \\in N(b) \\setminus u} f(UU_{ua}, d_a) X_{av}`, exact
    for absent links. Costs O(paths of length three) time and, beyond the matrix that is asked for,
    O(links + threads * (n_in + n_out)) memory, with up to 2 kB a link: see `link_walks`. Where links crowd among few
    neurons, `dense_link_scores` takes over.
    """
    whole = LinkLayer(indptr, indices, out_indptr, out_indices)
    layer, rows, cols = whole.active
    found = dense_scores(layer, method) if layer.prefers_matrices(method) else _walked(layer, method)
    if layer is whole:
        return found
    scores = np.zeros(whole.shape)
    scores[np.ix_(rows, cols)] = found
    return scores


def top_scores(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int
) -> tuple[Array, Array]:
    """Find the k best absent links; see `reference.link_scores.top_scores`.

    Each thread keeps the best of its rows in a buffer of 2 k entries and lets nothing below its k-th best in.
    """
    source = _Source.of_layer(LinkLayer(indptr, indices, out_indptr, out_indices), method)
    keys, _, positions = source.best(k, 0, np.empty((0, 0)), _ANY_SCORE, sampling=False)
    return keys, positions


def top_scores_at_random(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int, blocks: Blocks
) -> Best:
    """Find the k best absent links, ties by a draw; see `reference.link_scores.top_scores_at_random`."""
    source = _Source.of_layer(LinkLayer(indptr, indices, out_indptr, out_indices), method)
    return source.best_of_blocks(k, blocks, sampling=False)


def sample_links(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int, blocks: Blocks
) -> Best:
    """Draw k absent links in proportion to their scores; see `reference.link_scores.sample_links`.

    A logarithm is taken only where the uniform, which never exceeds its arrival, is below the k-th arrival so far.
    """
    source = _Source.of_layer(LinkLayer(indptr, indices, out_indptr, out_indices), method)
    return source.best_of_blocks(k, blocks, sampling=True)


def top_of_matrix(scores: Array, k: int) -> tuple[Array, Array]:
    """Choose as `top_scores` does from scores (n_in, n_out) that are there already."""
    keys, _, positions = _Source.of_matrix(scores).best(k, 0, np.empty((0, 0)), _ANY_SCORE, sampling=False)
    return keys, positions


def best_of_matrix(scores: Array, k: int, blocks: Blocks, *, sampling: bool) -> Best:
    """Choose as `sample_links` or else `top_scores_at_random` do from scores (n_in, n_out) that are there already."""
    return _Source.of_matrix(scores).best_of_blocks(k, blocks, sampling=sampling)


def best_of_columns(scores: Array, counts: Array, draws: Array, *, sampling: bool) -> Array:
    """Choose the best positive scores of each column; see `reference.link_scores.best_of_columns`.

    O(n_in * n_out) time, and as much memory for some copies. Selection by NumPy: compiling it would take seconds.
    """
    n_out = scores.shape[1]
    keys, ties = np.array(scores.T, order="C"), np.ascontiguousarray(draws.T)
    positive = keys > 0
    if sampling:
        values = np.log1p(-ties[positive]) / keys[positive]  # arrivals with a minus, as in `sample_links`
        ties = ties[:0]
    else:
        values = keys[positive]
        round_all(values)
    keys[...] = -np.inf
    keys[positive] = values
    wanted = np.minimum(counts, positive.sum(axis=1)).tolist()
    rows = [_best_of_row(keys[v], ties[v] if len(ties) else None, wanted[v]) for v in range(n_out)]
    return np.sort(np.concatenate(rows) * n_out + np.repeat(np.arange(n_out), wanted))


def _best_of_row(keys: Array, ties: Array | None, k: int) -> Array:
    """Return where the k highest keys stand, of equal ones the lowest ties, or else the first."""
    if k == 0:
        return np.empty(0, np.int64)
    last = np.partition(keys, len(keys) - k)[len(keys) - k]
    above, equal = np.flatnonzero(keys > last), np.flatnonzero(keys == last)
    if ties is not None:
        equal = equal[np.argsort(ties[equal], kind="stable")]
    return np.concatenate((above, equal[: k - len(above)]))


def _walked(layer: LinkLayer, method: str) -> Array:
    scores = np.zeros(layer.shape)
    walks = list_walks(layer, method)
    run([partial(_fill, scores, *rows, walks) for rows in layer.ranges()])
    return scores


class _Source(NamedTuple):
    """Where the rows of scores come from."""

    arguments: Any  # what `_collect` takes rows from: a matrix of them, or an empty one and the walks to score them by
    names: Any  # inputs and outputs that the rows and their entries are of, and how many outputs there are
    work: Array  # float64 (rows,), what each row costs

    @classmethod
    def of_layer(cls, whole: LinkLayer, method: str) -> _Source:
        """Score rows while choosing, or all at once where that is quicker."""
        layer, rows, cols = whole.active
        names = rows, cols, whole.shape[1]
        if layer.prefers_matrices(method):
            return cls.of_matrix(dense_scores(layer, method), names)
        nothing = np.empty((0, layer.shape[1]))
        return cls((nothing, list_walks(layer, method)), names, layer.work + layer.shape[1])

    @classmethod
    def of_matrix(cls, scores: Array, names: Any = None) -> _Source:
        """Take rows from a matrix."""
        n_in, n_out = scores.shape
        names = names or (np.arange(n_in), np.arange(n_out), n_out)
        return cls((np.ascontiguousarray(scores), no_walks()), names, np.full(n_in, float(n_out)))

    def best_of_blocks(self, k: int, blocks: Blocks, *, sampling: bool) -> Best:
        """Choose k while draws come block by block; what has been found is the bound for the next block."""
        best: Any = np.empty(0), np.empty(0), np.empty(0, np.int64)
        for first, uniforms in blocks:
            bound = (-np.inf, 0.0) if sampling else _ANY_SCORE
            if 0 < len(best[0]) == k:
                bound = float(best[0][-1]), float(best[1][-1])
            found = self.best(k, first, uniforms, bound, sampling=sampling)
            joined = [np.concatenate(pair) for pair in zip(best, found, strict=True)]
            order = np.lexsort((joined[1], -joined[0]))[:k]
            best = tuple(array[order] for array in joined)
        return best

    def best(self, k: int, first: int, uniforms: Array, bound: tuple[float, float], *, sampling: bool) -> Best:
        """Choose k from the rows that there are draws for, or without draws from all."""
        begin, end = 0, len(self.work)
        if len(uniforms):
            begin, end = np.searchsorted(self.names[0], [first, first + len(uniforms)])
        if k == 0:
            return np.empty(0), np.empty(0), np.empty(0, np.int64)
        rows = even_ranges(self.work[begin:end], begin)
        guess = 0.0 if len(uniforms) else self.guessed_bound(k)
        for least in [(guess, -1.0), bound] if guess else [bound]:
            choice: Any = k, first, uniforms, *least, sampling
            found = run([partial(_collect, *some, *self.arguments, *self.names, *choice) for some in rows])
            if sum(len(keys) for keys, _, _ in found) >= k:
                break
        best: Any = [np.concatenate(arrays) for arrays in zip(*found, strict=True)]
        kept = compact(best[0], best[1], best[2], len(best[0]), k)
        order = np.lexsort((best[1][:kept], -best[0][:kept]))
        return best[0][order], best[1][order], best[2][order]

    def guessed_bound(self, k: int) -> float:
        """Guess from some rows a score that a few more than k links exceed, so that few others have to be kept.

        0 where that is not worth the time.
        """
        n = len(self.work)
        rows = -(-SAMPLED_BEST * n // k)
        if SPARED_ROWS * rows >= n:
            return 0.0
        scores = _positive_scores(np.arange(rows) * n // rows, *self.arguments)
        place = len(scores) - max(1, round(k / n * rows * GENEROSITY))
        return float(np.partition(scores, place)[place]) * (1 - 1e-9) if place > 0 else 0.0


@jit
def _positive_scores(rows: Array, given: Array, walks: Walks) -> Array:
    """Return the scores above 0 of some rows, in no order."""
    scratch, row = new_scratch(walks), np.empty(given.shape[1])
    scores = np.empty(len(rows) * given.shape[1])
    n = 0
    for u in rows:
        if len(given):
            row[:] = given[u]
        else:
            row[:] = 0.0
            add_row(u, walks, scratch, row)
        for score in row:
            scores[n] = score
            n += int(score > 0)
    return scores[:n]


@jit
def _fill(scores: Array, begin: int, end: int, walks: Walks) -> None:
    """Score rows `begin` to `end - 1`."""
    scratch = new_scratch(walks)
    for u in range(begin, end):
        add_row(u, walks, scratch, scores[u])


@jit
def _collect(
    begin: int, end: int, given: Array, walks: Walks, rows: Array, cols: Array, n_out: int,
    k: int, first: int, uniforms: Array, bound_key: float, bound_tie: float, sampling: bool,
) -> Best:  # fmt: skip
    """Choose among rows `begin` to `end - 1`, which are given, or else scored; `rows` and `cols` name neurons.

    Returns keys, ties and positions of the best k and some others, in no order.
    """
    scratch, row, bound = new_scratch(walks), np.empty(given.shape[1]), np.array([bound_key, bound_tie])
    keys, ties, positions = np.empty(capacity(k)), np.empty(capacity(k)), np.empty(capacity(k), np.int64)
    no_draw = np.empty(0)
    n = 0
    for u in range(begin, end):
        if len(given):
            row[:] = given[u]
        else:
            row[:] = 0.0
            add_row(u, walks, scratch, row)
        draws = uniforms[rows[u] - first] if len(uniforms) else no_draw
        if sampling:
            n = offer_samples(row, cols, draws, rows[u] * n_out, k, n, bound, keys, ties, positions)
        else:
            n = offer_scores(row, cols, draws, rows[u] * n_out, k, n, bound, keys, ties, positions)
    if not sampling:
        round_all(keys[:n])
    return keys[:n], ties[:n], positions[:n]
