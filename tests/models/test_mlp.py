"""SparseMLP: what it builds from a few numbers, one gradient by two paths, and life after a new wiring."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from sparse_mlp.models.compiled import structure_of, why_not_compiled

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import make_rule, one_chain
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import (
    AllReLU,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    MeanSquaredError,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    SparseLinear,
    Tanh,
)
from sparse_mlp.models import ACTIVATIONS, SparseMLP, compiled, mlp
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import density_from_epsilon

SIZES = [12, 20, 15, 4]


def layered_gradient(model: SparseMLP, x: Any, target: Any, loss: Any) -> tuple[float, Any]:
    """Loss and flat gradient by the layer objects, whatever the model itself would do."""
    scores, caches = model.forward(x)
    value, cache = loss.forward(scores, target)
    grads = [grad for grad in model.backward(loss.backward(cache), caches) if grad]
    parts = [grad["weight"].ravel() for grad in grads] + [grad["bias"] for grad in grads]
    return value, np.concatenate(parts)


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
    assert model.n_links == model.store.n_weights == round(0.13 * 540) + 15 * 4


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
    assert model.compiled is None
    assert model.predict_scores(np.zeros((2, 6))).shape == (2, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": [5]}, r"sizes=\[5\]; expected at least an input and an output size"),
        ({"sizes": []}, r"sizes=\[\]"),
        ({"sizes": [5, 0, 3]}, "layer size=0; expected a whole number, 1 or more"),
        ({"sizes": [5, 2.5, 3]}, "layer size=2.5"),
        ({"density": 5}, r"density=5; expected in \(0, 1\]; did you pass a percentage"),
        ({"density": 0}, "density=0"),
        ({"activation": "rely"}, "activation='rely'; .* did you mean 'relu'"),
        ({"allocation": "erkk"}, "erkk.* did you mean 'erk'"),
        ({"topology": "erdos"}, "erdos"),
        ({"weights": "sw"}, "weights='sw'"),
        ({"dropout": 1}, r"dropout=1; expected in \[0, 1\)"),
        ({"backend": "tpu"}, "backend='tpu'"),
        ({"rng": "seed"}, "rng='seed'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SparseMLP(**({"sizes": SIZES, "density": 0.2} | options))


# --------------------------------------------------------------------- the compiled path and the layered


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_gradient_of_every_backend(activation: str, backend: str) -> None:
    """One gradient, whether by the compiled step, by scipy products or by loops."""
    options: dict[str, Any] = {"density": 0.3, "activation": activation, "dtype": np.float64, "rng": 0}
    model, truth = SparseMLP(SIZES, backend=backend, **options), SparseMLP(SIZES, backend="reference", **options)
    assert (model.compiled is not None) == (backend == "numba")
    rng = np.random.default_rng(1)
    x, labels, samples = rng.normal(size=(30, 12)), rng.integers(0, 4, 30), rng.permutation(30)[:20]
    value = model.gradient(x, samples, labels, SoftmaxCrossEntropy(backend=backend))
    wanted, gradient = layered_gradient(truth, x[samples], labels[samples], SoftmaxCrossEntropy(backend="reference"))
    assert value == pytest.approx(wanted, rel=1e-12)
    assert np.abs(model.store.gradient - gradient).max() <= 1e-12 * np.abs(gradient).max()


@pytest.mark.parametrize("backend", BACKENDS)
def test_predicted_scores_are_the_forward_pass(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlp, "PREDICTED_AT_ONCE", 7)
    model = SparseMLP(SIZES, density=0.3, dtype=np.float64, backend=backend, rng=0)
    for rows in (0, 1, 7, 8, 30):
        x = np.random.default_rng(2).normal(size=(rows, 12))
        scores = model.predict_scores(x)
        assert scores.shape == (rows, 4) and scores.dtype == np.float64
        assert scores == pytest.approx(model.forward(x)[0], rel=1e-12, abs=1e-14)


def test_scores_take_any_memory_order_and_number_type() -> None:
    model = SparseMLP(SIZES, density=0.3, rng=0)
    x = np.arange(36).reshape(3, 12)
    wanted = model.predict_scores(x.astype(np.float32))
    for form in (x, x.astype(np.float64), np.asfortranarray(x.astype(np.float32)), x.tolist()):
        assert np.array_equal(model.predict_scores(form), wanted)


@pytest.mark.parametrize("shape", [(12,), (3, 11), (3, 12, 1)])
def test_scores_refuse_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match=r"expected \(n_samples, 12\)"):
        SparseMLP(SIZES, density=0.3, rng=0).predict_scores(np.zeros(shape))


def test_dropout_acts_while_training_only() -> None:
    model = SparseMLP(SIZES, density=0.5, dropout=0.5, rng=0)
    x = np.random.default_rng(3).normal(size=(40, 12)).astype(np.float32)
    quiet = model.predict_scores(x)
    assert np.array_equal(quiet, model.predict_scores(x)) and np.array_equal(quiet, model.forward(x)[0])
    drawn = [model.forward(x, np.random.default_rng(seed))[0] for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    samples, labels = np.arange(40), np.zeros(40, np.int64)
    losses = [
        model.gradient(x, samples, labels, SoftmaxCrossEntropy(), rng)
        for rng in (None, np.random.default_rng(0), np.random.default_rng(1))
    ]
    assert len(set(losses)) == 3


def test_a_gradient_is_replaced_not_added_to() -> None:
    for backend in ("numba", "scipy"):
        model = SparseMLP(SIZES, density=0.3, rng=0, backend=backend)
        x, labels = np.ones((5, 12), np.float32), np.zeros(5, np.int64)
        first = (model.gradient(x, np.arange(5), labels, SoftmaxCrossEntropy()), model.store.gradient.copy())
        again = (model.gradient(x, np.arange(5), labels, SoftmaxCrossEntropy()), model.store.gradient)
        assert first[0] == again[0] and np.array_equal(first[1], again[1])


def test_why_not_compiled() -> None:
    assert why_not_compiled(SparseMLP(SIZES, density=0.3, rng=0).layers, "numba") == ""
    assert why_not_compiled([], "scipy") == "the backend is scipy"
    assert why_not_compiled(SparseMLP(SIZES, density=0.3, dropout=0.1, rng=0).layers, "numba") == "it has dropout"
    assert "'dense1' is a matrix product" in why_not_compiled(SparseMLP.dense(SIZES, rng=0).layers, "numba")


def linear(n_in: int, n_out: int, name: str) -> SparseLinear:
    structure = SparseStructure.complete((n_in, n_out))
    return SparseLinear(structure, "normal", rng=n_in, dtype=np.float64, name=name)


def dense(n_in: int, n_out: int, name: str) -> Dense:
    return Dense(n_in, n_out, rng=n_out, dtype=np.float64, name=name)


@pytest.mark.parametrize(
    ("layers", "is_compiled"),
    [
        ([linear(3, 4, "a"), Tanh(), linear(4, 2, "b")], True),
        ([linear(3, 4, "a"), linear(4, 2, "b")], True),
        ([linear(3, 4, "a"), Tanh(), Dropout(0.0), dense(4, 2, "b")], True),
        ([linear(3, 4, "a"), Tanh(), linear(4, 2, "b"), Tanh()], False),
        ([linear(3, 4, "a"), ReLU(), linear(4, 2, "b"), ReLU()], False),
        ([linear(3, 4, "a"), ReLU(), dense(4, 2, "b"), Sigmoid()], False),
        ([linear(3, 4, "a"), AllReLU(0.6), Tanh(), linear(4, 2, "b")], False),
        ([Tanh(), linear(3, 2, "a")], False),
        ([linear(3, 4, "a"), dense(4, 5, "b"), Tanh(), linear(5, 2, "c")], False),
        ([dense(3, 4, "a"), Tanh(), linear(4, 2, "b")], False),
        ([linear(3, 4, "a"), Dropout(0.5), linear(4, 2, "b")], False),
    ],
)
def test_any_order_of_layers_has_its_true_gradient(layers: list[Any], is_compiled: bool) -> None:
    """Orders that the compiled step cannot do go layer by layer; none is computed as if it were another."""
    model = SparseMLP.from_layers(layers, backend="numba")
    assert (model.compiled is not None) == is_compiled
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    value = model.gradient(x, np.arange(6), target, MeanSquaredError())
    wanted, gradient = layered_gradient(model, x, target, MeanSquaredError())
    assert value == pytest.approx(wanted, rel=1e-12)
    assert model.store.gradient == pytest.approx(gradient, rel=1e-10, abs=1e-15)
    assert model.predict_scores(x) == pytest.approx(model.forward(x)[0], rel=1e-12)


class Doubling(Layer):
    """A layer of the user's own."""

    name = "doubling"

    def forward(self, x: Any, rng: Any = None) -> tuple[Any, Any]:
        return 2 * x, None

    def backward(self, dy: Any, cache: Any) -> tuple[Any, dict[str, Any]]:
        return 2 * dy, {}


def test_layers_of_the_users_own_go_layer_by_layer() -> None:
    model = SparseMLP.from_layers([linear(3, 4, "a"), Doubling(), linear(4, 2, "b")], backend="numba")
    assert why_not_compiled(model.layers, "numba") == "layer 'doubling' is of a kind of its own"
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    model.gradient(x, np.arange(6), target, MeanSquaredError())
    _, gradient = layered_gradient(model, x, target, MeanSquaredError())
    assert model.store.gradient == pytest.approx(gradient, rel=1e-12)


def test_layers_need_names_of_their_own() -> None:
    """Otherwise one layer's carry would be taken for the other's."""
    with pytest.raises(InvalidInputError, match=r"layers named \['a', 'a'\]; expected names that differ"):
        SparseMLP.from_layers([linear(3, 4, "a"), ReLU(), linear(4, 2, "a")])


def test_a_large_dense_readout_is_left_to_the_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [linear(3, 4, "a"), dense(4, 2, "b")]
    assert why_not_compiled(layers, "numba") == ""
    monkeypatch.setattr(compiled, "READOUT_LINKS", 7)
    assert why_not_compiled(layers, "numba") == "dense layer 'b' is a matrix product"


def test_structure_of() -> None:
    layer = linear(3, 4, "a")
    assert structure_of(layer) is layer.structure
    assert structure_of(dense(3, 4, "b")) == SparseStructure.complete((3, 4))


# ------------------------------------------------------------------------------------------- new wiring


def evolved(model: SparseMLP) -> Any:
    update = make_rule("set", zeta=0.4).update(one_chain(model.evolving_layers), 0.0, np.random.default_rng(9))
    return update, model.apply(update)


@pytest.mark.parametrize("backend", ["numba", "scipy"])
def test_gradient_after_a_new_wiring(backend: str) -> None:
    """The tables of the compiled step are made anew: same gradient as layer by layer, on the new links."""
    model = SparseMLP(SIZES, density=0.3, dtype=np.float64, backend=backend, rng=0)
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(30, 12)), rng.integers(0, 4, 30)
    before = [layer.structure for layer in model.sparse_layers]
    model.gradient(x, np.arange(30), labels, SoftmaxCrossEntropy())
    old = model.store.values.copy()
    _, carry = evolved(model)
    assert all(layer.structure != then for layer, then in zip(model.sparse_layers, before, strict=True))
    kept = carry >= 0
    assert np.array_equal(model.store.values[kept], old[carry[kept]])
    assert 0 < np.count_nonzero(~kept) < model.n_links
    value = model.gradient(x, np.arange(30), labels, SoftmaxCrossEntropy())
    wanted, gradient = layered_gradient(model, x, labels, SoftmaxCrossEntropy())
    assert value == pytest.approx(wanted, rel=1e-12)
    assert model.store.gradient == pytest.approx(gradient, rel=1e-10, abs=1e-15)
    assert model.predict_scores(x) == pytest.approx(model.forward(x)[0], rel=1e-12)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_stands_on_its_own_feet(duplicate: Any) -> None:
    model = SparseMLP(SIZES, density=0.3, rng=0)
    x = np.random.default_rng(1).normal(size=(5, 12)).astype(np.float32)
    scores = model.predict_scores(x)
    twin = duplicate(model)
    assert np.array_equal(twin.predict_scores(x), scores)
    assert all(np.shares_memory(layer.weight, twin.store.values) for layer in twin.linear_layers)
    twin.store.values[:] = 0
    assert twin.predict_scores(x).tolist() == twin.forward(x)[0].tolist() == [[0] * 4] * 5
    evolved(twin)
    assert np.array_equal(model.predict_scores(x), scores)


def test_load_values() -> None:
    model, other = (SparseMLP(SIZES, density=0.3, rng=seed) for seed in (0, 1))
    x = np.random.default_rng(1).normal(size=(5, 12)).astype(np.float32)
    model.predict_scores(x)
    for layer, source in zip(model.sparse_layers, other.sparse_layers, strict=True):
        layer.structure, layer.weight = source.structure, np.zeros(source.structure.nnz, np.float32)
    model.load_values(other.store.values)
    assert np.array_equal(model.predict_scores(x), other.predict_scores(x))
    assert np.array_equal(model.forward(x)[0], other.forward(x)[0])
    with pytest.raises(InvalidInputError, match=r"\(3,\) values; expected \("):
        model.load_values(np.zeros(3, np.float32))


@pytest.mark.parametrize(
    ("x_shape", "samples", "labels", "message"),
    [
        ((4, 3), [0, 4], [0, 1, 0, 1], r"samples from 0 to 4; expected in \[0, 4\)"),
        ((4, 3), [0, -1], [0, 1, 0, 1], "samples from -1 to 0"),
        ((4, 3), [0, 1], [0, 2, 0, 1], r"labels from 0 to 2; expected in \[0, 2\)"),
        ((4, 3), [], [0, 1, 0, 1], "0 samples"),
        ((4, 5), [0], [0, 1, 0, 1], r"expected float32 \(n_samples, 3\)"),
        ((4, 3), [0], [0, 1], "4 inputs, 2 targets"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_and_leaves_the_gradient_alone(x_shape, samples, labels, message) -> None:
    model = SparseMLP([3, 4, 2], density=0.5, rng=0)
    model.store.gradient[:] = 7
    with pytest.raises(InvalidInputError, match=message):
        model.gradient(np.ones(x_shape, np.float32), np.array(samples, int), np.array(labels), SoftmaxCrossEntropy())
    assert np.all(model.store.gradient == 7)


def test_a_loss_of_the_users_own_is_computed_as_it_says() -> None:
    class Doubled(SoftmaxCrossEntropy):
        def forward(self, scores, target):
            value, cache = super().forward(scores, target)
            return 2 * value, 2 * cache

    model = SparseMLP([3, 4, 2], density=0.5, rng=0, dtype=np.float64)
    x, labels, samples = np.random.default_rng(0).standard_normal((4, 3)), np.array([0, 1, 1, 0]), np.arange(4)
    plain = model.gradient(x, samples, labels, SoftmaxCrossEntropy())
    expected = 2 * model.store.gradient
    assert model.gradient(x, samples, labels, Doubled()) == pytest.approx(2 * plain)
    np.testing.assert_allclose(model.store.gradient, expected, rtol=1e-12)


def test_inputs_with_gaps_are_refused_by_the_compiled_step() -> None:
    model, labels = SparseMLP([3, 4, 2], density=0.5, rng=0), np.array([0, 1])
    with pytest.raises(InvalidInputError, match=r"expected C-contiguous; use np\.ascontiguousarray"):
        model.gradient(np.ones((2, 6), np.float32)[:, ::2], np.arange(2), labels, SoftmaxCrossEntropy())


def test_the_workspace_begins_on_a_cache_line() -> None:
    for shape in ((1, 3, 32), (2, 101, 64)):
        zeros = compiled.aligned_zeros(shape, np.float32)
        assert zeros.ctypes.data % 64 == 0 and zeros.shape == shape and zeros.dtype == np.float32
        assert not zeros.any() and zeros.flags.c_contiguous


def test_weights_given_to_a_layer_count_in_the_compiled_step_too() -> None:
    model, x = SparseMLP([3, 4, 2], density=0.9, rng=0), np.ones((2, 3), np.float32)
    model.predict_scores(x)
    layer = model.sparse_layers[0]
    layer.weight = 3 * layer.weight
    np.testing.assert_allclose(model.predict_scores(x), model.forward(x)[0], rtol=1e-5)
    links = layer.structure.select(np.arange(layer.structure.nnz) > 2)
    layer.rewire(links, links.positions_in(layer.structure), np.zeros(0))
    np.testing.assert_allclose(model.predict_scores(x), model.forward(x)[0], rtol=1e-5)
    assert model.store.n_weights == links.nnz + 8


def test_two_threads_may_ask_one_model() -> None:
    from concurrent.futures import ThreadPoolExecutor

    model = SparseMLP([20, 200, 200, 3], density=0.2, rng=0)
    batches = [np.random.default_rng(seed).standard_normal((300, 20)).astype(np.float32) for seed in range(40)]
    expected = [model.predict_scores(x) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        for got, wanted in zip(pool.map(model.predict_scores, batches), expected, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_a_small_workspace_gives_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = SparseMLP([20, 50, 3], density=0.2, rng=0), np.random.default_rng(0).random((700, 20), np.float32)
    wide = model.predict_scores(x)
    monkeypatch.setattr(compiled, "SCORING_BYTES", 1)
    again = SparseMLP([20, 50, 3], density=0.2, rng=0)
    np.testing.assert_array_equal(again.predict_scores(x), wide)
    assert again.compiled is not None and again.compiled.workspace(700, 64, 1).shape[0] == 1


def test_density_and_epsilon_exclude_each_other() -> None:
    with pytest.raises(InvalidInputError, match=r"density=0\.1 and epsilon=2; expected one of the two"):
        SparseMLP([3, 4, 2], density=0.1, epsilon=2)


def test_a_density_that_leaves_a_layer_without_links_is_named() -> None:
    with pytest.raises(InvalidInputError, match="density=1e-09, which leaves no link to the layer 3 x 4"):
        SparseMLP([3, 4, 2], density=1e-9)
