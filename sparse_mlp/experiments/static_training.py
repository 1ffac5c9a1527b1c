"""A trial: train a network whose wiring stays as it is, and see how well it does on samples set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sparse_mlp import datasets
from sparse_mlp.datasets import Dataset
from sparse_mlp.errors import DivergenceError
from sparse_mlp.layers import SoftmaxCrossEntropy
from sparse_mlp.models import SparseMLP
from sparse_mlp.optim import make_optimizer
from sparse_mlp.rng import spawn_streams
from sparse_mlp.topology import NEEDS_DATA
from sparse_mlp.training import Trainer

Samples = tuple[Any, Any]


@dataclass(frozen=True)
class StaticTraining:
    """Say all that a trial is but for the options of its topology and its epochs; names as in `sparse-mlp train`.

    The same seed gives every trial the same samples, the same order of them and the same draws, so that what
    differs is the wiring. The test set is never looked at.
    """

    topology: str
    dataset: str = "digits"
    data_dir: str | None = None
    standardize: bool = True
    validation_fraction: float = 0.2
    hidden: tuple[int, ...] = (1000, 1000, 1000)
    activation: str = "relu"
    weights: str = "swi"
    dropout: float = 0.0
    density: float = 0.02
    epsilon: float | None = None
    allocation: str = "uniform"
    batch_size: int = 32
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 2e-4
    schedule: str = "linear"
    warm_up_steps: int = 0
    label_smoothing: float = 0.0
    seed: int = 0
    backend: str | None = None

    def samples(self) -> tuple[Samples, Samples]:
        """Return the samples to train on and those to judge by, both of the training set.

        Raises
        ------
        InvalidInputError
            If nothing is set aside.
        """
        data = _data(self.dataset, self.data_dir, self.standardize)
        stream = spawn_streams(self.seed)["split"]
        return datasets.set_aside(data.train_x, data.train_y, self.validation_fraction, stream)

    def accuracy(self, params: Mapping[str, Any], epochs: int) -> float:
        """Train from scratch and return the accuracy on the samples set aside, NaN if the training diverged.

        Parameters
        ----------
        params : mapping
            Options of the topology.
        epochs : int
            The learning rate runs over its whole schedule within them.

        Raises
        ------
        KeyboardInterrupt
            If the user stopped it.
        """
        train, validation = self.samples()
        model = self.model(params, train)
        trainer = Trainer(
            model, rule="static", optimizer=self._optimizer(), schedule=self.schedule,
            schedule_params={"warm_up_steps": self.warm_up_steps},
            loss=SoftmaxCrossEntropy(self.label_smoothing, backend=model.backend),
            batch_size=self.batch_size, rng=self.seed,
        )  # fmt: skip
        try:
            trainer.fit(train, epochs=epochs)
        except DivergenceError:
            return float("nan")
        if trainer.interrupted:
            raise KeyboardInterrupt
        return float(np.mean(model.predict_scores(validation[0]).argmax(axis=1) == validation[1]))

    def model(self, params: Mapping[str, Any], train: Samples) -> SparseMLP:
        """Return the network of a trial as it is before training; `train` is for topologies that look at samples."""
        return SparseMLP(
            self.sizes(), density=self.density if self.epsilon is None else None, epsilon=self.epsilon,
            topology=self.topology, topology_params=params, data=train if self.topology in NEEDS_DATA else None,
            allocation=self.allocation, activation=self.activation, weights=self.weights, dropout=self.dropout,
            rng=self.seed, backend=self.backend,
        )  # fmt: skip

    def sizes(self) -> list[int]:
        """Return the neurons of input, hidden layers and output."""
        data = _data(self.dataset, self.data_dir, self.standardize)
        return [data.train_x.shape[1], *self.hidden, data.n_classes]

    def _optimizer(self) -> Any:
        options: dict[str, Any] = {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}
        if self.optimizer == "sgd":
            options.update(momentum=self.momentum, nesterov=self.nesterov)
        return make_optimizer(self.optimizer, backend=self.backend, **options)


@lru_cache(maxsize=1)
def _data(name: str, data_dir: str | None, standardize: bool) -> Dataset:
    """Load a data set once in each process, however many trials that carries out."""
    data = datasets.load(name, data_dir)
    return datasets.standardize(data) if standardize else data
