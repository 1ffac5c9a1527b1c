"""Regrowth by link prediction: on what is left, exactly k, hard and soft."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import make_rule, one_chain, predicted_regrowth
from sparse_mlp.link_prediction import score_matrix

# CH3-L3p: 0 -> 2 has 1.707107, 0 -> 3 .707107, 1 -> 0 1.707107, 1 -> 3 .707107, 2 -> 1 2
EXAMPLE = [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]]
ALL = np.ones(7, bool)


def test_best_of_the_worked_example(make_layer):
    layer, rng = make_layer(EXAMPLE), np.random.default_rng(0)
    regrow = predicted_regrowth("ch3-l3p", "hard")
    assert regrow(layer, ALL, 1, rng=rng).tolist() == [9]
    assert regrow(layer, ALL, 3, rng=rng).tolist() == [2, 4, 9]
    assert regrow(layer, ALL, 5, rng=rng).tolist() == [2, 3, 4, 7, 9]


def test_ties(make_layer):
    layer, rng = make_layer(EXAMPLE), np.random.default_rng(1)
    by_index = predicted_regrowth("ch3-l3p", "hard", ties="index")
    assert {tuple(by_index(layer, ALL, 2, rng=rng).tolist()) for _ in range(20)} == {(2, 9)}
    at_random = predicted_regrowth("ch3-l3p", "hard", ties="random")
    drawn = Counter(tuple(at_random(layer, ALL, 2, rng=rng).tolist()) for _ in range(400))
    assert set(drawn) == {(2, 9), (4, 9)}
    assert chisquare(list(drawn.values())).pvalue > 1e-6


def test_soft_choice_follows_the_scores(make_layer):
    layer, rng = make_layer(EXAMPLE), np.random.default_rng(2)
    regrow = pickle.loads(pickle.dumps(predicted_regrowth("ch2-l3n", "soft")))
    drawn = Counter(int(regrow(layer, ALL, 1, rng=rng)[0]) for _ in range(4000))
    law = {2: 7, 3: 3, 4: 7, 7: 3, 9: 8}
    assert set(drawn) == set(law)
    assert chisquare([drawn[p] for p in law], [4000 * s / 28 for s in law.values()]).pvalue > 1e-6


@pytest.mark.parametrize("choice", ["hard", "soft"])
@given(
    n_in=st.integers(1, 9), n_out=st.integers(1, 9), density=st.floats(0.05, 1), seed=st.integers(0, 99),
    predictor=st.sampled_from(["path-count", "ch3-l3p", "ch2-l3n"]),
)  # fmt: skip
def test_scores_are_of_what_is_left_and_positives_come_first(make_net, choice, n_in, n_out, density, seed, predictor):
    (layer,) = make_net([n_in, n_out], density, seed)
    rng = np.random.default_rng(seed)
    keep = rng.random(layer.structure.nnz) < 0.7
    left = layer.structure.select(keep)
    k = int(rng.integers(0, n_in * n_out - left.nnz + 1))
    grown = predicted_regrowth(predictor, choice)(layer, keep, k, rng=rng)
    assert grown.dtype == np.int64
    assert len(grown) == k
    assert np.all(np.diff(grown) > 0)
    assert not np.isin(grown, left.keys()).any()
    scores = score_matrix(left, predictor).ravel()
    assert np.count_nonzero(scores[grown] > 0) == min(k, np.count_nonzero(scores > 0))
    if choice == "hard" and k:
        others = np.setdiff1d(np.arange(n_in * n_out), np.concatenate((grown, left.keys())))
        assert scores[grown].min() >= scores[others].max(initial=0.0) * (1 - 1e-11)


def test_ch3l3_rule_by_hand(make_layer):
    # floor(.15 * 7) = 1: the link 2 -> 3 goes; of what is left 0 -> 2, 1 -> 0 and 2 -> 1 score alike, 2 -> 3 nothing
    weight = [0.7, -0.6, 0.5, 0.4, 0.9, 0.3, -0.01]
    layer = make_layer(EXAMPLE, weight)
    rule = make_rule("ch3l3", zeta=0.15, percolate=False, ties="index", new_weights="zero")
    (change,) = rule.update(one_chain([layer]), 0.0, 0).layers
    assert list(zip(*change.removed, strict=True)) == [(2, 3)]
    assert list(zip(*change.grown, strict=True)) == [(0, 2)]
    assert layer.weight.tolist() == [0.7, -0.6, 0.0, 0.5, 0.4, 0.9, 0.3]


def test_errors(make_layer):
    with pytest.raises(InvalidInputError, match="predictor='ch3'"):
        make_rule("cht", predictor="ch3")
    with pytest.raises(InvalidInputError, match=r"regrowth='softly'.*did you mean 'soft'"):
        make_rule("chts", regrowth="softly")
    with pytest.raises(InvalidInputError, match="ties='row'"):
        make_rule("ch3l3", ties="row")
    for choice in ("hard", "soft"):
        with pytest.raises(InvalidInputError, match="5 free positions for 6 new links in layer sparse1"):
            predicted_regrowth("ch3-l3p", choice)(make_layer(EXAMPLE), ALL, 6, rng=np.random.default_rng(0))
