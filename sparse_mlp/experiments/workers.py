"""Where the runs of a campaign are carried out: here, in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from time import sleep
from typing import Any, TypeVar

Task = TypeVar("Task")
Done = TypeVar("Done")

DEATHS = 6  # of processes over one task, until it is taken for the culprit
WATCH = 0.5  # seconds between two looks whether the parent is there
IDLE = 60  # seconds without a task after which a process ends
THREADS = (
    "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip


def work_here(
    function: Callable[[Task], Done], tasks: Sequence[Task], give_up: Callable[[Task], Done]
) -> Iterator[Done]:
    """Do all tasks in this process, one after the other; with it dies whoever could give up."""
    yield from map(function, tasks)


def work_in_processes(
    function: Callable[[Task], Done], tasks: Sequence[Task], give_up: Callable[[Task], Done], jobs: int
) -> Iterator[Done]:
    """Do all tasks in processes of one thread each, and give back what they return as it comes.

    Parameters
    ----------
    function : callable
        That can be pickled.
    tasks : sequence
    give_up : callable
        Called in this process instead, for a task over which `DEATHS` processes have died.
    jobs : int
        Processes at the same time; each does many tasks. One that dies is replaced, and its task begun again.

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
        return local.process.call(function, task, give_up)

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
        self._last: Future[Any] | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def call(self, function: Callable[[Task], Done], task: Task, give_up: Callable[[Task], Done]) -> Done:
        for _ in range(DEATHS):
            future = self._submit(function, task)
            try:
                return future.result()
            except BrokenProcessPool:
                self._pool = None
        return give_up(task)

    def _submit(self, function: Callable[[Task], Done], task: Task) -> Future[Done]:
        from joblib.externals.loky import ProcessPoolExecutor

        with self._lock:
            if self._stopped:
                raise CancelledError
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    1, timeout=IDLE, env=dict.fromkeys(THREADS, "1"), initializer=_begin,
                    initargs=(os.getpid(), warnings.formatwarning),
                )
            future: Future[Done] = self._pool.submit(function, task)
            self._last = future
            return future

    def stop(self) -> None:
        """End the process; one that is at work is killed, as whoever waits for it no longer does."""
        with self._lock:
            self._stopped = True
            if self._pool is None:
                return
            while self._last is not None and not (self._last.running() or self._last.done()):
                sleep(0.001)  # loky stumbles over a task that it has not looked at yet, and says so to the user
            self._pool.shutdown(wait=True, kill_workers=True)


def _begin(parent: int, format_warning: Callable[..., str]) -> None:
    """Prepare this process: it ends with its parent, and its warnings read like those of its parent."""
    warnings.formatwarning = format_warning
    _end_with(parent)


def _end_with(parent: int) -> None:
    """Let this process end soon after its parent is gone, so that nobody waits for what it is at.

    Windows does not tell that a parent is gone; there a process finishes its task, and ends when it was idle for long.
    """

    def watch() -> None:
        while os.getppid() == parent:
            sleep(WATCH)
        os._exit(1)  # as if killed, which whatever it writes withstands

    threading.Thread(target=watch, daemon=True).start()
