"""Groups of neurons: known optima, the exhaustive maximum, networkx for the value of a partition."""

from __future__ import annotations

import importlib

import networkx as nx
import numpy as np
import pytest
from graphs import adjacency, to_networkx, worked_layer
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from threadpoolctl import threadpool_info, threadpool_limits
from wirings import random_chain

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import modularity, network_graph
from sparse_mlp.measures.modularity import _bisect, _fine_tune, _leading_vector, communities, partition_modularity


def partitions(n):
    """All ways to group n nodes, as labels."""
    labels = [[0]]
    for _ in range(n - 1):
        labels = [[*start, group] for start in labels for group in range(max(start) + 2)]
    return np.array(labels)


def exhaustive(graph):
    return max(partition_modularity(graph, labels) for labels in partitions(graph.shape[0]))


def two_cliques(size):
    return nx.barbell_graph(size, 0)


def test_worked_layer_by_bisection_and_by_trying_all_groups():
    graph = network_graph(worked_layer())
    assert exhaustive(graph) == pytest.approx(11 / 49, rel=1e-12)
    # The best two groups have 10/49; only from some of these does a second split lead to the best three.
    found = np.round(49 * modularity(graph, repeats=60, rng=0).values, 9)
    assert set(found) == {10.0, 11.0}


@pytest.mark.parametrize(
    ("graph", "q"),
    [
        (two_cliques(5), 40 / 42 - 1 / 2),
        (two_cliques(3), 12 / 14 - 1 / 2),
        (nx.disjoint_union_all([nx.complete_graph(4)] * 3), 2 / 3),
        (nx.disjoint_union(nx.complete_bipartite_graph(3, 3), nx.complete_bipartite_graph(3, 3)), 1 / 2),
        (nx.complete_bipartite_graph(3, 4), 0.0),
        (nx.complete_graph(6), 0.0),
        (nx.star_graph(5), 0.0),
        (nx.path_graph(4), 1 / 6),
        (nx.cycle_graph(6), 4 / 6 - 1 / 2),
    ],
)
def test_known_optima(graph, q):
    np.testing.assert_allclose(modularity(adjacency(graph), repeats=8, rng=0).values, q, rtol=0, atol=1e-12)


def test_large_groups_are_found_by_iteration():
    rng, size = np.random.default_rng(0), 60
    group = np.repeat(np.arange(4), size)
    chance = np.where(group[:, None] == group, 0.5, 0.01)
    upper = np.triu(rng.random(chance.shape) < chance, 1)
    graph, mixed = csr_array(upper | upper.T), rng.permutation(len(group))
    found = communities(graph[mixed][:, mixed], 0)
    assert found.max() == 3 and len({*zip(found.tolist(), group[mixed].tolist(), strict=True)}) == 4


def test_without_links_and_with_lone_neurons():
    assert modularity(csr_array((4, 4)), repeats=2, rng=0).values.tolist() == [0.0, 0.0]
    lone = nx.disjoint_union(two_cliques(4), nx.empty_graph(3))
    np.testing.assert_allclose(modularity(adjacency(lone), rng=0).values, 24 / 26 - 1 / 2, rtol=1e-12)


SMALL = (st.lists(st.integers(1, 9), min_size=2, max_size=4), st.floats(0.1, 0.9), st.integers(0, 1000))


@given(*SMALL)
def test_value_of_a_partition_is_that_of_networkx(sizes, density, seed):
    graph = network_graph(random_chain(sizes, density, seed))
    labels = np.random.default_rng(seed).integers(0, 3, sum(sizes))
    groups = [set(np.flatnonzero(labels == label).tolist()) for label in range(3)]
    assume(graph.nnz)
    expected = nx.community.modularity(to_networkx(graph), groups)
    assert partition_modularity(graph, labels) == pytest.approx(expected, abs=1e-12)


@given(st.integers(3, 8), st.floats(0.2, 0.9), st.integers(0, 1000))
def test_never_above_the_exhaustive_maximum_and_near_it(n, density, seed):
    graph = adjacency(nx.gnp_random_graph(n, density, seed=seed))
    best, found = exhaustive(graph), modularity(graph, repeats=3, rng=seed).values
    assert np.all(found <= best + 1e-12) and np.all(found >= best - 0.1)


def split_value(graph, degrees, ends, side):
    """2E s^T B s of a group, by the definition."""
    matrix = ends * graph.toarray().astype(int) - np.outer(degrees, degrees)
    matrix -= np.diag(matrix.sum(axis=1))
    return side @ matrix @ side


@given(*SMALL)
def test_fine_tuning_takes_the_best_free_node_each_time(sizes, density, seed):
    graph = network_graph(random_chain(sizes, density, seed)).astype(np.int64)
    rng = np.random.default_rng(seed)
    nodes = np.sort(rng.permutation(sum(sizes))[: max(2, sum(sizes) // 2)])
    degrees, group, ends = np.diff(graph.indptr).astype(np.int64)[nodes], graph[nodes][:, nodes], graph.nnz
    side = rng.choice([-1, 1], len(nodes))
    now, states, free = side.copy(), [side.copy()], set(range(len(nodes)))
    while free:
        trials = {}
        for node in sorted(free):
            now[node] *= -1
            trials[node] = split_value(group, degrees, ends, now)
            now[node] *= -1
        node = max(trials, key=trials.__getitem__)  # the first of equals
        now[node] *= -1
        free.remove(node)
        states.append(now.copy())
    values = [split_value(group, degrees, ends, state) for state in states]
    best = {tuple(state) for state, value in zip(states, values, strict=True) if value == max(values)}
    assert {tuple(_fine_tune(group, degrees, ends, side, rng)) for _ in range(5)} <= best


@pytest.mark.parametrize("size", [30, 90])
def test_leading_vector_of_a_group(size):
    graph = adjacency(nx.gnp_random_graph(120, 0.15, seed=1))
    nodes, ends = np.arange(size), graph.nnz
    degrees, group = np.diff(graph.indptr).astype(np.int64)[nodes], graph[nodes][:, nodes].astype(np.int64)
    matrix = group.toarray() - np.outer(degrees, degrees) / ends
    matrix -= np.diag(matrix.sum(axis=1))
    vector = _leading_vector(group, degrees, ends, np.random.default_rng(0))
    np.testing.assert_allclose(matrix @ vector, np.linalg.eigvalsh(matrix)[-1] * vector, atol=1e-9)
    assert np.linalg.norm(vector) == pytest.approx(1.0)


def test_decompositions_run_on_one_thread(monkeypatch):
    module, seen = importlib.import_module("sparse_mlp.measures.modularity"), []

    def bisect(group, *_):
        seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
        return np.ones(group.shape[0], np.int64)

    monkeypatch.setattr(module, "_bisect", bisect)
    with threadpool_limits(2, user_api="blas"):
        communities(network_graph(worked_layer()), 0)
    assert set(seen) == {1}


def test_a_clique_is_not_split():
    graph = adjacency(nx.complete_graph(5)).astype(np.int64)
    assert abs(_bisect(graph, np.full(5, 4), 20, np.random.default_rng(0)).sum()) == 5


def test_same_bytes_for_a_seed_and_any_number_of_threads():
    graph = network_graph(random_chain([80, 120, 90], 0.1, 0))
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            found.append(modularity(graph, repeats=3, rng=7).values.tobytes())
    assert found[0] == found[1]
    assert modularity(graph, repeats=3, rng=8).values.tobytes() != found[0]


def test_errors():
    graph = network_graph(worked_layer())
    with pytest.raises(InvalidInputError, match="repeats=0"):
        modularity(graph, repeats=0)
    for labels in (np.zeros(6, int), np.zeros(7), np.full(7, -1)):
        with pytest.raises(InvalidInputError, match="7 whole numbers of 0 or more"):
            partition_modularity(graph, labels)
