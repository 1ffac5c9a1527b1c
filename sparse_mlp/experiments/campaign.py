"""Campaigns: execute all planned runs of a store, on any number of processes and machines."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sparse_mlp.datasets import available
from sparse_mlp.datasets.locate import check_data_dir
from sparse_mlp.errors import check_integer, command, invalid
from sparse_mlp.experiments.campaign_progress import CampaignProgress
from sparse_mlp.experiments.execute import BUSY, FAILED, FINISHED, RunOutcome, execute
from sparse_mlp.experiments.planned_run import PlannedRun
from sparse_mlp.experiments.store import Store
from sparse_mlp.experiments.workers import work_in_processes, work_on_dask
from sparse_mlp.runs.own_files import SHA256

RunsById = dict[str, list[PlannedRun]]  # run id → the same run, for all who want something measured on it


@dataclass(frozen=True)
class CampaignOutcome:
    """Say what became of the runs of a campaign, by their ids."""

    finished: list[str] = field(default_factory=list)  # trained and measured, now or before
    failed: dict[str, str] = field(default_factory=dict)  # with the reason
    busy: list[str] = field(default_factory=list)  # another process is working on them
    # data set whose files are not here → its runs, which were left out
    missing: dict[str, list[str]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Tell whether all runs are finished."""
        return not (self.failed or self.busy or self.missing)


def run_campaign(
    store: Store,
    planned: Iterable[PlannedRun],
    *,
    jobs: int = 1,
    dask: str | None = None,
    data_dir: str | Path | None = None,
    retry: bool = False,
    progress: bool = True,
) -> CampaignOutcome:
    """Execute all planned runs that are not finished yet.

    Killed at any moment, the same call goes on where it stopped, and ends in the same bytes. Any number of processes
    may call it at the same time on the same store: no run is done twice. A worker that is killed is replaced.

    Parameters
    ----------
    store : Store
    planned : iterable of PlannedRun
        As `Recipe.plan` gives them, of one or several recipes; a run that is asked for twice is done once.
    jobs : int
        Processes, of one thread each; with 1 the runs are executed in this process. No result depends on it.
    dask : str, optional
        Address of the scheduler of a Dask cluster to use instead, whose workers see the store and the data files under
        the same paths.
    data_dir : path, optional
        Where the data files are (else $SPARSE_MLP_DATA, else the cache).
    retry : bool
        Try once more what failed before.
    progress : bool
        Whether to say on standard error how far it is and how long it will take.

    Raises
    ------
    InvalidInputError
        If `jobs` cannot be used, or comes with `dask`.
    DataFileError
        If `data_dir` is not an existing folder.
    SparseMLPError
        If workers die again and again, or the Dask cluster goes. The same call goes on where it stopped.
    KeyboardInterrupt
        If the user stopped it.

    Warns
    -----
    RuntimeWarning
        If the files of a data set are missing, or the folder of a run is damaged.
    """
    check_integer("jobs", jobs)
    if dask is not None and jobs != 1:
        raise invalid(f"jobs={jobs} with dask={dask}", "one of the two", "the cluster has as many workers as it has")
    check_data_dir(data_dir)
    place = None if data_dir is None else str(Path(data_dir).expanduser().resolve())
    by_run_id: RunsById = {}
    for run in planned:
        by_run_id.setdefault(run.run_id, []).append(run)
    wanted, missing = _with_data(by_run_id, place)
    known = {run_id: _known(store, runs, retry) for run_id, runs in wanted.items()}
    outcomes = {run_id: outcome for run_id, outcome in known.items() if outcome is not None}
    left = {run_id: runs for run_id, runs in wanted.items() if run_id not in outcomes}
    epochs = {run_id: runs[0].settings["training"]["epochs"] for run_id, runs in wanted.items()}
    function = partial(execute, folder=store.path, data_dir=place, retry=retry)

    def work(runs: RunsById) -> Iterator[RunOutcome]:
        if dask is not None:
            return work_on_dask(function, runs, dask)
        return map(function, runs.values()) if jobs == 1 else work_in_processes(function, runs, jobs)

    if left and jobs > 1:
        from sparse_mlp.runs.warm_up import warm_up

        warm_up()  # else each process would compile the same kernels
    try:
        with CampaignProgress(store, epochs, set(left), shown=progress and bool(left)) as bar:
            for _ in range(2):  # runs that other processes are working on are looked at once more
                left = {run_id: runs for run_id, runs in left.items() if run_id not in outcomes}
                for found in work(left) if left else ():
                    if found.state != BUSY:
                        outcomes[found.run_id] = found
                        bar.tell(found.run_id, _words(store, found))
    finally:
        store.rebuild_index()
    ended = [outcomes[run_id] for run_id in wanted if run_id in outcomes]
    return CampaignOutcome(
        [found.run_id for found in ended if found.state == FINISHED],
        {found.run_id: found.message for found in ended if found.state == FAILED},
        [run_id for run_id in wanted if run_id not in outcomes], missing,
    )  # fmt: skip


def _with_data(runs: RunsById, data_dir: str | None) -> tuple[RunsById, dict[str, list[str]]]:
    """Return the runs whose data sets are here, and the ids of the others by data set."""
    here = {*available(data_dir), *(first.dataset for first, *_ in runs.values() if SHA256 in first.settings["data"])}
    missing: dict[str, list[str]] = {}
    for run_id, (first, *_) in runs.items():
        if first.dataset not in here:
            missing.setdefault(first.dataset, []).append(run_id)
    for name, run_ids in missing.items():
        warnings.warn(missing_words(name, run_ids), RuntimeWarning, stacklevel=3)
    return {run_id: several for run_id, several in runs.items() if several[0].dataset in here}, missing


def missing_words(dataset: str, run_ids: Sequence[str]) -> str:
    """Say that the files of a data set are not here, what this means, and what to do."""
    return f"the files of {dataset} are not here, runs left out: {len(run_ids)}; `{command('data', 'fetch', dataset)}`"


def _known(store: Store, runs: list[PlannedRun], retry: bool) -> RunOutcome | None:
    """Return what became of a run before, None if there is something to do."""
    run_id = runs[0].run_id
    if all(map(store.complete, runs)):
        return RunOutcome(run_id, FINISHED)
    message = store.failure(run_id)
    return None if message is None or retry else RunOutcome(run_id, FAILED, message)


def _words(store: Store, found: RunOutcome) -> str:
    if found.state == FAILED:
        return f"failed: {found.message}"
    outcome = store.result(found.run_id) or {}
    return f"test accuracy {outcome.get('test_accuracy') or 0:.2%}, {outcome.get('epochs')} epochs"
