from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import dense
from sparse_mlp.layers.dense import Dense


def by_hand(backend="numba") -> Dense:
    layer = Dense(2, 3, weights="zero", dtype="float64", backend=backend)
    layer.weight[:] = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    layer.bias[:] = [0.5, 0.0, -0.5]
    return layer


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("most_links", [0, 2**20])  # by BLAS, and as if it were sparse
def test_forward_and_backward_by_hand(backend, most_links, monkeypatch):
    monkeypatch.setattr(dense, "MOST_LINKS", most_links)
    monkeypatch.setattr(dense, "NARROW", 0)
    layer = by_hand(backend)
    assert layer.uses_blas == (backend != "numba" or most_links == 0)
    y, cache = layer.forward(np.array([[1.0, 0.0], [2.0, -1.0]]))
    np.testing.assert_array_equal(y, [[1.5, 2.0, 2.5], [-1.5, -1.0, -0.5]])
    dx, grads = layer.backward(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]]), cache)
    np.testing.assert_array_equal(dx, [[1.0, 4.0], [-1.0, -1.0]])
    np.testing.assert_array_equal(grads["weight"], [[1.0, 2.0, -2.0], [0.0, -1.0, 1.0]])
    np.testing.assert_array_equal(grads["bias"], [1.0, 1.0, -1.0])


def test_backward_agrees_with_central_differences(assert_gradient):
    rng = np.random.default_rng(4)
    layer = Dense(4, 3, rng=rng, dtype="float64")
    layer.bias[:] = rng.normal(size=3)
    x, dy = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    dx, grads = layer.backward(dy, layer.forward(x)[1])

    def value() -> float:
        return float(np.sum(layer.forward(x)[0] * dy))

    assert_gradient(value, x, dx)
    assert grads.keys() == layer.parameters().keys()
    for name, parameter in layer.parameters().items():
        assert_gradient(value, parameter, grads[name])


def test_parameters_share_memory_and_everything_has_their_precision():
    layer = Dense(3, 2, rng=0)
    layer.parameters()["weight"][0, 0] = 7.0
    assert layer.weight[0, 0] == 7.0
    y, cache = layer.forward(np.ones((4, 3), np.float32))
    dx, grads = layer.backward(np.ones((4, 2), np.float32), cache)
    assert y.dtype == dx.dtype == grads["weight"].dtype == grads["bias"].dtype == np.float32


def test_one_seed_means_one_layer_in_any_precision():
    single, double = Dense(20, 10, rng=5), Dense(20, 10, rng=5, dtype="float64")
    np.testing.assert_array_equal(single.weight, double.weight.astype(np.float32))
    assert np.ptp(double.weight) > 0 and not single.bias.any()
    # Kaiming: standard deviation sqrt(2 / 20), within four standard errors of 200 draws
    assert abs(double.weight.std() / np.sqrt(0.1) - 1) < 4 / np.sqrt(400)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0, 3), "n_in=0"),
        (lambda: Dense(3, 2.5), "n_out=2.5"),
        (lambda: Dense(3, 2, weights="kaming"), "'kaming'"),
        (lambda: by_hand().forward(np.zeros((4, 3))), "found 3 features .* 'dense'"),
    ],
)
def test_bad_values_are_refused(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()
