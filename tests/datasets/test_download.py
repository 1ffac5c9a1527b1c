"""Downloads without a network: mirrors in turn, checksums, and nothing left behind that failed."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparse_mlp import datasets
from sparse_mlp.datasets import download
from sparse_mlp.datasets.official import read_official
from sparse_mlp.datasets.registry import SETS, FileSet
from sparse_mlp.errors import DataFileError

Serve = Callable[[dict[str, Path]], list[str]]
REAL_RETRIEVE = download._retrieve


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Return a function that puts files behind addresses; all others fail as without a network."""

    def start(files: dict[str, Path]) -> list[str]:
        asked: list[str] = []

        def retrieve(url: str, target: Path, progress: bool, most: int) -> None:
            asked.append(url)
            if url not in files:
                target.write_bytes(b"half a fi")
                raise ConnectionError("no route")
            shutil.copyfile(files[url], target)

        monkeypatch.setattr(download, "_retrieve", retrieve)
        return asked

    return start


@pytest.fixture
def official(tmp_path: Path, write_set, monkeypatch: pytest.MonkeyPatch) -> tuple[FileSet, Path]:
    """A small MNIST that the registry takes for the official one, and the folder where its mirrors keep it."""
    folder = write_set(tmp_path / "mirror", "mnist")
    files = []
    for file in SETS["mnist"].files:
        content = gzip.decompress((folder / f"{file.name}.gz").read_bytes())
        items = 12 if file.role.startswith("train") else 8
        files.append(replace(file, items=items, sha256=hashlib.sha256(content).hexdigest()))
    entry = replace(SETS["mnist"], files=tuple(files))
    monkeypatch.setitem(SETS, "mnist", entry)
    return entry, folder


def leftovers(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*")] if folder.exists() else []


def test_load_downloads_what_is_missing(official, serve: Serve, tmp_path: Path) -> None:
    entry, mirror = official
    asked = serve({entry.urls(file)[0]: mirror / f"{file.name}.gz" for file in entry.files})
    (tmp_path / "data").mkdir()
    data = datasets.load("mnist", tmp_path / "data")
    assert len(data.train_y) == 12 and "all four files verified by SHA-256" in data.provenance
    assert len(asked) == 4
    assert sorted(path.name for path in (tmp_path / "data" / "mnist").iterdir()) == sorted(
        f"{file.name}.gz" for file in entry.files
    )
    datasets.load("mnist", tmp_path / "data")
    assert len(asked) == 4


def test_only_missing_files_are_asked_for(official, serve: Serve, tmp_path: Path) -> None:
    entry, mirror = official
    shutil.copytree(mirror, tmp_path / "data" / "mnist")
    (tmp_path / "data" / "mnist" / f"{entry.files[1].name}.gz").unlink()
    asked = serve({entry.urls(entry.files[1])[0]: mirror / f"{entry.files[1].name}.gz"})
    assert len(datasets.fetch("mnist", tmp_path / "data")) == 4
    assert asked == [entry.urls(entry.files[1])[0]]


def test_without_data_dir_the_cache_receives_them(official, serve: Serve, user_cache: Path) -> None:
    entry, mirror = official
    serve({entry.urls(file)[0]: mirror / f"{file.name}.gz" for file in entry.files})
    assert {path.parent for path in datasets.fetch("mnist")} == {user_cache / "mnist"}
    shutil.rmtree(user_cache / "mnist")


def test_second_mirror_helps_and_its_wrapper_does_not_matter(official, serve: Serve, tmp_path: Path) -> None:
    entry, mirror = official
    for path in mirror.iterdir():
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1))
    asked = serve({entry.urls(file)[1]: mirror / f"{file.name}.gz" for file in entry.files})
    datasets.fetch("mnist", tmp_path / "data")
    assert asked == [url for file in entry.files for url in entry.urls(file)]
    assert all(report.status == "ok" for report in datasets.check("mnist", tmp_path / "data"))


def test_without_network_the_error_says_all(serve: Serve, tmp_path: Path) -> None:
    serve({})
    with pytest.raises(DataFileError) as error:
        datasets.fetch("fashion-mnist", tmp_path / "data")
    message = str(error.value)
    for file in SETS["fashion-mnist"].files:
        assert f"{file.name}.gz" in message
    assert f"place them, gzipped or not, in {tmp_path / 'data' / 'fashion-mnist'}" in message
    assert "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz" in message
    assert "ConnectionError" in message
    assert "--data-dir" in message and f"data_dir={tmp_path / 'data'} is not an existing folder" in message
    assert not (tmp_path / "data").exists()


def test_wrong_content_is_thrown_away(official, serve: Serve, tmp_path: Path) -> None:
    entry, mirror = official
    bad = mirror / f"{entry.files[0].name}.gz"
    content = bytearray(gzip.decompress(bad.read_bytes()))
    content[-1] ^= 1
    bad.write_bytes(gzip.compress(content))
    serve({url: mirror / f"{file.name}.gz" for file in entry.files for url in entry.urls(file)})
    with pytest.raises(DataFileError, match=r"DataFileError: .*SHA-256"):
        datasets.fetch("mnist", tmp_path / "data")
    assert leftovers(tmp_path / "data") == []


def test_truncated_download_is_thrown_away(official, serve: Serve, tmp_path: Path) -> None:
    entry, mirror = official
    bad = mirror / f"{entry.files[0].name}.gz"
    bad.write_bytes(bad.read_bytes()[:-20])
    serve({url: mirror / f"{file.name}.gz" for file in entry.files for url in entry.urls(file)})
    with pytest.raises(DataFileError, match="truncated gzip"):
        datasets.fetch("mnist", tmp_path / "data")
    assert leftovers(tmp_path / "data") == []


def test_cut_file_of_a_set_whose_wrapper_alone_is_known_is_refused(serve: Serve, write_set, tmp_path: Path) -> None:
    entry = SETS["kmnist"]
    mirror = write_set(tmp_path / "mirror", "kmnist")
    serve({url: mirror / f"{file.name}.gz" for file in entry.files for url in entry.urls(file)})
    with pytest.raises(DataFileError, match="12 items instead of the official 60,000"):
        datasets.fetch("kmnist", tmp_path / "data")
    assert leftovers(tmp_path / "data") == []


def test_wrapper_checksum_counts_where_it_is_all_that_is_known(write_set, tmp_path: Path) -> None:
    path = write_set(tmp_path, "kmnist") / "train-labels-idx1-ubyte.gz"
    file = replace(SETS["kmnist"].files[1], items=12, sha256_gz=hashlib.sha256(path.read_bytes()).hexdigest())
    assert read_official(SETS["kmnist"], file, path).verdict.status == "ok"
    other = replace(file, sha256_gz="0" * 64)
    assert read_official(SETS["kmnist"], other, path).verdict.status == "unverified"


def test_file_of_another_set_is_recognised(official, write_set, tmp_path: Path) -> None:
    _, mirror = official
    shutil.copytree(mirror, tmp_path / "flat")
    with pytest.raises(DataFileError, match=r"another set or role \(mnist: train-images.*own folder"):
        datasets.load("fashion-mnist", tmp_path / "flat", download=False)


def test_a_folder_that_cannot_be_made_is_an_error(serve: Serve, tmp_path: Path) -> None:
    serve({})
    (tmp_path / "mnist").write_text("not a folder")
    with pytest.raises(DataFileError, match="cannot be written"):
        datasets.load("mnist", tmp_path)


@pytest.fixture
def archive(tmp_path: Path, write_set, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zip of small EMNIST sets that the registry takes for the official one."""
    path = tmp_path / "gzip.zip"
    names = ("emnist-letters", "emnist-balanced")
    with zipfile.ZipFile(path, "w") as members:
        for name in names:
            for file in write_set(tmp_path / "source" / name, name).iterdir():
                members.write(file, f"gzip/{file.name}")
    known = replace(SETS[names[0]].archive, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    for name in names:
        files = tuple(replace(file, items=12 if "train" in file.role else 8) for file in SETS[name].files)
        monkeypatch.setitem(SETS, name, replace(SETS[name], archive=known, files=files))
    return path


def test_one_archive_serves_both_emnist_sets(archive: Path, serve: Serve, tmp_path: Path) -> None:
    asked = serve({SETS["emnist-letters"].archive.url: archive})
    (tmp_path / "data").mkdir()
    assert len(datasets.load("emnist-letters", tmp_path / "data").train_y) == 12
    assert len(datasets.load("emnist-balanced", tmp_path / "data").train_y) == 12
    assert len(asked) == 1
    names = {path.name for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert len(names) == 8 and all(name.startswith("emnist-") for name in names)


def test_archive_with_wrong_checksum_is_thrown_away(archive: Path, serve: Serve, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive, "a") as members:
        members.writestr("more", "bytes")
    serve({SETS["emnist-letters"].archive.url: archive})
    with pytest.raises(DataFileError, match=r"(?s)folder gzip/.*SHA-256"):
        datasets.fetch("emnist-letters", tmp_path / "data")
    assert leftovers(tmp_path / "data") == []


def test_archive_without_network_or_member(archive: Path, serve: Serve, tmp_path: Path, monkeypatch) -> None:
    serve({})
    with pytest.raises(DataFileError, match="ConnectionError"):
        datasets.fetch("emnist-balanced", tmp_path / "data")
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w"):
        pass
    known = replace(SETS["emnist-letters"].archive, sha256=hashlib.sha256(empty.read_bytes()).hexdigest())
    monkeypatch.setitem(SETS, "emnist-letters", replace(SETS["emnist-letters"], archive=known))
    serve({known.url: empty})
    with pytest.raises(DataFileError, match="KeyError"):
        datasets.fetch("emnist-letters", tmp_path / "data")
    assert leftovers(tmp_path / "data") == []


class Downloader:
    """Stand in for pooch's, with a file of 100 bytes that it announces or not."""

    announced = 100

    def __init__(self, progressbar: Any, **options: object) -> None:
        assert options == {"chunk_size": download.PIECE, "timeout": download.TIMEOUT_SECONDS}
        self.bar = progressbar

    def __call__(self, url: str, target: str, _: object) -> None:
        self.bar.total = self.announced
        for size in (50, 100):
            Path(target).write_bytes(bytes(size))
            self.bar.update(download.PIECE)
        self.bar.reset()
        self.bar.update(100)
        self.bar.close()


@pytest.mark.parametrize("announced", [100, 0])
def test_a_download_stops_at_its_limit(tmp_path: Path, monkeypatch, announced: int) -> None:
    import pooch

    monkeypatch.setattr(pooch, "HTTPDownloader", Downloader)
    monkeypatch.setattr(Downloader, "announced", announced)
    REAL_RETRIEVE("https://example.org/a", tmp_path / "a", False, 100)
    assert (tmp_path / "a").stat().st_size == 100
    with pytest.raises(DataFileError, match="more than 99 bytes"):
        REAL_RETRIEVE("https://example.org/a", tmp_path / "b", False, 99)
    assert (tmp_path / "b").stat().st_size == (50 if announced else 100)


def test_every_file_is_asked_for_with_a_limit_and_by_https_first(monkeypatch, tmp_path: Path) -> None:
    limits = {}

    def retrieve(url: str, target: Path, progress: bool, most: int) -> None:
        limits[url] = most
        raise ConnectionError

    monkeypatch.setattr(download, "_retrieve", retrieve)
    for entry in SETS.values():
        if entry.mirrors or entry.archive:
            with pytest.raises(DataFileError):
                datasets.fetch(entry.name, tmp_path)
            assert entry.urls(entry.files[0])[0].startswith("https://")
    images = limits["https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz"]
    assert 60_000 * 784 < images < 60_000 * 784 + 10**6
    assert max(limits.values()) < 10**9


def test_registry_is_whole() -> None:
    for entry in SETS.values():
        assert len({file.role for file in entry.files}) == len(entry.files)
        assert entry.licence and entry.citation
        for file in entry.files:
            assert all(url.startswith("http") for url in entry.urls(file))
            for digest in (file.sha256, file.sha256_gz):
                assert not digest or (len(digest) == 64 and int(digest, 16))
