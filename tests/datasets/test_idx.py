"""IDX: the bytes by hand, written and read again, and a separate error for every kind of damage."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.datasets.idx import parse_idx, write_idx
from sparse_mlp.datasets.opening import read_raw, unwrap
from sparse_mlp.errors import DataFileError, InvalidInputError

LABELS = b"\x00\x00\x08\x01\x00\x00\x00\x03\x07\x00\x09"
LIMIT = 1 << 20
IMAGES = b"\x00\x00\x08\x03" + struct.pack(">3I", 2, 2, 3) + bytes(range(12))


def read_idx(path: Path, ndim: int) -> np.ndarray:
    return parse_idx(path, unwrap(path, read_raw(path, LIMIT), LIMIT), ndim)


def save(folder: Path, content: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_labels_by_hand(tmp_path: Path) -> None:
    labels = read_idx(save(tmp_path, LABELS), 1)
    assert labels.dtype == np.uint8
    assert labels.tolist() == [7, 0, 9]


def test_images_by_hand_are_row_major(tmp_path: Path) -> None:
    assert read_idx(save(tmp_path, IMAGES), 3).tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]


def test_gzip_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    assert read_idx(save(tmp_path, gzip.compress(LABELS), "no-suffix"), 1).tolist() == [7, 0, 9]
    assert read_idx(save(tmp_path, LABELS, "unpacked-by-the-browser.gz"), 1).tolist() == [7, 0, 9]


@pytest.mark.parametrize("name", ["labels", "labels.gz"])
def test_written_bytes_are_the_format(tmp_path: Path, name: str) -> None:
    write_idx(tmp_path / name, np.array([7, 0, 9], dtype=np.uint8))
    content = (tmp_path / name).read_bytes()
    assert (gzip.decompress(content) if name.endswith("gz") else content) == LABELS


def test_written_gzip_has_no_time_stamp(tmp_path: Path) -> None:
    write_idx(tmp_path / "a.gz", np.arange(3, dtype=np.uint8))
    assert (tmp_path / "a.gz").read_bytes()[4:8] == b"\0\0\0\0"


def test_write_refuses_other_types(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="int64"):
        write_idx(tmp_path / "a", np.arange(3))
    assert not (tmp_path / "a").exists()


DAMAGE = {
    "empty": (b"", "an empty file"),
    "empty in gzip": (gzip.compress(b""), "an empty file"),
    "cut magic": (LABELS[:3], "3 bytes"),
    "wrong magic": (b"PK\x03\x04" + LABELS[4:], "50 4b 03 04"),
    "wrong dtype": (b"\0\0\x0d\x01" + LABELS[4:], r"0x0d \(float32\)"),
    "unknown dtype": (b"\0\0\x07\x01" + LABELS[4:], r"0x07 \(unknown\)"),
    "images for labels": (
        IMAGES,
        r"found an IDX file with 3 dimension\(s\); expected one with 1; are images and labels swapped\?",
    ),
    "cut header": (LABELS[:6], "cut after 6 bytes"),
    "no items": (LABELS[:4] + bytes(4), r"shape \(0,\)"),
    "truncated": (LABELS[:-1], "truncated file with 2 bytes"),
    "trailing": (LABELS + b"\0", "trailing bytes"),
    "trailing in gzip": (gzip.compress(LABELS + b"\0"), "trailing bytes"),
    "truncated gzip": (gzip.compress(LABELS)[:-9], "a truncated gzip stream"),
    "gzip checksum": (gzip.compress(LABELS)[:-8] + b"\0\0\0\0" + gzip.compress(LABELS)[-4:], "a corrupt gzip stream"),
    "gzip body": (gzip.compress(LABELS)[:10] + b"\xff" * 20, "a corrupt gzip stream"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_each_damage_has_its_own_message(tmp_path: Path, kind: str) -> None:
    content, message = DAMAGE[kind]
    path = save(tmp_path, content)
    with pytest.raises(DataFileError, match=message) as error:
        read_idx(path, 1)
    assert str(path) in str(error.value)


def test_absent_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="No such file"):
        read_idx(tmp_path / "absent", 1)
    with pytest.raises(DataFileError, match="unreadable"):
        read_idx(tmp_path, 1)


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_a_lying_header_allocates_nothing(tmp_path: Path, wrap) -> None:
    path = save(tmp_path, wrap(b"\0\0\x08\x03" + b"\xff" * 12 + b"few bytes"))
    tracemalloc.start()
    try:
        with pytest.raises(DataFileError, match="truncated"):
            read_idx(path, 3)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idx")


@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=4), wrapped=st.booleans(), seed=st.integers(0, 99))
def test_what_is_written_is_read(scratch: Path, shape: list[int], wrapped: bool, seed: int) -> None:
    array = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    path = scratch / ("file.gz" if wrapped else "file")
    write_idx(path, array)
    np.testing.assert_array_equal(read_idx(path, array.ndim), array)


@given(length=st.integers(0, len(gzip.compress(IMAGES)) - 1), wrapped=st.booleans())
def test_every_truncation_is_an_error(scratch: Path, length: int, wrapped: bool) -> None:
    content = gzip.compress(IMAGES, mtime=0) if wrapped else IMAGES
    with pytest.raises(DataFileError):
        read_idx(save(scratch, content[: min(length, len(content) - 1)]), 3)


@given(position=st.integers(0, 15), value=st.integers(0, 255))
def test_a_changed_header_byte_is_an_error(scratch: Path, position: int, value: int) -> None:
    content = bytearray(IMAGES)
    content[position] = value
    path = save(scratch, bytes(content))
    if bytes(content) == IMAGES:
        assert read_idx(path, 3).shape == (2, 2, 3)
        return
    with pytest.raises(DataFileError):
        read_idx(path, 3)


@given(
    content=st.binary(max_size=64), prefix=st.sampled_from([b"", b"\x1f\x8b\x08\x00", b"\0\0\x08\x03", b"\0\0\x08\x01"])
)
def test_any_bytes_load_or_raise_a_data_file_error(scratch: Path, content: bytes, prefix: bytes) -> None:
    path = save(scratch, prefix + content)
    try:
        array = read_idx(path, 1)
    except DataFileError:
        return
    assert array.size == len(prefix + content) - 8
