"""Each law has its spread; counts, types and seeds are kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kstest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import INITIAL_WEIGHTS, generate, initial_weights

LAYER = generate("erdos-renyi", 784, 1000, 0.01, rng=0)

LAWS = {
    "kaiming": ("norm", (0, 0.050508)),
    "swi": ("norm", (0, 0.505076)),
    "normal": ("norm", (0, 0.1)),
    "he-uniform": ("uniform", (-math.sqrt(6 / 784), 2 * math.sqrt(6 / 784))),
}


@pytest.mark.parametrize("name", LAWS)
def test_law(name):
    values = initial_weights(name, LAYER, rng=1, dtype=np.float64)
    assert values.shape == (7840,)
    law, parameters = LAWS[name]
    assert kstest(values, law, args=parameters).pvalue > 1e-6


def test_swi_spread_is_ten_times_that_of_kaiming_at_one_percent():
    swi, kaiming = (initial_weights(name, LAYER, rng=1, dtype=np.float64) for name in ("swi", "kaiming"))
    np.testing.assert_allclose(swi, 10 * kaiming, rtol=1e-12)


def test_zero():
    assert not initial_weights("zero", LAYER, rng=1).any()


@pytest.mark.parametrize("name", INITIAL_WEIGHTS)
def test_count_type_and_seed(name):
    values = initial_weights(name, LAYER, rng=2, count=5)
    assert (values.dtype, values.shape) == (np.float32, (5,))
    double = initial_weights(name, LAYER, rng=2, count=5, dtype=np.float64)
    np.testing.assert_array_equal(values, double.astype(np.float32))
    assert initial_weights(name, SparseStructure((2, 2), [0, 0, 0], []), rng=2).shape == (0,)


def test_unknown_name():
    with pytest.raises(InvalidInputError, match=r"weights='kaimin'.*did you mean 'kaiming'"):
        initial_weights("kaimin", LAYER)
