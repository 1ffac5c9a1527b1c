"""Checkpoints that take a small part of the time, however small the network."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from sparse_mlp.training import Checkpoints

if TYPE_CHECKING:
    from sparse_mlp.training import Trainer

SHARE = 20  # times as long as the last checkpoint took, until the next one


class ThrottledCheckpoints(Checkpoints):
    """Save the state after the first epoch, at the end, and in between whenever the last time is long enough ago.

    An epoch of a small network may take less time than to save it; what a killed run then has to train again is
    `SHARE` times the time of saving at most, or one epoch.
    """

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Save soon."""
        self._next = perf_counter()

    def on_state(self, trainer: Trainer) -> None:
        """Save if it is time."""
        began = perf_counter()
        if began >= self._next:
            super().on_state(trainer)
            ended = perf_counter()
            self._next = ended + SHARE * (ended - began)
