"""Read ARFF, the format of Weka and OpenML: declared columns, then one sample per line."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from sparse_mlp.datasets.delimited import check_utf8
from sparse_mlp.datasets.opening import file_error, parsing
from sparse_mlp.datasets.part import Part, Wanted, choose

WANTED = "an ARFF file of numeric and nominal attributes"
CONVERT = "convert it to CSV"
LONGEST_QUOTED = 2**14  # characters of a line with quotes: SciPy's time to read one grows with the square of its length


def read_arff(path: Path, content: bytes | bytearray, wanted: Wanted, like: Part | None = None) -> Part:
    """Read a table; the last attribute is the target, unless another one is named.

    Parameters
    ----------
    path : Path
        Named in errors.
    content : bytes
        The whole file, unpacked.
    wanted : Wanted
    like : Part, optional
        Training samples, whose columns the test samples must have.

    Raises
    ------
    DataFileError
        If it is damaged, has attributes of text or dates, or sparse rows; SciPy's reader also fails on some quoted
        values and on those outside ASCII.
    InvalidInputError
        If the columns that are asked for are not there.
    """
    from scipy.io.arff import loadarff

    check_utf8(path, content)
    _check_lines(path, bytes(content))
    with parsing(path, WANTED, CONVERT):
        data, meta = loadarff(io.StringIO(bytes(content).decode("utf-8-sig")))
        names, kinds = list(meta.names()), list(meta.types())
        choice = choose(path, names, wanted, like, default=len(names) - 1)
        if not len(data):
            raise file_error(path, "no samples", WANTED, "is this the right file?")
        columns = {names[k]: data[names[k]] for k in [choice.target, *choice.features]}
        nominal = {name for name, kind in zip(names, kinds, strict=True) if kind == "nominal"}
        if dates := [name for name in columns if columns[name].dtype.kind not in "fS"]:
            raise file_error(path, f"dates in {dates[0]!r}", WANTED, f"--ignore {dates[0]}, or {CONVERT}")
        features = [names[k] for k in choice.features]
        numeric = [columns[name] for name in features if name not in nominal]
        with np.errstate(over="ignore"):
            x = np.column_stack(numeric).astype(np.float32) if numeric else np.empty((len(data), 0), np.float32)
        if np.isinf(x).any():
            raise file_error(path, "a number beyond float32", "one that float32 can hold", "scale the column")
        texts = {name: _texts(columns[name]) for name in features if name in nominal}
        target = columns[names[choice.target]]
        labels = _texts(target) if names[choice.target] in nominal else list(target)
        missing = [k for k, label in enumerate(labels) if label is None or label != label]
        if missing:
            found = f"no {names[choice.target]} in sample {missing[0]:,}"
            raise file_error(path, found, "a class of each sample", "remove that line")
    declared = {name: tuple(meta[name][1]) for name in texts}
    return Part(x, np.array(labels), path, names[choice.target], tuple(features), texts, declared)


def _check_lines(path: Path, content: bytes) -> None:
    for number, line in enumerate(content.splitlines(), 1):
        if len(line) > LONGEST_QUOTED and (b"'" in line or b'"' in line):
            found = f"{len(line):,} characters with quotes in line {number}"
            raise file_error(path, found, f"at most {LONGEST_QUOTED:,}", CONVERT)


def _texts(column: np.ndarray) -> list[str | None]:
    """Return nominal values as text, None where one is missing."""
    values = [value.decode("ascii") for value in column]
    return [None if value == "?" else value for value in values]
