"""The compiled step against the layers one by one, against loops, and against numbers worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from sparse_mlp.kernels import network, step, tile_losses
from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.layers import (
    AllReLU,
    Dense,
    LeakyReLU,
    MeanSquaredError,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    SparseLinear,
    Tanh,
)
from sparse_mlp.models import SparseMLP
from sparse_mlp.structure import SparseStructure

Array = NDArray[Any]

SIZES = (7, 11, 9, 5)
SAMPLES = 1100
ACTIVATIONS: dict[str, Callable[..., Any] | None] = {
    "relu": ReLU,
    "leaky": lambda **options: LeakyReLU(0.2, **options),
    "all-relu, falling": lambda **options: AllReLU(0.6, 0, **options),
    "all-relu, rising": lambda **options: AllReLU(0.6, 1, **options),
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "identity": None,
}
ALL_ACTIVATIONS = pytest.mark.parametrize("activation", ACTIVATIONS)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
BATCHES = pytest.mark.parametrize("batch", [1, 31, 32, 64, 100, 129, 577, 1000])


def make_model(
    activation: str = "relu", *, dense_readout: bool = True, dtype: Any = np.float64, backend: str = "numba"
) -> SparseMLP:
    """Three layers with empty inputs and outputs here and there, and biases that are not 0."""
    rng = np.random.default_rng(1)
    layers: list[Any] = []
    for i, shape in enumerate(pairwise(SIZES)):
        last = i == len(SIZES) - 2
        common: dict[str, Any] = {"dtype": dtype, "backend": backend, "name": f"layer{i}"}
        if last and dense_readout:
            layers.append(Dense(*shape, rng=rng, **common))
        else:
            keys = np.flatnonzero(rng.random(shape[0] * shape[1]) < 0.35)
            layers.append(SparseLinear(SparseStructure.from_keys(keys, shape), rng=rng, **common))
        layers[-1].bias[:] = rng.normal(0, 0.5, shape[1])
        make = ACTIVATIONS[activation]
        if not last and make is not None:
            layers.append(make(backend=backend))
    return SparseMLP.from_layers(layers, backend=backend)


def make_batch(batch: int, dtype: Any = np.float64) -> tuple[Array, Array, Array, Array]:
    """A data set, labels and targets, and the rows of it that form the batch, in no order."""
    rng = np.random.default_rng(2)
    x, targets = rng.normal(size=(SAMPLES, SIZES[0])), rng.normal(size=(SAMPLES, SIZES[-1]))
    labels = rng.integers(0, SIZES[-1], SAMPLES)
    return x.astype(dtype), labels, targets.astype(dtype), rng.permutation(SAMPLES)[:batch]


def one_by_one(model: SparseMLP, x: Array, target: Array, loss: Any) -> tuple[float, Array]:
    """Take the batch through the layer objects and flatten the gradients: all weights, then all biases."""
    scores, caches = model.forward(x)
    value, cache = loss.forward(scores, target)
    grads = [grad for grad in model.backward(loss.backward(cache), caches) if grad]
    parts = [grad["weight"].ravel() for grad in grads] + [grad["bias"] for grad in grads]
    return value, np.concatenate(parts)


def compiled(model: SparseMLP, x: Array, samples: Array, target: Array, loss: Any) -> tuple[float, Array]:
    assert model.compiled is not None
    model.store.gradient[:] = np.nan  # every entry expected written
    value = model.compiled.gradient(x, samples, target, loss)
    return value, model.store.gradient.copy()


def assert_same(got: tuple[float, Array], wanted: tuple[float, Array], dtype: Any) -> None:
    """Compare loss and gradient, rounding errors of a thousand samples and three layers allowed."""
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    assert got[1].dtype == dtype
    assert got[0] == pytest.approx(wanted[0], rel=tolerance)
    assert np.abs(got[1] - wanted[1]).max() <= tolerance * np.abs(wanted[1]).max()


# ------------------------------------------------------------------------------------------------ by hand


def hand_model() -> SparseMLP:
    """1·x0 - 1·x1 and 2·x1 + 1, through ReLU, then 3·a0 + 0.5·a1 + 0.5."""
    first = SparseLinear(SparseStructure.from_coo([0, 1, 1], [0, 0, 1], (2, 2)), [1, -1, 2], dtype=np.float64, name="a")
    last = SparseLinear(SparseStructure.complete((2, 1)), [3, 0.5], dtype=np.float64, name="b")
    first.bias[:], last.bias[:] = [0, 1], [0.5]
    return SparseMLP.from_layers([first, ReLU(), last], backend="numba")


def test_step_by_hand() -> None:
    """x = (1, 2): z = (-1, 5), a = (0, 5), score 3; target 1: loss ½·2², dscore 2, dz = (0, 1)."""
    x = np.array([[9.0, 9.0], [1.0, 2.0]])
    loss, gradient = compiled(hand_model(), x, np.array([1]), np.array([[7.0], [1.0]]), MeanSquaredError())
    assert loss == 2
    assert gradient.tolist() == [0, 0, 2, 0, 10, 0, 1, 2]


def test_mean_of_two_samples_by_hand() -> None:
    """x = (2, 0) goes with it: z = (2, 1), a = (2, 1), score 7; target 8: loss ½, dscore -1, dz = (-3, -0.5)."""
    x = np.array([[2.0, 0.0], [1.0, 2.0]])
    loss, gradient = compiled(hand_model(), x, np.array([1, 0]), np.array([[8.0], [1.0]]), MeanSquaredError())
    assert loss == (2 + 0.5) / 2
    second = np.array([2 * -3, 0, 0, -1 * 2, -1 * 1, -3, -0.5, -1])
    assert gradient.tolist() == ((np.array([0, 0, 2, 0, 10, 0, 1, 2]) + second) / 2).tolist()


def test_softmax_tile_by_hand() -> None:
    """Two classes with scores s, s and label 1: loss log 2, gradient (½, -½); a third column is padding."""
    scores = np.array([[3.0, -800.0, 5.0], [3.0, -800.0, 6.0]])
    labels, samples = np.array([0, 9, 1, 0]), np.array([1, 2, 3, 1])
    loss = tile_losses.softmax_cross_entropy_tile(scores, labels, samples, 1, 2, 0.0, 2)
    assert loss == pytest.approx(math.log(2), rel=1e-15)
    assert scores.tolist() == [[0.25, -0.25, 0], [-0.25, 0.25, 0]]


def test_smoothed_softmax_tile_by_hand() -> None:
    """Target (0.9, 0.1) and softmax (½, ½), in a batch of 10."""
    scores = np.array([[4.0], [4.0]])
    loss = tile_losses.softmax_cross_entropy_tile(scores, np.array([0]), np.array([0]), 0, 1, 0.2, 10)
    assert loss == pytest.approx(math.log(2) / 10, rel=1e-15)
    assert scores.ravel() == pytest.approx([-0.04, 0.04], rel=1e-14)


def test_smoothed_softmax_tile_counts_the_unlikely_class() -> None:
    """Scores (0, log 3): softmax (¼, ¾); target (0.9, 0.1): loss 0.9 log 4 + 0.1 log 4/3."""
    scores = np.array([[0.0], [math.log(3)]])
    loss = tile_losses.softmax_cross_entropy_tile(scores, np.array([0]), np.array([0]), 0, 1, 0.2, 1)
    assert loss == pytest.approx(0.9 * math.log(4) + 0.1 * math.log(4 / 3), rel=1e-14)
    assert scores.ravel() == pytest.approx([0.25 - 0.9, 0.75 - 0.1], rel=1e-14)


def test_squared_error_tile_by_hand() -> None:
    scores = np.array([[3.0, 1.0, 5.0], [0.0, 2.0, 6.0]])
    targets, samples = np.array([[9.0, 9.0], [1.0, 1.0], [1.0, 1.0]]), np.array([0, 2, 1])
    loss = tile_losses.mean_squared_error_tile(scores, targets, samples, 1, 2, 4)
    assert loss == 0.5 * (2 * 2 + 0 + 1 + 1) / (4 * 2)
    assert scores.tolist() == [[2 / 8, 0, 0], [-1 / 8, 1 / 8, 0]]


def test_load_tile_by_hand() -> None:
    x, tile = np.arange(60.0).reshape(3, 20), np.full((20, 4), np.nan)
    network.load_tile(x, np.array([0, 2, 1, 0]), 1, 2, tile)
    wanted = np.zeros((20, 4))
    wanted[:, 0], wanted[:, 1] = x[2], x[1]
    assert np.array_equal(tile, wanted)


# ----------------------------------------------------------------------------- against layer after layer


@ALL_ACTIVATIONS
@DTYPES
@BATCHES
def test_step_is_the_layers_one_by_one(activation: str, dtype: Any, batch: int) -> None:
    model = make_model(activation, dtype=dtype)
    x, labels, _, samples = make_batch(batch, dtype)
    got = compiled(model, x, samples, labels, SoftmaxCrossEntropy())
    assert_same(got, one_by_one(model, x[samples], labels[samples], SoftmaxCrossEntropy()), dtype)


@pytest.mark.parametrize("readout", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["cross-entropy", "smoothed", "squared error"])
@DTYPES
@BATCHES
def test_every_loss_with_every_readout(readout: str, kind: str, dtype: Any, batch: int) -> None:
    loss: Any = {
        "cross-entropy": SoftmaxCrossEntropy(),
        "smoothed": SoftmaxCrossEntropy(0.15),
        "squared error": MeanSquaredError(),
    }[kind]
    model = make_model("relu", dense_readout=readout == "dense", dtype=dtype)
    x, labels, targets, samples = make_batch(batch, dtype)
    target = targets if kind == "squared error" else labels
    got = compiled(model, x, samples, target, loss)
    assert_same(got, one_by_one(model, x[samples], target[samples], loss), dtype)


@DTYPES
def test_more_values_than_one_thread_sums_at_a_time(dtype: Any) -> None:
    layers = [
        SparseLinear(SparseStructure.complete(shape), rng=i, dtype=dtype, backend="numba", name=str(i))
        for i, shape in enumerate([(SIZES[0], 90), (90, 90), (90, SIZES[-1])])
    ]
    model = SparseMLP.from_layers([layers[0], ReLU(), layers[1], ReLU(), layers[2]], backend="numba")
    assert len(model.store.values) > 2 * step.BLOCK
    x, labels, _, samples = make_batch(100, dtype)
    got = compiled(model, x, samples, labels, SoftmaxCrossEntropy())
    assert_same(got, one_by_one(model, x[samples], labels[samples], SoftmaxCrossEntropy()), dtype)


@ALL_ACTIVATIONS
@DTYPES
def test_step_is_the_loops(activation: str, dtype: Any) -> None:
    x, labels, _, samples = make_batch(33, dtype)
    truth = make_model(activation, backend="reference")
    model = make_model(activation, dtype=dtype)
    truth.store.values[:] = model.store.values
    loss = SoftmaxCrossEntropy(0.1, backend="reference")
    wanted = one_by_one(truth, x[samples].astype(np.float64), labels[samples], loss)
    assert_same(compiled(model, x, samples, labels, loss), wanted, dtype)


@ALL_ACTIVATIONS
@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(0.1), MeanSquaredError()], ids=["softmax", "squares"])
def test_step_is_the_slope_of_its_own_loss(activation: str, loss: Any) -> None:
    """Central differences by every weight and bias, relative error below 1e-6."""
    model = make_model(activation)
    x, labels, targets, samples = make_batch(3)
    target = targets if isinstance(loss, MeanSquaredError) else labels
    _, gradient = compiled(model, x, samples, target, loss)
    values = model.store.values
    for k in range(len(values)):
        kept, ends = values[k], []
        for h in (1e-5, -1e-5):
            values[k] = kept + h
            ends.append(compiled(model, x, samples, target, loss)[0])
        values[k] = kept
        slope = (ends[0] - ends[1]) / 2e-5
        assert abs(gradient[k] - slope) < 1e-6 * max(abs(gradient[k]), abs(slope), 1e-3), k


@ALL_ACTIVATIONS
@DTYPES
@pytest.mark.parametrize("rows", [0, 1, 31, 64, 100, 577, 1000])
def test_scores_are_the_forward_pass(activation: str, dtype: Any, rows: int) -> None:
    model, (x, _, _, _) = make_model(activation, dtype=dtype), make_batch(1, dtype)
    assert model.compiled is not None
    scores = model.compiled.scores(x[:rows])
    wanted, _ = model.forward(x[:rows])
    assert scores.shape == (rows, SIZES[-1]) and scores.dtype == dtype
    tolerance = 1e-13 if dtype == np.float64 else 5e-6
    assert np.abs(scores - wanted).max(initial=0) <= tolerance * np.abs(wanted).max(initial=1)


def test_a_layer_without_links_passes_its_bias_on() -> None:
    empty = SparseLinear(SparseStructure.from_keys([], (3, 2)), dtype=np.float64, name="a")
    empty.bias[:] = [1.5, -1]
    readout = SparseLinear(SparseStructure.complete((2, 2)), [1, 2, 3, 4], dtype=np.float64, name="b")
    model = SparseMLP.from_layers([empty, ReLU(), readout], backend="numba")
    assert model.compiled is not None
    assert model.compiled.scores(np.ones((2, 3))).tolist() == [[1.5, 3], [1.5, 3]]
    got = compiled(model, np.ones((1, 3)), np.array([0]), np.zeros((1, 2)), MeanSquaredError())
    assert_same(got, one_by_one(model, np.ones((1, 3)), np.zeros((1, 2)), MeanSquaredError()), np.float64)


def test_one_layer_alone() -> None:
    layer = SparseLinear(SparseStructure.from_coo([0, 1], [1, 0], (2, 2)), [2, 3], dtype=np.float64)
    model = SparseMLP.from_layers([layer], backend="numba")
    x, target = np.array([[1.0, 5.0]]), np.array([[15.0, 0.0]])
    loss, gradient = compiled(model, x, np.array([0]), target, MeanSquaredError())
    assert loss == 0.5 * 2 * 2 / 2
    assert gradient.tolist() == [1 * 1, 0, 0, 1]


# ------------------------------------------------------------------- what must not be seen in the result


@DTYPES
@pytest.mark.parametrize("activation", ["relu", "all-relu, falling", "tanh"])
@pytest.mark.skipif(not JIT_ENABLED, reason="plain Python has one thread")
def test_same_bytes_for_any_number_of_threads(activation: str, dtype: Any) -> None:
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine has a single core")
    model = make_model(activation, dtype=dtype)
    x, labels, _, samples = make_batch(1000, dtype)
    assert model.compiled is not None

    def results() -> tuple[float, bytes, bytes]:
        loss, gradient = compiled(model, x, samples, labels, SoftmaxCrossEntropy(0.1))
        return loss, gradient.tobytes(), model.compiled.scores(x).tobytes()

    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = results()
        numba.set_num_threads(2)
        assert all(results() == alone for _ in range(10))
    finally:
        numba.set_num_threads(threads)


@ALL_ACTIVATIONS
def test_nothing_is_left_over_from_the_batch_before(activation: str) -> None:
    """Not even infinities of a wider batch, in the columns that a narrower one does not fill."""
    model, fresh = make_model(activation), make_model(activation)
    x, labels, _, samples = make_batch(64)
    poisoned = np.where(np.arange(x.size).reshape(x.shape) % 3 == 0, np.inf, x)
    with np.errstate(all="ignore"):
        compiled(model, poisoned, samples, labels, SoftmaxCrossEntropy())
    got = compiled(model, x, samples[:33], labels, SoftmaxCrossEntropy())
    wanted = compiled(fresh, x, samples[:33], labels, SoftmaxCrossEntropy())
    assert got[0] == wanted[0] and got[1].tobytes() == wanted[1].tobytes()


def test_inputs_and_parameters_are_left_alone() -> None:
    model, (x, labels, _, samples) = make_model(), make_batch(100)
    before = [array.copy() for array in (model.store.values, x, labels, samples)]
    compiled(model, x, samples, labels, SoftmaxCrossEntropy())
    assert model.compiled is not None
    model.compiled.scores(x)
    for now, then in zip((model.store.values, x, labels, samples), before, strict=True):
        assert np.array_equal(now, then)


@DTYPES
@pytest.mark.parametrize("layer", [0, 2])
def test_weights_that_are_not_numbers_show_in_the_loss(dtype: Any, layer: int) -> None:
    model, (x, labels, _, samples) = make_model("relu", dtype=dtype), make_batch(40, dtype)
    model.layers[layer].weight[:3] = np.nan
    loss, _ = compiled(model, x, samples, labels, SoftmaxCrossEntropy())
    assert math.isnan(loss)


@DTYPES
def test_large_scores_do_not_overflow(dtype: Any) -> None:
    model, (x, labels, _, samples) = make_model("identity", dtype=dtype), make_batch(64, dtype)
    model.store.values *= dtype(50)
    loss, gradient = compiled(model, x, samples, labels, SoftmaxCrossEntropy())
    assert math.isfinite(loss) and np.isfinite(gradient).all()
    assert_same((loss, gradient), one_by_one(model, x[samples], labels[samples], SoftmaxCrossEntropy()), dtype)
