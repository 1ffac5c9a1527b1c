"""The right bytes under names that other sites, libraries and browsers give them; near names; advice that fits."""

from __future__ import annotations

import gzip
import pickle
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from sparse_mlp import datasets
from sparse_mlp.datasets import download
from sparse_mlp.errors import DataFileError


@pytest.mark.parametrize("folder", ["kag", "MNIST/raw", "mnist", "MNIST", "raw", "Mnist/RAW"])
@pytest.mark.parametrize("change", [
    lambda name: name.replace("-idx", ".idx"), str.upper, lambda name: f"{name} (1)", lambda name: f"{name}(2)",
])  # fmt: skip
def test_known_names_and_folders_are_accepted(tmp_path: Path, write_set, folder: str, change) -> None:
    place = write_set(tmp_path / folder, "mnist")
    for path in list(place.iterdir()):
        path.rename(place / f"{change(path.name.removesuffix('.gz'))}.gz")
    for root in {tmp_path, place, place.parent}:
        if root == tmp_path and folder == "kag":
            continue
        assert len(datasets.load("mnist", root).train_y) == 12
        assert {report.status for report in datasets.check("mnist", root)} == {"partial"}


@pytest.mark.parametrize(("name", "folder"), [
    ("fashion-mnist", "FashionMNIST/raw"), ("kmnist", "KMNIST/raw"), ("emnist-letters", "EMNIST/raw"),
    ("emnist-balanced", "gzip"), ("emnist-letters", "EMNIST/raw/gzip"),
])  # fmt: skip
def test_folders_of_torchvision_and_of_archives(tmp_path: Path, write_set, name: str, folder: str) -> None:
    write_set(tmp_path / folder, name)
    assert len(datasets.load(name, tmp_path).train_y) == 12


def test_cifar_as_it_is_extracted(tmp_path: Path, write_cifar) -> None:
    write_cifar(tmp_path / "cifar-10-batches-bin", "cifar-10", ("train_1", "test"), suffix="")
    assert len(datasets.load("cifar-10", tmp_path).train_y) == 4


def test_a_near_name_is_listed_and_nothing_is_downloaded(tmp_path: Path, write_set, monkeypatch) -> None:
    folder = write_set(tmp_path / "mnist", "mnist")
    (folder / "train-images-idx3-ubyte.gz").rename(folder / "train-images-ubyte.gz")
    with pytest.raises(DataFileError) as error:
        datasets.load("mnist", tmp_path)
    near = f"{folder / 'train-images-ubyte.gz'} has a similar name: if it is train-images-idx3-ubyte, rename it"
    assert near in str(error.value)
    (report,) = [report for report in datasets.check("mnist", tmp_path) if report.status == "missing"]
    assert near in report.detail
    asked = []
    monkeypatch.setattr(download, "_retrieve", lambda url, *rest: asked.append(url) or rest[0].write_bytes(b""))
    with pytest.raises(DataFileError):
        datasets.fetch("mnist", tmp_path)
    assert asked, "who asks for a download gets one"


def test_files_of_other_sets_are_not_near(tmp_path: Path, write_set) -> None:
    write_set(tmp_path, "emnist-letters")
    with pytest.raises(DataFileError) as error:
        datasets.load("emnist-balanced", tmp_path, download=False)
    assert "similar" not in str(error.value)


def test_pickles_are_not_read_but_named(tmp_path: Path, write_cifar) -> None:
    folder = write_cifar(tmp_path / "cifar-10", "cifar-10", ("test",), suffix="")
    (folder / "data_batch_1").write_bytes(pickle.dumps({"data": 1}))
    with pytest.raises(DataFileError, match="data_batch_1 is the Python version, which is never read"):
        datasets.load("cifar-10", tmp_path)
    (folder / "data_batch_1").rename(folder / "data_batch_1.bin")
    with pytest.raises(DataFileError, match=r"a Python pickle.*binary version"):
        datasets.load("cifar-10", tmp_path)


def test_a_file_gzipped_twice_is_named(tmp_path: Path, write_set) -> None:
    path = write_set(tmp_path / "mnist", "mnist") / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(DataFileError, match=r"gzipped twice.*unpack it once"):
        datasets.load("mnist", tmp_path)


def test_more_labels_than_official_are_refused_before_they_take_memory(tmp_path: Path, write_set) -> None:
    path = write_set(tmp_path / "mnist", "mnist") / "train-labels-idx1-ubyte.gz"
    with gzip.open(path, "wb", 1) as stream:
        stream.write(struct.pack(">BBBBI", 0, 0, 8, 1, 10**8))
        for _ in range(10):
            stream.write(bytes(10**7))
    tracemalloc.start()
    try:
        report = datasets.check("mnist", tmp_path)[1]
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()
    assert report.status == "damaged" and "more than 60,016 bytes" in report.detail


def test_an_own_table_under_a_known_name_is_told_the_way(tmp_path: Path) -> None:
    from scipy.io import savemat

    savemat(tmp_path / "colon.mat", {"X": np.ones((5, 2)), "Y": np.ones((5, 1))})
    with pytest.raises(DataFileError, match="data of your own: --dataset FILE"):
        datasets.load("colon", tmp_path)


def test_a_copy_that_is_not_verified_is_read_in_a_process_of_its_own(tmp_path: Path, monkeypatch) -> None:
    from scipy.io import savemat

    from sparse_mlp.datasets import mat

    savemat(tmp_path / "colon.mat", {"X": np.ones((6, 2000)), "Y": np.array([[1, -1] * 3]).T})

    monkeypatch.setattr(mat.mat_child, "variables", lambda stream: pytest.fail("parsed in this process"))
    assert len(datasets.load("colon", tmp_path).train_y) == 4
    program = tmp_path / "crash.py"
    program.write_text("import os; os.abort()")
    monkeypatch.setattr(mat.mat_child, "__file__", str(program))
    with pytest.raises(DataFileError, match="its reader crashed"):
        datasets.load("colon", tmp_path)
