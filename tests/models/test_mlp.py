"""SparseMLP: what it builds from a few numbers, the gradient of any order of layers, and life after a new wiring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import make_rule
from sparse_mlp.layers import (
    AllReLU,
    Dense,
    Dropout,
    LeakyReLU,
    MeanSquaredError,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    SparseLinear,
    Tanh,
)
from sparse_mlp.models import ACTIVATIONS, Samples, SparseMLP
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import density_from_epsilon

SIZES = [12, 20, 15, 4]


def layered_gradient(model: SparseMLP, x: Any, target: Any, loss: Any) -> tuple[float, Any]:
    """Loss and flat gradient by the passes for people, all samples at once."""
    scores, cache = model.forward(x)
    value, of_loss = loss.forward(scores, target)
    grads = model.backward(loss.backward(of_loss), cache)
    keys = [entry.key.split("/") for entry in model.store.entries]
    return value, np.concatenate([grads[layer][name].ravel() for layer, name in keys])


# ----------------------------------------------------------------------------------------- what is built


def test_layers_by_default() -> None:
    model = SparseMLP(SIZES, density=0.1, rng=0)
    assert [type(layer) for layer in model.layers] == [SparseLinear, ReLU, SparseLinear, ReLU, Dense]
    assert [layer.name for layer in model.linear_layers] == ["sparse1", "sparse2", "readout"]
    assert model.sparse_layers == model.evolving_layers == [model.layers[0], model.layers[2]]
    assert model.sizes == SIZES
    assert model.store.values.dtype == np.float32
    assert repr(model) == f"SparseMLP(12-20-15-4, {24 + 30 + 60} links)"


def test_links_are_counted_exactly() -> None:
    model = SparseMLP(SIZES, density=0.13, rng=0)
    assert [layer.structure.shape for layer in model.sparse_layers] == [(12, 20), (20, 15)]
    assert sum(layer.structure.nnz for layer in model.sparse_layers) == round(0.13 * (240 + 300))
    assert model.n_links == model.store.n_decayed == round(0.13 * 540) + 15 * 4


def test_a_sparse_readout_does_not_evolve() -> None:
    model = SparseMLP(SIZES, density=0.2, dense_readout=False, rng=0)
    assert [layer.name for layer in model.sparse_layers] == ["sparse1", "sparse2", "readout"]
    assert model.evolving_layers == model.sparse_layers[:2]
    assert sum(layer.structure.nnz for layer in model.sparse_layers) == round(0.2 * (240 + 300 + 60))


def test_epsilon_instead_of_density() -> None:
    model = SparseMLP(SIZES, epsilon=2, rng=0)
    for layer in model.sparse_layers:
        n_in, n_out = layer.structure.shape
        assert layer.structure.nnz == round(density_from_epsilon(2, n_in, n_out) * n_in * n_out) == 2 * (n_in + n_out)


def test_allocation_is_passed_on() -> None:
    even, er = (SparseMLP([10, 100, 10, 3], density=0.1, allocation=name, rng=0) for name in ("uniform", "er"))
    assert [layer.structure.nnz for layer in even.sparse_layers] == [100, 100]
    wide = SparseMLP([10, 10, 100, 3], density=0.1, allocation="er", rng=0)
    densities = [layer.structure.density for layer in wide.sparse_layers]
    assert densities[0] > 1.5 * densities[1], "ER gives small layers a larger share"
    assert sum(layer.structure.nnz for layer in er.sparse_layers) == 200


@pytest.mark.parametrize(
    ("activation", "kind"),
    [("relu", ReLU), ("leaky-relu", LeakyReLU), ("all-relu", AllReLU), ("sigmoid", Sigmoid), ("tanh", Tanh)],
)
def test_activations(activation: str, kind: type) -> None:
    model = SparseMLP(SIZES, activation=activation, density=0.3, rng=0)
    assert [type(layer) for layer in model.layers] == [SparseLinear, kind, SparseLinear, kind, Dense]


def test_identity_is_no_layer() -> None:
    model = SparseMLP(SIZES, activation="identity", density=0.3, rng=0)
    assert [type(layer) for layer in model.layers] == [SparseLinear, SparseLinear, Dense]


def test_all_relu_falls_first_then_rises() -> None:
    model = SparseMLP([3, 4, 4, 4, 2], activation="all-relu", density=0.5, rng=0)
    assert [layer.slope for layer in model.layers if isinstance(layer, AllReLU)] == [-0.6, 0.6, -0.6]


def test_dropout_stands_behind_each_activation() -> None:
    model = SparseMLP(SIZES, density=0.3, dropout=0.25, rng=0)
    kinds = [SparseLinear, ReLU, Dropout, SparseLinear, ReLU, Dropout, Dense]
    assert [type(layer) for layer in model.layers] == kinds
    assert {layer.rate for layer in model.layers if isinstance(layer, Dropout)} == {0.25}


def test_one_seed_one_network() -> None:
    first, same, other = (SparseMLP(SIZES, density=0.2, rng=seed) for seed in (5, 5, 6))
    assert first.store.values.tobytes() == same.store.values.tobytes()
    assert [a.structure for a in first.sparse_layers] == [b.structure for b in same.sparse_layers]
    assert [a.structure for a in first.sparse_layers] != [b.structure for b in other.sparse_layers]


def test_the_wiring_does_not_depend_on_the_weights() -> None:
    """One stream each: another law of weights leaves the links alone."""
    a, b = (SparseMLP(SIZES, density=0.2, weights=weights, rng=5) for weights in ("swi", "zero"))
    assert [x.structure for x in a.sparse_layers] == [y.structure for y in b.sparse_layers]


def test_a_single_layer() -> None:
    model = SparseMLP([5, 3], rng=0)
    assert [type(layer) for layer in model.layers] == [Dense]
    assert model.sparse_layers == model.evolving_layers == [] and model.n_links == 15
    assert model.predict_scores(np.zeros((2, 5))).tolist() == [[0] * 3] * 2


def test_dense_counterpart() -> None:
    model = SparseMLP.dense([6, 8, 3], rng=0)
    assert [type(layer) for layer in model.layers] == [Dense, ReLU, Dense]
    assert [layer.name for layer in model.linear_layers] == ["dense1", "readout"]
    assert model.sparse_layers == [] and model.n_links == 6 * 8 + 8 * 3
    assert model.predict_scores(np.zeros((2, 6))).shape == (2, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": [5]}, r"sizes=\[5\]"),
        ({"sizes": []}, r"sizes=\[\]"),
        ({"sizes": [5, 0, 3]}, "layer size=0"),
        ({"sizes": [5, 2.5, 3]}, "layer size=2.5"),
        ({"density": 5}, "density=5"),
        ({"density": 0}, "density=0"),
        ({"activation": "rely"}, "activation='rely'"),
        ({"allocation": "erkk"}, "erkk"),
        ({"topology": "erdos"}, "erdos"),
        ({"weights": "sw"}, "weights='sw'"),
        ({"dropout": 1}, "dropout=1"),
        ({"backend": "tpu"}, "backend='tpu'"),
        ({"rng": "seed"}, "rng='seed'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SparseMLP(**({"sizes": SIZES, "density": 0.2} | options))


# ------------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("backend", ["scipy", "numba"])
def test_gradient_of_every_backend(activation: str, backend: str) -> None:
    """One gradient, whether by kernels, by scipy products or by loops."""
    options: dict[str, Any] = {"density": 0.3, "activation": activation, "dtype": np.float64, "rng": 0}
    model, truth = SparseMLP(SIZES, backend=backend, **options), SparseMLP(SIZES, backend="reference", **options)
    rng = np.random.default_rng(1)
    batch = Samples(rng.normal(size=(30, 12)), rng.permutation(30)[:20], rng.integers(0, 4, 30))
    value = model.gradient(batch, SoftmaxCrossEntropy(backend=backend))
    assert value == pytest.approx(truth.gradient(batch, SoftmaxCrossEntropy(backend="reference")), rel=1e-12)
    wanted = truth.store.gradient
    assert np.abs(model.store.gradient - wanted).max() <= 1e-12 * np.abs(wanted).max()


def test_scores_take_any_memory_order_and_number_type() -> None:
    model = SparseMLP(SIZES, density=0.3, rng=0)
    x = np.arange(36).reshape(3, 12)
    wanted = model.predict_scores(x.astype(np.float32))
    for form in (x, x.astype(np.float64), np.asfortranarray(x.astype(np.float32)), x.tolist()):
        assert np.array_equal(model.predict_scores(form), wanted)


def test_dropout_acts_while_training_only() -> None:
    model = SparseMLP(SIZES, density=0.5, dropout=0.5, rng=0)
    x = np.random.default_rng(3).normal(size=(40, 12)).astype(np.float32)
    quiet = model.predict_scores(x)
    assert np.array_equal(quiet, model.predict_scores(x)) and np.array_equal(quiet, model.forward(x)[0])
    drawn = [model.forward(x, np.random.default_rng(seed))[0] for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    batch = Samples(x, np.arange(40), np.zeros(40, np.int64))
    losses = [
        model.gradient(batch, SoftmaxCrossEntropy(), rng)
        for rng in (None, np.random.default_rng(0), np.random.default_rng(0), np.random.default_rng(1))
    ]
    assert losses[1] == losses[2] and len(set(losses)) == 3


def linear(n_in: int, n_out: int, name: str) -> SparseLinear:
    structure = SparseStructure.complete((n_in, n_out))
    return SparseLinear(structure, "normal", rng=n_in, dtype=np.float64, name=name)


def dense(n_in: int, n_out: int, name: str) -> Dense:
    return Dense(n_in, n_out, rng=n_out, dtype=np.float64, name=name)


@pytest.mark.parametrize(
    "layers",
    [
        [linear(3, 4, "a"), Tanh(), linear(4, 2, "b")],
        [linear(3, 4, "a"), linear(4, 2, "b")],
        [linear(3, 4, "a"), Tanh(), Dropout(0.0), dense(4, 2, "b")],
        [linear(3, 4, "a"), Tanh(), linear(4, 2, "b"), Tanh()],
        [linear(3, 4, "a"), ReLU(), linear(4, 2, "b"), ReLU()],
        [linear(3, 4, "a"), ReLU(), dense(4, 2, "b"), Sigmoid()],
        [linear(3, 4, "a"), ReLU(), Dropout(0.5), Dropout(0.0), linear(4, 2, "b")],
        [linear(3, 4, "a"), ReLU(), Dropout(0.5), Tanh(), linear(4, 2, "b")],
        [linear(3, 4, "a"), AllReLU(0.6), Tanh(), linear(4, 2, "b")],
        [ReLU(), ReLU(), linear(3, 2, "a")],
        [linear(3, 4, "a"), dense(4, 5, "b"), Tanh(), linear(5, 2, "c")],
        [dense(3, 4, "a"), ReLU(), linear(4, 2, "b")],
    ],
    ids=lambda layers: "-".join(type(layer).__name__ for layer in layers),
)
def test_any_order_of_layers_has_its_true_gradient(layers: list[Any]) -> None:
    model, rng = SparseMLP.from_layers(layers), np.random.default_rng(0)
    for layer in model.linear_layers:
        layer.bias[:] = rng.normal(size=len(layer.bias))
    x, target = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    batch, loss = Samples(x, np.arange(6), target), MeanSquaredError()
    value = model.gradient(batch, loss, np.random.default_rng(1))
    gradient, values = model.store.gradient.copy(), model.store.values
    losses = []
    for at, step in [(at, step) for at in range(len(values)) for step in (1e-6, -1e-6)]:
        before = values[at]
        values[at] = before + step
        losses.append(loss.forward(model.forward(x, np.random.default_rng(1))[0], target)[0])
        values[at] = before
    assert value == pytest.approx(loss.forward(model.forward(x, np.random.default_rng(1))[0], target)[0], rel=1e-12)
    numeric = np.subtract(losses[::2], losses[1::2]) / 2e-6
    np.testing.assert_allclose(gradient, numeric, 1e-6, 1e-8)
    assert model.predict_scores(x) == pytest.approx(model.forward(x)[0], rel=1e-12)


# ------------------------------------------------------------------------------------------- new wiring


def evolved(model: SparseMLP) -> Any:
    update = make_rule("set", zeta=0.4).update(model.units, 0.0, np.random.default_rng(9))
    return update, model.apply(update)


@pytest.mark.parametrize("backend", ["numba", "scipy"])
def test_gradient_after_a_new_wiring(backend: str) -> None:
    model = SparseMLP(SIZES, density=0.3, dtype=np.float64, backend=backend, rng=0)
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(30, 12)), rng.integers(0, 4, 30)
    batch, before = Samples(x, np.arange(30), labels), [layer.structure for layer in model.sparse_layers]
    model.gradient(batch, SoftmaxCrossEntropy())
    old = model.store.values.copy()
    _, carry = evolved(model)
    assert all(layer.structure != then for layer, then in zip(model.sparse_layers, before, strict=True))
    kept = carry >= 0
    assert np.array_equal(model.store.values[kept], old[carry[kept]])
    assert 0 < np.count_nonzero(~kept) < model.n_links
    value = model.gradient(batch, SoftmaxCrossEntropy())
    wanted, gradient = layered_gradient(model, x, labels, SoftmaxCrossEntropy())
    assert value == pytest.approx(wanted, rel=1e-12)
    assert model.store.gradient == pytest.approx(gradient, rel=1e-10, abs=1e-15)
    assert model.predict_scores(x) == pytest.approx(model.forward(x)[0], rel=1e-12)


def test_load_values() -> None:
    model, other = (SparseMLP(SIZES, density=0.3, rng=seed) for seed in (0, 1))
    x = np.random.default_rng(1).normal(size=(5, 12)).astype(np.float32)
    model.predict_scores(x)
    for layer, source in zip(model.sparse_layers, other.sparse_layers, strict=True):
        layer.structure, layer.weight = source.structure, np.zeros(source.structure.nnz, np.float32)
    model.load_values(other.store.values)
    assert np.array_equal(model.predict_scores(x), other.predict_scores(x))
    assert np.array_equal(model.forward(x)[0], other.forward(x)[0])
    with pytest.raises(InvalidInputError, match=r"\(3,\) values"):
        model.load_values(np.zeros(3, np.float32))


def test_weights_given_to_a_layer_count_in_a_step_too() -> None:
    model, x = SparseMLP([3, 4, 2], density=0.9, rng=0), np.ones((2, 3), np.float32)
    model.predict_scores(x)
    layer = model.sparse_layers[0]
    layer.weight = 3 * layer.weight
    np.testing.assert_allclose(model.predict_scores(x), model.forward(x)[0], rtol=1e-5)
    links = layer.structure.select(np.arange(layer.structure.nnz) > 2)
    layer.rewire(links, links.positions_in(layer.structure), np.zeros(0))
    np.testing.assert_allclose(model.predict_scores(x), model.forward(x)[0], rtol=1e-5)
    model.gradient(Samples(x, np.arange(2), np.array([0, 1])), SoftmaxCrossEntropy())
    assert model.store.n_decayed == links.nnz + 8 == len(model.store.gradient) - 6


# ------------------------------------------------------------------------------------- what is refused


def test_density_and_epsilon_exclude_each_other() -> None:
    with pytest.raises(InvalidInputError, match=r"density=0\.1 and epsilon=2"):
        SparseMLP([3, 4, 2], density=0.1, epsilon=2)


def test_an_epsilon_that_leaves_a_layer_without_links_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"epsilon=1e-300.*5 x 5"):
        SparseMLP([5, 5, 2], epsilon=1e-300)


@pytest.mark.parametrize("dtype", ["float16", np.longdouble, int, bool, complex, "abc", object, ">f4"])
def test_networks_and_layers_compute_in_two_precisions(dtype: Any) -> None:
    wanted = pytest.raises(InvalidInputError, match=r"dtype=.*float32 or float64")
    with wanted:
        SparseMLP([6, 12, 3], density=0.3, dtype=dtype)
    with wanted:
        SparseMLP.dense([6, 12, 3], dtype=dtype)
    with wanted:
        SparseMLP([6, 12, 3], density=0.5, motif_size=3, dtype=dtype)
    with wanted:
        Dense(3, 4, dtype=dtype)
    with wanted:
        SparseLinear(SparseStructure.complete((3, 4)), dtype=dtype)


def test_a_layer_of_another_precision_is_refused_by_its_network() -> None:
    layer = Dense(3, 4)
    layer.weight, layer.bias = layer.weight.astype(np.float16), layer.bias.astype(np.float16)
    with pytest.raises(InvalidInputError, match="float16"):
        SparseMLP.from_layers([layer])


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_inputs_that_are_not_finite_have_no_scores(number: float) -> None:
    x = np.zeros((3, 6), np.float32)
    x[1, 2] = number
    with pytest.raises(InvalidInputError, match="input with infinite or missing"):
        SparseMLP([6, 12, 3], density=0.3).predict_scores(x)


def test_scores_that_overflow_are_warned_of() -> None:
    model = SparseMLP([6, 12, 3], density=0.9, rng=0)
    x = np.zeros((5, 6), np.float32)
    x[:2] = 3e38
    with pytest.warns(RuntimeWarning, match="2 of 5 samples"):
        model.predict_scores(x)


def test_a_density_that_leaves_a_layer_without_links_is_named() -> None:
    with pytest.raises(InvalidInputError, match="density=1e-09"):
        SparseMLP([3, 4, 2], density=1e-9)


def test_layers_without_parameters_are_refused() -> None:
    for layers in ([], [ReLU()], [Dropout(0.5), Tanh()]):
        with pytest.raises(InvalidInputError):
            SparseMLP.from_layers(layers)
