"""`sparse-mlp robustness`: how much accuracy a trained network keeps as its weights are perturbed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.cli.of_run import Makers, add_run_options, at_most, data_lines, data_name, draw_findings, write_findings
from sparse_mlp.errors import check_integer
from sparse_mlp.runs.drawing import results_first
from sparse_mlp.runs.files import check_run

if TYPE_CHECKING:

    from sparse_mlp.robustness import RobustnessCurves
    from sparse_mlp.runs.run import Run

FIGURES = ("robustness_pruning.png", "robustness_noise.png")
FILES = ("robustness.json", *FIGURES)
NAMES = (  # those of `robustness.PERTURBATIONS`, which would take a second to import
    "random-pruning", "weight-order", "reverse-weight-order", "weight-shuffling", "weight-modification",
)  # fmt: skip
ROWS = 16  # strengths that the table shows at most


def add_parser(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "robustness", help="perturb the weights of a run's network and see what accuracy is left",
        description=f"{__doc__} Nothing is trained again.",
    )  # fmt: skip
    add_run_options(parser, threads=True, findings=True)
    parser.add_argument("--perturbations", nargs="+", metavar="NAME",
                        help="take these alone, of " + ", ".join(NAMES))  # fmt: skip
    parser.add_argument("--strengths", type=int, metavar="N",
                        help="strengths from 0 to 1, in equal steps (default: 51; weight-order: finer)")  # fmt: skip
    parser.add_argument("--draws", type=int, default=5, metavar="N",
                        help="repeats of the perturbations that chance takes part in (%(default)s)")  # fmt: skip
    parser.add_argument("--scope", default="layer", metavar="NAME",
                        help="layer: each layer by itself; global: all weights as one layer (%(default)s)")  # fmt: skip
    parser.add_argument("--readout", action="store_true", help="perturb the dense read-out as well")
    parser.add_argument("--samples", type=int, metavar="N", help="test samples at most (default: all)")
    parser.set_defaults(run=robustness)


def robustness(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    check_run(arguments.folder)
    if arguments.samples is not None:
        check_integer("samples", arguments.samples)

    from sparse_mlp.kernels.pool import set_threads
    from sparse_mlp.robustness import PERTURBATIONS, robustness_curves
    from sparse_mlp.runs.result import about
    from sparse_mlp.runs.saved import load_run

    run = load_run(arguments.folder, arguments.data_dir)
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
    write_findings(arguments.folder, outcome, FILES)
    print(json.dumps(outcome) if arguments.json else _table(outcome, curves))
    if not arguments.no_figures:
        with results_first("the figures were"):
            how = f"{curves.samples:,} test samples, scope {curves.scope}"
            draw_findings(arguments.folder, _displays(run, curves), run, how)
    return 0


def _displays(run: Run, curves: RobustnessCurves) -> Makers:
    from sparse_mlp.plotting import NoiseCurvesDisplay, PruningCurvesDisplay

    given = {name: (curves.strengths[name], curves.mean(name)) for name in curves.accuracy}
    makers: dict[str, Callable[[], Any]] = {}
    for file, kind in zip(FIGURES, (PruningCurvesDisplay, NoiseCurvesDisplay), strict=True):
        if shown := {name: curve for name, curve in given.items() if name in kind.looks}:
            makers[file] = partial(kind.from_curves, {data_name(run): {run.config.rule["name"]: shown}})
    return makers


def _table(outcome: dict[str, Any], curves: RobustnessCurves) -> str:
    names = list(curves.accuracy)
    width = max(map(len, names)) + 2
    draws = max(len(values) for values in curves.accuracy.values())
    perturbed = "all layers" if curves.readout else "the sparse layers"
    lines = [
        *data_lines(outcome),
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
    area = "area    " + "".join(f"{outcome['area'][name]:>{width}.4f}" for name in names)
    return "\n".join([*lines, area, "", f"run folder {outcome['out']}"])


def _common(curves: RobustnessCurves) -> list[float]:
    """Return strengths that all curves have; if these are many, some, about evenly."""
    first, *others = (set(np.round(grid, 9).tolist()) for grid in curves.strengths.values())
    common = sorted(first.intersection(*others))
    if len(common) <= ROWS:
        return common
    return [common[i] for i in np.linspace(0, len(common) - 1, 11).round().astype(int)]
