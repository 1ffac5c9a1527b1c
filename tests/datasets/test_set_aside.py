"""Samples set aside: each once, labels with their rows, by the seed."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.datasets import set_aside
from sparse_mlp.errors import InvalidInputError

Y = np.arange(40)
X = Y[:, None] * np.array([1.0, 10.0])


@pytest.mark.parametrize(("fraction", "count"), [(0.25, 10), (0.5, 20), (1e-9, 1)])
def test_every_sample_is_on_one_side_with_its_label(fraction, count):
    kept, aside = set_aside(X, Y, fraction, rng=3)
    assert len(aside[1]) == count and sorted([*kept[1], *aside[1]]) == list(Y)
    for x, y in (kept, aside):
        np.testing.assert_array_equal(x, X[y])
        assert (np.diff(y) > 0).all()


def test_the_seed_decides_and_all_are_drawn_alike():
    np.testing.assert_array_equal(set_aside(X, Y, 0.25, rng=3)[1][1], set_aside(X, Y, 0.25, rng=3)[1][1])
    drawn = np.bincount(np.concatenate([set_aside(X, Y, 0.25, rng=seed)[1][1] for seed in range(400)]), minlength=40)
    assert abs(drawn - 100).max() < 5 * np.sqrt(400 * 0.25 * 0.75)  # of a binomial count


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5])
def test_a_side_without_samples_is_refused(fraction):
    with pytest.raises(InvalidInputError, match="validation_fraction"):
        set_aside(X, Y, fraction)
