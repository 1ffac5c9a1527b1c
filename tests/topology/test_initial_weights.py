"""Each distribution has its spread; counts, types and seeds are kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kstest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.topology import INITIAL_WEIGHTS, initial_weights

DISTRIBUTIONS = {
    "kaiming": ("norm", (0, 0.050508)),
    "swi": ("norm", (0, 0.505076)),
    "normal": ("norm", (0, 0.1)),
    "he-uniform": ("uniform", (-math.sqrt(6 / 784), 2 * math.sqrt(6 / 784))),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_distribution(name):
    values = initial_weights(name, 7840, fan_in=784, density=0.01, rng=1, dtype=np.float64)
    assert values.shape == (7840,)
    kind, parameters = DISTRIBUTIONS[name]
    assert kstest(values, kind, args=parameters).pvalue > 1e-6


def test_swi_spread_is_ten_times_that_of_kaiming_at_one_percent():
    swi, kaiming = (
        initial_weights(name, 50, fan_in=784, density=0.01, rng=1, dtype=np.float64) for name in ("swi", "kaiming")
    )
    np.testing.assert_allclose(swi, 10 * kaiming, rtol=1e-12)


def test_zero():
    assert not initial_weights("zero", 9, fan_in=3, rng=1).any()


@pytest.mark.parametrize("name", INITIAL_WEIGHTS)
def test_count_type_and_seed(name):
    values = initial_weights(name, 5, fan_in=7, fan_out=3, density=0.5, rng=2)
    assert (values.dtype, values.shape) == (np.float32, (5,))
    double = initial_weights(name, 5, fan_in=7, fan_out=3, density=0.5, rng=2, dtype=np.float64)
    np.testing.assert_array_equal(values, double.astype(np.float32))
    assert initial_weights(name, 0, fan_in=2, fan_out=2, density=0.0, rng=2).shape == (0,)


def test_unknown_name():
    with pytest.raises(InvalidInputError, match=r"weights='kaimin'.*did you mean 'kaiming'"):
        initial_weights("kaimin", 5, fan_in=7)


def ramp(rng, count, fan_in, density):
    return np.arange(count) / (fan_in * density)


def test_a_distribution_of_the_users_own(tmp_path):
    expected = [0.0, 0.25, 0.5]
    assert initial_weights(ramp, 3, fan_in=8, density=0.5).tolist() == expected
    path = tmp_path / "mine.py"
    path.write_text("def ramp(rng, count, fan_in, density):\n    return [i / fan_in / density for i in range(count)]\n")
    assert initial_weights(f"{path}:ramp", 3, fan_in=8, density=0.5).tolist() == expected


@pytest.mark.parametrize(
    ("drawn", "found"),
    [
        (np.zeros(2), r"float64 \(2,\) from the distribution .*mine"),
        (np.array(["a", "b", "c"]), "<U1"),
        (np.array([0.0, np.nan, 1.0]), "expected finite numbers"),
    ],
)
def test_what_a_distribution_returns_is_checked(drawn, found):
    def mine(rng, count, fan_in, density):
        return drawn

    with pytest.raises(InvalidInputError, match=found):
        initial_weights(mine, 3, fan_in=8)


def test_glorot_looks_at_both_sides():
    """Bounds sqrt(6 / (10 + 14)) = .5, and .5 / sqrt(.25) = 1 where a quarter of the links is there."""
    dense = initial_weights("glorot", 20000, fan_in=10, fan_out=14, rng=0, dtype="float64")
    sparse = initial_weights("glorot-sparse", 20000, fan_in=10, fan_out=14, density=0.25, rng=0, dtype="float64")
    assert 0.499 < np.abs(dense).max() <= 0.5
    np.testing.assert_allclose(sparse, 2 * dense)
    with pytest.raises(InvalidInputError, match="fan_out"):
        initial_weights("glorot", 3, fan_in=10)
