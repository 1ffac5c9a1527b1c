"""Structural consistency: predictions by hand, the rotated eigenvectors, ties."""

from __future__ import annotations

import importlib
import time

import networkx as nx
import numpy as np
import pytest
from graphs import adjacency, worked_layer
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from threadpoolctl import threadpool_info, threadpool_limits
from wirings import random_chain

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import network_graph, structural_consistency
from sparse_mlp.measures.first_order import perturbed_adjacency, perturbed_block
from sparse_mlp.measures.graph import bipartition
from sparse_mlp.measures.structural_consistency import _found


def rotated(left, i, j):
    """The published way: turn the vectors of each eigenspace until the change is diagonal in it, then sum."""
    change = np.zeros_like(left)
    change[i, j] = change[j, i] = 1.0
    values, vectors = np.linalg.eigh(left)
    total, start = np.zeros_like(left), 0
    for end in range(1, len(values) + 1):
        if end < len(values) and values[end] - values[end - 1] < 1e-11:
            continue
        space = vectors[:, start:end]
        shifts, turn = np.linalg.eigh(space.T @ change @ space)
        for shift, x in zip(shifts, (space @ turn).T, strict=True):
            total += (values[start] + shift) * np.outer(x, x)
        start = end
    return total


def without(matrix, i, j):
    left = matrix.toarray().astype(float)
    left[i, j] = left[j, i] = 0.0
    return left


def test_complete_minus_one_link_by_hand():
    graph = adjacency(nx.complete_bipartite_graph(3, 3))
    predicted = perturbed_adjacency(without(graph, [0], [3]), np.array([0]), np.array([3]))
    assert predicted[0, 3] == pytest.approx(2 / 3, abs=1e-12)
    same_side = [predicted[a, b] for side in ((0, 1, 2), (3, 4, 5)) for a in side for b in side if a < b]
    np.testing.assert_allclose(same_side, 0.0, atol=1e-12)
    assert structural_consistency(graph, repeats=20, rng=0).values.tolist() == [1.0] * 20


def test_a_tie_by_hand():
    graph = network_graph(worked_layer())
    left = without(graph, [0], [4])
    predicted = perturbed_adjacency(left, np.array([0]), np.array([4]))
    absent = np.round(predicted[np.triu(left == 0, 1)], 9)
    assert np.sort(absent)[-3] < np.sort(absent)[-2] == np.sort(absent)[-1] == round(2 / 9, 9)
    assert predicted[0, 4] == pytest.approx(2 / 9)
    rng = np.random.default_rng(0)
    share = np.mean([_found(graph, np.array([[0], [4]]), 3, rng) for _ in range(400)])
    assert 0.4 < share < 0.6  # either of the two, as a coin falls


class _Luck:
    """Stand in for a generator: of the tied pairs the right ones come last, or first."""

    def __init__(self, best):
        self.best = best

    def hypergeometric(self, right, wrong, places):
        return min(right, places) if self.best else max(0, places - wrong)


@given(st.integers(4, 9), st.floats(0.3, 0.9), st.integers(0, 1000))
def test_the_share_is_that_of_a_sorted_list_of_absent_pairs(n, density, seed):
    graph = adjacency(nx.gnp_random_graph(n, density, seed=seed))
    links = np.array(np.nonzero(np.triu(graph.toarray())))
    out = links[:, np.random.default_rng(seed).permutation(links.shape[1])[: max(1, links.shape[1] // 4)]]
    assume(out.size)
    left = without(graph, *out)
    score, taken = np.round(rotated(left, *out), 8), {*zip(*out.tolist(), strict=True)}
    absent = [(a, b) for a in range(n) for b in range(a + 1, n) if not left[a, b]]
    for best in (False, True):
        ranked = sorted(absent, key=lambda pair: (score[pair], (pair in taken) == best), reverse=True)
        share = len(taken & set(ranked[: len(taken)])) / len(taken)
        assert _found(graph, out, 0, _Luck(best)) == share


def test_how_many_links_are_taken_out_and_how_often():
    graph = network_graph(worked_layer())
    some = structural_consistency(graph, fraction=0.28, repeats=60, rng=0)  # of 7 links 1.96: two
    assert set(some.values) == {0.0, 0.5, 1.0}
    layer = network_graph(random_chain([10, 12], 0.3, 0))
    spelt_out = structural_consistency(layer, fraction=0.1, repeats=100, rng=0)
    np.testing.assert_array_equal(structural_consistency(layer, rng=0).values, spelt_out.values)


def test_a_matching_predicts_nothing():
    # What is left knows nothing of the two lone ends, nor of any other absent pair: all 26 tie, or nearly so.
    graph = adjacency(nx.from_edgelist([(2 * k, 2 * k + 1) for k in range(4)]))
    left = without(graph, [0], [1])
    predicted = perturbed_adjacency(left, np.array([0]), np.array([1]))
    assert predicted[0, 1] == pytest.approx(1.0)  # the zero space holds both ends: the change is all its own


@given(st.lists(st.integers(1, 7), min_size=2, max_size=4), st.floats(0.2, 1), st.integers(0, 1000))
def test_equals_the_rotated_eigenvectors(sizes, density, seed):
    graph = network_graph(random_chain(sizes, density, seed))
    i, j = np.nonzero(np.triu(graph.toarray()))
    out = np.random.default_rng(seed).permutation(len(i))[: max(1, len(i) // 5)]
    left = without(graph, i[out], j[out])
    np.testing.assert_allclose(
        perturbed_adjacency(left, i[out], j[out]), rotated(left, i[out], j[out]), rtol=0, atol=1e-9
    )


@given(st.integers(1, 8), st.integers(1, 8), st.floats(0.2, 1), st.integers(0, 1000))
def test_the_block_is_that_of_the_whole(n, m, density, seed):
    graph = network_graph(random_chain([n, m], density, seed))
    i, j = np.nonzero(np.triu(graph.toarray()))
    out = np.random.default_rng(seed).permutation(len(i))[: max(1, len(i) // 4)]
    left = without(graph, i[out], j[out])
    whole = perturbed_adjacency(left, i[out], j[out])
    block = perturbed_block(left[:n, n:], i[out], j[out] - n)
    np.testing.assert_allclose(block, whole[:n, n:], rtol=0, atol=1e-9)
    np.testing.assert_allclose(whole[:n, :n], 0, atol=1e-9)


def test_equal_singular_values_by_hand():
    # Two squares, the link between them taken out: both have the value 2, each with other zero vectors.
    left = np.kron(np.eye(2), np.ones((2, 2)))
    predicted = perturbed_block(left, np.array([0]), np.array([2]))
    np.testing.assert_allclose(predicted[:2, 2:], [[1 / 8 + 1 / 4, 1 / 8 - 1 / 4], [1 / 8 - 1 / 4, 1 / 8 + 1 / 4]])
    np.testing.assert_allclose(predicted[2:, :2], np.full((2, 2), 1 / 8))
    np.testing.assert_allclose(predicted[:2, :2], np.ones((2, 2)))


def test_with_and_without_the_two_sides(monkeypatch):
    module = importlib.import_module("sparse_mlp.measures.structural_consistency")
    graph = network_graph(random_chain([20, 30, 25], 0.2, 0))
    by_sides = structural_consistency(graph, repeats=6, rng=3).values
    monkeypatch.setattr(module, "bipartition", lambda graph: None)
    assert len(set(by_sides)) > 1
    order = np.argsort(~bipartition(graph), kind="stable")  # the same links are drawn
    np.testing.assert_array_equal(structural_consistency(graph[order][:, order], repeats=6, rng=3).values, by_sides)


def test_a_graph_with_triangles():
    cliques = adjacency(nx.disjoint_union_all([nx.complete_graph(8)] * 3))
    assert bipartition(cliques) is None
    assert structural_consistency(cliques, repeats=5, rng=0).mean == 1.0


def test_circulant_with_its_many_equal_eigenvalues():
    graph = adjacency(nx.circulant_graph(8, [1, 3]))  # 4 x 4, each to both neighbours and across: K_{4,4}
    assert structural_consistency(graph, repeats=10, rng=0).mean == 1.0
    ring = adjacency(nx.cycle_graph(8))
    left = without(ring, [0], [1])
    removed = np.array([0]), np.array([1])
    np.testing.assert_allclose(perturbed_adjacency(left, *removed), rotated(left, *removed), atol=1e-12)


def test_blocks_are_predictable_and_chance_is_not():
    blocks = adjacency(nx.disjoint_union_all([nx.complete_bipartite_graph(10, 10)] * 3))
    assert structural_consistency(blocks, repeats=5, rng=0).mean == 1.0
    chance = network_graph(random_chain([40, 60, 60], 0.1, 0))
    assert structural_consistency(chance, repeats=5, rng=0).mean < 0.2


def test_one_link_is_taken_out_at_least():
    graph = adjacency(nx.path_graph(3))
    assert set(structural_consistency(graph, fraction=0.01, repeats=10, rng=0).values) <= {0.0, 1.0}
    assert np.isnan(structural_consistency(csr_array((3, 3)), repeats=2).values).tolist() == [True, True]


def test_same_bytes_for_a_seed_and_any_number_of_threads():
    graph = network_graph(random_chain([60, 80, 70], 0.1, 0))
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            found.append(structural_consistency(graph, repeats=4, rng=7).values.tobytes())
    assert found[0] == found[1]


def test_decompositions_run_on_one_thread(monkeypatch):
    module, seen = importlib.import_module("sparse_mlp.measures.structural_consistency"), []

    def found(*_):
        seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
        return 0.0

    monkeypatch.setattr(module, "_found", found)
    with threadpool_limits(2, user_api="blas"):
        structural_consistency(network_graph(worked_layer()), repeats=1, rng=0)
    assert set(seen) == {1}


@pytest.mark.slow
def test_a_hundred_repeats_on_the_paper_s_network_in_a_minute():
    graph = network_graph(random_chain([98, 196, 196], 0.1, 0))
    start = time.perf_counter()
    sigma = structural_consistency(graph, repeats=100, rng=0)
    assert time.perf_counter() - start < 60
    assert len(sigma.values) == 100 and 0.02 < sigma.mean < 0.06


def test_errors():
    graph = network_graph(worked_layer())
    with pytest.raises(InvalidInputError, match="fraction=10"):
        structural_consistency(graph, fraction=10)
    with pytest.raises(InvalidInputError, match="repeats=0"):
        structural_consistency(graph, repeats=0)
