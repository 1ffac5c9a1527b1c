"""Scores of absent links, fast: the twins of `reference.link_scores`.

No path is stored and no local community built. All links of an intermediate node to the neighbours of the other end
are internal, so how many a node a has depends on u and a alone, and how many b has on v and b alone (see Notes of
`score_matrix`). Each row u is scored by itself: rows run in parallel, cut by work, and a score is summed in an order
that does not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels import dense_link_scores
from sparse_mlp.kernels._jit import jit, parallel_jit, prange
from sparse_mlp.kernels.link_factors import NODE_FACTORS, PATH_FACTORS
from sparse_mlp.kernels.selection import capacity, compact, offer_arrivals, offer_scores

Array = NDArray[Any]
Best = tuple[Array, Array, Array]

# Density from which on dense products beat walks, measured on layers of 784 x 1000 to 2000 x 2000.
NODES_DENSE_FROM = 0.05
PATHS_DENSE_FROM = 0.3
_ANY_SCORE = 0.0, 0.0


def score_matrix(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str) -> Array:
    """Score each absent link; see `reference.link_scores.score_matrix`.

    Notes
    -----
    With :math:`f(i, d)` the factor of a node, :math:`UU = X X^T` and :math:`VV = X^T X`:
    :math:`S_{uv} = \\sum_{b \\in N(u)} f(VV_{vb}, d_b) \\sum_{a \\in N(b) \\setminus u} f(UU_{ua}, d_a) X_{av}`, exact
    for absent links. The inner walk over a counts :math:`VV_{vb}` on its way. Costs O(paths of length three) time and,
    beyond the matrix that is asked for, O(links + threads * (n_in + n_out)) memory.
    """
    layer = _Layer(indptr, indices, out_indptr, out_indices)
    if layer.is_hardly_sparse(method):
        return dense_link_scores.score_matrix(indptr, indices, out_indptr, out_indices, method)
    scores = np.zeros(layer.shape)
    _fill(scores, layer.cut(0, layer.shape[0]), *layer.links, *layer.tables(method), method in NODE_FACTORS)
    return scores


def top_scores(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int
) -> tuple[Array, Array]:
    """Find the k best absent links; see `reference.link_scores.top_scores`.

    Each thread keeps the best of its rows in a buffer of 2 k entries and lets nothing below its k-th best in.
    """
    layer = _Layer(indptr, indices, out_indptr, out_indices)
    keys, _, positions = _best(layer, method, k, 0, np.empty((0, 0)), _ANY_SCORE, arrivals=False)
    return keys, positions


def top_scores_at_random(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int,
    first: int, uniforms: Array, bound: tuple[float, float],
) -> Best:  # fmt: skip
    """Find the best absent links of some rows, ties by a draw; see `reference.link_scores.top_scores_at_random`."""
    layer = _Layer(indptr, indices, out_indptr, out_indices)
    return _best(layer, method, k, first, uniforms, bound, arrivals=False)


def first_arrivals(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int,
    first: int, uniforms: Array, bound: tuple[float, float],
) -> Best:  # fmt: skip
    """Draw absent links of some rows in proportion to their scores; see `reference.link_scores.first_arrivals`.

    A logarithm is taken only where the uniform, which never exceeds its arrival, is below the k-th arrival so far.
    """
    layer = _Layer(indptr, indices, out_indptr, out_indices)
    return _best(layer, method, k, first, uniforms, bound, arrivals=True)


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
    last = first + len(uniforms) if len(uniforms) else len(scores)
    cut = _even_cut(np.ones(last - first), first)
    empty = np.zeros(1, np.uint64), np.zeros(0, np.uint32)
    unused = np.zeros(1), np.zeros(1)
    return _collected(k, cut, scores, (*empty, *empty), unused, False, first, uniforms, bound, arrivals)


def count_walks(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array) -> int:
    """Count the walks u – b – a – v of a layer, which is what scoring it costs; O(links)."""
    layer = _Layer(indptr, indices, out_indptr, out_indices)
    return int(layer.work().sum())


class _Layer:
    """The wiring both ways, and what follows from it.

    Indices are unsigned: Numba adds a test for negative numbers to every signed one.
    """

    def __init__(self, indptr: Array, indices: Array, out_indptr: Array, out_indices: Array) -> None:
        self.shape = len(indptr) - 1, len(out_indptr) - 1
        self.degrees = np.diff(indptr), np.diff(out_indptr)
        self.links = (
            indptr.astype(np.uint64), indices.astype(np.uint32),
            out_indptr.astype(np.uint64), out_indices.astype(np.uint32),
        )  # fmt: skip

    def is_hardly_sparse(self, method: str) -> bool:
        """Tell whether dense products take less time than walks, and matrices little more memory than links."""
        density = len(self.links[1]) / (self.shape[0] * self.shape[1])
        return density >= (NODES_DENSE_FROM if method in NODE_FACTORS else PATHS_DENSE_FROM)

    def tables(self, method: str) -> tuple[Array, Array]:
        """Return f(i, d) of each node for i = 0 .. d - 1, of inputs and outputs; they begin where the node's links do.

        A node with all links internal has i = d; it can only score present links, and reads another node's entry.
        """
        factor, tables = (PATH_FACTORS | NODE_FACTORS)[method], []
        for degrees in self.degrees:
            begins = np.cumsum(degrees) - degrees
            internal = np.arange(degrees.sum()) - np.repeat(begins, degrees)
            tables.append(np.append(factor(internal, np.repeat(degrees, degrees)), 0.0))
        return tables[0], tables[1]

    def work(self) -> Array:
        """Count the walks of length three from each input, float64 (n_in,)."""
        indptr, indices, out_indptr, out_indices = self.links
        return _sums(indptr, _sums(out_indptr, self.degrees[0][out_indices])[indices])

    def cut(self, first: int, last: int) -> Array:
        """Cut rows into one range of equal work for each thread, int64 (threads + 1,)."""
        return _even_cut(self.work()[first:last] + self.shape[1], first)


def _even_cut(work: Array, first: int) -> Array:
    done, threads = np.cumsum(work), numba.get_num_threads()
    wanted = np.arange(1, threads) * (done[-1] / threads)
    return np.concatenate(([0], np.searchsorted(done, wanted), [len(work)])).astype(np.int64) + first


def _sums(indptr: Array, values: Array) -> Array:
    """Add up the values of each node's links."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    return np.diff(total[indptr.astype(np.int64)])


def _best(
    layer: _Layer, method: str, k: int, first: int, uniforms: Array, bound: tuple[float, float], *, arrivals: bool
) -> Best:
    if layer.is_hardly_sparse(method):
        indptr, indices, out_indptr, out_indices = (a.astype(np.int64) for a in layer.links)
        scores = dense_link_scores.score_matrix(indptr, indices, out_indptr, out_indices, method)
        return best_of_matrix(scores, k, first, uniforms, bound, arrivals=arrivals)
    cut = layer.cut(first, first + len(uniforms) if len(uniforms) else layer.shape[0])
    given = np.empty((0, layer.shape[1]))
    tables, of_nodes = layer.tables(method), method in NODE_FACTORS
    return _collected(k, cut, given, layer.links, tables, of_nodes, first, uniforms, bound, arrivals)


def _collected(
    k: int, cut: Array, given: Array, links: Any, tables: Any, of_nodes: bool,
    first: int, uniforms: Array, bound: tuple[float, float], arrivals: bool,
) -> Best:  # fmt: skip
    tasks, room = len(cut) - 1, capacity(k)
    keys, ties = np.empty((tasks, room)), np.empty((tasks, room))
    positions, found = np.empty((tasks, room), np.int64), np.zeros(tasks, np.int64)
    if k > 0:
        choice: Any = of_nodes, k, first, uniforms, *bound, arrivals
        _collect(keys, ties, positions, found, cut, given, *links, *tables, *choice)
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
    of_nodes: bool, k: int, first: int, uniforms: Array, bound_key: float, bound_tie: float, arrivals: bool,
) -> None:  # fmt: skip
    """Fill the buffer of each task from its rows, which are given, or else scored."""
    n_out = given.shape[1]
    for task in prange(len(cut) - 1):
        scratch = _scratch(len(in_ptr) - 1, n_out)
        row, bound = np.zeros(n_out), np.array([bound_key, bound_tie])
        no_draw = np.empty(0)
        n = 0
        for u in range(cut[task], cut[task + 1]):
            if len(given):
                row[:] = given[u]
            else:
                row[:] = 0.0
                _row(u, in_ptr, in_idx, out_ptr, out_idx, in_table, out_table, of_nodes, scratch, row)
            best = keys[task], ties[task], positions[task]
            draws = uniforms[u - first] if len(uniforms) else no_draw
            if arrivals:
                n = offer_arrivals(row, draws, u * n_out, k, n, bound, *best)
            else:
                n = offer_scores(row, draws, u * n_out, k, n, bound, *best)
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
