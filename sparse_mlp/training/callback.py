"""What listens to a training run."""

from __future__ import annotations

from typing import Any

from sparse_mlp.evolution import TopologyUpdate
from sparse_mlp.training.history import Record


class Callback:
    """Listen to a run; override what is of interest.

    Each method gets the `Trainer` that calls it: `trainer.state` and `trainer.model` are there to read, `trainer.stop`
    ends the training.
    """

    def on_fit_begin(self, trainer: Any) -> None:
        """Training begins or goes on."""

    def on_step(self, trainer: Any) -> None:
        """A batch was trained."""

    def on_epoch_end(self, trainer: Any, record: Record) -> None:
        """An epoch was trained and evaluated."""

    def on_update(self, trainer: Any, update: TopologyUpdate, record: Record) -> None:
        """The wiring was changed."""

    def on_state(self, trainer: Any) -> None:
        """Epoch and update are over: the state is one from which a run can be resumed."""

    def on_interrupt(self, trainer: Any) -> None:
        """The user asked to stop, between two batches."""

    def on_fit_end(self, trainer: Any) -> None:
        """Training is over."""

    def on_failure(self, trainer: Any) -> None:
        """Training broke with an error; nothing may be saved."""
