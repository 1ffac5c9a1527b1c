"""Weights and windows by hand, the distribution of the draws, twins, exact counts."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import receptive_field as kernel
from sparse_mlp.reference import receptive_field as reference
from sparse_mlp.topology.receptive_field import DEGREE_DISTRIBUTIONS, SIDES, distance_weights, receptive_field

TWINS = pytest.mark.parametrize("twin", [reference, kernel], ids=["reference", "kernel"])


@pytest.mark.parametrize(
    ("r", "expected"),
    [
        (0.5, [0.428571, 0.214286, 0.214286, 0.142857]),  # 1, 1/2, 1/2, 1/3
        (0.25, [0.776978, 0.097122, 0.097122, 0.028777]),  # 1, 1/8, 1/8, 1/27
        (1.0, [0.25, 0.25, 0.25, 0.25]),
        (0.0, [1.0, 0.0, 0.0, 0.0]),
        (1e-320, [1.0, 0.0, 0.0, 0.0]),
    ],
)
def test_probabilities_on_a_ring_of_four(r, expected):
    weights = distance_weights(4, r)
    np.testing.assert_allclose(weights / weights.sum(), expected, atol=5e-7)


@TWINS
def test_nearest_partners_by_hand(twin):
    # 4 neurons above a ring of 8: centres 1, 3, 5, 7; then the left neighbour, the right one, two to the left
    nearest = twin.draw_fields(np.full(4, 4), distance_weights(8, 0.0), np.full(16, 0.99))
    assert nearest.dtype == np.int64
    assert nearest.reshape(4, 4).tolist() == [[1, 0, 2, 7], [3, 2, 4, 1], [5, 4, 6, 3], [7, 6, 0, 5]]


@TWINS
def test_draws_by_hand(twin):
    # Weights by rank 4, 2, 1, 1 stand for the places c, c-1, c+1, c+2 of a ring of four, with c = 2 for one neuron.
    weights = np.array([4.0, 2.0, 1.0, 1.0])
    assert twin.draw_fields(np.array([1]), weights, np.array([0.49])).tolist() == [2]
    assert twin.draw_fields(np.array([1]), weights, np.array([0.5])).tolist() == [1]
    assert twin.draw_fields(np.array([1]), weights, np.array([0.75])).tolist() == [3]
    # the third by 0.75 leaves 4, 2, 0, 1: 0.9 of 7 is the last, then 0.6 of 6 the first
    assert twin.draw_fields(np.array([3]), weights, np.array([0.75, 0.9, 0.6])).tolist() == [3, 0, 2]


@given(st.integers(1, 40), st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0, 1), st.integers(0, 99))
def test_reference_is_kernel(n, shares, r, seed):
    degrees = np.array([round(share * n) for share in shares])
    uniforms = np.random.default_rng(seed).random(degrees.sum())
    uniforms[::3] = [0.0, 1 - 2**-53][seed % 2]
    weights = distance_weights(n, r)
    expected = reference.draw_fields(degrees, weights, uniforms)
    np.testing.assert_array_equal(kernel.draw_fields(degrees, weights, uniforms), expected)
    for field in np.split(expected, np.cumsum(degrees)[:-1]):
        assert len(set(field.tolist())) == len(field)


@pytest.mark.parametrize("side", SIDES)
def test_frequency_of_single_partners(side):
    shape = (4, 4000) if side == "output" else (4000, 4)
    wiring = receptive_field(*shape, 4000, np.random.default_rng(1), r=0.5, degree_side=side)
    partner = wiring.by_output.indices if side == "output" else wiring.indices
    steps = np.bincount((partner - np.arange(4000) // 1000) % 4, minlength=4)  # centres 0, 1, 2, 3 in turn
    assert chisquare(steps, 4000 * np.array([0.428571, 0.214286, 0.142857, 0.214286])).pvalue > 1e-6


def test_pairs_are_drawn_one_after_the_other():
    # With all centres at 0 mod 4, the pair (x, then y) has the probability w_x w_y / (1 - w_x), w summing to 1.
    weights = distance_weights(4, 0.5) / distance_weights(4, 0.5).sum()
    pairs = list(permutations(range(4), 2))
    expected = np.array([weights[x] * weights[y] / (1 - weights[x]) for x, y in pairs])
    uniforms = np.random.default_rng(2).random(8000)
    drawn = kernel.draw_fields(np.full(4000, 2), weights, uniforms).reshape(4000, 2)
    rank_of = {0: 0, 3: 1, 1: 2, 2: 3}
    steps = (drawn - np.arange(4000)[:, None] // 1000) % 4
    counts = dict.fromkeys(pairs, 0)
    for x, y in steps.tolist():
        counts[rank_of[x], rank_of[y]] += 1
    assert chisquare(list(counts.values()), 4000 * expected).pvalue > 1e-6


def test_steep_weights_take_the_nearest_without_underflow():
    # by r = 0.02 weights fall to 1e-188: no partner lies far outside of the window
    wiring = receptive_field(8000, 50, 50 * 40, np.random.default_rng(0), r=0.02)
    centres = np.repeat((2 * np.arange(50) + 1) * 8000 // 100, 40)
    distance = np.abs(wiring.by_output.indices - centres)
    assert distance.max() < 60
    assert np.bincount(distance)[:5].tolist() == [50, 100, 100, 100, 100]


def test_links_are_the_nearer_the_smaller_r():
    def spread(r):
        wiring = receptive_field(400, 400, 4000, np.random.default_rng(0), r=r)
        apart = np.abs(wiring.rows() - wiring.indices)
        return np.minimum(apart, 400 - apart).mean()

    spreads = [spread(r) for r in (0.0, 0.1, 0.25, 0.5, 1.0)]
    assert spreads[0] == 2.5  # distances 0, 1, 1, 2, 2, 3, 3, 4, 4 and 5
    assert spreads == sorted(spreads)
    assert spreads[-1] == pytest.approx(100, rel=0.05)


@pytest.mark.parametrize("side", SIDES)
def test_fixed_degrees_differ_by_at_most_one(side):
    wiring = receptive_field(60, 90, 1234, np.random.default_rng(0), degree_side=side)
    degrees = wiring.degrees_out() if side == "output" else wiring.degrees_in()
    other = wiring.degrees_in() if side == "output" else wiring.degrees_out()
    assert degrees.max() - degrees.min() == 1
    assert other.max() - other.min() > 1


@pytest.mark.parametrize(("mean", "lowest", "highest"), [(20, 1, 39), (180, 160, 200)])
def test_uniform_degrees_are_uniform(mean, lowest, highest):
    wiring = receptive_field(200, 2000, 2000 * mean, np.random.default_rng(0), degree_distribution="uniform")
    degrees = wiring.degrees_out()
    assert lowest <= degrees.min() < degrees.max() <= highest
    jitter = np.random.default_rng(1).uniform(-0.5, 0.5, 2000)
    assert kstest(degrees + jitter, "uniform", (lowest, highest - lowest)).pvalue > 1e-3


@given(
    st.integers(1, 30), st.integers(1, 30), st.floats(0, 1), st.floats(0, 1), st.sampled_from(DEGREE_DISTRIBUTIONS),
    st.sampled_from(SIDES), st.integers(0, 9),
)  # fmt: skip
def test_count_is_exact(n_in, n_out, fraction, r, distribution, side, seed):
    links = round(fraction * n_in * n_out)
    options = {"r": r, "degree_distribution": distribution, "degree_side": side}
    assert receptive_field(n_in, n_out, links, np.random.default_rng(seed), **options).nnz == links


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"r": -0.1}, "r=-0.1"),
        ({"r": 25}, "did you pass a percentage"),
        ({"degree_distribution": "gauss"}, "degree_distribution='gauss'; expected one of fixed, uniform"),
        ({"degree_side": "outputs"}, "did you mean 'output'"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InvalidInputError, match=message):
        receptive_field(3, 4, 2, np.random.default_rng(0), **options)
