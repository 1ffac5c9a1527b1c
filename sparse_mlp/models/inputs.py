"""What a network takes as inputs: arrays of real numbers, data frames, and sparse rows, which stay sparse."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.sparse import csr_array, issparse

from sparse_mlp.errors import InvalidInputError, invalid

Array = NDArray[Any]

REMEDIES = {
    "c": "use .real or .imag",
    "M": "encode them as numbers, such as days since a date",
    "m": "encode them as numbers, such as days",
    "U": "encode text as numbers",
    "S": "encode text as numbers",
    "O": "encode them as numbers",
}


def count_rows(name: str, x: Any) -> int:
    """Return how many samples x has, whatever it is; messages call it `name`.

    Raises
    ------
    InvalidInputError
        If it has no rows.
    """
    try:
        return int(x.shape[0]) if issparse(x) else len(x)
    except (TypeError, IndexError):
        found, wanted = f"{name} of type {type(x).__name__}", "an array with one row for each sample"
        raise invalid(found, wanted, "turn an iterator into a list first" if hasattr(x, "__next__") else "") from None


def real_numbers(name: str, values: Any) -> Array:
    """Return values as an array of real numbers or booleans; messages call them `name`.

    Raises
    ------
    InvalidInputError
        If they are complex, masked, dates, text or objects, or rows of different lengths.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise invalid(f"masked {name}", "numbers without a mask", "use .filled(...), or leave out what is masked")
    if hasattr(values, "columns"):
        _check_columns(name, values)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise invalid(f"{name} that form no array ({error})", "rows of the same length") from None
    if array.dtype.kind == "O" and hasattr(values, "columns"):
        return np.asarray(values, np.float64)  # each column holds numbers, of types that no array can mix
    if array.dtype.kind not in "biuf":
        raise _no_numbers(name, array.dtype)
    return array


def check_inputs(name: str, x: Any, n_features: int, dtype: DTypeLike) -> Any:
    """Return inputs as a network computes with them; messages call them `name`.

    Parameters
    ----------
    name : str
    x : array-like, data frame or scipy.sparse array (n_samples, n_features)
        Real numbers or booleans.
    n_features : int
    dtype : float32 or float64
        Of the network.

    Returns
    -------
    ndarray or csr_array (n_samples, n_features)
        C-contiguous, or in rows without duplicates. Not a copy where x is that already.

    Raises
    ------
    InvalidInputError
        If they are no real numbers, of another shape, or infinite or missing.
    """
    x = _sparse_rows(name, x) if issparse(x) else real_numbers(name, x)
    if x.ndim != 2 or x.shape[1] != n_features:
        raise invalid(f"{name} of shape {x.shape}", f"shape (n_samples, {n_features})")
    converted: Any
    with np.errstate(over="ignore"):  # what is too large for the type becomes infinite, and that is refused
        converted = x.astype(dtype, copy=False) if issparse(x) else np.ascontiguousarray(x, dtype)
    if not all_finite(converted if isinstance(converted, np.ndarray) else converted.data):
        raise invalid(f"{name} with infinite or missing numbers", "finite numbers", "fill or drop them first")
    return converted


def all_finite(array: Array) -> bool:
    """Tell whether all numbers are finite; their sum says so without an array of answers, unless it overflows."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(array.sum()) or np.isfinite(array).all())


def warn_of_overflow(scores: Array) -> None:
    """Warn if scores of finite inputs are not finite."""
    if not all_finite(scores):
        bad = np.count_nonzero(~np.isfinite(scores).all(axis=1))
        message = f"the scores of {bad} of {len(scores)} samples are infinite or not a number; are the inputs scaled?"
        warnings.warn(message, RuntimeWarning, stacklevel=4)


def _sparse_rows(name: str, x: Any) -> csr_array:
    """Return sparse inputs in rows whose entries are sound, each position stored once."""
    if x.dtype.kind not in "biuf":
        raise _no_numbers(name, x.dtype)
    if x.ndim != 2:
        raise invalid(f"{name} of shape {x.shape}", "shape (n_samples, n_features)")
    rows = csr_array(x)
    try:
        rows.check_format(full_check=True)  # a kernel writes where the indices say
    except ValueError as error:
        raise invalid(f"damaged sparse {name} ({error})", "sound compressed rows") from None
    if not rows.has_canonical_format:
        rows = rows.copy()  # its arrays may be those of x
        rows.sum_duplicates()
    return rows


def _check_columns(name: str, frame: Any) -> None:
    for column in frame.columns:
        dtype = np.asarray(frame[column]).dtype
        if dtype.kind not in "biuf":
            raise _no_numbers(f"column {column!r} of the {name}", dtype)


def _no_numbers(name: str, dtype: Any) -> InvalidInputError:
    return invalid(f"{name} of {dtype}", "real numbers or booleans", REMEDIES.get(dtype.kind, ""))
