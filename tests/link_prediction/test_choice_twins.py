"""Choosing with given draws, block by block: the compiled twins against the loops."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wiring_cases import EXAMPLE, ROUTES, route, wiring, wirings

from sparse_mlp.kernels import link_scores
from sparse_mlp.kernels.dispatch import link_score_ops
from sparse_mlp.kernels.link_layer import LinkLayer
from sparse_mlp.link_prediction import sample_links, score_matrix, streaming, top_links
from sparse_mlp.link_prediction.predictors import both_ways
from sparse_mlp.topology import generate


def all_routes(function, *arguments):
    found = []
    for way in ROUTES:
        with route(way) as backend:
            found.append(getattr(link_score_ops(backend), function)(*arguments))
    return found


@st.composite
def blocks_of(draw, structure, grid):
    """Cut the rows from some first one on into blocks of draws."""
    first = draw(st.integers(0, structure.n_in - 1))
    cuts = sorted({first, structure.n_in, *draw(st.lists(st.integers(first, structure.n_in), max_size=3))})
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    draws = rng.integers(0, 8, structure.shape) / 8 if grid else rng.random(structure.shape)
    return [(a, np.ascontiguousarray(draws[a:b])) for a, b in pairwise(cuts)]


@given(wirings(), st.integers(0, 12), st.data())
def test_top_scores_at_random(structure, k, data):
    blocks = data.draw(blocks_of(structure, grid=True))
    # Path counts are whole numbers, so that all routes agree on ties.
    expected, *others = all_routes("top_scores_at_random", *both_ways(structure), "path-count", k, blocks)
    for keys, draws, _ in others:  # equal draws of equal scores may choose other positions, never other keys
        np.testing.assert_array_equal(keys, expected[0])
        np.testing.assert_array_equal(draws, expected[1])


@given(wirings(), st.sampled_from(["path-count", "ch3-l3p", "ch2-l3n"]), st.integers(0, 12), st.data())
def test_sample_links(structure, method, k, data):
    blocks = data.draw(blocks_of(structure, grid=False))
    expected, *others = all_routes("sample_links", *both_ways(structure), method, k, blocks)
    assert np.all(expected[2] >= blocks[0][0] * structure.n_out)
    for keys, ties, positions in others:
        np.testing.assert_allclose(keys, expected[0], rtol=1e-12)
        np.testing.assert_array_equal(ties, positions)
        np.testing.assert_array_equal(positions, expected[2])


@pytest.mark.parametrize("choose", [top_links, sample_links])
def test_all_blocks_share_the_scores(monkeypatch, choose):
    calls = []
    score = link_scores.dense_scores
    monkeypatch.setattr(link_scores, "dense_scores", lambda *arguments: calls.append(1) or score(*arguments))
    monkeypatch.setattr(streaming, "DRAW_CHUNK", 100)
    monkeypatch.setattr(streaming, "DRAWS_A_LINK", 0)
    structure = generate("erdos-renyi", 40, 40, 0.4, rng=0)
    options = {} if choose is sample_links else {"ties": "random"}
    choose(structure, "ch2-l3n", 20, rng=0, **options)
    assert len(calls) == 1


@pytest.mark.parametrize("way", ROUTES)
def test_ties_by_draw_by_hand(way):
    # Path counts: 2 at positions 2, 4 and 9, 1 at 3 and 7; among equals the lower draw comes first.
    uniforms = np.array([[0, 0, 0.9, 0.5], [0.2, 0, 0, 0.1], [0, 0.4, 0, 0]])
    with route(way) as backend:
        choose = link_score_ops(backend).top_scores_at_random
        keys, draws, positions = choose(*both_ways(wiring(EXAMPLE)), "path-count", 4, [(0, uniforms)])
    assert positions.tolist() == [4, 9, 2, 7]
    assert keys.tolist() == [2, 2, 2, 1]
    assert draws.tolist() == [0.2, 0.4, 0.9, 0.1]


@pytest.mark.parametrize("way", ROUTES)
def test_arrivals_by_hand(way):
    # Path counts as above: arrivals -log(1 - u) / score, so a half becomes log 2 / score.
    uniforms = np.array([[0, 0, 0.5, 0.5], [0.75, 0, 0, 0.75], [0, 0.875, 0, 0]])
    with route(way) as backend:
        choose = link_score_ops(backend).sample_links
        keys, _, positions = choose(*both_ways(wiring(EXAMPLE)), "path-count", 5, [(0, uniforms)])
    assert positions.tolist() == [2, 3, 4, 9, 7]
    np.testing.assert_allclose(-keys / math.log(2), [0.5, 1, 1, 1.5, 2])


@pytest.mark.parametrize("method", ["ch3-l3p", "ch2-l3n"])
def test_neurons_without_links_change_nothing(method):
    # The same small layer alone, and spread over a large one: same scores, same choice, draw by draw.
    rng = np.random.default_rng(3)
    small = (rng.random((12, 10)) < 0.4).astype(int)
    rows, cols = np.sort(rng.choice(200, 12, replace=False)), np.sort(rng.choice(300, 10, replace=False))
    large = np.zeros((200, 300), int)
    large[np.ix_(rows, cols)] = small
    inner, outer = wiring(small), wiring(large)
    np.testing.assert_array_equal(score_matrix(outer, method)[np.ix_(rows, cols)], score_matrix(inner, method))
    assert np.count_nonzero(score_matrix(outer, method)) == np.count_nonzero(score_matrix(inner, method))
    u, v = top_links(inner, method, 20)
    np.testing.assert_array_equal(top_links(outer, method, 20), (rows[u], cols[v]))
    draws = rng.random((200, 300))
    ops = link_score_ops("numba")
    for choose in (ops.sample_links, ops.top_scores_at_random):
        alone = choose(*both_ways(inner), method, 9, [(0, np.ascontiguousarray(draws[np.ix_(rows, cols)]))])
        spread = choose(*both_ways(outer), method, 9, [(0, draws)])
        np.testing.assert_array_equal(spread[0], alone[0])
        u, v = np.divmod(alone[2], 10)
        np.testing.assert_array_equal(spread[2], rows[u] * 300 + cols[v])
    some = ops.sample_links(*both_ways(outer), method, 9, [(rows[4] + 1, draws[rows[4] + 1 :])])
    assert np.all(some[2] >= (rows[4] + 1) * 300)


def test_the_form_is_chosen_by_its_cost():
    def prefers(structure, method):
        return LinkLayer(*both_ways(structure)).active[0].prefers_matrices(method)

    sparse, dense = generate("erdos-renyi", 300, 300, 0.01, rng=0), generate("erdos-renyi", 300, 300, 0.4, rng=0)
    crowded = np.zeros((1000, 1000), int)
    crowded[:50, :50] = np.random.default_rng(0).random((50, 50)) < 0.5
    for method in ("ch3-l3p", "ch2-l3n"):
        assert [prefers(s, method) for s in (sparse, dense, wiring(crowded))] == [False, True, True]
