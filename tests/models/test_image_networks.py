"""Networks on images: the same gradients by all backends, threads and walks; predictions by running statistics."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.layers import (
    AveragePool2d,
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    SparseLinear,
    Unflatten,
)
from sparse_mlp.models import Network, Samples
from sparse_mlp.topology import generate

IMAGE, SMALL = (3, 8, 8), (3, 4, 4)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(150, 192)), RNG.integers(0, 5, 150)


def network(kind: str = "normed", backend: str = "numba", dtype: str = "float64") -> Network:
    """Return a network that is given its layers by its kind; "replayed" has none that needs the whole batch."""
    of: Any = {"backend": backend}
    typed: Any = of | {"dtype": dtype}
    wiring = generate("erdos-renyi", 48, 20, density=0.3, rng=0)
    head: list[Layer] = [
        Flatten(SMALL, **of), SparseLinear(wiring, rng=1, name="hidden", **typed), ReLU(**of),
        Dense(20, 5, rng=2, **typed),
    ]  # fmt: skip
    layers: list[Layer] = {
        "normed": [
            BatchNorm(IMAGE, **typed), ReLU(**of),
            Residual(Sequential([BatchNorm(IMAGE, **typed), Sigmoid(**of), Dropout(0.2, **of)])),
            MaxPool2d(IMAGE, **of), BatchNorm(SMALL, **typed), *head,
        ],
        "replayed": [ReLU(**of), MaxPool2d(IMAGE, **of), Dropout(0.2, **of), *head],
        "averaged": [
            AveragePool2d(IMAGE, **of), Residual(Sigmoid(**of)), GlobalAveragePool(SMALL, **of),
            BatchNorm(3, **typed), ReLU(**of), Dense(3, 5, rng=2, **typed),
        ],
    }[kind]  # fmt: skip
    return Network(Sequential([Unflatten(IMAGE, **of), *layers]))


def trained(model: Network, sizes: tuple[int, ...] = (50, 17, 50, 32)) -> list[bytes]:
    """Train a little, and return all bytes that there are."""
    x, rng, found = X.astype(model.dtype), np.random.default_rng(5), []
    for size in sizes:
        loss = model.gradient(Samples(x, rng.integers(0, len(x), size), Y), SoftmaxCrossEntropy(), rng)
        model.store.values -= model.dtype.type(0.1) * model.store.gradient
        found.append(np.float64(loss).tobytes() + model.store.gradient.tobytes())
    return [*found, *(array.tobytes() for array in model.store.state().values()), model.predict_scores(x).tobytes()]


KINDS = pytest.mark.parametrize("kind", ["normed", "replayed", "averaged"])


@KINDS
@pytest.mark.parametrize("size", [2, 17, 50])
def test_backends_agree(kind: str, size: int) -> None:
    found = []
    for backend in BACKENDS:
        model = network(kind, backend)
        rows, draws = np.arange(size), np.random.default_rng(1)
        losses = [model.gradient(Samples(X, rows, Y), SoftmaxCrossEntropy(), draws) for _ in range(2)]
        found.append((losses, model.store.gradient.copy(), model.predict_scores(X), *model.store.state().values()))
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_allclose(one, two, 1e-10, 1e-12)


@KINDS
def test_threads_give_the_same_bytes(kind: str) -> None:
    found = []
    for threads in (1, 2):
        with threads_limited(threads):
            found.append(trained(network(kind, dtype="float32")))
    assert found[0] == found[1]


def test_passes_are_repeated_with_the_same_bytes() -> None:
    models = [network("replayed", dtype="float32") for _ in range(2)]
    assert models[0]._walk._replays
    models[1]._walk._replays = False
    assert trained(models[0]) == trained(models[1])
    assert not network()._walk._replays


def test_one_group_where_statistics_need_the_batch_and_tiles_of_sixteen() -> None:
    assert network().groups(range(50)) == [(0, 50)]
    assert network("replayed").groups(range(50)) == [(0, 16), (16, 32), (32, 48), (48, 50)]
    assert network("replayed", "scipy").groups(range(50)) == [(0, 50)]


def test_empty_lanes_add_nothing() -> None:
    """The gradient of 17 samples is the mean of their gradients, where no statistics join them."""
    model, alone = network("replayed"), []
    for row in range(17):
        model.gradient(Samples(X, np.array([row]), Y), SoftmaxCrossEntropy())
        alone.append(model.store.gradient.copy())
    model.gradient(Samples(X, np.arange(17), Y), SoftmaxCrossEntropy())
    np.testing.assert_allclose(model.store.gradient, np.mean(alone, axis=0), 1e-12, 1e-15)


@KINDS
def test_central_differences(kind: str) -> None:
    model, batch, h = network(kind), Samples(X, np.arange(17), Y), 1e-6

    def loss() -> float:
        return model.gradient(batch, SoftmaxCrossEntropy(), np.random.default_rng(3))

    loss()
    gradient, values, rng = model.store.gradient.copy(), model.store.values, np.random.default_rng(4)
    for at in rng.choice(len(values), 12, replace=False):
        kept, found = values[at], []
        for step in (h, -h):
            values[at] = kept + step
            found.append(loss())
        values[at] = kept
        assert gradient[at] == pytest.approx((found[0] - found[1]) / (2 * h), rel=1e-4, abs=1e-8)


def test_predictions_use_running_statistics() -> None:
    model = network(dtype="float32")
    x = X.astype(np.float32)
    before = model.predict_scores(x)
    assert np.array_equal(before[:7], model.predict_scores(x[:7]))
    model.gradient(Samples(x, np.arange(50), Y), SoftmaxCrossEntropy(), RNG)
    moved = model.predict_scores(x)
    assert not np.allclose(before, moved)
    model.gradient(Samples(x, np.arange(50), Y), SoftmaxCrossEntropy())  # no training: nothing is counted
    assert np.array_equal(moved, model.predict_scores(x))
    np.testing.assert_allclose(model.forward(x)[0], moved, 1e-5, 1e-6)


def test_copies_and_files_hold_the_running_statistics(tmp_path: Any) -> None:
    model = network(dtype="float32")
    trained(model)
    twin, fresh, x = copy.deepcopy(model), network(dtype="float32"), X.astype(np.float32)
    fresh.load(model.save(tmp_path / "net.npz"))
    assert len(model.store.state()) == 6
    scores = model.predict_scores(x)
    for other in (twin, fresh):
        assert np.array_equal(other.predict_scores(x), scores)
    after = [trained(other) for other in (model, twin, fresh)]
    assert after[0] == after[1] == after[2]


def test_all_layers_show_their_outputs() -> None:
    found = [(type(layer).__name__, y.shape[1:]) for layer, y in network().root.outputs(X[:3])]
    assert found[0] == ("Unflatten", IMAGE)
    assert ("MaxPool2d", SMALL) in found
    assert found[-1] == ("Dense", (5,))
