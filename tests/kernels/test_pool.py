"""The pool of threads: order, errors, nesting, forks, and the limits that it shares with BLAS."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import _jit, pool

MOST = pool.most_threads()
several = pytest.mark.skipif(MOST < 2, reason="one core: there is nothing to share")


@pytest.fixture(autouse=True)
def _all_threads() -> Iterator[None]:
    pool.set_threads(None)
    yield
    pool.set_threads(None)


def returning(value: int) -> Callable[[], int]:
    return lambda: value


def libraries(api: str | None = None) -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if api in (None, library["user_api"])]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100])
def test_results_come_in_the_order_of_the_tasks(count: int) -> None:
    assert pool.run([returning(7 * i) for i in range(count)]) == [7 * i for i in range(count)]


@several
def test_two_threads_work_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=30)  # passed only when both tasks wait at it

    def meet() -> threading.Thread:
        meeting.wait()
        return threading.current_thread()

    first, second = pool.run([meet, meet])
    assert first is threading.current_thread() and second is not first


@pytest.mark.parametrize("threads", sorted({1, MOST}))
def test_the_first_error_by_order_is_raised(threads: int) -> None:
    def fail(seconds: float, error: Exception) -> None:
        time.sleep(seconds)
        raise error

    tasks = [lambda: time.sleep(0.01), lambda: fail(0.05, ValueError("first")), lambda: fail(0, KeyError("second"))]
    with pool.threads_limited(threads), pytest.raises(ValueError, match="first"):
        pool.run(tasks)
    assert pool.run([returning(1), returning(2)]) == [1, 2]


@several
def test_an_error_waits_for_the_tasks_that_still_run() -> None:
    begun, done = threading.Event(), []

    def fail() -> None:
        assert begun.wait(30)
        raise ValueError

    def go_on() -> None:
        begun.set()
        time.sleep(0.1)
        done.append(1)

    with pytest.raises(ValueError):
        pool.run([fail, go_on])
    assert done == [1]


@several
def test_threads_look_for_work_before_they_sleep_where_kernels_are_compiled() -> None:
    pool.run([returning(1), returning(2)])
    assert (pool._spinning is not None) == _jit.JIT_ENABLED


@several
def test_a_task_has_one_thread() -> None:
    def inside() -> tuple[int, set[threading.Thread]]:
        return pool.width(), set(pool.run([threading.current_thread] * 8))

    for width, threads in pool.run([inside] * 4):
        assert width == 1 and len(threads) == 1
    assert pool.width() == MOST


@several
def test_a_task_keeps_the_error_state_of_numpy() -> None:
    meeting = threading.Barrier(2, timeout=30)

    def divide() -> float:
        meeting.wait()
        return float(np.float64(1) / np.float64(0))

    with np.errstate(divide="ignore"):
        assert pool.run([divide, divide]) == [np.inf, np.inf]


def test_threads_of_the_user_share_the_pool() -> None:
    results: dict[int, list[list[int]]] = {}

    def many(name: int) -> None:
        results[name] = [pool.run([returning(name + i) for i in range(5)]) for _ in range(200)]

    threads = [threading.Thread(target=many, args=(name,)) for name in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for name in (0, 100, 200):
        assert results[name] == [[name, name + 1, name + 2, name + 3, name + 4]] * 200


def test_tasks_are_not_kept() -> None:
    class Big:
        pass

    big = Big()
    seen = weakref.ref(big)
    pool.run([partial(id, big)] * 3)
    with pytest.raises(TypeError):
        pool.run([partial(id, big), partial(int, big), partial(id, big)])
    del big
    time.sleep(0.05)  # a worker may still be about to leave
    gc.collect()
    assert seen() is None


FORKS = """
import os, sys, threading, time
from sparse_mlp.kernels import _jit, pool

def busy():
    while not over:
        pool.run([lambda: time.sleep(0.001)] * 4)

def tasks():
    barrier = threading.Barrier(2, timeout=20)  # two threads, also in the child
    return [lambda: barrier.wait() >= 0, lambda: barrier.wait() >= 0, lambda: 3]

over = False
before = pool.run(tasks())
others = [threading.Thread(target=busy) for _ in range(2)]
for other in others:
    other.start()
with pool.one_blas_thread():
    for _ in range(20):
        child = os.fork()
        if child == 0:
            over = True
            os._exit(0 if pool.run(tasks()) == before == [True, True, 3] else 1)
        assert os.waitpid(child, 0)[1] == 0
over = True
"""


@several
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_has_its_own_threads() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], timeout=120, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


SHARED = """
from multiprocessing import get_context
from concurrent.futures import ProcessPoolExecutor
from sparse_mlp.kernels import pool

def double(x):
    return sum(pool.run([lambda: x, lambda: x]))

assert double(1) == 2
fork = get_context("fork")
with fork.Pool(2) as processes:
    assert processes.map(double, range(8)) == list(range(0, 16, 2))
with ProcessPoolExecutor(2, mp_context=fork) as executor:
    assert list(executor.map(double, range(8))) == list(range(0, 16, 2))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_pools_of_forked_processes_compute() -> None:
    done = subprocess.run([sys.executable, "-c", SHARED], timeout=120, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@several
@pytest.mark.parametrize("counts", [[1], [1, 1], [2, 1], [1, 2]])
def test_none_gives_back_what_was_taken(counts: list[int]) -> None:
    before = libraries()
    for count in counts:
        pool.set_threads(count)
        assert pool.width() == count
        assert set(libraries()) == {count}
    pool.set_threads(None)
    assert (pool.width(), libraries()) == (MOST, before)


@several
def test_a_context_gives_threads_back_and_may_stand_in_another() -> None:
    before = libraries()
    with pool.threads_limited(2):
        with pool.threads_limited(1):
            assert pool.width() == 1 and set(libraries()) == {1}
        assert pool.width() == 2 and set(libraries()) == {2}
        with pytest.raises(ZeroDivisionError), pool.threads_limited(1):
            _ = 1 / 0
        assert pool.width() == 2 and set(libraries()) == {2}
    assert (pool.width(), libraries()) == (MOST, before)


@several
def test_a_context_holds_for_its_thread_and_a_setting_for_all() -> None:
    def seen() -> int:
        widths: list[int] = []
        thread = threading.Thread(target=lambda: widths.append(pool.width()))
        thread.start()
        thread.join()
        return widths[0]

    with pool.threads_limited(1):
        assert seen() == MOST
    pool.set_threads(1)
    assert seen() == 1


def test_one_blas_thread_until_the_last_has_left() -> None:
    before, entered, leave = libraries("blas"), threading.Event(), threading.Event()

    def other() -> None:
        with pool.one_blas_thread():
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=other)
    with pool.one_blas_thread(), pool.one_blas_thread():
        thread.start()
        assert entered.wait(30) and set(libraries("blas")) == {1}
    assert set(libraries("blas")) == {1}
    with pool.threads_limited(MOST):
        assert set(libraries("blas")) == {1}
    leave.set()
    thread.join()
    assert libraries("blas") == before


@pytest.mark.parametrize("count", [0, -1, MOST + 1, "2", 1.0, True])
def test_a_wrong_count_changes_nothing(count: object) -> None:
    before = libraries()
    with pytest.raises(InvalidInputError, match="threads="):
        pool.set_threads(count)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="threads="), pool.threads_limited(count):  # type: ignore[arg-type]
        pass
    assert (pool.width(), libraries()) == (MOST, before)


def test_processes_started_by_joblib_have_the_threads_that_it_leaves_them() -> None:
    script = "from sparse_mlp.kernels import pool; print(pool.width())"
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
