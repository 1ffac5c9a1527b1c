"""From figures to reports: plan their runs, execute them, read the store, judge, draw, write."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.datasets.locate import check_data_dir
from sparse_mlp.errors import check_choice
from sparse_mlp.experiments.campaign import CampaignOutcome, run_campaign
from sparse_mlp.experiments.planned_run import PlannedRun
from sparse_mlp.experiments.recipe import Recipe, load_recipe
from sparse_mlp.experiments.reproduction import tables
from sparse_mlp.experiments.reproduction.figure import Figure, Results, shared_presets
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.provenance import stamp_text
from sparse_mlp.experiments.reproduction.report import report
from sparse_mlp.experiments.reproduction.verdicts import Verdict, judge_all
from sparse_mlp.experiments.store import Store
from sparse_mlp.runs.drawing import save_figures
from sparse_mlp.training.files import write_text

if TYPE_CHECKING:
    from sparse_mlp.plotting import Display

REPORT = "report.md"

Plan = dict[str, list[PlannedRun]]  # recipe → its runs


@dataclass(frozen=True)
class Reproduced:
    """Say what became of a figure."""

    figure: Figure
    folder: Path  # with pictures, tables and report
    pictures: list[Path]
    verdicts: list[Verdict]
    missing: list[str] = field(default_factory=list)  # runs that are not finished
    failed: dict[str, str] = field(default_factory=dict)  # those of them that failed, and why


def reproduce(
    figures: Sequence[Figure], preset: str, store: Store, *, draw_only: bool = False,
    recipes: dict[str, Recipe] | None = None, **campaign: Any,
) -> tuple[list[Reproduced], CampaignOutcome]:  # fmt: skip
    """Make figures and tables again, the runs of all figures in one campaign.

    Parameters
    ----------
    preset : str
        "smoke", "laptop" or "paper"; "overnight" for figures that have it.
    store : Store
        Figures that need the same run share it.
    draw_only : bool
        Train nothing; draw what is in the store.
    recipes : dict, optional
        By name, instead of those of the library.
    **campaign
        As `run_campaign` takes it, which says what is refused: jobs, dask, data_dir, retry, progress.
    """
    check_choice("preset", preset, shared_presets(figures))
    check_data_dir(campaign.get("data_dir"))
    plans = {
        figure.name: {name: ((recipes or {}).get(name) or load_recipe(name)).plan(preset) for name in figure.recipes}
        for figure in figures
    }
    everything = [run for planned in plans.values() for runs in planned.values() for run in runs]
    outcome = CampaignOutcome()
    if everything and not draw_only:
        outcome = run_campaign(store, everything, **campaign)
    return [draw(figure, preset, store, plans[figure.name]) for figure in figures], outcome


def draw(figure: Figure, preset: str, store: Store, planned: Plan) -> Reproduced:
    """Read the store, judge the claims, and write pictures, tables and report of a figure; never trains."""
    runs = Runs.read(store, planned, preset)
    results = figure.read(runs)
    folder = store.path / f"{figure.name}-{preset}"
    folder.mkdir(exist_ok=True)
    verdicts = judge_all(figure.claims, results.quantities, _judged(figure, runs, results))
    failed = {run.run_id: why for run in runs.missing if (why := store.failure(run.run_id)) is not None}
    tables.write_quantities(folder / tables.NUMBERS, results.quantities)
    tables.write_verdicts(folder / tables.VERDICTS, verdicts)
    if results.curves:
        tables.write_curves(folder / tables.CURVES, results.curves)
    write_text(folder / REPORT, report(figure, runs, results, verdicts, failed))
    pictures = _draw(folder, runs, results)
    return Reproduced(figure, folder, pictures, verdicts, [run.run_id for run in runs.missing], failed)


def _judged(figure: Figure, runs: Runs, results: Results) -> list[str]:
    """Return the data sets that claims are judged on, under the names that the quantities have."""
    wanted = figure.judged_datasets(runs.wanted_datasets)
    named = [name for name in results.quantities.datasets if name not in wanted and name.partition(",")[0] in wanted]
    return [name for name in wanted if not any(other.startswith(f"{name},") for other in named)] + named


def _draw(folder: Path, runs: Runs, results: Results) -> list[Path]:
    for path in folder.glob("*.png"):  # of an earlier drawing, perhaps of a data set that is gone
        if path.stem not in results.displays:
            os.remove(path)
    saved = []
    for name, display in results.displays.items():
        origin = stamp_text(results.drawn_runs.get(name, runs))
        saved += save_figures(folder, {f"{name}.png": partial(_same, display)}, origin)
    return saved


def _same(display: Display) -> Display:
    return display
