"""Scores of absent links, fast: the twins of `reference.link_scores`.

No path is stored and no local community built. All links of an intermediate node to the neighbours of the other end
are internal, so how many a node a has depends on u and a alone, and how many b has on v and b alone (see Notes of
`score_matrix`). Each row u is scored by itself: rows run in parallel, cut by work, and a score is summed in an order
that does not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit, parallel_jit, prange
from sparse_mlp.kernels.dense_link_scores import dense_scores
from sparse_mlp.kernels.link_factors import NODE_FACTORS
from sparse_mlp.kernels.link_layer import LinkLayer, even_cut
from sparse_mlp.kernels.selection import capacity, compact, offer_arrivals, offer_scores

Array = NDArray[Any]
Best = tuple[Array, Array, Array]

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
    layer, none = LinkLayer(indptr, indices, out_indptr, out_indices), np.empty((0, 0))
    keys, _, positions = _best(layer, method, k, 0, layer.shape[0], none, _ANY_SCORE, arrivals=False)
    return keys, positions


def top_scores_at_random(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int,
    first: int, uniforms: Array, bound: tuple[float, float],
) -> Best:  # fmt: skip
    """Find the best absent links of some rows, ties by a draw; see `reference.link_scores.top_scores_at_random`."""
    layer, last = LinkLayer(indptr, indices, out_indptr, out_indices), first + len(uniforms)
    return _best(layer, method, k, first, last, uniforms, bound, arrivals=False)


def first_arrivals(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int,
    first: int, uniforms: Array, bound: tuple[float, float],
) -> Best:  # fmt: skip
    """Draw absent links of some rows in proportion to their scores; see `reference.link_scores.first_arrivals`.

    A logarithm is taken only where the uniform, which never exceeds its arrival, is below the k-th arrival so far.
    """
    layer, last = LinkLayer(indptr, indices, out_indptr, out_indices), first + len(uniforms)
    return _best(layer, method, k, first, last, uniforms, bound, arrivals=True)


def best_of_matrix(
    scores: Array, k: int, first: int, uniforms: Array, bound: tuple[float, float], *, arrivals: bool
) -> Best:
    """Choose from scores that are there already: `first_arrivals`, else `top_scores_at_random`.

    Parameters
    ----------
    scores : float64 (n_in, n_out)
    k, first, uniforms, bound
        As in those functions; with uniforms of shape (0, 0) all rows are meant, and ties go by position.
    arrivals : bool
        Which of the two.
    """
    n_in, n_out = scores.shape
    last = first + len(uniforms) if len(uniforms) else n_in
    cut, everyone = even_cut(np.ones(last - first), first), (np.arange(n_in), np.arange(n_out), n_out)
    return _collected(_given(scores), cut, everyone, k, first, uniforms, bound, arrivals)


def count_walks(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array) -> int:
    """Count the walks u – b – a – v of a layer, which is what scoring it costs; O(links)."""
    return int(LinkLayer(indptr, indices, out_indptr, out_indices).work.sum())


def _walked(layer: LinkLayer, method: str) -> Array:
    scores = np.zeros(layer.shape)
    factors: Any = *layer.tables(method), method in NODE_FACTORS
    _fill(scores, layer.cut(0, layer.shape[0]), *layer.links, *factors)
    return scores


def _best(
    whole: LinkLayer, method: str, k: int, first: int, last: int, uniforms: Array, bound: tuple[float, float],
    *, arrivals: bool,
) -> Best:  # fmt: skip
    layer, rows, cols = whole.active
    begin, end = np.searchsorted(rows, [first, last])
    names = rows, cols, whole.shape[1]
    if layer.prefers_matrices(method):
        source, cut = _given(dense_scores(layer, method)), even_cut(np.ones(end - begin), begin)
    else:
        nothing = np.empty((0, layer.shape[1]))
        source = nothing, *layer.links, *layer.tables(method), method in NODE_FACTORS
        cut = layer.cut(begin, end)
    return _collected(source, cut, names, k, first, uniforms, bound, arrivals)


def _given(scores: Array) -> tuple[Any, ...]:
    """Return what `_collect` wants of a layer whose scores are there: no links and no factors."""
    none = np.zeros(1, np.uint64), np.zeros(0, np.uint32)
    return np.ascontiguousarray(scores), *none, *none, np.zeros(1), np.zeros(1), False


def _collected(
    source: Any, cut: Array, names: Any, k: int, first: int, uniforms: Array, bound: tuple[float, float],
    arrivals: bool,
) -> Best:  # fmt: skip
    tasks, room = len(cut) - 1, capacity(k)
    keys, ties = np.empty((tasks, room)), np.empty((tasks, room))
    positions, found = np.empty((tasks, room), np.int64), np.zeros(tasks, np.int64)
    if k > 0:
        choice: Any = k, first, uniforms, *bound, arrivals
        _collect(keys, ties, positions, found, cut, *source, *names, *choice)
    best: Any = [np.concatenate([a[t, : found[t]] for t in range(tasks)]) for a in (keys, ties, positions)]
    kept = compact(best[0], best[1], best[2], len(best[0]), k)
    order = np.lexsort((best[1][:kept], -best[0][:kept]))
    return best[0][order], best[1][order], best[2][order]


@parallel_jit
def _fill(
    scores: Array, cut: Array, in_ptr: Array, in_idx: Array, out_ptr: Array, out_idx: Array,
    in_table: Array, out_table: Array, of_nodes: bool,
) -> None:  # fmt: skip
    for task in prange(len(cut) - 1):
        scratch = _scratch(len(in_ptr) - 1, len(out_ptr) - 1)
        for u in range(cut[task], cut[task + 1]):
            _row(u, in_ptr, in_idx, out_ptr, out_idx, in_table, out_table, of_nodes, scratch, scores[u])


@parallel_jit
def _collect(
    keys: Array, ties: Array, positions: Array, found: Array, cut: Array,
    given: Array, in_ptr: Array, in_idx: Array, out_ptr: Array, out_idx: Array, in_table: Array, out_table: Array,
    of_nodes: bool, rows: Array, cols: Array, n_out: int,
    k: int, first: int, uniforms: Array, bound_key: float, bound_tie: float, arrivals: bool,
) -> None:  # fmt: skip
    """Fill the buffer of each task from its rows, which are given, or else scored; `rows` and `cols` name neurons."""
    for task in prange(len(cut) - 1):
        scratch = _scratch(len(in_ptr) - 1, given.shape[1])
        row, bound = np.zeros(given.shape[1]), np.array([bound_key, bound_tie])
        no_draw = np.empty(0)
        n = 0
        for u in range(cut[task], cut[task + 1]):
            if len(given):
                row[:] = given[u]
            else:
                row[:] = 0.0
                _row(u, in_ptr, in_idx, out_ptr, out_idx, in_table, out_table, of_nodes, scratch, row)
            best = keys[task], ties[task], positions[task]
            draws = uniforms[rows[u] - first] if len(uniforms) else no_draw
            if arrivals:
                n = offer_arrivals(row, cols, draws, rows[u] * n_out, k, n, bound, *best)
            else:
                n = offer_scores(row, cols, draws, rows[u] * n_out, k, n, bound, *best)
        found[task] = n


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
