"""What stays when links are compared: the worked example, both ends of alpha and delta, the distribution of draws."""

from __future__ import annotations

import pickle
from itertools import combinations, permutations

import numpy as np
import pytest
from scipy.stats import chisquare

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import (
    keep_most_important,
    link_importance,
    remove_by_importance,
    remove_by_magnitude,
    soft_removal,
)

WEIGHT = [0.5, -1.0, 2.0, 0.1]


@pytest.fixture
def example(make_layer):
    return make_layer(np.ones((2, 2)), WEIGHT)


@pytest.mark.usefixtures("backend")
def test_relative_importance_of_the_worked_example(example):
    expected = [0.533333, 1.575758, 1.752381, 0.138528]
    np.testing.assert_allclose(link_importance(example), expected, atol=5e-7)


@pytest.mark.usefixtures("backend")
def test_importance_saves_the_only_link_of_a_neuron(make_layer):
    # The link of weight .1 is the only one of input 2 and of output 2; by magnitude it would go first.
    layer = make_layer([[1, 1, 0], [1, 1, 0], [0, 0, 1]], [4, 3, 2, 1, 0.1])
    assert layer.weight[~remove_by_importance(layer, 0.4)].tolist() == [2, 1]
    assert layer.weight[~remove_by_magnitude(layer, 0.4)].tolist() == [1, 0.1]
    assert keep_most_important(layer, 1).tolist() == [False] * 4 + [True]


@pytest.mark.usefixtures("backend")
def test_alpha_one_is_the_order_of_magnitudes_ties_included(make_layer):
    layer = make_layer(np.ones((3, 3)), [0.5, -0.1, 0.3, 0.1, -0.3, 0.9, 0.0, 0.1, -0.0])
    for zeta in np.linspace(0, 1, 10):
        by_importance = remove_by_importance(layer, zeta, alpha=1.0)
        np.testing.assert_array_equal(by_importance, remove_by_magnitude(layer, zeta))


@pytest.mark.parametrize(
    ("progress", "expected"),
    [(0.0, [0.138889, 0.277778, 0.555556, 0.027778]), (0.75, [0.013697, 0.109577, 0.876616, 0.000110])],
)
def test_probabilities_of_the_worked_example(example, progress, expected):
    # One of four stays; delta .5 and .75 mean exponents 1 and 3.
    remove = soft_removal(0.5, 0.75)
    rng, kept = np.random.default_rng(5), np.zeros(4)
    for _ in range(20000):
        kept += remove(example, 0.75, progress=progress, rng=rng)
    law = np.abs(WEIGHT) ** (1.0 if progress == 0 else 3.0)
    np.testing.assert_allclose(law / law.sum(), expected, atol=5e-7)
    assert chisquare(kept, 20000 * law / law.sum()).pvalue > 1e-6


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_soft_keeping_is_drawing_without_replacement(example, alpha):
    remove, score = soft_removal(0.6, 0.6, alpha=alpha), link_importance(example, alpha=alpha) ** 1.5
    law = dict.fromkeys(combinations(range(4), 2), 0.0)
    for first, second in permutations(range(4), 2):
        probability = score[first] / score.sum() * score[second] / (score.sum() - score[first])
        law[tuple(sorted((first, second)))] += probability
    rng, drawn = np.random.default_rng(6), dict.fromkeys(law, 0)
    for _ in range(10000):
        drawn[tuple(np.flatnonzero(remove(example, 0.5, progress=0.3, rng=rng)).tolist())] += 1
    assert chisquare(list(drawn.values()), 10000 * np.array(list(law.values()))).pvalue > 1e-6
    # It is not removal with the inverse probability: then pairs would go by 1 / score.
    inverse = dict.fromkeys(law, 0.0)
    for first, second in permutations(range(4), 2):
        odds = 1 / score
        gone = odds[first] / odds.sum() * odds[second] / (odds.sum() - odds[first])
        inverse[tuple(sorted(set(range(4)) - {first, second}))] += gone
    assert chisquare(list(drawn.values()), 10000 * np.array(list(inverse.values()))).pvalue < 1e-6


def test_the_exponent_is_linear_in_progress_until_the_end(make_layer):
    # 1 at the start, 3 at .75, hence 2 half way; the arrival times follow from the generator's numbers.
    layer = make_layer(np.ones((8, 8)), np.random.default_rng(1).normal(size=64))
    remove = soft_removal(0.5, 0.75, end=0.75)
    for progress, exponent in ((0.0, 1.0), (0.375, 2.0), (0.75, 3.0), (1.0, 3.0)):
        exponentials = np.random.default_rng(9).standard_exponential(64)
        times = exponentials / (2 * np.abs(layer.weight)) ** exponent
        keep = remove(layer, 0.25, progress=progress, rng=np.random.default_rng(9))
        np.testing.assert_array_equal(np.flatnonzero(keep), np.sort(np.argsort(times)[:48]))


def test_delta_one_is_deterministic(make_layer):
    layer = make_layer(np.ones((4, 4)), np.random.default_rng(2).normal(size=16))
    rng = np.random.default_rng(0)
    hard = soft_removal(1.0, 1.0, alpha=0.0)
    np.testing.assert_array_equal(hard(layer, 0.3, progress=0.5, rng=rng), remove_by_importance(layer, 0.3))
    assert rng.random() == np.random.default_rng(0).random()


def test_delta_zero_ignores_the_weights(example):
    rng, kept = np.random.default_rng(7), np.zeros(4)
    for _ in range(4000):
        kept += soft_removal(0.0, 0.0)(example, 0.75, progress=0.0, rng=rng)
    assert chisquare(kept).pvalue > 1e-6


def test_links_of_weight_zero_can_stay(make_layer):
    layer = make_layer(np.ones((2, 3)), [0, 0, 0, 0, 0, 5])
    rng, kept = np.random.default_rng(8), np.zeros(6)
    for _ in range(500):
        keep = soft_removal(0.5, 0.75, alpha=0.0)(layer, 0.5, progress=0.0, rng=rng)
        assert np.count_nonzero(keep) == 3
        kept += keep
    assert kept[5] == 500
    assert chisquare(kept[:5]).pvalue > 1e-6


@pytest.mark.parametrize(("zeta", "removed"), [(0.0, 0), (0.29, 1), (0.5, 3), (1.0, 6)])
def test_exact_counts(make_layer, zeta, removed):
    layer = make_layer(np.ones((2, 3)))
    for remove in (soft_removal(0.5, 0.75), soft_removal(1, 1)):
        assert np.count_nonzero(~remove(layer, zeta, progress=0.2, rng=np.random.default_rng(0))) == removed
    empty = make_layer(np.zeros((2, 3)))
    assert len(soft_removal(0.5, 0.75)(empty, 0.5, progress=0.0, rng=np.random.default_rng(0))) == 0


@pytest.mark.usefixtures("backend")
def test_arrival_at_time_zero_and_pickling(make_layer):
    class NoTime:
        def standard_exponential(self, n):
            return np.zeros(n)

    layer, remove = make_layer(np.ones((2, 3))), pickle.loads(pickle.dumps(soft_removal(0.5, 0.75)))
    assert np.flatnonzero(remove(layer, 0.5, progress=0.0, rng=NoTime())).tolist() == [3, 4, 5]  # by weight, 1 to 6


def test_errors(make_layer, example):
    with pytest.raises(InvalidInputError, match=r"delta_start=0\.5 and delta_end=1; expected both 1"):
        soft_removal(0.5, 1)
    with pytest.raises(InvalidInputError, match="delta_end=9"):
        soft_removal(0.5, 9)
    with pytest.raises(InvalidInputError, match="alpha=2"):
        soft_removal(0.5, 0.75, alpha=2)
    with pytest.raises(InvalidInputError, match=r"zeta=30.*percentage"):
        soft_removal(0.5, 0.75)(example, 30, progress=0.0, rng=np.random.default_rng(0))
    layer = make_layer([[1, 1]], name="far")
    for value in (np.inf, np.nan):
        layer.weight[1] = value
        with pytest.raises(InvalidInputError, match=rf"weight\[1\] = {value} in layer far; expected a finite number"):
            link_importance(layer)
