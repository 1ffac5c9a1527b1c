"""Network: groups of tiles, the gradient of residual blocks, equal bytes on any threads, copies, and refusals."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import make_rule
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.kernels.pool import most_threads, threads_limited
from sparse_mlp.layers import (
    Dense,
    Dropout,
    Layer,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    SoftmaxCrossEntropy,
    SparseLinear,
    Tanh,
)
from sparse_mlp.models import Network, Samples, SparseMLP, walk
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate
from sparse_mlp.training import gradient_check

TWO_THREADS = pytest.mark.skipif(most_threads() < 2, reason="this process has one thread")


def two_blocks(backend: str = "numba", dtype: Any = np.float32, dropout: float = 0.0, readout: int = 3) -> Network:
    """Make a dense stem, two residual blocks of two sparse layers each, and a dense read-out."""
    options: dict[str, Any] = {"dtype": dtype, "backend": backend}
    rng = np.random.default_rng(0)

    def sparse(n_in: int, n_out: int, name: str) -> SparseLinear:
        return SparseLinear(generate("erdos-renyi", n_in, n_out, 0.4, rng=rng), rng=rng, name=name, **options)

    def block(number: int) -> Residual:
        between = [ReLU(backend=backend), Dropout(dropout, backend=backend)]
        branch = [sparse(10, 14, f"up{number}"), *between, sparse(14, 10, f"down{number}")]
        return Residual(Sequential(branch), name=f"block{number}")

    stem, last = Dense(6, 10, rng=rng, name="stem", **options), Dense(10, readout, rng=rng, name="readout", **options)
    model = Network(Sequential([stem, block(1), ReLU(backend=backend), block(2), Tanh(backend=backend), last]))
    biases = model.store.values[model.store.n_decayed :]
    biases[:] = rng.normal(0, 0.3, len(biases))
    return model


def samples(count: int, dtype: Any = np.float32) -> Samples:
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(count + 3, 6)).astype(dtype), rng.integers(0, 3, count + 3)
    return Samples(x, rng.permutation(count + 3)[:count], labels)


def test_what_a_network_knows() -> None:
    model = two_blocks()
    assert (model.n_features, model.n_outputs, model.dtype, model.backend) == (6, 3, np.float32, "numba")
    assert [layer.name for layer in model.sparse_layers] == ["up1", "down1", "up2", "down2"]
    assert model.evolving_layers == model.sparse_layers and model.fixed_layers == []
    assert model.n_links == model.store.n_decayed == 6 * 10 + 4 * 56 + 10 * 3
    assert repr(model) == "Network(6 features, 3 outputs, 314 links)"


# --------------------------------------------------------------------------------------------- groups


def test_groups_are_whole_tiles_and_at_most_eight() -> None:
    model = two_blocks()
    assert model.groups(range(1)) == [(0, 1)]
    assert model.groups(range(31)) == [(0, 31)]
    assert model.groups(range(100)) == [(0, 32), (32, 64), (64, 96), (96, 100)]
    assert model.groups(range(200)) == [(0, 64), (64, 128), (128, 192), (192, 200)]
    for count in (512, 513, 1000, 5000):
        groups = model.groups(range(count))
        assert len(groups) == 8 and groups[0][0] == 0 and groups[-1][1] == count
        assert [first for first, _ in groups[1:]] == [last for _, last in groups[:-1]]
        assert all(first % 64 == 0 for first, _ in groups)
    assert two_blocks("scipy").groups(range(1000)) == [(0, 1000)]


# ------------------------------------------------------------------------------------------ gradients


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_gradient_of_residual_blocks_is_the_slope(backend: str) -> None:
    batch = samples(5, np.float64)
    x, labels, loss = batch.inputs(), batch.targets(0, 5), SoftmaxCrossEntropy(backend=backend)
    check = gradient_check(two_blocks(backend, np.float64), x, labels, loss, entries=10)
    assert abs(check.analytic - check.numeric) < 1e-6 * max(abs(check.analytic), 1e-3)


@pytest.mark.parametrize("backend", ["scipy", "numba"])
@pytest.mark.parametrize("count", [9, 150])
def test_groups_add_up_to_the_gradient_of_the_batch(backend: str, count: int) -> None:
    model, truth = (two_blocks(name, np.float64) for name in (backend, "reference"))
    batch = samples(count, np.float64)
    value = model.gradient(batch, SoftmaxCrossEntropy(0.1, backend=backend))
    assert value == pytest.approx(truth.gradient(batch, SoftmaxCrossEntropy(0.1, backend="reference")), rel=1e-12)
    wanted = truth.store.gradient
    np.testing.assert_allclose(model.store.gradient, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


@TWO_THREADS
@pytest.mark.parametrize("count", [1, 31, 64, 200, 1000])
def test_one_thread_and_two_give_the_same_bytes(count: int) -> None:
    batch, found = samples(count), []
    for threads in (1, 2, 2):
        model = two_blocks(dropout=0.3)
        with threads_limited(threads):
            values = [model.gradient(batch, SoftmaxCrossEntropy(), np.random.default_rng(2)) for _ in range(2)]
            model.record_signals(batch, SoftmaxCrossEntropy())
            arrays = [model.store.gradient, model.predict_scores(batch.inputs()), *model.sparse_layers[1].signals()]
        found.append((values, [array.tobytes() for array in arrays]))
    assert found[0] == found[1] == found[2]


@TWO_THREADS
def test_a_dense_layer_in_front_gives_the_same_bytes_on_any_threads() -> None:
    """Large enough for a BLAS to share it among threads, if it were let."""
    rng, found = np.random.default_rng(3), []
    x, labels = rng.normal(size=(128, 784)).astype(np.float32), rng.integers(0, 10, 128)
    for threads in (1, 2):
        model = SparseMLP.dense([784, 600, 10], rng=0)
        with threads_limited(threads):
            value = model.gradient(Samples(x, np.arange(128), labels), SoftmaxCrossEntropy())
        found.append((value, model.store.gradient.tobytes()))
    assert found[0] == found[1]


def test_a_gradient_is_replaced_not_added_to() -> None:
    for backend in ("numba", "scipy"):
        model, loss = two_blocks(backend), SoftmaxCrossEntropy(backend=backend)
        first = model.gradient(samples(200), loss), model.store.gradient.copy()
        model.gradient(samples(5), loss)
        again = model.gradient(samples(200), loss), model.store.gradient
        assert first[0] == again[0] and np.array_equal(first[1], again[1])


@TWO_THREADS
@pytest.mark.parametrize("count", [1, 31, 150])
def test_a_very_large_network_shares_neurons_instead_of_samples(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, loss = samples(count, np.float64), SoftmaxCrossEntropy()
    usual = two_blocks(dtype=np.float64)
    usual.gradient(batch, loss)
    usual.record_signals(batch, loss)
    monkeypatch.setattr(walk, "TILE_BYTES", 0)
    found = []
    for threads in (1, 2):
        model = two_blocks(dtype=np.float64)
        with threads_limited(threads):
            value = model.gradient(batch, loss)
            model.record_signals(batch, loss)
        inputs, deltas = model.sparse_layers[2].signals()
        for got, wanted in zip((inputs, deltas), usual.sparse_layers[2].signals(), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-16)
        found.append((value, model.store.gradient.tobytes(), inputs.tobytes(), deltas.tobytes()))
    np.testing.assert_allclose(model.store.gradient, usual.store.gradient, rtol=1e-9, atol=1e-14)
    assert found[0] == found[1]


def test_a_loss_of_the_users_own_is_computed_as_it_says() -> None:
    class Doubled(SoftmaxCrossEntropy):
        def forward(self, scores: Any, target: Any) -> tuple[float, Any]:
            value, cache = super().forward(scores, target)
            return 2 * value, 2 * cache

    class Tripled(SoftmaxCrossEntropy):
        def tiles(self, scores: Any, target: Any, n_samples: int) -> float:
            value = super().tiles(scores, target, n_samples)
            scores *= 3
            return 3 * value

    for backend in ("numba", "scipy"):
        model, batch = two_blocks(backend, np.float64), samples(200, np.float64)
        plain, gradient = model.gradient(batch, SoftmaxCrossEntropy(backend=backend)), model.store.gradient.copy()
        for loss, factor in ((Doubled(backend=backend), 2), (Tripled(backend=backend), 3)):
            assert model.gradient(batch, loss) == pytest.approx(factor * plain, rel=1e-12)
            np.testing.assert_allclose(model.store.gradient, factor * gradient, rtol=1e-10, atol=1e-15)


# ------------------------------------------------------------------------------------------ prediction


@pytest.mark.parametrize("backend", BACKENDS)
def test_scores_do_not_depend_on_how_many_are_predicted(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = two_blocks(backend, np.float64), np.random.default_rng(4).normal(size=(700, 6))
    x = x if backend != "reference" else x[:70]
    whole = model.predict_scores(x)
    assert whole == pytest.approx(model.forward(x)[0], rel=1e-12)
    for count in (0, 1, 31, 64, 65, 513):
        np.testing.assert_allclose(model.predict_scores(x[:count]), whole[:count], rtol=1e-12, atol=1e-15)
    if backend == "numba":
        assert np.array_equal(model.predict_scores(x[:65]), whole[:65])
    monkeypatch.setattr(walk, "PREDICTION_BYTES", 1)  # a tile at a time
    np.testing.assert_allclose(model.predict_scores(x), whole, rtol=1e-12, atol=1e-15)


def test_two_threads_may_ask_one_network() -> None:
    model = two_blocks()
    batches = [np.random.default_rng(seed).standard_normal((300, 6)).astype(np.float32) for seed in range(40)]
    expected = [model.predict_scores(x) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        for got, wanted in zip(pool.map(model.predict_scores, batches), expected, strict=True):
            np.testing.assert_array_equal(got, wanted)


# ---------------------------------------------------------------------------------------------- copies


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_stands_on_its_own_feet(duplicate: Any) -> None:
    model, batch = two_blocks(), samples(200)
    value, gradient = model.gradient(batch, SoftmaxCrossEntropy()), model.store.gradient.copy()
    scores, twin = model.predict_scores(batch.x), duplicate(model)
    assert np.array_equal(twin.predict_scores(batch.x), scores)
    assert twin.gradient(batch, SoftmaxCrossEntropy()) == value and np.array_equal(twin.store.gradient, gradient)
    assert all(np.shares_memory(getattr(e.layer, e.name), twin.store.values) for e in twin.store.entries)
    assert [layer for unit in twin.units for layer in unit.layers] == twin.evolving_layers
    twin.apply(make_rule("set", zeta=0.5).update(twin.units, 0.0, np.random.default_rng(0)))
    assert [a.structure for a in twin.sparse_layers] != [b.structure for b in model.sparse_layers]
    twin.store.values[:] = 0
    assert not twin.predict_scores(batch.x).any()
    assert np.array_equal(model.predict_scores(batch.x), scores)


# ------------------------------------------------------------------------------------- what is refused


def test_names_that_repeat_are_refused() -> None:
    """A topology update tells layers apart by name."""
    layer = SparseLinear(SparseStructure.complete((3, 3)), name="a")
    other = SparseLinear(SparseStructure.complete((3, 3)), name="a")
    for tree in (Sequential([layer, ReLU(), other]), Sequential([Residual(layer), Residual(Sequential([other]))])):
        with pytest.raises(InvalidInputError, match=r"\['a', 'a'\]"):
            Network(tree)


def test_layers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="4 features"):
        Network(Sequential([Dense(3, 4), ReLU(), Dense(5, 2)]))
    with pytest.raises(InvalidInputError, match="2 outputs"):
        Network(Sequential([Residual(Dense(3, 2))]))


def test_features_that_no_layer_knows_are_asked_for() -> None:
    class Powers(Layer):
        """x and its square, whatever the number of features is."""

        def __init__(self) -> None:
            self.factor = np.ones(2)

        def parameters(self) -> dict[str, Any]:
            return {"factor": self.factor}

        def n_out(self, n_in: int) -> int:
            return 2 * n_in

        def n_in(self, n_out: int) -> int:
            return n_out // 2

        def forward(self, x: Any, rng: Any = None) -> tuple[Any, Any]:
            return np.concatenate([self.factor[0] * x, self.factor[1] * x**2], axis=1), x

    with pytest.raises(InvalidInputError, match="n_features"):
        Network(Powers())
    model = Network(Powers(), n_features=3)
    assert (model.n_features, model.n_outputs) == (3, 6)
    assert model.predict_scores(np.array([[1, 2, 3]])).tolist() == [[1, 2, 3, 1, 4, 9]]


@pytest.mark.parametrize(
    ("x_shape", "rows", "labels", "found"),
    [
        ((4, 6), [0, 4], [0, 1, 0, 1], "samples from 0 to 4"),
        ((4, 6), [0, -1], [0, 1, 0, 1], "samples from -1 to 0"),
        ((4, 6), [0, 1], [0, 3, 0, 1], "labels from 0 to 3"),
        ((4, 6), [], [0, 1, 0, 1], "0 samples"),
        ((4, 5), [0], [0, 1, 0, 1], r"float32 \(4, 5\)"),
        ((4, 6), [0], [0, 1], "4 inputs, 2 targets"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_and_leaves_the_gradient_alone(
    x_shape: tuple[int, int], rows: list[int], labels: list[int], found: str
) -> None:
    model = two_blocks()
    model.store.gradient[:] = 7
    batch = Samples(np.ones(x_shape, np.float32), np.array(rows, int), np.array(labels))
    with pytest.raises(InvalidInputError, match=found):
        model.gradient(batch, SoftmaxCrossEntropy())
    batch.target = batch.target.astype(np.int32)
    with pytest.raises(InvalidInputError, match=found):
        model.gradient(batch, SoftmaxCrossEntropy())
    assert np.all(model.store.gradient == 7)


def test_inputs_with_gaps_or_of_another_type_are_refused() -> None:
    model, rows, labels = two_blocks(), np.arange(2), np.array([0, 1])
    with pytest.raises(InvalidInputError, match="strides"):
        model.gradient(Samples(np.ones((2, 12), np.float32)[:, ::2], rows, labels), SoftmaxCrossEntropy())
    with pytest.raises(InvalidInputError, match="float64"):
        model.gradient(Samples(np.ones((2, 6)), rows, labels), SoftmaxCrossEntropy())


def test_numbers_to_learn_must_have_the_shape_of_the_scores() -> None:
    model, x = two_blocks(), np.ones((5, 6), np.float32)
    with pytest.raises(InvalidInputError, match=r"\(5, 2\)"):
        model.gradient(Samples(x, np.arange(5), np.ones((5, 2))), MeanSquaredError())
    one = two_blocks(readout=1)
    values = [one.gradient(Samples(x, np.arange(5), t), MeanSquaredError()) for t in (np.ones(5), np.ones((5, 1)))]
    assert values[0] == values[1]


@pytest.mark.parametrize("shape", [(6,), (3, 5), (3, 6, 1)])
def test_scores_refuse_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match="input of shape"):
        two_blocks().predict_scores(np.zeros(shape))
