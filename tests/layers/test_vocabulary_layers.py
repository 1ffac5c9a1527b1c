"""Layer norm, embedding and generator as layers: by hand, central differences, empty lanes, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import vocabulary
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import Embedding, Generator, LayerNorm, Tokens
from sparse_mlp.layers.packing import packed
from sparse_mlp.reference import vocabulary as loops
from sparse_mlp.reference.embedding import sinusoid

every_backend = pytest.mark.parametrize("backend", BACKENDS)


def lanes(backend, tokens):
    return 64 if backend == "numba" else tokens


def rows(tiles):
    """All lanes of tiles (n_tiles, features, lanes), one after the other, the empty ones at the end."""
    return np.moveaxis(tiles, 1, 2).reshape(-1, tiles.shape[1])


def norm(features, **options):
    layer, rng = LayerNorm(features, **options), np.random.default_rng(1)
    layer.gain[:], layer.bias[:] = rng.normal(size=(2, features))
    return layer


@every_backend
def test_layer_norm_by_hand(backend):
    layer = LayerNorm(4, epsilon=1e-300, dtype="float64", backend=backend)
    y, cache = layer.forward(np.array([[1.0, 2.0, 3.0, 4.0]]))
    np.testing.assert_allclose(y, [[-1.341641, -0.447214, 0.447214, 1.341641]], atol=1e-6)
    dx, grads = layer.backward(np.array([[1.0, 0.0, 0.0, 0.0]]), cache)
    np.testing.assert_allclose(dx, [[0.268328, -0.357771, -0.089443, 0.178885]], atol=1e-6)
    np.testing.assert_allclose(grads["gain"], [-1.341641, 0, 0, 0], atol=1e-6)
    np.testing.assert_array_equal(grads["bias"], [1, 0, 0, 0])


@every_backend
def test_the_gradients_of_layer_norm_are_central_differences(backend, assert_gradient):
    layer, rng = norm(5, dtype="float64", backend=backend), np.random.default_rng(2)
    x, dy = rng.normal(size=(2, 3, 5))
    dx, grads = layer.backward(dy, layer.forward(x)[1])

    def value():
        return float((layer.forward(x)[0] * dy).sum())

    for array, gradient in ((x, dx), (layer.gain, grads["gain"]), (layer.bias, grads["bias"])):
        assert_gradient(value, array, gradient)


@every_backend
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_constant_token_stays_finite(backend, dtype):
    """Its variance is 0, and epsilon alone keeps the division from failing."""
    layer = norm(6, dtype=dtype, backend=backend)
    y, cache = layer.forward(np.full((2, 6), 1e4, dtype))
    np.testing.assert_array_equal(y, np.tile(layer.bias, (2, 1)))
    dx, grads = layer.backward(np.ones((2, 6), dtype), cache)
    assert dx.dtype == dtype and np.isfinite(dx).all() and np.isfinite(grads["gain"]).all()


def test_empty_lanes_add_nothing_to_the_gradients_of_layer_norm():
    layer, rng, count = norm(3, dtype="float64"), np.random.default_rng(3), 70
    x, dy = (packed(rng.normal(size=(count, 3)), None, 64, np.float64) for _ in range(2))
    found = []
    for stale in (0.0, 5.0):  # what the layer before has left in empty lanes
        x[1, :, count - 64 :] = stale
        grads = {"gain": np.zeros(3), "bias": np.zeros(3)}
        batch = Tokens.of(np.array([0, count]))
        y, cache = layer.forward_tiles(x, batch)
        dx = layer.backward_tiles(dy, cache, batch, grads)
        assert np.isfinite(y).all() and not rows(dx)[count:].any()
        found.append((dx.copy(), grads["gain"], grads["bias"]))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@every_backend
def test_embedding_by_hand(backend):
    """Twice the row of the word, for d = 4, plus that of the place."""
    layer = Embedding(3, 4, dtype="float64", backend=backend)
    layer.weight[:] = np.arange(12.0).reshape(3, 4)
    x, cache = layer.forward(np.array([2, 2, 0]), np.array([0, 1, 0]))
    places = [[0, 1, 0, 1], [0.841471, 0.540302, 0.01, 0.99995], [0, 1, 0, 1]]
    np.testing.assert_allclose(x - places, [[16, 18, 20, 22], [16, 18, 20, 22], [0, 2, 4, 6]], atol=1e-6)
    dx, grads = layer.backward(np.array([[1.0, 0, 0, 2], [1, 0, 0, 3], [0, 4, 0, 0]]), cache)
    assert dx is None
    np.testing.assert_array_equal(grads["weight"], [[0, 8, 0, 0], [0, 0, 0, 0], [4, 0, 0, 10]])


@every_backend
def test_the_gradient_of_an_embedding_is_a_central_difference(backend, assert_gradient):
    rng = np.random.default_rng(4)
    layer = Embedding(4, 6, rng=rng, dtype="float64", backend=backend)
    words, places, dy = np.array([3, 0, 3, 3]), np.array([0, 1, 2, 0]), rng.normal(size=(4, 6))
    _, grads = layer.backward(dy, layer.forward(words, places)[1])
    assert_gradient(lambda: float((layer.forward(words, places)[0] * dy).sum()), layer.weight, grads["weight"])
    assert not grads["weight"][[1, 2]].any()  # words that do not occur


def test_gradients_of_a_word_are_added_in_the_order_of_its_tokens():
    """In float32, 1 and two grains of 2^-24 are 1 in this order, and more than 1 in the other."""
    layer, grain = Embedding(2, 4), 2.0**-24
    for order, total in (([1, grain, grain], 1.0), ([grain, grain, 1], 1 + 2.0**-23)):
        dy = np.repeat(np.array(order, np.float32)[:, None], 4, axis=1) / 2
        _, grads = layer.backward(dy, layer.forward(np.zeros(3, int), np.arange(3))[1])
        np.testing.assert_array_equal(grads["weight"][0], np.float32(total))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_table_of_places_grows_and_is_rounded_once(dtype):
    layer = Embedding(2, 6, dtype=dtype)
    first = layer.places(3).copy()
    grown = layer.places(201)
    assert len(grown) >= 201 and grown.dtype == dtype
    np.testing.assert_array_equal(grown[: len(first)], first)
    tolerance = 1e-14 if dtype == "float64" else 2.0**-25  # half a step of float32 below 1
    np.testing.assert_allclose(grown[:201], sinusoid(201, 6), rtol=0, atol=tolerance * 1.001)


@every_backend
def test_no_words_at_all(backend):
    layer = Embedding(3, 4, backend=backend)
    x, cache = layer.forward(np.zeros(0, int), np.zeros(0, int))
    assert x.shape == (0, 4)
    assert not layer.backward(x, cache)[1]["weight"].any()


@every_backend
@pytest.mark.parametrize(
    ("words", "places", "named"),
    [
        ([0, 3], [0, 1], r"words\[1\] = 3; expected a number in \[0, 3\)"),
        ([-1, 0], [0, 1], r"words\[0\] = -1"),
        ([0, 1], [0, -1], r"positions\[1\] = -1; expected 0 or more"),
        ([0, 1], [0], "1 positions of 2 words"),
        ([0.0, 1.0], [0, 1], "words of float64"),
        ([[0, 1]], [0, 1], r"shape \(1, 2\)"),
    ],
)
def test_words_and_places_that_do_not_fit_are_refused(backend, words, places, named):
    with pytest.raises(InvalidInputError, match=named):
        Embedding(3, 4, backend=backend).forward(np.array(words), np.array(places))


@every_backend
def test_gradients_that_do_not_fit_an_embedding_are_refused(backend):
    layer = Embedding(3, 4, backend=backend)
    _, cache = layer.forward(np.array([0, 1]), np.array([0, 1]))
    for shape, named in (((1, 4), "1 tokens"), ((2, 3), r"\(2, 3\)")):
        with pytest.raises(InvalidInputError, match=named):
            layer.backward(np.ones(shape), cache)


def generator(features, words, seed=5, **options):
    layer = Generator(features, words, rng=seed, **options)
    layer.bias[:] = np.random.default_rng(seed).normal(size=words)
    return layer


def loss_of(layer, h, target, smoothing, total=None):
    """Loss, and gradients by all, of h (tokens, features), and dx with its empty lanes."""
    batch = Tokens.of(np.array([0, len(h)]))
    grads = {"weight": np.zeros_like(layer.weight), "bias": np.zeros_like(layer.bias)}
    x = packed(h, None, lanes(layer.backend, len(h)), layer.dtype)
    loss, dx = layer.loss_tiles(x, target, total or len(h), smoothing, batch, grads)
    return loss, rows(dx), grads


@every_backend
def test_the_loss_by_hand(backend):
    """All scores 0, smoothing .1, four words: log 4; dz is .225, at the label -.675."""
    layer = Generator(2, 4, weights="zero", dtype="float64", backend=backend)
    loss, dx, grads = loss_of(layer, np.array([[1.0, 2.0]]), np.array([2]), 0.1)
    assert loss == pytest.approx(np.log(4))
    np.testing.assert_allclose(grads["bias"], [0.225, 0.225, -0.675, 0.225])
    np.testing.assert_allclose(grads["weight"], np.outer([0.225, 0.225, -0.675, 0.225], [1, 2]))
    assert not dx.any()


@every_backend
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradients_of_the_loss_are_central_differences(backend, smoothing, assert_gradient):
    layer, rng = generator(3, 5, dtype="float64", backend=backend), np.random.default_rng(6)
    h, target = rng.normal(size=(4, 3)), rng.integers(5, size=4)
    _, dx, grads = loss_of(layer, h, target, smoothing)
    for array, gradient in ((h, dx[:4]), (layer.weight, grads["weight"]), (layer.bias, grads["bias"])):
        assert_gradient(lambda: loss_of(layer, h, target, smoothing)[0], array, gradient)


@every_backend
def test_the_gradients_of_the_scores_are_central_differences(backend, assert_gradient):
    layer, rng = generator(3, 5, dtype="float64", backend=backend), np.random.default_rng(7)
    h, dy = rng.normal(size=(4, 3)), rng.normal(size=(4, 5))
    dx, grads = layer.backward(dy, layer.forward(h)[1])
    for array, gradient in ((h, dx), (layer.weight, grads["weight"]), (layer.bias, grads["bias"])):
        assert_gradient(lambda: float((layer.forward(h)[0] * dy).sum()), array, gradient)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", ["scipy", "numba"])
def test_more_tokens_than_a_chunk_are_as_in_the_loops(backend, dtype, monkeypatch):
    """With chunks of 30 the last one of 70 tokens is shorter, and two tiles are not full."""
    monkeypatch.setattr(vocabulary, "CHUNK", 30)
    layer, rng, count = generator(4, 9, dtype=dtype, backend=backend), np.random.default_rng(8), 70
    h, target = rng.normal(size=(count, 4)).astype(dtype), rng.integers(9, size=count)
    loss, dx, grads = loss_of(layer, h, target, 0.1, total=100)
    wanted = loops.loss_and_gradients(h, layer.weight, layer.bias, target, 0.1, 100)
    tolerance = 1e-10 if dtype == "float64" else 2e-5
    for one, other in zip((loss, dx[:count], grads["weight"], grads["bias"]), wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance / 100)
    assert dx.dtype == dtype and not dx[count:].any()


@every_backend
def test_scores_far_from_zero_overflow_nothing(backend):
    layer = generator(2, 3, backend=backend)
    layer.bias[:] = [3e4, 0, -3e4]
    loss, dx, grads = loss_of(layer, np.ones((2, 2), np.float32), np.array([0, 2]), 0.1)
    assert np.isfinite(loss) and np.isfinite(dx).all() and np.isfinite(grads["bias"]).all()


@every_backend
def test_parts_of_a_batch_add_up_to_its_loss(backend):
    layer, rng = generator(3, 5, dtype="float64", backend=backend), np.random.default_rng(9)
    h, target = rng.normal(size=(7, 3)), rng.integers(5, size=7)
    whole, parts = loss_of(layer, h, target, 0.1), [
        loss_of(layer, h[part], target[part], 0.1, total=7) for part in (slice(0, 3), slice(3, 7))
    ]  # fmt: skip
    assert sum(part[0] for part in parts) == pytest.approx(whole[0], rel=1e-12)
    for name, gradient in whole[2].items():
        np.testing.assert_allclose(sum(part[2][name] for part in parts), gradient, rtol=1e-12, atol=1e-15)


@every_backend
def test_the_loss_alone_is_that_of_training_and_counts_right_words(backend):
    layer, rng = generator(3, 5, dtype="float64", backend=backend), np.random.default_rng(10)
    h = rng.normal(size=(6, 3))
    best = layer.forward(h)[0].argmax(axis=1)
    target = np.where(np.arange(6) < 4, best, (best + 1) % 5)
    x = packed(h, None, lanes(backend, 6), np.float64)
    batch = Tokens.of(np.array([0, 6]))
    loss, right = layer.loss_only(x, target, 0.1, batch)
    assert right == 4
    assert loss == pytest.approx(6 * loss_of(layer, h, target, 0.1)[0], rel=1e-12)
    np.testing.assert_allclose(layer.scores_tiles(x, batch), layer.forward(h)[0], rtol=1e-12)


@every_backend
def test_scores_and_gradients_have_the_type_of_the_layer(backend):
    layer = generator(3, 5, backend=backend)
    y, cache = layer.forward(np.ones((2, 3)))
    dx, grads = layer.backward(np.ones((2, 5)), cache)
    assert {y.dtype, dx.dtype, grads["weight"].dtype, grads["bias"].dtype} == {np.dtype("float32")}


def test_a_tied_generator_reads_the_embedding_and_owns_its_bias_alone():
    layer, embedding = generator(4, 6), Embedding(6, 4, rng=11)
    layer.tie(embedding)
    assert list(layer.parameters()) == ["bias"]
    embedding.set_parameter("weight", 2 * embedding.weight)  # as when a network moves it into its store
    assert layer.weight is embedding.weight
    h = np.ones((1, 4), np.float32)
    np.testing.assert_allclose(layer.forward(h)[0], h @ embedding.weight.T + layer.bias, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Embedding(3, 5), "features=5"),
        (lambda: Embedding(0, 4), "words=0"),
        (lambda: LayerNorm(0), "features=0"),
        (lambda: LayerNorm(3, epsilon=0), "epsilon=0"),
        (lambda: LayerNorm(3).forward(np.ones((2, 4), np.float32)), "4 features"),
        (lambda: Generator(4, 0), "words=0"),
        (lambda: Generator(4, 6).forward(np.ones((2, 3), np.float32)), r"\(2, 3\)"),
        (lambda: Generator(4, 6).backward(np.ones((2, 5)), np.ones((2, 4))), r"\(2, 5\)"),
        (lambda: Generator(4, 6).tie(Embedding(7, 4)), r"\(7, 4\)"),
        (lambda: Generator(4, 6).tie(Embedding(6, 4, dtype="float64")), "float64 to tie"),
    ],
)
def test_what_does_not_fit_is_refused(make, named):
    with pytest.raises(InvalidInputError, match=named):
        make()
