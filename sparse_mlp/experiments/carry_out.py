"""Carry out one planned run, from wherever it is: claim it, train it, measure it, write its result."""

from __future__ import annotations

import shutil
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

from sparse_mlp.errors import CheckpointError, InvalidInputError, SparseMLPError
from sparse_mlp.experiments.claims import claim
from sparse_mlp.experiments.measurements import MEASUREMENTS
from sparse_mlp.experiments.planned_run import PlannedRun, run_config
from sparse_mlp.experiments.sparing_checkpoints import SparingCheckpoints
from sparse_mlp.experiments.store import CONFIG, FAILURE, Store, write_object
from sparse_mlp.runs.build import build
from sparse_mlp.runs.config import RunConfig
from sparse_mlp.runs.files import read_config
from sparse_mlp.runs.run import Run
from sparse_mlp.runs.saved import read_run, reopen_run
from sparse_mlp.training import Checkpoints, Progress
from sparse_mlp.training.files import remove_half_written, write_text

FINISHED, FAILED, ELSEWHERE, INTERRUPTED = "finished", "failed", "elsewhere", "interrupted"


class Carried(NamedTuple):
    """Say what became of a run: one of the four words, and why if it failed."""

    run_id: str
    state: str
    message: str = ""


def carry_out(folder: Path, planned: list[PlannedRun], data_dir: str | None, retry: bool = False) -> Carried:
    """Bring a run to its end unless another process is at it, or it failed before.

    Parameters
    ----------
    folder : path
        Of the store.
    planned : list of PlannedRun
        The same run, for all who want something measured on it.
    data_dir : str or None
        Where the data files are.
    retry : bool
        Try once more what failed before.

    Returns
    -------
    Carried

    Raises
    ------
    OSError
        If the store cannot be written: no fault of the run.
    """
    store, run_id = Store(folder), planned[0].run_id
    with claim(store.path / "claims", run_id) as free:
        if not free:
            return Carried(run_id, ELSEWHERE)
        if all(map(store.complete, planned)):
            return Carried(run_id, FINISHED)
        return _carry_out(store, planned, data_dir, retry)


def _carry_out(store: Store, planned: list[PlannedRun], data_dir: str | None, retry: bool) -> Carried:
    run_id = planned[0].run_id
    if retry:
        (store.folder(run_id) / FAILURE).unlink(missing_ok=True)
    if (message := store.failure(run_id)) is not None:
        return Carried(run_id, FAILED, message)
    try:
        interrupted = _train_and_measure(store, planned, data_dir)
    except OSError:
        raise
    except SparseMLPError as error:
        return _fail(store, run_id, f"{type(error).__name__}: {error}")
    except Exception as error:
        return _fail(store, run_id, f"{type(error).__name__}: {error}", traceback.format_exc())
    return Carried(run_id, INTERRUPTED if interrupted else FINISHED)


def give_up(folder: Path, planned: list[PlannedRun]) -> Carried:
    """Write down that a run failed, because one process after the other died over it."""
    store, run_id = Store(folder), planned[0].run_id
    with claim(store.path / "claims", run_id) as free:
        if not free:
            return Carried(run_id, ELSEWHERE)
        return _fail(store, run_id, "one process after the other died over it; was there too little memory?")


def _fail(store: Store, run_id: str, message: str, trace: str = "") -> Carried:
    store.folder(run_id).mkdir(parents=True, exist_ok=True)
    write_object(store.folder(run_id) / FAILURE, {"message": message, "traceback": trace})
    return Carried(run_id, FAILED, message)


def _train_and_measure(store: Store, planned: list[PlannedRun], data_dir: str | None) -> bool:
    """Bring a run to its end and return whether the user stopped it before."""
    from sparse_mlp.kernels.threads import threads_limited
    from sparse_mlp.runs.result import result

    run_id = planned[0].run_id
    with threads_limited(1):
        run = _trained(store, planned[0], data_dir)
        if run.trainer.interrupted:
            return True
        for each in planned:
            for name, arguments in each.measurements.items():
                if store.measurement(each, name) is None:
                    found = MEASUREMENTS[name](run, **arguments)
                    content = {"measurement": name, "arguments": arguments, "result": found}
                    write_object(store.measurement_path(run_id, name, arguments), content)
        if not store.finished(run_id):
            store.write_result(run_id, result(run))
    return False


def _trained(store: Store, planned: PlannedRun, data_dir: str | None) -> Run:
    """Return the run, trained to its end or as far as the user let it."""
    config, folder = run_config(planned.settings), store.folder(planned.run_id)
    if store.finished(planned.run_id):
        try:
            return read_run(folder, data_dir)
        except (CheckpointError, InvalidInputError) as error:
            _start_again(folder, str(error))
    run = _opened(config, folder, data_dir)
    run.trainer.callbacks = [
        *(callback for callback in run.trainer.callbacks if not isinstance(callback, (Progress, Checkpoints))),
        SparingCheckpoints(folder),
    ]
    run.fit()
    return run


def _opened(config: RunConfig, folder: Path, data_dir: str | None) -> Run:
    """Return the run as it lies in its folder, or a new one where there is none or it cannot be used."""
    if (folder / CONFIG).exists():
        try:
            if read_config(folder / CONFIG) == config:
                return reopen_run(folder, data_dir)
            _start_again(folder, f"{CONFIG} is not that of this run")
        except (CheckpointError, InvalidInputError) as error:
            _start_again(folder, str(error))
    folder.mkdir(parents=True, exist_ok=True)
    remove_half_written(folder)
    write_text(folder / CONFIG, config.to_json())
    config.data["data_dir"] = data_dir
    run = build(config)
    run.write_into(folder)
    return run


def _start_again(folder: Path, why: str) -> None:
    warnings.warn(f"{folder} is damaged, its run starts again from its seed: {why}", RuntimeWarning, stacklevel=2)
    shutil.rmtree(folder)
