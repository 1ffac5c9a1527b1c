"""The only decorators of compiled code: no fastmath, cached on disk where that is possible.

A cached kernel must never outlive its source, and Numba checks only the file in which a function stands,
not the files it calls into. The cache folder therefore bears a fingerprint of all kernel sources.
Set `SPARSE_MLP_CACHE=0` to compile afresh in each process, `NUMBA_CACHE_DIR` to move the cache.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba import prange

__all__ = ["JIT_ENABLED", "SIMD", "cache_directory", "jit", "parallel_jit", "prange"]

Function = TypeVar("Function", bound=Callable[..., Any])

JIT_ENABLED = not numba.config.DISABLE_JIT
# Whether kernels with explicit vectors are used; SPARSE_MLP_SIMD=0 asks for the plain loops, which agree within rounding.
SIMD = JIT_ENABLED and os.environ.get("SPARSE_MLP_SIMD", "1") != "0"

# A parallel launch costs 2 microseconds with OpenMP and 50 with Numba's own workqueue, more than a whole layer.
if "NUMBA_THREADING_LAYER_PRIORITY" not in os.environ:
    numba.config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]

# How long a thread of GNU's OpenMP looks for work before it sleeps. By default it looks for milliseconds; where two
# threads have to share a core, as on a busy machine, one then keeps the other from the work that both wait for, and a
# step of 0.5 ms takes 24. With 1000 looks (some microseconds) it takes 1 ms there and still 0.5 on free cores.
if not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & set(os.environ):
    os.environ["GOMP_SPINCOUNT"] = "1000"


def jit(function: Function) -> Function:
    """Compile a serial kernel; it runs without the interpreter lock."""
    return _compile(function, parallel=False)


def parallel_jit(function: Function) -> Function:
    """Compile a kernel whose `prange` loops run on all threads."""
    return _compile(function, parallel=True)


def _compile(function: Function, *, parallel: bool) -> Function:
    folder = cache_directory()
    before = numba.config.CACHE_DIR
    try:
        # Numba reads this setting while it decorates; other users of Numba in the process keep their own.
        numba.config.CACHE_DIR = str(folder or before)
        return numba.njit(
            cache=folder is not None, nogil=True, parallel=parallel, error_model="numpy", fastmath=False
        )(function)
    finally:
        numba.config.CACHE_DIR = before


@cache
def cache_directory() -> Path | None:
    """Return the folder of compiled kernels, or None where none can be written.

    Returns
    -------
    pathlib.Path or None
        `<base>/numba-<fingerprint>`; base is `$NUMBA_CACHE_DIR` or the user's cache folder.

    Warns
    -----
    RuntimeWarning
        Once, where the folder cannot be written; everything then works, with compilation in each process.
    """
    if os.environ.get("SPARSE_MLP_CACHE", "1") == "0":
        return None
    folder = _cache_base() / f"numba-{_fingerprint()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        warnings.warn(
            f"cache folder {folder} found not writable ({error.strerror}); compiled kernels are kept for this process "
            "only; set NUMBA_CACHE_DIR to a writable folder",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return folder


def _cache_base() -> Path:
    if numba.config.CACHE_DIR:
        return Path(numba.config.CACHE_DIR)
    from pooch import os_cache

    return Path(os_cache("sparse_mlp"))


def _fingerprint() -> str:
    """Hash all kernel sources and the switches that choose among them."""
    digest = hashlib.sha256(os.environ.get("SPARSE_MLP_SIMD", "1").encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
