"""How many threads compute, and through which layer they are started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numba

from sparse_mlp.errors import invalid
from sparse_mlp.kernels._jit import JIT_ENABLED, cache_directory
from sparse_mlp.kernels._jit import SIMD

if TYPE_CHECKING:
    from threadpoolctl import threadpool_limits

SPIN_COUNT = "1000"  # what the package sets in `_jit` unless the user chose
_held: list[threadpool_limits] = []  # what `set_threads` holds BLAS and OpenMP libraries by: one entry or none


def set_threads(count: int | None) -> None:
    """Let kernels, BLAS and OpenMP libraries use `count` threads from now on, or all if it is None.

    Parameters
    ----------
    count : int or None
        None gives kernels all threads, and libraries as many as they had before the first call.

    Raises
    ------
    InvalidInputError
        If the process was started with fewer.
    """
    from threadpoolctl import threadpool_limits

    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS if count is None else _checked(count))
    while _held:
        _held.pop().restore_original_limits()
    if count is not None:
        _held.append(threadpool_limits(count))


@contextmanager
def threads_limited(count: int) -> Iterator[None]:
    """Let kernels, BLAS and OpenMP libraries use `count` threads while the context is open.

    Raises
    ------
    InvalidInputError
        If the process was started with fewer.
    """
    from threadpoolctl import threadpool_limits

    before = numba.get_num_threads()
    numba.set_num_threads(_checked(count))
    try:
        with threadpool_limits(count):
            yield
    finally:
        numba.set_num_threads(before)


def _checked(count: int) -> int:
    most = numba.config.NUMBA_NUM_THREADS
    if not 1 <= count <= most:
        raise invalid(f"threads={count}", f"from 1 to {most}", "NUMBA_NUM_THREADS sets how many there are")
    return count


def used_threads() -> int:
    """Return how many threads the kernels use at most."""
    return int(numba.get_num_threads())


def has_compiled() -> bool:
    """Tell whether the cache holds compiled kernels of this version."""
    folder = cache_directory()
    return folder is not None and next(folder.rglob("step.*.nbc"), None) is not None


def describe_threads() -> dict[str, str]:
    """Return what the compiled kernels run on, as one line each."""
    from threadpoolctl import threadpool_info

    folder = cache_directory()
    blas = [f"{pool['internal_api']}, {pool['num_threads']} threads" for pool in threadpool_info()]
    return {
        "threads": f"{used_threads()} of {numba.config.NUMBA_NUM_THREADS}",
        "threading layer": _threading_layer(),
        "BLAS and OpenMP": "; ".join(sorted(set(blas))) or "none found",
        "OpenMP spin count": _spin_count(),
        "compiled kernels": _kernels(),
        "kernel cache": str(folder) if folder else "off: each process compiles afresh",
    }


def _kernels() -> str:
    if not JIT_ENABLED:
        return "off, NUMBA_DISABLE_JIT is set: plain Python loops"
    return "explicit vectors" if SIMD else "plain, SPARSE_MLP_SIMD=0 is set"


def _spin_count() -> str:
    count = os.environ.get("GOMP_SPINCOUNT")
    if count == SPIN_COUNT:
        return f"{count}: idle threads sleep soon and leave their core to busy ones"
    if count is not None:
        return f"{count}: GOMP_SPINCOUNT is set"
    return f"OpenMP's own: OMP_WAIT_POLICY={os.environ.get('OMP_WAIT_POLICY', '')} is set"


def _threading_layer() -> str:
    if not JIT_ENABLED:
        return "none"
    import numpy as np

    from sparse_mlp.kernels.linear import bias_grad

    bias_grad(np.zeros((1, 1)))  # the layer is chosen at the first parallel launch
    name = numba.threading_layer()
    slow = "; each launch is slow: install the tbb package" if name == "workqueue" else ""
    return f"{name}{slow}"
