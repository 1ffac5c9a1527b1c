"""The five perturbations of weights: by hand, then vectorised against plain loops, then what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.reference import perturbations as reference
from sparse_mlp.robustness import perturbations as vectorised

TWINS = pytest.mark.parametrize("twin", [reference, vectorised], ids=["reference", "vectorised"])
SIX = np.array([-1.0, -0.9, -0.2, 0.1, 0.35, 1.0])

# Quarters tie often, also across signs; numbers such as 0.1 do not lie on the borders of bins.
numbers = st.integers(-6, 6).map(lambda n: n / 4) | st.floats(-3, 3, width=32) | st.just(-0.0)
weights = st.builds(np.array, st.lists(numbers, max_size=40), st.sampled_from([np.float32, np.float64]))
fractions = st.integers(0, 8).map(lambda n: n / 8) | st.integers(1, 60).map(lambda n: 1 / n) | st.floats(1e-6, 1)


@TWINS
def test_orders_of_six(twin):
    # |w| descending: 1 at 0 and 5, .9, .35, .2, .1; half of six links are three
    assert twin.weight_order(SIX, 0.5).tolist() == [0, 0, -0.2, 0.1, 0.35, 0]
    assert twin.reverse_weight_order(SIX, 0.5).tolist() == [-1, -0.9, 0, 0, 0, 1]
    assert twin.weight_order(SIX, 1 / 6).tolist() == [0, -0.9, -0.2, 0.1, 0.35, 1]  # the first of the tied ones
    assert twin.weight_order(SIX[::-1], 1 / 6).tolist() == [0, 0.35, 0.1, -0.2, -0.9, -1]
    assert twin.reverse_weight_order(np.array([0.5, -0.5, 0.5]), 2 / 3).tolist() == [0, 0, 0.5]


@TWINS
def test_random_pruning_of_six(twin):
    order = np.array([4, 0, 5, 1, 2, 3])
    assert twin.random_pruning(SIX, 0.5, order).tolist() == [0, -0.9, -0.2, 0.1, 0, 0]
    assert twin.random_pruning(SIX, 0.0, order).tolist() == SIX.tolist()
    assert twin.random_pruning(SIX, 1.0, order).tolist() == [0] * 6


@TWINS
def test_counts_are_rounded(twin):
    def removed(strength):
        return int(np.sum(twin.weight_order(np.ones(10), strength) == 0))

    assert [removed(f) for f in (0.04, 0.05, 0.06, 0.15, 0.7, 0.94, 0.96)] == [0, 0, 1, 2, 7, 9, 10]
    assert 0.7 * 10 != 7.0 or 0.29 * 100 < 29  # the products miss whole numbers; none of them is cut off
    assert int(np.sum(twin.weight_order(np.ones(100), 0.29) == 0)) == 29


@TWINS
def test_bins_of_six(twin):
    assert twin.weight_bins(SIX, 0.25).tolist() == [0, 0, 1, 2, 2, 3]  # of width .5
    assert twin.weight_bins(SIX, 0.3).tolist() == [0, 0, 1, 1, 2, 3]  # of width .6, the last one narrower
    assert twin.weight_bins(SIX, 1.0).tolist() == [0] * 6
    assert twin.weight_bins(SIX, 0.0).tolist() == [0, 1, 2, 3, 4, 5]


@TWINS
def test_the_largest_weight_has_no_bin_of_its_own(twin):
    assert 1 / (1 / 49) > 49
    assert twin.weight_bins(np.array([0.0, 0.995, 1.0]), 1 / 49).tolist() == [0, 48, 48]
    assert twin.weight_bins(np.array([2.0, 2.0]), 0.5).tolist() == [0, 1]  # no range, no bins
    assert twin.weight_bins(np.zeros(0), 0.5).tolist() == []


@TWINS
def test_shuffling_of_six(twin):
    order = np.array([1, 5, 4, 3, 0, 2])
    # bins [0 0 1 2 2 3]: places 0, 1 take those of 1, 0; places 3, 4 take those of 4, 3
    assert twin.weight_shuffling(SIX, 0.25, order).tolist() == [-0.9, -1, -0.2, 0.35, 0.1, 1]
    assert twin.weight_shuffling(SIX, 1.0, order).tolist() == SIX[order].tolist()
    assert twin.weight_shuffling(SIX, 0.0, order).tolist() == SIX.tolist()


@TWINS
def test_modification_of_six(twin):
    noise = np.array([0.0, 1.0, -1.0, 2.0, 0.0, -3.0])
    sigma = 0.0591667  # a tenth of the mean magnitude, .591667
    expected = [-1, -0.9 + sigma, -0.2 - sigma, 0.1 + 2 * sigma, 0.35, 1 - 3 * sigma]
    np.testing.assert_allclose(twin.weight_modification(SIX, 0.1, noise), expected, atol=2e-7)
    assert twin.weight_modification(SIX, 0.0, noise).tolist() == SIX.tolist()
    assert twin.weight_modification(SIX.astype(np.float32), 0.1, noise).dtype == np.float32


@given(weight=weights, strength=fractions, seed=st.integers(0, 9))
def test_vectorised_as_loops(weight, strength, seed):
    rng = np.random.default_rng(seed)
    order, noise, before = rng.permutation(len(weight)), rng.standard_normal(len(weight)), weight.tobytes()
    for name in ("random_pruning", "weight_shuffling"):
        ours, loops = (getattr(twin, name)(weight, strength, order) for twin in (vectorised, reference))
        assert (ours.dtype, ours.tobytes()) == (loops.dtype, loops.tobytes()), name
    for name in ("weight_order", "reverse_weight_order"):
        ours, loops = (getattr(twin, name)(weight, strength) for twin in (vectorised, reference))
        assert (ours.dtype, ours.tobytes()) == (loops.dtype, loops.tobytes()), name
    assert vectorised.weight_bins(weight, strength).tolist() == reference.weight_bins(weight, strength).tolist()
    ours, loops = (twin.weight_modification(weight, strength, noise) for twin in (vectorised, reference))
    np.testing.assert_allclose(ours, loops, rtol=1e-6 if weight.dtype == np.float32 else 1e-13, atol=1e-13)
    assert weight.tobytes() == before


@given(weight=weights, strength=fractions, seed=st.integers(0, 9))
def test_pruning_removes_so_many_and_changes_nothing_else(weight, strength, seed):
    order = np.random.default_rng(seed).permutation(len(weight))
    gone, size = round(strength * len(weight)), np.abs(weight)
    for left in (
        vectorised.random_pruning(weight, strength, order),
        vectorised.weight_order(weight, strength),
        vectorised.reverse_weight_order(weight, strength),
    ):
        assert np.all((left == weight) | (left == 0))
        # links that were 0 before cannot be counted, they can be among those removed or not
        assert gone - np.sum(weight == 0) <= np.sum((left == 0) & (weight != 0)) <= gone
    kept = np.abs(vectorised.weight_order(weight, strength))
    np.testing.assert_array_equal(np.sort(kept), np.sort(np.append(np.sort(size)[: len(size) - gone], np.zeros(gone))))
    kept = np.abs(vectorised.reverse_weight_order(weight, strength))
    np.testing.assert_array_equal(np.sort(kept), np.sort(np.append(np.sort(size)[gone:], np.zeros(gone))))


@given(weight=weights, strength=fractions, seed=st.integers(0, 9))
def test_shuffling_keeps_values_and_bins(weight, strength, seed):
    shuffled = vectorised.weight_shuffling(weight, strength, np.random.default_rng(seed).permutation(len(weight)))
    np.testing.assert_array_equal(np.sort(shuffled), np.sort(weight))
    if len(weight):
        width = strength * float(np.ptp(weight.astype(np.float64)))
        assert np.all(np.abs(shuffled.astype(np.float64) - weight) <= width * (1 + 1e-6) + 1e-12)
    if strength > 0 and len(np.unique(weight)) > 1:
        bins = vectorised.weight_bins(weight, strength)
        np.testing.assert_array_equal(vectorised.weight_bins(shuffled, strength), bins)


def test_each_order_inside_a_bin_is_as_likely():
    weight, rng = np.array([0.0, 0.9, 0.1, 0.2]), np.random.default_rng(0)
    seen = [tuple(vectorised.weight_shuffling(weight, 0.5, rng.permutation(4))) for _ in range(6000)]
    orders, counts = np.unique(seen, axis=0, return_counts=True)
    assert len(orders) == 6 and np.all(orders[:, 1] == 0.9)
    assert np.all(np.abs(counts - 1000) < 4 * np.sqrt(1000 * 5 / 6))


def test_many_bins_are_sorted_like_few():
    weight, rng = np.linspace(0, 1, 400_001), np.random.default_rng(0)
    order = rng.permutation(len(weight))
    shuffled = vectorised.weight_shuffling(weight, 1 / 100_000, order)
    bins = vectorised.weight_bins(weight, 1 / 100_000)
    assert bins.max() == 99_999 > 2**16
    np.testing.assert_array_equal(vectorised.weight_bins(shuffled, 1 / 100_000), bins)
    assert not np.array_equal(shuffled, weight)
    np.testing.assert_array_equal(np.sort(shuffled), weight)


def test_bins_too_narrow_to_hold_two_weights_change_nothing():
    order = np.arange(6)[::-1]
    for strength in (1e-13, 1e-300, 5e-324):
        assert vectorised.weight_shuffling(SIX, strength, order).tolist() == SIX.tolist()
