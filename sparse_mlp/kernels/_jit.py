"""The only decorator of compiled code: no fastmath, cached on disk where that is possible.

A cached kernel must never outlive its source, and Numba checks only the file in which a function stands,
not the files it calls into. The cache folder therefore bears a fingerprint of all kernel sources.
`SPARSE_MLP_CACHE` names another folder, or says 0 to compile again in each process; `NUMBA_CACHE_DIR` is heeded too.
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

from sparse_mlp.kernels import _cache_guard
from sparse_mlp.kernels._compile_events import follow_compilation

__all__ = ["JIT_ENABLED", "SIMD", "cache_directory", "inlined", "jit"]

Function = TypeVar("Function", bound=Callable[..., Any])

JIT_ENABLED = not numba.config.DISABLE_JIT
# Whether kernels use explicit vectors; SPARSE_MLP_SIMD=0 asks for the plain loops, which agree within rounding.
SIMD = JIT_ENABLED and os.environ.get("SPARSE_MLP_SIMD", "1") != "0"


def jit(function: Function) -> Function:
    """Compile a serial kernel; it runs without the interpreter lock, so that threads of `pool` can share the work."""
    follow_compilation()
    folder = cache_directory()
    before = numba.config.CACHE_DIR
    try:
        # Numba reads this setting while it decorates; other users of Numba in the process keep their own.
        numba.config.CACHE_DIR = str(folder or before)
        return _cached(_compiled(function)) if folder is not None else _compiled(function)
    finally:
        numba.config.CACHE_DIR = before


def inlined(function: Function) -> Any:
    """Compile a part of kernels into each of them, so that vectors that it takes and gives stay in registers."""
    return _compiled(function, forceinline=True)


def _compiled(function: Function, **options: bool) -> Any:
    return numba.njit(nogil=True, error_model="numpy", fastmath=False, **options)(function)


def _cached(kernel: Any) -> Any:
    if not JIT_ENABLED:
        return kernel
    try:
        kernel.enable_caching()
    except (OSError, RuntimeError) as error:  # the folder went, or became full, since it was looked at
        _cache_guard.not_stored(cache_directory(), error)
        return kernel
    return _cache_guard.guard(kernel)


@cache
def cache_directory() -> Path | None:
    """Return the folder of compiled kernels, or None where none can be written.

    Returns
    -------
    pathlib.Path or None
        `<base>/numba-<fingerprint>`; base is `$SPARSE_MLP_CACHE`, `$NUMBA_CACHE_DIR` or the user's cache folder.

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
            f"cannot write into the cache folder {folder} ({error.strerror}); compiled kernels are kept for this "
            "process only; set SPARSE_MLP_CACHE to a writable folder",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return folder


def _cache_base() -> Path:
    named = os.environ.get("SPARSE_MLP_CACHE", "1")
    if named not in ("", "1"):
        return Path(named).expanduser()
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
