"""Campaigns: bring all planned runs of a store to their end, on however many processes and machines."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sparse_mlp.datasets import available
from sparse_mlp.datasets.locate import check_data_dir
from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.experiments.campaign_progress import CampaignProgress
from sparse_mlp.experiments.carry_out import ELSEWHERE, FAILED, FINISHED, INTERRUPTED, Carried, carry_out, give_up
from sparse_mlp.experiments.planned_run import PlannedRun
from sparse_mlp.experiments.store import Store
from sparse_mlp.experiments.workers import work_here, work_in_processes

Jobs = dict[str, list[PlannedRun]]  # run id → the same run, for all who want something measured on it
Carry = Callable[[list[PlannedRun]], Carried]
Work = Callable[[Carry, Sequence[list[PlannedRun]], Carry], Iterator[Carried]]


@dataclass(frozen=True)
class CampaignOutcome:
    """Say what became of the runs of a campaign, by their ids.

    Attributes
    ----------
    finished : list of str
        Trained and measured, now or before.
    failed : dict of str to str
        With the reason.
    elsewhere : list of str
        Another process is at them.
    missing : dict of str to list of str
        Data set whose files are not here → its runs, which were left out.
    """

    finished: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Tell whether all runs are finished."""
        return not (self.failed or self.elsewhere or self.missing)


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
    """Carry out all planned runs that are not finished yet.

    Killed at any moment, the same call goes on where it stopped, and ends in the same bytes. Any number of processes
    may call it at the same time on the same store: no run is done twice.

    Parameters
    ----------
    store : Store
    planned : iterable of PlannedRun
        As `Recipe.plan` gives them, also those of several recipes; a run that is asked for twice is done once.
    jobs : int
        Processes, of one thread each; with 1 the runs are carried out in this process. No result depends on it.
    dask : str, optional
        Address of the scheduler of a Dask cluster to use instead, whose workers see the store and the data files under
        the same paths.
    data_dir : path, optional
        Where the data files are (else $SPARSE_MLP_DATA, else the cache).
    retry : bool
        Try once more what failed before.
    progress : bool
        Tell on standard error how far it is and how long it will take.

    Returns
    -------
    CampaignOutcome

    Raises
    ------
    InvalidInputError
        If `jobs` cannot be used, or comes with `dask`.
    DataFileError
        If `data_dir` is no folder.
    KeyboardInterrupt
        If the user stopped it.

    Warns
    -----
    RuntimeWarning
        If the files of a data set are missing, or the folder of a run is damaged.
    """
    check_integer("jobs", jobs)
    if dask is not None and jobs != 1:
        raise invalid(f"jobs={jobs} with dask={dask}", "left out", "the cluster has as many workers as it has")
    check_data_dir(data_dir)
    place = None if data_dir is None else str(Path(data_dir).expanduser().resolve())
    wanted, missing = _with_data(_by_run_id(planned), place)
    carried = {run_id: found for run_id, runs in wanted.items() if (found := _known(store, runs, retry))}
    left = [runs for run_id, runs in wanted.items() if run_id not in carried]
    epochs = {run_id: runs[0].settings["training"]["epochs"] for run_id, runs in wanted.items()}
    function = partial(_carry_out, store.path, place, retry)
    try:
        with CampaignProgress(store, epochs, {runs[0].run_id for runs in left}, shown=progress and bool(left)) as bar:
            for found in _twice(_work(jobs, dask, len(left)), function, left, partial(give_up, store.path)):
                if found.state == INTERRUPTED:
                    raise KeyboardInterrupt
                carried[found.run_id] = found
                if found.state != ELSEWHERE:
                    bar.tell(found.run_id, _words(store, found))
    finally:
        store.rebuild_index()
    return CampaignOutcome(
        [run_id for run_id in wanted if carried[run_id].state == FINISHED],
        {run_id: carried[run_id].message for run_id in wanted if carried[run_id].state == FAILED},
        [run_id for run_id in wanted if carried[run_id].state == ELSEWHERE],
        missing,
    )


def _carry_out(folder: Path, data_dir: str | None, retry: bool, planned: list[PlannedRun]) -> Carried:
    return carry_out(folder, planned, data_dir, retry)


def _by_run_id(planned: Iterable[PlannedRun]) -> Jobs:
    jobs: Jobs = {}
    for run in planned:
        jobs.setdefault(run.run_id, []).append(run)
    return jobs


def _with_data(jobs: Jobs, data_dir: str | None) -> tuple[Jobs, dict[str, list[str]]]:
    """Return the runs whose data sets are here, and the ids of the others by data set."""
    here = set(available(data_dir))
    missing: dict[str, list[str]] = {}
    for run_id, runs in jobs.items():
        if runs[0].dataset not in here:
            missing.setdefault(runs[0].dataset, []).append(run_id)
    for name, run_ids in missing.items():
        warnings.warn(missing_words(name, run_ids), RuntimeWarning, stacklevel=3)
    return {run_id: runs for run_id, runs in jobs.items() if runs[0].dataset in here}, missing


def missing_words(dataset: str, run_ids: Sequence[str]) -> str:
    """Say that the files of a data set are not here, what this means, and what to do."""
    return f"the files of {dataset} are not here, runs left out: {len(run_ids)}; `sparse-mlp data fetch {dataset}`"


def _known(store: Store, runs: list[PlannedRun], retry: bool) -> Carried | None:
    """Return what became of a run before, None if there is something to do."""
    run_id = runs[0].run_id
    if all(map(store.complete, runs)):
        return Carried(run_id, FINISHED)
    message = store.failure(run_id)
    return None if message is None or retry else Carried(run_id, FAILED, message)


def _work(jobs: int, dask: str | None, left: int) -> Work:
    """Return what carries out; for more than this process, with all kernels compiled before."""
    if dask is not None:
        from sparse_mlp.experiments.dask_workers import work_on_dask

        return partial(work_on_dask, address=dask)
    if jobs == 1 or not left:
        return work_here
    from sparse_mlp.runs.warm_up import warm_up

    warm_up()
    return partial(work_in_processes, jobs=jobs)


def _twice(work: Work, function: Carry, left: list[list[PlannedRun]], lost: Carry) -> Iterator[Carried]:
    """Carry out, and at the end look once more at what other processes were at."""
    again = []
    for found in work(function, left, lost):
        if found.state == ELSEWHERE:
            again.append(next(runs for runs in left if runs[0].run_id == found.run_id))
        else:
            yield found
    if again:
        yield from work(function, again, lost)


def _words(store: Store, found: Carried) -> str:
    if found.state == FAILED:
        return f"failed: {found.message}"
    outcome = store.result(found.run_id) or {}
    return f"test accuracy {outcome.get('test_accuracy') or 0:.2%}, {outcome.get('epochs')} epochs"
