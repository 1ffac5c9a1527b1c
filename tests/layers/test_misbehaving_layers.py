"""Layers and losses of one's own that return something wrong are named, with what they returned."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.layers import Dense, Sequential
from sparse_mlp.layers.base import Layer
from sparse_mlp.layers.losses import Loss, SoftmaxCrossEntropy
from sparse_mlp.models import Network, Samples

X, Y = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32), np.arange(6) % 3


class Gain(Layer):
    """Multiply each feature by a number."""

    name = "gain"

    def __init__(self, gain=None):
        self.gain = np.ones(4, np.float32) if gain is None else gain

    def parameters(self):
        return {"gain": self.gain}

    def forward(self, x, rng=None):
        return x * self.gain, x

    def backward(self, dy, cache):
        return dy * self.gain, {"gain": (dy * cache).sum(axis=0)}


def gradient(layer, loss=None):
    network = Network(Sequential([layer, Dense(4, 3, rng=0, name="readout")]), n_features=4)
    return network.gradient(Samples(X, np.arange(6), Y), loss or SoftmaxCrossEntropy())


def test_a_right_layer_is_trained():
    assert gradient(Gain()) > 0


def replaced(method, result):
    return type("Gain", (Gain,), {method: lambda self, *_: result(Gain(), *_)})()


@pytest.mark.parametrize(
    ("method", "result", "words"),
    [
        ("forward", lambda layer, x: x, r"a ndarray from Gain\.forward of layer 'gain'; expected a pair"),
        ("forward", lambda layer, x: (x[:, :2], x), r"float32 \(6, 2\) from Gain\.forward .*n_out"),
        ("forward", lambda layer, x: (x[:5], x), r"float32 \(5, 4\) from Gain\.forward"),
        ("forward", lambda layer, x: (x > 0, x), r"bool \(6, 4\) from Gain\.forward"),
        ("backward", lambda layer, dy, x: dy, r"a ndarray from Gain\.backward"),
        ("backward", lambda layer, dy, x: (dy[:, :1], {}), r"float32 \(6, 1\) from Gain\.backward"),
        ("backward", lambda layer, dy, x: (dy, {}), r"gradients of: none from Gain\.backward .* of: gain"),
        ("backward", lambda layer, dy, x: (dy, {"weight": dy}), r"gradients of: weight from Gain\.backward"),
        ("backward", lambda layer, dy, x: (dy, {"gain": dy * x}), r"'gain' of shape \(6, 4\) .*\(4,\)"),
    ],
)
def test_a_pass_that_returns_something_else(method, result, words):
    with pytest.raises(InvalidInputError, match=words):
        gradient(replaced(method, result))


@pytest.mark.parametrize("values", [np.ones(4, int), [1.0] * 4, 1.0])
def test_parameters_are_arrays_of_floating_point(values):
    with pytest.raises(InvalidInputError, match="as parameter gain/gain"):
        gradient(Gain(values))


class Own(Loss):
    """Half the squared distance to 1."""

    def forward(self, scores, target):
        return float(((scores - 1) ** 2).sum(axis=1).mean() / 2), scores - 1

    def backward(self, cache):
        return cache / len(cache)


@pytest.mark.parametrize(
    ("method", "result", "words"),
    [
        ("forward", lambda scores, _: (scores[:, 0], scores), r"a loss of shape \(6,\) from Own\.forward"),
        ("backward", lambda cache: cache[:, :1], r"float32 \(6, 1\) from Own\.backward; expected .*\(6, 3\)"),
    ],
)
def test_a_loss_that_returns_something_else(method, result, words):
    assert gradient(Gain(), Own()) > 0
    with pytest.raises(InvalidInputError, match=words):
        gradient(Gain(), type("Own", (Own,), {method: lambda self, *given: result(*given)})())
