"""Tasks: what a network is trained and evaluated on, batch by batch."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.layers import Loss, MeanSquaredError, SoftmaxCrossEntropy
from sparse_mlp.layers.base import Array
from sparse_mlp.models import Network, Samples
from sparse_mlp.models.inputs import all_finite, check_inputs, count_rows, real_numbers
from sparse_mlp.training.augmentation import RandomFlip, augmented

Metrics = dict[str, float]
Data = tuple[Any, Any]


class Task(Protocol):
    """What `Trainer.fit` asks of its data.

    Attributes
    ----------
    n_samples : int
        What an epoch puts into a new order.
    n_batches : int
        Batches of an epoch.
    weight : float
        Sum of the weights of all batches, for the mean loss of an epoch.
    loss : Loss

    Notes
    -----
    A task may have `augmented(batch, rng) -> Samples` as well, which changes a batch by chance before it is trained.
    """

    n_samples: int
    n_batches: int

    @property
    def weight(self) -> float:
        """Sum of the weights of all batches."""

    @property
    def loss(self) -> Loss:
        """What is trained on."""

    def bound(self, name: str, network: Network) -> Any:
        """Return the task with its data checked and converted for a network; messages call it `name`."""

    def batches(self, order: NDArray[np.int64]) -> Sequence[Samples]:
        """Return the batches of an epoch whose samples come in this order; asked once for each epoch."""

    def weight_of(self, batch: Samples) -> float:
        """Return the weight of a batch in the mean loss of an epoch."""

    def evaluate(self, network: Network) -> Metrics:
        """Return measures of a network's quality by name, its loss among them."""


class _ArrayTask:
    """A task on arrays.

    Parameters
    ----------
    x : float array or scipy.sparse array (n_samples, n_features)
    target : array (n_samples, …)
    batch_size : int
        The last batch of an epoch may be smaller.
    sample_weight : float (n_samples,), optional
    loss : Loss, optional
    augmentation : RandomFlip, optional
        How training samples are changed by chance.
    """

    def __init__(
        self, x: Any, target: Any, *, batch_size: int = 32, sample_weight: Any = None, loss: Loss | None = None,
        augmentation: RandomFlip | None = None,
    ) -> None:  # fmt: skip
        self.x, self.target, self.sample_weight, self._loss = x, target, sample_weight, loss
        self.augmentation = augmentation
        self.batch_size = check_integer("batch_size", batch_size)
        self.n_samples = count_rows("inputs", x)
        self.n_batches = -(-self.n_samples // self.batch_size)

    @property
    def weight(self) -> float:
        """Number of samples, or the sum of their weights."""
        return float(self.n_samples if self.sample_weight is None else np.sum(self.sample_weight))

    @property
    def loss(self) -> Loss:
        """The loss that is trained on."""
        return self._loss or self._default_loss(None)

    def batches(self, order: NDArray[np.int64]) -> list[Samples]:
        """Return the batches of an epoch in the given order of samples; none is dropped."""
        starts = range(0, len(order), self.batch_size)
        return [Samples(self.x, order[i : i + self.batch_size], self.target, self.sample_weight) for i in starts]

    def augmented(self, batch: Samples, rng: np.random.Generator) -> Samples:
        """Return the batch as it is to be trained now."""
        return batch if self.augmentation is None else augmented(batch, self.augmentation, rng)

    def weight_of(self, batch: Samples) -> float:
        """Return the number of its samples, or the sum of their weights."""
        return float(batch.total)

    def bound(self, name: str, network: Network) -> Any:
        """Return the task with arrays in the network's dtype and layout; sparse inputs stay sparse.

        Raises
        ------
        InvalidInputError
            If the data or weights do not fit the network, are not finite, or there are none.
        """
        task = copy.copy(self)
        task.x = check_inputs(f"{name} inputs", self.x, network.n_features, network.dtype)
        if not self.n_samples:
            wanted = f"shape (n_samples, {network.n_features}) with at least one sample"
            raise invalid(f"{name} inputs of shape {task.x.shape}", wanted)
        if self.augmentation is not None:
            self.augmentation.check(network.n_features)
        target = real_numbers(f"{name} {self._called}", self.target)
        task.target = self._checked_target(name, np.ascontiguousarray(target), network)
        if self.sample_weight is not None:
            task.sample_weight = check_weights(f"{name} sample weights", self.sample_weight, self.n_samples)
        if self._loss is None:
            task._loss = self._default_loss(network.backend)
        elif not self._takes(self._loss):
            raise invalid(f"{type(self._loss).__name__} for the {name} {self._called}", self._wanted)
        return task

    _called = "targets"
    _wanted = "a loss that takes them"

    def _mean_loss(self, scores: Array) -> float:
        """Return the mean loss of all samples, by their weights."""
        if self.sample_weight is None:
            return self.loss.forward(scores, self.target)[0]
        tile = np.ascontiguousarray(scores.T)[None].copy()
        return self.loss.tiles(tile, self.target, self.weight, self.sample_weight)

    def _default_loss(self, backend: str | None) -> Loss:
        raise TypeError

    def _takes(self, loss: Loss) -> bool:
        return True

    def _checked_target(self, name: str, target: Array, network: Network) -> Array:
        return target


class Classification(_ArrayTask):
    """Learn the class of each sample.

    Parameters
    ----------
    x : float array or scipy.sparse array (n_samples, n_features)
    target : integer (n_samples,)
        Class of each sample, from 0 on.
    batch_size : int
    sample_weight : float (n_samples,), optional
        How much each sample counts in the loss and in the measures, 0 or more; 1 if not given.
    loss : Loss, optional
        Softmax cross-entropy if not given.
    augmentation : RandomFlip, optional
        How training samples are changed by chance; evaluation sees them as they are.
    """

    _called, _wanted = "labels", "a loss for labels, such as SoftmaxCrossEntropy"

    def evaluate(self, network: Network) -> Metrics:
        """Return the mean loss, and the fraction of right classes as accuracy."""
        scores = network.scores_of(self.x)
        right = scores.argmax(axis=1) == self.target
        return {"loss": self._mean_loss(scores), "accuracy": float(np.average(right, weights=self.sample_weight))}

    def _default_loss(self, backend: str | None) -> Loss:
        return SoftmaxCrossEntropy(backend=backend)

    def _takes(self, loss: Loss) -> bool:
        return not isinstance(loss, MeanSquaredError)

    def _checked_target(self, name: str, target: Array, network: Network) -> Array:
        if target.shape != (self.n_samples,):
            remedy = "outputs to regress are floats"
            raise invalid(f"{name} labels of shape {target.shape}", f"shape ({self.n_samples},)", remedy)
        if not np.issubdtype(target.dtype, np.integer):
            raise invalid(f"{name} labels of {target.dtype}", "integers", "use labels.astype('int64')")
        if target.min() < 0 or target.max() >= network.n_outputs:
            found = f"{name} labels from {target.min()} to {target.max()}"
            raise invalid(found, f"classes in [0, {network.n_outputs})")
        return target.astype(np.int64, copy=False)


class Regression(_ArrayTask):
    """Learn numbers.

    Parameters
    ----------
    x : float array or scipy.sparse array (n_samples, n_features)
    target : float (n_samples, n_outputs)
    batch_size : int
    sample_weight : float (n_samples,), optional
        How much each sample counts in the loss and in the measures, 0 or more; 1 if not given.
    loss : Loss, optional
        Half the mean squared error if not given.
    augmentation : RandomFlip, optional
        How training samples are changed by chance; evaluation sees them as they are.
    """

    _wanted = "a loss for numbers, such as MeanSquaredError"

    def evaluate(self, network: Network) -> Metrics:
        """Return the mean loss."""
        return {"loss": self._mean_loss(network.scores_of(self.x))}

    def _default_loss(self, backend: str | None) -> Loss:
        return MeanSquaredError(backend=backend)

    def _takes(self, loss: Loss) -> bool:
        return not isinstance(loss, SoftmaxCrossEntropy)

    def _checked_target(self, name: str, target: Array, network: Network) -> Array:
        if target.shape != (self.n_samples, network.n_outputs):
            wanted = f"shape ({self.n_samples}, {network.n_outputs})"
            raise invalid(f"{name} targets of shape {target.shape}", wanted, "labels are integers")
        converted = np.ascontiguousarray(target, dtype=network.dtype)
        if not all_finite(converted):
            found = f"{name} targets with infinite or missing numbers"
            raise invalid(found, "finite numbers", "fill or drop them first")
        return converted


def as_task(data: Task | Data, **options: Any) -> Task:
    """Return a task as it is, and arrays (x, target) as one: integer targets are classes, others numbers to learn.

    Options are those of `Classification` and `Regression`.

    Raises
    ------
    InvalidInputError
        If the data are neither, or the targets are not numbers.
    """
    if hasattr(data, "bound"):
        return cast(Task, data)
    if not isinstance(data, tuple | list) or len(data) != 2:
        remedy = "of a data set that is (data.train_x, data.train_y)"
        raise invalid(f"data of type {type(data).__name__}", "a pair (x, target), or a Task", remedy)
    x, target = data
    if np.asarray(target).dtype.kind in "OSU":
        remedy = "np.unique(labels, return_inverse=True)[1] numbers them; SparseMLPClassifier takes them as they are"
        raise invalid(f"targets of {np.asarray(target).dtype}", "classes as integers from 0 on, or numbers", remedy)
    whole = np.issubdtype(real_numbers("targets", target).dtype, np.integer)
    return (Classification if whole else Regression)(x, target, **options)


def check_weights(name: str, weights: Any, n_samples: int) -> Array:
    """Return the weights of samples as float64 (n_samples,); messages call them `name`.

    Raises
    ------
    InvalidInputError
        If they are of another shape, not finite, below 0, or all 0.
    """
    array = np.ascontiguousarray(real_numbers(name, weights), np.float64)
    if array.shape != (n_samples,):
        raise invalid(f"{name} of shape {array.shape}", f"shape ({n_samples},), one for each sample")
    if not all_finite(array) or array.min(initial=0) < 0:
        raise invalid(f"{name} that are negative, infinite or missing", "finite numbers of 0 or more")
    if not array.any():
        raise invalid(f"{name} that are all zero", "at least one above zero", "nothing is left to learn from")
    return array
