"""Find samples and labels among arrays: those of a `.npz`, `.npy` or MATLAB file, or given in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sparse_mlp.datasets.opening import file_error
from sparse_mlp.datasets.part import LARGEST, Part, Wanted, find_column, listed
from sparse_mlp.errors import SparseMLPError, invalid

SAMPLES, LABELS = ("X_train", "X"), ("y_train", "y")
TEST_SAMPLES, TEST_LABELS = ("X_test",), ("y_test",)
Arrays = Mapping[str, Any]


def parts_of(path: Path, found: Arrays, target: str | None = None, y: np.ndarray | None = None) -> list[Part]:
    """Return the training samples of a file and, if it has some, the test samples.

    Parameters
    ----------
    path : Path
        Named in errors.
    found : mapping of str to array
        `X_train y_train [X_test y_test]` or `X y [X_test y_test]`, in any case; or the samples may be the only table.
    target : str, optional
        Name of the labels, instead.
    y : ndarray, optional
        Labels from another file, instead.

    Raises
    ------
    DataFileError
        If samples or labels are not there, or do not fit together.
    InvalidInputError
        If the target is not there.
    """
    label = "y" if y is not None else _label(path, found, target)
    sample = lookup(found, SAMPLES) or _only_table(path, found, label)
    parts = [make_part(found[sample], found[label] if y is None else y, path, target or label)]
    tests = lookup(found, TEST_SAMPLES), lookup(found, TEST_LABELS)
    if any(tests):
        if not all(tests):
            raise file_error(path, f"only {tests[0] or tests[1]} of the test samples", "X_test and y_test")
        parts.append(make_part(found[tests[0]], found[tests[1]], path, tests[1]))
    return parts


def lookup(found: Arrays, names: Sequence[str]) -> str:
    """Return the first of the names that an array has, whatever its case; empty if none has."""
    for name in names:
        if name in found:
            return name
        if same := [key for key in found if key.lower() == name.lower()]:
            return same[0]
    return ""


def make_part(x: Any, y: Any, path: Path | None = None, target: str = "y", wanted: Wanted | None = None) -> Part:
    """Check an array of samples and its labels, and bring them into the usual form.

    Parameters
    ----------
    x : array, sparse matrix or DataFrame
        (n, features); images (n, height, width), (n, height, width, 3) or (n, 3, height, width), which become planes;
        those of uint8 are divided by 255.
    y : array
        (n,) or (n, 1): whole numbers or text.
    wanted : Wanted, optional
        Columns of a DataFrame to leave out, and those of text.

    Raises
    ------
    DataFileError or InvalidInputError
        If one of them has another shape or type.
    """
    names: tuple[str, ...] = ()
    texts: dict[str, list[str | None]] = {}
    if hasattr(x, "columns"):
        names, texts, x = _of_frame(x, wanted or Wanted())
    elif wanted and (wanted.ignore or wanted.one_hot):
        raise invalid("ignore or one_hot with an array", "a DataFrame, whose columns have names")
    y = np.asarray(y)
    labels = y.ravel() if y.ndim == 2 and 1 in y.shape else y
    if labels.ndim != 1:
        remedy = "one-hot labels: y.argmax(axis=1)" if labels.ndim == 2 else "one label for each sample"
        raise _fault(path, f"{target} of shape {y.shape}", "(n,) or (n, 1)", remedy)
    if labels.dtype.kind not in "biufUO":
        raise _fault(path, f"{target} of {y.dtype}", "whole numbers or text", "encode the classes")
    if labels.dtype == object:
        labels = np.array([str(label) for label in labels])
    rows, shape = _sparse_rows(x, path) if hasattr(x, "tocsr") else _dense_rows(np.asarray(x), path)
    if rows.shape[0] != len(labels) or not len(labels):
        raise _fault(path, f"{rows.shape[0]:,} samples and {len(labels):,} labels", "as many, and at least one", "")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise _fault(path, f"no {target} in row {np.flatnonzero(np.isnan(labels))[0]:,}", "a class of each sample", "")
    return Part(rows, labels, path, target, names, texts, image_shape=shape)


def _of_frame(frame: Any, wanted: Wanted) -> tuple[tuple[str, ...], dict[str, list[str | None]], np.ndarray]:
    """Return the names of all features of a DataFrame, its columns of text, and its numbers."""
    names = [str(name) for name in frame.columns]
    left_out = {find_column(names, column, "ignore") for column in wanted.ignore}
    one_hot = {find_column(names, column, "one_hot") for column in wanted.one_hot} - left_out
    texts: dict[str, list[str | None]] = {
        names[k]: [None if value is None or value != value else str(value) for value in frame.iloc[:, k]]
        for k in sorted(one_hot)
    }
    numeric = [k for k in range(len(names)) if k not in left_out | one_hot]
    for k in numeric:
        if np.asarray(frame.iloc[:0, k]).dtype.kind not in "biuf":
            remedy = f"one_hot=[{names[k]!r}], or ignore=[{names[k]!r}]"
            raise invalid(f"column {names[k]!r} of {frame.dtypes.iloc[k]}", "numbers", remedy)
    kept = tuple(name for k, name in enumerate(names) if k not in left_out)
    return kept, texts, frame.iloc[:, numeric].to_numpy(np.float64)


def _sparse_rows(x: Any, path: Path | None) -> tuple[Any, None]:
    from scipy.sparse import csr_array

    if x.dtype.kind not in "biuf":
        raise _fault(path, f"X of {x.dtype}", "real numbers", "")
    rows = csr_array(x)
    _check_range(rows.data, path)
    return csr_array(rows, dtype=np.float32), None


def _dense_rows(x: np.ndarray, path: Path | None) -> tuple[np.ndarray, tuple[int, ...] | None]:
    if x.dtype.kind not in "biuf":
        raise _fault(path, f"X of {x.dtype}", "real numbers", "encode text, take .real or .filled(...)")
    if x.ndim == 4 and x.shape[3] == 3:
        x = x.transpose(0, 3, 1, 2)
    if x.ndim not in (2, 3, 4) or (x.ndim == 4 and x.shape[1] != 3) or not (x.size or x.ndim == 2):
        wanted = "(n, features), or images (n, h, w), (n, h, w, 3) or (n, 3, h, w)"
        raise _fault(path, f"X of shape {x.shape}", wanted, "")
    _check_range(x, path)
    shape = tuple(map(int, x.shape[1:])) if x.ndim > 2 else None
    rows = np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32)
    return (rows / np.float32(255) if shape and x.dtype == np.uint8 else rows), shape


def _check_range(values: np.ndarray, path: Path | None) -> None:
    if values.dtype.kind != "f" or not values.size:
        return
    for bound in (np.nanmax, np.nanmin) if not np.isnan(values).all() else ():
        if abs(value := float(bound(values))) > LARGEST:
            raise _fault(path, f"the value {value}", "a number that float32 can hold", "scale the feature")


def _label(path: Path, found: Arrays, target: str | None) -> str:
    name = lookup(found, LABELS if target is None else [target])
    if not name:
        words = "no labels" if target is None else f"--target {target}"
        raise invalid(f"{words} in {path}", "--target NAME, the labels", f"there are {listed(list(found)) or 'none'}")
    if isinstance(found[name], str) or hasattr(found[name], "tocsr"):
        raise file_error(path, f"{name}, which is no list of labels", "whole numbers or text")
    return name


def _only_table(path: Path, found: Arrays, label: str) -> str:
    tables = [name for name, array in found.items() if name != label and _is_table(array)]
    if len(tables) != 1:
        raise file_error(path, f"{listed(list(found)) or 'nothing'}", "samples X", "call them X and y")
    return tables[0]


def _is_table(array: Any) -> bool:
    return not isinstance(array, str) and array.dtype.kind in "biuf" and array.ndim == 2 and 1 not in array.shape


def _fault(path: Path | None, found: str, wanted: str, remedy: str) -> SparseMLPError:
    return invalid(found, wanted, remedy) if path is None else file_error(path, found, wanted, remedy)
