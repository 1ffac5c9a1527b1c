"""Split samples: into a training and a test part, stratified by class, or set some aside for validation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse, vstack

from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.rng import RandomState, as_generator

TEST_SHARE = 1 / 3
SPLIT_SEED = 0

Samples = tuple[Any, np.ndarray]  # features, dense or sparse, and labels


def stratified_split(
    y: np.ndarray, test_share: float = TEST_SHARE, rng: RandomState = SPLIT_SEED
) -> tuple[np.ndarray, np.ndarray]:
    """Draw training and test samples, in the same proportion in each class.

    Parameters
    ----------
    y : ndarray of int64, shape (n,)
        Classes.
    test_share : float
        Fraction of the samples to test, in (0, 1); their number is rounded up.
    rng : None, int or numpy.random.Generator
        Source of the draw.

    Returns
    -------
    train, test : ndarray of int64
        Ascending indices; together each sample once.

    Raises
    ------
    InvalidInputError
        If a class has a single sample, or a part would have fewer samples than there are classes.

    Examples
    --------
    >>> train, test = stratified_split(np.array([0, 0, 0, 1, 1, 1]))
    >>> len(train), len(test)
    (4, 2)
    """
    from sklearn.model_selection import train_test_split

    check_fraction("test_share", test_share, one=False)
    seed = int(as_generator(rng).integers(2**32))
    try:
        train, test = train_test_split(np.arange(len(y)), test_size=test_share, stratify=y, random_state=seed)
    except ValueError as error:
        found = f"{len(y):,} samples of {len(np.unique(y))} classes ({error})"
        raise invalid(found, "at least two of each class, and in each part at least one of each class") from None
    return np.sort(train), np.sort(test)


def resplit(dataset: Dataset, test_share: float = TEST_SHARE, rng: RandomState = SPLIT_SEED) -> Dataset:
    """Join both parts of a data set and split them again, stratified by class.

    Parameters
    ----------
    dataset : Dataset
    test_share : float
        Fraction of all samples to test, in (0, 1).
    rng : None, int or numpy.random.Generator
        Source of the draw; another seed gives another split.

    Returns
    -------
    Dataset
        All samples; the provenance says that the split is another one than the loaded one.

    Raises
    ------
    InvalidInputError
        If there are too few samples of a class.

    Notes
    -----
    The feature selection of [Kichler2021] tests on a third of all samples, drawn for each run. Split before you
    standardise: the statistics are those of the training part.
    """
    if issparse(dataset.train_x):
        x: Any = csr_array(vstack([dataset.train_x, dataset.test_x]))
    else:
        x = np.concatenate([dataset.train_x, dataset.test_x])
    y = np.concatenate([dataset.train_y, dataset.test_y])
    train, test = stratified_split(y, test_share, rng)
    which = f"seed {rng}" if isinstance(rng, int | np.integer) else "drawn at random"
    return replace(
        dataset,
        train_x=x[train],
        train_y=y[train],
        test_x=x[test],
        test_y=y[test],
        provenance=f"{dataset.provenance}; split again: {describe_split(len(train), len(test), which)}",
    )


def describe_split(n_train: int, n_test: int, which: str = f"seed {SPLIT_SEED}") -> str:
    """Describe a split: the number of training and test samples, and where it comes from."""
    return f"stratified, {n_train:,} to train, {n_test:,} to test, {which}"


def set_aside(x: Any, y: np.ndarray, fraction: float, rng: RandomState = None) -> tuple[Samples, Samples]:
    """Split samples at random into training and validation samples.

    Parameters
    ----------
    x : ndarray or csr_array (n, features)
    y : ndarray (n,)
    fraction : float
        Part of the samples to set aside, in (0, 1); at least one sample is.
    rng : None, int or numpy.random.Generator
        Draws a permutation of all samples.

    Returns
    -------
    kept, aside : (x, y)
        Both in the original order of the samples.

    Raises
    ------
    InvalidInputError
        If the fraction is out of range.

    Examples
    --------
    >>> kept, aside = set_aside(np.zeros((10, 3)), np.arange(10), 0.2, rng=0)
    >>> len(kept[1]), aside[1]
    (8, array([4, 6]))
    """
    check_fraction("validation_fraction", fraction, one=False)
    order = as_generator(rng).permutation(len(y))
    count = max(1, round(fraction * len(y)))
    aside, kept = np.sort(order[:count]), np.sort(order[count:])
    return (x[kept], y[kept]), (x[aside], y[aside])
