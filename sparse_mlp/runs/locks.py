"""Locks: of all processes on all machines that see a folder, one at a time writes into it.

What counts is a lock of the operating system on the file `.lock`, not the file: it ends with the process that holds it,
even if that is killed, so no lock outlives its holder. On a network file system this needs one whose locks reach across
machines, as those of NFS 4 do. Who only reads needs no lock: files are replaced whole.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparse_mlp.errors import InvalidInputError, describe

LOCK, HOLDER = ".lock", ".lock-holder"  # a locked file cannot be read everywhere, so who holds it is in a second one
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # what a file system without locks answers


class BusyError(InvalidInputError):
    """Report a folder that another process writes into."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder while the context is open; the value tells whether it was free.

    Parameters
    ----------
    folder : path
        Made if need be.

    Warns
    -----
    RuntimeWarning
        If the file system has no locks; the folder then counts as free.
    """
    from filelock import FileLock, Timeout

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    except (NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in NO_LOCKS:
            raise
        warnings.warn(f"the file system of {folder} has no locks: let only one process write there", RuntimeWarning,
                      stacklevel=3)  # fmt: skip
        yield True
        return
    with contextlib.suppress(OSError):
        (folder / HOLDER).write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):
            (folder / HOLDER).unlink()
        lock.release()


@contextmanager
def writing_into(folder: Path, remedy: str = "wait for it, or choose another --out") -> Iterator[None]:
    """Let no other process write into a folder while the context is open.

    Raises
    ------
    BusyError
        If one does already, naming it.
    """
    with lock_folder(folder) as free:
        if not free:
            wanted = "a folder that no other process writes into"
            raise BusyError(describe(f"{folder} in use by {_holder(folder)}", wanted, remedy))
        yield


def is_lock(path: Path) -> bool:
    """Tell whether a file belongs to the lock of its folder."""
    return path.name in (LOCK, HOLDER)


def clear(folder: Path) -> None:
    """Remove all that is in a folder but its lock, which the caller holds."""
    for path in folder.iterdir():
        if is_lock(path):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _holder(folder: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if found := (folder / HOLDER).read_text(encoding="utf-8"):
            return found[:200]
    return "another process"
