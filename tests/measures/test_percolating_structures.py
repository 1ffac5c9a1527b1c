"""Percolation over a chain of structures, and the neurons that it leaves active."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirings import random_chain, wiring, worked_chain

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import (
    Chain,
    active_by_links,
    active_by_paths,
    anp_by_links,
    anp_by_paths,
    forms_chain,
    percolate,
)

CHAINS = {
    "sizes": st.lists(st.integers(1, 7), min_size=2, max_size=6),
    "density": st.floats(0.02, 0.6),
    "seed": st.integers(0, 10**6),
}


@pytest.fixture
def chain():
    return worked_chain()


def lists(masks):
    return [mask.tolist() for mask in masks]


def percolated(structures, keep=None):
    return percolate([Chain(tuple(structures))], keep)


def test_chain_by_hand(chain):
    # Node 1 of the third column leads nowhere, hence 2 -> 1 goes; then nodes 1 and 2 of the second column lead nowhere.
    assert lists(percolated(chain)) == [[True, False, False], [True, False], [True]]
    # Without the link 0 -> 0 nothing reaches node 0 of the later columns.
    keep = [np.array([False, True, True]), np.ones(2, bool), np.ones(1, bool)]
    assert lists(percolated(chain, keep)) == [[False] * 3, [False] * 2, [False]]
    assert lists(keep) == [[False, True, True], [True, True], [True]]


def test_active_neurons_by_hand(chain):
    assert lists(active_by_links(chain)) == [[True, True], [True, False, True], [True, False], [True]]
    assert lists(active_by_paths(chain)) == [[True, False], [True, False, False], [True, False], [True]]
    assert anp_by_links(chain) == 6 / 8
    assert anp_by_paths(chain) == 4 / 8


def test_a_hidden_neuron_that_nothing_reaches_is_active_by_links_alone():
    chain = [wiring([[1, 0]]), wiring([[1, 0], [0, 1]])]
    assert (anp_by_links(chain), anp_by_paths(chain)) == (1.0, 3 / 5)


def test_an_output_counts_by_the_links_into_it():
    assert lists(active_by_links([wiring([[0, 1, 1], [0, 0, 1]])])) == [[True, True], [False, True, True]]


def test_full_and_empty_nets():
    full = [wiring(np.ones((3, 2))), wiring(np.ones((2, 4)))]
    empty = [wiring(np.zeros((3, 2))), wiring(np.zeros((2, 4)))]
    assert (anp_by_links(full), anp_by_paths(full)) == (1.0, 1.0)
    assert (anp_by_links(empty), anp_by_paths(empty)) == (0.0, 0.0)
    assert percolate([]) == []


@given(**CHAINS)
def test_equals_search_over_the_graph(sizes, density, seed):
    chain = random_chain(sizes, density, seed)
    graph = nx.DiGraph()
    for i, s in enumerate(chain):
        graph.add_edges_from(((i, u), (i + 1, v)) for u, v in zip(s.rows().tolist(), s.indices.tolist(), strict=True))
    graph.add_edges_from(("source", (0, u)) for u in range(sizes[0]))
    graph.add_edges_from(((len(chain), v), "goal") for v in range(sizes[-1]))
    alive = nx.descendants(graph, "source") & nx.ancestors(graph, "goal")
    neurons = [[(i, n) in alive for n in range(size)] for i, size in enumerate(sizes)]
    assert lists(active_by_paths(chain)) == neurons
    assert anp_by_paths(chain) == sum(map(sum, neurons)) / sum(sizes)
    for i, (s, kept) in enumerate(zip(chain, percolated(chain), strict=True)):
        on_path = [neurons[i][u] and neurons[i + 1][v] for u, v in zip(s.rows(), s.indices, strict=True)]
        assert kept.tolist() == on_path


@given(**CHAINS)
def test_the_definitions_agree_on_what_percolation_leaves(sizes, density, seed):
    chain = random_chain(sizes, density, seed)
    left = [s.select(kept) for s, kept in zip(chain, percolated(chain), strict=True)]
    assert anp_by_links(left) == anp_by_paths(left) == anp_by_paths(chain) <= anp_by_links(chain)
    assert all(kept.all() for kept in percolated(left))


def test_errors(chain):
    assert forms_chain(chain) and not forms_chain(chain[1:] + chain[:1] * 2)
    with pytest.raises(InvalidInputError, match=r"layers of shapes 2 x 1, 2 x 3; expected a chain"):
        percolated([chain[2], chain[0]])
    with pytest.raises(InvalidInputError, match="a chain"):
        anp_by_paths([chain[2], chain[0]])
    with pytest.raises(InvalidInputError, match=r"keep masks of shapes .*; expected \[\(3,\), \(2,\), \(1,\)\]"):
        percolated(chain, [np.ones(3, bool), np.ones(3, bool), np.ones(1, bool)])
    for rate in (anp_by_links, anp_by_paths):
        with pytest.raises(InvalidInputError, match="no layer"):
            rate([])
