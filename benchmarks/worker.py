"""A process that imports one source tree, prepares jobs and times their calls when it is asked to.

Run as ``python -P worker.py`` with that tree on PYTHONPATH. Requests and answers are lines of JSON on standard input
and output. This folder is the same for every tree, so old and new code are timed by the same lines.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

OWN_SECONDS = "own_seconds"  # fact of a job that itself returns the seconds that count

Job = Callable[[], Any]
Prepared = tuple[Job, dict[str, Any]]  # a job, and facts about it


def serve() -> None:
    """Answer requests until standard input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # a job that prints must not disturb the conversation
    jobs: dict[str, Prepared] = {}
    for line in sys.stdin:
        try:
            answer = {"answer": _answer(json.loads(line), jobs)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


def _answer(request: dict[str, Any], jobs: dict[str, Prepared]) -> Any:
    if request["do"] == "turn":
        return take_turn(*jobs[request["name"]], request["seconds"])
    module, name = request["function"].split(":")
    result = getattr(importlib.import_module(module), name)(**request["options"])
    if request["do"] == "call":
        return result
    job, facts = jobs[request["name"]] = result
    job()  # compiles, and starts the threads
    return facts


def take_turn(job: Job, facts: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Call a job once untimed, then until the time is over; return the ``seconds`` of each call and of the ``cpu``."""
    worked, taken = process_time(), list[float]()
    with threads_apart():
        job()  # brings code and data back into the caches
        began = perf_counter()
        while not taken or perf_counter() - began < seconds:
            before = perf_counter()
            own = job()
            taken.append(own if facts.get(OWN_SECONDS) else perf_counter() - before)
    return {"seconds": taken, "cpu": process_time() - worked}


@contextlib.contextmanager
def threads_apart() -> Iterator[None]:
    """Keep the calling thread on one core and all other threads of the process on the other cores.

    Some schedulers put two threads that often wait for each other on one core although another one is free; a step then
    takes twice its time, or fifty times. Does nothing on one core, or on systems other than Linux.
    """
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2 or not os.path.isdir("/proc/self/task"):
        yield
        return
    first, *others = sorted(os.sched_getaffinity(0))
    own, before = threading.get_native_id(), {}
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


def peak_memory() -> int:
    """Return the most bytes of memory that this process has held, 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


if __name__ == "__main__":
    root = str(Path(__file__).parents[1])
    sys.path.insert(0, root)
    importlib.import_module("benchmarks")
    sys.path.remove(root)  # from here on `sparse_mlp` comes from the tree, `benchmarks` from this folder
    serve()
