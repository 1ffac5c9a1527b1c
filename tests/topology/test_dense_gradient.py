"""The dense gradient: by hand, against central differences, and the targets it takes."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.topology.dense_gradient import check_targets, dense_gradient


def test_by_hand():
    # (1, 2) -> (1*1 + 2*1, 1*-1 + 2*0) = (3, -1) -> ReLU (3, 0) -> 3 * 2 + 0 * 5 = 6; wanted 4, so delta = 2
    weights = [np.array([[1.0, -1.0], [1.0, 0.0]]), np.array([[2.0], [5.0]])]
    loss, gradients = dense_gradient(weights, np.array([[1.0, 2.0]]), np.array([[4.0]]))
    assert loss == 2.0
    np.testing.assert_array_equal(gradients[1], [[6.0], [0.0]])
    np.testing.assert_array_equal(gradients[0], [[4.0, 0.0], [8.0, 0.0]])


def test_cross_entropy_by_hand():
    # no scores: both classes have probability 1/2
    loss, (gradient,) = dense_gradient([np.zeros((1, 2))], np.array([[4.0], [2.0]]), np.array([0, 0]))
    assert loss == pytest.approx(np.log(2))
    np.testing.assert_allclose(gradient, [[-1.5, 1.5]])


@pytest.mark.parametrize("target", [np.array([0, 2, 1, 2, 2]), np.linspace(-3, 2, 15).reshape(5, 3)])
def test_central_differences(target):
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(shape) for shape in [(4, 6), (6, 5), (5, 3)]]
    x = rng.standard_normal((5, 4))
    _, gradients = dense_gradient(weights, x, target)
    for weight, gradient in zip(weights, gradients, strict=True):
        for at in np.ndindex(weight.shape):
            kept, losses = weight[at], []
            for weight[at] in (kept + 1e-6, kept - 1e-6):
                losses.append(dense_gradient(weights, x, target)[0])
            weight[at] = kept
            assert gradient[at] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-6, abs=1e-9)


def test_same_bytes_for_any_number_of_threads():
    rng = np.random.default_rng(1)
    weights = [rng.standard_normal(shape) / 30 for shape in [(1000, 777), (777, 100)]]
    x, target, found = rng.standard_normal((500, 1000)), rng.integers(0, 100, 500), []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            found.append([gradient.tobytes() for gradient in dense_gradient(weights, x, target)[1]])
    assert found[0] == found[1]


def test_large_scores_do_not_overflow():
    loss, (gradient,) = dense_gradient([np.array([[1e4, -1e4]])], np.array([[1.0]]), np.array([1]))
    assert loss == 2e4
    np.testing.assert_array_equal(gradient, [[1.0, -1.0]])


def test_targets_that_are_taken():
    assert check_targets([0, 1, 1], 3, 2).dtype == np.int64
    assert check_targets(np.array([0.5, 1.5], np.float32), 2, 1).shape == (2, 1)
    assert check_targets(np.zeros((2, 3)), 2, 3).dtype == np.float64


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, "a target of None"),
        ([0, 1], r"a target of int64 \(2,\); expected integer labels \(3,\) or floating numbers \(3, 2\)"),
        ([0, 1, 2], r"labels from 0 to 2; expected in \[0, 2\)"),
        ([-1, 0, 1], "labels from -1 to 1"),
        ([0.0, 1.0, 2.0], r"a target of float64 \(3,\)"),
        (np.zeros((3, 2), int), r"a target of int64 \(3, 2\)"),
    ],
)
def test_targets_that_are_refused(target, message):
    with pytest.raises(InvalidInputError, match=message):
        check_targets(target, 3, 2)
