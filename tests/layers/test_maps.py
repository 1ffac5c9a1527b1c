"""Maps between layers: one shape for both sides, borders of zeros, images in and out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from map_layers import Cross

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LeakyReLU,
    MapShape,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Tanh,
    Unflatten,
)
from sparse_mlp.models import Network

EACH_BACKEND = pytest.mark.parametrize("backend", BACKENDS)
IMAGE = (2, 4, 4)


def images(n: int, image: Any = IMAGE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, *image))


def crossed(x: np.ndarray) -> np.ndarray:
    """Do what `Cross` does, in plain NumPy."""
    p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return p[..., 1:-1, 1:-1] + p[..., 1:-1, 2:] + p[..., 1:-1, :-2] + p[..., 2:, 1:-1] + p[..., :-2, 1:-1]


@pytest.mark.parametrize("n", [0, 1, 16, 17])
@pytest.mark.parametrize("border", [0, 2])
def test_images_in_tiles_and_back(n: int, border: int) -> None:
    shape, x = MapShape(*IMAGE, border), images(n)
    for lanes in (16, n):
        tiles = shape.tiles(x, lanes)
        assert tiles.shape[1] == shape.features == 2 * (4 + 2 * border) ** 2
        assert np.array_equal(shape.nchw(tiles, n), x)
        assert tiles.sum() == pytest.approx(x.sum())
        assert shape.interior(tiles).base is not None
        if n:
            assert shape.maps(tiles)[0, 1, border + 2, border + 3, 0] == x[0, 1, 2, 3]


def test_the_border_is_what_both_sides_need() -> None:
    pool, first, second, norm = MaxPool2d(IMAGE), Cross(IMAGE), Cross((2, 2, 2)), BatchNorm((2, 2, 2))
    assert (first.input_map.border, first.output_map.border, pool.input_map.border) == (1, 1, 0)  # alone
    Sequential([first, ReLU(), pool, second, norm, Flatten((2, 2, 2))])
    assert first.output_map == pool.input_map == (*IMAGE, 1)  # for the gradient that the first layer reads
    assert pool.output_map == second.input_map == (2, 2, 2, 1)  # for what the second layer reads
    assert second.output_map == norm.input_map == (2, 2, 2, 1)
    assert norm.output_map.border == 0


def test_what_a_residual_block_adds_lies_alike() -> None:
    first, inner, last, behind = BatchNorm(IMAGE), BatchNorm(IMAGE), BatchNorm(IMAGE), Cross(IMAGE)
    Sequential([first, Residual(Sequential([inner, Residual(last)])), Dropout(0.1), behind])
    for layer in (first, inner, last):
        assert layer.output_map.border == 1
    assert (inner.input_map.border, last.input_map.border, behind.input_map.border) == (1, 1, 1)


def test_a_border_inside_a_residual_block_is_that_of_its_input_and_its_sum() -> None:
    before, inner, behind = BatchNorm(IMAGE), Cross(IMAGE), BatchNorm(IMAGE)
    Sequential([before, Residual(Sequential([BatchNorm(IMAGE), inner])), behind])
    assert (before.output_map.border, inner.output_map.border, behind.input_map.border) == (1, 1, 1)


@pytest.mark.parametrize(
    ("between", "clears"),
    [
        ([], False), ([ReLU(), LeakyReLU(), Tanh(), Dropout(0.2)], False), ([Sigmoid()], True),
        ([Sigmoid(), ReLU()], True), ([Residual(ReLU())], False), ([Residual(Sigmoid())], True),
        ([Residual(Sequential([Sigmoid(), BatchNorm(IMAGE)]))], False), ([Sigmoid(), Residual(BatchNorm(IMAGE))], True),
        ([Sigmoid(), BatchNorm(IMAGE)], False),
    ],
)  # fmt: skip
def test_who_clears_a_border(between: list[Layer], clears: bool) -> None:
    layer = Cross(IMAGE)
    assert layer.clears_border
    Sequential([BatchNorm(IMAGE), *between, layer])
    assert layer.clears_border == clears


@EACH_BACKEND
@pytest.mark.parametrize("n", [1, 17])
def test_borders_stay_zero_behind_layers_that_would_spoil_them(n: int, backend: str) -> None:
    options: Any = {"backend": backend}
    norms = [BatchNorm(IMAGE, dtype="float64", **options) for _ in range(2)]
    for norm in norms:
        norm.beta[:] = 1
    first, second, third = (Cross(IMAGE, **options) for _ in range(3))
    block = Residual(Sequential([norms[0], Sigmoid(**options), second]))
    net = Sequential([first, ReLU(**options), block, Sigmoid(**options), third, norms[1]])
    x, rng = images(n), np.random.default_rng(0)
    y, cache = net.forward(x, rng)
    dx, _ = net.backward(np.ones_like(y), cache)
    assert first.seen == second.seen == third.seen == [0, 0]

    z = np.maximum(crossed(x), 0)
    normed = BatchNorm(IMAGE, dtype="float64", **options).forward(z, rng)[0] + 1
    z = 1 / (1 + np.exp(-(z + crossed(1 / (1 + np.exp(-normed))))))
    np.testing.assert_allclose(y, BatchNorm(IMAGE, dtype="float64", **options).forward(crossed(z), rng)[0] + 1, 1e-10)
    assert dx.shape == x.shape


def test_a_larger_border_changes_no_result() -> None:
    x, layers = images(17), [BatchNorm(IMAGE, dtype="float64"), MaxPool2d(IMAGE)]
    found = []
    for around in (False, True):
        net = Sequential(layers)
        if around:
            Sequential([Cross(IMAGE), *layers, Cross((2, 2, 2))])
            assert (layers[0].input_map.border, layers[1].output_map.border) == (1, 1)
        y, cache = net.forward(x)
        found.append((y, net.backward(np.ones_like(y), cache)[0]))
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)


@EACH_BACKEND
def test_activations_take_images(backend: str) -> None:
    x = images(3)
    for layer in (ReLU(backend=backend), Sequential([Sigmoid(backend=backend)]), Residual(Tanh(backend=backend))):
        y, cache = layer.forward(x)
        flat, flat_cache = layer.forward(x.reshape(3, -1))
        assert np.array_equal(y.reshape(3, -1), flat)
        dx, flat_dx = layer.backward(y, cache)[0], layer.backward(flat, flat_cache)[0]
        assert dx.shape == x.shape
        assert np.array_equal(dx.reshape(3, -1), flat_dx)


class Swish(Layer):
    """An activation of one's own."""

    elementwise = True

    def forward(self, x, rng=None):
        return x / (1 + np.exp(-x)), x

    def backward(self, dy, cache):
        s = 1 / (1 + np.exp(-cache))
        return dy * s * (1 + cache * (1 - s)), {}


def test_an_activation_of_ones_own_between_maps() -> None:
    x, layer = images(17), Cross(IMAGE)
    y, _ = Sequential([BatchNorm(IMAGE, dtype="float64"), Swish(), layer]).forward(x)
    z = x / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(y, crossed(z / (1 + np.exp(-z))), 1e-12, 1e-12)
    assert layer.clears_border


def network(*layers: Layer) -> Network:
    return Network(Sequential(layers), n_features=32)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: network(MaxPool2d(IMAGE), Flatten((2, 2, 2)), Dense(8, 2)), r"begins with maps of \(2, 4, 4\).*Unfl"),
        (lambda: network(Unflatten(IMAGE), MaxPool2d(IMAGE), BatchNorm((2, 2, 2))), r"ends with maps of \(2, 2, 2\)"),
        (lambda: network(Unflatten(IMAGE), Dense(32, 2, name="out")), r"maps of \(2, 4, 4\) .*'out'; expected flat"),
        (lambda: network(Unflatten(IMAGE), type("Own", (Layer,), {})()), r"'Own'; .*elementwise = True"),
        (lambda: Sequential([Dense(32, 32), MaxPool2d(IMAGE, name="pool")]), r"flat features .*'pool'; .*Unflatten\("),
        (lambda: Sequential([Flatten(IMAGE), Flatten(IMAGE)]), "flat features at the input of layer 'flatten'"),
        (lambda: Sequential([MaxPool2d(IMAGE), Flatten(IMAGE, name="f")]), r"\(2, 2, 2\) .*'f'; expected \(2, 4, 4\)"),
        (lambda: Residual(MaxPool2d(IMAGE), name="r"), r"\(2, 2, 2\) from .*block 'r'; expected \(2, 4, 4\)"),
        (lambda: Residual(Flatten(IMAGE)), r"flat features from the branch .*; expected \(2, 4, 4\)"),
        (lambda: MaxPool2d((3, 1, 4), name="deep"), r"2 x 2 pixels on maps of 1 x 4 at layer 'deep'"),
        (lambda: MaxPool2d((3, 4)), r"input_shape=\(3, 4\) of layer 'maxpool2d'; expected three"),
        (lambda: Flatten((3, 0, 4)), "height=0"),
        (lambda: MaxPool2d(IMAGE, size=0), "size=0"),
        (lambda: MaxPool2d(IMAGE, stride=0), "stride=0"),
        (lambda: GlobalAveragePool(5), "input_shape=5"),
    ],
)
def test_layers_that_do_not_fit(make: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        make()


X = images(32, (3, 8, 8)).astype("float32")


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (X.reshape(32, -1), r"input of layer 'pool' of shape \(32, 192\); expected \(batch, 3, 8, 8\); use x\.reshape"),
        (X.transpose(0, 2, 3, 1), r"\(32, 8, 8, 3\); .*x\.transpose\(0, 3, 1, 2\)"),
        (X[0], "one image for each sample"),
        (X.astype(np.uint8), r"uint8; expected float32 or float64; .*/ 255"),
        (X.astype(np.float16), "float16"),
    ],
)
def test_images_that_do_not_fit(x: np.ndarray, words: str) -> None:
    for layer in (MaxPool2d((3, 8, 8), name="pool"), Sequential([MaxPool2d((3, 8, 8), name="pool")], name="pool")):
        with pytest.raises(InvalidInputError, match=words):
            layer.forward(x)


def test_a_gradient_that_does_not_fit() -> None:
    layer = MaxPool2d((3, 8, 8))
    y, cache = layer.forward(X)
    with pytest.raises(InvalidInputError, match=r"gradient by the output .*\(32, 48\); expected \(batch, 3, 4, 4\)"):
        layer.backward(y.reshape(32, -1), cache)
    with pytest.raises(InvalidInputError, match="33 features at the input of layer 'maxpool2d'; expected 192"):
        layer.n_out(33)
