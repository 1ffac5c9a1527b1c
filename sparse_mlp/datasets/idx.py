"""Read and write IDX, the format of MNIST and similar sets; each kind of damage has its own message.

A file is ``00 00 08 ndim``, then `ndim` big-endian uint32 sizes, then the uint8 items; it may be wrapped in gzip.
The header is not trusted with memory: items are read piece by piece and compared with the announced number.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sparse_mlp.datasets.opening import file_error, open_unwrapped
from sparse_mlp.errors import invalid

UINT8 = 0x08
DTYPE_NAMES = {0x08: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}
PIECE = 1 << 20


def read_idx(path: str | PathLike[str], ndim: int) -> np.ndarray:
    """Read one IDX file of unsigned bytes, gzipped or not (recognised by its content, not by its name).

    Parameters
    ----------
    path : path-like
        The file.
    ndim : int
        Number of dimensions the file must have: 3 for images, 1 for labels.

    Returns
    -------
    ndarray of uint8, shape as the header says

    Raises
    ------
    DataFileError
        If the file cannot be opened, is empty, is not an IDX file, holds another type or number of dimensions, holds no
        items, holds fewer or more bytes than its header announces, or if its gzip wrapper is cut or corrupt.
    """
    path = Path(path)
    with open_unwrapped(path) as stream:
        return _read_items(stream, path, _read_shape(stream, path, ndim))


def write_idx(path: str | PathLike[str], array: np.ndarray) -> None:
    """Write an array of unsigned bytes as IDX, gzipped (without time stamp) if the name ends in ``.gz``.

    Raises
    ------
    InvalidInputError
        If `array` is not uint8 or has no or too many dimensions.
    """
    if array.dtype != np.uint8 or not 1 <= array.ndim <= 255:
        raise invalid(f"an array of {array.dtype} with {array.ndim} dimensions", "uint8 with at least one dimension")
    content = _header(array.shape) + array.tobytes()
    path = Path(path)
    path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if path.suffix == ".gz" else content)


def sha256_of(array: np.ndarray) -> str:
    """Return the SHA-256 of the unwrapped IDX file that holds `array` (uint8).

    The header follows from the shape, so this is the checksum of the uncompressed bytes on disk. (Gzip wrappers differ
    from mirror to mirror.)
    """
    digest = hashlib.sha256(_header(array.shape))
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _header(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, UINT8, len(shape), *shape)


def _read_shape(stream: BinaryIO, path: Path, ndim: int) -> tuple[int, ...]:
    magic = stream.read(4)
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
    sizes = stream.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise file_error(path, f"a header cut after {4 + len(sizes)} bytes", f"{4 + 4 * ndim} bytes")
    shape = struct.unpack(f">{ndim}I", sizes)
    if 0 in shape:
        raise file_error(path, f"the shape {shape}, which has no items", "at least one item")
    return shape


def _read_items(stream: BinaryIO, path: Path, shape: tuple[int, ...]) -> np.ndarray:
    announced = math.prod(shape)
    items = bytearray()
    # One byte more than announced is read: it shows trailing bytes and makes gzip check its own checksum.
    while len(items) <= announced:
        piece = stream.read(min(PIECE, announced + 1 - len(items)))
        if not piece:
            break
        items += piece
    wanted = f"{announced:,} bytes of items, as its header says (shape {shape})"
    if len(items) < announced:
        raise file_error(path, f"a truncated file with {len(items):,} bytes of items", wanted)
    if len(items) > announced:
        raise file_error(path, "trailing bytes after the last item", wanted)
    return np.frombuffer(items, dtype=np.uint8).reshape(shape)
