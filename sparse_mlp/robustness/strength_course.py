"""The strengths of the inputs as training goes on: recorded after each epoch, kept in a file, compared."""

from __future__ import annotations

import contextlib
import io
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import DataFileError, describe
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
        if self.path is not None and not self._seen:
            with contextlib.suppress(DataFileError):
                found = load_course(self.path)
                self._seen = dict(zip(found.epochs.tolist(), found.strength, strict=True))
        self._seen = {epoch: strength for epoch, strength in self._seen.items() if epoch <= trainer.epoch}
        if trainer.step == 0:
            self._record(trainer, 0)

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Record the weights that the epoch ended with, if it is one of those to record."""
        epoch, last = int(record["epoch"]), trainer.state.epochs
        if epoch <= FIRST_EPOCHS or epoch == last or epoch % math.ceil(last / TARGET_COUNT) == 0:
            self._record(trainer, epoch)

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
    try:
        with np.load(path, allow_pickle=False) as file:
            epochs, strength = file["epochs"], file["strength"]
        rising = epochs.ndim == 1 and len(epochs) > 0 and epochs.dtype == np.int64 and np.all(np.diff(epochs) > 0)
        if not rising or strength.dtype != np.float32 or strength.ndim != 2 or len(strength) != len(epochs):
            raise ValueError("other arrays than those of a course")
        if not np.isfinite(strength).all():
            raise ValueError("a strength that is not finite")
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, RuntimeError) as error:
        found = f"{path} that cannot be read ({error})"
        raise DataFileError(describe(found, f"a {FILE_NAME} that a run wrote")) from None
    return StrengthCourse(epochs, strength)
