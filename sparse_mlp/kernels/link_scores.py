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
from sparse_mlp.kernels.link_factors import NODE_FACTORS
from sparse_mlp.kernels.link_layer import LinkLayer, even_ranges
from sparse_mlp.kernels.pool import run
from sparse_mlp.kernels.selection import capacity, compact, offer_arrivals, offer_scores

Array = NDArray[Any]
Best = tuple[Array, Array, Array]
Blocks = Iterable[tuple[int, Array]]

_ANY_SCORE = 0.0, 0.0


def score_matrix(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str) -> Array:
    """Score each absent link; see `reference.link_scores.score_matrix`.

    Notes
    -----
    With :math:`f(i, d)` the factor of a node, :math:`UU = X X^T` and :math:`VV = X^T X`:
    :math:`S_{uv} = \\sum_{b \\in N(u)} f(VV_{vb}, d_b) \\sum_{a \\in N(b) \\setminus u} f(UU_{ua}, d_a) X_{av}`, exact
    for absent links. The inner walk over a counts :math:`VV_{vb}` on its way. Costs O(paths of length three) time and,
    beyond the matrix that is asked for, O(links + threads * (n_in + n_out)) memory. Where links crowd among few
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
    keys, _, positions = source.best(k, 0, np.empty((0, 0)), _ANY_SCORE, arrivals=False)
    return keys, positions


def top_scores_at_random(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int, blocks: Blocks
) -> Best:
    """Find the k best absent links, ties by a draw; see `reference.link_scores.top_scores_at_random`."""
    source = _Source.of_layer(LinkLayer(indptr, indices, out_indptr, out_indices), method)
    return source.best_of_blocks(k, blocks, arrivals=False)


def first_arrivals(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int, blocks: Blocks
) -> Best:
    """Draw k absent links in proportion to their scores; see `reference.link_scores.first_arrivals`.

    A logarithm is taken only where the uniform, which never exceeds its arrival, is below the k-th arrival so far.
    """
    source = _Source.of_layer(LinkLayer(indptr, indices, out_indptr, out_indices), method)
    return source.best_of_blocks(k, blocks, arrivals=True)


def top_of_matrix(scores: Array, k: int) -> tuple[Array, Array]:
    """Choose as `top_scores` does from scores (n_in, n_out) that are there already."""
    keys, _, positions = _Source.of_matrix(scores).best(k, 0, np.empty((0, 0)), _ANY_SCORE, arrivals=False)
    return keys, positions


def best_of_matrix(scores: Array, k: int, blocks: Blocks, *, arrivals: bool) -> Best:
    """Choose as `first_arrivals` or else `top_scores_at_random` do from scores (n_in, n_out) that are there already."""
    return _Source.of_matrix(scores).best_of_blocks(k, blocks, arrivals=arrivals)


def count_walks(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array) -> int:
    """Count the walks u – b – a – v of a layer, which is what scoring it costs; O(links)."""
    return int(LinkLayer(indptr, indices, out_indptr, out_indices).work.sum())


def _walked(layer: LinkLayer, method: str) -> Array:
    scores = np.zeros(layer.shape)
    factors: Any = *layer.tables(method), method in NODE_FACTORS
    run([partial(_fill, scores, *rows, *layer.links, *factors) for rows in layer.ranges()])
    return scores


class _Source(NamedTuple):
    """Where the rows of scores come from.

    Attributes
    ----------
    arguments : tuple
        What `_collect` scores rows from: a matrix of them, or an empty one, links and factors.
    names : (int64, int64, int)
        Inputs and outputs that the rows and their entries are of, and how many outputs there are.
    work : float64 (rows,)
        What each row costs.
    """

    arguments: Any
    names: Any
    work: Array

    @classmethod
    def of_layer(cls, whole: LinkLayer, method: str) -> _Source:
        """Score rows while choosing, or all at once where that is quicker."""
        layer, rows, cols = whole.active
        names = rows, cols, whole.shape[1]
        if layer.prefers_matrices(method):
            return cls.of_matrix(dense_scores(layer, method), names)
        nothing, of_nodes = np.empty((0, layer.shape[1])), method in NODE_FACTORS
        return cls((nothing, *layer.links, *layer.tables(method), of_nodes), names, layer.work + layer.shape[1])

    @classmethod
    def of_matrix(cls, scores: Array, names: Any = None) -> _Source:
        """Take rows from a matrix; links and factors are not needed."""
        n_in, n_out = scores.shape
        links = np.zeros(1, np.uint64), np.zeros(0, np.uint32)
        arguments = np.ascontiguousarray(scores), *links, *links, np.zeros(1), np.zeros(1), False
        return cls(arguments, names or (np.arange(n_in), np.arange(n_out), n_out), np.ones(n_in))

    def best_of_blocks(self, k: int, blocks: Blocks, *, arrivals: bool) -> Best:
        """Choose k while draws come block by block; what has been found is the bound for the next block."""
        best: Any = np.empty(0), np.empty(0), np.empty(0, np.int64)
        for first, uniforms in blocks:
            bound = (-np.inf, 0.0) if arrivals else _ANY_SCORE
            if 0 < len(best[0]) == k:
                bound = float(best[0][-1]), float(best[1][-1])
            found = self.best(k, first, uniforms, bound, arrivals=arrivals)
            joined = [np.concatenate(pair) for pair in zip(best, found, strict=True)]
            order = np.lexsort((joined[1], -joined[0]))[:k]
            best = tuple(array[order] for array in joined)
        return best

    def best(self, k: int, first: int, uniforms: Array, bound: tuple[float, float], *, arrivals: bool) -> Best:
        """Choose k from the rows that there are draws for, or without draws from all."""
        begin, end = 0, len(self.work)
        if len(uniforms):
            begin, end = np.searchsorted(self.names[0], [first, first + len(uniforms)])
        if k == 0:
            return np.empty(0), np.empty(0), np.empty(0, np.int64)
        choice: Any = k, first, uniforms, *bound, arrivals
        rows = even_ranges(self.work[begin:end], begin)
        found = run([partial(_collect, *some, *self.arguments, *self.names, *choice) for some in rows])
        best: Any = [np.concatenate(arrays) for arrays in zip(*found, strict=True)]
        kept = compact(best[0], best[1], best[2], len(best[0]), k)
        order = np.lexsort((best[1][:kept], -best[0][:kept]))
        return best[0][order], best[1][order], best[2][order]


@jit
def _fill(
    scores: Array, begin: int, end: int, in_ptr: Array, in_idx: Array, out_ptr: Array, out_idx: Array,
    in_table: Array, out_table: Array, of_nodes: bool,
) -> None:  # fmt: skip
    """Score rows `begin` to `end - 1`."""
    scratch = _scratch(len(in_ptr) - 1, len(out_ptr) - 1)
    for u in range(begin, end):
        _row(u, in_ptr, in_idx, out_ptr, out_idx, in_table, out_table, of_nodes, scratch, scores[u])


@jit
def _collect(
    begin: int, end: int,
    given: Array, in_ptr: Array, in_idx: Array, out_ptr: Array, out_idx: Array, in_table: Array, out_table: Array,
    of_nodes: bool, rows: Array, cols: Array, n_out: int,
    k: int, first: int, uniforms: Array, bound_key: float, bound_tie: float, arrivals: bool,
) -> Best:  # fmt: skip
    """Choose among rows `begin` to `end - 1`, which are given, or else scored; `rows` and `cols` name neurons.

    Returns
    -------
    keys, ties, positions : float64, float64, int64 (n,)
        The best k and some others, in no order.
    """
    scratch = _scratch(len(in_ptr) - 1, given.shape[1])
    row, bound = np.zeros(given.shape[1]), np.array([bound_key, bound_tie])
    keys, ties, positions = np.empty(capacity(k)), np.empty(capacity(k)), np.empty(capacity(k), np.int64)
    no_draw = np.empty(0)
    n = 0
    for u in range(begin, end):
        if len(given):
            row[:] = given[u]
        else:
            row[:] = 0.0
            _row(u, in_ptr, in_idx, out_ptr, out_idx, in_table, out_table, of_nodes, scratch, row)
        draws = uniforms[rows[u] - first] if len(uniforms) else no_draw
        if arrivals:
            n = offer_arrivals(row, cols, draws, rows[u] * n_out, k, n, bound, keys, ties, positions)
        else:
            n = offer_scores(row, cols, draws, rows[u] * n_out, k, n, bound, keys, ties, positions)
    return keys[:n], ties[:n], positions[:n]


@jit
def _scratch(n_in: int, n_out: int) -> tuple[Array, Array, Array, Array, Array, Array]:
    # The two lists have a slot more than there are neurons: an entry is written before it is known to be new.
    return (
        np.zeros(n_in, np.uint32), np.zeros(n_in), np.zeros(n_in + 1, np.uint32),
        np.zeros(n_out, np.uint32), np.zeros(n_out), np.zeros(n_out + 1, np.uint32),
    )  # fmt: skip


@jit
def _row(
    u: int, in_ptr: Array, in_idx: Array, out_ptr: Array, out_idx: Array, in_table: Array, out_table: Array,
    of_nodes: bool, scratch: tuple[Array, Array, Array, Array, Array, Array], row: Array,
) -> None:  # fmt: skip
    """Add the scores of all links from u to `row`, which comes as zeros; present links stay zero.

    Walks may come back to u on their way: they go on to neighbours of u, whose entries are present links.
    """
    common, left, near, count, along, touched = scratch
    n_near = np.uint32(0)
    for i in range(in_ptr[u], in_ptr[u + 1]):
        b = in_idx[i]
        for j in range(out_ptr[b], out_ptr[b + 1]):
            a = out_idx[j]
            near[n_near] = a
            n_near += np.uint32(common[a] == 0)
            common[a] += np.uint32(1)
    for i in range(n_near):
        a = near[i]
        left[a] = in_table[in_ptr[a] + common[a]]
        common[a] = np.uint32(0)
        if of_nodes:
            for j in range(in_ptr[a], in_ptr[a + 1]):
                row[in_idx[j]] += left[a]
    for i in range(in_ptr[u], in_ptr[u + 1]):
        b = in_idx[i]
        n = _walk(b, in_ptr, in_idx, out_ptr, out_idx, left, count, along, touched)
        for j in range(n):
            v = touched[j]
            factor = out_table[out_ptr[b] + count[v]]
            row[v] += factor if of_nodes else factor * along[v]
            count[v] = np.uint32(0)
            along[v] = 0.0
    for i in range(in_ptr[u], in_ptr[u + 1]):
        row[in_idx[i]] = 0.0


@jit
def _walk(
    b: Any, in_ptr: Array, in_idx: Array, out_ptr: Array, out_idx: Array, left: Array, count: Array, along: Array,
    touched: Array,
) -> Any:  # fmt: skip
    """Count the walks b – a – v, sum `left[a]` along them, list which v are reached."""
    n = np.uint32(0)
    for i in range(out_ptr[b], out_ptr[b + 1]):
        a = out_idx[i]
        factor = left[a]
        for j in range(in_ptr[a], in_ptr[a + 1]):
            v = in_idx[j]
            touched[n] = v
            n += np.uint32(count[v] == 0)
            count[v] += np.uint32(1)
            along[v] += factor
    return n
