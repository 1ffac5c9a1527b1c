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
        """Ask to pause."""
        trainer.pause("one pass over the data")


class BestModel(Callback):
    """Note each epoch's validation score and keep a copy of the best network, of those that are as they were asked for.

    Where a density decays, these are the ones of epochs after its end; until then the last network is kept.
    """

    def __init__(
        self, model: Network, score_of: Callable[..., float], x: Any, target: Array, weights: Array | None
    ) -> None:
        self.model: Any = model
        self.score_of, self.x, self.target, self.weights = score_of, x, target, weights
        self.score, self._chosen = -math.inf, False

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Score, and copy if it is the best so far."""
        score = self.score_of(trainer.model.predict_scores(self.x), self.target, self.weights)
        record["validation_score"] = score
        if not trainer.plan_is_over(record):
            self.model, self.score = trainer.model, score
        elif score > self.score or not self._chosen:
            self.model, self.score, self._chosen = copy.deepcopy(trainer.model), score, True
