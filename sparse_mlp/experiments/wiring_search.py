"""Search for the options of a topology that train best, within a budget, in a way that can be interrupted."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from joblib import Parallel, delayed
from tqdm import tqdm

from sparse_mlp.errors import check_integer
from sparse_mlp.experiments.search_spaces import describe_space, draw_settings, search_space
from sparse_mlp.experiments.static_training import StaticTraining
from sparse_mlp.experiments.successive_halving import Scores, plan_rungs, successive_halving
from sparse_mlp.experiments.trial_file import TrialFile
from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.kernels.pool import threads_limited

DEFAULT = 0  # number of the configuration that leaves all to the generator
NO_MATTER = ("data_dir",)  # of a training: where the samples lie; how many there are is part of the plan


@dataclass(frozen=True)
class WiringSearch:
    """What a search found.

    Attributes
    ----------
    training : StaticTraining
    configurations : list of dict
        Options of the topology; the first is the default.
    epochs : list of int
        Of each rung.
    ladder : list of dict of int to float
        Validation accuracy of each configuration of a rung, the best first.
    validation_samples : int
    """

    training: StaticTraining
    configurations: list[dict[str, Any]]
    epochs: list[int]
    ladder: list[Scores]
    validation_samples: int

    @property
    def best(self) -> int:
        """Number of the configuration that was best after the most epochs."""
        return next(iter(self.ladder[-1]))

    def ahead(self, number: int) -> float:
        """Return how much better a configuration of the last rung is than the default, which is always on it."""
        return self.ladder[-1][number] - self.ladder[-1][DEFAULT]


def search_wirings(
    training: StaticTraining,
    folder: Path,
    *,
    space: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
    configurations: int = 27,
    min_epochs: int = 3,
    max_epochs: int = 27,
    factor: int = 3,
    jobs: int = 1,
) -> WiringSearch:
    """Search by successive halving.

    Parameters
    ----------
    training : StaticTraining
        What a trial is. Its seed also draws the configurations.
    folder : path
        Keeps the finished trials. The same search on the same folder goes on, whatever stopped it, and ends with
        the same result as one that was never stopped.
    space : mapping of str to list or SciPy distribution, optional
        What is searched; by default `search_space` of the topology.
    fixed : mapping, optional
        Options that all configurations share, the default among them.
    configurations, min_epochs, max_epochs, factor : int
        The budget, see `plan_rungs`; the default is one of the configurations and is trained on every rung.
    jobs : int
        Processes, of one thread each; the result does not depend on it.

    Returns
    -------
    WiringSearch

    Raises
    ------
    InvalidInputError
        If the folder belongs to another search, or a setting cannot be used.

    Notes
    -----
    Each trial is trained from scratch, with the learning rate's whole schedule within its epochs: an accuracy is that
    of a finished training, not of one cut short.
    """
    space, fixed = dict(space or search_space(training.topology)), dict(fixed or {})
    check_integer("jobs", jobs)
    drawn = draw_settings(space, fixed, configurations, training.seed)
    rungs = plan_rungs(len(drawn), min_epochs, max_epochs, factor)
    training = dataclasses.replace(training, backend=choose_backend(training.backend).name)
    train, validation = training.samples()
    training.model(fixed, train)  # what cannot be built is refused before anything is written
    trials = TrialFile(folder, {
        **_plain(training), "samples": [len(train[0]), len(validation[0])], "space": describe_space(space),
        "fixed": fixed, "min_epochs": min_epochs, "max_epochs": max_epochs, "factor": factor, "configurations": drawn,
    })  # fmt: skip

    def evaluate(numbers: list[int], epochs: int) -> Scores:
        missing = [number for number in numbers if (number, epochs) not in trials.accuracy]
        calls = [delayed(_trial)(training, drawn[number], epochs) for number in missing]
        outcomes = Parallel(n_jobs=jobs, return_as="generator")(calls)
        for number, outcome in _with_progress(zip(missing, outcomes, strict=True), epochs, len(numbers), len(missing)):
            trials.append(number, epochs, *outcome)
        return {number: trials.accuracy[number, epochs] for number in numbers}

    ladder = successive_halving(rungs, evaluate, always=[DEFAULT])
    return WiringSearch(training, drawn, [rung.epochs for rung in rungs], ladder, len(validation[0]))


def _with_progress(outcomes: Iterable[Any], epochs: int, total: int, missing: int) -> Iterable[Any]:
    """Show a bar on standard error, in a terminal only."""
    return tqdm(
        outcomes, total=total, initial=total - missing, desc=f"{epochs} epochs", unit="trial",
        disable=not sys.stderr.isatty(), dynamic_ncols=True,
    )  # fmt: skip


def _trial(training: StaticTraining, params: dict[str, Any], epochs: int) -> tuple[float, float]:
    """Return the accuracy and the seconds that it took, on one thread."""
    began = perf_counter()
    with threads_limited(1):
        accuracy = training.accuracy(params, epochs)
    return accuracy, perf_counter() - began


def _plain(training: StaticTraining) -> dict[str, Any]:
    """Return what the accuracy depends on as plain JSON types."""
    found = {name: value for name, value in dataclasses.asdict(training).items() if name not in NO_MATTER}
    return {**found, "hidden": list(training.hidden)}
