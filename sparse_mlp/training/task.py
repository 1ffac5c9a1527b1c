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
from sparse_mlp.models.batch import dense

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
    """

    n_samples: int
    n_batches: int
    weight: float

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
    x : float (n_samples, n_features)
        An array, or a `scipy.sparse` one, of which a dense copy is made.
    target : array (n_samples, …)
    batch_size : int
        The last batch of an epoch may be smaller.
    loss : Loss, optional
    """

    def __init__(self, x: Any, target: Any, *, batch_size: int = 32, loss: Loss | None = None) -> None:
        self.x, self.target, self._loss = x, target, loss
        self.batch_size = check_integer("batch_size", batch_size)
        self.n_samples = x.shape[0] if hasattr(x, "shape") else len(x)
        self.n_batches = -(-self.n_samples // self.batch_size)
        self.weight = float(self.n_samples)

    @property
    def loss(self) -> Loss:
        """The loss that is trained on."""
        return self._loss or self._default_loss(None)

    def batches(self, order: NDArray[np.int64]) -> list[Samples]:
        """Return the batches of an epoch in the given order of samples; none is dropped."""
        starts = range(0, len(order), self.batch_size)
        return [Samples(self.x, order[i : i + self.batch_size], self.target) for i in starts]

    def weight_of(self, batch: Samples) -> float:
        """Return the number of its samples."""
        return float(len(batch))

    def bound(self, name: str, network: Network) -> Any:
        """Return the task with arrays in the network's dtype and layout.

        Raises
        ------
        InvalidInputError
            If the data do not fit the network, are not finite, or there are none.
        """
        task = copy.copy(self)
        task.x = _checked_inputs(name, self.x, network)
        task.target = self._checked_target(name, np.ascontiguousarray(self.target), network)
        if self._loss is None:
            task._loss = self._default_loss(network.backend)
        elif not self._takes(self._loss):
            raise invalid(f"{type(self._loss).__name__} for the {name} {self._called}", self._wanted)
        return task

    _called = "targets"
    _wanted = "a loss that takes them"

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
    x : float (n_samples, n_features)
    target : integer (n_samples,)
        Class of each sample, from 0 on.
    batch_size : int
    loss : Loss, optional
        Softmax cross-entropy if not given.
    """

    _called, _wanted = "labels", "a loss for labels, such as SoftmaxCrossEntropy"

    def evaluate(self, network: Network) -> Metrics:
        """Return the mean loss, and the fraction of right classes as accuracy."""
        scores = network.predict_scores(self.x)
        value, _ = self.loss.forward(scores, self.target)
        return {"loss": value, "accuracy": float(np.mean(scores.argmax(axis=1) == self.target))}

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
    x : float (n_samples, n_features)
    target : float (n_samples, n_outputs)
    batch_size : int
    loss : Loss, optional
        Half the mean squared error if not given.
    """

    _wanted = "a loss for numbers, such as MeanSquaredError"

    def evaluate(self, network: Network) -> Metrics:
        """Return the mean loss."""
        return {"loss": self.loss.forward(network.predict_scores(self.x), self.target)[0]}

    def _default_loss(self, backend: str | None) -> Loss:
        return MeanSquaredError(backend=backend)

    def _takes(self, loss: Loss) -> bool:
        return not isinstance(loss, SoftmaxCrossEntropy)

    def _checked_target(self, name: str, target: Array, network: Network) -> Array:
        if target.shape != (self.n_samples, network.n_outputs):
            wanted = f"shape ({self.n_samples}, {network.n_outputs})"
            raise invalid(f"{name} targets of shape {target.shape}", wanted, "labels are integers")
        converted = np.ascontiguousarray(target, dtype=network.dtype)
        if not np.all(np.isfinite(converted)):
            found = f"{name} targets with infinite or missing numbers"
            raise invalid(found, "finite numbers", "fill or drop them first")
        return converted


def as_task(data: Task | Data, *, batch_size: int = 32, loss: Loss | None = None) -> Task:
    """Return a task as it is, and arrays (x, target) as one: integer targets are classes, others numbers to learn.

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
    dtype = np.asarray(target).dtype
    if dtype.kind not in "biuf":
        remedy = "np.unique(labels, return_inverse=True)[1] numbers them; SparseMLPClassifier takes them as they are"
        raise invalid(f"targets of {dtype}", "classes as integers from 0 on, or numbers to learn", remedy)
    if np.issubdtype(dtype, np.integer):
        return Classification(x, target, batch_size=batch_size, loss=loss)
    return Regression(x, target, batch_size=batch_size, loss=loss)


def _checked_inputs(name: str, x: Any, network: Network) -> Array:
    array = dense(x, network.dtype)
    if array.ndim != 2 or array.shape[1] != network.n_features or len(array) == 0:
        wanted = f"shape (n_samples, {network.n_features}) with at least one sample"
        raise invalid(f"{name} inputs of shape {array.shape}", wanted)
    if not np.all(np.isfinite(array)):
        raise invalid(f"{name} inputs with infinite or missing numbers", "finite numbers", "fill or drop them first")
    return array
