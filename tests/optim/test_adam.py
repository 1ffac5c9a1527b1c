from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.optim import Adam

every_backend = pytest.mark.parametrize("backend", BACKENDS)


@every_backend
def test_two_steps_by_hand(backend):
    # beta1 = 0.5, beta2 = 0.75, no epsilon to speak of, rate 0.1
    # step 1, g = 2: m = 1, s = 1; corrected 1 / 0.5 = 2 and 1 / 0.25 = 4; d = 2 / 2 = 1;  w = 1 - 0.1
    # step 2, g = -4: m = 0.5 - 2 = -1.5, s = 0.75 + 4 = 4.75; corrected -1.5 / 0.75 = -2 and 4.75 * 16 / 7 = 76 / 7;
    #                 d = -2 / sqrt(76 / 7);  w = 0.9 + 0.2 / sqrt(76 / 7)
    optimizer = Adam(0.1, beta1=0.5, beta2=0.75, epsilon=1e-300, weight_decay=0.0, backend=backend)
    optimizer.init(1, "float64")
    values = np.array([1.0])
    optimizer.step(values, np.array([2.0]), 1)
    np.testing.assert_allclose(values, [0.9], rtol=1e-14)
    optimizer.step(values, np.array([-4.0]), 1)
    np.testing.assert_allclose(values, [0.9 + 0.2 / np.sqrt(76 / 7)], rtol=1e-14)
    state = optimizer.state()
    assert (state["first"][0], state["second"][0], state["step"]) == (-1.5, 4.75, 2)


@every_backend
def test_the_first_step_is_the_rate_whatever_the_gradient(backend):
    optimizer = Adam(0.01, weight_decay=0.0, backend=backend)
    optimizer.init(3, "float64")
    values = np.zeros(3)
    optimizer.step(values, np.array([1e-3, -7.0, 1e5]), 3)
    np.testing.assert_allclose(values, [-0.01, 0.01, -0.01], rtol=1e-4)


@every_backend
def test_decay_pulls_on_the_weights_and_not_on_the_biases(backend):
    optimizer = Adam(0.1, weight_decay=0.5, backend=backend)
    optimizer.init(3, "float64")
    values = np.array([2.0, -4.0, 3.0])
    optimizer.step(values, np.zeros(3), 2)
    np.testing.assert_allclose(values, [1.9, -3.8, 3.0])


def test_both_parts_of_a_step_share_its_number():
    optimizer = Adam(0.1, weight_decay=0.5)
    optimizer.init(2)
    optimizer.step(np.ones(2, np.float32), np.ones(2, np.float32), 1)
    assert optimizer.count == 1


def test_a_new_link_moves_as_the_note_says():
    optimizer = Adam(0.01, weight_decay=0.0)
    optimizer.init(2, "float64")
    values = np.zeros(2)
    for _ in range(20_000):
        optimizer.step(values, np.ones(2), 2)
    optimizer.remap(np.array([0, -1]), 2)
    before = values.copy()
    optimizer.step(values, np.ones(2), 2)
    np.testing.assert_allclose((before - values) / 0.01, [1.0, 0.1 / np.sqrt(0.001)], rtol=1e-6)


def test_a_restored_state_goes_on_with_the_same_bytes():
    gradients = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)

    def go_on(optimizer, values, some):
        for gradient in some:
            optimizer.step(values, gradient, 3)
        return values

    whole, first, second = (Adam(0.1, weight_decay=0.01) for _ in range(3))
    for optimizer in (whole, first, second):
        optimizer.init(5)
    expected = go_on(whole, np.ones(5, np.float32), gradients)
    halfway = go_on(first, np.ones(5, np.float32), gradients[:3])
    second.load_state(first.state())
    assert go_on(second, halfway, gradients[3:]).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adam(beta1=1.0), "beta1=1.0"),
        (lambda: Adam(beta2=-0.1), "beta2=-0.1"),
        (lambda: Adam(epsilon=0.0), "epsilon=0.0"),
    ],
)
def test_bad_values_are_refused(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()
