"""The strengths of the inputs as training goes on: recorded after each epoch, kept in a file, compared."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import DataFileError, describe
from sparse_mlp.reading import read_arrays
from sparse_mlp.robustness.feature_selection import input_strength, select_features
from sparse_mlp.training.callbacks import Callback
from sparse_mlp.training.files import write_atomically

if TYPE_CHECKING:
    from sparse_mlp.training.history import Record
    from sparse_mlp.training.trainer import Trainer

FILE_NAME = "input_strength.npz"
FIRST_EPOCHS, TARGET_COUNT = 10, 100  # recorded all; about so many are recorded of a long run


@dataclass(frozen=True, eq=False)
class StrengthCourse:
    """Hold the strength of each input after some epochs.

    Attributes
    ----------
    epochs : int64 (k,)
        Ascending; 0 is before training.
    strength : float32 (k, n_in)
        As `input_strength` gives it.
    """

    epochs: NDArray[np.int64]
    strength: NDArray[np.float32]

    def agreement(self, fraction: float) -> NDArray[np.float64]:
        """Return which part of the features that are selected at last was selected after each epoch, float64 (k,).

        `fraction` in (0, 1] is the part of the inputs that is selected. The last entry is 1, a draw by chance would
        have the fraction itself; NaN if nothing is selected.
        """
        last = select_features(self.strength[-1], fraction)
        if not len(last):
            return np.full(len(self.epochs), np.nan)
        return np.array([np.isin(last, select_features(now, fraction)).mean() for now in self.strength])


class InputStrengths(Callback):
    """Record the strengths of the inputs before training and after epochs, before their topology update.

    Of a run of up to 100 epochs, all; of a longer one the first ten, the last, and some hundred in between, evenly.

    Parameters
    ----------
    path : path, optional
        File that is written again after each of them, whole or not at all. A resumed run goes on with what it finds in
        it, or starts from where the run is if that is damaged. None keeps the course in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._seen: dict[int, NDArray[np.float32]] = {}

    @property
    def course(self) -> StrengthCourse:
        """What was recorded so far."""
        epochs = sorted(self._seen)
        return StrengthCourse(np.array(epochs, np.int64), np.array([self._seen[epoch] for epoch in epochs]))

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Take up what a run that goes on has recorded; epochs that will be trained again go."""
        if self.path is not None and not self._seen and self.path.exists():
            self._seen = self._recorded(self.path, trainer.model.n_features)
        self._seen = {epoch: strength for epoch, strength in self._seen.items() if epoch <= trainer.epoch}
        if trainer.step == 0:
            self._record(trainer, 0)

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Record the weights that the epoch ended with, if it is one of those to record."""
        epoch, last = int(record["epoch"]), trainer.state.epochs
        if epoch <= FIRST_EPOCHS or epoch == last or epoch % math.ceil(last / TARGET_COUNT) == 0:
            self._record(trainer, epoch)

    @staticmethod
    def _recorded(path: Path, n_features: int) -> dict[int, NDArray[np.float32]]:
        """Return what a file holds; a damaged one costs the course so far, and never the run."""
        try:
            found = load_course(path)
            if found.strength.shape[1] == n_features:
                return dict(zip(found.epochs.tolist(), found.strength, strict=True))
            why = f"found {path} of another network"
        except DataFileError as error:
            why = str(error)
        warnings.warn(f"{why}; a new one is begun", UserWarning, stacklevel=3)
        return {}

    def _record(self, trainer: Trainer, epoch: int) -> None:
        self._seen[epoch] = input_strength(trainer.model).astype(np.float32)
        if self.path is not None:
            save_course(self.path, self.course)


def save_course(path: Path, course: StrengthCourse) -> None:
    """Write a course to a file, whole or not at all."""
    buffer = io.BytesIO()
    np.savez(buffer, epochs=course.epochs, strength=course.strength)
    write_atomically(path, lambda file: file.write(buffer.getvalue()))


def load_course(path: Path) -> StrengthCourse:
    """Read a course from its file.

    Raises
    ------
    DataFileError
        If there is none, or it is damaged.
    """
    arrays = read_arrays(path, {"epochs": (np.int64, 1), "strength": (np.float32, 2)})
    epochs, strength = arrays["epochs"], arrays["strength"]
    if not len(epochs) or np.any(np.diff(epochs) <= 0) or len(strength) != len(epochs):
        raise DataFileError(describe(f"{path} with other epochs than strengths", f"a {FILE_NAME} that a run wrote"))
    if not np.isfinite(strength).all():
        raise DataFileError(describe(f"{path} with a strength that is not finite", f"a {FILE_NAME} that a run wrote"))
    return StrengthCourse(epochs, strength)
