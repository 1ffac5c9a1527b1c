from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.optim import SGD

every_backend = pytest.mark.parametrize("backend", BACKENDS)


def run(optimizer: SGD, values, gradients, n_decayed=0):
    optimizer.init(len(values), "float64")
    values, path = np.array(values, float), []
    for gradient in gradients:
        optimizer.step(values, np.array(gradient, float), n_decayed)
        path.append(values.copy())
    return np.array(path)


@every_backend
def test_three_steps_by_hand(backend):
    # v: 1, 0.5 + 2 = 2.5, 1.25 - 1 = 0.25;  w: 1 - 0.1, 0.9 - 0.25, 0.65 - 0.025
    optimizer = SGD(0.1, momentum=0.5, weight_decay=0.0, backend=backend)
    np.testing.assert_allclose(run(optimizer, [1.0], [[1], [2], [-1]])[:, 0], [0.9, 0.65, 0.625], rtol=1e-14)
    np.testing.assert_allclose(optimizer.state()["velocity"], [0.25])


@every_backend
def test_three_nesterov_steps_by_hand(backend):
    # v as above; d: 1 + 0.5, 2 + 1.25, -1 + 0.125;  w: 1 - 0.15, 0.85 - 0.325, 0.525 + 0.0875
    optimizer = SGD(0.1, momentum=0.5, nesterov=True, weight_decay=0.0, backend=backend)
    np.testing.assert_allclose(run(optimizer, [1.0], [[1], [2], [-1]])[:, 0], [0.85, 0.525, 0.6125], rtol=1e-14)


@every_backend
@pytest.mark.parametrize("decoupled", [True, False])
def test_decay_pulls_on_the_weights_and_not_on_the_biases(backend, decoupled):
    # without a gradient: weights times 1 - 0.1 * 0.5, biases as they were
    optimizer = SGD(0.1, momentum=0.0, weight_decay=0.5, decoupled=decoupled, backend=backend)
    np.testing.assert_allclose(run(optimizer, [2.0, -4.0, 3.0], [[0, 0, 0]], n_decayed=2), [[1.9, -3.8, 3.0]])
    optimizer = SGD(0.1, momentum=0.0, weight_decay=0.5, decoupled=decoupled, decay_biases=True, backend=backend)
    np.testing.assert_allclose(run(optimizer, [2.0, -4.0, 3.0], [[0, 0, 0]], n_decayed=2), [[1.9, -3.8, 2.85]])


def test_coupled_decay_enters_the_velocity_and_decoupled_does_not():
    for decoupled, expected in ((False, 1.0), (True, 0.0)):
        optimizer = SGD(0.1, momentum=0.9, weight_decay=0.5, decoupled=decoupled)
        run(optimizer, [2.0], [[0]], n_decayed=1)
        np.testing.assert_allclose(optimizer.state()["velocity"], [expected])


def test_the_2018_update_is_decoupled_decay_over_the_learning_rate():
    # w += v - decay * w with v = momentum * v - rate * g, on weights and biases, for three steps
    rate, momentum, decay = 0.05, 0.9, 0.0002
    gradients = np.random.default_rng(0).normal(size=(3, 4))
    w, v = np.ones(4), np.zeros(4)
    for g in gradients:
        v = momentum * v - rate * g
        w = w + v - decay * w
    optimizer = SGD(rate, momentum, weight_decay=decay / rate, decoupled=True, decay_biases=True)
    np.testing.assert_allclose(run(optimizer, np.ones(4), gradients, n_decayed=2)[-1], w, rtol=1e-14)


def test_a_schedule_may_give_each_step_its_own_rate():
    optimizer = SGD(0.1, momentum=0.0, weight_decay=0.0)
    optimizer.init(1, "float64")
    values = np.array([1.0])
    optimizer.step(values, np.array([1.0]), 1, learning_rate=0.25)
    optimizer.step(values, np.array([1.0]), 1)
    np.testing.assert_allclose(values, [0.65])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-0.1), "learning_rate=-0.1"),
        (lambda: SGD(momentum=1.0), r"momentum=1.0"),
        (lambda: SGD(momentum=0.0, nesterov=True), "nesterov=True with momentum=0"),
        (lambda: SGD(weight_decay=float("inf")), "weight_decay=inf"),
    ],
)
def test_bad_values_are_refused(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()
