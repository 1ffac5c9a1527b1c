"""Open a file that may be gzipped; whatever is wrong with it becomes a `DataFileError`."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast

from sparse_mlp.errors import DataFileError, describe

REFETCH = "delete the file and fetch it again"
GZIP_MAGIC = b"\x1f\x8b"
PIECE = 1 << 20


def file_error(path: str | PathLike[str], found: str, wanted: str, remedy: str = REFETCH) -> DataFileError:
    """Build a `DataFileError` that names the file, what was found in it, what was expected, and what to do."""
    return DataFileError(f"{path}: {describe(found, wanted, remedy)}")


@contextmanager
def open_unwrapped(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read its uncompressed bytes; gzip is recognised by its content, not by its name.

    Raises
    ------
    DataFileError
        If the file cannot be opened or read, or if its gzip wrapper is cut or corrupt.
    """
    try:
        with _open(path) as stream:
            yield stream
    except EOFError:
        raise file_error(path, "a truncated gzip stream", "a complete one") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise file_error(path, f"a corrupt gzip stream ({error})", "an intact one") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise file_error(path, f"an unreadable file ({reason})", "a readable file", "check the path") from None


def read_at_most(stream: BinaryIO, limit: int) -> bytearray:
    """Return the bytes of a stream up to its end or to `limit`, which bounds the memory that a gzip file can take."""
    content = bytearray()
    # Reading on to the end, or one byte beyond what is allowed, makes gzip check its own checksum.
    while len(content) < limit and (piece := stream.read(min(PIECE, limit - len(content)))):
        content += piece
    return content


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        wrapped = stream.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path, "rb")) if wrapped else path.open("rb")
