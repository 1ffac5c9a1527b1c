"""Samples as a reader of own data gives them: features that may be missing, labels as written, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sparse_mlp.datasets.opening import file_error
from sparse_mlp.errors import SparseMLPError, invalid

TARGETS = ("target", "label", "class", "y")
MOST_SHOWN = 30
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Part:
    """Hold samples of one file, or of one pair of arrays.

    Attributes
    ----------
    x : ndarray or csr_array of float32, shape (n, numeric features)
        NaN where a value is missing.
    y : ndarray, shape (n,)
        Labels as written: numbers or text.
    path : Path or None
        The file, named in errors; None for arrays.
    target : str
        Name of the labels.
    names : tuple of str
        All features in the order of the file, numbers and text; empty if they have no names.
    texts : dict of str to list
        Column of text → its values, None where one is missing.
    declared : dict of str to tuple of str
        Column of text → all its values, where the file declares them.
    stray : dict of str to tuple
        Column of numbers → its first value that is not a number, and its place.
    lines : ndarray or None
        Line of each sample in the file.
    image_shape : tuple of int or None
    """

    x: Any
    y: np.ndarray
    path: Path | None = None
    target: str = ""
    names: tuple[str, ...] = ()
    texts: Mapping[str, list[str | None]] = field(default_factory=dict)
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stray: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    lines: np.ndarray | None = None
    image_shape: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: np.ndarray) -> Part:
        """Return the samples at these positions."""
        return replace(
            self, x=self.x[rows], y=self.y[rows], lines=None if self.lines is None else self.lines[rows],
            texts={name: [values[row] for row in rows] for name, values in self.texts.items()},
        )  # fmt: skip

    def place(self, row: int) -> str:
        """Return where a sample is: its line in the file, or its row."""
        return f"row {row:,}" if self.lines is None else f"line {self.lines[row]:,}"

    def fault(self, found: str, wanted: str, remedy: str) -> SparseMLPError:
        """Build the error for something wrong in the samples."""
        return invalid(found, wanted, remedy) if self.path is None else file_error(self.path, found, wanted, remedy)


class Wanted(NamedTuple):
    """The columns that somebody asked for."""

    target: str | int | None = None
    ignore: tuple[str, ...] = ()
    one_hot: tuple[str, ...] = ()


class Choice(NamedTuple):
    """The columns of a table that are read: positions of the target and of the features."""

    target: int
    features: list[int]


def choose(path: Path, names: Sequence[str], wanted: Wanted, like: Part | None, default: int | None = None) -> Choice:
    """Choose the columns of a table.

    Parameters
    ----------
    path : Path
    names : sequence of str
        All columns.
    wanted : Wanted
    like : Part or None
        Training samples, whose features a test file must have, in any order.
    default : int, optional
        The target if none is named.

    Raises
    ------
    InvalidInputError
        If a column is unknown, or the target is not named and not to be guessed.
    DataFileError
        If a test file lacks a column or has other ones.
    """
    if like is not None:
        return _choose_alike(path, names, wanted, like)
    target = _target(names, wanted.target, default)
    left_out = {find_column(names, column, "--ignore") for column in wanted.ignore}
    one_hot = {find_column(names, column, "--one-hot") for column in wanted.one_hot}
    for option, columns in (("--ignore", left_out), ("--one-hot", one_hot)):
        if target in columns:
            raise invalid(f"{option} {names[target]}, the target", "a feature")
    if both := left_out & one_hot:
        raise invalid(f"{names[min(both)]} in --ignore and --one-hot", "one of the two")
    return Choice(target, [k for k in range(len(names)) if k != target and k not in left_out])


def find_column(names: Sequence[str], column: str | int, option: str) -> int:
    """Return the position of a column by its name or, where no column has that name, by its number."""
    if column in names:
        return names.index(str(column))
    try:
        return range(len(names))[int(column)]
    except (ValueError, IndexError):
        raise invalid(f"{option} {column}", f"a column: {listed(names)}", "or its number, from 0") from None


def listed(names: Sequence[str]) -> str:
    """Return names for a message, not all of very many."""
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _target(names: Sequence[str], target: str | int | None, default: int | None) -> int:
    if target is not None:
        return find_column(names, target, "--target")
    usual = [k for k, name in enumerate(names) if name.lower() in TARGETS]
    if default is None and len(usual) != 1:
        found = "several columns that may be" if usual else "no column that is called target, label, class or y, to be"
        raise invalid(f"{found} the target", "--target NAME, the column with the classes", f"columns: {listed(names)}")
    return usual[0] if default is None else default


def _choose_alike(path: Path, names: Sequence[str], wanted: Wanted, like: Part) -> Choice:
    places = {name: k for k, name in enumerate(names)}
    needed = {like.target: None, **dict.fromkeys(like.names)}
    ignored = {str(column) for column in wanted.ignore}
    lacking = [name for name in needed if name not in places]
    others = [name for name in names if name and name not in needed and name not in ignored]
    if lacking or others:
        found = f"no column {listed(lacking)}" if lacking else f"other columns: {listed(others)}"
        words = f"the columns of the training samples: {listed(list(needed))}"
        raise file_error(path, found, words, "--ignore NAME leaves out a column")
    return Choice(places[like.target], [places[name] for name in like.names])
