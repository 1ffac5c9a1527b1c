"""The one way to be parallel: a pool of Python threads over serial kernels that release the interpreter lock.

`run` computes a handful of tasks and returns when all are done. The caller works too: it begins with the first task and
goes on with tasks that have not begun, so none of them waits for a thread that the operating system has not yet woken.
Results must not depend on which thread does what; then they do not depend on the number of threads either.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from queue import SimpleQueue
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.kernels.library_threads import libraries_limited, limit_libraries, one_blas_thread, one_thread_here
from sparse_mlp.machine import usable_cores

__all__ = ["most_threads", "one_blas_thread", "ranges", "run", "set_threads", "threads_limited", "width"]

T = TypeVar("T")


class _Here(threading.local):
    """What each thread knows about itself."""

    is_busy = False  # with a task
    limit: int | None = None  # of the innermost `threads_limited`


class _Batch:
    """The tasks of one call of `run`."""

    def __init__(self, tasks: Sequence[Callable[[], Any]]) -> None:
        self.waiting = deque(enumerate(tasks))
        self.results: list[Any] = [None] * len(tasks)
        self.errors: list[tuple[int, BaseException]] = []
        self.helpers: list[threading.Lock] = []  # one for each worker that is here; free once it has left
        self.left = np.zeros(1, np.int64)  # raised by workers that have left
        self.context = copy_context()  # NumPy's error state, for instance

    def work(self) -> None:
        """Do what is left to do. A deque hands each task to one thread only."""
        while self.waiting:
            try:
                index, task = self.waiting.popleft()
            except IndexError:
                return
            self.do(index, task)

    def do(self, index: int, task: Callable[[], Any]) -> None:
        """Do a task and keep what it returns or raises."""
        try:
            self.results[index] = task()
        except BaseException as error:
            self.errors.append((index, error))

    def first_error(self) -> BaseException:
        """Take out the error of the first task that failed. What stayed would hold this batch by its traceback."""
        error = min(self.errors, key=lambda entry: entry[0])[1]
        self.errors.clear()
        return error

    def help(self) -> None:
        """Join, work, leave. A worker that joins late finds nothing to do, and `run` does not wait for it."""
        present = threading.Lock()
        present.acquire()
        self.helpers.append(present)
        try:
            self.context.copy().run(self.work)
        finally:
            self.helpers.remove(present)
            present.release()

    def wait(self) -> None:
        """Return once no worker is busy with a task; may be called again where Ctrl-C has come in between."""
        self.waiting.clear()
        if self.helpers and _spinning is not None:
            _spinning.wait_for_change(self.left, 0)
        for present in tuple(self.helpers):
            if present in self.helpers:
                present.acquire()


_here = _Here()
_default: int | None = None  # what `set_threads` has chosen
_queue: SimpleQueue[_Batch] = SimpleQueue()
_workers: list[threading.Thread] = []
_posted = np.zeros(1, np.int64)  # how often something was put into the queue
_starting = threading.Lock()
_spinning: ModuleType | None = None


def run(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Do all tasks, on up to `width()` threads.

    Parameters
    ----------
    tasks : sequence of callable
        They take nothing and must not depend on each other. Two threads gain where tasks spend their time in code that
        releases the interpreter lock: compiled kernels and NumPy's products of matrices.

    Returns
    -------
    list
        What the tasks returned, in their order.

    Raises
    ------
    BaseException
        Whatever a task raised, once no other task is running any more; the first of them in the order of the tasks.

    Notes
    -----
    Inside a task everything is serial: a `run` there does its tasks one after the other. A forked child makes
    its own threads. Handing over two tasks takes some 10 microseconds.

    Examples
    --------
    >>> run([lambda: 1, lambda: 2])
    [1, 2]
    """
    threads = min(width(), len(tasks)) if len(tasks) > 1 else 1
    if threads > 1:
        threads = min(threads, 1 + _start_workers(threads - 1))
    if threads <= 1:
        return [task() for task in tasks]
    batch = _Batch(tasks)
    first = batch.waiting.popleft()
    for _ in range(threads - 1):
        _queue.put(batch)
    _posted[0] += 1
    _here.is_busy = True
    try:
        batch.do(*first)
        batch.work()
    finally:
        _here.is_busy = False
        _uninterrupted(batch.wait)
    if batch.errors:
        raise batch.first_error()
    return batch.results


def width() -> int:
    """Return how many threads `run` uses here at most; 1 inside a task that the pool does."""
    if _here.is_busy:
        return 1
    return _here.limit or _default or most_threads()


def ranges(count: int, least: int = 1) -> list[tuple[int, int]]:
    """Cut `range(count)` into pieces of equal length, one for each thread of `run` here.

    Parameters
    ----------
    count : int
    least : int
        Length below which a piece is not worth a thread.

    Returns
    -------
    list of (int, int)
        First and last + 1 of each; at least one piece.

    Examples
    --------
    >>> with threads_limited(1):
    ...     ranges(1000)
    [(0, 1000)]
    """
    pieces = max(1, min(width(), count // least))
    return [(piece * count // pieces, (piece + 1) * count // pieces) for piece in range(pieces)]


@cache
def most_threads() -> int:
    """Return how many threads may be asked for: the cores that this process may use, or `NUMBA_NUM_THREADS`.

    The variable is what joblib sets in the processes that it starts, so that together they do not use more than there
    are. Looked up once.
    """
    chosen = os.environ.get("NUMBA_NUM_THREADS", "")
    return int(chosen) if chosen.isdecimal() and int(chosen) > 0 else usable_cores() or 1


def set_threads(count: int | None) -> None:
    """Let the pool and the BLAS and OpenMP libraries use `count` threads from now on, or all if it is None.

    Parameters
    ----------
    count : int or None
        From 1 to `most_threads()`. None gives back what was taken.

    Raises
    ------
    InvalidInputError
        If there are not so many.
    """
    global _default
    _default = None if count is None else _checked(count)
    limit_libraries(_default)


@contextmanager
def threads_limited(count: int) -> Iterator[None]:
    """Let this thread use `count` threads of the pool, and libraries as many, while the context is open.

    Raises
    ------
    InvalidInputError
        If there are not so many.
    """
    before, limit = _here.limit, _checked(count)
    with libraries_limited(limit):
        _here.limit = limit
        try:
            yield
        finally:
            _here.limit = before


def _checked(count: int) -> int:
    most = most_threads()
    if not 1 <= check_integer("threads", count) <= most:
        remedy = "as many as there are cores for this process, or what NUMBA_NUM_THREADS says"
        raise invalid(f"threads={count}", f"a number from 1 to {most}", remedy)
    return int(count)


def _start_workers(wanted: int) -> int:
    """Start threads until there are as many as wanted; return how many there are."""
    if len(_workers) < wanted:
        with _starting:
            _prepare_spinning()
            while len(_workers) < wanted:
                worker = threading.Thread(target=_serve, args=(_queue,), name="sparse_mlp", daemon=True)
                try:
                    worker.start()
                except RuntimeError:  # the system gives no more threads, or Python is about to end
                    break
                _workers.append(worker)
    return len(_workers)


def _serve(queue: SimpleQueue[_Batch]) -> None:
    _here.is_busy = True
    one_thread_here()
    while True:
        batch = queue.get()
        batch.help()
        left, seen = batch.left, int(_posted[0])
        del batch  # and with it the arrays of its tasks
        if _spinning is not None and queue.empty():
            _spinning.leave_and_wait(left, _posted, seen)
        else:
            left[0] = 1


def _prepare_spinning() -> None:
    """Get ready to spin where kernels are compiled anyway, and compile what that takes before threads need it."""
    global _spinning
    compiled = sys.modules.get("sparse_mlp.kernels._jit")
    if _spinning is None and compiled is not None and compiled.JIT_ENABLED:
        from sparse_mlp.kernels import spinning

        spinning.leave_and_wait(np.zeros(1, np.int64), np.zeros(1, np.int64), 1)
        spinning.wait_for_change(np.ones(1, np.int64), 0)
        _spinning = spinning


def _uninterrupted(wait: Callable[[], None]) -> None:
    """Wait even where Ctrl-C comes in between: workers still write into arrays of the caller."""
    try:
        wait()
    except BaseException:
        wait()
        raise


def _forget_threads() -> None:
    """Begin again in a forked child, where no thread but the forking one exists."""
    global _queue, _workers, _starting
    _queue, _workers, _starting = SimpleQueue(), [], threading.Lock()
    _here.is_busy = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
