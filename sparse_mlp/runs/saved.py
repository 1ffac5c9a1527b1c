"""A run that lies in a folder: read it, or go on with it."""

from __future__ import annotations

import os
from pathlib import Path

from sparse_mlp.datasets.locate import check_data_dir
from sparse_mlp.runs.build import build
from sparse_mlp.runs.files import CONFIG, check_run, read_config
from sparse_mlp.runs.run import Run
from sparse_mlp.training import load_checkpoint
from sparse_mlp.training.checkpoint import CURRENT, PREVIOUS
from sparse_mlp.training.files import remove_half_written


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
    run.trainer.resume(load_checkpoint(run.folder))
    return run


def reopen_run(folder: Path, data_dir: str | None = None) -> Run:
    """Make the run of a folder again, to go on with it there: from its checkpoint or, if it has none, from its seed.

    `Run.fit` then ends in the same bytes as if the run had never been interrupted.

    Raises
    ------
    InvalidInputError
        If the folder is not that of a run, or its checkpoint cannot be used.
    """
    run = _make(folder, data_dir)
    run.write_into(folder)
    remove_half_written(folder)
    if (folder / CURRENT).exists() or (folder / PREVIOUS).exists():
        run.trainer.resume(load_checkpoint(folder))
    return run


def _make(folder: Path, data_dir: str | None) -> Run:
    check_run(folder)
    check_data_dir(data_dir)
    config = read_config(folder / CONFIG)
    config.data["data_dir"] = data_dir or config.data["data_dir"]
    run = build(config)
    run.folder = folder
    return run
