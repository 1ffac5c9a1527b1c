"""What listens to a training run."""

from __future__ import annotations

from typing import Protocol

from sparse_mlp.evolution import TopologyUpdate
from sparse_mlp.models import Network
from sparse_mlp.training.checkpoint import Checkpoint
from sparse_mlp.training.history import History, Record
from sparse_mlp.training.state import TrainingState


class Run(Protocol):
    """What a callback sees of the trainer that calls it."""

    model: Network
    state: TrainingState

    @property
    def history(self) -> History:
        """What happened so far."""

    def stop(self, reason: str) -> None:
        """End training after the current epoch."""

    def checkpoint(self) -> Checkpoint:
        """Return all that a resumed run needs."""


class Callback:
    """Listen to a run; override what is of interest."""

    def on_fit_begin(self, trainer: Run) -> None:
        """Training begins or goes on."""

    def on_step(self, trainer: Run) -> None:
        """A batch was trained."""

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        """An epoch was trained and evaluated."""

    def on_update(self, trainer: Run, update: TopologyUpdate, record: Record) -> None:
        """The wiring was changed."""

    def on_state(self, trainer: Run) -> None:
        """Epoch and update are over: the state is one from which a run can be resumed."""

    def on_interrupt(self, trainer: Run) -> None:
        """The user asked to stop, between two batches."""

    def on_fit_end(self, trainer: Run) -> None:
        """Training is over."""

    def on_failure(self, trainer: Run) -> None:
        """Training broke with an error; nothing may be saved."""
