"""Compiled kernels on disk: where they go, when they are thrown away, and life without a writable folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sparse_mlp.kernels import _jit
from sparse_mlp.kernels._cache_guard import damaged_files

SCRIPT = """
import warnings
import numpy as np
import numba
before = numba.config.CACHE_DIR
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from sparse_mlp.kernels import _jit
    from sparse_mlp.kernels import linear, tiles
    total = np.zeros(2)
    tiles.sum_in_order(total, np.array([[1.0, 2.0], [3.0, 4.0]]))
    dbias = linear.bias_grad(np.ones((1, 2, 3)))
ours = [str(w.message) for w in caught if "cache folder" in str(w.message)]
assert total.tolist() == [4, 6] and dbias.tolist() == [3, 3]
assert numba.config.CACHE_DIR == before, "other users of numba in the process keep their own folder"
print(len(ours), [w.category.__name__ for w in caught], _jit.cache_directory())
print(*ours, sep="\\n")
"""


def run(**environment: str) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "SPARSE_MLP_CACHE")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=kept | environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def compiled_files(folder: Path) -> list[Path]:
    return [*folder.rglob("*.nbi"), *folder.rglob("*.nbc")]


@pytest.mark.skipif(not _jit.JIT_ENABLED, reason="NUMBA_DISABLE_JIT is set: nothing is compiled")
def test_kernels_go_into_a_folder_named_after_their_sources(tmp_path: Path) -> None:
    first, *_ = run(NUMBA_CACHE_DIR=str(tmp_path))
    (folder,) = tmp_path.iterdir()
    assert first == f"0 [] {folder}"
    assert folder.name.startswith("numba-") and len(folder.name) == len("numba-") + 16
    assert compiled_files(folder)


def test_a_folder_that_cannot_be_made_costs_one_warning(tmp_path: Path) -> None:
    """Below a regular file nobody can make a folder, not even the superuser."""
    (tmp_path / "file").write_text("")
    first, message = run(NUMBA_CACHE_DIR=str(tmp_path / "file" / "cache"))
    assert first == "1 ['RuntimeWarning'] None"
    assert message.startswith(f"cannot write into the cache folder {tmp_path / 'file' / 'cache'}{os.sep}numba-")
    assert message.endswith("set SPARSE_MLP_CACHE to a writable folder")


def test_the_cache_can_be_switched_off(tmp_path: Path) -> None:
    first, *_ = run(NUMBA_CACHE_DIR=str(tmp_path), SPARSE_MLP_CACHE="0")
    assert first == "0 [] None"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not _jit.JIT_ENABLED, reason="NUMBA_DISABLE_JIT is set: nothing is compiled")
def test_the_variable_of_ours_may_name_the_folder(tmp_path: Path) -> None:
    first, *_ = run(NUMBA_CACHE_DIR=str(tmp_path / "theirs"), SPARSE_MLP_CACHE=str(tmp_path / "ours"))
    (folder,) = (tmp_path / "ours").iterdir()
    assert first == f"0 [] {folder}" and compiled_files(folder) and not (tmp_path / "theirs").exists()


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A separate room of kernels, two files and a folder, for `_fingerprint` to look at."""
    (tmp_path / "deep").mkdir()
    for name in ("_jit.py", "linear.py", "deep/er.py"):
        (tmp_path / name).write_text("a = 1\n")
    monkeypatch.setattr(_jit, "__file__", str(tmp_path / "_jit.py"))
    return tmp_path


@pytest.mark.parametrize("edited", ["_jit.py", "linear.py", "deep/er.py"])
def test_an_edited_source_has_another_folder(sources: Path, edited: str) -> None:
    """Numba looks at the file of a function alone, not at the files that it calls into."""
    before = _jit._fingerprint()
    assert _jit._fingerprint() == before
    (sources / edited).write_text("a = 2\n")
    assert _jit._fingerprint() != before


def test_vectors_and_plain_loops_have_folders_of_their_own(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARSE_MLP_SIMD", raising=False)
    default = _jit._fingerprint()
    monkeypatch.setenv("SPARSE_MLP_SIMD", "1")
    assert _jit._fingerprint() == default
    monkeypatch.setenv("SPARSE_MLP_SIMD", "0")
    assert _jit._fingerprint() != default


SUM = """
import warnings
import numpy as np
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from sparse_mlp.kernels import linear, tiles
    total = np.zeros(2)
    tiles.sum_in_order(total, np.array([[1.0, 2.0], [3.0, 4.0]]))
    dbias = linear.bias_grad(np.ones((1, 2, 3)))
assert total.tolist() == [4, 6] and dbias.tolist() == [3, 3]
from sparse_mlp.kernels.threads import describe_threads
kernels = [found for module in (linear, tiles) for found in vars(module).values() if hasattr(found, "stats")]
print(sum(sum(kernel.stats.cache_hits.values()) for kernel in kernels))
print(describe_threads()["kernel cache"])
print(*(str(w.message) for w in caught), sep="\\n", end="")
"""


def sum_with_cache(folder: Path, before: str = "") -> tuple[int, str, list[str]]:
    """Return how often the cache served, what `doctor` says about it, and the warnings."""
    kept = {name: value for name, value in os.environ.items() if name != "SPARSE_MLP_CACHE"}
    done = subprocess.run(
        [sys.executable, "-c", before + SUM], env=kept | {"NUMBA_CACHE_DIR": str(folder)}, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    hits, doctor, *warned = done.stdout.splitlines()
    return int(hits), doctor, warned


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


DAMAGES = {
    "empty": lambda data: b"", "cut": lambda data: data[: len(data) // 2], "flipped": flipped,
    "foreign": lambda data: b"\x80\x04]\x94.", "text": lambda data: b"<html>" * 99,
}  # fmt: skip


@pytest.mark.skipif(not _jit.JIT_ENABLED, reason="NUMBA_DISABLE_JIT is set: nothing is compiled")
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_damaged_files_are_compiled_and_stored_again_with_one_warning(tmp_path: Path, suffix: str) -> None:
    """Also in code of the machine, which would crash: so each file has its SHA-256."""
    assert sum_with_cache(tmp_path)[0] == 0
    served = sum_with_cache(tmp_path)
    assert served == (served[0], str(next(tmp_path.iterdir())), []) and served[0] > 0
    for damage in DAMAGES.values():
        files = [path for path in compiled_files(tmp_path) if path.suffix == suffix]
        for path in files:
            path.write_bytes(damage(path.read_bytes()))
        hits, _, warned = sum_with_cache(tmp_path)
        assert hits == 0
        assert len(warned) == 1 and str(files[0].parent.parent) in warned[0], warned
        assert damaged_files(tmp_path) == []


@pytest.mark.skipif(not _jit.JIT_ENABLED, reason="NUMBA_DISABLE_JIT is set: nothing is compiled")
def test_doctor_names_damaged_files(tmp_path: Path) -> None:
    sum_with_cache(tmp_path)
    bad = compiled_files(tmp_path)[0]
    bad.with_name("spoilt.nbc").write_bytes(b"")
    _, doctor, warned = sum_with_cache(tmp_path)
    assert "spoilt.nbc" in doctor and "delete the folder" in doctor and not warned


@pytest.mark.skipif(not _jit.JIT_ENABLED, reason="NUMBA_DISABLE_JIT is set: nothing is compiled")
def test_files_that_are_folders_cost_one_warning_a_kind(tmp_path: Path) -> None:
    """They can neither be read nor replaced, not even by the superuser."""
    sum_with_cache(tmp_path)
    for path in compiled_files(tmp_path):
        path.unlink()
        path.mkdir()
    hits, _, warned = sum_with_cache(tmp_path)
    assert hits == 0 and len(warned) == 2 and "NUMBA_CACHE_DIR" in warned[1]


FULL = """
import errno
from numba.core import caching
def full(*where, **how):
    raise OSError(errno.ENOSPC, "No space left on device")
caching.IndexDataCacheFile._open_for_write = full
"""


@pytest.mark.skipif(not _jit.JIT_ENABLED, reason="NUMBA_DISABLE_JIT is set: nothing is compiled")
def test_a_full_disk_costs_one_warning(tmp_path: Path) -> None:
    _, _, warned = sum_with_cache(tmp_path, FULL)
    assert len(warned) == 1
    assert "No space left" in warned[0] and "NUMBA_CACHE_DIR" in warned[0] and str(tmp_path) in warned[0]
