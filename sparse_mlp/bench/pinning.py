"""Threads that work together kept on cores of their own while they are timed."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def threads_apart() -> Iterator[None]:
    """Keep the calling thread on one core, and all other threads that there are now on the others.

    Some schedulers put two threads that often wait for each other on one core although another one is free; a step then
    takes twice its time, or fifty times. Libraries keep their threads, so this holds for all candidates alike once each
    has run. Does nothing on one core, or where the system (other than Linux) cannot say.
    """
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2 or not os.path.isdir("/proc/self/task"):
        yield
        return
    first, *others = sorted(os.sched_getaffinity(0))
    own = threading.get_native_id()
    before = {}
    for thread in map(int, os.listdir("/proc/self/task")):
        with contextlib.suppress(OSError):  # a thread may end at any time
            before[thread] = os.sched_getaffinity(thread)
            os.sched_setaffinity(thread, {first} if thread == own else others)
    try:
        yield
    finally:
        for thread, cores in before.items():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(thread, cores)
