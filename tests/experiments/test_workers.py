"""Workers: one thread each, replaced when they die, gone when nobody waits for them."""

from __future__ import annotations

import os
import signal
import time

import pytest

from sparse_mlp.errors import SparseMLPError
from sparse_mlp.experiments.workers import work_in_processes


def describe(task):
    """Return who did the task, on how many threads."""
    from threadpoolctl import threadpool_info

    from sparse_mlp.kernels.pool import width

    time.sleep(0.2)
    return task, os.getpid(), width(), {library["num_threads"] for library in threadpool_info()}


def die_at_first(path):
    """Kill this process unless the file says that enough have died."""
    deaths = len(path.read_text())
    if path.name.startswith("dies"):
        path.write_text("x" * (deaths + 1))
        if deaths < int(path.suffix[1:].rstrip("b")):
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return path.name


def tasks_in(folder, *names):
    for name in names:
        (folder / name).write_text("")
    return {name: folder / name for name in names}


def numbered(count):
    return {str(number): number for number in range(count)}


def test_processes_have_one_thread_and_do_many_tasks():
    done = list(work_in_processes(describe, numbered(6), 2))
    assert sorted(task for task, *_ in done) == list(range(6))
    processes = {process for _, process, *_ in done}
    assert len(processes) == 2 and os.getpid() not in processes
    assert all(threads == 1 and libraries == {1} for *_, threads, libraries in done)


def test_no_tasks_need_no_processes():
    assert list(work_in_processes(describe, {}, 4)) == []


def test_processes_that_die_are_replaced_and_all_is_done_once(tmp_path):
    tasks = tasks_in(tmp_path, "dies.1", "lives.a", "dies.1b", "lives.b", "lives.c")
    done = list(work_in_processes(die_at_first, tasks, 2))
    assert sorted(done) == sorted(tasks)
    # A task begins again too when another one's death ends its process, so it may have begun more often than it dies.
    assert all(len(tasks[name].read_text()) >= 2 for name in ("dies.1", "dies.1b"))


def test_a_task_that_always_kills_its_process_does_not_hold_up_the_others(tmp_path):
    tasks, done = tasks_in(tmp_path, "dies.99", *(f"lives.{letter}" for letter in "abcdef")), []
    with pytest.raises(SparseMLPError, match=r"over .*dies\.99.*too little memory"):
        for name in work_in_processes(die_at_first, tasks, 2):
            done.append(name)
    assert len(done) == len(set(done)) and set(done) >= {f"lives.{letter}" for letter in "bcdef"}


def wait_or_fail(path):
    """Write down which process this is and wait for very long, or fail once another one does so."""
    if path.name == "waits":
        path.write_text(str(os.getpid()))
        time.sleep(600)
    while not (path.parent / "waits").exists():
        time.sleep(0.01)
    raise FileNotFoundError(path)


def test_what_a_task_raises_is_raised_here_and_ends_the_processes(tmp_path):
    began = time.monotonic()
    tasks = {name: tmp_path / name for name in ("waits", *map(str, range(50)))}
    with pytest.raises(FileNotFoundError):
        list(work_in_processes(wait_or_fail, tasks, 2))
    assert time.monotonic() - began < 300  # one was killed, not waited for
