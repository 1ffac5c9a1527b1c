"""Clustering of a wiring: how many of its paths of three links are closed to a square."""

from __future__ import annotations

import numpy as np

from sparse_mlp.measures.graph import Wiring, two_sides

ROW_CHUNK = 256  # rows of the table of shared partners in memory at a time


def clustering(structures: Wiring) -> float:
    """Return the bipartite clustering coefficient in [0, 1]; 0 where there is no path of three links.

    The structures are as in `measures.graph.layers_of`; a network counts as one bipartite graph, see
    `measures.graph.two_sides`. A complete layer has 1.

    Notes
    -----
    .. math:: C = \\frac{4 C_4}{L_3}, \\qquad
              4 C_4 = \\sum_{u \\ne u'} c_{uu'} (c_{uu'} - 1), \\quad c = X X^T, \\qquad
              L_3 = \\sum_{(u, v)} (d_u - 1) (d_v - 1)

    with the squares C_4 and the paths of three links L_3 [Robins2004]; a square holds four of these. The usual
    coefficient counts triangles. A wiring has none, as each link joins two kinds of neurons (in a network, an even
    column and an odd one), so that one is 0 whatever the wiring. Cost O(sum of d_v^2), memory O(n_in + n_out).

    Examples
    --------
    >>> from sparse_mlp.structure import SparseStructure
    >>> clustering(SparseStructure.from_coo([0, 0, 1, 1, 1], [0, 1, 0, 1, 2], (2, 3)))  # one square, 6 paths
    0.6666666666666666
    """
    structure = two_sides(structures)
    d_in, d_out = structure.degrees_in(), structure.degrees_out()
    paths = int(((d_in - 1)[structure.rows()] * (d_out - 1)[structure.indices]).sum())
    if paths == 0:
        return 0.0
    x = structure.to_scipy().astype(np.int64)
    closed = -int((d_in * (d_in - 1)).sum())  # the products below hold u' = u too
    for start in range(0, structure.n_in, ROW_CHUNK):
        shared = (x[start : start + ROW_CHUNK] @ x.T).data
        closed += int((shared * (shared - 1)).sum())
    return closed / paths
