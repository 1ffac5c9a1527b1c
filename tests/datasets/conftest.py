"""Keep these tests off the network and out of the user's cache; write small sets in the official format."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sparse_mlp.datasets import download, locate
from sparse_mlp.datasets.cifar import LABEL_RANGES
from sparse_mlp.datasets.idx import write_idx
from sparse_mlp.datasets.registry import SETS

WriteSet = Callable[..., Path]


@pytest.fixture(autouse=True, scope="module")
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty cache folder; every attempt to reach the network is a failure of the test."""
    cache = tmp_path_factory.mktemp("cache")

    def no_network(url: str, target: Path, progress: bool, most: int) -> None:
        raise AssertionError(f"a test reached for the network: {url}")

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SPARSE_MLP_DATA", raising=False)
        patch.setattr(locate, "cache_dir", lambda: cache)
        patch.setattr(download, "_retrieve", no_network)
        yield cache


@pytest.fixture(scope="session")
def write_set() -> WriteSet:
    """Return a function that writes a small random set in the format of an official one and returns its folder."""

    def write(folder: Path, name: str, n_train: int = 12, n_test: int = 8, suffix: str = ".gz") -> Path:
        entry = SETS[name]
        rng = np.random.default_rng(0)
        folder.mkdir(parents=True, exist_ok=True)
        for file in entry.files:
            n = n_train if file.role.startswith("train") else n_test
            images = rng.integers(0, 256, (n, *entry.image_shape), dtype=np.uint8)
            labels = (np.arange(n) % entry.n_classes + entry.labels[0]).astype(np.uint8)
            write_idx(folder / f"{file.name}{suffix}", images if file.role.endswith("images") else labels)
        return folder

    return write


@pytest.fixture(scope="session")
def write_cifar() -> WriteSet:
    """Return a function that writes the named files of a small random CIFAR set and returns their folder."""

    def write(folder: Path, name: str, roles: tuple[str, ...], rows: int = 4, suffix: str = ".gz") -> Path:
        entry = SETS[name]
        folder.mkdir(parents=True, exist_ok=True)
        for position, file in enumerate(entry.files):
            pixels = np.random.default_rng(position).integers(0, 256, (rows, 3072), dtype=np.uint8)
            labels = [(np.arange(rows) + position) % n_values for n_values in LABEL_RANGES[entry.n_classes]]
            content = np.column_stack([*labels, pixels]).astype(np.uint8).tobytes()
            if file.role in roles:
                wrapped = gzip.compress(content, compresslevel=1, mtime=0) if suffix else content
                (folder / f"{file.name}{suffix}").write_bytes(wrapped)
        return folder

    return write
