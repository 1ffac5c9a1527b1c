"""A run: settings, data, network and trainer, and the folder that it writes into."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sparse_mlp.datasets import Dataset, TranslationSet
from sparse_mlp.errors import InvalidInputError, invalid
from sparse_mlp.models import Network, SparseTransformer
from sparse_mlp.runs.guard import FolderGuard
from sparse_mlp.runs.system_record import SystemRecord
from sparse_mlp.runs.tasks import Tasks
from sparse_mlp.training import (
    Callback,
    Checkpoints,
    EarlyStopping,
    HistoryFile,
    Progress,
    Trainer,
)
from sparse_mlp.translation import Vocabularies

if TYPE_CHECKING:
    from sparse_mlp.runs.config import RunConfig

CONFIG = "config.json"
RECORDS = ("metrics.jsonl", "system.json", "input_strength.npz")  # in addition to configuration and checkpoints

Samples = tuple[Any, Any]


@dataclass(repr=False)
class Run:
    """Hold everything that a run consists of; `build` makes it from settings alone."""

    config: RunConfig
    data: Dataset | TranslationSet
    tasks: Tasks
    model: Network
    trainer: Trainer
    folder: Path = Path()

    def write_into(self, folder: Path) -> None:
        """Let history and checkpoints go into a folder, and show progress."""
        self.folder = folder
        self.trainer.callbacks = _callbacks(self.config, folder)

    def __repr__(self) -> str:
        return f"Run({self.config.data['dataset']}, {self.trainer}, {str(self.folder)!r})"

    @property
    def train(self) -> Samples:
        """The samples that are trained on."""
        return _samples(self.tasks.train)

    @property
    def validation(self) -> Samples | None:
        """The samples that were set aside, None if none were."""
        return None if self.tasks.validation is None else _samples(self.tasks.validation)

    @property
    def test(self) -> Samples:
        """The samples that nothing is decided on."""
        return _samples(self.tasks.test)

    @property
    def samples(self) -> Dataset:
        """The data set of a run that classifies.

        Raises
        ------
        InvalidInputError
            If it translates.
        """
        if not isinstance(self.data, Dataset):
            raise _no_samples()
        return self.data

    @property
    def sentences(self) -> TranslationSet:
        """The data set of a run that translates.

        Raises
        ------
        InvalidInputError
            If it classifies samples.
        """
        if isinstance(self.data, Dataset):
            raise invalid("a run that classifies samples", "one that translates", "--model transformer trains one")
        return self.data

    @property
    def translator(self) -> SparseTransformer:
        """The network of a run that translates."""
        return cast(SparseTransformer, self.model)

    @property
    def vocabularies(self) -> Vocabularies:
        """The words that a network that translates knows."""
        return Vocabularies(self.sentences.source_vocabulary, self.sentences.target_vocabulary)

    def fit(self) -> None:
        """Train from wherever the state is to the last epoch.

        Raises
        ------
        SparseMLPError
            If the folder is removed meanwhile.
        """
        train, validation, test, *_ = self.tasks
        try:
            self.trainer.fit(train, test, epochs=self.config.training["epochs"], validation=validation)
        except OSError:
            for guard in self.trainer.callbacks:
                if isinstance(guard, FolderGuard):
                    guard.check()
            raise


def _samples(task: Any) -> Samples:
    """Return the samples (x, target) of a task, or say that it has none."""
    if not hasattr(task, "x"):
        raise _no_samples()
    return task.x, task.target


def _no_samples() -> InvalidInputError:
    remedy = "`sparse-mlp evaluate` and `sparse-mlp translate` look at runs that translate"
    return invalid("a run that translates sentences", "one that classifies samples", remedy)


def _callbacks(config: RunConfig, folder: Path) -> list[Callback]:
    metrics, system, strengths = (folder / name for name in RECORDS)
    callbacks: list[Callback] = [FolderGuard(folder / CONFIG), Progress(), HistoryFile(metrics), SystemRecord(system)]
    if config.run["input_strengths"]:
        from sparse_mlp.robustness import InputStrengths

        callbacks.append(InputStrengths(strengths))
    if config.training["early_stop"]:
        callbacks.append(EarlyStopping(config.training["early_stop"]))
    return [*callbacks, Checkpoints(folder, config.run["checkpoint_every"])]
