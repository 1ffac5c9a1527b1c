"""Execute one planned run, from wherever it is: lock it, train it, measure it, write its result."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sparse_mlp.errors import CheckpointError, InvalidInputError, SparseMLPError
from sparse_mlp.experiments.measurements import MEASUREMENTS
from sparse_mlp.experiments.planned_run import PlannedRun, run_config
from sparse_mlp.experiments.store import CONFIG, FAILURE, Store, write_object
from sparse_mlp.experiments.throttled_checkpoints import ThrottledCheckpoints
from sparse_mlp.runs.build import build
from sparse_mlp.runs.config import RunConfig
from sparse_mlp.runs.files import read_config
from sparse_mlp.runs.locks import clear, lock_folder
from sparse_mlp.runs.own_files import SHA256, without_places
from sparse_mlp.runs.run import Run
from sparse_mlp.runs.saved import load_run, reopen_run
from sparse_mlp.training import Checkpoints, Progress
from sparse_mlp.training.files import remove_half_written, write_text

FINISHED, FAILED, BUSY = "finished", "failed", "busy"


class RunOutcome(NamedTuple):
    """Say what became of a run: one of the three words, and why if it failed."""

    run_id: str
    state: str
    message: str = ""


def execute(
    planned: Sequence[PlannedRun], folder: Path, data_dir: str | None = None, retry: bool = False
) -> RunOutcome:  # fmt: skip
    """Bring a run to its end unless another process is working on it, or it failed before.

    `planned` is the same run, for all who want something measured on it; `folder` is that of the store, `data_dir` and
    `retry` are as in `run_campaign`.

    Raises
    ------
    OSError
        If the store cannot be written: no fault of the run.
    KeyboardInterrupt
        If the user stopped the training, whose state is saved.
    """
    store, run_id = Store(folder), planned[0].run_id
    with lock_folder(store.folder(run_id)) as free:
        if not free:
            return RunOutcome(run_id, BUSY)
        if all(map(store.complete, planned)):
            return RunOutcome(run_id, FINISHED)
        failure = store.folder(run_id) / FAILURE
        if retry:
            failure.unlink(missing_ok=True)
        if (message := store.failure(run_id)) is not None:
            return RunOutcome(run_id, FAILED, message)
        try:
            _train_and_measure(store, planned, data_dir)
        except OSError:
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            trace = "" if isinstance(error, SparseMLPError) else traceback.format_exc()
            write_object(failure, {"message": message, "traceback": trace})
            return RunOutcome(run_id, FAILED, message)
        return RunOutcome(run_id, FINISHED)


def _train_and_measure(store: Store, planned: Sequence[PlannedRun], data_dir: str | None) -> None:
    from sparse_mlp.kernels.pool import threads_limited
    from sparse_mlp.runs.result import result

    run_id = planned[0].run_id
    with threads_limited(1):
        run = _trained(store, planned[0], data_dir)
        if run.trainer.interrupted:
            raise KeyboardInterrupt
        for each in planned:
            for name, arguments in each.measurements.items():
                if store.measurement(each, name) is None:
                    found = MEASUREMENTS[name](run, **arguments)
                    content = {"measurement": name, "arguments": arguments, "result": found}
                    write_object(store.measurement_path(run_id, name, arguments), content)
        if not store.finished(run_id):
            store.write_result(run_id, result(run))


def _trained(store: Store, planned: PlannedRun, data_dir: str | None) -> Run:
    """Return the run, trained to its end or as far as the user let it."""
    config, folder = run_config(planned.settings), store.folder(planned.run_id)
    _follow_files(config, folder)
    if store.finished(planned.run_id):
        try:
            return load_run(folder, data_dir)
        except (CheckpointError, InvalidInputError) as error:
            _start_again(folder, str(error))
    run = _opened(config, folder, data_dir)
    run.trainer.callbacks = [
        *(callback for callback in run.trainer.callbacks if not isinstance(callback, (Progress, Checkpoints))),
        ThrottledCheckpoints(folder),
    ]
    run.fit()
    return run


def _opened(config: RunConfig, folder: Path, data_dir: str | None) -> Run:
    """Return the run that is in its folder, or a new one if there is none or it cannot be used."""
    if (folder / CONFIG).exists():
        try:
            if read_config(folder / CONFIG) == config:
                return reopen_run(folder, data_dir)
            _start_again(folder, f"{CONFIG} is not that of this run")
        except (CheckpointError, InvalidInputError) as error:
            _start_again(folder, str(error))
    remove_half_written(folder)
    write_text(folder / CONFIG, config.to_json())
    config.data["data_dir"] = data_dir
    run = build(config)
    run.write_into(folder)
    return run


def _follow_files(config: RunConfig, folder: Path) -> None:
    """Let the configuration in a folder name the files of own data where they are now."""
    if SHA256 not in config.data or not (folder / CONFIG).exists():
        return
    try:
        stored = read_config(folder / CONFIG)
    except InvalidInputError:
        return  # who opens it says so
    if stored != config and without_places(stored.data) == without_places(config.data):
        write_text(folder / CONFIG, replace(stored, data=config.data).to_json())


def _start_again(folder: Path, why: str) -> None:
    warnings.warn(f"{folder} is damaged, its run starts again from its seed: {why}", RuntimeWarning, stacklevel=2)
    clear(folder)
