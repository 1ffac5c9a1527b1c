"""Build a data set from the files of a table, and split it where there is no official split."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sparse_mlp.datasets.checksums import Verdict, judge, mismatch_error, what_is_verified
from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.file_sets import FileSpec
from sparse_mlp.datasets.idx_sets import check_pair
from sparse_mlp.datasets.locate import Location
from sparse_mlp.datasets.mat import parse_mat
from sparse_mlp.datasets.opening import file_error, open_unwrapped, read_at_most
from sparse_mlp.datasets.split import describe_split, stratified_split
from sparse_mlp.datasets.table_registry import MatSet, TableSet
from sparse_mlp.datasets.text_table import parse_text
from sparse_mlp.errors import InvalidInputError

BYTES_PER_NUMBER = 32  # more than any file needs, text included
HEADERS = 1 << 20


@dataclass(frozen=True)
class Content:
    """The content of a file: rows float32 (n, features), classes int64 (n,), and whether it is the official file.

    One of the two is empty for a file that holds only the other.
    """

    rows: np.ndarray
    classes: np.ndarray
    verdict: Verdict

    @property
    def samples(self) -> int:
        """Return the number of samples."""
        return max(len(self.rows), len(self.classes))


def examine(entry: TableSet, file: FileSpec, path: Path) -> tuple[int, Verdict]:
    """Read one file: return the number of its samples and whether it is the official one.

    Raises
    ------
    DataFileError
        If the file is damaged or holds something else.
    """
    content = read_file(entry, file, path)
    return content.samples, content.verdict


def read_file(entry: TableSet, file: FileSpec, path: Path) -> Content:
    """Read one file of a table: rows, classes, or both.

    Raises
    ------
    DataFileError
        If the file is damaged or holds something else.
    """
    limit = HEADERS + file.items * (entry.n_features + 1) * BYTES_PER_NUMBER
    with open_unwrapped(path) as stream:
        raw = bytes(read_at_most(stream, limit + 1))
    if len(raw) > limit:
        raise file_error(path, f"more than {limit:,} bytes", f"a table of {file.items:,} × {entry.n_features:,}")
    rows, labels = _parse(entry, file, path, raw)
    rows, classes = _upright(entry, _finite(path, rows)), _classes(entry, path, labels)
    digest = hashlib.sha256(raw).hexdigest()
    return Content(rows, classes, judge(file, path, max(len(rows), len(classes)), digest))


def _parse(entry: TableSet, file: FileSpec, path: Path, raw: bytes) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(entry, MatSet):
        return parse_mat(path, raw, entry.n_features, file.items)
    if file.role.endswith("labels"):
        return np.empty((0, entry.n_features)), parse_text(path, raw, 1, file.items)[:, 0]
    return parse_text(path, raw, entry.n_features, file.items), np.empty(0)


def load_table_set(entry: TableSet, location: Location) -> Dataset:
    """Build the data set from the files of a complete location.

    Parameters
    ----------
    entry : TableSet
        The data set.
    location : Location
        Where its files are; none may be missing.

    Returns
    -------
    Dataset
        Values as in the file. A set of one file is split here, always in the same way: stratified, a third to test.

    Raises
    ------
    DataFileError
        If a file is damaged, or has the official number of samples but not the official content.
    """
    contents: dict[str, Content] = {}
    for file in entry.files:
        path = location.found[file.role]
        contents[file.role] = read_file(entry, file, path)
        if contents[file.role].verdict.status == "mismatch":
            raise mismatch_error(file, path, contents[file.role].verdict)
    parts: list[np.ndarray] = []
    split = ""
    if isinstance(entry, MatSet):
        parts, split = _split(contents["table"], location.found["table"])
    else:
        for part in ("train", "test"):
            rows, labels = f"{part}_rows", f"{part}_labels"
            check_pair(location.found[rows], contents[rows].samples, location.found[labels], contents[labels].samples)
            parts += [contents[rows].rows, contents[labels].classes]
    verified = what_is_verified({file.name: contents[file.role].verdict for file in entry.files})
    train_x, train_y, test_x, test_y = parts
    return Dataset(
        name=entry.name,
        train_x=train_x,
        train_y=train_y,
        test_x=test_x,
        test_y=test_y,
        n_classes=entry.n_classes,
        image_shape=entry.image_shape,
        class_names=entry.class_names,
        provenance=f"{entry.title}: {verified}; {split}{entry.citation}; {entry.licence}",
    )


def _split(content: Content, path: Path) -> tuple[list[np.ndarray], str]:
    x, y = content.rows, content.classes
    try:
        train, test = stratified_split(y)
    except InvalidInputError as error:
        raise file_error(path, f"a table that cannot be split ({error})", "the whole table") from None
    return [x[train], y[train], x[test], y[test]], f"split here: {describe_split(len(train), len(test))}; "


def _finite(path: Path, rows: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = rows.astype(np.float32)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0]
        raise file_error(path, f"{rows[row, column]} in row {row:,}, column {column:,}", "a finite number")
    return values


def _upright(entry: TableSet, rows: np.ndarray) -> np.ndarray:
    """Return images row by row, which MATLAB stores column by column; tables are unchanged."""
    if entry.image_shape is None:
        return rows
    return np.swapaxes(rows.reshape(-1, *entry.image_shape[::-1]), 1, 2).reshape(rows.shape)


def _classes(entry: TableSet, path: Path, labels: np.ndarray) -> np.ndarray:
    """Return the position of each label among those of the set."""
    known = np.array(entry.labels)
    wrong = np.flatnonzero(~np.isin(labels, known))
    if wrong.size:
        found = f"label {labels[wrong[0]]:g} in row {wrong[0]:,} ({wrong.size:,} such labels)"
        raise file_error(path, found, f"one of {', '.join(map(str, entry.labels))}")
    return np.searchsorted(known, labels).astype(np.int64)
