"""The sparse convolution as a layer: by hand, as linear layers, on all backends, its answers about its links."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conv_layers import random_conv

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import Sequential, Sigmoid, SparseConv2d, SparseLinear
from sparse_mlp.structure import SparseStructure

Array = np.ndarray
EACH_BACKEND = pytest.mark.parametrize("backend", BACKENDS)
CLOSE = {np.float64: 1e-13, np.float32: 1e-5}


def passes(layer: Any, x: Array, dy: Array) -> list[Array]:
    """Return y, dx and the gradients by weight and bias."""
    y, cache = layer.forward(x)
    dx, grads = layer.backward(dy.reshape(y.shape), cache)
    return [y, dx, grads["weight"], grads["bias"]]


def images(layer: SparseConv2d, batch: int, dtype: Any = np.float64) -> tuple[Array, Array]:
    rng = np.random.default_rng(1)
    return tuple(rng.normal(size=(batch, *shape)).astype(dtype) for shape in (layer.input_shape, layer.output_shape))


def assert_close(got: Array, wanted: Array, tolerance: float) -> None:
    assert np.abs(got.reshape(wanted.shape) - wanted).max(initial=0) <= tolerance * np.abs(wanted).max(initial=1)


# ------------------------------------------------------------------------------------------------ by hand


@EACH_BACKEND
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_by_hand(backend: str, dtype: Any) -> None:
    """The image 1..9, taps (0, 0) = 2 and (1, 1) = -1, bias .5, dy = 1, stride 2."""
    structure = SparseStructure.from_coo([0, 4], [0, 0], (9, 1))
    layer = SparseConv2d(structure, (1, 3, 3), [2, -1], kernel=3, stride=2, dtype=dtype, backend=backend)
    layer.bias[:] = 0.5
    assert layer.input_shape == (1, 3, 3) and layer.output_shape == (1, 2, 2)
    y, dx, dweight, dbias = passes(layer, np.arange(1, 10, dtype=dtype).reshape(1, 1, 3, 3), np.ones(4, dtype))
    assert y.tolist() == [[[[-0.5, -2.5], [-6.5, 1.5]]]]
    assert dx.tolist() == [[[[-1, 0, -1], [0, 2, 0], [-1, 0, -1]]]]
    assert dweight.tolist() == [5, 20] and dbias.tolist() == [4]
    assert {array.dtype for array in (y, dx, dweight, dbias)} == {np.dtype(dtype)}


# ---------------------------------------------------------------------------------------- as linear layers


@EACH_BACKEND
@pytest.mark.parametrize("dtype", CLOSE)
def test_one_tap_on_one_pixel_is_the_linear_layer(backend: str, dtype: Any) -> None:
    layer = random_conv((9, 1, 1), 7, kernel=1, dtype=dtype, backend=backend)
    linear = SparseLinear(layer.structure, layer.weight, dtype=dtype, backend=backend)
    linear.bias[:] = layer.bias
    x, dy = images(layer, 33, dtype)
    for got, wanted in zip(passes(layer, x, dy), passes(linear, x[..., 0, 0], dy), strict=True):
        assert_close(got, wanted, CLOSE[dtype])


@EACH_BACKEND
def test_a_kernel_as_large_as_the_map_is_the_linear_layer_of_its_pixels(backend: str) -> None:
    layer = random_conv((2, 5, 5), 7, kernel=5, padding=0, dtype=np.float64, backend=backend)
    linear = SparseLinear(layer.structure, layer.weight, dtype=np.float64, backend=backend)
    linear.bias[:] = layer.bias
    x, dy = images(layer, 17)
    for got, wanted in zip(passes(layer, x, dy), passes(linear, x.reshape(17, -1), dy), strict=True):
        assert_close(got, wanted, 1e-13)


@EACH_BACKEND
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (3, 2, 0), (2, 3, 1), (5, 2, 4)])
def test_it_is_a_linear_layer_whose_links_share_weights(backend: str, kernel: int, stride: int, padding: int) -> None:
    """Link gradients, summed over the windows, are those of the weights."""
    numbers = np.arange(1.0, 1000.0)  # so that links of the linear layer can be told by their weights
    layer = random_conv(kernel=kernel, stride=stride, padding=padding, dtype=np.float64, backend=backend)
    layer.weight[:] = numbers[: len(layer.weight)]
    linear = layer.expanded()
    x, dy = images(layer, 3)
    y, dx, dweight, dbias = passes(linear, x.reshape(3, -1), dy)
    summed = [dweight[linear.weight == weight].sum() for weight in layer.weight]
    wanted = [y, dx, np.array(summed), dbias.reshape(layer.output_shape).sum(axis=(1, 2))]
    for got, truth in zip(passes(layer, x, dy), wanted, strict=True):
        assert_close(got, truth, 1e-13)


# ------------------------------------------------------------------------------------------ all backends


@pytest.mark.parametrize("backend", ["scipy", "numba"])
@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("batch", [1, 17])
def test_backends_agree(backend: str, dtype: Any, batch: int) -> None:
    truth, layer = (random_conv(stride=2, dtype=dtype, backend=name) for name in ("reference", backend))
    x, dy = images(layer, batch, dtype)
    for got, wanted in zip(passes(layer, x, dy), passes(truth, x, dy), strict=True):
        assert got.dtype == wanted.dtype == dtype and got.shape == wanted.shape
        assert_close(got, wanted, CLOSE[dtype])


@EACH_BACKEND
def test_central_differences(backend: str, assert_gradient: Callable[..., None]) -> None:
    layer = random_conv((2, 4, 3), 2, dtype=np.float64, backend=backend)
    x, dy = images(layer, 2)
    _, dx, dweight, dbias = passes(layer, x, dy)
    for array, gradient in ((x, dx), (layer.weight, dweight), (layer.bias, dbias)):
        assert_gradient(lambda: float(np.sum(dy * layer.forward(x)[0])), array, gradient)


@EACH_BACKEND
def test_empty_lanes_add_nothing(backend: str) -> None:
    """A batch of 17, a tile and a lane, against its samples one by one."""
    layer = random_conv(dtype=np.float64, backend=backend)
    x, dy = images(layer, 17)
    whole, parts = passes(layer, x, dy), [passes(layer, x[i : i + 1], dy[i : i + 1]) for i in range(17)]
    for got, wanted in zip(whole[:2], zip(*parts, strict=True), strict=False):
        assert_close(got, np.concatenate(wanted), 1e-14)
    for got, wanted in zip(whole[2:], list(zip(*parts, strict=True))[2:], strict=True):
        assert_close(got, sum(wanted), 1e-13)


@EACH_BACKEND
def test_a_layer_without_bias(backend: str) -> None:
    layer = random_conv(dtype=np.float64, backend=backend, bias=False)
    same = SparseConv2d(layer.structure, layer.input_shape, layer.weight, kernel=3, dtype=np.float64, backend=backend)
    x, dy = images(layer, 3)
    (y, cache), wanted = layer.forward(x), passes(same, x, dy)
    dx, grads = layer.backward(dy, cache)
    assert layer.bias.shape == (0,) and list(layer.parameters()) == list(grads) == ["weight"]
    for got, truth in zip((y, dx, grads["weight"]), wanted, strict=False):
        assert np.array_equal(got, truth)
    assert layer.kind() != same.kind()


@EACH_BACKEND
def test_border_behind_a_sigmoid_is_cleared(backend: str) -> None:
    """A sigmoid makes .5 of the border's zeros; the convolution must not see it."""
    first, second = (random_conv((3, 4, 4), 3, seed=i, dtype=np.float64, backend=backend) for i in range(2))
    x, _ = images(first, 2)
    between = 1 / (1 + np.exp(-first.forward(x)[0]))
    got = Sequential([first, Sigmoid(backend=backend), second]).forward(x)[0]
    assert_close(got, second.forward(between)[0], 1e-14)


# ------------------------------------------------------------------------------- what it says about its links


def test_dense_weights_there_and_back() -> None:
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(4, 3, 5, 5)) * (rng.random((4, 3, 5, 5)) < 0.3)
    layer = SparseConv2d.from_dense(dense, (3, 8, 8), dtype=np.float64, stride=2)
    assert np.array_equal(layer.to_dense(), dense) and layer.geometry.stride == 2
    assert layer.structure.nnz == np.count_nonzero(dense)
    row, out = layer.geometry.row(2, 1, 3), 3
    assert layer.weights.toarray()[row, out] == dense[3, 2, 1, 3]
    mask = rng.random(dense.shape) < 0.5
    layer = SparseConv2d.from_dense(dense, (3, 8, 8), mask, dtype=np.float64)
    assert np.array_equal(layer.to_dense(), np.where(mask, dense, 0)) and layer.structure.nnz == mask.sum()


def test_units_are_channels() -> None:
    """Channel 0 with two taps to output 1, channel 2 with one to output 0; output 2 has none."""
    structure = SparseStructure.from_coo([0, 8, 21], [1, 1, 0], (27, 3))
    wiring, places = SparseConv2d(structure, (3, 4, 4), kernel=3, rng=0).units()
    assert wiring.shape == (3, 3) and wiring.keys().tolist() == [0 * 3 + 1, 2 * 3 + 0]
    assert places.tolist() == [0, 0, 1]


def test_dead_taps_do_not_grow() -> None:
    assert random_conv((2, 3, 3)).growable() is None
    layer = random_conv((2, 1, 3), density=0.0)
    assert layer.growable().tolist() == [3, 4, 5, 12, 13, 14]  # the middle row of either channel


def test_links_on_dead_taps_are_told_at_the_start() -> None:
    structure = SparseStructure.from_coo([0, 4, 8], [0, 0, 0], (9, 1))
    with pytest.warns(UserWarning, match="2 of 3 links of layer 'pixel' are on taps that see no pixel"):
        SparseConv2d(structure, (1, 1, 1), kernel=3, rng=0, name="pixel")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SparseConv2d(structure, (1, 2, 2), kernel=3, rng=0)


@EACH_BACKEND
def test_a_new_wiring(backend: str) -> None:
    layer, other = (random_conv(seed=seed, dtype=np.float64, backend=backend) for seed in (0, 5))
    x, dy = images(layer, 3)
    before = passes(layer, x, dy)
    carry = np.full(other.structure.nnz, -1)
    layer.rewire(other.structure, carry, other.weight)
    layer.bias[:] = other.bias
    after = passes(layer, x, dy)
    for got, wanted in zip(after, passes(other, x, dy), strict=True):
        assert np.array_equal(got, wanted)
    assert not np.array_equal(after[0], before[0]) and after[2].shape != before[2].shape


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_compute_the_same_and_leave_the_lists_behind(copied: Any) -> None:
    layer = random_conv(dtype=np.float64)
    x, dy = images(layer, 3)
    wanted = passes(layer, x, dy)
    other = copied(layer)
    assert other._listed is None
    for got, truth in zip(passes(other, x, dy), wanted, strict=True):
        assert np.array_equal(got, truth)


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (2, 8, 8)}, r"structure of shape \(27, 4\).*\(18, 4\) for 2 channels and kernel 3"),
        ({"kernel": 2}, "an explicit padding"),
        ({"stride": 0}, "stride"),
        ({"padding": 3}, "padding=3"),
        ({"input_shape": (3, 2, 2), "padding": 0}, "kernel=3 on a padded image of side 2"),
        ({"input_shape": (3, 8192, 8192)}, "maps of 3 channels of 8192 x 8192"),
        ({"weights": np.ones(3)}, "weights of layer 'conv'"),
    ],
)
def test_refused_layers(options: dict[str, Any], message: str) -> None:
    structure = SparseStructure.from_coo([0, 13], [0, 3], (27, 4))
    given = {"input_shape": (3, 8, 8), "kernel": 3, "rng": 0, "backend": "numba", **options}
    with pytest.raises(InvalidInputError, match=message):
        SparseConv2d(structure, **given)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((32, 90)), r"x.reshape\(-1, \*dataset.image_shape\)"),
        (np.zeros((2, 5, 6, 3)), "channels come first"),
        (np.zeros((2, 3, 5, 6), np.uint8), "scale pixels"),
        (np.zeros((3, 5, 6)), "expected"),
    ],
)
def test_refused_images(x: Array, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        random_conv().forward(x)


@pytest.mark.parametrize("shape", [(4, 3, 3), (4, 3, 3, 2)])
def test_refused_dense_weights(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match="channels_out, channels_in, kernel, kernel"):
        SparseConv2d.from_dense(np.ones(shape), (3, 8, 8))
