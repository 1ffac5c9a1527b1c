"""Where the runs of a campaign are carried out: here, in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Task = TypeVar("Task")
Done = TypeVar("Done")

DEATHS = 10  # of processes over one task, before they are taken to die of something else than it
THREADS = (
    "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip


def work_here(function: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
    """Do all tasks in this process, one after the other."""
    yield from map(function, tasks)


def work_in_processes(function: Callable[[Task], Done], tasks: Sequence[Task], jobs: int) -> Iterator[Done]:
    """Do all tasks in processes of one thread each, and give back what they return as it comes.

    Parameters
    ----------
    function : callable
        That can be pickled.
    tasks : sequence
    jobs : int
        Processes at the same time; each does many tasks. One that dies is replaced, and its task begun again.

    Raises
    ------
    RuntimeError
        If processes keep dying over a task.

    Notes
    -----
    The processes are those of joblib's loky. A pool of them breaks as a whole when one dies; so each has a pool of its
    own here, and a thread that waits for it. The other processes go on with what they do.
    """
    processes = [_Process() for _ in range(min(jobs, len(tasks)))]
    free, local = list(processes), threading.local()

    def do(task: Task) -> Done:
        if not hasattr(local, "process"):
            local.process = free.pop()
        return local.process.call(function, task)

    with ThreadPoolExecutor(max(1, len(processes)), thread_name_prefix="sparse_mlp-campaign") as threads:
        futures: list[Future[Done]] = [threads.submit(do, task) for task in tasks]
        try:
            yield from _as_completed(futures)
        finally:
            for future in futures:
                future.cancel()
            for process in processes:
                process.stop()


def _as_completed(futures: list[Future[Done]]) -> Iterator[Done]:
    """Give back results as they come; unlike the library's own, wake up now and then to hear Ctrl-C on Windows."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=1, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


class _Process:
    """Call functions in a process that is replaced when it dies."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._stopped = False

    def call(self, function: Callable[[Task], Done], task: Task) -> Done:
        from joblib.externals.loky import ProcessPoolExecutor

        for _ in range(DEATHS):
            if self._stopped:
                raise CancelledError
            if self._pool is None:
                self._pool = ProcessPoolExecutor(1, timeout=None, env=dict.fromkeys(THREADS, "1"))
            try:
                found: Done = self._pool.submit(function, task).result()
                return found
            except BrokenProcessPool:
                self._pool = None
        raise RuntimeError(f"{DEATHS} processes died over {task!r}; was there too little memory?")

    def stop(self) -> None:
        """End the process; one that is at work is killed, as whoever waits for it no longer does."""
        self._stopped = True
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
