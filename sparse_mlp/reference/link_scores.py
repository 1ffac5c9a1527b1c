"""Reference implementation of link scores, as plain loops: paths of length three and their local communities.

A layer is a bipartite graph. A path of length three from input u to output v is u – b – a – v, with b an output linked
to u and a an input linked to v. Absent links are scored by the wiring alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Best = tuple[Array, Array, Array]
Blocks = Iterable[tuple[int, Array]]
Node = tuple[str, int]  # ("in", u) or ("out", v)


class Community(NamedTuple):
    """The local community of an absent link (u, v); of the links of each node in it one is left, to u or v."""

    paths: list[tuple[int, int]]  # (a, b) of each path u – b – a – v, by b, then by a
    internal: dict[Node, int]  # of each input ("in", a) and output ("out", b) on a path: links to other nodes on paths
    external: dict[Node, int]  # and links to nodes that are neither on a path nor u or v


def local_community(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, u: int, v: int) -> Community:
    """Find the paths of length three between input u and output v, which are not linked, and the neurons on them.

    `indptr`, `indices` are the wiring by input, integer (n_in + 1,), (nnz,); `out_indptr`, `out_indices` by output.
    """
    return _community(_neighbours(indptr, indices, out_indptr, out_indices), ("in", u), ("out", v))


def _neighbours(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array) -> dict[Node, list[Node]]:
    neighbours = {("in", a): [("out", int(b)) for b in _of(indptr, indices, a)] for a in range(len(indptr) - 1)}
    for b in range(len(out_indptr) - 1):
        neighbours["out", b] = [("in", int(a)) for a in _of(out_indptr, out_indices, b)]
    return neighbours


def _community(neighbours: dict[Node, list[Node]], start: Node, goal: Node) -> Community:
    paths = [
        (a[1], b[1]) for b in neighbours[start] for a in neighbours[b] if a != start and goal in neighbours[a]
    ]  # fmt: skip
    members = {("in", a) for a, _ in paths} | {("out", b) for _, b in paths}
    internal = {node: sum(other in members for other in neighbours[node]) for node in members}
    outside = {node: [z for z in neighbours[node] if z not in members and z not in (start, goal)] for node in members}
    return Community(paths, internal, {node: len(others) for node, others in outside.items()})


def score_matrix(indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str) -> Array:
    """Score each absent link by a method of `PATH_TERMS` or `NODE_TERMS`.

    Returns
    -------
    float64 (n_in, n_out)
        0 for links that are present, and where there is no path.

    Notes
    -----
    With :math:`i_z` internal and :math:`e_z` external links of a node and degree :math:`d_z = i_z + e_z + 1`
    ([Zhang2024], [Zhang2025]): path-based methods sum a product of two factors over the paths, one for a and one for b,

    ===========  ==================================================
    path-count   1
    ra-l3        :math:`1 / \\sqrt{d}`
    ch1-l3p      :math:`\\sqrt{i} / \\sqrt{d}`
    ch2-l3p      :math:`\\sqrt{1 + i} / \\sqrt{1 + e}`
    ch3-l3p      :math:`1 / \\sqrt{1 + e}`
    ch3.1-l3p    :math:`1 / \\sqrt{1 / (1 + i) + e}`
    ilcl-l3      :math:`\\sqrt{i} / \\sqrt{1 + i}`
    ===========  ==================================================

    node-based ones a term over the nodes on paths: ch2-l3n :math:`(1 + i) / (1 + e)`, ch3-l3n :math:`1 / (1 + e)`.
    """
    n_in, n_out = len(indptr) - 1, len(out_indptr) - 1
    scores = np.zeros((n_in, n_out))
    neighbours = _neighbours(indptr, indices, out_indptr, out_indices)
    for u in range(n_in):
        present = {int(v) for v in _of(indptr, indices, u)}
        for v in range(n_out):
            if v not in present:
                scores[u, v] = _score(_community(neighbours, ("in", u), ("out", v)), method)
    return scores


def rounded(score: float) -> float:
    """Round a positive score to 12 significant digits, so that sums which differ by rounding alone are a tie."""
    return float(f"{score:.11e}")


def top_scores(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int
) -> tuple[Array, Array]:
    """Find the absent links with the best positive scores, at most k.

    Returns
    -------
    keys : float64 (at most k,)
        Rounded scores, best first; ties by position.
    positions : int64
        u * n_out + v.
    """
    scores = score_matrix(indptr, indices, out_indptr, out_indices, method).ravel()
    candidates = [(rounded(float(scores[p])), float(p), int(p)) for p in np.flatnonzero(scores)]
    keys, _, positions = _best(candidates, k)
    return keys, positions


def top_scores_at_random(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int, blocks: Blocks
) -> Best:
    """Find the k absent links with the best positive scores, ties by a draw.

    Parameters
    ----------
    blocks : iterable of (int, float64 (rows, n_out))
        Ascending first rows of blocks, and a draw from [0, 1) for each of their positions; of equal scores the one
        with the lower draw wins. Rows without a draw are left out.

    Returns
    -------
    keys, draws : float64 (at most k,)
        Best first.
    positions : int64
    """
    scores = score_matrix(indptr, indices, out_indptr, out_indices, method)
    return _best([(rounded(score), draw, position) for score, draw, position in _drawn(scores, blocks)], k)


def sample_links(
    indptr: Array, indices: Array, out_indptr: Array, out_indices: Array, method: str, k: int, blocks: Blocks
) -> Best:
    """Draw k absent links without replacement, each time in proportion to the scores; see `top_scores_at_random`.

    Returns
    -------
    keys : float64 (at most k,)
        Arrivals with a minus, first arrival first.
    ties : float64
        The positions as floats.
    positions : int64

    Notes
    -----
    A link with score s arrives after the time :math:`-\\log(1 - u) / s`; the first k to arrive are a draw without
    replacement. The Gumbel key :math:`\\log s - \\log(-\\log(1 - u))` is its logarithm with a minus: the same order.
    """
    scores = score_matrix(indptr, indices, out_indptr, out_indices, method)
    arrivals = [(math.log1p(-u) / score, float(position), position) for score, u, position in _drawn(scores, blocks)]
    return _best(arrivals, k)


def best_of_columns(scores: Array, counts: Array, draws: Array, *, sampling: bool) -> Array:
    """Choose in each column of a score matrix as `top_scores`, `top_scores_at_random` or `sample_links` do in all.

    Parameters
    ----------
    scores : float64 (n_in, n_out)
        0 where nothing may be chosen.
    counts : int64 (n_out,)
        How many of each column, at most.
    draws : float64 (n_in, n_out) or (0, 0)
        A draw from [0, 1) for each position; without draws the first of equal scores win.
    sampling : bool
        Whether links are drawn in proportion to their scores; this takes draws.

    Returns
    -------
    int64 (at most counts.sum(),)
        Ascending row-major positions; scores of 0 are never chosen.
    """
    chosen: list[int] = []
    n_out = scores.shape[1]
    for v in range(n_out):
        candidates = []
        for u in np.flatnonzero(scores[:, v]).tolist():
            score, draw = float(scores[u, v]), float(draws[u, v] if draws.size else u)
            candidates.append((math.log1p(-draw) / score, float(u), u) if sampling else (rounded(score), draw, u))
        chosen += (_best(candidates, int(counts[v]))[2] * n_out + v).tolist()
    return np.array(sorted(chosen), np.int64)


def _drawn(scores: Array, blocks: Blocks) -> list[tuple[float, float, int]]:
    """List score, draw and position of all links with a positive score and a draw."""
    drawn = []
    for first, uniforms in blocks:
        for u, v in zip(*np.nonzero(scores[first : first + len(uniforms)]), strict=True):
            position = (first + int(u)) * scores.shape[1] + int(v)
            drawn.append((float(scores[first + u, v]), float(uniforms[u, v]), position))
    return drawn


def _of(indptr: Array, indices: Array, node: int) -> Array:
    return indices[indptr[node] : indptr[node + 1]]


def _score(community: Community, method: str) -> float:
    paths, internal, external = community
    if method in NODE_TERMS:
        return sum(NODE_TERMS[method](internal[z], external[z]) for z in sorted(internal))
    term = PATH_TERMS[method]
    factor = {z: term(internal[z], external[z]) for z in internal}
    return sum(factor["in", a] * factor["out", b] for a, b in paths)


PATH_TERMS = {
    "path-count": lambda i, e: 1.0,
    "ra-l3": lambda i, e: 1 / math.sqrt(i + e + 1),
    "ch1-l3p": lambda i, e: math.sqrt(i) / math.sqrt(i + e + 1),
    "ch2-l3p": lambda i, e: math.sqrt(1 + i) / math.sqrt(1 + e),
    "ch3-l3p": lambda i, e: 1 / math.sqrt(1 + e),
    "ch3.1-l3p": lambda i, e: 1 / math.sqrt(1 / (1 + i) + e),
    "ilcl-l3": lambda i, e: math.sqrt(i) / math.sqrt(1 + i),
}
NODE_TERMS = {
    "ch2-l3n": lambda i, e: (1 + i) / (1 + e),
    "ch3-l3n": lambda i, e: 1 / (1 + e),
}


def _best(candidates: list[tuple[float, float, int]], k: int) -> Best:
    best = sorted(candidates, key=lambda c: (-c[0], c[1]))[:k]
    keys, ties, positions = zip(*best, strict=True) if best else ((), (), ())
    return np.array(keys, float), np.array(ties, float), np.array(positions, np.int64)
