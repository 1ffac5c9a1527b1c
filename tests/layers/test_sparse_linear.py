"""The truly sparse layer: a case by hand, all backends, central differences, and a new wiring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import Dense, SparseLinear
from sparse_mlp.structure import SparseStructure

Array = NDArray[Any]
EACH_BACKEND = pytest.mark.parametrize("backend", BACKENDS)


def hand_layer(backend: str = "reference", dtype: Any = np.float64) -> SparseLinear:
    """0 →(2) 1, 2 →(-1) 0, 2 →(3) 1; input 1 and output 2 have no links."""
    structure = SparseStructure.from_coo([0, 2, 2], [1, 0, 1], (3, 3))
    layer = SparseLinear(structure, [2, -1, 3], dtype=dtype, backend=backend, name="hand")
    layer.bias[:] = [1, 10, -5]
    return layer


def random_layer(dtype: Any = np.float64, **options: Any) -> SparseLinear:
    shape, rng = (9, 7), np.random.default_rng(0)
    keys = np.flatnonzero(rng.random(shape[0] * shape[1]) < 0.4)
    layer = SparseLinear(SparseStructure.from_keys(keys, shape), "normal", rng=rng, dtype=dtype, **options)
    layer.bias[:] = rng.normal(size=shape[1])
    return layer


# ------------------------------------------------------------------------------------------------ by hand


@EACH_BACKEND
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_hand_case(backend: str, dtype: Any) -> None:
    layer = hand_layer(backend, dtype)
    y, cache = layer.forward(np.array([[1, 5, 2], [-1, 7, 4]], dtype))
    assert y.tolist() == [[1 - 2, 10 + 2 + 6, -5], [1 - 4, 10 - 2 + 12, -5]]
    dx, grads = layer.backward(np.array([[1, 2, 4], [0, -1, 4]], dtype), cache)
    assert dx.tolist() == [[2 * 2, 0, -1 + 3 * 2], [2 * -1, 0, 3 * -1]]
    assert grads["weight"].tolist() == [2 + 1, 2, 4 - 4]
    assert grads["bias"].tolist() == [1, 1, 8]
    assert {a.dtype for a in (y, dx, *grads.values())} == {np.dtype(dtype)}


# ------------------------------------------------------------------------------------------ all backends


@pytest.mark.parametrize("backend", ["scipy", "numba"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 1e-5)])
@pytest.mark.parametrize("batch", [1, 64, 100])
def test_backends_agree(backend: str, dtype: Any, tolerance: float, batch: int) -> None:
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(batch, 9)).astype(dtype), rng.normal(size=(batch, 7)).astype(dtype)
    results = []
    for name in ("reference", backend):
        layer = random_layer(dtype=dtype, backend=name)
        y, cache = layer.forward(x)
        dx, grads = layer.backward(dy, cache)
        results.append([y, dx, grads["weight"], grads["bias"]])
    for wanted, got in zip(*results, strict=True):
        assert got.dtype == wanted.dtype == dtype and got.shape == wanted.shape
        assert np.abs(got - wanted).max() <= tolerance * np.abs(wanted).max()


@EACH_BACKEND
def test_memory_order_of_the_input_does_not_matter(backend: str) -> None:
    layer, x = random_layer(backend=backend), np.random.default_rng(2).normal(size=(5, 9))
    y, _ = layer.forward(x)
    assert np.array_equal(layer.forward(np.asfortranarray(x))[0], y)
    assert np.array_equal(layer.forward(np.repeat(x, 2, axis=0)[::2])[0], y)


def test_a_complete_wiring_is_the_dense_layer() -> None:
    rng = np.random.default_rng(3)
    dense = Dense(6, 4, rng=rng, dtype=np.float64)
    layer = SparseLinear(SparseStructure.complete((6, 4)), dense.weight.ravel(), dtype=np.float64)
    x, dy = rng.normal(size=(5, 6)), rng.normal(size=(5, 4))
    y, cache = layer.forward(x)
    dx, grads = layer.backward(dy, cache)
    dense_y, dense_cache = dense.forward(x)
    dense_dx, dense_grads = dense.backward(dy, dense_cache)
    assert y == pytest.approx(dense_y, rel=1e-12) and dx == pytest.approx(dense_dx, rel=1e-12)
    assert grads["weight"] == pytest.approx(dense_grads["weight"].ravel(), rel=1e-12)
    assert grads["bias"] == pytest.approx(dense_grads["bias"], rel=1e-12)


# --------------------------------------------------------------------------------------- the slopes


@EACH_BACKEND
@pytest.mark.parametrize("batch", [1, 6])
def test_backward_is_the_slope(
    backend: str, batch: int, assert_gradient: Callable[[Callable[[], float], Array, Array], None]
) -> None:
    rng = np.random.default_rng(4)
    layer, x, dy = random_layer(backend=backend), rng.normal(size=(batch, 9)), rng.normal(size=(batch, 7))

    def value() -> float:
        return float(np.sum(layer.forward(x)[0] * dy))

    dx, grads = layer.backward(dy, layer.forward(x)[1])
    assert_gradient(value, x, dx)
    for name, parameter in layer.parameters().items():
        assert_gradient(value, parameter, grads[name])
    assert set(grads) == {"weight", "bias"}


# ---------------------------------------------------------------------------------- what a layer holds


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_share_their_memory(dtype: Any) -> None:
    layer = hand_layer(dtype=dtype)
    assert layer.weights.toarray().tolist() == [[0, 2, 0], [0, 0, 0], [-1, 3, 0]]
    assert layer.weights.dtype == dtype
    layer.weight[0] = 7
    assert layer.weights[0, 1] == 7
    layer.weights.data[2] = 11
    assert layer.weight.tolist() == [7, -1, 11]
    assert np.shares_memory(layer.weights.indices, layer.structure.indices)
    x = np.array([[1, 5, 2]], dtype)
    assert (x @ layer.weights + layer.bias).tolist() == layer.forward(x)[0].tolist()


def test_parameters_share_their_memory() -> None:
    layer = hand_layer()
    parameters = layer.parameters()
    assert parameters["weight"] is layer.weight and parameters["bias"] is layer.bias


def test_given_weights_are_copied() -> None:
    mine = np.array([1.0, 2.0])
    layer = SparseLinear(SparseStructure.complete((1, 2)), mine, dtype=np.float64)
    mine[0] = 9
    assert layer.weight.tolist() == [1, 2]


def test_drawn_weights() -> None:
    structure = SparseStructure.complete((40, 50))
    made = [SparseLinear(structure, "kaiming", rng=seed, dtype=np.float64) for seed in (0, 0, 1)]
    assert np.array_equal(made[0].weight, made[1].weight) and not np.array_equal(made[0].weight, made[2].weight)
    assert made[0].weight.std() == pytest.approx(np.sqrt(2 / 40), rel=0.1)
    assert made[0].bias.tolist() == [0] * 50
    assert SparseLinear(structure).weight.dtype == np.float32


def test_one_seed_is_one_layer_in_any_precision() -> None:
    structure = SparseStructure.complete((4, 5))
    wide, narrow = (SparseLinear(structure, rng=0, dtype=dtype).weight for dtype in (np.float64, np.float32))
    assert np.array_equal(wide.astype(np.float32), narrow)
    assert not np.array_equal(wide, narrow), "float64 weights are drawn as such, not rounded to float32"


def test_nothing_of_the_size_of_a_matrix_is_made() -> None:
    """A million times a million neurons; a matrix would have 4 TB."""
    n = 1_000_000
    structure = SparseStructure.from_coo([3, n - 1], [n - 1, 5], (n, n))
    layer = SparseLinear(structure, [2.0, 3.0], backend="scipy")
    x = np.zeros((1, n), np.float32)
    x[0, [3, n - 1]] = 1, 10
    y, cache = layer.forward(x)
    assert (y[0, n - 1], y[0, 5]) == (2, 30)
    assert layer.backward(y, cache)[1]["weight"].tolist() == [2, 300]


def test_repr() -> None:
    assert repr(hand_layer()) == "SparseLinear('hand', SparseStructure(3 x 3, 3 links, density 0.3333), float64)"


# ------------------------------------------------------------------------------------------- new wiring


def test_rewire_by_hand() -> None:
    """The link 2 → 0 goes; 0 → 0 and 1 → 2 come, in link order; the two others keep their weights."""
    layer = hand_layer()
    after = SparseStructure.from_coo([0, 0, 1, 2], [0, 1, 2, 1], (3, 3))
    layer.rewire(after, after.positions_in(layer.structure), np.array([50.0, 60.0]))
    assert layer.structure is after
    assert layer.weights.toarray().tolist() == [[50, 2, 0], [0, 0, 60], [0, 3, 0]]
    assert layer.bias.tolist() == [1, 10, -5]
    assert layer.forward(np.array([[1.0, 1.0, 1.0]]))[0].tolist() == [[51, 15, 55]]


@given(st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)))
def test_survivors_keep_their_weights(before: set[int], after: set[int]) -> None:
    old, new = (SparseStructure.from_keys(sorted(keys), (5, 6)) for keys in (before, after))
    layer = SparseLinear(old, [1.0 + key for key in sorted(before)], dtype=np.float64)
    fresh = [-1.0 - key for key in sorted(after - before)]
    layer.rewire(new, new.positions_in(old), np.array(fresh))
    assert layer.weight.tolist() == [1.0 + key if key in before else -1.0 - key for key in sorted(after)]
    assert layer.weight.dtype == np.float64


def test_rewire_refuses_another_shape() -> None:
    layer, other = hand_layer(), SparseStructure.complete((3, 4))
    with pytest.raises(InvalidInputError, match=r"\(3, 4\) for layer 'hand'"):
        layer.rewire(other, np.full(12, -1), np.zeros(12))


@pytest.mark.parametrize(("carry", "new"), [([-1, 0], 1), ([-1, 0, 1], 0), ([-1, 0, 1], 2), ([-1, -1, 1], 1)])
def test_rewire_refuses_counts_that_do_not_agree(carry: list[int], new: int) -> None:
    layer, after = hand_layer(), SparseStructure.from_keys([0, 1, 2], (3, 3))
    weight = layer.weight.copy()
    with pytest.raises(InvalidInputError, match=f"{len(carry)} links"):
        layer.rewire(after, np.array(carry), np.zeros(new))
    assert np.array_equal(layer.weight, weight) and layer.structure.nnz == 3, "a refusal changes nothing"


# ------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("shape", "found"),
    [((3,), r"of shape \(3,\)"), ((2, 4), "4 features"), ((2, 3, 1), r"of shape \(2, 3, 1\)")],
)
def test_inputs_of_another_shape_are_refused(shape: tuple[int, ...], found: str) -> None:
    with pytest.raises(InvalidInputError, match=found) as caught:
        hand_layer().forward(np.zeros(shape))
    assert "layer 'hand'" in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 2.0], r"weights of layer 'w' of shape \(2,\)"),
        ([[1.0, 2.0, 3.0]], r"of shape \(1, 3\)"),
        ([1.0, np.nan, 3.0], "weights of layer 'w' with infinite or missing"),
        ([1.0, np.inf, 3.0], "with infinite or missing numbers"),
        ("kaimng", "weights='kaimng'"),
    ],
)
def test_wrong_weights_are_refused(weights: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SparseLinear(SparseStructure.complete((1, 3)), weights, name="w")


def test_unknown_backends_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="backend='cude'"):
        SparseLinear(SparseStructure.complete((1, 3)), backend="cude")
