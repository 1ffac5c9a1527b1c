"""Workers: one thread each, replaced when they die, gone when nobody waits for them."""

from __future__ import annotations

import os
import signal
import time

import pytest

from sparse_mlp.experiments.workers import work_here, work_in_processes


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
        if deaths < int(path.suffix[1:]):
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return path.name, os.getpid()


def given_up(path):
    return path.name, None


def test_here_is_here():
    assert list(work_here(lambda task: (task, os.getpid()), [1, 2], None)) == [(1, os.getpid()), (2, os.getpid())]


def test_processes_have_one_thread_and_do_many_tasks():
    done = list(work_in_processes(describe, list(range(6)), None, 2))
    assert sorted(task for task, *_ in done) == list(range(6))
    processes = {process for _, process, *_ in done}
    assert len(processes) == 2 and os.getpid() not in processes
    assert all(threads == 1 and libraries == {1} for *_, threads, libraries in done)


def test_no_tasks_need_no_processes():
    assert list(work_in_processes(describe, [], None, 4)) == []


def test_a_process_that_dies_is_replaced_and_a_task_over_which_they_die_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("sparse_mlp.experiments.workers.DEATHS", 3)
    names = ["dies.3", "dies.2", "lives.a", "lives.b", "lives.c"]
    for name in names:
        (tmp_path / name).write_text("")
    done = dict(work_in_processes(die_at_first, [tmp_path / name for name in names], given_up, 2))
    assert set(done) == set(names)
    assert done["dies.3"] is None and all(done[name] for name in names[1:])
    assert [len((tmp_path / name).read_text()) for name in names] == [3, 3, 0, 0, 0]


def wait_or_fail(path):
    """Write down which process this is and wait for very long, or fail once another one does so."""
    if path.name == "waits":
        path.write_text(str(os.getpid()))
        time.sleep(600)
    while not (path.parent / "waits").exists():
        time.sleep(0.01)
    raise FileNotFoundError(path)


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_a_task_raises_is_raised_here_and_ends_the_processes(tmp_path):
    began, left = time.monotonic(), [tmp_path / "none too"] * 50
    with pytest.raises(FileNotFoundError):
        list(work_in_processes(wait_or_fail, [tmp_path / "waits", tmp_path / "none", *left], None, 2))
    assert time.monotonic() - began < 300  # one was killed, not waited for
