"""Carry out tasks on a Dask cluster that runs already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from sparse_mlp.errors import SparseMLPError, invalid

Task = TypeVar("Task")
Done = TypeVar("Done")

PATIENCE = 30  # seconds to find the scheduler and its first worker


def work_on_dask(
    function: Callable[[Task], Done], tasks: Sequence[Task], give_up: Callable[[Task], Done], address: str
) -> Iterator[Done]:
    """Do all tasks on the workers of a cluster, and give back what they return as it comes.

    Parameters
    ----------
    function : callable
        That can be pickled, and imported by the workers.
    tasks : sequence
    give_up : callable
        Called in this process instead, for a task over which more workers have died than the cluster allows.
    address : str
        Of the scheduler, such as tcp://host:8786.

    Raises
    ------
    InvalidInputError
        If Dask is not installed, or there is no scheduler, or no worker.
    SparseMLPError
        If the scheduler goes while it works.

    Notes
    -----
    Workers should have one thread each (`dask worker --nthreads 1`). The task of a worker that dies is begun again on
    another one by Dask itself. Not through joblib's backend for Dask, which cannot tell over which task they died.
    """
    if not tasks:
        return
    with _connect(address) as client:
        from distributed import KilledWorker, as_completed

        _compile_once_per_machine(client)
        futures = {client.submit(function, task, pure=False): task for task in tasks}
        try:
            for future in as_completed(futures, loop=client.loop):
                try:
                    yield future.result()
                except KilledWorker:
                    yield give_up(futures[future])
                except CancelledError:
                    remedy = "the same command goes on where it stopped"
                    raise SparseMLPError(f"the cluster at {address} is gone; {remedy}") from None
        finally:
            client.cancel(list(futures))


def _connect(address: str) -> Any:
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError:
        raise invalid(
            f"dask={address} without Dask", "used where Dask is installed", "pip install 'sparse_mlp[dask]'"
        ) from None
    try:
        get_address_host_port(address)  # a client that was given no address holds up the end of the process by a minute
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise invalid(f"dask={address}: {error}", "the address of a scheduler that runs", "`dask scheduler`") from None
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        client.close()
        remedy = f"`dask worker {address} --nthreads 1`"
        raise invalid(f"a cluster at {address} without workers", "one with some", remedy) from None
    return client


def _compile_once_per_machine(client: Any) -> None:
    """Let one worker of each machine compile the kernels, while the others wait for them."""
    from sparse_mlp.runs.warm_up import warm_up

    workers = client.scheduler_info(n_workers=-1)["workers"]
    first = {worker["host"]: address for address, worker in workers.items()}
    client.gather([client.submit(warm_up, workers=[address], pure=False) for address in first.values()])
