"""What the compiled kernels run on, for `sparse-mlp doctor`."""

from __future__ import annotations

from pathlib import Path

from sparse_mlp.kernels import pool
from sparse_mlp.kernels._cache_guard import damaged_files
from sparse_mlp.kernels._jit import JIT_ENABLED, SIMD, cache_directory

SHOWN = 20  # names of damaged files


def describe_threads() -> dict[str, str]:
    """Return how many threads compute, and which kernels, as one line each."""
    from threadpoolctl import threadpool_info

    folder = cache_directory()
    libraries = {f"{found['internal_api']}, {found['num_threads']} threads" for found in threadpool_info()}
    return {
        "threads": f"{pool.width()} of {pool.most_threads()}",
        "BLAS and OpenMP": "; ".join(sorted(libraries)) or "none found",
        "compiled kernels": _kernels(),
        "kernel cache": _cache(folder) if folder else "off: each process compiles again",
    }


def _cache(folder: Path) -> str:
    bad = [path.name for path in damaged_files(folder)]
    if not bad:
        return str(folder)
    named = ", ".join(bad[:SHOWN]) + (f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else "")
    return f"{folder}; damaged there, and compiled again when needed: {named}; delete the folder"


def _kernels() -> str:
    if not JIT_ENABLED:
        return "off, NUMBA_DISABLE_JIT is set: plain Python loops"
    return "explicit vectors" if SIMD else "plain, SPARSE_MLP_SIMD=0 is set"
