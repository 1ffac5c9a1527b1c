"""Make a data set of samples as read: split, missing values, columns of text, classes, in this order.

Nothing is learnt from the test samples: means, values of text and classes are those of the training samples.
"""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.part import Part, listed
from sparse_mlp.datasets.split import describe_split, stratified_split
from sparse_mlp.errors import InvalidInputError

MANY_CLASSES, FEW_SAMPLES = 50, 5
REGRESSION = "is it a number to predict? SparseMLPRegressor, from Python, predicts numbers"


def make_dataset(
    name: str, train: Part, test: Part | None, *, test_fraction: float, split_seed: int, missing: str,
    sha256: Mapping[str, str],
) -> Dataset:  # fmt: skip
    """Make a data set of training samples and, if there are some, test samples.

    Parameters
    ----------
    name : str
    train, test : Part
        Without test samples, training samples are split.
    test_fraction, split_seed, missing
        See `load`.
    sha256 : mapping of str to str
        Of the files; empty for arrays.

    Raises
    ------
    DataFileError or InvalidInputError
        For samples from a file or from arrays: if there are columns of text that nobody asked for, missing values,
        classes that cannot be learnt or split, or a class of test samples that no training sample has.
    """
    _check_stray(train)
    whole = _check_labels(train)
    _check_missing(train, missing)
    target = train.target
    if test is None:
        train, test = _split(train, whole, test_fraction, split_seed)
        split = describe_split(len(train), len(test), f"split seed {split_seed}")
    else:
        _check_stray(test)
        _check_missing(test, missing)
        split = f"{len(train):,} to train, {len(test):,} to test"
    if missing == "drop":
        train, test = (_without_gaps(part) for part in (train, test))
    keys = [_keys(part.y, whole) for part in (train, test)]
    classes = sorted(set(keys[0].tolist()), key=int if whole else None)
    y = [_codes(part, key, classes) for part, key in zip((train, test), keys, strict=True)]
    x, names = _features(train, test)
    files = "; ".join(f"{file}, sha256 {digest[:12]}" for file, digest in sha256.items()) or "arrays"
    gaps = "" if missing == "error" else f"; missing values: {missing}"
    return Dataset(
        name, x[0], y[0], x[1], y[1], len(classes), train.image_shape, tuple(classes),
        f"{files}; target {target!r}; {split}{gaps}", feature_names=names, sha256=sha256,
    )  # fmt: skip


def _check_stray(part: Part) -> None:
    for name, (value, line) in part.stray.items():
        word = shlex.quote(name)
        found = f"{value!r} in line {line:,}, column {name!r}"
        raise part.fault(found, "a number", f"--one-hot {word}, or --ignore {word}")


def _check_labels(part: Part) -> bool:
    """Check the classes of all samples that may be training samples; tell whether they are whole numbers."""
    labels = np.unique(part.y)
    whole = all(_is_whole(label) for label in labels)
    if not whole and part.y.dtype.kind != "b" and all(_is_number(label) for label in labels):
        example = next(label for label in labels if not _is_whole(label))
        raise part.fault(f"{part.target}={example}", "classes: whole numbers or text", REGRESSION)
    if whole and len(labels) > MANY_CLASSES and len(part) < FEW_SAMPLES * len(labels):
        found = f"{len(labels):,} values of {part.target} in {len(part):,} samples"
        raise part.fault(found, f"at least {FEW_SAMPLES} samples of a class on average", REGRESSION)
    if len(labels) == 1:
        raise part.fault(f"a single class {_text(labels[0])!r}", "at least two", "is this the right target?")
    return whole


def _split(part: Part, whole: bool, fraction: float, seed: int) -> tuple[Part, Part]:
    keys, codes, counts = np.unique(_keys(part.y, whole), return_inverse=True, return_counts=True)
    if counts.min() < 2:
        found = f"one sample of class {str(keys[counts.argmin()])!r}"
        raise part.fault(found, "at least two, to train and to test", "add a second sample, or give --test FILE")
    try:
        train, test = stratified_split(codes.astype(np.int64), fraction, seed)
    except InvalidInputError:
        found = f"{len(part):,} samples of {len(keys):,} classes, of which {fraction:g} shall be tested on"
        raise part.fault(found, "in each part at least one of each class", "more samples, or --test FILE") from None
    return part.take(train), part.take(test)


def _check_missing(part: Part, missing: str) -> None:
    gaps = _gaps(part)
    if issparse(part.x) and gaps.any() and missing == "mean":
        raise part.fault("missing values in sparse samples", "none", "--missing drop leaves their samples out")
    if not gaps.any() or missing != "error":
        return
    counts = missing_values(part)
    first = part.place(int(gaps.argmax()))
    found = f"missing values: {sum(counts.values()):,} in {listed(list(counts))}, first in {first}"
    raise part.fault(found, "none", "--missing drop leaves their samples out, --missing mean fills in the mean")


def missing_values(part: Part) -> dict[str, int]:
    """Return how many values are missing in each column, of those where some are."""
    if issparse(part.x):
        columns, counts = np.unique(part.x.indices[np.isnan(part.x.data)], return_counts=True)
        return {str(column): int(count) for column, count in zip(columns, counts, strict=True)}
    names, gaps = _numeric(part), np.isnan(part.x).sum(axis=0)
    found = {str(names[int(k)]): int(gaps[k]) for k in np.flatnonzero(gaps) if names[int(k)] not in part.stray}
    return {**found, **{name: values.count(None) for name, values in part.texts.items() if None in values}}


def _gaps(part: Part) -> np.ndarray:
    """Return which samples have a missing value."""
    values = np.isnan(_values(part.x))
    if issparse(part.x):
        gaps = np.zeros(len(part), bool)
        gaps[np.searchsorted(part.x.indptr, np.flatnonzero(values), side="right") - 1] = True
    else:
        gaps = values.any(axis=1)
    for texts in part.texts.values():
        gaps |= np.array([text is None for text in texts])
    return gaps


def _without_gaps(part: Part) -> Part:
    kept = np.flatnonzero(~_gaps(part))
    if not len(kept):
        raise part.fault("a missing value in each sample", "samples without one", "--ignore their columns")
    return part.take(kept)


def _features(train: Part, test: Part) -> tuple[list[Any], tuple[str, ...]]:
    """Return the features of both parts: gaps filled in, a column of 0 and 1 for each value of a column of text."""
    if issparse(train.x) or issparse(test.x):
        if train.x.shape[1] != test.x.shape[1]:
            raise _widths(train, test)
        return [csr_array(train.x), csr_array(test.x)], ()
    if train.x.shape[1] != test.x.shape[1]:
        raise _widths(train, test)
    train, test = _filled(train, test)
    if not train.texts:
        if not train.x.shape[1]:
            raise train.fault("no features", "at least one column apart from the target", "are all ignored?")
        return [train.x, test.x], train.names
    blocks: list[list[np.ndarray]] = [[], []]
    names: list[str] = []
    numeric = {name: k for k, name in enumerate(_numeric(train))}
    for name in train.names:
        if name in numeric:
            names.append(name)
            columns = [part.x[:, numeric[name], None] for part in (train, test)]
        else:
            values = train.declared.get(name) or sorted({v for v in train.texts[name] if v is not None})
            names += [f"{name}={value}" for value in values]
            columns = [_one_hot(part.texts[name], values) for part in (train, test)]
            _warn_of_new(test, name, values)
        for block, column in zip(blocks, columns, strict=True):
            block.append(column)
    return [np.concatenate(block, axis=1) for block in blocks], tuple(names)


def _filled(train: Part, test: Part) -> tuple[Part, Part]:
    """Return both parts with the mean of the training samples where a value is missing."""
    if not any(np.isnan(part.x).any() for part in (train, test)):
        return train, test
    there = (~np.isnan(train.x)).sum(axis=0)
    if not there.all():
        name = _numeric(train)[int(there.argmin())]
        raise train.fault(f"no value of {name} in the training samples", "at least one", f"--ignore {name}")
    mean = np.nansum(train.x, axis=0, dtype=np.float64) / there
    fill = mean.astype(np.float32)
    filled = [replace(part, x=np.where(np.isnan(part.x), fill, part.x)) for part in (train, test)]
    return filled[0], filled[1]


def _one_hot(texts: Sequence[str | None], values: Sequence[str]) -> np.ndarray:
    places = {value: k for k, value in enumerate(values)}
    columns = np.zeros((len(texts), len(values)), np.float32)
    for row, text in enumerate(texts):
        if text is not None and text in places:
            columns[row, places[text]] = 1
    return columns


def _warn_of_new(test: Part, name: str, values: Sequence[str]) -> None:
    if new := sorted({text for text in test.texts[name] if text is not None} - set(values)):
        words = f"{name}: {listed(new)} only in test samples; all their columns are 0"
        warnings.warn(words, stacklevel=2)


def _widths(train: Part, test: Part) -> Exception:
    return test.fault(f"{test.x.shape[1]:,} features", f"{train.x.shape[1]:,}, as in the training samples", "")


def _numeric(part: Part) -> Sequence[Any]:
    """Return the names of the columns of `part.x`, or their numbers."""
    return [name for name in part.names if name not in part.texts] or range(part.x.shape[1])


def _values(x: Any) -> np.ndarray:
    return x.data if issparse(x) else x


def _codes(part: Part, keys: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    places = {name: k for k, name in enumerate(classes)}
    codes = np.array([places.get(key, -1) for key in keys.tolist()], dtype=np.int64)
    if len(wrong := np.flatnonzero(codes < 0)):
        found = f"class {str(keys[wrong[0]])!r} of a test sample, {part.place(int(wrong[0]))}"
        raise part.fault(found, f"a class of training samples: {listed(classes)}", "")
    return codes


def _keys(y: np.ndarray, whole: bool) -> np.ndarray:
    """Return labels as text, in which equal numbers are equal."""
    labels, inverse = np.unique(y, return_inverse=True)
    names = [_whole(label) if whole and _is_whole(label) else _text(label) for label in labels]
    return np.array(names)[inverse]


def _text(label: Any) -> str:
    return str(label).strip()


def _whole(label: Any) -> str:
    text = str(label)
    return str(int(text)) if text.lstrip("+-").isdecimal() else str(int(float(text)))


def _is_number(label: Any) -> bool:
    try:
        return bool(np.isfinite(float(label))) and "_" not in str(label)
    except ValueError:
        return False


def _is_whole(label: Any) -> bool:
    if isinstance(label, (bool, np.bool_)) or not _is_number(label):
        return False
    return str(label).lstrip("+-").isdecimal() or float(label).is_integer()
