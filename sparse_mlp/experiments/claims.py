"""Claims: of all processes on all machines that share a store, one at a time works on a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparse_mlp.experiments.store import read_object, write_object


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


class Attempts:
    """Count how often in a row a run was begun and got no further, because its process vanished each time.

    To be used by the holder of the run's claim only.

    Parameters
    ----------
    claims : path
    run_id : str
    folder : path
        Of the run. A new checkpoint or measurement there is progress, with which counting begins anew.
    """

    def __init__(self, claims: Path, run_id: str, folder: Path) -> None:
        self.path, self.folder = claims / f"{run_id}.attempts.json", folder

    def vanished(self) -> int:
        """Return how many attempts in a row ended without a word."""
        found = read_object(self.path) or {}
        return int(found.get("count", 0)) if found.get("state") == self._state() else 0

    def begin(self) -> None:
        """Count an attempt that begins."""
        write_object(self.path, {"count": self.vanished() + 1, "state": self._state()})

    def end(self) -> None:
        """Forget all attempts: this one has ended with a word."""
        self.path.unlink(missing_ok=True)

    def _state(self) -> list[str]:
        """Return the names of what is there; that of a checkpoint's arrays holds a hash of them."""
        return sorted(path.name for path in self.folder.glob("*-*.*") if path.suffix in (".npz", ".json"))
