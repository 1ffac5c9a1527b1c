from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers.activations import Activation, AllReLU, LeakyReLU, ReLU, Sigmoid, Tanh

ALL = [ReLU, lambda **k: LeakyReLU(0.2, **k), lambda **k: AllReLU(0.6, 0, **k), lambda **k: AllReLU(0.6, 1, **k),
       Sigmoid, Tanh]  # fmt: skip
NAMES = ["relu", "leaky", "all-relu-even", "all-relu-odd", "sigmoid", "tanh"]

X = np.array([[-2.0, -0.5], [0.0, 1.5]])
DY = np.array([[10.0, 1.0], [100.0, 1000.0]])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("layer", "slope"), [(ReLU, 0.0), (lambda **k: LeakyReLU(0.1, **k), 0.1),
                         (lambda **k: AllReLU(0.5, 2, **k), -0.5), (lambda **k: AllReLU(0.5, 3, **k), 0.5)],
    ids=["relu", "leaky", "all-relu-even", "all-relu-odd"],
)  # fmt: skip
def test_piecewise_linear_by_hand(layer, slope, backend):
    layer = layer(backend=backend)
    assert layer.slope == slope and layer.is_relu == (slope == 0)
    y, cache = layer.forward(X)
    np.testing.assert_array_equal(y, [[-2.0 * slope, -0.5 * slope], [0.0, 1.5]])
    dx, grads = layer.backward(DY, cache)
    np.testing.assert_array_equal(dx, [[10.0 * slope, slope], [100.0 * slope, 1000.0]])
    assert grads == {} == layer.parameters()


@pytest.mark.parametrize("backend", BACKENDS)
def test_sigmoid_by_hand(backend):
    layer = Sigmoid(backend=backend)
    y, cache = layer.forward(np.array([[0.0, math.log(3.0), -math.log(4.0)]]))
    np.testing.assert_allclose(y, [[0.5, 0.75, 0.2]], rtol=1e-15)
    dx, _ = layer.backward(np.array([[1.0, 16.0, 100.0]]), cache)
    np.testing.assert_allclose(dx, [[0.25, 3.0, 16.0]], rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_tanh_by_hand(backend):
    layer = Tanh(backend=backend)
    y, cache = layer.forward(np.array([[0.0, 0.5 * math.log(3.0)]]))  # tanh(log(3)/2) = (3 - 1) / (3 + 1)
    np.testing.assert_allclose(y, [[0.0, 0.5]], rtol=1e-15)
    dx, _ = layer.backward(np.array([[1.0, 8.0]]), cache)
    np.testing.assert_allclose(dx, [[1.0, 6.0]], rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_and_tanh_at_huge_inputs_neither_overflow_nor_warn(backend, dtype):
    huge = np.array([[-1e30, -1000.0, 1000.0, 1e30]], dtype)
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(Sigmoid(backend=backend).forward(huge)[0], [[0, 0, 1, 1]])
        np.testing.assert_array_equal(Tanh(backend=backend).forward(huge)[0], [[-1, -1, 1, 1]])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", ALL, ids=NAMES)
def test_a_missing_number_is_passed_on(make, backend):
    assert np.isnan(make(backend=backend).forward(np.array([[np.nan]]))[0]).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", ALL, ids=NAMES)
def test_backward_agrees_with_central_differences(make, backend, assert_gradient):
    rng = np.random.default_rng(1)
    x = rng.uniform(0.1, 2.0, (3, 4)) * rng.choice([-1, 1], (3, 4))  # away from the kink
    dy = rng.normal(size=x.shape)
    layer: Activation = make(backend=backend)
    dx, _ = layer.backward(dy, layer.forward(x)[1])
    assert_gradient(lambda: float(np.sum(layer.forward(x)[0] * dy)), x, dx)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", ALL, ids=NAMES)
def test_precision_and_input_are_kept(make, dtype, backend):
    x = np.linspace(-1, 1, 6, dtype=dtype).reshape(2, 3)
    before = x.copy()
    layer: Activation = make(backend=backend)
    y, cache = layer.forward(x)
    dx, _ = layer.backward(np.ones_like(y), cache)
    assert y.dtype == dx.dtype == dtype
    np.testing.assert_array_equal(x, before)


def test_all_relu_alternates_from_minus_alpha():
    assert [AllReLU(0.6, layer_index=i).slope for i in range(4)] == [-0.6, 0.6, -0.6, 0.6]


def test_layers_can_be_pickled():
    layer = pickle.loads(pickle.dumps(AllReLU(0.25, 1, backend="numba")))
    assert (layer.slope, layer.backend, repr(layer)) == (0.25, "numba", "AllReLU(alpha=0.25, layer_index=1)")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LeakyReLU(-0.1), "slope=-0.1"),
        (lambda: AllReLU(float("nan")), "alpha=nan"),
        (lambda: AllReLU(0.5, -1), "layer_index=-1"),
        (lambda: ReLU(backend="numbra"), "'numba'"),
        (lambda: ReLU().forward(np.zeros(3)), r"layer 'relu' of shape \(3,\)"),
        (lambda: ReLU().forward(np.zeros((1, 3), int)), "layer 'relu' of int64"),
    ],
)
def test_bad_values_are_refused(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()
