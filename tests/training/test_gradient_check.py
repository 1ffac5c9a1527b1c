"""The gradient check passes what is right and names what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from training_cases import N_IN, N_OUT, make_model, samples

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.layers import Dense, MeanSquaredError, ReLU, SoftmaxCrossEntropy, SparseLinear, Tanh
from sparse_mlp.models import SparseMLP
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training import gradient_check

BACKENDS = ("reference", "scipy", "numba")


def _model(**options):
    """Return a network whose biases are not zero: a neuron without active input would stand on the kink of the ReLU."""
    model = make_model(dtype="float64", **options)
    model.store.values[model.store.n_decayed :] = 0.1 * np.random.default_rng(4).standard_normal(15 + 10 + N_OUT)
    return model


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_right_network_passes(backend, activation):
    model = _model(activation=activation, backend=backend)
    x, labels = samples(6, np.float64)
    before = model.store.values.copy()
    check = gradient_check(model, x, labels, SoftmaxCrossEntropy(0.1, backend=backend), step=1e-5)
    assert 0 < check.relative_error < 1e-6
    np.testing.assert_array_equal(model.store.values, before)


def test_a_right_network_passes_with_another_loss():
    x = samples(6, np.float64)[0]
    target = np.random.default_rng(0).random((6, N_OUT))
    assert gradient_check(_model(), x, target, MeanSquaredError(), step=1e-5).relative_error < 1e-6


def _three_layers(second):
    """Return a network whose middle layer is made by `second(structure, **options)`."""
    first = SparseStructure.from_coo(np.arange(N_IN), np.arange(N_IN) % 8, shape=(N_IN, 8))
    middle = SparseStructure.from_coo(np.arange(8), np.arange(8) % 5, shape=(8, 5))
    options = {"dtype": "float64", "rng": 0, "backend": "scipy"}
    layers = [
        SparseLinear(first, name="first", **options), Tanh(backend="scipy"),
        second(middle, name="middle", **options), Tanh(backend="scipy"), Dense(5, N_OUT, name="last", **options),
    ]  # fmt: skip
    return SparseMLP.from_layers(layers)


class _WrongWeights(SparseLinear):
    def backward_tiles(self, dy, cache, batch, grads, *rest, **options):
        dx = super().backward_tiles(dy, cache, batch, grads, *rest, **options)
        grads["weight"] *= 1.01
        return dx


class _WrongBias(SparseLinear):
    def backward_tiles(self, dy, cache, batch, grads, *rest, **options):
        dx = super().backward_tiles(dy, cache, batch, grads, *rest, **options)
        grads["bias"] *= -1
        return dx


class _WrongInput(SparseLinear):
    def backward_tiles(self, dy, cache, batch, grads, *rest, **options):
        return 2 * super().backward_tiles(dy, cache, batch, grads, *rest, **options)


class _NotANumber(SparseLinear):
    def backward_tiles(self, dy, cache, batch, grads, *rest, **options):
        dx = super().backward_tiles(dy, cache, batch, grads, *rest, **options)
        grads["weight"] *= np.nan
        return dx


@pytest.mark.parametrize(
    ("layer", "named", "least", "most"),
    [
        (SparseLinear, "", 0.0, 1e-6),
        (_WrongWeights, "middle.weight[", 0.0099, 0.0100),  # 1 - 1 / 1.01
        (_WrongBias, "middle.bias[", 1.999, 2.001),
        (_WrongInput, "first.", 0.499, 0.501),  # the layers below suffer
        (_NotANumber, "middle.weight[", np.inf, np.inf),
    ],
)
def test_a_wrong_layer_is_caught_and_named(layer, named, least, most):
    x, labels = samples(6, np.float64)
    check = gradient_check(_three_layers(layer), x, labels, SoftmaxCrossEntropy(backend="scipy"), step=1e-5)
    assert least <= check.relative_error <= most
    assert check.parameter.startswith(named)


def test_the_entry_that_is_named_is_the_wrong_one():
    class Wrong(SparseLinear):
        def backward_tiles(self, dy, cache, batch, grads, *rest, **options):
            dx = super().backward_tiles(dy, cache, batch, grads, *rest, **options)
            grads["weight"][6] += 0.5
            return dx

    x, labels = samples(6, np.float64)
    check = gradient_check(_three_layers(Wrong), x, labels, SoftmaxCrossEntropy(backend="scipy"))
    assert check.parameter == "middle.weight[6]"
    np.testing.assert_allclose(check.analytic - check.numeric, 0.5, rtol=1e-6)


def _at_the_kink(bias: float) -> SparseMLP:
    """Return 1-2-1 neurons whose hidden pre-activations are `bias` when the input is 0."""
    options = {"dtype": "float64", "rng": 0, "backend": "scipy"}
    model = SparseMLP.from_layers(
        [Dense(1, 2, name="a", **options), ReLU(backend="scipy"), Dense(2, 1, name="b", **options)]
    )
    model.layers[0].bias[:] = bias
    return model


def test_entries_at_a_kink_are_counted_and_left_out():
    """Of two weights and two biases a side the two hidden biases stand on the kink; the input 0 hides the weights."""
    check = gradient_check(_at_the_kink(0.0), np.zeros((1, 1)), np.ones((1, 1)), MeanSquaredError())
    assert (check.checked, check.kinks) == (5, 2) and check.relative_error < 1e-6


@pytest.mark.parametrize("bias", [3e-6, -3e-6, 9e-6, 1e-4])
def test_a_kink_within_the_step_does_not_condemn_a_right_gradient(bias):
    check = gradient_check(_at_the_kink(bias), np.zeros((1, 1)), np.ones((1, 1)), MeanSquaredError(), step=1e-5)
    assert (check.checked, check.kinks) == (7, 0) and check.relative_error < 1e-6


def test_a_wrong_gradient_near_kinks_is_still_wrong():
    model = _at_the_kink(1e-3)
    layer = model.layers[0]
    right = type(layer).backward_tiles

    class Wrong(Dense):
        def backward_tiles(self, dy, cache, batch, grads, *rest, **options):
            dx = right(self, dy, cache, batch, grads, *rest, **options)
            grads["bias"] *= 1.1
            return dx

    layer.__class__ = Wrong
    check = gradient_check(model, np.zeros((1, 1)), np.ones((1, 1)), MeanSquaredError())
    assert check.parameter.startswith("a.bias[") and 0.09 < check.relative_error < 0.1 and check.kinks == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_sparse_relu_network_as_it_is_built_passes(seed):
    """Many of its neurons have no active input and stand on the kink, since biases begin at zero."""
    x, labels = samples(6, np.float64)
    model = SparseMLP([N_IN, 200, 200, N_OUT], density=0.01, rng=seed, dtype="float64", backend="scipy")
    check = gradient_check(model, x, labels, SoftmaxCrossEntropy(backend="scipy"), entries=40)
    assert check.relative_error < 1e-5 and 0 < check.kinks < check.checked


def test_a_loss_that_jumps_is_not_excused_as_a_kink():
    class Jump(MeanSquaredError):
        def forward(self, scores, target):
            value, cache = super().forward(scores, target)
            return value + (scores[0, 0] > 0), cache

    check = gradient_check(_at_the_kink(0.0), np.zeros((1, 1)), np.ones((1, 1)), Jump())
    assert check.parameter == "b.bias[0]" and check.relative_error > 0.9


def test_a_check_of_nothing_but_kinks_is_refused():
    class OnlyBias(Dense):
        def parameters(self):
            return {"bias": self.bias}

        def backward_tiles(self, dy, cache, batch, grads, *rest, **options):
            return super().backward_tiles(dy, cache, batch, {**grads, "weight": np.zeros((1, 1))}, *rest, **options)

    layers = [OnlyBias(1, 1, name="a", dtype="float64", backend="scipy"), ReLU(backend="scipy")]
    with pytest.raises(InvalidInputError, match="kink"):
        gradient_check(SparseMLP.from_layers(layers), np.zeros((1, 1)), np.ones((1, 1)), MeanSquaredError())


def test_float32_is_refused():
    x, labels = samples(6, np.float32)
    with pytest.raises(InvalidInputError, match="float32"):
        gradient_check(make_model(), x, labels, SoftmaxCrossEntropy())
