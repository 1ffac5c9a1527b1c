"""Where the runs of a campaign are executed, if not here: in processes of this machine, or on a Dask cluster.

Each function takes what to do and the tasks by name, and gives back results as they come.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from sparse_mlp.errors import SparseMLPError, invalid

Task = TypeVar("Task")
Done = TypeVar("Done")

DEATHS = 3  # times in a row that the workers die without a result, until the campaign ends
PARENT_CHECK_SECONDS = 0.5  # between two checks whether the parent process is there
CONNECTION_SECONDS = 30  # to find the scheduler of a cluster and its first worker


def work_in_processes(function: Callable[[Task], Done], tasks: Mapping[str, Task], jobs: int) -> Iterator[Done]:
    """Do all tasks in processes of one thread each, `jobs` at the same time.

    Raises
    ------
    SparseMLPError
        If processes die again and again without a result in between.

    Notes
    -----
    When a process is killed, joblib ends the others too. So all begin again, and the tasks that were being worked on
    come last: what kills its process, such as a run that needs too much memory, does not hold up the others.
    """
    from joblib import Parallel, delayed, parallel_config

    left, deaths = dict(tasks), 0
    while left:
        with parallel_config("loky", inner_max_num_threads=1):
            parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
        worker = delayed(_in_worker)
        parent = os.getpid(), warnings.formatwarning
        try:
            for name, done in parallel([worker(parent, function, name, task) for name, task in left.items()]):
                del left[name]
                deaths = 0
                yield done
        except BrokenProcessPool:
            deaths += 1
            first = list(left)[:jobs]
            if deaths == DEATHS:
                raise _died(first) from None
            left.update({name: left.pop(name) for name in first})


def work_on_dask(function: Callable[[Task], Done], tasks: Mapping[str, Task], address: str) -> Iterator[Done]:
    """Do all tasks on the workers of a Dask cluster, which import the function.

    `address` is that of the scheduler, such as tcp://host:8786.

    Raises
    ------
    InvalidInputError
        If Dask is not installed, or there is no scheduler, or no worker.
    SparseMLPError
        If the scheduler goes meanwhile; at the end, if the workers died over a task more often than the cluster allows.

    Notes
    -----
    Workers should have one thread each (`dask worker --nthreads 1`). Dask itself begins the task of a worker that died
    on another one. Not through joblib's backend for Dask, which waits for ever for a task over which workers die, and
    for a scheduler that is gone.
    """
    with _connect(address) as client:
        from distributed import CancelledError, KilledWorker, as_completed

        futures = {client.submit(function, task, pure=False): name for name, task in tasks.items()}
        lost = []
        try:
            for future in as_completed(futures, loop=client.loop):
                try:
                    yield future.result()
                except KilledWorker:
                    lost.append(futures[future])
                except CancelledError:
                    remedy = "the same command goes on where it stopped"
                    raise SparseMLPError(f"the cluster at {address} is gone; {remedy}") from None
        finally:
            client.cancel(list(futures))
        if lost:
            raise _died(lost)


def _died(names: Iterable[str]) -> SparseMLPError:
    return SparseMLPError(
        f"found workers that died again and again over {' or '.join(names)}; expected workers that stay alive; was "
        "there too little memory? The same command goes on where it stopped"
    )


def _in_worker(
    parent: tuple[int, Callable[..., str]], function: Callable[[Task], Done], name: str, task: Task
) -> tuple[str, Done]:  # fmt: skip
    """Do a task in a process that ends with its parent, and whose warnings read like those of its parent."""
    number, warnings.formatwarning = parent
    if not any(thread.name == __name__ for thread in threading.enumerate()):
        threading.Thread(target=_end_with, args=(number,), name=__name__, daemon=True).start()
    return name, function(task)


def _end_with(parent: int) -> None:
    """End this process soon after its parent is gone, so that nobody waits for what it is working on.

    Windows does not tell that a parent is gone; there a process finishes its task, and ends when it was idle for long.
    """
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)  # as if killed, which whatever it writes withstands


def _connect(address: str) -> Any:
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError:
        raise invalid(f"dask={address}, but Dask is missing", "Dask", "pip install 'sparse_mlp[dask]'") from None
    try:
        get_address_host_port(address)  # a client that was given no address holds up the end of the process by a minute
        client = Client(address, timeout=CONNECTION_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise invalid(f"dask={address}: {error}", "the address of a scheduler that runs", "`dask scheduler`") from None
    try:
        client.wait_for_workers(1, timeout=CONNECTION_SECONDS)
    except TimeoutError:
        client.close()
        remedy = f"`dask worker {address} --nthreads 1` starts one"
        raise invalid(f"a cluster at {address} without workers", "one with some", remedy) from None
    return client
