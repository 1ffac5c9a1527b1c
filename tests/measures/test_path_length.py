"""Mean geodesic distance and largest component: graphs with known values, and networkx."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from graphs import adjacency, to_networkx, worked_layer
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from wirings import random_chain

from sparse_mlp.measures import Repeated, characteristic_path_length, giant_component, network_graph, paths


def test_worked_layer():
    graph = network_graph(worked_layer())
    assert (characteristic_path_length(graph), giant_component(graph)) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("graph", "length", "giant"),
    [
        (nx.complete_bipartite_graph(3, 5), (15 * 1 + (3 + 10) * 2) / 28, 1.0),
        (nx.cycle_graph(6), (1 + 1 + 2 + 2 + 3) / 5, 1.0),
        (nx.path_graph(5), (5 + 1) / 3, 1.0),
        (nx.star_graph(4), (4 * 1 + 6 * 2) / 10, 1.0),
        (nx.disjoint_union(nx.path_graph(3), nx.path_graph(2)), (1 + 1 + 2 + 1) / 4, 3 / 5),
        (nx.disjoint_union(nx.path_graph(2), nx.empty_graph(2)), 1.0, 2 / 4),
    ],
)
def test_known_graphs(graph, length, giant):
    assert characteristic_path_length(adjacency(graph)) == pytest.approx(length, rel=1e-15)
    assert giant_component(adjacency(graph)) == giant


def test_a_graph_without_links():
    graph = csr_array((3, 3))
    assert math.isnan(characteristic_path_length(graph))
    assert giant_component(graph) == 1 / 3


@given(st.lists(st.integers(1, 8), min_size=2, max_size=4), st.floats(0.05, 0.6), st.integers(0, 1000))
def test_equals_networkx(sizes, density, seed):
    graph = network_graph(random_chain(sizes, density, seed))
    oracle = to_networkx(graph)
    distances = [d for _, row in nx.all_pairs_shortest_path_length(oracle) for d in row.values() if d > 0]
    if distances:
        assert characteristic_path_length(graph) == pytest.approx(sum(distances) / len(distances), rel=1e-15)
    assert giant_component(graph) == max(map(len, nx.connected_components(oracle))) / len(oracle)


def test_blocks_of_sources_do_not_change_the_mean(monkeypatch):
    graph = network_graph(random_chain([30, 40, 20], 0.1, 0))
    whole = characteristic_path_length(graph)
    monkeypatch.setattr(paths, "SOURCE_CHUNK", 7)
    assert characteristic_path_length(graph) == whole


def test_repeated():
    repeated = Repeated(np.array([1.0, 2.0, 6.0]))
    assert (repeated.mean, repeated.std) == (3.0, pytest.approx(7**0.5))
    assert str(repeated) == "3.0000 ± 2.6458"
    assert Repeated(np.array([2.0])).std == 0.0
    with pytest.raises(AttributeError):
        repeated.values = np.zeros(1)
