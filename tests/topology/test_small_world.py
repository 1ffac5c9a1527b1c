"""Windows by hand, exact counts, and a beta that leads from the lattice to chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import small_world as kernel
from sparse_mlp.reference import small_world as reference
from sparse_mlp.topology.small_world import small_world

TWINS = pytest.mark.parametrize("twin", [reference, kernel], ids=["reference", "kernel"])


def partners_of_outputs(structure):
    return [set(column) for column in np.split(structure.by_output.indices, structure.by_output.indptr[1:-1])]


@TWINS
def test_windows_of_two_by_hand(twin):
    # Output j stands above the point j/2 + 1/4, its window of 2 starts at floor(j/2 - 3/4) = -1, -1, 0, 0, 1, 1, 2, 2.
    windows = twin.ring_windows(np.full(8, 2), 4).reshape(8, 2)
    assert windows.dtype == np.int64
    assert windows.tolist() == [[3, 0], [3, 0], [0, 1], [0, 1], [1, 2], [1, 2], [2, 3], [2, 3]]


@TWINS
def test_odd_windows_on_equal_sides_are_symmetric(twin):
    assert twin.ring_windows(np.full(5, 1), 5).tolist() == [0, 1, 2, 3, 4]
    assert twin.ring_windows(np.full(4, 3), 4).reshape(4, 3).tolist() == [[3, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 0]]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=40), st.integers(12, 50))
def test_reference_is_kernel(degrees, n):
    degrees = np.array(degrees)
    np.testing.assert_array_equal(kernel.ring_windows(degrees, n), reference.ring_windows(degrees, n))


def test_lattice_by_hand_lies_on_the_larger_side():
    lattice = small_world(4, 8, 16, np.random.default_rng(0), beta=0.0)
    assert partners_of_outputs(lattice) == [{3, 0}, {3, 0}, {0, 1}, {0, 1}, {1, 2}, {1, 2}, {2, 3}, {2, 3}]
    turned = small_world(8, 4, 16, np.random.default_rng(0), beta=0.0)
    np.testing.assert_array_equal(turned.to_scipy().toarray(), lattice.to_scipy().toarray().T)


def test_long_and_short_windows_alternate():
    lattice = small_world(6, 6, 9, np.random.default_rng(0), beta=0.0)
    assert np.diff(lattice.by_output.indptr).tolist() == [1, 2, 1, 2, 1, 2]


def test_lattice_draws_nothing():
    stream = np.random.default_rng(0)
    small_world(40, 30, 200, stream, beta=0.0)
    assert stream.random() == np.random.default_rng(0).random()


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0, 1), st.floats(0, 1), st.integers(0, 9))
def test_count_is_exact(n_in, n_out, fraction, beta, seed):
    links = round(fraction * n_in * n_out)
    assert small_world(n_in, n_out, links, np.random.default_rng(seed), beta=beta).nnz == links


def test_each_link_leaves_the_lattice_with_probability_beta():
    lattice = small_world(100, 200, 1000, np.random.default_rng(0), beta=0.0)
    rewired = small_world(100, 200, 1000, np.random.default_rng(0), beta=0.3)
    left = 1000 - len(np.intersect1d(lattice.keys(), rewired.keys()))
    # a removed link comes back with probability below 300 / 19300
    assert binom.ppf(1e-6, 1000, 0.3 * 0.98) < left < binom.ppf(1 - 1e-6, 1000, 0.3)


def test_beta_of_one_is_uniform():
    counts = np.zeros(12)
    for seed in range(2000):
        counts[small_world(3, 4, 4, np.random.default_rng(seed), beta=1.0).keys()] += 1
    assert chisquare(counts).pvalue > 1e-6


@pytest.mark.parametrize("beta", [-0.1, 1.5, float("nan"), "0.5"])
def test_beta_out_of_range(beta):
    with pytest.raises(InvalidInputError, match="beta="):
        small_world(3, 4, 2, np.random.default_rng(0), beta=beta)
