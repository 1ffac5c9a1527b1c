from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS, elementwise_ops
from sparse_mlp.layers.dropout import Dropout


@pytest.mark.parametrize("backend", BACKENDS)
def test_dropout_by_hand(backend):
    """Bytes below 64 of 256 silence; the others are scaled by 256 / 192. The first sample is not of this group."""
    x, draws = np.array([[[3.0, 6.0, 9.0, 12.0]]]), np.array([[255, 0, 63, 64, 255]], np.uint8)
    found = elementwise_ops(backend).dropout(x, draws, 64, 1)
    np.testing.assert_allclose(found, [[[0, 0, 12.0, 16.0]]], rtol=1e-15)


@pytest.mark.parametrize(("rate", "threshold"), [(0, 0), (0.001, 0), (0.25, 64), (0.3, 77), (0.5, 128), (0.9999, 255)])
def test_rates_are_multiples_of_a_256th(rate, threshold):
    assert Dropout(rate).threshold == threshold


@pytest.mark.parametrize("backend", BACKENDS)
def test_backward_silences_the_same_entries(backend, assert_gradient):
    x, dy = np.random.default_rng(1).normal(size=(2, 6, 5))
    layer = Dropout(0.4, backend=backend)
    y, cache = layer.forward(x, np.random.default_rng(7))
    dx, grads = layer.backward(dy, cache)
    np.testing.assert_array_equal(dx == 0, y == 0)
    assert 0 < np.count_nonzero(y) < y.size and grads == {}
    assert_gradient(lambda: float(np.sum(layer.forward(x, np.random.default_rng(7))[0] * dy)), x, dx)


def test_inference_and_rate_zero_pass_everything_and_draw_nothing():
    x, rng = np.ones((2, 3)), np.random.default_rng(0)
    for layer, stream in ((Dropout(0.5), None), (Dropout(0.0), rng)):
        y, cache = layer.forward(x, stream)
        np.testing.assert_array_equal(y, x)
        np.testing.assert_array_equal(layer.backward(3 * x, cache)[0], 3 * x)
    assert rng.integers(1000) == np.random.default_rng(0).integers(1000)


def test_all_backends_silence_the_same_entries():
    x = np.random.default_rng(1).normal(size=(7, 9)).astype(np.float32)
    results = [Dropout(0.3, backend=b).forward(x, np.random.default_rng(5))[0] for b in BACKENDS]
    for y in results:
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, results[0], rtol=3e-7)


def test_the_mean_stays():
    y, _ = Dropout(0.25).forward(np.ones((100, 400)), np.random.default_rng(3))
    # a standard deviation of sqrt(0.25 / 0.75 / 40000) = 0.0029
    assert abs(y.mean() - 1) < 4 * 0.0029


@pytest.mark.parametrize("rate", [1.0, -0.1, 50])
def test_bad_rates_are_refused(rate):
    with pytest.raises(InvalidInputError, match=f"rate={rate}"):
        Dropout(rate)
