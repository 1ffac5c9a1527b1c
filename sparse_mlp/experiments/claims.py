"""Claims: of all processes on all machines that share a store, one at a time works on a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def claim(claims: Path, run_id: str) -> Iterator[bool]:
    """Claim a run while the context is open; the value tells whether it was free.

    Parameters
    ----------
    claims : path
        Folder of the claims, the same for all who might want the run.
    run_id : str

    Notes
    -----
    A claim is a lock of the operating system on a file, not the file: it ends with the process that holds it, also one
    that is killed, so there are no stale ones. On a network file system this needs one whose locks reach across
    machines, as those of NFS 4 do.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(claims / f"{run_id}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
