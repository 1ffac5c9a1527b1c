"""`sparse-mlp train`: train a network, evolve its wiring, leave a run folder."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any

from sparse_mlp.cli.arguments import add_settings, given_settings
from sparse_mlp.errors import invalid
from sparse_mlp.runs.config import TrainConfig
from sparse_mlp.runs.settings import load_toml, make_config, refuse_contradictions
from sparse_mlp.runs.wiring_options import refuse_idle_spreads


def add_parser(verbs: Any) -> None:
    """Declare the verb and one option for each setting."""
    parser = verbs.add_parser("train", help="train a network and evolve its wiring", description=__doc__)
    parser.add_argument("--config", type=Path, help="TOML file with the same names; options on the line win")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    add_settings(parser)
    parser.set_defaults(run=train)


def train(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    given = given_settings(arguments)
    from_file = load_toml(arguments.config) if arguments.config else {}
    settings = {**from_file, **given}
    config = make_config(settings)
    refuse_contradictions(settings)
    refuse_idle_spreads(config.topology_params())
    _check_out(config.out, arguments.overwrite)

    from sparse_mlp.kernels.pool import set_threads
    from sparse_mlp.runs.run import make_run
    from sparse_mlp.training.files import write_text

    set_threads(config.threads)
    run = make_run(config)
    config.backend = run.model.backend  # a resumed run computes alike, whatever its environment says
    folder = _claim_folder(config)
    config.out = str(folder)
    run.write_into(folder)
    write_text(folder / "config.json", config.to_json())
    return finish(run, as_json=arguments.json)


def finish(run: Any, *, as_json: bool) -> int:
    """Train to the end, draw, print; shared with `resume`."""
    from sparse_mlp.cli.report import brief, draw_figures, table
    from sparse_mlp.kernels.threads import has_compiled
    from sparse_mlp.runs.result import result

    print(f"{run.model}, {brief(run.data.provenance)}", file=sys.stderr)
    if run.model.backend == "numba" and not has_compiled():
        print("compiling the kernels, once; this takes some 10 seconds", file=sys.stderr)
    run.fit()
    if run.trainer.interrupted:
        print(f"interrupted; the state is saved: sparse-mlp resume {run.folder}", file=sys.stderr)
        return 130
    if run.config.figures:
        draw_figures(run)
    print(json.dumps(result(run)) if as_json else table(run))
    return 0


def _check_out(out: str | None, overwrite: bool) -> None:
    if out is None:
        return
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise invalid(f"out={out}, a file", "a folder")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise invalid(f"out={out}, a folder with files", "new or empty", "use `sparse-mlp resume`, or --overwrite")


def _claim_folder(config: TrainConfig) -> Path:
    """Make the folder of a run; without a name of its own it is one that no other run has, even one started now."""
    if config.out is not None:
        folder = Path(config.out)
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder)
        return folder
    wiring = "" if config.first_wiring == config.default_wiring else f"-{config.first_wiring}"
    base = Path("runs") / f"{config.dataset}-{config.rule}{wiring}-seed{config.seed}"
    base.parent.mkdir(exist_ok=True)
    for number in itertools.count(1):
        folder = base if number == 1 else base.with_name(f"{base.name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("counting has no end")


def _clear(folder: Path) -> None:
    """Remove what an earlier run left in the folder, and nothing else."""
    from sparse_mlp.cli import features, robustness
    from sparse_mlp.cli.report import FIGURES
    from sparse_mlp.runs.run import RECORDS
    from sparse_mlp.training.files import remove_half_written

    remove_half_written(folder)
    findings = *(f"{name}.png" for name in FIGURES), *features.FILES, *robustness.FILES
    for pattern in ("config.json", *RECORDS, "checkpoint*.json", "checkpoint-*.npz", *findings):
        for path in folder.glob(pattern):
            path.unlink()
