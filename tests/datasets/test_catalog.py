"""Data sets by name: order of the folders, reading, checking, and errors that say what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp import datasets
from sparse_mlp.datasets import locate
from sparse_mlp.datasets.idx import write_idx
from sparse_mlp.datasets.registry import SETS, file_sets
from sparse_mlp.errors import DataFileError, InvalidInputError


def test_digits_are_split_by_class_and_scaled() -> None:
    digits = datasets.load()
    assert digits.name == "digits"
    assert digits.train_x.shape == (1437, 64) and digits.test_x.shape == (360, 64)
    assert digits.train_x.max() == 1 and digits.train_x.min() == 0
    np.testing.assert_array_equal(digits.train_x * 16, np.round(digits.train_x * 16))
    train, test = datasets.class_counts(digits)
    assert (train + test).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.abs(test / (train + test) - 0.2).max() < 0.005
    assert datasets.load("digits").train_x.tobytes() == digits.train_x.tobytes()


def test_unknown_name_names_the_nearest() -> None:
    for function in (datasets.load, datasets.check, datasets.fetch):
        with pytest.raises(InvalidInputError, match="did you mean 'fashion-mnist'"):
            function("fashion_mnist")


@pytest.mark.parametrize("name", [name for name, entry in SETS.items() if entry.format == "idx"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_small_set_of_every_kind_loads(tmp_path: Path, write_set, name: str, suffix: str) -> None:
    write_set(tmp_path / name, name, n_train=50, n_test=9, suffix=suffix)
    data = datasets.load(name, tmp_path, download=False)
    assert data.train_x.shape == (50, 784) and data.train_x.dtype == np.float32
    assert data.train_y.dtype == np.int64
    assert data.train_y.tolist() == [i % data.n_classes for i in range(50)]
    assert data.image_shape == (28, 28) and not data.synthetic
    assert f"50 items instead of the official {SETS[name].files[0].items:,}" in data.provenance
    assert name in datasets.available(tmp_path)


@pytest.mark.parametrize(("name", "upright"), [("mnist", (3, 20)), ("emnist-letters", (20, 3))])
def test_only_emnist_is_transposed_back(tmp_path: Path, write_set, name: str, upright: tuple[int, int]) -> None:
    folder = write_set(tmp_path / name, name)
    images = np.zeros((12, 28, 28), dtype=np.uint8)
    images[:, 3, 20] = 255
    write_idx(folder / f"{SETS[name].files[0].name}.gz", images)
    image = datasets.load(name, tmp_path, download=False).train_x[0].reshape(28, 28)
    assert np.argwhere(image).tolist() == [list(upright)]
    assert image.max() == 1


def test_emnist_class_names() -> None:
    assert len(SETS["emnist-balanced"].class_names) == 47
    assert SETS["emnist-balanced"].class_names[36:] == tuple("abdefghnqrt")
    assert SETS["emnist-letters"].class_names[0] == "A"


def test_folders_are_searched_in_order(tmp_path: Path, write_set, monkeypatch) -> None:
    monkeypatch.setattr(locate, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setenv("SPARSE_MLP_DATA", str(tmp_path / "variable"))
    write_set(tmp_path / "cache" / "kmnist", "kmnist", n_train=11)
    (tmp_path / "argument").mkdir()
    assert len(datasets.load("kmnist", tmp_path / "argument", download=False).train_y) == 11
    write_set(tmp_path / "variable", "kmnist", n_train=12)
    assert len(datasets.load("kmnist", tmp_path / "argument", download=False).train_y) == 12
    write_set(tmp_path / "argument", "kmnist", n_train=13)
    assert len(datasets.load("kmnist", tmp_path / "argument", download=False).train_y) == 13
    write_set(tmp_path / "argument" / "kmnist", "kmnist", n_train=14)
    assert len(datasets.load("kmnist", tmp_path / "argument", download=False).train_y) == 14
    assert len(datasets.load("kmnist", download=False).train_y) == 12


def test_files_of_one_set_never_come_from_two_folders(tmp_path: Path, write_set, monkeypatch) -> None:
    monkeypatch.setenv("SPARSE_MLP_DATA", str(tmp_path / "variable"))
    write_set(tmp_path / "variable" / "mnist", "mnist", n_train=20)
    partly = write_set(tmp_path / "argument" / "mnist", "mnist", n_train=30)
    (partly / "train-labels-idx1-ubyte.gz").unlink()
    assert len(datasets.load("mnist", tmp_path / "argument", download=False).train_y) == 20


def test_missing_files_are_named_with_place_and_address(tmp_path: Path, write_set) -> None:
    folder = write_set(tmp_path / "mnist", "mnist")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataFileError) as error:
        datasets.load("mnist", tmp_path, download=False)
    message = str(error.value)
    assert "found no t10k-labels-idx1-ubyte.gz; expected" in message
    assert "train-images" not in message
    assert str(folder) in message
    assert "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz" in message
    assert "mnist" not in datasets.available(tmp_path)


def damage(path: Path, array: np.ndarray) -> None:
    write_idx(path, array.astype(np.uint8))


@pytest.mark.parametrize(
    ("file", "array", "message"),
    [
        ("train-labels-idx1-ubyte.gz", np.full(12, 10), "label 10 at position 0"),
        ("train-labels-idx1-ubyte.gz", np.zeros(11), "11 labels; expected 12, the number of samples"),
        ("t10k-labels-idx1-ubyte.gz", np.zeros(9), "9 labels"),
        ("train-images-idx3-ubyte.gz", np.zeros((12, 28, 27)), "28 × 27"),
        ("train-images-idx3-ubyte.gz", np.zeros(12), r"1 dimension\(s\)"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, write_set, file: str, array: np.ndarray, message: str) -> None:
    folder = write_set(tmp_path / "mnist", "mnist")
    damage(folder / file, array)
    with pytest.raises(DataFileError, match=message):
        datasets.load("mnist", tmp_path, download=False)
    damaged = [report for report in datasets.check("mnist", tmp_path) if report.status == "damaged"]
    assert len(damaged) == 1 and Path(damaged[0].path).name.startswith(file.split("-")[0])
    assert not damaged[0].usable


def test_emnist_letters_start_at_one(tmp_path: Path, write_set) -> None:
    folder = write_set(tmp_path / "emnist-letters", "emnist-letters")
    damage(folder / "emnist-letters-test-labels-idx1-ubyte.gz", np.arange(8))
    with pytest.raises(DataFileError, match=r"label 0 at position 0 .*labels from 1 to 26"):
        datasets.load("emnist-letters", tmp_path, download=False)


def test_right_count_but_other_content_is_refused(tmp_path: Path, write_set) -> None:
    write_set(tmp_path / "mnist", "mnist", n_test=10_000)
    with pytest.raises(DataFileError, match=r"t10k-images.*SHA-256 [0-9a-f]{64} .*expected the official t10k-images"):
        datasets.load("mnist", tmp_path, download=False)
    statuses = [report.status for report in datasets.check("mnist", tmp_path)]
    assert statuses == ["partial", "partial", "mismatch", "mismatch"]


def test_unknown_checksum_is_said_to_be_unverified(tmp_path: Path, write_set) -> None:
    write_set(tmp_path / "emnist-balanced", "emnist-balanced", n_test=18_800)
    data = datasets.load("emnist-balanced", tmp_path, download=False)
    assert "emnist-balanced-test-images-idx3-ubyte" in data.provenance and "checksum is not known" in data.provenance
    report = datasets.check("emnist-balanced", tmp_path)[2]
    assert report.status == "unverified" and report.usable


def test_check_reports_missing_files_and_sets_without_files(tmp_path: Path) -> None:
    reports = datasets.check("kmnist", tmp_path)
    assert [report.status for report in reports] == ["missing"] * 4
    assert "codh.rois.ac.jp" in reports[0].detail and not reports[0].usable
    assert [report.status for report in datasets.check("digits")] == ["ok"]
    assert "SYNTHETIC" in datasets.check("synthetic-mnist")[0].detail


def test_describe_all_has_a_row_per_name(tmp_path: Path, write_set) -> None:
    folder = write_set(tmp_path / "mnist", "mnist")
    rows = {row["name"]: row for row in datasets.describe_all(tmp_path)}
    assert tuple(rows) == datasets.known_names()
    assert rows["mnist"]["found"] == str(folder)
    assert rows["mnist"]["bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    assert rows["fashion-mnist"]["found"] == "missing" and rows["fashion-mnist"]["bytes"] == 0
    assert rows["emnist-letters"]["classes"] == 26 and rows["digits"]["shape"] == (8, 8)
    assert rows["cifar-100"]["classes"] == 100 and rows["cifar-100"]["shape"] == (3, 32, 32)
    generated = [name for name, row in rows.items() if row["synthetic"]]
    assert generated == [*(f"synthetic-{name}" for name in file_sets()), "reversal"]
    assert all(row["licence"] for row in rows.values())


def test_sets_without_files_need_no_fetching() -> None:
    assert datasets.fetch("digits") == [] and datasets.fetch("synthetic-mnist") == []


def test_import_is_light() -> None:
    code = "import sys, sparse_mlp.datasets; print(sorted({'sklearn', 'pooch', 'scipy', 'numba'} & set(sys.modules)))"
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    # SciPy comes with the wiring that the package itself offers.
    assert heavy.strip() in ("[]", "['scipy']")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory, write_set) -> tuple[Path, dict[Path, bytes]]:
    root = tmp_path_factory.mktemp("fuzz")
    write_set(root / "mnist", "mnist", suffix="")
    return root, {path: path.read_bytes() for path in sorted((root / "mnist").iterdir())}


@given(data=st.data())
def test_damaged_sets_load_the_same_shapes_or_raise_a_data_file_error(fuzzed, data: st.DataObject) -> None:
    root, contents = fuzzed
    path = data.draw(st.sampled_from(list(contents)))
    content = bytearray(contents[path])
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, min(len(content), 32) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    try:
        path.write_bytes(content[:cut])
        loaded = datasets.load("mnist", root, download=False)
        assert loaded.train_x.shape == (12, 784) and loaded.test_x.shape == (8, 784)
    except DataFileError as error:
        assert path.name in str(error)
    finally:
        path.write_bytes(contents[path])
