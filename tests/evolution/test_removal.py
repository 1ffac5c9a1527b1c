"""Removal: fractions, errors, and the name of the layer in them."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import remove_by_magnitude, remove_by_sign


@pytest.mark.usefixtures("backend")
def test_floor_of_the_share(make_layer):
    layer = make_layer([[1, 1, 1, 1], [1, 1, 1, 0]], [5, -1, 4, 2, -3, 7, 6])
    # floor(.3 * 7) = 2 jointly; floor(.3 * 2) = 0 of the negative and floor(.3 * 5) = 1 of the positive ones
    assert layer.weight[~remove_by_magnitude(layer, 0.3)].tolist() == [-1, 2]
    assert layer.weight[~remove_by_sign(layer, 0.3)].tolist() == [2]


@pytest.mark.parametrize("remove", [remove_by_magnitude, remove_by_sign])
def test_nothing_everything_and_the_smallest_layers(make_layer, remove):
    layer = make_layer(np.ones((2, 3)))
    assert remove(layer, 0).all()
    assert not remove(layer, 1).any()
    assert remove(make_layer([[0, 1]]), 0.99).tolist() == [True]
    assert remove(make_layer(np.zeros((2, 2))), 0.5).tolist() == []


@pytest.mark.parametrize("remove", [remove_by_magnitude, remove_by_sign])
def test_errors(make_layer, remove):
    with pytest.raises(InvalidInputError, match=r"zeta=30.*percentage"):
        remove(make_layer(np.ones((2, 3))), 30)
    layer = make_layer([[1, 1]], name="second")
    layer.weight[1] = np.nan
    with pytest.raises(InvalidInputError, match=r"weight\[1\] = nan in layer second"):
        remove(layer, 0.5)
