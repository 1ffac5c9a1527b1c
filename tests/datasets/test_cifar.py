"""CIFAR rows: the bytes by hand, and an error for every kind of damage."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.datasets import opening
from sparse_mlp.datasets.cifar import OTHER_VERSION, parse_cifar
from sparse_mlp.datasets.opening import read_raw, unwrap
from sparse_mlp.errors import DataFileError

PIXELS = bytes(range(256)) * 12
TEN = b"".join(bytes([label]) + PIXELS for label in (3, 0, 9))
HUNDRED = b"".join(bytes(labels) + PIXELS for labels in ((0, 99), (19, 0)))


def read_cifar(path: Path, label_ranges: tuple[int, ...], most_rows: int) -> tuple[np.ndarray, np.ndarray]:
    limit = most_rows * (len(label_ranges) + 3072)
    return parse_cifar(path, unwrap(path, read_raw(path, limit), limit, OTHER_VERSION), label_ranges, most_rows)


def save(folder: Path, content: bytes) -> Path:
    path = folder / "batch.bin"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_rows_by_hand(tmp_path: Path, wrap) -> None:
    pixels, labels = read_cifar(save(tmp_path, wrap(TEN)), (10,), 3)
    assert pixels.dtype == np.uint8 and pixels.shape == (3, 3072)
    assert labels.tolist() == [3, 0, 9]
    assert pixels[2].tobytes() == PIXELS


def test_two_labels_by_hand(tmp_path: Path) -> None:
    pixels, labels = read_cifar(save(tmp_path, HUNDRED), (20, 100), 50)
    assert pixels.shape == (2, 3072) and labels.tolist() == [99, 0]  # the fine ones


def test_content_longer_than_a_piece_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PIECE", 1000)
    assert read_cifar(save(tmp_path, gzip.compress(TEN)), (10,), 3)[1].tolist() == [3, 0, 9]


DAMAGE = {
    "empty": (b"", "an empty file"),
    "empty in gzip": (gzip.compress(b""), "an empty file"),
    "truncated": (
        TEN[:-1],
        "found 9,218 bytes, 3,072 more than a whole number of rows; expected 1 to 3 rows of 3,073 bytes; is",
    ),
    "trailing": (TEN[:3073] + b"\0", "3,074 bytes"),
    "too long": (TEN + b"\0", "more than 9,219 bytes"),
    "the other set": (HUNDRED, "6,148 bytes, .*the other of CIFAR-10 and CIFAR-100"),
    "a pickle": (b"\x80\x02}q\x00" + TEN, "Python or MATLAB version"),
    "label": (TEN[:3073] + b"\x0a" + PIXELS, "label 10 in row 1"),
    "truncated gzip": (gzip.compress(TEN)[:-9], "a truncated gzip stream"),
    "gzip checksum": (gzip.compress(TEN)[:-8] + bytes(4) + gzip.compress(TEN)[-4:], "a corrupt gzip stream"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_each_damage_has_its_own_message(tmp_path: Path, kind: str) -> None:
    content, message = DAMAGE[kind]
    path = save(tmp_path, content)
    with pytest.raises(DataFileError, match=message) as error:
        read_cifar(path, (10,), 3)
    assert str(path) in str(error.value) and "fetch it again" in str(error.value)


@pytest.mark.parametrize(("labels", "wanted"), [((20, 0), "0 to 19"), ((0, 100), "0 to 99")])
def test_both_labels_of_a_row_are_checked(tmp_path: Path, labels: tuple[int, int], wanted: str) -> None:
    with pytest.raises(DataFileError, match=f"label {max(labels)} in row 0 .* from {wanted}"):
        read_cifar(save(tmp_path, bytes(labels) + PIXELS), (20, 100), 50)


def test_absent_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="No such file"):
        read_cifar(tmp_path / "absent", (10,), 3)
    with pytest.raises(DataFileError, match="unreadable"):
        read_cifar(tmp_path, (10,), 3)


def test_a_gzip_file_cannot_unfold_without_end(tmp_path: Path) -> None:
    path = save(tmp_path, gzip.compress(bytes(1 << 25)))
    tracemalloc.start()
    try:
        with pytest.raises(DataFileError, match="more than 9,219 bytes"):
            read_cifar(path, (10,), 3)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cifar")


@given(length=st.integers(0, len(TEN) - 1), wrapped=st.booleans())
def test_every_truncation_within_a_row_is_an_error(scratch: Path, length: int, wrapped: bool) -> None:
    packed = gzip.compress(TEN, mtime=0)
    if not wrapped and length and length % 3073 == 0:
        assert read_cifar(save(scratch, TEN[:length]), (10,), 3)[0].shape == (length // 3073, 3072)
        return
    with pytest.raises(DataFileError):
        read_cifar(save(scratch, packed[: min(length, len(packed) - 1)] if wrapped else TEN[:length]), (10,), 3)


@given(
    content=st.one_of(st.binary(max_size=64), st.binary(min_size=1, max_size=1).map(lambda first: first + PIXELS)),
    prefix=st.sampled_from([b"", b"\x1f\x8b\x08\x00", TEN[:3073]]),
)
def test_any_bytes_load_or_raise_a_data_file_error(scratch: Path, content: bytes, prefix: bytes) -> None:
    path = save(scratch, prefix + content)
    try:
        pixels, labels = read_cifar(path, (10,), 3)
    except DataFileError:
        return
    assert np.column_stack([labels, pixels]).tobytes() == prefix + content and labels.max() < 10
