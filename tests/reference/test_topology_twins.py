"""Floyd's draw: by hand, then reference against kernel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.kernels import topology as kernel
from sparse_mlp.reference import topology as reference

TWINS = pytest.mark.parametrize("twin", [reference, kernel], ids=["reference", "kernel"])


@TWINS
def test_a_draw_that_is_taken_gives_its_bound(twin):
    # 4 of 6: the bounds are 2, 3, 4, 5; the second 1 gives 3, the 3 then gives 4, the 0 is free.
    expected = [1, 3, 4, 0]
    actual = twin.distinct_integers(np.array([1, 1, 3, 0]), 6)
    assert actual.dtype == np.int64
    assert actual.tolist() == expected


@TWINS
def test_all_and_none(twin):
    assert sorted(twin.distinct_integers(np.zeros(5, np.int64), 5)) == [0, 1, 2, 3, 4]
    assert len(twin.distinct_integers(np.zeros(0, np.int64), 5)) == 0


@given(st.integers(1, 300), st.data())
def test_reference_is_kernel(population, data):
    k = data.draw(st.integers(0, population))
    # Low draws clash much more often than uniform ones would.
    ceiling = data.draw(st.sampled_from([3, 300]))
    draws = np.array([data.draw(st.integers(0, min(ceiling, population - k + j))) for j in range(k)], np.int64)
    expected = reference.distinct_integers(draws, population)
    np.testing.assert_array_equal(kernel.distinct_integers(draws, population), expected)
    assert len(set(expected.tolist())) == k
    assert k == 0 or (expected.min() >= 0 and expected.max() < population)


def test_reference_is_kernel_at_positions_beyond_32_bits():
    population, k = 50_000**2, 3000
    draws = np.random.default_rng(1).integers(0, np.arange(population - k + 1, population + 1))
    draws[1::3] = draws[::3]
    expected = reference.distinct_integers(draws, population)
    assert expected.max() > 2**31
    np.testing.assert_array_equal(kernel.distinct_integers(draws, population), expected)
