"""`sparse-mlp train`: train a network, evolve its wiring, leave a run folder."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import command, invalid

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
    from sparse_mlp.runs.run import CONFIG
    from sparse_mlp.training.files import write_text

    given = settings_options().given(arguments)
    config = make_config(given)
    refuse_unused(given, config)
    _check_out(config.run["out"], arguments.overwrite)
    set_threads(config.run["threads"])
    run = build(config)
    config.run["backend"] = run.model.backend  # a resumed run computes alike, whatever its environment says
    with _claimed_folder(config, arguments.overwrite) as folder:
        config.run["out"] = str(folder)
        run.write_into(folder)
        write_text(folder / CONFIG, config.to_json())
        return finish(run, as_json=arguments.json)


def finish(run: Any, *, as_json: bool) -> int:
    """Train to the end, print, draw; shared with `resume`."""
    from sparse_mlp.cli.report import brief, draw_figures, table
    from sparse_mlp.runs.drawing import results_first
    from sparse_mlp.runs.result import result

    go_on = command("resume", run.folder)
    print(f"{run.model}, {brief(run.data.provenance)}", file=sys.stderr)
    try:
        run.fit()
    except OSError as error:
        error.add_note(f"then: {go_on}")
        raise
    if run.trainer.interrupted:
        print(f"interrupted; the state is saved: {go_on}", file=sys.stderr)
        return 130
    print(json.dumps(result(run)) if as_json else table(run))
    if run.config.run["figures"]:
        with results_first("the figures were"):
            draw_figures(run)
    return 0


def _check_out(out: str | None, overwrite: bool) -> None:
    """Refuse a folder that cannot be that of a new run, before anything is loaded or written."""
    from sparse_mlp.runs.locks import LOCK, writing_into

    if out is None:
        return
    folder = Path(out)
    if folder.is_symlink() and not folder.exists():
        raise invalid(f"out={out}, a link to {os.readlink(folder)}, which does not exist", "a folder, or nothing yet")
    if folder.exists() and not folder.is_dir():
        raise invalid(f"out={out}, a file", "a folder")
    if (folder / LOCK).exists():
        with writing_into(folder):
            pass
    _check_empty(folder, overwrite)


def _check_empty(folder: Path, overwrite: bool) -> None:
    from sparse_mlp.runs.locks import is_lock

    if not overwrite and folder.is_dir() and not all(map(is_lock, folder.iterdir())):
        remedy = f"`{command('resume', folder)}`, or --overwrite"
        raise invalid(f"out={folder}, a folder with files", "a new or empty one", remedy)


@contextmanager
def _claimed_folder(config: RunConfig, overwrite: bool) -> Iterator[Path]:
    """Make the folder of a run, and keep other processes from writing into it while the context is open."""
    from sparse_mlp.runs.locks import writing_into

    named = config.run["out"] is not None
    folder = Path(config.run["out"]) if named else _new_folder(config)
    with writing_into(folder):
        if named:
            _check_empty(folder, overwrite)  # another process may have been faster
            _clear(folder)
        yield folder


def _new_folder(config: RunConfig) -> Path:
    """Make a folder that no other run has."""
    from sparse_mlp.runs.own_files import label_of
    from sparse_mlp.runs.tables import default_topology

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
    from sparse_mlp.cli.report import FIGURES, OF_TRANSLATION
    from sparse_mlp.runs.run import CONFIG, RECORDS
    from sparse_mlp.training.files import remove_half_written

    remove_half_written(folder)
    findings = *(f"{name}.png" for name in (*FIGURES, *OF_TRANSLATION)), *features.FILES, *robustness.FILES
    for pattern in (CONFIG, *RECORDS, "checkpoint*.json", "checkpoint-*.npz", *findings):
        for path in folder.glob(pattern):
            path.unlink()
