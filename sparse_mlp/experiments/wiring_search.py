"""Search for the options of a topology that train best, within a budget; each trial is a run in a store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparse_mlp.errors import SparseMLPError, check_integer, invalid
from sparse_mlp.experiments.campaign import run_campaign
from sparse_mlp.experiments.planned_run import PlannedRun, plan_run
from sparse_mlp.experiments.search_spaces import draw_settings, search_space
from sparse_mlp.experiments.store import Store
from sparse_mlp.experiments.successive_halving import Scores, plan_rungs, successive_halving
from sparse_mlp.models import summarize
from sparse_mlp.runs.build import build
from sparse_mlp.runs.config import Given, RunConfig, make_config, merge
from sparse_mlp.runs.locks import writing_into
from sparse_mlp.runs.tables import PRESETS, TABLES

DEFAULT = 0  # number of the configuration that leaves all to the generator


@dataclass(frozen=True)
class WiringSearch:
    """What a search found."""

    config: RunConfig  # of a trial of the default
    sizes: list[int]  # neurons of input, hidden layers and output; channels of convolutions
    configurations: list[dict[str, Any]]  # options of the topology; the first is the default
    epochs: list[int]  # of each rung
    ladder: list[Scores]  # validation accuracy of each configuration of a rung, the best first
    validation_samples: int

    @property
    def best(self) -> int:
        """Number of the configuration that was best after the most epochs."""
        return next(iter(self.ladder[-1]))

    def ahead(self, number: int) -> float:
        """Return how much better a configuration of the last rung is than the default, which is always on it."""
        return self.ladder[-1][number] - self.ladder[-1][DEFAULT]


def search_wirings(
    settings: Given,
    folder: Path,
    *,
    space: Mapping[str, Any] | None = None,
    configurations: int = 27,
    min_epochs: int = 3,
    max_epochs: int = 27,
    factor: int = 3,
    jobs: int = 1,
    progress: bool = True,
) -> WiringSearch:
    """Search by successive halving.

    Parameters
    ----------
    settings : mapping of table to mapping
        Of a run, with a topology and a part of the samples set aside for validation. Options of the topology that are
        given stay as they are; the others are searched. The seed also draws the configurations.
    folder : path
        Store of the trials. The same search on the same folder goes on, whatever stopped it, and ends with the same
        result as one that was never stopped.
    space : mapping of str to list or SciPy distribution, optional
        What is searched; by default `search_space` of the topology.
    configurations, min_epochs, max_epochs, factor : int
        The budget, see `plan_rungs`; the default is one of the configurations and is trained on every rung.
    jobs, progress
        As in `run_campaign`.

    Raises
    ------
    InvalidInputError
        If a setting cannot be used, or another search writes into the folder.
    SparseMLPError
        If a trial fails for another reason than a loss that is no longer finite.

    Notes
    -----
    Each trial is trained from scratch, with the rule "static" and the learning rate's whole schedule within its epochs:
    an accuracy is that of a finished training, not of one cut short. The test samples decide nothing.
    """
    settings = merge(settings, {"rule": {"name": "static"}})
    config = make_config(settings)
    if not config.data["validation_fraction"]:
        raise invalid("validation_fraction=0", "a number above 0", "trials are judged by samples set aside")
    settings = merge(settings, {"data": config.data})  # with the checksums of files, so that trials read no other ones
    topology = config.wiring["topology"]
    space = dict(space or search_space(topology))
    check_integer("jobs", jobs)
    drawn = draw_settings(space, _fixed(settings, topology), configurations, config.run["seed"])
    rungs = plan_rungs(len(drawn), min_epochs, max_epochs, factor)
    run = build(config)  # what cannot be built is refused before anything is written
    store = Store(folder)

    def trial(number: int, epochs: int) -> PlannedRun:
        changes = {"wiring": drawn[number], "training": {"epochs": epochs}}
        return plan_run(merge(settings, changes), f"configuration {number}")

    def evaluate(numbers: list[int], epochs: int) -> Scores:
        planned = {number: trial(number, epochs) for number in numbers}
        outcome = run_campaign(store, planned.values(), jobs=jobs, data_dir=config.data["data_dir"], progress=progress)
        for run_id in outcome.busy:
            raise SparseMLPError(f"another process is training {run_id}; search again when it is done")
        return {number: _accuracy(store, each.run_id, outcome.failed) for number, each in planned.items()}

    with writing_into(store.path):
        ladder = successive_halving(rungs, evaluate, always=[DEFAULT])
    assert run.validation is not None
    epochs = [rung.epochs for rung in rungs]
    sizes = [run.model.n_features, *(layer.shape[1] for layer in summarize(run.model))]
    return WiringSearch(config, sizes, drawn, epochs, ladder, len(run.validation[1]))


def _fixed(settings: Given, topology: str) -> dict[str, Any]:
    """Return the options of the topology that are given, by name or by a preset."""
    wiring = settings.get("wiring", {})
    taken = TABLES["wiring"].part_options("topology", topology)
    stored = PRESETS.get(topology, {}).get(wiring.get("preset") or "", {})
    return {**stored, **{name: value for name, value in wiring.items() if name in taken}}


def _accuracy(store: Store, run_id: str, failed: Mapping[str, str]) -> float:
    """Return the validation accuracy of a trial, NaN if its training diverged."""
    if (message := failed.get(run_id)) is None:
        return float((store.result(run_id) or {})["validation_accuracy"])
    if message.startswith("DivergenceError"):
        return math.nan
    raise SparseMLPError(f"trial {run_id} failed: {message}")
