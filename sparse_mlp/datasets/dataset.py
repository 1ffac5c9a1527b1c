"""The data set type: training and test samples with labels, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.rng import RandomState, as_generator


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Hold a classification data set in a training and a test part.

    Attributes
    ----------
    name : str
        Its name in `load`, or the stem of its file.
    train_x, test_x : ndarray or scipy.sparse.csr_array of float32, shape (n, features)
        Samples, one flat row each. As loaded, images are in [0, 1], and tables hold the values of their files. Sparse
        files stay sparse.
    train_y, test_y : ndarray of int64, shape (n,)
        Classes, 0 … n_classes - 1.
    n_classes : int
        Number of classes.
    image_shape : tuple of int or None
        (height, width), or (3, height, width) with one plane per colour, to which a row can be reshaped; None if the
        samples are not images.
    class_names : tuple of str
        One name per class.
    provenance : str
        Where the data come from and what was verified; starts with 'SYNTHETIC' for stand-ins.
    synthetic : bool
        True for a generated stand-in.
    feature_names : tuple of str
        One name per feature, of data of your own; empty if they have none.
    sha256 : dict of str to str
        Name of a file of your own → SHA-256 of its bytes on disk.

    Raises
    ------
    InvalidInputError
        If shapes, types or labels do not fit together.
    """

    name: str
    train_x: Any
    train_y: np.ndarray
    test_x: Any
    test_y: np.ndarray
    n_classes: int
    image_shape: tuple[int, ...] | None
    class_names: tuple[str, ...]
    provenance: str
    synthetic: bool = False
    feature_names: tuple[str, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_part("train", self.train_x, self.train_y, self.n_classes)
        _check_part("test", self.test_x, self.test_y, self.n_classes)
        if self.train_x.shape[1] != self.test_x.shape[1]:
            raise invalid(
                f"test_x with {self.test_x.shape[1]} features", f"{self.train_x.shape[1]} features, as in train_x"
            )
        if self.image_shape is not None and np.prod(self.image_shape) != self.n_features:
            raise invalid(f"image_shape={self.image_shape}", f"a shape with {self.n_features} pixels")
        if len(self.class_names) != self.n_classes:
            raise invalid(f"{len(self.class_names)} class names", f"{self.n_classes}, one per class")

    @property
    def n_features(self) -> int:
        """Return the number of features of a sample."""
        return int(self.train_x.shape[1])

    def __repr__(self) -> str:
        stamp = "SYNTHETIC, " if self.synthetic else ""
        return (
            f"Dataset({self.name!r}, {stamp}{len(self.train_y):,} train, {len(self.test_y):,} test, "
            f"{self.n_features} features, {self.n_classes} classes)"
        )

    def subset(self, n_train: int, n_test: int, rng: RandomState = 0) -> Dataset:
        """Draw a smaller data set: the first samples of a seeded permutation of each part.

        Parameters
        ----------
        n_train, n_test : int
            Numbers of samples to keep.
        rng : None, int or numpy.random.Generator
            Source of the permutations.

        Returns
        -------
        Dataset

        Raises
        ------
        InvalidInputError
            If a part has fewer samples than asked for.
        """
        generator = as_generator(rng)
        train = _draw("n_train", n_train, len(self.train_y), generator)
        test = _draw("n_test", n_test, len(self.test_y), generator)
        return replace(
            self,
            train_x=self.train_x[train],
            train_y=self.train_y[train],
            test_x=self.test_x[test],
            test_y=self.test_y[test],
            provenance=f"{self.provenance}; random subset of {n_train:,} train, {n_test:,} test",
        )


def class_counts(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Count the samples of each class in the training and in the test part: two int64 arrays (n_classes,)."""
    return (
        np.bincount(dataset.train_y, minlength=dataset.n_classes),
        np.bincount(dataset.test_y, minlength=dataset.n_classes),
    )


def summary(dataset: Dataset) -> str:
    """Describe a data set in lines of text: shapes, provenance, samples per class."""
    shape = "×".join(map(str, dataset.image_shape)) if dataset.image_shape else f"{dataset.n_features} features"
    kind = "images" if dataset.image_shape else "samples"
    lines = [
        repr(dataset),
        f"  {kind:<8}{shape}, values {dataset.train_x.min():.3g} to {dataset.train_x.max():.3g}",
        f"  source  {dataset.provenance}",
        f"  {'class':<14}{'train':>8}{'test':>8}",
    ]
    counts = zip(dataset.class_names, *class_counts(dataset), strict=True)
    return "\n".join([*lines, *(f"  {name:<14}{train:>8,}{test:>8,}" for name, train, test in counts)])


def _check_part(part: str, x: Any, y: np.ndarray, n_classes: int) -> None:
    if not isinstance(x, (np.ndarray, csr_array)) or x.ndim != 2 or x.dtype != np.float32:
        found = f"{part}_x of {x.dtype} and shape {x.shape} ({type(x).__name__})"
        raise invalid(found, "a float32 array or csr_array of shape (n, features)")
    if y.ndim != 1 or y.dtype != np.int64:
        raise invalid(f"{part}_y of {y.dtype} and shape {y.shape}", "int64 of shape (n,)")
    if x.shape[0] != len(y) or not len(y):
        raise invalid(
            f"{x.shape[0]:,} rows of {part}_x with {len(y):,} labels", "one label for each row, and at least one row"
        )
    if y.min() < 0 or y.max() >= n_classes:
        raise invalid(f"{part}_y from {y.min()} to {y.max()}", f"labels from 0 to {n_classes - 1}")


def _draw(name: str, n: int, available: int, generator: np.random.Generator) -> np.ndarray:
    if check_integer(name, n) > available:
        raise invalid(f"{name}={n:,}", f"at most {available:,}, the number of samples")
    return generator.permutation(available)[:n]
