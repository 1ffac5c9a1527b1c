"""Soft choice of absent links: the distribution of draws one after the other, in proportion to the scores."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from wiring_cases import ABSENT, EDGES, EXAMPLE, ROUTES, route, wiring, wirings

from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.link_prediction import PREDICTORS, sample_links, score_matrix, streaming
from sparse_mlp.topology import generate


def drawn(structure, method, k, seed, backend=None):
    rows, cols = sample_links(structure, method, k, rng=seed, backend=backend)
    return tuple((rows * structure.n_out + cols).tolist())


def test_probabilities_of_successive_sampling():
    structure, method, k, draws = wiring(EXAMPLE), "ch2-l3n", 3, 12_000  # scores 7 3 7 3 8
    positions = [int(u * 4 + v) for u, v in zip(*ABSENT, strict=True)]
    scores = dict(zip(positions, score_matrix(structure, method)[ABSENT], strict=True))
    expected = {}
    for order in permutations(positions, k):
        left, probability = sum(scores.values()), 1.0
        for position in order:
            probability *= scores[position] / left
            left -= scores[position]
        expected[order] = probability
    rng = np.random.default_rng(11)
    seen = Counter(drawn(structure, method, k, rng) for _ in range(draws))
    assert set(seen) <= set(expected)
    assert chisquare([seen[order] for order in expected], [draws * p for p in expected.values()]).pvalue > 1e-3


@given(wirings(), st.sampled_from(list(PREDICTORS)), st.integers(0, 30), st.integers(0, 99))
def test_every_backend_makes_the_same_choice(structure, method, k, seed):
    k = min(k, structure.n_in * structure.n_out - structure.nnz)
    choices = []
    for way in ROUTES:
        with route(way) as backend:
            choices.append(drawn(structure, method, k, seed, backend))
    assert len(set(choices)) == 1
    assert len(set(choices[0])) == k
    assert not set(choices[0]) & set(structure.keys().tolist())
    scores = score_matrix(structure, method).ravel()[list(choices[0])]
    positive = int(np.count_nonzero(score_matrix(structure, method)))
    assert np.count_nonzero(scores) == min(k, positive)  # links without paths only when the others are all in


def test_gumbel_keys_order_alike():
    structure = generate("erdos-renyi", 40, 30, 0.1, rng=0)
    scores = score_matrix(structure, "ch3-l3p").ravel()
    uniforms = np.random.default_rng(5).random((40, 30)).ravel()
    with np.errstate(divide="ignore"):
        gumbel = np.log(scores) - np.log(-np.log1p(-uniforms))
    assert drawn(structure, "ch3-l3p", 50, 5) == tuple(np.argsort(-gumbel)[:50])


def test_blocks_and_threads_change_nothing(monkeypatch):
    structure = generate("erdos-renyi", 60, 50, 0.03, rng=4)
    whole = drawn(structure, "ch2-l3n", 90, 6)
    with threads_limited(1):
        assert drawn(structure, "ch2-l3n", 90, 6) == whole
    monkeypatch.setattr(streaming, "DRAW_CHUNK", 150)
    monkeypatch.setattr(streaming, "DRAWS_A_LINK", 0)
    assert drawn(structure, "ch2-l3n", 90, 6) == whole


@pytest.mark.parametrize("edge", EDGES)
def test_edge_cases(edge):
    structure = wiring(EDGES[edge])
    absent = structure.n_in * structure.n_out - structure.nnz
    assert len(set(drawn(structure, "ch3-l3n", absent, 0))) == absent
