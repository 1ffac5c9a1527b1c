"""From items to reports: plan their runs, carry them out, read the store, judge, draw, write."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sparse_mlp.datasets.locate import check_data_dir
from sparse_mlp.errors import check_choice
from sparse_mlp.experiments.campaign import CampaignOutcome, run_campaign
from sparse_mlp.experiments.planned_run import PlannedRun
from sparse_mlp.experiments.recipe import Recipe, load_recipe
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.item import PRESETS, Findings, Item
from sparse_mlp.experiments.reproduction.provenance import stamp_text
from sparse_mlp.experiments.reproduction.report import report
from sparse_mlp.experiments.reproduction.tables import (
    CURVES,
    NUMBERS,
    VERDICTS,
    write_curves,
    write_numbers,
    write_verdicts,
)
from sparse_mlp.experiments.reproduction.verdicts import Verdict, judge_all
from sparse_mlp.experiments.store import Store
from sparse_mlp.training.files import write_text

REPORT = "report.md"

Plan = dict[str, list[PlannedRun]]  # recipe → its runs


@dataclass(frozen=True)
class Reproduced:
    """Say what became of an item.

    Attributes
    ----------
    item : Item
    folder : Path
        With figures, tables and report.
    figures : list of Path
    verdicts : list of Verdict
    missing : list of str
        Runs that are not finished.
    failed : dict of str to str
        Those of them that failed, and why.
    """

    item: Item
    folder: Path
    figures: list[Path]
    verdicts: list[Verdict]
    missing: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def reproduce(
    items: Sequence[Item], preset: str, store: Store, *, draw_only: bool = False,
    recipes: dict[str, Recipe] | None = None, **campaign: Any,
) -> tuple[list[Reproduced], CampaignOutcome]:  # fmt: skip
    """Make figures and tables again, the runs of all items in one campaign.

    Parameters
    ----------
    items : sequence of Item
    preset : str
        "smoke", "laptop" or "paper".
    store : Store
        Items that need the same run share it.
    draw_only : bool
        Train nothing; draw what is in the store.
    recipes : dict, optional
        By name, instead of those of the library.
    **campaign
        As `run_campaign` takes it: jobs, dask, data_dir, retry, progress.

    Returns
    -------
    list of Reproduced
        One an item.
    CampaignOutcome

    Raises
    ------
    InvalidInputError
        If the preset is unknown, or the campaign's options cannot be used.
    DataFileError
        If the campaign's `data_dir` is no folder.
    """
    check_choice("preset", preset, PRESETS)
    check_data_dir(campaign.get("data_dir"))
    plans = {item.name: plan(item, preset, recipes or {}) for item in items}
    everything = [run for planned in plans.values() for runs in planned.values() for run in runs]
    outcome = CampaignOutcome()
    if everything and not draw_only:
        outcome = run_campaign(store, everything, **campaign)
    return [draw(item, preset, store, plans[item.name]) for item in items], outcome


def plan(item: Item, preset: str, recipes: dict[str, Recipe]) -> Plan:
    """Return the runs that an item needs, by recipe."""
    return {name: (recipes.get(name) or load_recipe(name)).plan(preset) for name in item.recipes}


def draw(item: Item, preset: str, store: Store, planned: Plan) -> Reproduced:
    """Read the store, judge the claims, and write figures, tables and report of an item; never trains."""
    runs = Runs.read(store, planned, preset)
    found = item.read(runs)
    folder = store.path / f"{item.name}-{preset}"
    folder.mkdir(exist_ok=True)
    verdicts = judge_all(item.claims, found.numbers, _judged(item, runs, found))
    failed = {run.run_id: why for run in runs.missing if (why := store.failure(run.run_id)) is not None}
    figures = _draw_figures(folder, runs, found)
    write_numbers(folder / NUMBERS, found.numbers)
    write_verdicts(folder / VERDICTS, verdicts)
    if found.curves:
        write_curves(folder / CURVES, found.curves)
    write_text(folder / REPORT, report(item, runs, found, verdicts, failed))
    return Reproduced(item, folder, figures, verdicts, [run.run_id for run in runs.missing], failed)


def _judged(item: Item, runs: Runs, found: Findings) -> list[str]:
    """Return the data sets that claims are held against, under the names that the numbers have."""
    wanted = item.judged_datasets(runs.wanted_datasets)
    named = [name for name in found.numbers.datasets if name not in wanted and name.partition(",")[0] in wanted]
    return [name for name in wanted if not any(other.startswith(f"{name},") for other in named)] + named


def _draw_figures(folder: Path, runs: Runs, found: Findings) -> list[Path]:
    from sparse_mlp.plotting import save, stamp

    for path in folder.glob("*.png"):  # of an earlier drawing, perhaps of a data set that is gone
        if path.stem not in found.displays:
            os.remove(path)
    return [
        save(stamp(display, stamp_text(found.shown.get(name, runs))), folder / f"{name}.png")
        for name, display in found.displays.items()
    ]
