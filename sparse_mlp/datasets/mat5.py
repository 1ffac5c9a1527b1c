"""Read the numeric variables of a MATLAB 5 file.

A file is a header of 128 bytes, then elements: a tag (type and size) and as many bytes. Each is a matrix, perhaps
compressed by zlib. A matrix consists of elements again: flags with its class, dimensions, name, numbers. Cells,
structures, text and sparse matrices are recognised but not read.

`scipy.io.loadmat` reads all of these, but crashes the process on some damaged files, because it does not check the
type of the numbers. Here everything is checked; the tests compare the two readers on sound files.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

HEADER_BYTES = 128
MATRIX, COMPRESSED = 14, 15
NUMBERS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
KINDS = {1: "cell", 2: "structure", 3: "object", 4: "text", 5: "sparse matrix"}
NUMERIC_CLASSES = range(6, 16)
COMPLEX = 0x08


class DamageError(ValueError):
    """Report bytes that are not a MATLAB 5 file."""


class Variable(NamedTuple):
    """A variable: its kind in words, its shape, and its values, which are None for other kinds than numbers."""

    kind: str
    shape: tuple[int, ...]
    values: np.ndarray | None


def read_variables(content: bytes, most_bytes: int) -> dict[str, Variable]:
    """Read all variables of a file.

    Parameters
    ----------
    content : bytes
        The whole file.
    most_bytes : int
        Size up to which a compressed variable is unpacked; it bounds the memory that a file can take.

    Returns
    -------
    dict of str to Variable
        By name; numbers have the type in which they are stored.

    Raises
    ------
    DamageError
        If the bytes are not a MATLAB 5 file, or are one that is cut or damaged.
    """
    order = {b"IM": "<", b"MI": ">"}.get(content[126:HEADER_BYTES])
    if order is None:
        raise DamageError("no header of a MATLAB 5 file")
    found: dict[str, Variable] = {}
    for kind, body in _elements(memoryview(content)[HEADER_BYTES:], order):
        for inner, matrix in _elements(_unpacked(body, most_bytes), order) if kind == COMPRESSED else [(kind, body)]:
            if inner != MATRIX:
                raise DamageError(f"an element of type {inner} instead of a matrix")
            name, variable = _variable(matrix, order)
            if name in found:
                raise DamageError(f"two variables {name!r}")
            found[name] = variable
    return found


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Give type and bytes of each element."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise DamageError("a truncated tag")
        first, size = struct.unpack_from(f"{order}II", data, at)
        start, kind = at + 8, first
        if first >> 16:  # a small element: size, type and up to four bytes within one tag
            start, kind, size = at + 4, first & 0xFFFF, first >> 16
            if size > 4:
                raise DamageError(f"a small element of {size} bytes")
        if size > len(data) - start:
            raise DamageError(f"an element of {size:,} bytes of which only {len(data) - start:,} are there")
        yield kind, data[start : start + size]
        at = start + size if kind == COMPRESSED else at + 8 + (-(-size // 8) * 8 if start == at + 8 else 0)


def _unpacked(body: memoryview, most_bytes: int) -> memoryview:
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(body, most_bytes + 1)
    except zlib.error as error:
        raise DamageError(f"zlib: {error}") from None
    if len(content) > most_bytes:
        raise DamageError(f"more than {most_bytes:,} bytes in a variable")
    if not unpacker.eof:
        raise DamageError("a truncated compressed variable")
    return memoryview(content)


def _variable(matrix: memoryview, order: str) -> tuple[str, Variable]:
    parts = list(_elements(matrix, order))
    if len(parts) < 3 or len(parts[0][1]) != 8 or parts[1][0] != 5 or len(parts[1][1]) % 4:
        raise DamageError("a matrix without class, dimensions or name")
    flags = struct.unpack(f"{order}II", parts[0][1])[0]
    shape = tuple(int(n) for n in np.frombuffer(parts[1][1], f"{order}i4"))
    name = bytes(parts[2][1]).decode("latin-1")
    if min(shape, default=-1) < 0:
        raise DamageError(f"impossible dimensions {shape} of {name!r}")
    if flags >> 8 & COMPLEX:
        return name, Variable("complex numbers", shape, None)
    if flags & 0xFF not in NUMERIC_CLASSES:
        return name, Variable(KINDS.get(flags & 0xFF, f"class {flags & 0xFF}"), shape, None)
    if len(parts) != 4 or parts[3][0] not in NUMBERS:
        raise DamageError(f"numbers of an unknown type in {name!r}")
    dtype = np.dtype(order + NUMBERS[parts[3][0]])
    if len(parts[3][1]) != math.prod(shape) * dtype.itemsize:
        raise DamageError(f"{len(parts[3][1]):,} bytes in {name!r}, which does not fit its dimensions")
    try:
        values = np.frombuffer(parts[3][1], dtype).reshape(shape, order="F")
    except ValueError:  # no numbers, and dimensions beyond what an array can have
        raise DamageError(f"impossible dimensions {shape} of {name!r}") from None
    return name, Variable("numbers", shape, values)
