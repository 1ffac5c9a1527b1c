"""Epsilon and density: the published pairs and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.topology import density_from_epsilon, epsilon_from_density


def test_published_pairs():
    assert density_from_epsilon(20, 784, 1000) == pytest.approx(0.045510, abs=5e-7)
    assert density_from_epsilon(13, 784, 3000) == pytest.approx(0.020915, abs=5e-7)
    assert epsilon_from_density(0.01, 784, 1000) == pytest.approx(4.3946, abs=5e-5)
    assert epsilon_from_density(0.01, 1000, 1000) == 5.0


def test_a_small_layer_is_dense():
    assert density_from_epsilon(13, 3000, 10) == 1.0


@given(st.floats(0.001, 1), st.integers(1, 5000), st.integers(1, 5000))
def test_there_and_back(density, n_in, n_out):
    there = epsilon_from_density(density, n_in, n_out)
    assert density_from_epsilon(there, n_in, n_out) == pytest.approx(density, rel=1e-12)


def test_bad_input():
    with pytest.raises(InvalidInputError, match="epsilon=0"):
        density_from_epsilon(0, 3, 3)
    with pytest.raises(InvalidInputError, match="density=2"):
        epsilon_from_density(2, 3, 3)
