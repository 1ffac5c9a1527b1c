"""Small graphs with known measures, as adjacencies and as wirings."""

from __future__ import annotations

import networkx as nx
from scipy.sparse import csr_array
from wirings import wiring

# Three inputs, four outputs, its only cycle has length 6.
WORKED = [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]]


def worked_layer():
    return wiring(WORKED)


def adjacency(graph):
    return csr_array(nx.to_scipy_sparse_array(graph, nodelist=range(len(graph)), dtype=bool))


def to_networkx(matrix):
    return nx.from_scipy_sparse_array(matrix.astype(int))
