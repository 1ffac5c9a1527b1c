"""Near-equal degrees at any count, swaps by hand, twins, and a bound that is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import ramanujan as kernel
from sparse_mlp.kernels.spectrum import ramanujan_bound, second_singular_value
from sparse_mlp.reference import ramanujan as reference
from sparse_mlp.topology import ramanujan as module
from sparse_mlp.topology.ramanujan import ramanujan

TWINS = pytest.mark.parametrize("twin", [reference, kernel], ids=["reference", "kernel"])


def draw(n_in, n_out, links, seed=0, **options):
    return ramanujan(n_in, n_out, links, np.random.default_rng(seed), **options)


@TWINS
def test_doubled_links_by_hand(twin):
    doubled = twin.doubled_links(np.array([0, 3, 3, 6]), np.array([1, 0, 1, 1, 2, 2]))
    assert doubled.dtype == np.int64
    assert doubled.tolist() == [2, 5]
    assert twin.doubled_links(np.array([0, 0]), np.array([], np.int64)).tolist() == []


@TWINS
@pytest.mark.parametrize(
    ("doubled", "others", "expected"),
    [
        ([1], [3], [0, 2, 1, 0, 3, 2]),  # (0, 0) with (1, 2)
        ([1], [2], [0, 1, 0, 2, 3, 2]),  # (0, 0) with (1, 1)
        ([1], [0], [0, 0, 1, 2, 3, 2]),  # with itself: no
        ([4], [2], [0, 0, 1, 2, 3, 2]),  # not doubled: no
        ([1], [5], [0, 2, 1, 2, 3, 0]),  # (0, 0) with (2, 2)
        ([1, 1], [3, 2], [0, 2, 1, 0, 3, 2]),  # no longer doubled the second time
    ],
)
def test_swaps_by_hand(twin, doubled, others, expected):
    # three neurons with the partners 0 0 | 1 2 | 3 2
    after = twin.swap_apart(np.array([0, 2, 4, 6]), np.array([0, 0, 1, 2, 3, 2]), np.array(doubled), np.array(others))
    assert after.tolist() == expected


@TWINS
def test_no_swap_makes_another_double(twin):
    # 0 0 | 0 1 | 2 1: (0, 0) with (1, 1) would give neuron 1 a second 0; 0 0 1 | 1 2: neuron 0 has a 1 already
    indptr, partners = np.array([0, 2, 4, 6]), np.array([0, 0, 0, 1, 2, 1])
    assert twin.swap_apart(indptr, partners, np.array([1]), np.array([3])).tolist() == partners.tolist()
    indptr, partners = np.array([0, 3, 5]), np.array([0, 0, 1, 1, 2])
    assert twin.swap_apart(indptr, partners, np.array([1]), np.array([3])).tolist() == partners.tolist()


@given(st.integers(2, 8), st.integers(2, 8), st.floats(0.1, 1), st.integers(0, 99))
def test_reference_is_kernel(count, n, share, seed):
    rng = np.random.default_rng(seed)
    degrees = rng.integers(0, round(share * n) + 1, count)
    indptr = np.concatenate(([0], np.cumsum(degrees)))
    partners = rng.integers(0, n, indptr[-1])
    doubled = reference.doubled_links(indptr, partners)
    np.testing.assert_array_equal(kernel.doubled_links(indptr, partners), doubled)
    others = rng.integers(0, max(1, indptr[-1]), len(doubled))
    expected = reference.swap_apart(indptr, partners, doubled, others)
    np.testing.assert_array_equal(kernel.swap_apart(indptr, partners, doubled, others), expected)
    assert len(reference.doubled_links(indptr, expected)) <= len(doubled)


def test_all_small_layers_at_all_counts():
    for n_in in range(1, 6):
        for n_out in range(1, 6):
            for links in range(n_in * n_out + 1):
                wiring = draw(n_in, n_out, links, attempts=1)
                assert wiring.nnz == links
                assert np.ptp(wiring.degrees_in()) <= 1
                assert np.ptp(wiring.degrees_out()) <= 1


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0, 1), st.integers(0, 9))
def test_degrees_differ_by_at_most_one(n_in, n_out, fraction, seed):
    links = round(fraction * n_in * n_out)
    wiring = draw(n_in, n_out, links, seed, attempts=1)
    assert wiring.nnz == links
    assert np.ptp(wiring.degrees_in()) <= 1
    assert np.ptp(wiring.degrees_out()) <= 1


@pytest.mark.parametrize(
    ("n_in", "n_out", "links"), [(784, 1568, 12293), (98, 196, 1921), (100, 100, 300), (50, 20, 500), (40, 40, 1500)]
)
def test_bound_is_kept(n_in, n_out, links):
    for seed in range(3):
        wiring = draw(n_in, n_out, links, seed)
        assert second_singular_value(wiring.to_scipy()) <= ramanujan_bound(n_in, n_out, links)


def test_another_wiring_is_drawn_when_the_first_exceeds_the_bound():
    # of cubic graphs on 20 + 20 neurons some do not keep the bound
    def value(seed, attempts):
        return second_singular_value(draw(20, 20, 60, seed, attempts=attempts).to_scipy())

    bound = ramanujan_bound(20, 20, 60)
    above = [seed for seed in range(200) if value(seed, 1) > bound]
    assert len(above) > 0
    assert all(value(seed, 10) <= bound for seed in above)
    kept = next(seed for seed in range(200) if seed not in above)
    assert draw(20, 20, 60, kept, attempts=10) == draw(20, 20, 60, kept, attempts=1)


def test_best_of_the_attempts_where_the_bound_is_out_of_reach(monkeypatch):
    values = iter([3.0, 2.5, 2.7, 9.0])
    monkeypatch.setattr(module, "second_singular_value", lambda matrix: next(values))
    monkeypatch.setattr(module, "ramanujan_bound", lambda *shape: 1.0)
    drawn, near_regular = [], module._near_regular

    def watching(*arguments):
        drawn.append(near_regular(*arguments))
        return drawn[-1]

    monkeypatch.setattr(module, "_near_regular", watching)
    assert draw(9, 9, 30, attempts=3) is drawn[1]
    assert len(drawn) == 3


def test_stars_are_not_checked(monkeypatch):
    monkeypatch.setattr(module, "second_singular_value", lambda matrix: pytest.fail("was called"))
    assert draw(20, 30, 30).nnz == 30
    assert draw(20, 30, 0).nnz == 0


def test_matchings_are_about_equally_likely():
    # 3 x 3 with two links each: the complement is a permutation, of which there are 6
    counts = {}
    for seed in range(1200):
        keys = tuple(draw(3, 3, 6, seed, attempts=1).keys().tolist())
        counts[keys] = counts.get(keys, 0) + 1
    assert len(counts) == 6
    assert chisquare(list(counts.values())).pvalue > 1e-6


@pytest.mark.parametrize("attempts", [0, 1.5, True])
def test_attempts_out_of_range(attempts):
    with pytest.raises(InvalidInputError, match="attempts="):
        draw(3, 4, 2, attempts=attempts)
