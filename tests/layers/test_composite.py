"""Layers made of layers: by hand, on all backends, with user-written layers and with one that needs a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.kernels.pool import most_threads, threads_limited
from sparse_mlp.layers import (
    AllReLU,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    MeanSquaredError,
    MotifLinear,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    SparseLinear,
    Tanh,
)
from sparse_mlp.models import Network, Samples
from sparse_mlp.optim import SGD
from sparse_mlp.structure import SparseStructure

Array = NDArray[Any]
EACH_BACKEND = pytest.mark.parametrize("backend", BACKENDS)


def sparse(matrix: Any, bias: Any, name: str = "", backend: str = "numba", dtype: Any = np.float64) -> SparseLinear:
    """Make a layer of a dense matrix; zeros are no links."""
    dense = np.array(matrix, float)
    structure = SparseStructure.from_coo(*np.nonzero(dense), dense.shape)
    layer = SparseLinear(structure, dense[np.nonzero(dense)], dtype=dtype, backend=backend, name=name)
    layer.bias[:] = bias
    return layer


def random_sparse(n_in: int, n_out: int, seed: int, name: str = "", **options: Any) -> SparseLinear:
    rng = np.random.default_rng(seed)
    return sparse(
        rng.normal(size=(n_in, n_out)) * (rng.random((n_in, n_out)) < 0.6), rng.normal(size=n_out), name, **options
    )


def gradients(tree: dict[str, Any]) -> Iterator[Array]:
    for value in tree.values():
        if isinstance(value, dict):
            yield from gradients(value)
        else:
            yield value


def parameters(layer: Layer) -> Iterator[Array]:
    yield from layer.parameters().values()
    for child in layer.children.values():
        yield from parameters(child)


# ------------------------------------------------------------------------------------------------ by hand
#
#   x = (1, 2)    first: 0 -> 0 with 3, 1 -> 0 with -1, 1 -> 1 with -2, biases 1, 1
#   z = (3 - 2 + 1, -4 + 1) = (2, -3), after the ReLU (2, 0)
#   second: 0 -> 0 with 2, 0 -> 1 with 1, 1 -> 1 with 5, biases 0, -1: y = (4, 2 - 1) = (4, 1)


def by_hand(backend: str, dtype: Any = np.float64) -> list[Layer]:
    first = sparse([[3, 0], [-1, -2]], [1, 1], "first", backend, dtype)
    second = sparse([[2, 1], [0, 5]], [0, -1], "second", backend, dtype)
    return [first, ReLU(backend=backend), second]


@EACH_BACKEND
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_one_after_the_other_by_hand(backend: str, dtype: Any) -> None:
    """dy = (1, 10): by the ReLU's output 2 * 1 + 10 = 12 and 50, of which the second is 0 before it."""
    layer, x, dy = Sequential(by_hand(backend, dtype)), np.array([[1, 2]], dtype), np.array([[1, 10]], dtype)
    y, cache = layer.forward(x)
    dx, grads = layer.backward(dy, cache)
    assert y.tolist() == [[4, 1]] and dx.tolist() == [[36, -12]]
    assert {name: {key: grad.tolist() for key, grad in own.items()} for name, own in grads.items()} == {
        "first": {"weight": [12, 24, 0], "bias": [12, 0]},
        "relu": {},
        "second": {"weight": [2, 20, 0], "bias": [1, 10]},
    }
    assert {array.dtype for array in (y, dx, *gradients(grads))} == {np.dtype(dtype)}


@EACH_BACKEND
def test_a_branch_is_added_to_its_input_by_hand(backend: str) -> None:
    layer = Residual(Sequential(by_hand(backend)))
    y, cache = layer.forward(np.array([[1.0, 2.0]]))
    dx, grads = layer.backward(np.array([[1.0, 10.0]]), cache)
    assert y.tolist() == [[1 + 4, 2 + 1]] and dx.tolist() == [[1 + 36, 10 - 12]]
    assert grads["branch"]["first"]["weight"].tolist() == [12, 24, 0]


def test_what_is_asked_of_the_layers_inside() -> None:
    layer = Sequential(
        [Residual(Sequential(by_hand("numba")), name="block"), random_sparse(2, 5, 0, "last")], name="all"
    )
    assert (layer.n_out(2), layer.n_in(0), layer.n_in(5)) == (5, 2, 2)
    assert list(layer.children) == ["block", "last"] and list(layer.children["block"].children) == ["branch"]
    assert layer.n_stored(2) == 2 + 2 + 2 + 2 + 5
    assert layer.dtype == np.float64 and layer.backend == "numba" and not layer.needs_batch
    assert layer.parameters() == {} == layer.state()
    assert layer.kind() == (
        "Sequential(Residual(Sequential(SparseLinear(2 x 2), ReLU(), SparseLinear(2 x 2))), SparseLinear(2 x 5))"
    )
    assert "Residual" in repr(layer) and "first" in repr(layer)


def test_children_are_named_by_position_where_names_are_missing_or_repeat() -> None:
    layers = [random_sparse(3, 3, i, name) for i, name in enumerate(["a", "", "b", "a"])]
    assert list(Sequential(layers).children) == ["0", "1", "b", "3"]


def test_each_output_inside_can_be_looked_at() -> None:
    branch, x = by_hand("numba"), np.array([[1.0, 2.0]])
    layer = Sequential([Residual(Sequential(branch)), Tanh()])
    found = [(type(inner).__name__, y.tolist()) for inner, y in layer.outputs(x)]
    assert [name for name, _ in found] == ["SparseLinear", "ReLU", "SparseLinear", "Residual", "Tanh"]
    assert [y for _, y in found][:4] == [[[2, -3]], [[2, 0]], [[4, 1]], [[5, 3]]]
    assert found[4][1] == layer.forward(x)[0].tolist()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no layers"):
        Sequential([])
    with pytest.raises(InvalidInputError, match=r"3 features .* 'second'"):
        Sequential([random_sparse(2, 3, 0), *by_hand("numba")[2:]]).forward(np.ones((1, 2)))
    with pytest.raises(InvalidInputError, match=r"5 outputs .* 'block'"):
        Residual(random_sparse(2, 5, 0), name="block").forward(np.ones((1, 2)))


# ----------------------------------------------------------------------- backends and central differences


def tree(backend: str = "numba", dtype: Any = np.float64) -> Sequential:
    """All kinds of layers, with ReLUs behind layers that take them over and behind others."""
    options = {"backend": backend, "dtype": dtype}
    wiring = SparseStructure.from_keys([0, 2, 3, 5], (3, 2))
    motifs = MotifLinear(wiring, "normal", motif_size=2, mode="block", rng=3, name="motifs", **options)
    branch = [random_sparse(6, 5, 0, "a", **options), ReLU(backend=backend), random_sparse(5, 6, 1, "b", **options)]
    layers = [
        Residual(Sequential(branch)), ReLU(backend=backend), Dropout(0.0, backend=backend), motifs,
        Tanh(backend=backend), Residual(Sequential([Dense(4, 4, rng=2, **options), ReLU(backend=backend)])),
        Sigmoid(backend=backend),
        random_sparse(4, 3, 4, "c", **options), ReLU(backend=backend), AllReLU(0.5, backend=backend),
        Dense(3, 2, rng=5, **options), ReLU(backend=backend),
    ]  # fmt: skip
    return Sequential(layers)


@pytest.mark.parametrize("batch", [1, 33])
def test_backends_agree(batch: int) -> None:
    rng = np.random.default_rng(6)
    x, dy, found = rng.normal(size=(batch, 6)), rng.normal(size=(batch, 2)), {}
    for backend in BACKENDS:
        layer = tree(backend)
        y, cache = layer.forward(x)
        dx, grads = layer.backward(dy, cache)
        found[backend] = [y, dx, *gradients(grads)]
    for backend in ("scipy", "numba"):
        for got, wanted in zip(found[backend], found["reference"], strict=True):
            np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * max(1, np.abs(wanted).max()))


@EACH_BACKEND
def test_backward_is_the_slope(
    backend: str, assert_gradient: Callable[[Callable[[], float], Array, Array], None]
) -> None:
    rng, layer = np.random.default_rng(7), tree(backend)
    x, dy = rng.normal(size=(3, 6)), rng.normal(size=(3, 2))
    dx, grads = layer.backward(dy, layer.forward(x)[1])

    def value() -> float:
        return float(np.sum(layer.forward(x)[0] * dy))

    assert_gradient(value, x, dx)
    for array, gradient in zip(parameters(layer), gradients(grads), strict=True):
        assert_gradient(value, array, gradient)


@pytest.mark.parametrize("order", [("numba", "scipy", "numba"), ("scipy", "numba", "reference")])
def test_backends_may_be_mixed(order: tuple[str, ...]) -> None:
    """More samples than a tile has lanes: layers that compute on one tile must get all of them."""
    x, labels = np.random.default_rng(8).normal(size=(200, 2)), np.arange(200) % 2

    def net(backends: tuple[str, ...]) -> Network:
        layers = [sparse([[3, 0], [-1, -2]], [1, 1], "first", backends[0]), Tanh(backend=backends[1])]
        return Network(Sequential([*layers, Residual(sparse([[2, 1], [0, 5]], [0, -1], "second", backends[2]))]))

    wanted, mixed = net(("numba",) * 3), net(order)
    loss = wanted.gradient(Samples(x, np.arange(200), labels), SoftmaxCrossEntropy(backend="numba"))
    for backend in BACKENDS:
        found = mixed.gradient(Samples(x, np.arange(200), labels), SoftmaxCrossEntropy(backend=backend))
        assert found == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(mixed.store.gradient, wanted.store.gradient, 1e-12, 1e-14)
    np.testing.assert_allclose(mixed.predict_scores(x), wanted.predict_scores(x), 1e-12, 1e-14)
    np.testing.assert_allclose(mixed.forward(x)[0], wanted.predict_scores(x), 1e-12, 1e-14)


# ------------------------------------------------------------------------------------------- fused ReLUs


class Apart(Layer):
    """Pass everything on, so that a ReLU and its neighbours do not meet."""

    def forward(self, x: Array, rng: Any = None) -> tuple[Array, None]:
        return x, None

    def backward(self, dy: Array, cache: None) -> tuple[Array, dict[str, Any]]:
        return dy, {}


@pytest.mark.parametrize("backend", ["numba", "scipy"])
@pytest.mark.parametrize("batch", [5, 150])
@pytest.mark.parametrize("kind", ["sparse", "dense", "motifs"])
def test_a_fused_relu_is_a_separate_one(kind: str, batch: int, backend: str) -> None:
    """A leaky ReLU is not fused, and with a slope of 1e-300 it gives the same numbers."""
    rng = np.random.default_rng(9)
    x, dy = rng.normal(size=(batch, 4)), rng.normal(size=(batch, 4))

    def linear(seed: int) -> Layer:
        wiring, options = SparseStructure.from_keys([0, 2, 3], (2, 2)), {"dtype": np.float64, "backend": backend}
        layer: Any = random_sparse(4, 4, seed, backend=backend)
        if kind == "dense":
            layer = Dense(4, 4, rng=seed, **options)
        elif kind == "motifs":
            layer = MotifLinear(wiring, "normal", motif_size=2, rng=seed, **options)
        layer.bias[:] = np.random.default_rng(seed).normal(size=4)  # no neuron stands on its kink
        return layer

    results = []
    for between in (
        [ReLU(backend=backend)],
        [Apart(), ReLU(backend=backend), Apart()],
        [LeakyReLU(1e-300, backend=backend)],
    ):
        layer = Sequential([linear(0), *between, linear(1), *between])
        y, cache = layer.forward(x)
        dx, grads = layer.backward(dy, cache)
        results.append([np.where(np.abs(y) < 1e-250, 0, y), dx, *gradients(grads)])
    assert np.any(results[0][0] == 0) and np.any(results[0][0] > 0)
    for fused, *others in zip(*results, strict=True):
        for other in others:
            np.testing.assert_allclose(fused, other, 1e-14, 1e-200)


@EACH_BACKEND
def test_a_backward_pass_may_be_run_again(backend: str) -> None:
    rng, layer = np.random.default_rng(10), tree(backend)
    x, dy = rng.normal(size=(40, 6)), rng.normal(size=(40, 2))
    kept_x, kept_dy = x.copy(), dy.copy()
    _, cache = layer.forward(x)
    dx, grads = layer.backward(dy, cache)
    first = [dx.copy(), *(array.copy() for array in gradients(grads))]
    layer.forward(-x)
    dx, grads = layer.backward(dy, cache)
    for a, b in zip(first, [dx, *gradients(grads)], strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(x, kept_x) and np.array_equal(dy, kept_dy)


# ------------------------------------------------------------------------------ layers of the user's own


class Scale(Layer):
    """A factor for each feature, written for (batch, features) alone."""

    name = "scale"

    def __init__(self, n: int) -> None:
        self.factor = np.linspace(0.5, 1.5, n)

    def parameters(self) -> dict[str, Array]:
        return {"factor": self.factor}

    def forward(self, x: Array, rng: Any = None) -> tuple[Array, Array]:
        return x * self.factor, x

    def backward(self, dy: Array, cache: Array) -> tuple[Array, dict[str, Array]]:
        return dy * self.factor, {"factor": (dy * cache).sum(axis=0)}


def own_network(backend: str = "numba") -> Network:
    first, last = random_sparse(4, 6, 0, "first", backend=backend), random_sparse(6, 3, 1, "last", backend=backend)
    return Network(Sequential([first, ReLU(backend=backend), Scale(6), Residual(Scale(6)), last]))


def test_a_layer_of_the_users_own_by_hand() -> None:
    layer = Sequential([Scale(2), Scale(2)])  # factors 1/2 and 3/2
    y, cache = layer.forward(np.array([[4.0, 4.0]]))
    dx, grads = layer.backward(np.array([[8.0, 8.0]]), cache)
    assert y.tolist() == [[1, 9]] and dx.tolist() == [[2, 18]]
    assert [grads[key]["factor"].tolist() for key in ("0", "1")] == [[16, 48], [16, 48]]
    assert repr(layer) == "Sequential(Scale(), Scale())" == layer.kind()


@pytest.mark.parametrize("backend", ["numba", "scipy"])
@pytest.mark.parametrize("batch", [3, 300])
def test_a_layer_of_the_users_own_in_a_network(backend: str, batch: int) -> None:
    rng, model, loss = np.random.default_rng(11), own_network(backend), MeanSquaredError(backend=backend)
    x, target = rng.normal(size=(batch, 4)), rng.normal(size=(batch, 3))
    scores, cache = model.forward(x)
    value, of_loss = loss.forward(scores, target)
    wanted = model.backward(loss.backward(of_loss), cache)
    assert model.gradient(Samples(x, np.arange(batch), target), loss) == pytest.approx(value, rel=1e-12)
    by_key = {entry.key: model.store.gradient[entry.part] for entry in model.store.entries}
    assert list(by_key) == ["first/weight", "last/weight", "first/bias", "scale/factor", "3.branch/factor", "last/bias"]
    np.testing.assert_allclose(by_key["scale/factor"], wanted["scale"]["factor"], 1e-10, 1e-13)
    np.testing.assert_allclose(by_key["3.branch/factor"], wanted["3"]["branch"]["factor"], 1e-10, 1e-13)
    np.testing.assert_allclose(by_key["first/weight"], wanted["first"]["weight"], 1e-10, 1e-13)


def test_a_layer_of_the_users_own_is_trained() -> None:
    rng, model, loss, optimizer = np.random.default_rng(12), own_network(), MeanSquaredError(), SGD(0.05)
    x = rng.normal(size=(60, 4))
    target, before = np.tanh(x[:, :3]), model.root.children["scale"].factor.copy()  # type: ignore[attr-defined]
    optimizer.init(len(model.store.values), np.float64)
    losses = []
    for _ in range(100):
        losses.append(model.gradient(Samples(x, np.arange(60), target), loss))
        optimizer.step(model.store.values, model.store.gradient, model.store.n_decayed, 0.05)
    assert losses[-1] < 0.3 * losses[0]
    assert np.count_nonzero(model.root.children["scale"].factor != before) >= 4  # type: ignore[attr-defined]


def test_a_pass_that_a_network_would_not_use_is_refused() -> None:
    for name in ("forward", "backward"):
        with pytest.raises(TypeError, match=f"Own.{name} .* {name}_tiles"):
            type("Own", (SparseLinear,), {name: lambda self, x: x})


def test_a_layer_without_passes_says_so() -> None:
    with pytest.raises(TypeError, match="Layer without a forward pass"):
        Layer().forward(np.ones((1, 2)))
    with pytest.raises(TypeError, match="Layer without a backward pass"):
        Layer().backward(np.ones((1, 2)), None)


# ----------------------------------------------------------------------- a layer that needs a whole batch


class Centred(Layer):
    """Subtract the mean of each feature over the batch."""

    name, needs_batch = "centred", True

    def forward(self, x: Array, rng: Any = None) -> tuple[Array, None]:
        return x - x.mean(axis=0), None

    def backward(self, dy: Array, cache: None) -> tuple[Array, dict[str, Any]]:
        return dy - dy.mean(axis=0), {}


def centred_network(dtype: Any = np.float64) -> Network:
    first, last = random_sparse(4, 6, 0, "first", dtype=dtype), random_sparse(6, 3, 1, "last", dtype=dtype)
    inner = [random_sparse(6, 5, 2, "in", dtype=dtype), Centred(), ReLU(), random_sparse(5, 6, 3, "out", dtype=dtype)]
    readout = Dense(3, 3, rng=4, dtype=dtype)
    return Network(Sequential([first, ReLU(), Residual(Sequential(inner)), last, ReLU(), readout]))


@pytest.mark.parametrize("batch", [7, 150])
def test_the_gradient_of_a_layer_that_needs_a_batch(
    batch: int, assert_gradient: Callable[[Callable[[], float], Array, Array], None]
) -> None:
    rng, model, loss = np.random.default_rng(13), centred_network(), SoftmaxCrossEntropy()
    x, labels = rng.normal(size=(batch, 4)), rng.integers(0, 3, batch)
    assert model.root.needs_batch and model.groups(range(batch)) == [(0, batch)]
    samples = Samples(x, np.arange(batch), labels)
    assert model.gradient(samples, loss) == pytest.approx(loss.forward(model.forward(x)[0], labels)[0], rel=1e-12)
    gradient, values = model.store.gradient.copy(), model.store.values
    chosen = rng.permutation(len(values))[:20]
    found = np.array(values[chosen])

    def value() -> float:
        values[chosen] = found
        return loss.forward(model.forward(x)[0], labels)[0]

    assert_gradient(value, found, gradient[chosen])


@pytest.mark.skipif(most_threads() < 2, reason="this process has one thread")
@pytest.mark.parametrize("batch", [1, 40, 150, 1000])
def test_a_layer_that_needs_a_batch_gives_the_same_bytes_on_any_threads(batch: int) -> None:
    rng, found = np.random.default_rng(14), []
    x, labels = rng.normal(size=(batch, 4)).astype(np.float32), rng.integers(0, 3, batch)
    for threads in (1, 2):
        model = centred_network(np.float32)
        with threads_limited(threads):
            value = model.gradient(Samples(x, np.arange(batch), labels), SoftmaxCrossEntropy())
        found.append((value, model.store.gradient.tobytes()))
    assert found[0] == found[1]
