"""What the verbs that look at a run share: its folder, a part of its samples, findings that go into the folder."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sparse_mlp.runs.run import Run

Makers = Mapping[str, Callable[[], Any]]


def add_run_options(parser: argparse.ArgumentParser, *, threads: bool = False, findings: bool = False) -> None:
    """Declare the folder of a run and how to read it; of verbs that leave findings there, also whether to draw."""
    also = "; the findings go there too" if findings else ""
    parser.add_argument("folder", type=Path, metavar="RUN", help=f"folder of the run{also}")
    parser.add_argument("--data-dir", help="existing folder where the data files are now")
    if threads:
        parser.add_argument("--threads", type=int, help="threads to use; the result does not depend on it")
    if findings:
        parser.add_argument("--no-figures", action="store_true",
                            help="draw nothing; the figures, even those of earlier findings, are removed")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")


def at_most(samples: tuple[Any, Any], count: int, part: int) -> tuple[Any, Any]:
    """Return the samples, or a draw of `count` of them that is always the same one for a `part`."""
    x, y = samples
    if len(y) <= count:
        return x, y
    rows = np.sort(np.random.default_rng(part).permutation(len(y))[:count])
    return x[rows], y[rows]


def data_name(run: Run) -> str:
    """Return the name of the data set for the title of a figure."""
    return f"{'SYNTHETIC: ' if run.data.synthetic else ''}{run.data.name}"


def data_lines(outcome: Mapping[str, Any]) -> list[str]:
    """Return the first lines of a table of findings: what data they are of."""
    from sparse_mlp.cli.report import brief

    stamp = ["SYNTHETIC data: these accuracies say nothing about the real set"] if outcome["synthetic"] else []
    return [*stamp, f"data       {outcome['dataset']}: {brief(outcome['provenance'])}"]


def write_findings(folder: Path, outcome: Mapping[str, Any], files: Iterable[str]) -> None:
    """Write findings into the first of `files`; the others, figures of earlier findings, go."""
    from sparse_mlp.training.files import write_text

    findings, *figures = files
    for file in figures:
        (folder / file).unlink(missing_ok=True)
    write_text(folder / findings, json.dumps(outcome) + "\n")


def draw_findings(folder: Path, makers: Makers, run: Run, how: str) -> None:
    """Draw figures, which functions make by the name of their file, with a stamp that ends with `how`."""
    from sparse_mlp import __version__
    from sparse_mlp.runs.drawing import save_figures

    origin = f"{run.data.provenance}. Seed {run.config.run['seed']}, {run.trainer.epoch} epochs, {how}"
    save_figures(folder, makers, f"{origin}; sparse_mlp {__version__}.")
