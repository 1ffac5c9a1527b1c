"""Threads on cores of their own, and back."""

from __future__ import annotations

import os
import threading

import pytest

from sparse_mlp.bench.pinning import threads_apart

linux = hasattr(os, "sched_getaffinity") and os.path.isdir("/proc/self/task")


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
        assert os.sched_getaffinity(0) == os.sched_getaffinity(other.native_id) == everywhere
    finally:
        done.set()
        other.join()


def test_nothing_is_left_behind_by_an_error() -> None:
    before = os.sched_getaffinity(0) if linux else None
    with pytest.raises(KeyError), threads_apart():
        raise KeyError
    assert before == (os.sched_getaffinity(0) if linux else None)
