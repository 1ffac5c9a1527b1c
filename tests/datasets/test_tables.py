"""Tables from MATLAB files and from text: the values by hand, an error for every kind of damage."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat
from scipy.sparse import csc_array

from sparse_mlp import datasets
from sparse_mlp.datasets.registry import SETS, file_sets, owner_of
from sparse_mlp.errors import DataFileError

SAMPLES = 9


@pytest.fixture(autouse=True)
def _small_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Lung and Madelon have three features, so that their files are small; no file is known by its checksum."""
    for name in ("lung", "lung-1543", "madelon"):
        files = tuple(replace(file, sha256="") for file in SETS[name].files)
        monkeypatch.setitem(SETS, name, replace(SETS[name], n_features=3, files=files))


def table() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"X": rng.normal(100, 10, (SAMPLES, 3)), "Y": np.array([[1, 2, 3] * 3], np.uint8).T}


def write_mat(folder: Path, content: dict, name: str = "lung.mat", **options) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / name, content, **options)
    return folder / name


def write_madelon(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "madelon_train.data").write_text("1 2 3 \n4 5 6 \n7 8 9 \n")
    (folder / "madelon_train.labels").write_text("-1\n1\n-1\n")
    (folder / "madelon_valid.data.gz").write_bytes(gzip.compress(b"10 11 12\n-1 0.5 3e2\n"))
    (folder / "madelon_valid.labels").write_text("1\n-1")
    return folder


def test_values_and_classes_of_a_mat_file(tmp_path: Path) -> None:
    given = table()
    write_mat(tmp_path / "lung", given)
    data = datasets.load("lung", tmp_path, download=False)
    assert (data.train_x.shape, data.test_x.shape, data.image_shape) == ((6, 3), (3, 3), None)
    assert sorted(data.test_y.tolist()) == [0, 1, 2] and data.class_names[0] == "adenocarcinoma"
    # Each sample is there once, with its own class.
    rows = [tuple(row) for row in given["X"].astype(np.float32)]
    loaded = zip(np.vstack([data.train_x, data.test_x]), [*data.train_y, *data.test_y], strict=True)
    assert sorted((rows.index(tuple(x)), int(y)) for x, y in loaded) == [(i, i % 3) for i in range(SAMPLES)]
    assert "9 items instead of the official 203" in data.provenance
    assert "split here: stratified, 6 to train, 3 to test, seed 0" in data.provenance


def test_a_file_with_all_samples_is_unverified_as_no_checksum_of_it_is_known(tmp_path: Path) -> None:
    assert [file.sha256 for file in file_sets()["lung"].files] == [""]
    write_mat(tmp_path, {"X": np.ones((203, 3)), "Y": np.arange(203)[:, None] % 5 + 1})
    assert [report.status for report in datasets.check("lung", tmp_path)] == ["unverified"]
    assert "checksum is not known" in datasets.load("lung", tmp_path, download=False).provenance


def test_the_stand_in_is_another_set_in_the_same_folder(tmp_path: Path) -> None:
    write_mat(tmp_path / "lung", table(), "lung_1543.mat")
    assert "lung-1543" in datasets.available(tmp_path) and "lung" not in datasets.available(tmp_path)
    with pytest.raises(DataFileError, match="another data set: lung-1543"):
        datasets.load("lung", tmp_path, download=False)
    assert datasets.load("lung-1543", tmp_path).provenance.startswith("Lung stand-in with 1,543 genes, not the off")


def test_a_set_that_cannot_be_downloaded_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="cannot be downloaded") as error:
        datasets.load("lung-1543", tmp_path)
    assert "download these" not in str(error.value)
    (report,) = datasets.check("lung-1543", tmp_path)
    assert report.status == "missing" and report.detail.startswith("it cannot be downloaded")


@pytest.mark.parametrize(("kind", "compressed"), [("<f8", False), ("<f4", True), ("<i2", True), ("<u1", False)])
def test_numbers_of_any_kind_packed_or_not_gzipped_or_not(tmp_path: Path, kind: str, compressed: bool) -> None:
    x = np.arange(27).reshape(9, 3).astype(kind)
    path = write_mat(tmp_path, {"X": x, "Y": table()["Y"].astype("<f8")}, do_compression=compressed)
    plain = datasets.load("lung", tmp_path, download=False)
    assert sorted(np.vstack([plain.train_x, plain.test_x])[:, 0].tolist()) == x[:, 0].tolist()
    path.with_name("lung.mat.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert datasets.load("lung", tmp_path, download=False).train_x.tobytes() == plain.train_x.tobytes()


def changed(**parts) -> dict:
    return {**table(), **parts}


LABELS = table()["Y"]
MAT_DAMAGE = {
    "no Y": ({"X": np.ones((9, 3))}, r"no variable Y \(of X\)"),
    "nothing": ({}, "no variable X"),
    "too few features": (
        changed(X=np.ones((9, 2))),
        "found X of shape 9 × 2; expected 1 to 203 samples × 3 features; delete the file",
    ),
    "too many samples": (changed(X=np.ones((204, 3))), "X of shape 204 × 3"),
    "three dimensions": (changed(X=np.ones((9, 3, 1, 2))), "X of shape 9 × 3 × 1 × 2"),
    "labels of others": (changed(Y=LABELS[:8]), "Y of shape 8 × 1"),
    "one-hot labels": (changed(Y=np.eye(9)), "Y of shape 9 × 9"),
    "label": (changed(Y=LABELS - 1), "label 0 at position 0"),
    "half a label": (changed(Y=LABELS + 0.5), "label 1.5 at position 0"),
    "not a number": (changed(X=np.where(np.eye(9, 3) > 0, np.nan, 1.0)), "nan in row 0, column 0"),
    "beyond float32": (changed(X=np.full((9, 3), 1e300)), r"1e\+300 in row 0"),
    "text": (changed(X=np.array(["one", "two"])), "sparse matrix X"),
    "sparse": (changed(X=csc_array(np.eye(9, 3))), "sparse matrix X"),
    "complex": (changed(X=np.ones((9, 3)) * 1j), "complex numbers X"),
    "cells": (changed(X=np.array([[1, "a"]], dtype=object)), "cell X"),
    "a class of one": (changed(Y=np.array([[1, 2, 3, 1, 2, 3, 1, 2, 5]]).T), "a table that cannot be split"),
}


@pytest.mark.parametrize("kind", MAT_DAMAGE)
def test_each_damage_of_a_mat_file_has_its_message(tmp_path: Path, kind: str) -> None:
    content, message = MAT_DAMAGE[kind]
    path = write_mat(tmp_path, content)
    with pytest.raises(DataFileError, match=message) as error:
        datasets.load("lung", tmp_path, download=False)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"no such format" * 20, "not a complete MATLAB 5 file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(200), "a MATLAB 7.3 file"),
        (b"MATLAB 7.3 MAT-file" + bytes(200), "a MATLAB 7.3 file"),
        (bytes(4 << 20), "more than [0-9,]+ bytes"),
        (gzip.compress(bytes(1 << 26)), "more than [0-9,]+ bytes"),
    ],
)
def test_files_that_are_no_mat_file(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "lung.mat").write_bytes(content)
    with pytest.raises(DataFileError, match=message):
        datasets.load("lung", tmp_path, download=False)


def test_a_variable_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    second = write_mat(tmp_path, {"X": table()["X"]}).read_bytes()[128:]
    path = write_mat(tmp_path, table())
    path.write_bytes(path.read_bytes() + second)
    with pytest.raises(DataFileError, match="Duplicate variable"):
        datasets.load("lung", tmp_path, download=False)


def test_madelon_by_hand(tmp_path: Path) -> None:
    write_madelon(tmp_path / "madelon")
    data = datasets.load("madelon", tmp_path, download=False)
    assert data.train_x.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]] and data.train_y.tolist() == [0, 1, 0]
    assert data.test_x.tolist() == [[10, 11, 12], [-1, 0.5, 300]] and data.test_y.tolist() == [1, 0]
    assert "split here" not in data.provenance and "3 items instead of the official 2,000" in data.provenance


TEXT_DAMAGE = {
    "empty": ("madelon_train.data", b" \n", "an empty file"),
    "words": ("madelon_train.data", b"1 2 x\n", "not a table of numbers"),
    "ragged": ("madelon_train.data", b"1 2 3\n1 2\n", "not a table of numbers"),
    "columns": ("madelon_train.data", b"1 2\n3 4\n", "2 numbers in a line"),
    "bytes": ("madelon_train.data", b"\xff\xfe1 2 3\n", "not a table of numbers"),
    "infinite": ("madelon_valid.data", b"1 2 inf\n4 5 6", "inf in row 0, column 2"),
    "too many": (
        "madelon_valid.labels",
        b"1\n" * 601,
        "found more than 600 lines; expected 1 to 600 lines of 1 number; delete",
    ),
    "label": ("madelon_valid.labels", b"1\n0\n", "label 0 at position 1"),
    "pairs": (
        "madelon_train.labels",
        b"1\n-1\n",
        "2 labels; expected 3",
    ),
}


@pytest.mark.parametrize("kind", TEXT_DAMAGE)
def test_each_damage_of_a_text_file_has_its_message(tmp_path: Path, kind: str) -> None:
    name, content, message = TEXT_DAMAGE[kind]
    write_madelon(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFileError, match=message):
        datasets.load("madelon", tmp_path, download=False)
    assert [r.status for r in datasets.check("madelon", tmp_path)].count("damaged") == 1


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def mat_files(scratch: Path) -> list[bytes]:
    return [write_mat(scratch, table(), do_compression=packed).read_bytes() for packed in (False, True)]


@settings(max_examples=4)  # each in a separate process
@given(data=st.data())
def test_a_damaged_mat_file_is_a_table_or_a_data_file_error(scratch: Path, mat_files, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(mat_files)))
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    (scratch / "lung.mat").write_bytes(content[:cut])
    try:
        loaded = datasets.load("lung", scratch, download=False)
    except DataFileError as error:
        assert "lung.mat" in str(error)
        return
    assert loaded.n_features == 3 and len(loaded.train_y) + len(loaded.test_y) == SAMPLES


@given(content=st.one_of(st.binary(max_size=40), st.text("0123456789 .-\neE+n", max_size=40).map(str.encode)))
def test_any_text_is_a_table_or_a_data_file_error(scratch: Path, content: bytes) -> None:
    write_madelon(scratch)
    (scratch / "madelon_train.data").write_bytes(content)
    try:
        loaded = datasets.load("madelon", scratch, download=False)
    except DataFileError:
        return
    assert loaded.train_x.shape == (3, 3)


def test_fetching_takes_the_names_without_gz_and_the_second_mirror(tmp_path: Path, monkeypatch) -> None:
    from sparse_mlp.datasets import download

    folder, asked = write_madelon(tmp_path / "source"), []

    def retrieve(url: str, target: Path, progress: bool, most: int) -> None:
        asked.append(url)
        name = url.rsplit("/", 1)[1]
        if name == "madelon_valid.labels" and "/MADELON/" in url:
            raise OSError("404")
        path = folder / name
        content = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(f"{name}.gz").read_bytes())
        target.write_bytes(content)

    entry = SETS["madelon"]
    counts = {"train_rows": 3, "train_labels": 3, "test_rows": 2, "test_labels": 2}
    files = tuple(replace(file, items=counts[file.role]) for file in entry.files)
    monkeypatch.setitem(SETS, "madelon", replace(entry, files=files))
    monkeypatch.setattr(download, "_retrieve", retrieve)
    (tmp_path / "new").mkdir()
    data = datasets.load("madelon", tmp_path / "new")
    assert len(data.train_y) == 3 and sum("valid.labels" in url for url in asked) == 2
    assert {path.name for path in (tmp_path / "new" / "madelon").iterdir()} == {file.name for file in files}


@pytest.mark.parametrize("name", [name for name, entry in SETS.items() if entry.format == "mat"])
def test_every_set_is_described(name: str) -> None:
    entry = SETS[name]
    assert len(entry.labels) == entry.n_classes and list(entry.labels) == sorted(set(entry.labels))
    assert entry.n_features > 0
    assert entry.mirrors or entry.hint
    assert all(owner_of(file.sha256) == f"{name}: {file.name}" for file in entry.files if file.sha256)
