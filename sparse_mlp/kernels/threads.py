"""How many threads compute, and through which layer they are started."""

from __future__ import annotations

import numba

from sparse_mlp.errors import invalid
from sparse_mlp.kernels._jit import JIT_ENABLED, cache_directory
from sparse_mlp.kernels.tile import SIMD


def set_threads(count: int | None) -> None:
    """Let kernels and the BLAS library use `count` threads, or all if it is None.

    Raises
    ------
    InvalidInputError
        If the process was started with fewer.
    """
    from threadpoolctl import threadpool_limits

    most = numba.config.NUMBA_NUM_THREADS
    if count is not None and not 1 <= count <= most:
        raise invalid(f"threads={count}", f"from 1 to {most}", "NUMBA_NUM_THREADS sets how many there are")
    numba.set_num_threads(count or most)
    threadpool_limits(count)


def describe_threads() -> dict[str, str]:
    """Return what the compiled kernels run on, as one line each."""
    from threadpoolctl import threadpool_info

    folder = cache_directory()
    blas = [f"{pool['internal_api']}, {pool['num_threads']} threads" for pool in threadpool_info()]
    return {
        "threads": f"{numba.get_num_threads()} of {numba.config.NUMBA_NUM_THREADS}",
        "threading layer": _threading_layer(),
        "BLAS and OpenMP": "; ".join(sorted(set(blas))) or "none found",
        "compiled kernels": _kernels(),
        "kernel cache": str(folder) if folder else "off: each process compiles afresh",
    }


def _kernels() -> str:
    if not JIT_ENABLED:
        return "off, NUMBA_DISABLE_JIT is set: plain Python loops"
    return "explicit vectors" if SIMD else "plain, SPARSE_MLP_SIMD=0 is set"


def _threading_layer() -> str:
    if not JIT_ENABLED:
        return "none"
    import numpy as np

    from sparse_mlp.kernels.linear import bias_grad

    bias_grad(np.zeros((1, 1)))  # the layer is chosen at the first parallel launch
    name = numba.threading_layer()
    slow = "; each launch is slow: install the tbb package" if name == "workqueue" else ""
    return f"{name}{slow}"
