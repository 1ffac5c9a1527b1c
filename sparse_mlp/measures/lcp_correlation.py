"""Local-community paradigm: do links with more common neighbours have more links among these?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.measures.graph import Wiring, two_sides
from sparse_mlp.structure import SparseStructure

Integers = NDArray[np.int64]

ROW_CHUNK = 256  # rows of the table of shared partners in memory at a time


def lcp_correlation(structures: Wiring) -> float:
    """Return the correlation, over the links, of common neighbours and links among them.

    The structures are as in `measures.graph.layers_of`; a network counts as one bipartite graph, see
    `measures.graph.two_sides`. The result is Pearson's r over the links with a common neighbour; 0 where it is not
    defined, because fewer than two links have one or all have the same numbers.

    Notes
    -----
    CN and LCL are those of `local_communities`, in the bipartite form of [Daminelli2015].

    Differences from the original: the code of [Muscoloni2018] counts neighbours that both ends share, as in a graph of
    one kind of nodes. A wiring has no triangles, so that is 0 for each link and each wiring.

    Examples
    --------
    >>> all_but_one = SparseStructure.from_keys(range(8), (3, 3))
    >>> local_communities(all_but_one)
    (array([4, 4, 3, 4, 4, 3, 3, 3]), array([3, 3, 2, 3, 3, 2, 2, 2]))
    >>> round(lcp_correlation(all_but_one), 9)
    1.0
    """
    neighbours, links = local_communities(two_sides(structures))
    some = neighbours > 0
    cn, lcl = neighbours[some], links[some]
    if len(cn) < 2 or cn.min() == cn.max() or lcl.min() == lcl.max():
        return 0.0
    return float(np.corrcoef(cn, lcl)[0, 1])


def local_communities(structure: SparseStructure) -> tuple[Integers, Integers]:
    """Count for each link its common neighbours CN and the links among them LCL, int64 (nnz,) in link order.

    Notes
    -----
    For a link (u, v), LCL is the number of links (a, b) with a ≠ u a neighbour of v and b ≠ v one of u: each closes a
    square u-v-a-b. CN is the number of distinct a plus that of distinct b. Of the b that a shares with u one is v, so

    .. math:: LCL_{uv} = \\sum_{a \\in N(v), a \\ne u} ((X X^T)_{ua} - 1) = (X X^T X)_{uv} - d_u - d_v + 1.

    Cost O(nnz (n_in + n_out)), memory O(n_in + n_out).

    Examples
    --------
    >>> neighbours, links = local_communities(SparseStructure.complete((2, 2)))
    >>> neighbours, links  # of each link of a square: the two others, and the link between them
    (array([2, 2, 2, 2]), array([1, 1, 1, 1]))
    """
    x = structure.to_scipy().astype(np.int64)
    links, inputs = _across(x)
    _, by_output = _across(x.T.tocsr())
    outputs = np.empty_like(inputs)
    outputs[structure.by_output.order] = by_output
    return inputs + outputs, links


def _across(x: Any) -> tuple[Integers, Integers]:
    """Return for each link LCL, and how many inputs a have a part in it."""
    links, inputs = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for start in range(0, x.shape[0], ROW_CHUNK):
        rows = x[start : start + ROW_CHUNK]
        others = np.maximum((rows @ x.T).toarray() - 1, 0)  # b other than v that u and a share
        u = np.arange(rows.shape[0])
        others[u, start + u] = 0
        at = np.repeat(u, np.diff(rows.indptr)), rows.indices
        links.append((others @ x)[at])
        inputs.append(((others > 0).astype(np.int64) @ x)[at])
    return np.concatenate(links), np.concatenate(inputs)
