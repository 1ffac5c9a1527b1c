"""How many threads compute, and through which layer they are started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numba

from sparse_mlp.kernels import pool
from sparse_mlp.kernels._jit import JIT_ENABLED, SIMD, cache_directory

SPIN_COUNT = "1000"  # what the package sets in `_jit` unless the user chose


def set_threads(count: int | None) -> None:
    """Do as `pool.set_threads`, and for the loops that Numba shares out too."""
    pool.set_threads(count)
    numba.set_num_threads(pool.width())


@contextmanager
def threads_limited(count: int) -> Iterator[None]:
    """Do as `pool.threads_limited`, and for the loops that Numba shares out too."""
    before = numba.get_num_threads()
    with pool.threads_limited(count):
        numba.set_num_threads(count)
        try:
            yield
        finally:
            numba.set_num_threads(before)


def used_threads() -> int:
    """Return how many threads the kernels use at most."""
    return int(numba.get_num_threads())


def has_compiled() -> bool:
    """Tell whether the cache holds compiled kernels of this version."""
    folder = cache_directory()
    return folder is not None and next(folder.rglob("*linear_backward*.nbc"), None) is not None


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
