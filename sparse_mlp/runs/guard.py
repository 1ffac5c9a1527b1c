"""A run whose folder is removed ends; it must not fill a folder that nobody could go on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sparse_mlp.errors import SparseMLPError
from sparse_mlp.training import Callback
from sparse_mlp.training.history import Record


class FolderGuard(Callback):
    """End the training, before anything is written, when the settings of the run are gone from its folder.

    Parameters
    ----------
    config : path
        The file that is there as long as the run's folder is.
    """

    def __init__(self, config: Path) -> None:
        self.config = Path(config)
        self._was_there = False

    def on_fit_begin(self, trainer: Any) -> None:
        """Remember whether there is something to guard: a run may also be trained before its settings are written."""
        self._was_there = self.config.exists()

    def on_epoch_end(self, trainer: Any, record: Record) -> None:
        """Look before the history is written."""
        self.check()

    def on_state(self, trainer: Any) -> None:
        """Look before a checkpoint is written."""
        self.check()

    def on_fit_end(self, trainer: Any) -> None:
        """Look before the last checkpoint is written."""
        self.check()

    def check(self) -> None:
        """Raise an error if the settings are gone.

        Raises
        ------
        SparseMLPError
            Naming the folder.
        """
        if self._was_there and not self.config.exists():
            raise SparseMLPError(f"{self.config.parent} was removed while training; nothing more is written there")
