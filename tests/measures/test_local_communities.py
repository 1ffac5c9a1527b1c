"""Squares of a wiring: links among common neighbours, their correlation, and clustering."""

from __future__ import annotations

import importlib

import networkx as nx
import numpy as np
import pytest
from graphs import to_networkx, worked_layer
from hypothesis import given
from hypothesis import strategies as st
from wirings import random_chain, wiring, worked_chain

from sparse_mlp.measures import clustering, lcp_correlation, network_graph
from sparse_mlp.measures.graph import two_sides
from sparse_mlp.measures.lcp_correlation import local_communities
from sparse_mlp.structure import SparseStructure

SIZES = {"sizes": st.lists(st.integers(1, 8), min_size=2, max_size=4), "density": st.floats(0.1, 1)}


def counted(structure):
    """CN and LCL of each link, pair by pair."""
    x = structure.to_scipy().toarray()
    neighbours, links = [], []
    for u, v in zip(structure.rows(), structure.indices, strict=True):
        among = [(a, b) for a in range(len(x)) for b in range(x.shape[1])
                 if x[a, b] and x[u, b] and x[a, v] and a != u and b != v]  # fmt: skip
        links.append(len(among))
        neighbours.append(len({a for a, _ in among}) + len({b for _, b in among}))
    return neighbours, links


def test_a_square_by_hand():
    neighbours, links = local_communities(SparseStructure.complete((2, 2)))
    assert (neighbours.tolist(), links.tolist()) == ([2] * 4, [1] * 4)
    assert lcp_correlation(SparseStructure.complete((2, 2))) == 0.0  # all alike: not defined


def test_no_square_in_the_worked_layer():
    neighbours, links = local_communities(worked_layer())
    assert not neighbours.any() and not links.any()
    assert (lcp_correlation(worked_layer()), clustering(worked_layer())) == (0.0, 0.0)


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (2, 3), (5, 4)])
def test_complete_layers(shape):
    complete = SparseStructure.complete(shape)
    neighbours, links = local_communities(complete)
    n, m = shape[0] - 1, shape[1] - 1
    assert set(links.tolist()) == {n * m} and set(neighbours.tolist()) == {n + m if n * m else 0}
    assert clustering(complete) == (1.0 if n * m else 0.0)


def test_links_without_a_common_neighbour_do_not_count():
    squares = np.zeros((6, 6), int)
    squares[:2, :2] = squares[2:4, 2:5] = 1  # (CN, LCL) = (2, 1) and (3, 2)
    assert lcp_correlation(wiring(squares)) == pytest.approx(1.0)
    squares[5, 5] = 1
    assert lcp_correlation(wiring(squares)) == pytest.approx(1.0)


def test_a_square_across_two_layers():
    # input 0 to both hidden neurons, both to output 0
    chain = [wiring([[1, 1]]), wiring([[1], [1]])]
    assert clustering(chain) == 1.0 and clustering(chain[0]) == 0.0
    assert clustering(worked_chain()) == 0.0


@given(**SIZES, seed=st.integers(0, 1000))
def test_equals_counting(sizes, density, seed):
    folded = two_sides(random_chain(sizes, density, seed))
    neighbours, links = local_communities(folded)
    assert (neighbours.tolist(), links.tolist()) == counted(folded)
    paths = ((folded.degrees_in() - 1)[folded.rows()] * (folded.degrees_out() - 1)[folded.indices]).sum()
    assert clustering(folded) == (links.sum() / paths if paths else 0.0)  # each link, the paths around it


@given(**SIZES, seed=st.integers(0, 1000))
def test_clustering_is_that_of_networkx(sizes, density, seed):
    chain = random_chain(sizes, density, seed)
    graph = to_networkx(network_graph(chain))
    expected = nx.bipartite.robins_alexander_clustering(graph)
    assert clustering(chain) == pytest.approx(expected, abs=1e-12)
    assert nx.transitivity(graph) == 0


def test_blocks_of_rows_change_nothing(monkeypatch):
    layer = random_chain([30, 25], 0.3, 0)[0]
    cn, lcl = local_communities(layer)
    closed = clustering(layer)
    for module in ("lcp_correlation", "clustering"):
        monkeypatch.setattr(importlib.import_module(f"sparse_mlp.measures.{module}"), "ROW_CHUNK", 7)
    again = local_communities(layer)
    assert (again[0].tolist(), again[1].tolist()) == (cn.tolist(), lcl.tolist())
    assert clustering(layer) == closed
    some = cn > 0
    assert lcp_correlation(layer) == pytest.approx(np.corrcoef(cn[some], lcl[some])[0, 1])


def test_without_links():
    empty = wiring(np.zeros((2, 3)))
    assert (lcp_correlation(empty), clustering(empty)) == (0.0, 0.0)
    assert [a.tolist() for a in local_communities(empty)] == [[], []]
