"""The finished runs of a figure, as they are in the store; nothing is ever trained from here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparse_mlp.experiments.planned_run import PlannedRun
from sparse_mlp.experiments.store import Store
from sparse_mlp.runs.system_record import read_system
from sparse_mlp.training import History


@dataclass(frozen=True)
class FinishedRun:
    """A run of the store that is trained and measured."""

    store: Store
    planned: PlannedRun
    result: dict[str, Any]  # as `runs.result` gave it

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.store.folder(self.planned.run_id)

    @property
    def history(self) -> History:
        """What happened in it."""
        return self.store.history(self.planned.run_id)

    def measurement(self, name: str) -> dict[str, Any]:
        """Return what was measured on it, which a finished run of a plan with that measurement has."""
        found = self.store.measurement(self.planned, name)
        assert found is not None, f"{self.planned.run_id} without {name}"
        return found

    @property
    def system(self) -> list[dict[str, Any]]:
        """The parts of its `system.json`, one for each time that it went on; empty where that cannot be read."""
        return read_system(self.folder / "system.json")


@dataclass(frozen=True)
class Runs:
    """All that a figure may look at."""

    preset: str
    planned: tuple[PlannedRun, ...] = ()
    finished: tuple[FinishedRun, ...] = ()
    recipes: tuple[str, ...] = ()  # the recipe of each planned run

    @classmethod
    def read(cls, store: Store, plan: Mapping[str, Iterable[PlannedRun]], preset: str) -> Runs:
        """Find out which of the runs of each recipe are finished."""
        pairs = [(recipe, run) for recipe, planned in plan.items() for run in planned]
        wanted = tuple(run for _, run in pairs)
        results = [(run, store.result(run.run_id)) for run in wanted if store.complete(run)]
        finished = tuple(FinishedRun(store, run, found) for run, found in results if found)
        return cls(preset, wanted, finished, tuple(recipe for recipe, _ in pairs))

    def apart(self) -> dict[str, Runs]:
        """Return the finished runs apart by data set, further options of the recipe, and recipe, under such names.

        A name begins with that of the data set; the rest is there where it tells runs apart.
        """
        recipes = self.recipes or ("",) * len(self.planned)
        recipe_of = dict(zip((run.run_id for run in self.planned), recipes, strict=True))
        groups: dict[tuple[str, str, str], list[FinishedRun]] = {}
        for run in self.finished:
            options = ", ".join(
                f"{name} {'-'.join(map(str, value)) if isinstance(value, list) else value}"
                for name, value in run.planned.options.items()
            )
            key = (run.planned.dataset, options, recipe_of[run.planned.run_id])
            groups.setdefault(key, []).append(run)
        found = {}
        for (dataset, options, recipe), several in groups.items():
            shared = len({other for name, _, other in groups if name == dataset}) > 1
            name = ", ".join(part for part in (dataset, options, recipe if shared else "") if part)
            found[name] = self.only(*several)
        return found

    @property
    def wanted_datasets(self) -> list[str]:
        """All data sets of the plan."""
        return list(dict.fromkeys(run.dataset for run in self.planned))

    @property
    def datasets(self) -> list[str]:
        """The data sets with finished runs, in the order of the plan."""
        return list(dict.fromkeys(run.planned.dataset for run in self.finished))

    @property
    def methods(self) -> list[str]:
        """The methods with finished runs, in the order of the plan."""
        return list(dict.fromkeys(run.planned.method for run in self.finished))

    @property
    def missing(self) -> list[PlannedRun]:
        """The runs that are not finished."""
        there = {run.planned.run_id for run in self.finished}
        return [run for run in self.planned if run.run_id not in there]

    def of(self, dataset: str, method: str) -> list[FinishedRun]:
        """Return the finished runs of a method on a data set, by seed."""
        found = [run for run in self.finished if (run.planned.dataset, run.planned.method) == (dataset, method)]
        return sorted(found, key=lambda run: run.planned.seed)

    def only(self, *runs: FinishedRun) -> Runs:
        """Return some of the runs alone."""
        return Runs(self.preset, tuple(run.planned for run in runs), runs)

    def by_seed(self, dataset: str, method: str, value: Callable[[FinishedRun], float | None]) -> dict[int, float]:
        """Return one value a run by its seed; runs of which it is None are left out."""
        values = {run.planned.seed: value(run) for run in self.of(dataset, method)}
        return {seed: float(found) for seed, found in values.items() if found is not None}

    def pairs(self) -> list[tuple[str, str]]:
        """Return all data sets and methods with finished runs."""
        return [(dataset, method) for dataset in self.datasets for method in self.methods if self.of(dataset, method)]
