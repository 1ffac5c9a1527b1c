"""How many threads the BLAS and OpenMP libraries of the process may use.

Their setting belongs to the whole process, while Python threads come and go: what counts is which limits are in force,
not who came first. Within `one_blas_thread` BLAS has one thread; otherwise the limit set last holds, and where
there is none, each library has what it had before.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


class _Singles(threading.local):
    """How many `one_blas_thread` this thread is in."""

    depth = 0


_singles = _Singles()
_lock = threading.RLock()
_single_threads = 0  # threads that are within `one_blas_thread`
_limits: list[list[int]] = []  # those in force, the last one set at the end; lists, so that equal limits differ
_chosen: list[int] | None = None  # the one among them that `limit_libraries` has set
_original: dict[str, int] = {}  # threads of each library without a limit, by file; empty while there is no limit


def limit_libraries(count: int | None) -> None:
    """Let libraries use `count` threads from now on; None takes an earlier call back."""
    global _chosen
    with _lock:
        if _chosen is not None:
            _remove(_chosen)
        _chosen = None if count is None else [count]
        if _chosen is not None:
            _limits.insert(0, _chosen)
        _apply(_all_libraries())


@contextmanager
def libraries_limited(count: int) -> Iterator[None]:
    """Let libraries use `count` threads while the context is open."""
    limit = [count]
    with _lock:
        _limits.append(limit)
        _apply(_all_libraries())
    try:
        yield
    finally:
        with _lock:
            _remove(limit)
            _apply(_all_libraries())


class one_blas_thread:
    """Keep BLAS to one thread while the context is open: a split among its threads changes how it rounds.

    Notes
    -----
    For the whole process, until the last thread has left. The first to enter pays some microseconds; entering again
    costs next to nothing.
    """

    def __enter__(self) -> None:
        """Limit BLAS, unless it is limited already."""
        if _singles.depth == 0:
            _change_singles(1)
        _singles.depth += 1

    def __exit__(self, *error: object) -> None:
        """Give BLAS back what it had, if no other thread of the process needs the limit."""
        _singles.depth -= 1
        if _singles.depth == 0:
            _change_singles(-1)


def _change_singles(by: int) -> None:
    global _single_threads
    with _lock:
        _single_threads += by
        if _single_threads in (0, by):  # the first came or the last went
            _apply(_blas_libraries("scipy.linalg" in sys.modules))


def one_thread_here() -> None:
    """Give this thread one thread of those libraries whose setting belongs to each thread: MKL and OpenMP.

    For good: what counts for the whole process is not touched.
    """
    for library in _all_libraries():
        if "openmp" in (library.internal_api, getattr(library, "threading_layer", "")) or _is_limited_singly(library):
            library.set_num_threads(1)


def _is_limited_singly(library: Any) -> bool:
    """Tell whether the library is MKL and threadpoolctl sets it for one thread only, as it does from 3.7 on."""
    from threadpoolctl import OpenBLASController

    return library.internal_api == "mkl" and hasattr(OpenBLASController, "clear_controlling_thread")


def _remove(limit: list[int]) -> None:
    _limits[:] = [other for other in _limits if other is not limit]


def _apply(libraries: list[Any]) -> None:
    """Bring libraries to what is in force now; call it with the lock."""
    for library in libraries:
        count = _limits[-1][0] if _limits else None
        if _single_threads and library.user_api == "blas":
            count = 1
        now = library.get_num_threads()
        if count is None:
            count = _original.pop(library.filepath, now)
        else:
            _original.setdefault(library.filepath, now)
        if count != now:
            _set(library, count)


def _set(library: Any, count: int) -> None:
    # From 3.7 on, threadpoolctl lets one thread at a time set OpenBLAS; here the lock sees to that.
    clear = getattr(library, "clear_controlling_thread", lambda force: None)
    clear(force=True)
    library.set_num_threads(count)
    clear(force=True)


def _all_libraries() -> list[Any]:
    """Return all libraries that are loaded by now; takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().lib_controllers)


@cache
def _blas_libraries(scipy_is_loaded: bool) -> list[Any]:
    """Return NumPy's BLAS, and from when on there is another, SciPy's."""
    return [library for library in _all_libraries() if library.user_api == "blas"]


def _forget_other_threads() -> None:
    """Forget in a forked child what threads wanted that do not exist there."""
    global _lock, _single_threads
    _lock, _single_threads = threading.RLock(), int(_singles.depth > 0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)
