"""A run that lies in a folder: read it, or go on with it."""

from __future__ import annotations

import os
from pathlib import Path

from sparse_mlp.datasets.locate import check_data_dir
from sparse_mlp.errors import check_integer, command, invalid
from sparse_mlp.runs.build import build
from sparse_mlp.runs.files import check_run, read_config
from sparse_mlp.runs.run import CONFIG, Run
from sparse_mlp.training import load_checkpoint, save_checkpoint
from sparse_mlp.training.checkpoint import CURRENT, PREVIOUS
from sparse_mlp.training.files import remove_half_written, write_text


def load_run(folder: str | os.PathLike[str], data_dir: str | None = None) -> Run:
    """Make the run of a folder again and bring it to the state of its checkpoint; nothing is written.

    Parameters
    ----------
    folder : path
        That `sparse-mlp train` has written.
    data_dir : str, optional
        Where the data files are now, if not where they were.

    Returns
    -------
    Run
        With the network as `model`, the history in `trainer.history`, and the samples as `train` and `test`.

    Raises
    ------
    InvalidInputError
        If the folder is not that of a run, or holds no checkpoint that can be used.
    DataFileError
        If the data files are missing, or `data_dir` is not a folder.
    """
    run = _make(Path(folder), data_dir)
    run.trainer.resume(load_checkpoint(run.folder, check=run.trainer.check))
    return run


def reopen_run(folder: Path, data_dir: str | None = None, epochs: int | None = None) -> Run:
    """Make the run of a folder again, to go on with it there: from its checkpoint or, if it has none, from its seed.

    `Run.fit` then ends in the same bytes as if the run had never been interrupted. The caller holds the folder's lock.

    Parameters
    ----------
    folder : path
    data_dir : str, optional
        Where the data files are now, if not where they were.
    epochs : int, optional
        Another number of epochs than the run was begun with, counted from the very first. All schedules are stretched
        to it, so the run ends in other bytes than one that was begun with it. `config.json` records it.

    Raises
    ------
    InvalidInputError
        If the folder is not that of a run, its settings do not fit its checkpoint, or so many epochs are over already.
    CheckpointError
        If its checkpoint cannot be used.
    """
    run = _make(folder, data_dir)
    run.write_into(folder)
    remove_half_written(folder)
    if (folder / CURRENT).exists() or (folder / PREVIOUS).exists():
        run.trainer.resume(load_checkpoint(folder, check=run.trainer.check))
    if epochs is not None:
        _extend(run, epochs)
    _check_epochs(run)
    return run


def _extend(run: Run, epochs: int) -> None:
    """Let the run go on to another epoch, in its checkpoint and in its settings."""
    trainer, config, done = run.trainer, run.config, run.trainer.epoch
    if check_integer("epochs", epochs) <= done:
        raise invalid(f"epochs={epochs} for a run of which {done} are over", f"more than {done}")
    before = trainer.state.epochs or config.training["epochs"]
    config.training["epochs"] = epochs
    if epochs != before:
        config.extended.append({"epoch": done, "step": trainer.step, "epochs_before": before, "epochs": epochs})
    if trainer.step:
        trainer.state.epochs = epochs
        save_checkpoint(run.folder, trainer.checkpoint())
    write_text(run.folder / CONFIG, config.to_json())


def _check_epochs(run: Run) -> None:
    """Refuse settings whose number of epochs somebody has edited: rates and densities would jump."""
    planned, wanted = run.trainer.state.epochs, run.config.training["epochs"]
    if planned and planned != wanted:
        remedy = f"{command('resume', run.folder, '--epochs', wanted)} stretches its schedules"
        found = f"epochs={wanted} in {run.folder / CONFIG}, whose checkpoint is of a run of {planned}"
        raise invalid(found, f"epochs={planned}", remedy)


def _make(folder: Path, data_dir: str | None) -> Run:
    check_run(folder)
    check_data_dir(data_dir)
    config = read_config(folder / CONFIG)
    config.data["data_dir"] = data_dir or config.data["data_dir"]
    run = build(config)
    run.folder = folder
    return run
