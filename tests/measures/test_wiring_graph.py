"""A wiring as one graph, as two sides, and what is no graph."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from graphs import WORKED, adjacency, worked_layer
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array
from wirings import random_chain, worked_chain

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import network_graph
from sparse_mlp.measures.graph import bipartition, checked_graph, links_of, two_sides


def test_one_layer_by_hand():
    graph = network_graph(worked_layer())
    assert graph.shape == (7, 7) and graph.dtype == bool and graph.format == "csr"
    np.testing.assert_array_equal(graph.toarray()[:3, 3:], WORKED)
    np.testing.assert_array_equal(graph.toarray()[3:, :3], np.transpose(WORKED))
    assert not graph.toarray()[:3, :3].any() and not graph.toarray()[3:, 3:].any()


def test_columns_follow_each_other():
    # 2-3-2-1: neurons 0 1 | 2 3 4 | 5 6 | 7
    i, j = links_of(network_graph(worked_chain()))
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == [(0, 2), (0, 3), (1, 4), (2, 5), (4, 6), (5, 7)]


def test_two_sides_by_hand():
    # even: 0 1 | 5 6, odd: 2 3 4 | 7
    folded = two_sides(worked_chain()).to_scipy().toarray().astype(int)
    assert folded.tolist() == [[1, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1], [0, 0, 1, 0]]
    assert two_sides(worked_layer()) == worked_layer()


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.floats(0.05, 1), st.integers(0, 1000))
def test_the_graph_has_all_links_twice_and_the_fold_has_them_once(sizes, density, seed):
    chain = random_chain(sizes, density, seed)
    graph = network_graph(chain)
    assert graph.nnz == 2 * sum(s.nnz for s in chain) and graph.shape == (sum(sizes), sum(sizes))
    assert checked_graph(graph).nnz == graph.nnz and graph.has_canonical_format
    folded = two_sides(chain)
    assert folded.nnz == graph.nnz // 2 and folded.shape == (sum(sizes[::2]), sum(sizes[1::2]))
    degrees = np.diff(graph.indptr)
    column = np.repeat(np.arange(len(sizes)) % 2, sizes)
    np.testing.assert_array_equal(folded.degrees_in(), degrees[column == 0])
    np.testing.assert_array_equal(folded.degrees_out(), degrees[column == 1])


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.floats(0.05, 1), st.integers(0, 1000))
def test_every_link_joins_the_two_sides(sizes, density, seed):
    graph = network_graph(random_chain(sizes, density, seed))
    side, (i, j) = bipartition(graph), links_of(graph)
    assert np.all(side[i] != side[j])


@given(st.integers(1, 9), st.floats(0.1, 0.6), st.integers(0, 1000))
def test_two_sides_are_there_exactly_where_networkx_finds_them(n, density, seed):
    graph = nx.gnp_random_graph(n, density, seed=seed)
    assert (bipartition(adjacency(graph)) is not None) == nx.is_bipartite(graph)


def test_any_sparse_matrix_is_cleaned():
    messy = coo_array(([1.0, 2.0, 1.0, 0.0, 0.0], ([0, 1, 0, 0, 2], [1, 0, 1, 2, 0])), shape=(3, 3))
    graph = checked_graph(messy)
    assert graph.dtype == bool and graph.nnz == 2 and graph.toarray()[0, 1] and graph.toarray()[1, 0]
    assert messy.nnz == 5


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.zeros((2, 2)), "type ndarray; expected a SciPy sparse matrix"),
        (csr_array((2, 3)), r"shape \(2, 3\); expected a square"),
        (csr_array([[0, 1], [0, 0]]), "not symmetric"),
        (csr_array([[1, 0], [0, 0]]), "link to itself"),
    ],
)
def test_what_is_no_graph(matrix, message):
    with pytest.raises(InvalidInputError, match=message):
        checked_graph(matrix)


def test_what_is_no_network():
    with pytest.raises(InvalidInputError, match="no layer"):
        network_graph([])
    with pytest.raises(InvalidInputError, match="expected a chain"):
        network_graph([worked_layer(), worked_layer()])
