"""Locks: of all processes on all machines that share a store, one at a time works on a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def lock_run(locks: Path, run_id: str) -> Iterator[bool]:
    """Hold the lock of a run while the context is open; the value tells whether it was free.

    The folder `locks` is the same for all who might want the run.

    Notes
    -----
    What counts is a lock of the operating system on the file, not the file: it ends with the process that holds it,
    even if that is killed, so no lock outlives its holder. On a network file system this needs one whose locks reach
    across machines, as those of NFS 4 do.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(locks / f"{run_id}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
