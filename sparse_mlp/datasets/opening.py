"""Read the bytes of a file, unpacked and within bounds; whatever is wrong with it becomes a `DataFileError`."""

from __future__ import annotations

import bz2
import gzip
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparse_mlp.errors import DataFileError, SparseMLPError, describe

REFETCH = "delete the file and fetch it again"
GZIP, BZIP2 = b"\x1f\x8b", b"BZh"
PIECE = 1 << 20
WRAPPER_BYTES = 1 << 16  # more than gzip adds to bytes that cannot be packed
LEAST_LIMIT, RATIO = 1 << 30, 100


def file_error(path: str | os.PathLike[str], found: str, wanted: str, remedy: str = REFETCH) -> DataFileError:
    """Build a `DataFileError` that names the file, what was found in it, what was expected, and what to do."""
    return DataFileError(f"{path}: {describe(found, wanted, remedy)}")


def read_raw(path: Path, limit: int | None = None, remedy: str = REFETCH) -> bytes:
    """Return the bytes of a file as they are on disk; those of an official one are at most `limit` when unpacked.

    Raises
    ------
    DataFileError
        If the file cannot be read, or is longer than even its packed bytes can be.
    """
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if limit is not None and size > limit + WRAPPER_BYTES:
                raise file_error(path, f"more than {limit:,} bytes", "the official file or a part of it", remedy)
            return stream.read()
    except OSError as error:
        reason = error.strerror or str(error)
        raise file_error(path, f"an unreadable file ({reason})", "a readable file", "check the path") from None


def unwrap(path: Path, raw: bytes, limit: int | None = None, remedy: str = REFETCH) -> bytes | bytearray:
    """Return the bytes of a file that may be packed by gzip or bzip2, which its content says, not its name.

    Parameters
    ----------
    path : Path
        Named in errors.
    raw : bytes
        The file as it is on disk.
    limit : int, optional
        More bytes are refused, before they take memory. By default a multiple of the file's size.

    Raises
    ------
    DataFileError
        If the wrapper is cut or corrupt, or the content is too long or packed twice.
    """
    most = unpacked_limit(len(raw)) if limit is None else limit
    content: bytes | bytearray = raw
    if raw.startswith((GZIP, BZIP2)):
        kind = "gzip" if raw.startswith(GZIP) else "bzip2"
        content = _unpack(path, raw, most, kind)
        if content.startswith(GZIP):
            raise file_error(path, "a file that was gzipped twice", "one gzipped at most once", "unpack it once")
    if len(content) > most:
        raise file_error(path, f"more than {most:,} bytes", f"at most {most:,}, unpacked", remedy)
    return content


def unpacked_limit(size: int) -> int:
    """Return how many bytes a file of that size may unfold to where nothing else bounds them."""
    return max(LEAST_LIMIT, RATIO * size)


@contextmanager
def parsing(path: str | os.PathLike[str], wanted: str, remedy: str = REFETCH) -> Iterator[None]:
    """Turn whatever a parser raises on the bytes of a file into a `DataFileError`.

    Parsers of other libraries raise anything on damaged bytes, from `IndexError` to `tokenize.TokenError`.
    """
    try:
        yield
    except SparseMLPError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise file_error(path, f"a damaged file ({reason})", wanted, remedy) from None


def _unpack(path: Path, raw: bytes, limit: int, kind: str) -> bytearray:
    content = bytearray()
    opener = gzip.open if kind == "gzip" else bz2.open
    try:
        with opener(io.BytesIO(raw)) as stream:
            # One byte beyond the limit shows that there are more, and reading to the end checks the wrapper's checksum.
            while len(content) <= limit and (piece := stream.read(min(PIECE, limit + 1 - len(content)))):
                content += piece
    except EOFError:
        raise file_error(path, f"a truncated {kind} stream", "a complete one") from None
    except Exception as error:  # zlib.error, BadGzipFile, OSError, ValueError
        raise file_error(path, f"a corrupt {kind} stream ({error})", "an intact one") from None
    return content
