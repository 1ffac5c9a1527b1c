"""How far apart neurons are: the mean geodesic distance, and the share of the largest component."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparse_mlp.measures.graph import checked_graph

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SOURCE_CHUNK = 256  # rows of the distance matrix in memory at a time


def characteristic_path_length(adjacency: csr_array) -> float:
    """Return the mean shortest-path length L between neurons that are connected; nan for a graph without links.

    The adjacency is as in `measures.graph.checked_graph`, such as from `network_graph`.

    Notes
    -----
    .. math:: L = \\frac{1}{|P|} \\sum_{(i,j) \\in P} d_{ij}, \\qquad P = \\{(i, j): 0 < d_{ij} < \\infty\\}

    Pairs without a path are left out, as in the measures of [Muscoloni2018] that [Cerretti2025] reports, so a graph in
    pieces can have a small L: look at `giant_component` as well. Cost O(N E), memory O(N).

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> path = csr_array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> characteristic_path_length(path)  # distances 1, 1 and 2, each both ways
    1.3333333333333333
    """
    from scipy.sparse.csgraph import dijkstra

    graph = checked_graph(adjacency)
    total, pairs = 0.0, 0  # whole numbers: their sum is exact in any order
    for start in range(0, graph.shape[0], SOURCE_CHUNK):
        sources = np.arange(start, min(start + SOURCE_CHUNK, graph.shape[0]))
        distances = dijkstra(graph, directed=True, indices=sources, unweighted=True)  # both directions are stored
        found = distances[np.isfinite(distances)]
        total, pairs = total + float(found.sum()), pairs + int(np.count_nonzero(found))
    return total / pairs if pairs else float("nan")


def giant_component(adjacency: csr_array) -> float:
    """Return the fraction of neurons in the largest connected component, in (0, 1].

    The adjacency is as in `measures.graph.checked_graph`, such as from `network_graph`.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> giant_component(csr_array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]))
    0.6666666666666666
    """
    from scipy.sparse.csgraph import connected_components

    graph = checked_graph(adjacency)
    _, label = connected_components(graph, directed=False)
    return int(np.bincount(label).max()) / graph.shape[0]
