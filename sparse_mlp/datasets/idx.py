"""Read and write IDX, the format of MNIST and similar sets; each kind of damage has its own message.

A file is ``00 00 08 ndim``, then `ndim` big-endian uint32 sizes, then the uint8 items.
"""

from __future__ import annotations

import gzip
import math
import struct
from os import PathLike
from pathlib import Path

import numpy as np

from sparse_mlp.datasets.opening import file_error
from sparse_mlp.errors import invalid

UINT8 = 0x08
DTYPE_NAMES = {0x08: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}


def parse_idx(path: Path, content: bytes | bytearray, ndim: int, most_items: int | None = None) -> np.ndarray:
    """Read an IDX file of unsigned bytes.

    Parameters
    ----------
    path : Path
        Named in errors.
    content : bytes
        The whole file, unpacked.
    ndim : int
        Number of dimensions the file must have: 3 for images, 1 for labels.
    most_items : int, optional
        Number of images or labels of the official file.

    Returns
    -------
    ndarray of uint8, shape as the header says
        A view of the content.

    Raises
    ------
    DataFileError
        If the content is empty, is not an IDX file, holds another type or number of dimensions, no items, more than
        `most_items`, or fewer or more bytes than its header announces.
    """
    shape = _shape(path, content, ndim)
    if most_items is not None and shape[0] > most_items:
        raise file_error(path, f"{shape[0]:,} items", f"at most {most_items:,}, the number in the official file")
    start, announced = 4 + 4 * ndim, math.prod(shape)
    wanted = f"{announced:,} bytes of items, as its header says (shape {shape})"
    if len(content) - start < announced:
        raise file_error(path, f"a truncated file with {len(content) - start:,} bytes of items", wanted)
    if len(content) - start > announced:
        raise file_error(path, "trailing bytes after the last item", wanted)
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def write_idx(path: str | PathLike[str], array: np.ndarray) -> None:
    """Write an array of unsigned bytes as IDX, gzipped (without time stamp) if the name ends in ``.gz``.

    Raises
    ------
    InvalidInputError
        If `array` is not uint8 or has no or too many dimensions.
    """
    if array.dtype != np.uint8 or not 1 <= array.ndim <= 255:
        raise invalid(f"an array of {array.dtype} with {array.ndim} dimensions", "uint8 with at least one dimension")
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, UINT8, array.ndim, *array.shape)
    content = header + array.tobytes()
    path = Path(path)
    path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if path.suffix == ".gz" else content)


def _shape(path: Path, content: bytes | bytearray, ndim: int) -> tuple[int, ...]:
    magic = bytes(content[:4])
    if not magic:
        raise file_error(path, "an empty file", f"an IDX file with {ndim} dimensions")
    if len(magic) < 4:
        raise file_error(path, f"{len(magic)} bytes", "at least the 4 bytes of an IDX magic number")
    if magic[:2] != b"\0\0":
        wanted = f"00 00 08 {ndim:02x}, the magic number of an IDX file"
        raise file_error(path, f"the first bytes {magic.hex(' ')}", wanted, "is this another kind of file?")
    if magic[2] != UINT8:
        kind = DTYPE_NAMES.get(magic[2], "unknown")
        raise file_error(path, f"the IDX dtype code 0x{magic[2]:02x} ({kind})", "0x08 (uint8)")
    if magic[3] != ndim:
        remedy = "are images and labels swapped?"
        raise file_error(path, f"an IDX file with {magic[3]} dimension(s)", f"one with {ndim}", remedy)
    sizes = content[4 : 4 + 4 * ndim]
    if len(sizes) < 4 * ndim:
        raise file_error(path, f"a header cut after {4 + len(sizes)} bytes", f"{4 + 4 * ndim} bytes")
    shape = struct.unpack(f">{ndim}I", sizes)
    if 0 in shape:
        raise file_error(path, f"the shape {shape}, which has no items", "at least one item")
    return shape
