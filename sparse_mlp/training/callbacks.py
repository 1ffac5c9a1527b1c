"""What may listen to a training run: progress, early stop, history on disk, checkpoints."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from sparse_mlp.errors import check_integer, check_number, invalid
from sparse_mlp.evolution import TopologyUpdate
from sparse_mlp.training.callback import Callback
from sparse_mlp.training.checkpoint import save_checkpoint
from sparse_mlp.training.files import naming
from sparse_mlp.training.history import Record, to_line, write_history


class EarlyStopping(Callback):
    """Stop when a quantity has not improved for some epochs, counted from when the schedules of the rule have ended.

    Where a density decays, that is when it is the one that was asked for; see `Trainer.plan_is_over`.

    Parameters
    ----------
    patience : int
        Epochs without improvement after which to stop.
    metric : str
        A key of the epoch records; one that ends in `loss` is better when lower.
    min_delta : float
        Least change that counts as an improvement.
    """

    def __init__(self, patience: int = 10, metric: str = "validation_accuracy", min_delta: float = 0.0) -> None:
        self.patience = check_integer("patience", patience)
        self.metric, self.min_delta = metric, check_number("min_delta", min_delta)
        self.best, self.waited = -math.inf, 0

    def on_fit_begin(self, trainer: Any) -> None:
        """Look again at the epochs of a resumed run; one that was over stays over."""
        self.best, self.waited = -math.inf, 0
        for record in trainer.history.epochs:
            self._see(trainer, record)
        self._stop_if_over(trainer)

    def on_epoch_end(self, trainer: Any, record: Record) -> None:
        """Ask the trainer to stop if the patience is over."""
        self._see(trainer, record)
        self._stop_if_over(trainer)

    def _stop_if_over(self, trainer: Any) -> None:
        if self.waited >= self.patience:
            trainer.stop(f"{self.metric} did not improve for {self.waited} epochs")

    def _see(self, trainer: Any, record: Record) -> None:
        value = record.get(self.metric)
        if value is None:
            remedy = "hand in validation data"
            raise invalid(f"no value of metric {self.metric!r}", "one in each epoch's record", remedy)
        if not trainer.plan_is_over(record):
            return
        gain = -value if self.metric.endswith("loss") else value
        improved = gain > self.best + self.min_delta
        self.waited = 0 if improved else self.waited + 1
        self.best = max(self.best, gain)


class HistoryFile(Callback):
    """Append each record to a file of JSON lines as it comes."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def on_fit_begin(self, trainer: Any) -> None:
        """Write what is known so far; lines of epochs that will be trained again go."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_history(self.path, trainer.history)

    def on_epoch_end(self, trainer: Any, record: Record) -> None:
        """Append the epoch."""
        self._append(record)

    def on_update(self, trainer: Any, update: TopologyUpdate, record: Record) -> None:
        """Append the update."""
        self._append(record)

    def _append(self, record: Record) -> None:
        with naming(self.path), open(self.path, "a", encoding="utf-8") as file:
            file.write(to_line(record))


class Checkpoints(Callback):
    """Save the state every few epochs, when interrupted and at the end.

    Parameters
    ----------
    folder : path
    every : int
        Epochs between two checkpoints.
    """

    def __init__(self, folder: Path, every: int = 1) -> None:
        self.folder, self.every = Path(folder), check_integer("every", every)
        self._saved = -1

    def on_state(self, trainer: Any) -> None:
        """Save if it is time."""
        if trainer.state.epoch % self.every == 0:
            self._save(trainer)

    def on_fit_end(self, trainer: Any) -> None:
        """Save the last state, be it in the middle of an epoch, if it is not saved already."""
        if trainer.state.step != self._saved:
            self._save(trainer)

    def _save(self, trainer: Any) -> None:
        save_checkpoint(self.folder, trainer.checkpoint())
        self._saved = trainer.state.step


class Progress(Callback):
    """Show a progress bar and a line for each epoch, on standard error.

    Parameters
    ----------
    bar : bool, optional
        None shows the bar in a terminal only.
    """

    def __init__(self, bar: bool | None = None) -> None:
        self.bar = sys.stderr.isatty() if bar is None else bar
        self._tqdm: Any = None

    def on_fit_begin(self, trainer: Any) -> None:
        """Open the bar."""
        from tqdm import tqdm

        self._tqdm = tqdm(
            total=trainer.state.total_steps, initial=trainer.state.step, disable=not self.bar, unit="batch",
            leave=False, dynamic_ncols=True,
        )  # fmt: skip

    def on_step(self, trainer: Any) -> None:
        """Move the bar."""
        self._tqdm.update()

    def on_epoch_end(self, trainer: Any, record: Record) -> None:
        """Write the epoch's line."""
        line = epoch_line(record, trainer.state.epochs)
        if trainer.counted is not None:
            unit, number = trainer.counted
            line += f"  {number / record['seconds']:,.0f} {unit}/s"
        self._tqdm.write(line, file=sys.stderr)

    def on_fit_end(self, trainer: Any) -> None:
        """Close the bar."""
        self._tqdm.close()

    on_failure = on_fit_end


def epoch_line(record: Record, epochs: int) -> str:
    """Return an epoch's record as one line for people.

    Examples
    --------
    >>> epoch_line({"epoch": 3, "loss": 0.25, "test_accuracy": 0.9, "learning_rate": 0.1, "seconds": 1.5}, 10)
    'epoch  3/10  loss 0.2500  test accuracy 0.9000  learning rate 0.1  1.50 s'
    """
    parts = [f"epoch {record['epoch']:>{len(str(epochs))}}/{epochs}", f"loss {record['loss']:.4f}"]
    for key in ("validation_accuracy", "test_accuracy"):
        if record.get(key) is not None:
            parts.append(f"{key.replace('_', ' ')} {record[key]:.4f}")
    parts += [f"learning rate {record['learning_rate']:.3g}", f"{record['seconds']:.2f} s"]
    return "  ".join(parts)
