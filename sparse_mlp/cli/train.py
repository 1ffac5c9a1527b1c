"""`sparse-mlp train`: train a network, evolve its wiring, leave a run folder."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import invalid

if TYPE_CHECKING:
    from sparse_mlp.cli.arguments import SettingsOptions
    from sparse_mlp.runs.config import RunConfig

EXAMPLES = """\
Defaults are in []. --rule NAME --help shows the options of a rule; so do
--topology, --model, --optimizer and --schedule NAME, and --dataset FILE.csv for
data of your own. NAME may also be module:name or file.py:name, a part of your
own. Options of the same name are written with their table: --wiring.epsilon 20.

  sparse-mlp train --dataset mnist --density 0.01 --rule chts --hidden 1000 1000
"""


def add_parser(verbs: Any) -> None:
    """Declare the verb; its settings are added when it is called."""
    parser = verbs.add_parser(
        "train", help="train a network and evolve its wiring", usage="sparse-mlp train [options]",
        epilog=EXAMPLES,
    )  # fmt: skip
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file with tables; options on the line win")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.settings = settings_options
    parser.set_defaults(run=train)


def settings_options() -> SettingsOptions:
    """Return the settings that `train` has as options: all."""
    from sparse_mlp.cli.arguments import SettingsOptions

    return SettingsOptions()


def train(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    from sparse_mlp.kernels.pool import set_threads
    from sparse_mlp.runs.build import build
    from sparse_mlp.runs.config import make_config, refuse_unused
    from sparse_mlp.runs.files import CONFIG
    from sparse_mlp.training.files import write_text

    given = settings_options().given(arguments)
    config = make_config(given)
    refuse_unused(given, config)
    _check_out(config.run["out"], arguments.overwrite)
    set_threads(config.run["threads"])
    run = build(config)
    config.run["backend"] = run.model.backend  # a resumed run computes alike, whatever its environment says
    folder = _claim_folder(config)
    config.run["out"] = str(folder)
    run.write_into(folder)
    write_text(folder / CONFIG, config.to_json())
    return finish(run, as_json=arguments.json)


def finish(run: Any, *, as_json: bool) -> int:
    """Train to the end, draw, print; shared with `resume`."""
    from sparse_mlp.cli.report import brief, draw_figures, table
    from sparse_mlp.runs.result import result

    print(f"{run.model}, {brief(run.data.provenance)}", file=sys.stderr)
    run.fit()
    if run.trainer.interrupted:
        print(f"interrupted; the state is saved: sparse-mlp resume {run.folder}", file=sys.stderr)
        return 130
    if run.config.run["figures"]:
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
        raise invalid(f"out={out}, a folder with files", "a new or empty one", "`sparse-mlp resume`, or --overwrite")


def _claim_folder(config: RunConfig) -> Path:
    """Make the folder of a run: the one that is named or, without a name, one that no other run has."""
    from sparse_mlp.runs.own_files import label_of
    from sparse_mlp.runs.tables import default_topology

    if config.run["out"] is not None:
        folder = Path(config.run["out"])
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder)
        return folder
    rule, usual = config.rule["name"], default_topology(config.rule["name"])
    topology = config.wiring.get("topology", usual)
    names = [label_of(config.data), rule, *([topology] if topology != usual else [])]
    base = Path("runs") / f"{'-'.join(name.rpartition(':')[2] for name in names)}-seed{config.run['seed']}"
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
    from sparse_mlp.runs.files import CONFIG
    from sparse_mlp.runs.run import RECORDS
    from sparse_mlp.training.files import remove_half_written

    remove_half_written(folder)
    findings = *(f"{name}.png" for name in FIGURES), *features.FILES, *robustness.FILES
    for pattern in (CONFIG, *RECORDS, "checkpoint*.json", "checkpoint-*.npz", *findings):
        for path in folder.glob(pattern):
            path.unlink()
