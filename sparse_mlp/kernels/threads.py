"""What the compiled kernels run on, for `sparse-mlp doctor`."""

from __future__ import annotations

from sparse_mlp.kernels import pool
from sparse_mlp.kernels._jit import JIT_ENABLED, SIMD, cache_directory


def describe_threads() -> dict[str, str]:
    """Return how many threads compute, and which kernels, as one line each."""
    from threadpoolctl import threadpool_info

    folder = cache_directory()
    libraries = {f"{found['internal_api']}, {found['num_threads']} threads" for found in threadpool_info()}
    return {
        "threads": f"{pool.width()} of {pool.most_threads()}",
        "BLAS and OpenMP": "; ".join(sorted(libraries)) or "none found",
        "compiled kernels": _kernels(),
        "kernel cache": str(folder) if folder else "off: each process compiles again",
    }


def _kernels() -> str:
    if not JIT_ENABLED:
        return "off, NUMBA_DISABLE_JIT is set: plain Python loops"
    return "explicit vectors" if SIMD else "plain, SPARSE_MLP_SIMD=0 is set"
