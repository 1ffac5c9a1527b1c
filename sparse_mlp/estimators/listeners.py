"""Callbacks of the estimators."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from sparse_mlp.layers.base import Array
from sparse_mlp.models import Network
from sparse_mlp.training import Callback, Trainer
from sparse_mlp.training.history import Record


class LeftOutUpdate(Callback):
    """Do the update that training leaves out after its last epoch, before training continues.

    Where updates are counted in batches none is left out: the next one comes when its batch does.
    """

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Do the update."""
        if trainer.update_every:
            trainer.update_topology()


class StopAfterEpoch(Callback):
    """Train one epoch at a time."""

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Ask to stop."""
        trainer.stop("one pass over the data")


class BestModel(Callback):
    """Note each epoch's validation score and keep a copy of the best network."""

    def __init__(
        self, model: Network, score_of: Callable[..., float], x: Any, target: Array, weights: Array | None
    ) -> None:
        self.model: Any = model
        self.score_of, self.x, self.target, self.weights = score_of, x, target, weights
        self.score = -math.inf

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Score, and copy if it is the best so far."""
        score = self.score_of(trainer.model.predict_scores(self.x), self.target, self.weights)
        record["validation_score"] = score
        if score > self.score:
            self.model, self.score = copy.deepcopy(trainer.model), score
