"""Samples from files of your own, or from arrays: find the files, read them, hand them on to be prepared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sparse_mlp.datasets.arff import read_arff
from sparse_mlp.datasets.arrays import parse_npy, parse_npz, sparse_of
from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.delimited import read_csv, read_tsv
from sparse_mlp.datasets.mat import parse_mat
from sparse_mlp.datasets.mat_process import one_reader
from sparse_mlp.datasets.opening import (
    BZIP2,
    GZIP,
    SUFFIXES,
    Source,
    by_name,
    file_error,
    find_file,
    read_source,
    stem,
    suffix_of,
    unwrap,
)
from sparse_mlp.datasets.part import Part, Wanted
from sparse_mlp.datasets.prepare import make_dataset, missing_values
from sparse_mlp.datasets.split import SPLIT_SEED, TEST_SHARE
from sparse_mlp.datasets.svmlight import read_svmlight
from sparse_mlp.datasets.variables import make_part, parts_of
from sparse_mlp.errors import InvalidInputError, check_choice, check_fraction, check_integer, invalid

FORMATS = tuple(dict.fromkeys(SUFFIXES.values()))
TABLES: dict[str, Callable[..., Part]] = {"csv": read_csv, "tsv": read_tsv, "arff": read_arff}
SIGNATURES = {
    b"PK\x03\x04": "a zip file (.npz, .xlsx)", b"\x93NUMPY": "a .npy file", b"\x89HDF": "an HDF5 file",
    b"MATLAB": "a MATLAB file", b"%PDF": "a PDF", b"PAR1": "a Parquet file", b"\xd0\xcf\x11\xe0": "an Excel file",
    b"SQLite": "an SQLite file", b"\x80\x04": "a Python pickle", b"\x80\x05": "a Python pickle",
    b"<!DOC": "a web page", b"<html": "a web page",
}  # fmt: skip
EXPECTED = {"npz": b"PK\x03\x04", "npy": b"\x93NUMPY", "mat": b"MATLAB"}
MISSING = ("error", "drop", "mean")


def load_file(
    path: str | PathLike[str],
    data_dir: str | PathLike[str] | None = None,
    *,
    format: str | None = None,
    target: str | int | None = None,
    test: str | PathLike[str] | None = None,
    test_target: str | PathLike[str] | None = None,
    test_fraction: float = TEST_SHARE,
    split_seed: int = SPLIT_SEED,
    missing: str = "error",
    ignore: Sequence[str] = (),
    one_hot: Sequence[str] = (),
) -> Dataset:
    """Load samples from a file; see `load` for all options."""
    _check_options(test_fraction, split_seed, missing, test)
    parts, sha256 = _read_files(path, data_dir, format, target, test, test_target, ignore, one_hot)
    if len(parts) > 2 or (len(parts) > 1 and test is None and not _usual_split(test_fraction, split_seed)):
        option = "--test" if test else "--test-fraction or --split-seed"
        raise invalid(f"{option} with a file that has test samples", "one of the two", "its X_test is tested on")
    return make_dataset(
        stem(Path(path)), parts[0], parts[1] if len(parts) > 1 else None, test_fraction=test_fraction,
        split_seed=split_seed, missing=missing, sha256=sha256,
    )  # fmt: skip


def inspect_file(
    path: str | PathLike[str],
    data_dir: str | PathLike[str] | None = None,
    *,
    format: str | None = None,
    target: str | int | None = None,
    ignore: Sequence[str] = (),
    one_hot: Sequence[str] = (),
    **unused: Any,
) -> dict[str, Any]:
    """Describe the samples of a file as they are: nothing is split or filled in.

    Returns
    -------
    dict
        Keys ``path``, ``target``, ``rows``, ``columns`` (features), ``text`` (columns that are not numbers),
        ``classes`` (label → samples), ``missing`` (column → values).
    """
    (part, *_), _ = _read_files(path, data_dir, format, target, None, None, ignore, one_hot)
    labels, counts = np.unique(part.y, return_counts=True)
    return {
        "path": str(path), "target": part.target, "rows": len(part), "columns": part.x.shape[1] + len(part.texts),
        "text": [*part.stray, *part.texts], "classes": dict(zip(map(str, labels), counts.tolist(), strict=True)),
        "missing": missing_values(part),
    }  # fmt: skip


def _read_files(
    path: str | PathLike[str], data_dir: str | PathLike[str] | None, format: str | None, target: str | int | None,
    test: str | PathLike[str] | None, test_target: str | PathLike[str] | None, ignore: Sequence[str],
    one_hot: Sequence[str],
) -> tuple[list[Part], dict[str, str]]:  # fmt: skip
    """Return the samples of all files, training samples first, and the checksums of the files."""
    path = find_file(path, data_dir)
    form = check_choice("format", format or SUFFIXES.get(suffix_of(path), ""), FORMATS)
    wanted = Wanted(target, _several("ignore", ignore), _several("one_hot", one_hot))
    if form not in TABLES and (wanted.ignore or wanted.one_hot):
        raise invalid(f"--ignore or --one-hot with {form}", f"a table with names of columns: {', '.join(TABLES)}")
    labels = [str(name) for name in (target, test_target) if is_array_file(name)]
    if len(labels) != (0 if not is_array_file(target) else 1 if test is None else 2) or (test_target and not labels):
        found = "--test-target" if test_target else "--test without --test-target"
        raise invalid(found, "--test, --target FILE.npy and --test-target FILE.npy together")
    sources = [read_source(name, data_dir) for name in (path, test) if name is not None]
    label_sources = [read_source(name, data_dir) for name in labels]
    for source in sources:
        _check_signature(source, form)
    parts = _parts(form, sources, wanted, [parse_npy(source.path, source.raw) for source in label_sources])
    return parts, by_name({source.path: source.sha256 for source in [*sources, *label_sources]})


def from_arrays(
    x: Any,
    y: Any,
    test_x: Any = None,
    test_y: Any = None,
    *,
    name: str = "arrays",
    test_fraction: float = TEST_SHARE,
    split_seed: int = SPLIT_SEED,
    missing: str = "error",
    ignore: Sequence[str] = (),
    one_hot: Sequence[str] = (),
) -> Dataset:
    """Make a data set of arrays.

    Parameters
    ----------
    x : array-like, DataFrame or sparse matrix, shape (n, features)
        Numbers, NaN where one is missing. Or images: (n, height, width), (n, height, width, 3) or
        (n, 3, height, width); those of uint8 are divided by 255. Sparse ones stay sparse.
    y : array-like, shape (n,) or (n, 1)
        Classes: whole numbers or text.
    test_x, test_y : array-like, optional
        Test samples, of the same features. Without them, samples are split.
    name : str
    test_fraction, split_seed, missing, ignore, one_hot
        As in `load`; `ignore` and `one_hot` are for the columns of a DataFrame.

    Returns
    -------
    Dataset

    Raises
    ------
    InvalidInputError
        If arrays or options do not fit together.

    Examples
    --------
    >>> data = from_arrays([[1.0], [2.0], [3.0], [4.0]], ["a", "b", "a", "b"], test_fraction=0.5)
    >>> data.class_names, data.train_x.shape
    (('a', 'b'), (2, 1))
    """
    if (test_x is None) != (test_y is None):
        raise invalid("only one of test_x and test_y", "both or none")
    _check_options(test_fraction, split_seed, missing, test_x)
    wanted = Wanted(None, _several("ignore", ignore), _several("one_hot", one_hot))
    train = make_part(x, y, wanted=wanted)
    test = None if test_x is None else make_part(test_x, test_y, target="test_y", wanted=wanted)
    if test is not None and train.names != test.names:
        raise invalid(f"test columns {test.names}", f"those of x: {train.names}")
    return make_dataset(
        name, train, test, test_fraction=test_fraction, split_seed=split_seed, missing=missing, sha256={}
    )


def is_array_file(target: Any) -> bool:
    """Tell whether labels are in a file of their own."""
    return isinstance(target, (str, PathLike)) and str(target).lower().endswith(".npy")


def _parts(form: str, sources: Sequence[Source], wanted: Wanted, labels: Sequence[Any]) -> list[Part]:
    contents = [(source.path, unwrap(source.path, source.raw)) for source in sources]
    for path, content in contents:
        if not content:
            raise file_error(path, "an empty file", f"samples in {form}", "is this the right file?")
    if form in TABLES:
        parts: list[Part] = []
        for path, content in contents:
            parts.append(TABLES[form](path, content, wanted, parts[0] if parts else None))
        return parts
    if form == "svmlight":
        if wanted.target is not None:
            raise invalid(f"--target {wanted.target} with svmlight", "no target", "the labels begin its lines")
        return read_svmlight(contents)
    target = None if labels or wanted.target is None else str(wanted.target)
    if form == "npy" and not labels:
        raise invalid("a .npy file without labels", "--target FILE.npy", "or save both: np.savez(FILE, X=X, y=y)")
    with one_reader():
        found = [_variables(form, path, content) for path, content in contents]
    several = [
        parts_of(path, arrays, target, labels[k] if labels else None)
        for k, ((path, _), arrays) in enumerate(zip(contents, found, strict=True))
    ]
    return [part for parts in several for part in parts]


def _variables(form: str, path: Path, content: bytes | bytearray) -> dict[str, Any]:
    if form == "npy":
        return {"X": parse_npy(path, content)}
    if form == "mat":
        return parse_mat(path, content)
    arrays = parse_npz(path, content)
    return {"X": sparse_of(path, arrays)} if {"format", "shape", "data"} <= set(arrays) else arrays


def _check_options(test_fraction: float, split_seed: int, missing: str, test: Any) -> None:
    check_fraction("test_fraction", test_fraction, one=False)
    check_integer("split_seed", split_seed, minimum=0)
    check_choice("missing", missing, MISSING)
    if test is not None and not _usual_split(test_fraction, split_seed):
        raise invalid("--test-fraction or --split-seed with test samples", "one of the two", "nothing is split")


def _usual_split(test_fraction: float, split_seed: int) -> bool:
    return (test_fraction, split_seed) == (TEST_SHARE, SPLIT_SEED)


def _several(option: str, columns: Sequence[str]) -> tuple[str, ...]:
    if isinstance(columns, str):
        raise InvalidInputError(f"found {option}={columns!r}; expected a list of columns; write [{columns!r}]")
    return tuple(map(str, columns))


def _check_signature(source: Source, form: str) -> None:
    """Refuse a file whose first bytes are those of another format."""
    if source.raw.startswith((GZIP, BZIP2)):
        return
    for start, kind in SIGNATURES.items():
        if source.raw.startswith(start) and EXPECTED.get(form) != start and not (form, start) == ("mat", b"\x89HDF"):
            raise file_error(source.path, kind, f"a file in {form}, as its name says", "--format names another format")
