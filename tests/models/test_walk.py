"""Passes whose kernel calls are repeated give the bytes of passes that walk through the layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sparse_mlp.evolution import make_rule
from sparse_mlp.layers import (
    AllReLU,
    Dense,
    Dropout,
    LeakyReLU,
    MeanSquaredError,
    Pad,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    SparseLinear,
    Tanh,
)
from sparse_mlp.models import Network, Samples
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate

SIZES = (200, 37, 200, 32, 1, 200)  # of batches, some of which come again


def network(seed: int = 0) -> Network:
    """Return a network with each kind of layer that can be replayed; its last layer keeps the scores."""

    def sparse(n_in: int, n_out: int, name: str) -> SparseLinear:
        wiring = generate("erdos-renyi", n_in, n_out, density=0.3, rng=seed)
        return SparseLinear(wiring, "he-uniform", rng=seed, name=name)

    branch = [sparse(14, 20, "a"), ReLU(), Dropout(0.2), sparse(20, 14, "b"), LeakyReLU(0.1)]
    layers = [
        Pad(2), sparse(14, 14, "stem"), Residual(Sequential(branch)), sparse(14, 30, "c"), AllReLU(), Tanh(),
        Dropout(0.1), sparse(30, 9, "d"), ReLU(), Dense(9, 3, rng=seed), Sigmoid(),
    ]  # fmt: skip
    return Network(Sequential(layers), n_features=12)


def samples(size: int, rng: np.random.Generator) -> Samples:
    x = np.random.default_rng(1).normal(size=(300, 12)).astype(np.float32)
    return Samples(x, rng.integers(0, 300, size), np.random.default_rng(2).random((300, 3), np.float32))


def gradients(model: Network, *, training: bool = True) -> list[bytes]:
    rng, draws, found = np.random.default_rng(3), np.random.default_rng(4), []
    for size in SIZES:
        value = model.gradient(samples(size, rng), MeanSquaredError(), draws if training else None)
        model.store.values -= np.float32(0.1) * model.store.gradient
        found.append(np.float64(value).tobytes() + model.store.gradient.tobytes())
    return found


@pytest.mark.parametrize("training", [True, False])
def test_the_same_bytes_also_after_an_update(training: bool) -> None:
    replayed, walked = network(), network()
    assert replayed._walk._replays
    walked._walk._replays = False
    for progress in (0.1, 0.2):
        assert gradients(replayed, training=training) == gradients(walked, training=training)
        for model in (replayed, walked):
            streams = {name: np.random.default_rng(5) for name in ("topology", "weights", "removal", "regrowth")}
            model.apply(make_rule("set").update(model.units, progress, Streams(streams)))
        walked._walk._replays = False
    assert replayed.predict_scores(np.ones((5, 12))).tobytes() == walked.predict_scores(np.ones((5, 12))).tobytes()


class Streams(dict[str, Any]):
    """Give any stream that a rule asks for."""

    def __missing__(self, name: str) -> np.random.Generator:
        return self.setdefault(name, np.random.default_rng(6))


def test_other_weights_in_a_layer_count_at_once() -> None:
    model = network()
    before = [model.gradient(samples(64, np.random.default_rng(0)), MeanSquaredError()) for _ in range(2)]
    layer = model.sparse_layers[0]
    layer.weight = layer.weight * 2
    after = model.gradient(samples(64, np.random.default_rng(0)), MeanSquaredError())
    assert before[0] == before[1] != after


def test_another_wiring_of_a_layer_counts_at_once() -> None:
    model, batch = network(), samples(64, np.random.default_rng(0))
    before = [model.gradient(batch, MeanSquaredError()) for _ in range(2)]
    layer = model.sparse_layers[0]
    flipped = [layer.structure.n_in - 1 - layer.structure.rows(), layer.structure.indices]
    layer.structure = SparseStructure.from_coo(*flipped, layer.structure.shape)
    assert before[0] == before[1] != model.gradient(batch, MeanSquaredError())


class Counting(SparseLinear):
    """Do more in a pass than call kernels."""

    passes = 0

    def _outputs(self, *args: Any, **options: Any) -> None:
        self.passes += 1
        super()._outputs(*args, **options)


def test_a_derived_layer_is_walked_through_each_time() -> None:
    layer = Counting(generate("erdos-renyi", 12, 3, density=0.5, rng=0), rng=0)
    model, labels = Network(layer), np.zeros(300, np.int64)
    for _ in range(3):
        batch = samples(20, np.random.default_rng(0))
        model.gradient(Samples(batch.x, batch.rows, labels), SoftmaxCrossEntropy())
    assert layer.passes == 3


@pytest.mark.parametrize("layer", [ReLU(), LeakyReLU(), AllReLU(), Dropout(0.5)])
def test_what_calls_were_recorded_with_cannot_be_changed(layer: Any) -> None:
    for name in ("slope", "rate", "threshold"):
        if hasattr(layer, name):
            with pytest.raises(AttributeError):
                setattr(layer, name, 0.5)
