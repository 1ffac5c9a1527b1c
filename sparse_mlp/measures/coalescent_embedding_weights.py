"""Pre-weighting for coalescent embedding: how far apart the ends of each link should be placed.

Each function takes a graph as from `measures.graph.checked_graph` and returns a float64 csr_array (N, N), positive on
the links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def ra1(graph: csr_array) -> csr_array:
    """Return the first repulsion–attraction distance of each link.

    Notes
    -----
    w_ij = (d_i + d_j + d_i d_j) / (1 + CN_ij) [Muscoloni2017], with degrees d and CN_ij common neighbours. Hubs repel
    each other, common neighbours attract. A layered network is bipartite and has no common neighbours on a link, so
    there only the degrees count.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> ra1(csr_array(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]))).toarray()
    array([[0., 5., 0.],
           [5., 0., 5.],
           [0., 5., 0.]])
    """
    links, shared, here, there = _ends(graph)
    return _on_links(links, (here + there + here * there) / shared)


def ra2(graph: csr_array) -> csr_array:
    """Return the second repulsion–attraction distance of each link, which counts external links only.

    Notes
    -----
    w_ij = (1 + e_i + e_j + e_i e_j) / (1 + CN_ij) [Muscoloni2017], where e_i = d_i − CN_ij − 1 are the links of i that
    go neither to j nor to a common neighbour.
    """
    links, shared, here, there = _ends(graph)
    here, there = here - shared, there - shared
    return _on_links(links, (1 + here + there + here * there) / shared)


def edge_betweenness(graph: csr_array) -> csr_array:
    """Return how many shortest paths of the network go over each link: busy links are long.

    Notes
    -----
    Edge betweenness centrality [Muscoloni2017], by networkx: the sum over all pairs of neurons of the share of their
    shortest paths that use the link; at least 1. Cost O(N E).
    """
    import networkx as nx
    from scipy.sparse import csr_array

    network = nx.from_scipy_sparse_array(csr_array(graph, dtype=np.float64))
    between = nx.edge_betweenness_centrality(network, normalized=False)
    ends = np.array(list(between), np.int64).reshape(-1, 2)
    values = np.fromiter(between.values(), np.float64, len(between))
    rows, cols = np.concatenate([ends, ends[:, ::-1]]).T
    return csr_array((np.tile(values, 2), (rows, cols)), shape=graph.shape)


WEIGHTINGS = {"ra1": ra1, "ra2": ra2, "edge-betweenness": edge_betweenness}


def _ends(graph: csr_array) -> tuple[csr_array, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the links with 1 + their common neighbours, this number, and the degrees of both ends of each link."""
    from scipy.sparse import csr_array

    ones = csr_array((np.ones(graph.nnz), graph.indices, graph.indptr), shape=graph.shape)
    # The sum has an entry for each link, also where there is no common neighbour.
    shared = csr_array((ones @ ones).multiply(ones) + ones)
    degree = np.diff(graph.indptr).astype(np.float64)
    return shared, shared.data, np.repeat(degree, np.diff(shared.indptr)), degree[shared.indices]


def _on_links(links: csr_array, values: NDArray[np.float64]) -> csr_array:
    from scipy.sparse import csr_array

    return csr_array((values, links.indices, links.indptr), shape=links.shape)
