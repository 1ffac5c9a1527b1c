"""Workers: what they import, what they answer, and how threads are kept apart while they time."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from benchmarks.processes import ROOT, Tree, Worker, old_tree
from benchmarks.worker import OWN_SECONDS, peak_memory, take_turn, threads_apart

linux = hasattr(os, "sched_getaffinity") and os.path.isdir("/proc/self/task")


JOBS = """
from benchmarks.worker import OWN_SECONDS

def made(seconds):
    return lambda: seconds, {OWN_SECONDS: True, "links": 5}
"""


def test_a_turn_is_one_untimed_call_and_then_at_least_one() -> None:
    calls: list[int] = []
    turn = take_turn(lambda: calls.append(1), {}, 0.0)
    assert len(calls) == 2 and len(turn["seconds"]) == 1 and 0 < turn["seconds"][0] < 1 and turn["cpu"] >= 0


def test_a_turn_goes_on_until_its_time_is_over() -> None:
    assert len(take_turn(lambda: None, {}, 0.01)["seconds"]) > 10


def test_a_job_may_say_itself_which_seconds_count() -> None:
    assert take_turn(lambda: 7.0, {OWN_SECONDS: True}, 0.0)["seconds"] == [7.0]
    assert take_turn(lambda: 7.0, {}, 0.0)["seconds"] != [7.0]  # what a job returns is no time unless it says so


def test_a_worker_imports_the_tree_that_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    (tmp_path / "sparse_mlp").mkdir()
    (tmp_path / "sparse_mlp" / "__init__.py").write_text("print('noise')\nplace = lambda: __file__")
    (tmp_path / "benchmarks").mkdir()  # an older tree may have such a folder too
    (tmp_path / "benchmarks" / "__init__.py").write_text("raise ImportError")
    (tmp_path / "jobs_of_mine.py").write_text(JOBS)
    with Worker(Tree(tmp_path), 1, COLOUR="green") as worker:
        assert worker.call("sparse_mlp:place") == str(tmp_path / "sparse_mlp" / "__init__.py")
        job = worker.prepare("jobs_of_mine:made", seconds=3.0)
        other = worker.prepare("jobs_of_mine:made", seconds=4.0)
        assert job.facts["links"] == 5
        assert set(other.turn(0.001).seconds) == {4.0} and set(job.turn(0.0).seconds) == {3.0}
        environment = worker.call("os:getenv", key="COLOUR"), worker.call("os:getenv", key="NUMBA_DISABLE_JIT")
        assert environment == ("green", None)
        assert worker.call("os:getenv", key="OMP_NUM_THREADS") == "1"
        with pytest.raises(RuntimeError, match="no-such-file"):
            worker.call("os:stat", path="no-such-file")
        assert worker.call(peak_memory) > 0 or not linux


def test_a_worker_that_ends_is_noticed() -> None:
    with Worker(Tree(), 1) as worker, pytest.raises(RuntimeError, match="ended with code 3"):
        worker.call("os:_exit", status=3)


def test_old_code_is_a_folder_or_a_commit(tmp_path: Path) -> None:
    with old_tree(str(ROOT), "other-python") as tree:
        assert tree == (ROOT, "other-python")
    if (ROOT / ".git").exists():
        with old_tree("HEAD", None) as tree:
            assert (tree.folder / "sparse_mlp" / "__init__.py").is_file() and tree.python == sys.executable
            assert not tree.folder.is_relative_to(ROOT)
        assert not tree.folder.exists()
    with pytest.raises(ValueError, match="neither a folder"), old_tree(str(tmp_path), None):
        pass


@pytest.mark.skipif(not linux or os.cpu_count() == 1, reason="needs Linux and two cores")
def test_caller_and_others_share_no_core_and_get_their_own_back() -> None:
    ready, done = threading.Event(), threading.Event()

    def wait() -> None:
        ready.set()
        done.wait(30)

    other = threading.Thread(target=wait)
    other.start()
    ready.wait(30)
    everywhere = os.sched_getaffinity(0)
    assert other.native_id is not None
    try:
        with threads_apart():
            mine, theirs = os.sched_getaffinity(0), os.sched_getaffinity(other.native_id)
            assert len(mine) == 1 and not mine & theirs and mine | theirs == everywhere
        with pytest.raises(KeyError), threads_apart():
            raise KeyError
        assert os.sched_getaffinity(0) == os.sched_getaffinity(other.native_id) == everywhere
    finally:
        done.set()
        other.join()
