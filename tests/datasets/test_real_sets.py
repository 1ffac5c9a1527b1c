"""The official files: counts, checksums, constants; the scripts that present them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sparse_mlp import datasets
from sparse_mlp.datasets.registry import file_sets
from sparse_mlp.datasets.scaling import pixel_mean_std

SCRIPTS = Path(__file__).parents[2] / "data_scripts"

COUNTS = {
    "mnist": (
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    ),
    "fashion-mnist": ([6000] * 10, [1000] * 10),
}
# The training part of this set is sometimes passed on cut to the first images.
KMNIST_COUNTS = {7011: [690, 690, 695, 702, 757, 708, 688, 708, 672, 701], 60000: [6000] * 10}
CONSTANTS = {"mnist": (0.1307, 0.3081), "fashion-mnist": (0.2860, 0.3530)}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_and_constants(real_data_dir: Path, name: str) -> None:
    data = datasets.load(name, real_data_dir, download=False)
    assert data.train_x.shape == (60000, 784) and data.test_x.shape == (10000, 784)
    assert data.train_x.min() == 0 and data.train_x.max() == 1
    train, test = datasets.class_counts(data)
    assert (train.tolist(), test.tolist()) == COUNTS[name]
    assert "all four files verified by SHA-256" in data.provenance
    mean, std = pixel_mean_std(data.train_x)
    assert (round(mean, 4), round(std, 4)) == CONSTANTS[name]
    scaled = datasets.standardize(data).train_x
    assert scaled.dtype == np.float32
    assert pixel_mean_std(scaled) == pytest.approx((0, 1), abs=1e-5)


def test_kmnist_takes_its_count_from_the_header(real_data_dir: Path) -> None:
    data = datasets.load("kmnist", real_data_dir, download=False)
    train, test = datasets.class_counts(data)
    assert train.tolist() == KMNIST_COUNTS[len(data.train_y)]
    assert test.tolist() == [1000] * 10
    if len(data.train_y) == 7011:
        assert "7,011 items instead of the official 60,000" in data.provenance


def test_real_images_stand_upright(real_data_dir: Path) -> None:
    # Trousers and dresses are taller than wide; sneakers wider than tall.
    data = datasets.load("fashion-mnist", real_data_dir, download=False)
    images = data.test_x.reshape(-1, 28, 28) > 0.2
    tall, wide = images.any(axis=2).sum(axis=1), images.any(axis=1).sum(axis=1)
    assert (tall - wide)[data.test_y == 1].mean() > 5
    assert (wide - tall)[data.test_y == 7].mean() > 5


@pytest.mark.parametrize(
    ("name", "statuses"), [("mnist", {"ok"}), ("fashion-mnist", {"ok"}), ("kmnist", {"ok", "partial"})]
)
def test_check_accepts_the_real_files(real_data_dir: Path, name: str, statuses: set[str]) -> None:
    reports = datasets.check(name, real_data_dir)
    assert len(reports) == 4 and {report.status for report in reports} <= statuses
    assert [report.status for report in reports[2:]] == ["ok", "ok"]


# Images of each class in training batches 1 and 2, and in both together.
CIFAR_10_COUNTS = {
    20000: [1989, 1981, 2042, 2011, 2009, 1925, 2038, 2027, 2012, 1966],
    50000: [5000] * 10,
}


def needs(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"real data files of {folder.name} are not here")


def test_cifar_10_is_official_as_far_as_it_is_there(real_data_dir: Path) -> None:
    needs(real_data_dir / "cifar-10")
    data = datasets.load("cifar-10", real_data_dir, download=False)
    train, test = datasets.class_counts(data)
    assert train.tolist() == CIFAR_10_COUNTS[len(data.train_y)] and test.tolist() == [1000] * 10
    assert data.train_x.shape[1] == 3072 and data.train_x.min() == 0 and data.train_x.max() == 1
    assert "files verified by SHA-256" in data.provenance
    if len(data.train_y) == 20000:
        assert "20,000 of 50,000 official training images: batches 1 and 2" in data.provenance
    assert {report.status for report in datasets.check("cifar-10", real_data_dir)} <= {"ok", "absent"}
    # The first image is a frog; the published means of the colour planes of all training images follow.
    assert data.class_names[data.train_y[0]] == "frog"
    means = data.train_x.reshape(-1, 3, 1024).mean(axis=(0, 2), dtype=np.float64)
    np.testing.assert_allclose(means, [0.4914, 0.4822, 0.4465], atol=0.003)


def test_cifar_100_has_fine_classes(real_data_dir: Path) -> None:
    needs(real_data_dir / "cifar-100")
    data = datasets.load("cifar-100", real_data_dir, download=False)
    train, test = datasets.class_counts(data)
    assert len(train) == 100 and np.ptp(train) == np.ptp(test) == 0
    means = data.train_x.reshape(-1, 3, 1024).mean(axis=(0, 2), dtype=np.float64)
    np.testing.assert_allclose(means, [0.5071, 0.4866, 0.4409], atol=0.01)
    # Neighbours within a plane are alike: the planes are where the format says.
    red = data.train_x.reshape(-1, 3, 32, 32)[:, 0]
    assert np.abs(np.diff(red, axis=2)).mean() < 0.3 * red.std()


TABLES = {
    "lung-1543": (203, 1543, [139, 17, 21, 20, 6]),
    "lung-small": (73, 325, [6, 5, 5, 16, 7, 13, 21]),
    "lymphoma": (96, 4026, [46, 10, 9, 11, 6, 6, 4, 2, 2]),
    "colon": (62, 2000, [40, 22]),
    "leukemia": (72, 7070, [47, 25]),
    "glioma": (50, 4434, [14, 7, 14, 15]),
    "tox-171": (171, 5748, [45, 45, 39, 42]),
    "coil-20": (1440, 1024, [72] * 20),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_whole_and_split_alike(real_data_dir: Path, name: str) -> None:
    needs(real_data_dir / file_sets()[name].folder)
    data = datasets.load(name, real_data_dir, download=False)
    samples, features, counts = TABLES[name]
    train, test = datasets.class_counts(data)
    assert (train + test).tolist() == counts and data.n_features == features
    assert len(data.test_y) == -(-samples // 3) and test.min() >= 1
    assert "file verified by SHA-256; split here: stratified" in data.provenance
    again = datasets.load(name, real_data_dir, download=False)
    assert again.train_x.tobytes() == data.train_x.tobytes() and again.test_y.tobytes() == data.test_y.tobytes()


def test_objects_of_coil_stand_upright(real_data_dir: Path) -> None:
    needs(real_data_dir / "scikit-feature")
    data = datasets.load("coil-20", real_data_dir, download=False)
    duck = np.concatenate([data.train_x[data.train_y == 0], data.test_x[data.test_y == 0]]).reshape(-1, 32, 32)
    # A duck that is turned round is symmetric from side to side on average, with its head above its body.
    mean = duck.mean(axis=0)
    assert np.abs(mean - mean[:, ::-1]).mean() < 0.5 * np.abs(mean - mean[::-1]).mean()
    assert mean[:10].sum() < mean[-10:].sum()


def test_the_lung_stand_in_says_so_and_is_no_lung(real_data_dir: Path) -> None:
    needs(real_data_dir / "lung")
    data = datasets.load("lung-1543", real_data_dir, download=False)
    assert data.provenance.startswith("Lung stand-in with 1,543 genes, not the official lung.mat with 3,312")
    scaled = datasets.standardize(data)
    np.testing.assert_allclose(scaled.train_x.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.train_x.std(axis=0), 1, atol=1e-4)
    # A tissue tells itself by its genes: the nearest class mean is right far above the 68 % of the largest class.
    x, test = np.log2(data.train_x), np.log2(data.test_x)
    means = np.stack([x[data.train_y == label].mean(axis=0) for label in range(5)])
    nearest = ((test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == data.test_y).mean() > 0.8


def test_madelon_is_official(real_data_dir: Path) -> None:
    needs(real_data_dir / "madelon")
    data = datasets.load("madelon", real_data_dir, download=False)
    assert (data.train_x.shape, data.test_x.shape) == ((2000, 500), (600, 500))
    assert [part.tolist() for part in datasets.class_counts(data)] == [[1000, 1000], [300, 300]]
    assert "all four files verified by SHA-256" in data.provenance and "validation part to test" in data.provenance
    # The check sums of madelon.param
    assert (data.train_x.sum(dtype=np.float64), data.test_x.sum(dtype=np.float64)) == (488083511, 146395833)


def run_script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "SPARSE_MLP_DATA"}
    command = [sys.executable, str(SCRIPTS / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def test_digits_script() -> None:
    result = run_script("digits.py")
    assert result.returncode == 0, result.stderr
    assert "1,437 train, 360 test" in result.stdout and len(result.stdout.splitlines()) < 24


def test_mnist_script(real_data_dir: Path) -> None:
    result = run_script("mnist.py", "--data-dir", str(real_data_dir))
    assert result.returncode == 0, result.stderr
    assert "60,000 train, 10,000 test" in result.stdout and "6,742" in result.stdout
    assert len(result.stdout.splitlines()) < 24


def test_script_says_what_is_damaged(tmp_path: Path, write_set) -> None:
    folder = write_set(tmp_path / "emnist-letters", "emnist-letters")
    (folder / "emnist-letters-train-labels-idx1-ubyte.gz").write_bytes(b"")
    result = run_script("emnist_letters.py", "--data-dir", str(tmp_path))
    assert result.returncode == 1
    assert "damaged" in result.stdout and "an empty file" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("[!_]*.py")), ids=lambda path: path.name)
def test_every_script_explains_itself(path: Path) -> None:
    result = run_script(path.name, "--help")
    assert result.returncode == 0 and "--data-dir" in result.stdout
    assert os.access(path, os.X_OK)
