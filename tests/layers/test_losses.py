from __future__ import annotations

import math

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS, elementwise_ops
from sparse_mlp.kernels.tiles import flat, pack, unpack
from sparse_mlp.layers.losses import MeanSquaredError, SoftmaxCrossEntropy

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

LOG = math.log


def test_cross_entropy_by_hand(backend):
    scores = np.log([[1.0, 2.0, 1.0], [3.0, 3.0, 2.0]])  # softmax: 1/4 1/2 1/4 and 3/8 3/8 1/4
    loss, cache = (criterion := SoftmaxCrossEntropy(backend=backend)).forward(scores, [1, 2])
    assert loss == pytest.approx((LOG(2) + LOG(4)) / 2, rel=1e-14)
    expected = [[1 / 8, -1 / 4, 1 / 8], [3 / 16, 3 / 16, -3 / 8]]
    np.testing.assert_allclose(criterion.backward(cache), expected, rtol=1e-13)


def test_label_smoothing_by_hand(backend):
    # target 0.9 0.1 for two classes and smoothing 0.2; softmax 1/4 3/4
    loss, cache = (criterion := SoftmaxCrossEntropy(0.2, backend=backend)).forward(np.log([[1.0, 3.0]]), [0])
    assert loss == pytest.approx(0.9 * LOG(4) + 0.1 * LOG(4 / 3), rel=1e-14)
    np.testing.assert_allclose(criterion.backward(cache), [[0.25 - 0.9, 0.75 - 0.1]], rtol=1e-13)


def test_half_mean_squared_error_by_hand(backend):
    scores, target = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [5.0, 1.0]])
    loss, cache = (criterion := MeanSquaredError(backend=backend)).forward(scores, target)
    assert loss == pytest.approx((1 + 0 + 4 + 9) / 8)
    np.testing.assert_allclose(criterion.backward(cache), [[0.25, 0.0], [-0.5, 0.75]])


def test_mean_squared_error_takes_a_flat_target_for_one_output(backend):
    loss, cache = (criterion := MeanSquaredError(backend=backend)).forward(np.array([[1.0], [5.0]]), [0.0, 2.0])
    assert loss == pytest.approx((1 + 9) / 4)
    np.testing.assert_allclose(criterion.backward(cache), [[0.5], [1.5]])
    tiles = np.array([[[1.0, 5.0]]])
    assert criterion.tiles(tiles, np.array([0.0, 2.0]), 2) == loss and tiles.tolist() == [[[0.5, 1.5]]]


@pytest.mark.parametrize("lanes", [2, 4, 32])
def test_weights_by_hand(backend, lanes):
    """Weights 3, 0 and 1 of a batch that weighs 8: softmax 1/4 3/4, 1/2 1/2 and 4/5 1/5, labels 0, 1, 0."""
    scores, weights = np.log([[1.0, 3.0], [1.0, 1.0], [4.0, 1.0]]), np.array([3.0, 0.0, 1.0])
    for criterion, target, loss, gradient in (
        (SoftmaxCrossEntropy(backend=backend), np.array([0, 1, 0]), (3 * LOG(4) + LOG(5 / 4)) / 8,
         [[-9 / 32, 9 / 32], [0, 0], [-1 / 40, 1 / 40]]),
        (MeanSquaredError(backend=backend), np.zeros((3, 2)), (3 * LOG(3) ** 2 + LOG(4) ** 2) / 32,
         [[0, 3 * LOG(3) / 16], [0, 0], [LOG(4) / 16, 0]]),
    ):  # fmt: skip
        tiles = pack(scores, np.arange(3), np.empty((-(-3 // lanes), 2, lanes)))
        assert criterion.tiles(tiles, target, 8.0, weights) == pytest.approx(loss, rel=1e-14)
        np.testing.assert_allclose(unpack(tiles, 3), gradient, rtol=1e-13, atol=1e-16)
        assert not flat(tiles, len(tiles) * lanes)[:, 3:].any()


@pytest.mark.parametrize("lanes", [2, 4, 32])
def test_part_of_a_batch_in_tiles_by_hand(backend, lanes):
    """Three of six samples, so half of everything; lanes behind them come to nothing."""
    scores, labels = np.log([[1.0, 3.0], [1.0, 1.0], [4.0, 1.0]]), np.array([0, 1, 0])
    losses = SoftmaxCrossEntropy(backend=backend), MeanSquaredError(backend=backend)
    for criterion, target in zip(losses, (labels, np.zeros((3, 2))), strict=True):
        loss, cache = criterion.forward(scores, target)
        tiles = pack(scores, np.arange(3), np.empty((-(-3 // lanes), 2, lanes)))
        tiles[-1, :, 3 - (len(tiles) - 1) * lanes :] = 9
        assert criterion.tiles(tiles, target, 6) == pytest.approx(loss / 2, rel=1e-14)
        np.testing.assert_allclose(unpack(tiles, 3), criterion.backward(cache) / 2, rtol=1e-14)
        assert not flat(tiles, len(tiles) * lanes)[:, 3:].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_scores_neither_overflow_nor_lose_the_loss(backend, dtype):
    scores = np.array([[1e4, 0.0, -1e4], [0.0, 3e38, -3e38]], dtype)
    with np.errstate(all="raise", under="ignore"):
        loss, cache = (criterion := SoftmaxCrossEntropy(backend=backend)).forward(scores, [1, 1])
    assert loss == pytest.approx(1e4 / 2)  # the first sample is wrong by 10,000 nats, the second is right
    np.testing.assert_allclose(criterion.backward(cache), [[0.5, -0.5, 0], [0, 0, 0]])


def test_nothing_is_learnt_from_a_single_class(backend):
    criterion = SoftmaxCrossEntropy(0.1, backend=backend)
    loss, cache = criterion.forward(np.array([[5.0], [-3.0]]), [0, 0])
    assert loss == pytest.approx(0.0, abs=1e-15)
    np.testing.assert_allclose(criterion.backward(cache), [[0.0], [0.0]], atol=1e-15)


def test_batch_of_one(backend):
    loss, cache = (criterion := SoftmaxCrossEntropy(backend=backend)).forward(np.zeros((1, 5)), [4])
    assert loss == pytest.approx(LOG(5))
    np.testing.assert_allclose(criterion.backward(cache), [[0.2, 0.2, 0.2, 0.2, -0.8]])


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropy_gradient_agrees_with_central_differences(backend, smoothing, assert_gradient):
    rng = np.random.default_rng(2)
    scores, labels = rng.normal(size=(4, 3)), np.array([0, 2, 1, 2])
    criterion = SoftmaxCrossEntropy(smoothing, backend=backend)
    gradient = criterion.backward(criterion.forward(scores, labels)[1])
    assert_gradient(lambda: criterion.forward(scores, labels)[0], scores, gradient)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-16)


def test_mean_squared_error_gradient_agrees_with_central_differences(backend, assert_gradient):
    rng = np.random.default_rng(3)
    scores, target = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    criterion = MeanSquaredError(backend=backend)
    gradient = criterion.backward(criterion.forward(scores, target)[1])
    assert_gradient(lambda: criterion.forward(scores, target)[0], scores, gradient)


def test_scores_that_are_no_numbers_give_a_loss_that_is_none(backend):
    assert math.isnan(SoftmaxCrossEntropy(backend=backend).forward(np.array([[0.0, np.nan]]), [0])[0])
    assert math.isnan(MeanSquaredError(backend=backend).forward(np.array([[np.nan]]), [0.0])[0])


def test_softmax_by_hand(backend):
    p = elementwise_ops(backend).softmax(np.array([[[800.0, 0.0], [800.0 + LOG(3), 0.0]]]))
    np.testing.assert_allclose(p, [[[0.25, 0.5], [0.75, 0.5]]], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradient_keeps_the_precision_and_scores_stay(backend, dtype):
    scores = np.array([[0.5, -1.0]], dtype)
    pairs = [(SoftmaxCrossEntropy(backend=backend), [1]), (MeanSquaredError(backend=backend), scores + 1)]
    for criterion, target in pairs:
        loss, cache = criterion.forward(scores, target)
        assert isinstance(loss, float) and criterion.backward(cache).dtype == dtype
        np.testing.assert_array_equal(scores, np.array([[0.5, -1.0]], dtype))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3], r"labels\[1\] = 3"),
        ([-1, 0], r"labels\[0\] = -1"),
        ([0, 1, 2], r"labels of shape \(3,\)"),
        ([0.0, 1.0], "labels of float64"),
    ],
)
def test_bad_labels_are_refused(backend, labels, message):
    with pytest.raises(InvalidInputError, match=message):
        SoftmaxCrossEntropy(backend=backend).forward(np.zeros((2, 3)), labels)


def test_other_bad_input_is_refused(backend):
    with pytest.raises(InvalidInputError, match="label_smoothing=10"):
        SoftmaxCrossEntropy(10, backend=backend)
    with pytest.raises(InvalidInputError, match=r"scores of shape \(0, 3\)"):
        SoftmaxCrossEntropy(backend=backend).forward(np.zeros((0, 3)), np.zeros(0, int))
    with pytest.raises(InvalidInputError, match=r"target of shape \(2,\)"):
        MeanSquaredError(backend=backend).forward(np.zeros((2, 3)), np.zeros(2))
    with pytest.raises(InvalidInputError, match=r"target of shape \(2, 2\)"):
        MeanSquaredError(backend=backend).tiles(np.zeros((1, 3, 2)), np.zeros((2, 2)), 2)
    with pytest.raises(InvalidInputError, match="scores of int64"):
        MeanSquaredError(backend=backend).forward(np.zeros((2, 3), int), np.zeros((2, 3)))
