"""Which samples are set aside for the validation score while an estimator trains."""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from sparse_mlp.layers.base import Array

Rows = NDArray[np.int64]


def split_rows(n_samples: int, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Draw samples to train on and samples to set aside, a fraction of all."""
    kept, aside = train_test_split(np.arange(n_samples), test_size=fraction, random_state=seed)
    return kept, aside


def split_by_class(target: Array, classes: Array, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Draw samples to train on and samples to set aside, in the same proportion in each class.

    `target`, int64 (n_samples,), gives the position of each sample's class among the labels `classes`.

    Warns
    -----
    UserWarning
        If a class has a single sample, which stays among those to train on, or if a part is too small to hold each
        class, so that classes do not count.
    """
    counts = np.bincount(target, minlength=len(classes))
    single = counts == 1
    common = np.flatnonzero(~single[target])
    n_classes, n_aside = np.count_nonzero(counts > 1), math.ceil(fraction * len(common))
    if min(n_aside, len(common) - n_aside) < n_classes or not n_classes:
        _warn(f"{len(target)} samples are too few to set {fraction:g} of each of {n_classes} classes aside for "
              "validation; they are drawn regardless of class")  # fmt: skip
        return split_rows(len(target), fraction, seed)
    if single.any():
        names = ", ".join(f"{label!r} (1 sample)" for label in classes[single].tolist())
        _warn(f"classes too rare to set samples aside for validation: {names}; they are trained on, but not validated")
    kept, aside = train_test_split(common, test_size=fraction, random_state=seed, stratify=target[common])
    return np.concatenate([kept, np.flatnonzero(single[target])]), aside


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=5)
