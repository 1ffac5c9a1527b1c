"""MATLAB 5 files: the bytes by hand, held against SciPy on sound files, an error of its own on all damaged ones."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from sparse_mlp.datasets.mat5 import DamageError, read_variables

LIMIT = 1 << 16


def header(order: str = "<") -> bytes:
    return b"by hand".ljust(124) + struct.pack(f"{order}H", 0x0100) + (b"IM" if order == "<" else b"MI")


def element(kind: int, body: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}II", kind, len(body)) + body + bytes(-len(body) % 8)


def matrix(order: str = "<", kind: int = 9, numbers: bytes | None = None, dims=(2, 3), matlab_class: int = 6) -> bytes:
    """X = [1 2 3; 4 5 6], stored column by column, its name in a small element."""
    if numbers is None:
        numbers = struct.pack(f"{order}6d", 1, 4, 2, 5, 3, 6)
    name = struct.pack(f"{order}I", 1 << 16 | 1) + b"X\0\0\0"
    parts = (
        element(6, struct.pack(f"{order}II", matlab_class, 0), order),
        element(5, struct.pack(f"{order}{len(dims)}i", *dims), order),
        name,
        element(kind, numbers, order),
    )
    return element(14, b"".join(parts), order)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("packed", [False, True])
def test_bytes_by_hand_in_both_orders_packed_or_not(order: str, packed: bool) -> None:
    one = matrix(order)
    if packed:
        content = zlib.compress(one)
        one = struct.pack(f"{order}II", 15, len(content)) + content
    (found,) = read_variables(header(order) + one, LIMIT).items()
    assert found[0] == "X" and found[1].kind == "numbers" and found[1].shape == (2, 3)
    assert found[1].values is not None and found[1].values.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_doubles_that_matlab_stored_as_bytes() -> None:
    found = read_variables(header() + matrix(kind=2, numbers=bytes([1, 4, 2, 5, 3, 6])), LIMIT)["X"]
    assert found.values is not None and found.values.tolist() == [[1, 2, 3], [4, 5, 6]]


DAMAGE = {
    "empty": (b"", "no header"),
    "cut header": (header()[:-1], "no header"),
    "cut tag": (header() + matrix()[:5], "a truncated tag"),
    "cut matrix": (header() + matrix()[:-8], "an element of 96 bytes of which only 88"),
    "no matrix": (header() + element(9, bytes(8)), "an element of type 9"),
    "type of numbers": (header() + matrix(kind=1200), "unknown type in 'X'"),
    "too few numbers": (header() + matrix(numbers=bytes(40)), "40 bytes in 'X'"),
    "negative dimension": (header() + matrix(dims=(-2, -3)), "dimensions"),
    "no dimension": (header() + matrix(dims=()), "dimensions"),
    "huge dimensions": (header() + matrix(dims=(2**31 - 1,) * 3), "48 bytes in 'X'"),
    "nothing, hugely": (header() + matrix(numbers=b"", dims=(0, *[2**31 - 1] * 70)), "dimensions"),
    "empty matrix": (header() + element(14, b""), "a matrix without class"),
    "twice": (header() + matrix() * 2, "two variables 'X'"),
    "zlib": (header() + element(15, b"no zlib stream"), "zlib: "),
    "cut zlib": (header() + element(15, zlib.compress(matrix())[:-9]), "a truncated compressed variable"),
    "bomb": (header() + element(15, zlib.compress(bytes(1 << 24))), "more than 65,536 bytes in a variable"),
    "small": (header() + struct.pack("<I", 5 << 16 | 14) + bytes(4), "a small element of 5 bytes"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_each_damage_has_its_message(kind: str) -> None:
    content, message = DAMAGE[kind]
    with pytest.raises(DamageError, match=message):
        read_variables(content, LIMIT)


TYPES = ["<f8", "<f4", "<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"]


@given(
    shapes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=3),
    kind=st.sampled_from(TYPES),
    packed=st.booleans(),
    seed=st.integers(0, 99),
)
def test_sound_files_read_as_by_scipy(shapes: list[tuple[int, int]], kind: str, packed: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = ["X", "Y", "a_rather_long_name"]
    content = {name: rng.integers(0, 100, shape).astype(kind) for name, shape in zip(names, shapes, strict=False)}
    file = io.BytesIO()
    savemat(file, content, do_compression=packed)
    expected = loadmat(io.BytesIO(file.getvalue()))
    found = read_variables(file.getvalue(), LIMIT)
    assert set(found) == set(content)
    for name, variable in found.items():
        assert variable.values is not None and variable.values.dtype == expected[name].dtype
        np.testing.assert_array_equal(variable.values, expected[name])


def test_other_kinds_are_named() -> None:
    file = io.BytesIO()
    savemat(file, {"t": "text", "c": np.array([1, "a"], object), "s": {"field": 1}, "z": np.array([1j]), "n": [1.0]})
    found = read_variables(file.getvalue(), LIMIT)
    assert {name: variable.kind for name, variable in found.items()} == {
        "t": "text", "c": "cell", "s": "structure", "z": "complex numbers", "n": "numbers",
    }  # fmt: skip


SOUND = [header() + matrix(), header() + (lambda c: struct.pack("<II", 15, len(c)) + c)(zlib.compress(matrix()))]


@given(data=st.data())
def test_damaged_bytes_are_variables_or_a_damage_error(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SOUND)))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = read_variables(bytes(content[: data.draw(st.integers(0, len(content)))]), LIMIT)
    except DamageError:
        return
    assert all(v.values is None or v.values.shape == v.shape for v in found.values())
