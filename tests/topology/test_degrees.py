"""Whole degrees: exact sums within borders, close to the wishes, who gains drawn by the fractional parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.topology.degrees import fit_degrees

WISHES = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-50, 50))


def fit(wished, total, low, high, seed=0):
    return fit_degrees(np.array(wished, float), total, low, high, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("wished", "total", "low", "high", "expected"),
    [
        ([2, 3, 4], 9, 0, 9, [2, 3, 4]),  # whole wishes stay
        ([2.5, 3.0, 4.5], 11, 0, 9, [3, 3, 5]),  # both fractions gain
        ([-3, 9, 3], 9, 1, 5, [1, 5, 3]),  # clipped on either side
        ([1, 1, 1], 9, 0, 4, [3, 3, 3]),  # six missing, shared evenly
        ([4, 1, 4], 9, 0, 4, [4, 1, 4]),
        ([4, 0, 0], 8, 0, 4, [4, 2, 2]),  # the full one takes no part
        ([9, 2, 1], 6, 1, 9, [4, 1, 1]),  # six too many: 1 from the second, 5 from the first
        ([7, 7, 7], 0, 0, 9, [0, 0, 0]),
        ([0, 0], 6, 0, 3, [3, 3]),
        ([np.inf, -np.inf], 4, 1, 3, [3, 1]),
    ],
)
def test_by_hand(wished, total, low, high, expected):
    assert fit(wished, total, low, high).tolist() == expected


def test_six_too_many_of_which_the_last_has_but_one():
    found = {tuple(fit([8, 8, 2], 12, 1, 9, seed)) for seed in range(20)}
    assert found == {(5, 6, 1), (6, 5, 1)}


def test_a_border_for_each_neuron():
    assert fit([5, 5, 5], 8, np.array([0, 0, 4]), np.array([1, 9, 5])).tolist() == [0, 4, 4]


def test_fewer_links_than_neurons():
    degrees = fit(np.full(20, 0.35), 7, 0, 4)
    assert sorted(degrees) == [0] * 13 + [1] * 7


@given(WISHES, st.integers(0, 5), st.integers(0, 20), st.floats(0, 1), st.integers(0, 9))
def test_sum_and_borders_hold_for_every_wish(wished, low, spread, share, seed):
    low_sum, high_sum = low * len(wished), (low + spread) * len(wished)
    total = low_sum + round(share * (high_sum - low_sum))
    degrees = fit(wished, total, low, low + spread, seed)
    assert degrees.dtype == np.int64 and degrees.sum() == total
    assert degrees.min() >= low and degrees.max() <= low + spread


@given(hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 50)), st.integers(1, 400), st.integers(0, 9))
def test_a_feasible_wish_is_met_within_one(raw, total, seed):
    assume(raw.sum() > 0.01)
    wished = raw * (total / raw.sum())
    degrees = fit(wished, total, 0, 1000, seed)
    assert degrees.sum() == total and np.abs(degrees - wished).max() < 1 + 1e-9


@given(WISHES, st.integers(0, 200), st.integers(0, 9))
def test_what_is_far_off_is_shared_evenly(wished, total, seed):
    degrees = fit(wished, total, 0, 1000, seed)
    change = degrees - np.floor(np.maximum(wished, 0))
    moved = change if total >= np.maximum(wished, 0).sum() else change[degrees > 0]
    if len(moved):
        assert moved.max() - moved.min() <= 2  # one by the fraction, one by the rest of the division


def test_larger_fractions_gain_more_often():
    rng = np.random.default_rng(3)
    gains = sum(fit_degrees([1.8, 1.2, 2.0], 5, 1, 9, rng) - [1, 1, 2] for _ in range(2000))
    assert gains[2] == 0 and abs(gains[0] / 2000 - 0.8) < 0.04


def test_the_rest_of_the_division_goes_to_all_alike():
    rng = np.random.default_rng(3)
    gains = sum(fit_degrees([1.0, 1.0, 1.0, 1.0], 9, 1, 9, rng) - 2 for _ in range(2000))
    assert gains.sum() == 2000 and gains.min() > 430


def test_seed_decides():
    wished = np.random.default_rng(0).normal(5, 2, 50)
    assert fit(wished, 260, 1, 9, 4).tolist() == fit(wished, 260, 1, 9, 4).tolist()
    assert fit(wished, 260, 1, 9, 4).tolist() != fit(wished, 260, 1, 9, 5).tolist()


@pytest.mark.parametrize(
    ("wished", "total", "low", "high", "message"),
    [
        ([1, 1], 1, 1, 3, "1 links for degrees between borders that add up to 2 and 6"),
        ([1, 1], 7, 1, 3, "7 links"),
        ([1, np.nan], 3, 1, 3, "not a number"),
        ([1, 1], 5, 3, 2, "low <= high"),
    ],
)
def test_what_cannot_be(wished, total, low, high, message):
    with pytest.raises(InvalidInputError, match=message):
        fit(wished, total, low, high)
