"""A cache is an optimisation: no state of its files may keep the program from running.

Numba believes what it reads from its cache, and lets every error through. Here each file ends with the SHA-256 of what
it holds. What does not fit, or cannot be read, is dropped, compiled and stored again; what cannot be stored stays in
memory. Either costs one warning.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import warnings
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import IndexDataCacheFile

SEAL = 32  # bytes of a SHA-256; the parser of what stands before them stops there
INDEX, DATA = ".nbi", ".nbc"

_warned: set[str] = set()  # one warning of a kind is enough, however many kernels there are


def guard(kernel: Any) -> Any:
    """Return a kernel that Numba caches, once its cache can no longer do harm."""
    files = getattr(kernel._cache, "_cache_file", None)
    if type(files) is IndexDataCacheFile:  # another Numba may have another one, which then goes without seals
        files.__class__ = _SealedFiles  # the files are chosen already; only how they are read changes
    kernel._cache = _GuardedCache(kernel._cache)
    return kernel


def damaged_files(folder: Path) -> list[Path]:
    """Return the files of compiled kernels below a folder that are not as they were written."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in (INDEX, DATA))
    return [path for path in found if not _is_sound(path)]


def not_stored(folder: object, error: BaseException) -> None:
    """Warn that compiled kernels stay in memory.

    Warns
    -----
    RuntimeWarning
        Once in a process, naming the folder.
    """
    _warn_once(
        "not stored", f"cannot store compiled kernels in {folder} ({_reason(error)}); they are kept for this process "
        "only; set NUMBA_CACHE_DIR to a folder with space that you may write to",
    )  # fmt: skip


class _GuardedCache:
    """Do what Numba's cache of a kernel does, and raise nothing."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return the compiled kernel; None, and then it is compiled, where it is missing or cannot be used."""
        try:
            return self._cache.load_overload(signature, target_context)
        except Exception as error:  # a damaged file makes its parser raise anything
            _warn_once(
                "damaged", f"compiled kernels in {self._cache.cache_path} cannot be used ({_reason(error)}); they are "
                "compiled and stored again; if this comes back, delete the folder",
            )  # fmt: skip
            with contextlib.suppress(OSError, AttributeError):
                Path(self._cache._cache_file._index_path).unlink()
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Store a compiled kernel if that is possible."""
        try:
            self._cache.save_overload(signature, compiled)
        except Exception as error:
            not_stored(self._cache.cache_path, error)


class _SealedFiles(IndexDataCacheFile):
    """The two files of a kernel's cache, each with a SHA-256 at its end that is checked before the rest is read."""

    def _dump(self, found: Any) -> bytes:
        content = bytes(super()._dump(found))
        return content + hashlib.sha256(content).digest()

    def _load_index(self) -> Any:
        path = Path(self._index_path)
        if path.exists() and not _is_sound(path):
            raise ValueError(f"{path.name} is damaged")
        return super()._load_index()

    def _load_data(self, name: str) -> Any:
        path = Path(self._data_path(name))
        if path.exists() and not _is_sound(path):
            raise ValueError(f"{name} is damaged")
        return super()._load_data(name)


def _is_sound(path: Path) -> bool:
    try:
        data = path.read_bytes()
    except OSError:
        return False
    if path.suffix == INDEX:
        version = pickle.dumps(numba.__version__, protocol=-1)
        if not data.startswith(version):
            return _is_of_another_version(data)
        data = data[len(version) :]
    content, seal = data[:-SEAL], data[-SEAL:]
    return hashlib.sha256(content).digest() == seal


def _is_of_another_version(index: bytes) -> bool:
    """Tell whether an index begins with the version of another Numba, which then goes unread."""
    with contextlib.suppress(Exception):
        return isinstance(pickle.loads(index), str)
    return False


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"


def _warn_once(kind: str, message: str) -> None:
    if kind not in _warned:
        _warned.add(kind)
        warnings.warn(message, RuntimeWarning, stacklevel=4)
