"""The layer of links between motifs: by hand, against the expanded layer, against central differences, at m = 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import MOTIF_MODES, MotifLinear, Pad, SparseLinear
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate

MODES = pytest.mark.parametrize("mode", MOTIF_MODES)
ALL_BACKENDS = pytest.mark.parametrize("backend", BACKENDS)


def make_layer(m: int, mode: str, backend: str = "numba", **options: Any) -> MotifLinear:
    structure = generate("erdos-renyi", 6, 5, 0.4, rng=m)
    settings = {"dtype": np.float64, "rng": 7, **options}
    layer = MotifLinear(structure, motif_size=m, mode=mode, backend=backend, **settings)
    layer.bias[:] = np.random.default_rng(8).normal(size=len(layer.bias))
    return layer


def batch(layer: SparseLinear, n: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(9)
    x, dy = rng.normal(size=(n, layer.shape[0])), rng.normal(size=(n, layer.shape[1]))
    return x.astype(layer.dtype), dy.astype(layer.dtype)


@ALL_BACKENDS
def test_the_example_by_hand(backend: str) -> None:
    structure = SparseStructure.complete((2, 1))
    layer = MotifLinear(structure, [2.0, -1.0], motif_size=2, dtype="float64", backend=backend)
    y, cache = layer.forward(np.array([[1.0, 2.0, 3.0, 4.0]]))
    assert y.tolist() == [[-1, -1]]
    dx, grads = layer.backward(np.array([[0.5, 0.25]]), cache)
    assert grads["weight"].tolist() == [2.25, 5.25] and grads["bias"].tolist() == [0.5, 0.25]
    assert dx.tolist() == [[1.5, 1.5, -0.75, -0.75]]


@ALL_BACKENDS
@MODES
@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_equal_to_the_expanded_layer(m: int, mode: str, backend: str) -> None:
    layer = make_layer(m, mode, backend)
    single = layer.expanded()
    assert type(single) is SparseLinear and single.shape == layer.shape == (6 * m, 5 * m)
    assert single.structure.nnz == layer.structure.nnz * m * m
    x, dy = batch(layer)
    (y, cache), (wanted, wanted_cache) = layer.forward(x), single.forward(x)
    np.testing.assert_allclose(y, wanted, 0, 1e-12)
    (dx, grads), (wanted_dx, wanted_grads) = layer.backward(dy, cache), single.backward(dy, wanted_cache)
    np.testing.assert_allclose(dx, wanted_dx, 0, 1e-12)
    np.testing.assert_allclose(grads["bias"], wanted_grads["bias"], 0, 1e-12)
    rows, cols = single.structure.rows(), single.structure.indices
    pair = np.searchsorted(layer.structure.keys(), rows.astype(np.int64) // m * 5 + cols // m)
    summed = np.zeros(layer.weight.shape)
    at = (pair,) if mode == "shared" else (pair, rows % m, cols % m)
    np.add.at(summed, at, wanted_grads["weight"])
    assert grads["weight"].shape == layer.weight.shape
    np.testing.assert_allclose(grads["weight"], summed, 0, 1e-12)


@MODES
def test_gradients_are_central_differences(mode: str) -> None:
    layer = make_layer(2, mode)
    x, dy = batch(layer)
    dx, grads = layer.backward(dy, layer.forward(x)[1])

    def slope(array: np.ndarray, at: tuple[int, ...], step: float = 1e-5) -> float:
        before, losses = array[at], []
        for point in (before + step, before - step):
            array[at] = point
            losses.append(float((layer.forward(x)[0] * dy).sum()))
        array[at] = before
        return (losses[0] - losses[1]) / (2 * step)

    for array, gradient in ((layer.weight, grads["weight"]), (layer.bias, grads["bias"]), (x, dx)):
        numeric = [slope(array, at) for at in np.ndindex(array.shape)]
        analytic = gradient.ravel()
        assert np.all(np.abs(analytic - numeric) <= 1e-6 * np.maximum(np.abs(analytic), 1e-2))


@ALL_BACKENDS
@MODES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_motifs_of_one_neuron_are_byte_for_byte_the_sparse_layer(dtype: Any, mode: str, backend: str) -> None:
    layer = make_layer(1, mode, backend, dtype=dtype)
    plain = SparseLinear(layer.structure, rng=7, dtype=dtype, backend=backend)
    assert plain.weight.tobytes() == layer.weight.tobytes()
    plain.bias[:] = layer.bias
    x, dy = batch(layer, 130 if backend != "reference" else 5)
    (y, cache), (wanted, wanted_cache) = layer.forward(x), plain.forward(x)
    assert y.tobytes() == wanted.tobytes()
    (dx, grads), (wanted_dx, wanted_grads) = layer.backward(dy, cache), plain.backward(dy, wanted_cache)
    assert dx.tobytes() == wanted_dx.tobytes()
    assert all(grads[name].tobytes() == wanted_grads[name].tobytes() for name in ("weight", "bias"))


@MODES
def test_first_weights_follow_the_fan_in_in_neurons(mode: str) -> None:
    structure = generate("erdos-renyi", 50, 80, 0.5, rng=0)
    layer = MotifLinear(structure, "he-uniform", motif_size=4, mode=mode, rng=0)
    bound = math.sqrt(6 / 200)
    assert 0.99 * bound < np.abs(layer.weight).max() <= bound
    layer = MotifLinear(structure, "swi", motif_size=4, mode=mode, rng=0)
    equal_inputs = {"shared": 4, "block": 1}[mode]
    assert layer.weight.std() == pytest.approx(math.sqrt(2 / (0.5 * 200 * equal_inputs)), rel=0.1)


@MODES
def test_first_weights_keep_the_variance_of_signals(mode: str) -> None:
    """Neurons of a motif carry one value where they share weights; with that ignored, it grows to 4**3 in 3 layers."""
    values = np.random.default_rng(0).standard_normal((200, 400))
    signals = np.repeat(values[:, :100], 4, axis=1) if mode == "shared" else values
    for seed in range(3):
        structure = generate("erdos-renyi", 100, 100, 0.2, rng=seed)
        layer = MotifLinear(structure, "swi", motif_size=4, mode=mode, rng=seed, dtype=np.float64)
        signals = layer.forward(np.maximum(signals, 0))[0]
    assert 0.7 < np.square(signals).mean() < 1.4


def test_rewiring_keeps_blocks() -> None:
    layer = make_layer(2, "block")
    before, old = layer.structure, layer.weight.copy()
    absent = np.setdiff1d(np.arange(30), before.keys())
    after = SparseStructure.from_keys(np.sort(np.append(before.keys()[1:], absent[3])), before.shape)
    carry = after.positions_in(before)
    new = np.full((1, 2, 2), 5.0)
    layer.rewire(after, carry, new)
    assert np.array_equal(layer.weight[carry >= 0], old[carry[carry >= 0]])
    assert np.array_equal(layer.weight[carry < 0], new)


def test_weights_are_views() -> None:
    shared, block = make_layer(2, "shared"), make_layer(2, "block")
    assert shared.weights.shape == (6, 5) and np.shares_memory(shared.weights.data, shared.weight)
    assert block.weights.shape == (12, 10) and np.shares_memory(block.weights.data, block.weight)
    np.testing.assert_array_equal(block.weights.toarray(), block.expanded().weights.toarray())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"motif_size": 0}, "motif_size=0"),
        ({"motif_size": 2, "mode": "both"}, "mode='both'"),
        ({"motif_size": 2, "mode": "block", "weights": np.ones(4)}, r"expected \(4, 2, 2\)"),
    ],
)
def test_what_is_no_motif_layer_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        MotifLinear(SparseStructure.complete((2, 2)), **options)


def test_inputs_must_be_as_many_as_the_neurons() -> None:
    with pytest.raises(InvalidInputError, match=r"6 features .* 'motif'"):
        make_layer(2, "shared").forward(np.zeros((3, 6)))


def test_padding_adds_zeros_and_takes_their_gradient_away() -> None:
    pad = Pad(2)
    y, cache = pad.forward(np.array([[1.0, 2.0]]))
    assert y.tolist() == [[1, 2, 0, 0]]
    dx, grads = pad.backward(np.array([[1.0, 2.0, 3.0, 4.0]]), cache)
    assert dx.tolist() == [[1, 2]] and grads == {}
    assert repr(pad) == "Pad(2)" and "motif_size=2" in repr(make_layer(2, "block"))
