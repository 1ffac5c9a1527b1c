"""Read CSV and TSV: a line of names, then one sample per line; numbers, or columns of text."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sparse_mlp.datasets.opening import file_error, parsing
from sparse_mlp.datasets.part import LARGEST, Choice, Part, Wanted, choose, find_column

MISSING = frozenset(("", "?", "na", "n/a", "nan", "null"))
BLOCK = 1 << 18  # cells at a time
HEADER_BYTES = 1 << 20
WANTED = "a table with a line of names and one sample per line"
REPAIR = "repair that line"
UTF8 = "save it as UTF-8"

Rows = list[tuple[int, list[str]]]  # line in the file, cells


def read_csv(path: Path, content: bytes | bytearray, wanted: Wanted, like: Part | None = None) -> Part:
    """Read a table separated by commas, or by semicolons if its first line has no comma.

    Parameters
    ----------
    path : Path
        Named in errors.
    content : bytes
        The whole file, unpacked.
    wanted : Wanted
        The target, and the columns that are left out or hold text.
    like : Part, optional
        Training samples, whose columns the test samples must have.

    Raises
    ------
    DataFileError
        If it is empty, is not UTF-8, has no names, lines of another length, or a sample without a label.
    InvalidInputError
        If the columns that are asked for are not there.

    Warns
    -----
    UserWarning
        If the first column has no name and counts rows: it is left out, since it gives the class away where a file is
        sorted.
    """
    first = bytes(content[:HEADER_BYTES]).partition(b"\n")[0]
    return _read(path, content, wanted, like, "," if b"," in first or b";" not in first else ";")


def read_tsv(path: Path, content: bytes | bytearray, wanted: Wanted, like: Part | None = None) -> Part:
    """Read a table separated by tabs, otherwise as `read_csv`."""
    return _read(path, content, wanted, like, "\t")


def _read(path: Path, content: bytes | bytearray, wanted: Wanted, like: Part | None, separator: str) -> Part:
    check_utf8(path, content)
    stream = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    with parsing(path, WANTED, "save it again as CSV"):
        rows = csv.reader(stream, delimiter=separator, strict=True)
        names = _names(path, next((row for row in rows if row), []))
        numbered = ((rows.line_num, row) for row in rows if row)
        choice = choose(path, names, wanted, like)
        index = names[0] == ""
        features = [k for k in choice.features if names[k]]
        columns = _Columns(path, names, Choice(choice.target, features), _texts(names, wanted, like), index)
        columns.odd = content.find(b"_", content.find(b"\n")) >= 0
        while block := list(itertools.islice(numbered, max(1, BLOCK // len(names)))):
            columns.add(block)
        return columns.part()


def check_utf8(path: Path, content: bytes | bytearray) -> None:
    """Refuse text of another encoding.

    Raises
    ------
    DataFileError
        Naming the line.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:HEADER_BYTES]:
        raise file_error(path, "bytes that are not UTF-8 (UTF-16?)", "text in UTF-8", UTF8)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte {content[error.start]:02x} in line {line:,}, which is not UTF-8"
        raise file_error(path, found, "text in UTF-8", UTF8) from None


def _names(path: Path, header: Sequence[str]) -> list[str]:
    names = [name.strip() for name in header]
    if not any(names):
        raise file_error(path, "an empty file", WANTED, "is this the right file?")
    if all(_is_number(name) for name in names):
        raise file_error(path, "a first line of numbers only", "the names of the columns", "add a header")
    seen: set[str] = set()
    for k, name in enumerate(names):
        if not name and k:
            raise file_error(path, f"no name of column {k} in line 1", "a name for each column", REPAIR)
        if name in seen:
            raise file_error(path, f"two columns {name!r} in line 1", "each name once", "rename one of them")
        seen.add(name)
    return names


def _texts(names: Sequence[str], wanted: Wanted, like: Part | None) -> set[str]:
    if like is not None:
        return set(like.texts)
    return {names[find_column(names, column, "--one-hot")] for column in wanted.one_hot}


class _Columns:
    """Collect a table block by block, so that only its numbers take memory."""

    def __init__(self, path: Path, names: list[str], choice: Choice, texts: set[str], index: bool) -> None:
        self.path, self.names, self.choice, self.index = path, names, choice, index
        self.numeric = [k for k in choice.features if names[k] not in texts]
        numeric = set(self.numeric)
        self.is_numeric = [k in numeric for k in range(len(names))]
        self.texts: dict[str, list[str | None]] = {names[k]: [] for k in choice.features if names[k] in texts}
        self.blocks: list[Any] = []
        self.labels: list[str] = []
        self.lines: list[int] = []
        self.stray: dict[str, tuple[str, int]] = {}
        self.counting: set[str] = set()
        self.odd = True  # some cell may be like 1_000, which Python reads as a number

    def add(self, block: Rows) -> None:
        width = len(self.names)
        for line, row in block:
            if len(row) != width:
                raise file_error(self.path, f"{len(row):,} values in line {line:,}", f"{width:,}, as in line 1", REPAIR)
        lines = [line for line, _ in block]

        def column(k: int) -> list[str]:
            return [row[k] for _, row in block]

        self.blocks.append(self._at_once(block) if not self.odd else None)
        if self.blocks[-1] is None:
            numbers = [self._numbers(self.names[k], column(k), lines) for k in self.numeric]
            self.blocks[-1] = np.array(numbers, np.float32).reshape(len(numbers), len(block)).T
        for name, values in self.texts.items():
            cells = map(str.strip, column(self.names.index(name)))
            values.extend(None if cell.lower() in MISSING else cell for cell in cells)
        for line, cell in zip(lines, column(self.choice.target), strict=True):
            if cell.strip().lower() in MISSING:
                found = f"no {self.names[self.choice.target]} in line {line:,}"
                raise file_error(self.path, found, "a class of each sample", "remove that line, or fill it in")
            self.labels.append(cell.strip())
        self.lines += lines
        if self.index:
            self.counting.update(cell.strip() for cell in column(0))

    def part(self) -> Part:
        if not self.lines:
            raise file_error(self.path, "no line after that of the names", WANTED, "is this the right file?")
        if self.index:
            self._check_index()
        names = self.names
        return Part(
            np.concatenate(self.blocks), np.array(self.labels), self.path, names[self.choice.target],
            tuple(names[k] for k in self.choice.features), self.texts, stray=self.stray, lines=np.array(self.lines),
        )  # fmt: skip

    def _check_index(self) -> None:
        if len(self.counting) < len(self.lines) or not all(re.fullmatch(r"\d+", cell) for cell in self.counting):
            raise file_error(self.path, "no name of column 0 in line 1", "a name for each column", REPAIR)
        words = "its first column has no name and counts rows: it is left out, as it would give the order away"
        warnings.warn(f"{self.path}: {words}", stacklevel=2)

    def _at_once(self, block: Rows) -> np.ndarray | None:
        """Return the numbers of whole lines, several times as fast; None if there are others than plain numbers."""
        cells = itertools.chain.from_iterable(itertools.compress(row, self.is_numeric) for _, row in block)
        try:
            values = np.fromiter(map(float, cells), float, len(block) * len(self.numeric))
        except ValueError:
            return None
        plain = values.size == 0 or (np.isfinite(values).all() and np.abs(values).max() <= LARGEST)
        return values.astype(np.float32).reshape(len(block), len(self.numeric)) if plain else None

    def _numbers(self, name: str, cells: Sequence[str], lines: Sequence[int]) -> np.ndarray:
        """Return cells as float64, NaN where a value is missing; the first text of a column is noted."""
        values = None
        if "_" not in "".join(cells):
            with contextlib.suppress(ValueError):
                values = np.array(list(map(float, cells)))
        if values is None or np.isinf(values).any():
            values = np.array(list(self._one_by_one(name, cells, lines)))
        if len(wrong := np.flatnonzero(np.abs(values) > LARGEST)):
            found = f"{cells[wrong[0]].strip()} in line {lines[wrong[0]]:,}, column {name!r}"
            raise file_error(self.path, found, "a number that float32 can hold", "scale the column")
        return values

    def _one_by_one(self, name: str, cells: Sequence[str], lines: Sequence[int]) -> Iterator[float]:
        for cell, line in zip(cells, lines, strict=True):
            if _is_number(cell):
                yield float(cell)
                continue
            if cell.strip().lower() not in MISSING:
                self.stray.setdefault(name, (cell.strip(), line))
            yield np.nan


def _is_number(cell: str) -> bool:
    try:
        return "_" not in cell and "inf" not in cell.lower() and not np.isnan(float(cell))
    except ValueError:
        return False
