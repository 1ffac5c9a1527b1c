"""Find a file and read its bytes, unpacked and within bounds; what is wrong with it becomes a `DataFileError`."""

from __future__ import annotations

import bz2
import difflib
import gzip
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from sparse_mlp.datasets.text_registry import known_names
from sparse_mlp.errors import DataFileError, SparseMLPError, describe, invalid

REFETCH = "delete the file and fetch it again"
GZIP, BZIP2 = b"\x1f\x8b", b"BZh"
PIECE = 1 << 20
WRAPPER_BYTES = 1 << 16  # more than gzip adds to bytes that cannot be packed
LEAST_LIMIT, RATIO = 1 << 30, 100
SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".svm": "svmlight", ".svmlight": "svmlight", ".libsvm": "svmlight", ".npz": "npz",
    ".npy": "npy", ".arff": "arff", ".mat": "mat",
}  # fmt: skip
PACKED = (".gz", ".bz2")
OWN_DATA = "a file of your own has a known ending (.csv, .npz ...) or is written with its folder, as ./NAME"


def file_error(path: str | PathLike[str], found: str, wanted: str, remedy: str = REFETCH) -> DataFileError:
    """Build a `DataFileError` that names the file, what was found in it, what was expected, and what to do."""
    return DataFileError(f"{path}: {describe(found, wanted, remedy)}")


class Source(NamedTuple):
    """A file as it is on disk."""

    path: Path
    raw: bytes

    @property
    def sha256(self) -> str:
        """Return the checksum of its bytes."""
        return hashlib.sha256(self.raw).hexdigest()


def is_file(name: str | PathLike[str], format: str | None = None) -> bool:
    """Tell whether a name that is no known data set means a file: by its ending, a separator in it, or the format."""
    text = str(name)
    return bool(format) or not isinstance(name, str) or "/" in text or "\\" in text or suffix_of(text) in SUFFIXES


def check_name(name: str | PathLike[str], format: str | None = None) -> bool:
    """Tell whether a name means a file of your own, and refuse it if it is neither one nor a known name.

    Raises
    ------
    InvalidInputError
        With the nearest known name, whatever its case.
    """
    if name in known_names():
        return False
    if is_file(name, format):
        return True
    near = difflib.get_close_matches(str(name).lower(), known_names(), n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    wanted = "the name of one (`sparse-mlp data list`) or a file"
    raise invalid(f"--dataset {name}, which is no known data set", wanted, f"{meant}{OWN_DATA}")


def find_file(name: str | PathLike[str], data_dir: str | PathLike[str] | None = None) -> Path:
    """Return the absolute path of a file: in the folder if it is there, else where its name says.

    Raises
    ------
    DataFileError
        If there is none; files with similar names are named.
    """
    path = Path(name).expanduser()
    if data_dir is not None and (moved := Path(data_dir).expanduser() / path.name).is_file():
        path = moved
    if path.is_dir():
        raise file_error(path, "a folder", "a file", "name the file in it")
    if not path.exists():
        there = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, there, n=3)
        remedy = f"did you mean {' or '.join(near)}?" if near else "check the path"
        raise file_error(path, "no such file", "a file with samples", remedy)
    return path.resolve()


def checksums(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of files by their names."""
    digests: dict[Path, str] = {}
    for path in paths:
        try:
            with path.open("rb") as stream:
                digests[path] = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise file_error(path, f"an unreadable file ({error.strerror})", "a readable file", "check it") from None
    return by_name(digests)


def suffix_of(path: str | PathLike[str]) -> str:
    """Return the ending of a file, without that of its wrapper."""
    name = Path(path).name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return Path(name).suffix


def stem(path: Path) -> str:
    """Return the name of a file without its endings."""
    name = path.name
    for packed in PACKED:
        name = name.removesuffix(packed) if name.lower().endswith(packed) else name
    return Path(name).stem if suffix_of(path) in SUFFIXES else name


def by_name(digests: Mapping[Path, str]) -> dict[str, str]:
    """Return checksums by the names of the files, of files of the same name with their folders."""
    names = [path.name for path in digests]
    return {
        path.name if names.count(path.name) == 1 else f"{path.parent.name}/{path.name}": digest
        for path, digest in digests.items()
    }


def read_source(name: str | PathLike[str], data_dir: str | PathLike[str] | None) -> Source:
    """Return a file of your own with its bytes, which are not empty."""
    path = find_file(name, data_dir)
    raw = read_raw(path)
    if not raw:
        raise file_error(path, "an empty file", "a file with samples", "is this the right file?")
    return Source(path, raw)


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
def parsing(path: str | PathLike[str], wanted: str, remedy: str = REFETCH) -> Iterator[None]:
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
