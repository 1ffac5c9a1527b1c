"""Two files of text, in which line i of one translates line i of the other."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from sparse_mlp.datasets.opening import file_error, find_file, read_raw, unwrap
from sparse_mlp.errors import DataFileError, describe

SAVE_AS_UTF8 = "save the file as UTF-8"
BELONG = "do the two files belong together, and are both complete?"


class SentencePairs(NamedTuple):
    """Sentences and their translations as text.

    Attributes
    ----------
    source, target : tuple of str
        `target[i]` translates `source[i]`.
    skipped : int
        How many pairs with an empty line were left out.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    skipped: int = 0


def read_pairs(source: str | PathLike[str], target: str | PathLike[str], *, skip_empty: bool = False) -> SentencePairs:
    """Read two files of UTF-8, plain or packed by gzip, with a sentence in each line.

    Parameters
    ----------
    source, target : path-like
        The sentences and their translations.
    skip_empty : bool
        Leave out pairs in which a line is empty, instead of refusing them.

    Raises
    ------
    DataFileError
        If a file cannot be read or is not UTF-8, a line is empty, or the files have different numbers of lines.

    Warns
    -----
    UserWarning
        If the last line of a file has no end, as if the file were cut.
    """
    paths = find_file(source), find_file(target)
    sentences = [parse_sentences(path, unwrap(path, read_raw(path))) for path in paths]
    return pair_up(paths, sentences, skip_empty)


def pair_up(paths: tuple[Path, Path], sentences: list[list[str]], skip_empty: bool) -> SentencePairs:
    """Check that the lines of two files belong together; what is wrong is a `DataFileError` that names file and line.

    Parameters
    ----------
    paths : tuple of two paths
        Named in errors.
    sentences : list of two lists of str
        The lines of the files.
    skip_empty : bool
        Leave out pairs in which a line is empty.
    """
    numbers = [len(lines) for lines in sentences]
    if numbers[0] != numbers[1]:
        found = f"{numbers[0]:,} lines in {paths[0]}, but {numbers[1]:,} in {paths[1]}"
        raise DataFileError(describe(found, "the same number of lines in both", BELONG))
    empty = {place for lines in sentences for place, line in enumerate(lines) if not line.strip()}
    if not empty:
        return SentencePairs(tuple(sentences[0]), tuple(sentences[1]))
    if not skip_empty:
        first = min(empty)
        path = paths[0] if not sentences[0][first].strip() else paths[1]
        found = f"an empty line, number {first + 1:,}"
        remedy = f"skip_empty=True leaves out the {len(empty):,} pairs with an empty line"
        raise file_error(path, found, "a sentence in each line", remedy)
    kept = [tuple(line for place, line in enumerate(lines) if place not in empty) for lines in sentences]
    if not kept[0]:
        raise file_error(paths[0], "nothing but pairs with an empty line", "sentences", "is this the right file?")
    return SentencePairs(kept[0], kept[1], len(empty))


def parse_sentences(path: Path, content: bytes | bytearray) -> list[str]:
    r"""Return the lines of a file.

    Lines end by ``\n`` only: `str.splitlines` would also cut at characters that stand within sentences, such as the
    ``\x85`` of files that were once in another encoding. A ``\r`` before it and a byte order mark are taken away.

    Parameters
    ----------
    path : Path
        Named in errors.
    content : bytes

    Raises
    ------
    DataFileError
        If the bytes are not UTF-8, or there are none.
    """
    if (place := content.find(b"\0")) >= 0:
        raise file_error(path, f"a zero byte at position {place:,}", "text in UTF-8", SAVE_AS_UTF8)
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x} at position {error.start:,} (line {line:,}): {error.reason}"
        raise file_error(path, found, "text in UTF-8", SAVE_AS_UTF8) from None
    if not text:
        raise file_error(path, "an empty file", "a sentence in each line", "is this the right file?")
    lines = text.split("\n")
    if lines[-1]:
        warnings.warn(f"{path}: the last line has no end; was the file cut?", UserWarning, stacklevel=3)
    else:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]
