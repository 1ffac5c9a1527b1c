"""CIFAR sets: the batches that are there, what is said of them, and how the others are fetched."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp import datasets
from sparse_mlp.datasets import download
from sparse_mlp.datasets.cifar import LABEL_RANGES
from sparse_mlp.datasets.registry import SETS
from sparse_mlp.errors import DataFileError

ALL = ("train_1", "train_2", "train_3", "train_4", "train_5", "test")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_layout_is_that_of_the_file(tmp_path: Path, suffix: str) -> None:
    planes = np.zeros((3, 32, 32), dtype=np.uint8)
    planes[0, 1, 2], planes[1, 3, 4], planes[2, 31, 31] = 255, 51, 102
    content = bytes([7]) + planes.tobytes()
    (tmp_path / "cifar-10").mkdir()
    for name in ("data_batch_1.bin", "test_batch.bin"):
        wrapped = gzip.compress(content) if suffix else content
        (tmp_path / "cifar-10" / f"{name}{suffix}").write_bytes(wrapped)
    data = datasets.load("cifar-10", tmp_path, download=False)
    assert data.train_x.dtype == np.float32 and data.train_x.shape == (1, 3072) and data.train_y.tolist() == [7]
    image = data.train_x[0].reshape(data.image_shape)
    assert image[0, 1, 2] == 1 and image[1, 3, 4] == np.float32(0.2) and image[2, 31, 31] == np.float32(0.4)
    assert np.count_nonzero(image) == 3 and data.class_names[7] == "horse"


def test_the_batches_that_are_there_are_taken_in_order(tmp_path: Path, write_cifar) -> None:
    write_cifar(tmp_path / "cifar-10", "cifar-10", ("train_4", "train_2", "test"))
    data = datasets.load("cifar-10", tmp_path)
    assert data.train_y.tolist() == [1, 2, 3, 4, 3, 4, 5, 6] and data.test_y.tolist() == [5, 6, 7, 8]
    fourth = np.random.default_rng(3).integers(0, 256, (4, 3072), dtype=np.uint8)
    np.testing.assert_array_equal(data.train_x[4:], fourth / np.float32(255))
    assert data.provenance.startswith("CIFAR-10: only training batches 2 and 4 of 5; ")
    assert "4 items instead of the official 10,000; content unverified" in data.provenance
    assert "cifar-10" in datasets.available(tmp_path)


def test_fine_classes_of_cifar_100(tmp_path: Path, write_cifar) -> None:
    write_cifar(tmp_path, "cifar-100", ("train", "test"), rows=25, suffix="")
    data = datasets.load("cifar-100", tmp_path)
    assert data.train_y.tolist() == list(range(25)) and data.test_y.tolist() == list(range(1, 26))
    assert data.n_classes == 100 and data.class_names[:2] == ("apple", "aquarium_fish")
    assert "only" not in data.provenance and "train.bin, test.bin: 25 items instead" not in data.provenance
    assert "train.bin: 25 items instead of the official 50,000" in data.provenance


@pytest.fixture
def official(tmp_path: Path, write_cifar, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small CIFAR-10 that the registry takes for the official one; returns the folder of its tar file's members."""
    entry = SETS["cifar-10"]
    assert entry.archive is not None
    folder = write_cifar(tmp_path / "source" / entry.archive.folder, "cifar-10", ALL, suffix="")
    with tarfile.open(tmp_path / "archive.tar.gz", "w:gz") as tar:
        tar.add(folder, entry.archive.folder)
    archive = replace(entry.archive, sha256=sha256(tmp_path / "archive.tar.gz"))
    files = tuple(replace(file, items=4, sha256=sha256(folder / file.name)) for file in entry.files)
    monkeypatch.setitem(SETS, "cifar-10", replace(entry, files=files, archive=archive))
    return folder


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def serve(monkeypatch: pytest.MonkeyPatch, archive: Path) -> list[str]:
    asked: list[str] = []

    def retrieve(url: str, target: Path, progress: bool, most: int) -> None:
        asked.append(url)
        shutil.copyfile(archive, target)

    monkeypatch.setattr(download, "_retrieve", retrieve)
    return asked


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        ((), "CIFAR-10: all six files verified by SHA-256"),
        ((3, 4, 5), "CIFAR-10: 8 of 20 official training images: batches 1 and 2; all three files verified by SHA-256"),
        ((2, 4), "CIFAR-10: 12 of 20 official training images: batches 1, 3 and 5; all four files verified"),
        ((1, 2, 4, 5), "CIFAR-10: 4 of 20 official training images: batch 3; both files verified by SHA-256"),
    ],
)
def test_provenance_counts_the_official_images(official: Path, absent: tuple[int, ...], said: str) -> None:
    for number in absent:
        (official / f"data_batch_{number}.bin").unlink()
    data = datasets.load("cifar-10", official)
    assert data.provenance.startswith(said)
    assert len(data.train_y) == 4 * (5 - len(absent))


def test_load_downloads_nothing_where_a_batch_is_there_and_fetch_brings_the_others(
    official: Path, tmp_path: Path, monkeypatch
) -> None:
    folder = tmp_path / "data" / "cifar-10"
    shutil.copytree(official, folder)
    for number in (2, 3, 4, 5):
        (folder / f"data_batch_{number}.bin").unlink()
    before = (folder / "data_batch_1.bin").stat().st_mtime_ns
    asked = serve(monkeypatch, tmp_path / "archive.tar.gz")
    assert len(datasets.load("cifar-10", tmp_path / "data").train_y) == 4 and asked == []
    assert len(datasets.fetch("cifar-10", tmp_path / "data")) == 6 and len(asked) == 1
    assert (folder / "data_batch_1.bin").stat().st_mtime_ns == before
    assert len(datasets.load("cifar-10", tmp_path / "data").train_y) == 20
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in official.iterdir())


def test_load_downloads_where_nothing_is_there(official: Path, tmp_path: Path, monkeypatch) -> None:
    asked = serve(monkeypatch, tmp_path / "archive.tar.gz")
    (tmp_path / "data").mkdir()
    data = datasets.load("cifar-10", tmp_path / "data")
    assert len(data.train_y) == 20 and "all six files verified" in data.provenance
    assert asked == ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"]


def rewritten(archive: Path, change) -> None:
    """Write the archive anew with other members: `change` takes name and content and gives content or None."""
    with tarfile.open(archive) as tar:
        contents = {m.name: tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()}  # type: ignore[union-attr]
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in contents.items():
            new = change(name, content)
            if new is not None:
                header = tarfile.TarInfo(name)
                header.size = len(new)
                tar.addfile(header, io.BytesIO(new))


def without_third_batch(name: str, content: bytes) -> bytes | None:
    return None if "batch_3" in name else content


def with_dark_pixel(name: str, content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "known", "message"),
    [
        (with_dark_pixel, False, "SHA-256 [0-9a-f]{64}; expected SHA-256"),
        (with_dark_pixel, True, "SHA-256 [0-9a-f]{64} of the uncompressed bytes"),
        (without_third_batch, True, "KeyError"),
    ],
)
def test_archive_that_is_not_the_official_one_is_thrown_away(
    official: Path, tmp_path: Path, monkeypatch, change, known: bool, message: str
) -> None:
    archive = tmp_path / "archive.tar.gz"
    rewritten(archive, change)
    if known:
        entry = SETS["cifar-10"]
        assert entry.archive is not None
        trusted = replace(entry.archive, sha256=sha256(archive))
        monkeypatch.setitem(SETS, "cifar-10", replace(entry, archive=trusted))
    serve(monkeypatch, archive)
    with pytest.raises(DataFileError, match=message):
        datasets.fetch("cifar-10", tmp_path / "data")
    names = {path.name for path in (tmp_path / "data").rglob("*") if path.is_file()} if known else set()
    assert not any("batch_3" in name or name.startswith("archive") for name in names)


def test_not_an_archive_is_an_error(official: Path, tmp_path: Path, monkeypatch) -> None:
    page = tmp_path / "page"
    page.write_bytes(b"<html>moved</html>")
    entry = SETS["cifar-10"]
    assert entry.archive is not None
    monkeypatch.setitem(SETS, "cifar-10", replace(entry, archive=replace(entry.archive, sha256=sha256(page))))
    serve(monkeypatch, page)
    with pytest.raises(DataFileError, match="ReadError"):
        datasets.fetch("cifar-10", tmp_path / "data")


def test_missing_test_batch_is_named_alone(tmp_path: Path, write_cifar) -> None:
    write_cifar(tmp_path / "cifar-10", "cifar-10", ("train_1",))
    with pytest.raises(DataFileError) as error:
        datasets.load("cifar-10", tmp_path, download=False)
    message = str(error.value)
    assert "no test_batch.bin" in message and "data_batch" not in message
    assert "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz" in message
    assert "cifar-10-batches-bin/" in message and "load works without them" not in message
    statuses = [report.status for report in datasets.check("cifar-10", tmp_path)]
    assert statuses == ["partial", *["missing"] * 5]


def test_one_training_batch_is_needed(tmp_path: Path, write_cifar) -> None:
    write_cifar(tmp_path / "cifar-10", "cifar-10", ("test",))
    with pytest.raises(DataFileError, match=r"no data_batch_1.bin, .*data_batch_5.bin"):
        datasets.load("cifar-10", tmp_path, download=False)
    assert "cifar-10" not in datasets.available(tmp_path)


def test_absent_batches_are_no_fault(tmp_path: Path, write_cifar) -> None:
    write_cifar(tmp_path / "cifar-10", "cifar-10", ("train_1", "test"))
    reports = datasets.check("cifar-10", tmp_path)
    assert [report.status for report in reports] == ["partial", *["absent"] * 4, "partial"]
    assert all(report.usable for report in reports) and "cifar-10-binary.tar.gz" in reports[1].detail


def test_failed_fetch_says_that_the_rest_loads(tmp_path: Path, write_cifar, monkeypatch) -> None:
    def no_route(url: str, target: Path, progress: bool, most: int) -> None:
        raise ConnectionError

    write_cifar(tmp_path / "cifar-10", "cifar-10", ("train_1", "test"))
    monkeypatch.setattr(download, "_retrieve", no_route)
    with pytest.raises(DataFileError, match=r"(?s)no data_batch_2.bin, .*load works without them.*ConnectionError"):
        datasets.fetch("cifar-10", tmp_path)


def test_swapped_batches_and_altered_ones_are_refused(official: Path) -> None:
    first, test = official / "data_batch_1.bin", official / "test_batch.bin"
    content = first.read_bytes()
    first.write_bytes(test.read_bytes())
    with pytest.raises(DataFileError, match=r"another set or role \(cifar-10: test_batch.bin\)"):
        datasets.load("cifar-10", official)
    first.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DataFileError, match=r"data_batch_1.bin: found SHA-256"):
        datasets.load("cifar-10", official)
    assert datasets.check("cifar-10", official)[0].status == "mismatch"


def test_damaged_batch_is_reported(tmp_path: Path, write_cifar) -> None:
    folder = write_cifar(tmp_path / "cifar-100", "cifar-100", ("train", "test"), suffix="")
    (folder / "train.bin").write_bytes(b"short")
    with pytest.raises(DataFileError, match=r"train.bin: found 5 bytes"):
        datasets.load("cifar-100", tmp_path)
    assert [report.status for report in datasets.check("cifar-100", tmp_path)] == ["damaged", "partial"]


def test_registry_is_whole() -> None:
    for entry in (SETS["cifar-10"], SETS["cifar-100"]):
        assert entry.image_shape == (3, 32, 32) and entry.licence and entry.citation
        assert LABEL_RANGES[entry.n_classes][-1] == entry.n_classes == len(set(entry.class_names))
        assert entry.archive is not None
        digests = [entry.archive.sha256, *(file.sha256 or "" for file in entry.files)]
        assert len(set(digests)) == len(digests) and all(len(d) == 64 and int(d, 16) for d in digests)
        assert sum(file.items for file in entry.batches) == 50_000
        assert entry.files[-1].role == "test" and entry.files[-1].items == 10_000


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory, write_cifar) -> tuple[Path, dict[Path, bytes]]:
    folder = write_cifar(tmp_path_factory.mktemp("fuzz"), "cifar-10", ("train_1", "train_2", "test"), suffix="")
    return folder, {path: path.read_bytes() for path in sorted(folder.iterdir())}


@given(data=st.data())
def test_damaged_sets_load_whole_rows_or_raise_a_data_file_error(fuzzed, data: st.DataObject) -> None:
    folder, contents = fuzzed
    path = data.draw(st.sampled_from(list(contents)))
    content = bytearray(contents[path])
    for _ in range(data.draw(st.integers(0, 3))):
        row, bit = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 7))
        content[3073 * row + data.draw(st.integers(0, 2))] ^= 1 << bit
    cut = data.draw(st.one_of(st.sampled_from([3073, 6146, len(content)]), st.integers(0, len(content))))
    try:
        path.write_bytes(content[:cut])
        loaded = datasets.load("cifar-10", folder, download=False)
        assert cut % 3073 == 0 and len(loaded.train_y) + len(loaded.test_y) == 8 + cut // 3073
    except DataFileError as error:
        assert path.name in str(error)
    finally:
        path.write_bytes(contents[path])
