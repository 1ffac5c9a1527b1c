"""`sparse-mlp robustness`: how much accuracy a trained network keeps as its weights are perturbed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.cli.samples import at_most
from sparse_mlp.errors import check_integer
from sparse_mlp.runs.drawing import results_first, save_figures
from sparse_mlp.runs.files import check_run

if TYPE_CHECKING:
    from sparse_mlp.robustness import RobustnessCurves
    from sparse_mlp.runs.run import Run

FIGURES = ("robustness_pruning.png", "robustness_noise.png")
FILES = ("robustness.json", *FIGURES)
ROWS = 16  # strengths that the table shows at most


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "robustness", help="perturb the weights of a run's network and see what accuracy is left",
        description=f"{__doc__} Nothing is trained again.",
    )  # fmt: skip
    parser.add_argument("folder", type=Path, metavar="RUN", help="folder of the run; the findings go there too")
    parser.add_argument("--perturbations", nargs="+", metavar="NAME", help="take these alone; a wrong name lists them")
    parser.add_argument("--strengths", type=int, metavar="N",
                        help="strengths from 0 to 1, in equal steps (default: 51; weight-order: finer)")  # fmt: skip
    parser.add_argument("--draws", type=int, default=5, metavar="N",
                        help="repeats of the perturbations that chance takes part in (%(default)s)")  # fmt: skip
    parser.add_argument("--scope", default="layer", metavar="NAME",
                        help="layer: each layer by itself; global: all weights as one layer (%(default)s)")  # fmt: skip
    parser.add_argument("--readout", action="store_true", help="perturb the dense read-out as well")
    parser.add_argument("--samples", type=int, metavar="N", help="test samples at most (default: all)")
    parser.add_argument("--data-dir", help="existing folder where the data files are now")
    parser.add_argument("--threads", type=int, help="threads to use; the result does not depend on it")
    parser.add_argument("--no-figures", action="store_true", help="draw nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.set_defaults(run=robustness)


def robustness(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    check_run(arguments.folder)
    if arguments.samples is not None:
        check_integer("samples", arguments.samples)

    from sparse_mlp.kernels.pool import set_threads
    from sparse_mlp.robustness import PERTURBATIONS, robustness_curves
    from sparse_mlp.runs.result import about
    from sparse_mlp.runs.saved import read_run
    from sparse_mlp.training.files import write_text

    run = read_run(arguments.folder, arguments.data_dir)
    set_threads(run.config.run["threads"] if arguments.threads is None else arguments.threads)
    x, y = at_most(run.test, arguments.samples or len(run.test[1]), 1)
    curves = robustness_curves(
        run.model, x, y, perturbations=arguments.perturbations or PERTURBATIONS, strengths=arguments.strengths,
        draws=arguments.draws, scope=arguments.scope, readout=arguments.readout, rng=run.config.run["seed"],
        progress=sys.stderr.isatty(),
    )  # fmt: skip
    outcome = {
        **about(run), "epochs": run.trainer.epoch, "seed": run.config.run["seed"], **curves.to_json(),
        "area": {name: curves.area(name) for name in curves.accuracy}, "out": str(arguments.folder),
    }  # fmt: skip
    for file in FIGURES:  # of other findings
        (arguments.folder / file).unlink(missing_ok=True)
    write_text(arguments.folder / FILES[0], json.dumps(outcome) + "\n")
    print(json.dumps(outcome) if arguments.json else _table(outcome, curves))
    if not arguments.no_figures:
        with results_first("the figures were"):
            _draw(arguments.folder, run, curves)
    return 0


def _draw(folder: Path, run: Run, curves: RobustnessCurves) -> None:
    from sparse_mlp import __version__, plotting

    data = f"{'SYNTHETIC: ' if run.data.synthetic else ''}{run.config.data['dataset']}"
    given = {name: (curves.strengths[name], curves.mean(name)[None]) for name in curves.accuracy}
    origin = (
        f"{run.data.provenance}. Seed {run.config.run['seed']}, {run.trainer.epoch} epochs, {curves.samples:,} test "
        f"samples, scope {curves.scope}; sparse_mlp {__version__}."
    )
    figures: dict[str, Callable[[], Any]] = {}
    for file, display in zip(FIGURES, (plotting.PruningCurvesDisplay, plotting.NoiseCurvesDisplay), strict=True):
        shown = {name: curve for name, curve in given.items() if name in display.looks}
        if shown:
            curves_shown = {data: {run.config.rule["name"]: shown}}
            figures[file] = partial(display.from_curves, curves_shown)
    save_figures(folder, figures, origin)


def _table(outcome: dict[str, Any], curves: RobustnessCurves) -> str:
    from sparse_mlp.cli.report import brief

    names = list(curves.accuracy)
    width = max(map(len, names)) + 2
    draws = max(len(values) for values in curves.accuracy.values())
    stamp = ["SYNTHETIC data: these accuracies say nothing about the real set"] if outcome["synthetic"] else []
    perturbed = "all layers" if curves.readout else "the sparse layers"
    lines = [
        *stamp,
        f"data       {outcome['dataset']}: {brief(outcome['provenance'])}",
        f"network    rule {outcome['rule']}, after {outcome['epochs']} epochs",
        f"perturbed  {perturbed}, {'each by itself' if curves.scope == 'layer' else 'as one'}; "
        f"means of {draws} {'draw' if draws == 1 else 'draws'} where chance takes part",
        f"accuracy   {curves.baseline:.2%} on {curves.samples:,} test samples as it is",
        "",
        "strength" + "".join(f"{name:>{width}}" for name in names),
    ]
    for strength in _common(curves):
        cells = (curves.mean(name)[np.argmin(np.abs(curves.strengths[name] - strength))] for name in names)
        lines.append(f"{strength:<8.3g}" + "".join(f"{cell:>{width}.2%}" for cell in cells))
    lines += ["area    " + "".join(f"{outcome['area'][name]:>{width}.4f}" for name in names)]
    return "\n".join([*lines, "", f"run folder {outcome['out']}"])


def _common(curves: RobustnessCurves) -> list[float]:
    """Return strengths that all curves have; if these are many, some, about evenly."""
    first, *others = (set(np.round(grid, 9).tolist()) for grid in curves.strengths.values())
    common = sorted(first.intersection(*others))
    if len(common) <= ROWS:
        return common
    return [common[i] for i in np.linspace(0, len(common) - 1, 11).round().astype(int)]
