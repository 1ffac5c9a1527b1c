"""Losses: how wrong the scores of the last layer are, and the gradient that the layers below train by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.kernels.dispatch import choose_backend, elementwise_ops
from sparse_mlp.kernels.tiles import clear_empty_lanes, pack, unpack
from sparse_mlp.layers._checks import check_batch
from sparse_mlp.layers.base import Array


class Loss:
    """Compare scores (batch, n_out) with a target; the losses below are means over the batch.

    A loss of your own needs `forward` and `backward`; a network calls `tiles`, which follows from them. With weights it
    is :math:`\\sum_i w_i L_i / \\sum_i w_i`, where :math:`L_i` is what `forward` says of sample i alone.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Let `tiles` follow from passes that a class overrides."""
        super().__init_subclass__(**options)
        if {"forward", "backward"} & vars(cls).keys() and "tiles" not in vars(cls):
            cls.tiles = Loss.tiles  # type: ignore[method-assign]

    def forward(self, scores: Array, target: ArrayLike) -> tuple[float, Any]:
        """Return the mean loss and what `backward` needs."""
        raise TypeError(f"{type(self).__name__} needs a method forward")

    def backward(self, cache: Any) -> Array:
        """Return the gradient of the mean loss by the scores (batch, n_out)."""
        raise TypeError(f"{type(self).__name__} needs a method backward")

    def tiles(self, scores: Array, target: Array, total: float, weights: Array | None = None) -> float:
        """Replace the scores of a group of samples by their gradient and return the group's part of the mean loss.

        Parameters
        ----------
        scores : float (n_tiles, n_out, lanes)
        target : array (count, …)
            Of the samples in these tiles; lanes behind them are empty.
        total : int or float
            Samples of the whole batch, over which the mean is taken, or the sum of their weights.
        weights : float64 (count,), optional
            Of the samples in these tiles; all 1 if not given.
        """
        found = unpack(scores, len(target))
        if weights is None or np.all(weights == weights[0]):
            share = (len(target) if weights is None else weights.sum()) / total
            value, dscores = self._checked(found, target)
            value, dscores = value * share, dscores * share
        else:
            value, dscores = self._one_by_one(found, target, weights / total)
        pack(np.ascontiguousarray(dscores, scores.dtype), np.arange(len(target)), scores)
        return float(value)

    def _one_by_one(self, scores: Array, target: Array, shares: Array) -> tuple[float, Array]:
        value, dscores = 0.0, np.empty_like(scores, order="C")
        for i, share in enumerate(shares):
            of_one, gradient = self._checked(scores[i : i + 1], target[i : i + 1])
            value, dscores[i : i + 1] = value + of_one * share, gradient * share
        return value, dscores

    def _checked(self, scores: Array, target: Array) -> tuple[float, Array]:
        """Return the loss of some samples and its gradient, or say what is wrong with a loss of your own."""
        value, cache = self.forward(scores, target)
        gradient = np.asarray(self.backward(cache))
        if np.ndim(value) != 0:
            raise invalid(f"a loss of shape {np.shape(value)} from {type(self).__name__}.forward", "a number, the mean")
        if gradient.shape != scores.shape or gradient.dtype.kind != "f":
            found = f"{gradient.dtype} {gradient.shape} from {type(self).__name__}.backward"
            raise invalid(found, f"floating point {scores.shape}, the gradient by the scores")
        return value, gradient


class SoftmaxCrossEntropy(Loss):
    """Compare class scores with labels: the cross-entropy of the softmax, in nats.

    Parameters
    ----------
    label_smoothing : float
        Fraction of the target that is spread evenly over all classes, in [0, 1).
    backend : str, optional

    Examples
    --------
    >>> import numpy as np
    >>> loss, cache = SoftmaxCrossEntropy(backend="scipy").forward(np.zeros((1, 4)), [2])
    >>> round(loss, 6)  # log 4: four classes, none preferred
    1.386294
    """

    def __init__(self, label_smoothing: float = 0.0, *, backend: str | None = None) -> None:
        self.label_smoothing = check_fraction("label_smoothing", label_smoothing, zero=True, one=False)
        self.backend = choose_backend(backend).name

    def forward(self, scores: Array, target: ArrayLike) -> tuple[float, Array]:
        """Return the mean loss and, as cache, its gradient.

        Parameters
        ----------
        scores : float (batch, n_out)
        target : integer (batch,)
            Label of each sample, in [0, n_out).

        Raises
        ------
        InvalidInputError
            If scores or labels have another shape or type, or a label is out of range.
        """
        checked = _check_scores(scores)
        labels = check_labels(target, *checked.shape)
        dscores = np.ascontiguousarray(checked.T)[None].copy()
        loss = SoftmaxCrossEntropy.tiles(self, dscores, labels, len(labels))
        return float(loss), dscores[0].T

    def backward(self, cache: Array) -> Array:
        """Return the gradient by the scores (batch, n_out): softmax minus target, divided by the batch size."""
        return cache

    def tiles(self, scores: Array, target: Array, total: float, weights: Array | None = None) -> float:
        """Replace scores by their gradient and return the group's part of the mean loss; labels as `check_labels`."""
        if not _fits(self.backend, scores, target):
            return super().tiles(scores, target, total, weights)
        ops = elementwise_ops(self.backend)
        return ops.softmax_cross_entropy(scores, target, self.label_smoothing, total, weights, out=scores)[0]


class MeanSquaredError(Loss):
    """Compare outputs with a target: half the squared difference, mean over batch and outputs.

    Parameters
    ----------
    backend : str, optional

    Notes
    -----
    The loss that scikit-learn's `MLPRegressor` reports.
    """

    def __init__(self, *, backend: str | None = None) -> None:
        self.backend = choose_backend(backend).name

    def forward(self, scores: Array, target: ArrayLike) -> tuple[float, Array]:
        """Return the mean loss and, as cache, its gradient.

        Parameters
        ----------
        scores : float (batch, n_out)
        target : float (batch, n_out), or (batch,) for a single output

        Raises
        ------
        InvalidInputError
            If scores or target have another shape or type.
        """
        checked = _check_scores(scores)
        wanted = _check_target(target, len(checked), checked.shape[1], checked.dtype)
        dscores = np.ascontiguousarray(checked.T)[None].copy()
        loss = MeanSquaredError.tiles(self, dscores, wanted, len(wanted))
        return float(loss), dscores[0].T

    def backward(self, cache: Array) -> Array:
        """Return the gradient by the scores (batch, n_out): their difference, over batch size times outputs."""
        return cache

    def tiles(self, scores: Array, target: Array, total: float, weights: Array | None = None) -> float:
        """Replace scores by their gradient and return the group's part of the mean loss; target (count, n_out)."""
        if not _fits(self.backend, scores, target):
            return super().tiles(scores, target, total, weights)
        ops, n_out = elementwise_ops(self.backend), scores.shape[1]
        checked = _check_target(target, len(target), n_out, scores.dtype)
        wanted = pack(checked, np.arange(len(target)), np.empty_like(scores))
        clear_empty_lanes(scores, len(target))  # no error where there is no sample
        return ops.mean_squared_error(scores, wanted, total * n_out, weights, out=scores)[0]


def check_labels(target: ArrayLike, batch: int, n_classes: int) -> Array:
    """Return labels as int64 (batch,), or say which of them is none of the classes 0 … n_classes - 1."""
    labels = np.asarray(target)
    if labels.shape != (batch,):
        raise invalid(f"labels of shape {labels.shape}", f"shape ({batch},)", "one class number for each sample")
    if not np.issubdtype(labels.dtype, np.integer):
        raise invalid(f"labels of {labels.dtype}", "an integer type", "use labels.astype('int64')")
    outside = np.flatnonzero((labels < 0) | (labels >= n_classes))
    if len(outside):
        at = int(outside[0])
        remedy = "has the last layer as many outputs as classes?"
        raise invalid(f"labels[{at}] = {labels[at]}", f"a class in [0, {n_classes})", remedy)
    return labels.astype(np.int64, copy=False)


def _fits(backend: str, scores: Array, target: Array) -> bool:
    """Tell whether a backend can take these tiles; any but "numba" wants a single one without empty lanes."""
    return backend == "numba" or (len(scores) == 1 and scores.shape[2] == len(target))


def _check_target(target: ArrayLike, batch: int, n_out: int, dtype: Any) -> Array:
    """Return numbers to learn as (batch, n_out), or say why they are not of this shape."""
    wanted = np.ascontiguousarray(target, dtype)
    if wanted.ndim == 1 and n_out == 1:
        wanted = wanted[:, None]
    if wanted.shape != (batch, n_out):
        raise invalid(f"a target of shape {wanted.shape}", f"shape ({batch}, {n_out}), that of the scores")
    return wanted


def _check_scores(scores: Array) -> Array:
    checked = check_batch("scores", scores)
    if checked.size == 0:
        raise invalid(f"scores of shape {checked.shape}", "at least one sample and one output")
    return checked
