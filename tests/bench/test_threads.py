"""The number of threads of kernels and libraries: set, held for a while, given back."""

from __future__ import annotations

from collections.abc import Iterator

import numba
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.threads import set_threads, threads_limited

MOST = numba.config.NUMBA_NUM_THREADS
several = pytest.mark.skipif(MOST < 2, reason="one core: there is nothing to take away")


def in_use() -> tuple[int, ...]:
    return numba.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())


@pytest.fixture(autouse=True)
def _all_threads() -> Iterator[None]:
    set_threads(None)  # a command that ran in this process may have taken some
    kernels, libraries = numba.get_num_threads(), threadpool_limits(None)
    with threadpool_limits(MOST):
        numba.set_num_threads(MOST)
        yield
    numba.set_num_threads(kernels)
    libraries.restore_original_limits()


@several
@pytest.mark.parametrize("counts", [[1], [1, 1], [2, 1], [1, 2]])
def test_none_gives_back_what_was_taken(counts: list[int]) -> None:
    before = in_use()
    assert max(before) > 1
    for count in counts:
        set_threads(count)
        assert set(in_use()) == {count}
    set_threads(None)
    assert in_use() == before
    set_threads(None)
    assert in_use() == before


@several
def test_a_context_gives_threads_back_and_may_stand_in_another() -> None:
    before = in_use()
    with threads_limited(2):
        with threads_limited(1):
            assert set(in_use()) == {1}
        assert set(in_use()) == {2}
        with pytest.raises(ZeroDivisionError), threads_limited(1):
            _ = 1 / 0
        assert set(in_use()) == {2}
    assert in_use() == before


@pytest.mark.parametrize("count", [0, -1, MOST + 1])
def test_more_than_there_are_is_refused_and_changes_nothing(count: int) -> None:
    before = in_use()
    with pytest.raises(InvalidInputError, match=f"threads={count}; expected from 1 to {MOST}"):
        set_threads(count)
    with pytest.raises(InvalidInputError, match="NUMBA_NUM_THREADS"), threads_limited(count):
        pass
    assert in_use() == before
