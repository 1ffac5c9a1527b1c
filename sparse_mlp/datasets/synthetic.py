"""Generated stand-ins with the shapes of the real sets, to try things without files; never for results."""

from __future__ import annotations

import math
import zlib

import numpy as np

from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.registry import STAND_IN, FileSet, file_sets
from sparse_mlp.errors import check_choice, check_integer
from sparse_mlp.rng import RandomState, as_generator

NAMES = tuple(STAND_IN + name for name in file_sets())
SHIFTS = tuple((down, right) for down in range(-2, 3) for right in range(-2, 3))
INK, NOISE = 0.3, 0.2


def make_synthetic(
    name: str, n_train: int | None = None, n_test: int | None = None, *, rng: RandomState = 0
) -> Dataset:
    """Generate a stand-in of a data set.

    Images: one blurred random drawing per class, shifted by up to two pixels, dimmed, with noise. Tables: normal
    features, a twentieth of which has another mean in each class.

    Parameters
    ----------
    name : str
        ``synthetic-NAME``, where NAME is a data set that consists of files.
    n_train, n_test : int, optional
        Numbers of samples; classes are as equal in size as possible. By default 6,000 and 1,000 images, or as many rows
        as the real table, a third of them to test.
    rng : None, int or numpy.random.Generator
        Source of randomness; the same seed gives the same bytes, and another name other drawings.

    Returns
    -------
    Dataset
        ``synthetic`` is True and ``provenance`` starts with 'SYNTHETIC'.

    Raises
    ------
    InvalidInputError
        If the name is unknown or a number of samples is below one.

    Examples
    --------
    >>> make_synthetic("synthetic-mnist", 60, 20)
    Dataset('synthetic-mnist', SYNTHETIC, 60 train, 20 test, 784 features, 10 classes)
    """
    like = file_sets()[check_choice("name", name, NAMES).removeprefix(STAND_IN)]
    usual_train, usual_test = _usual_numbers(like)
    n_train = check_integer("n_train", usual_train if n_train is None else n_train)
    n_test = check_integer("n_test", usual_test if n_test is None else n_test)
    generator = np.random.default_rng([zlib.crc32(name.encode()), int(as_generator(rng).integers(2**32))])
    if like.image_shape is None:
        centres = _centres(like.n_classes, like.shape[0], generator)
        (train_x, train_y), (test_x, test_y) = (_rows(centres, n, generator) for n in (n_train, n_test))
        what = "random numbers"
    else:
        drawings = _shifted(_drawings(like.n_classes, like.image_shape, generator))
        (train_x, train_y), (test_x, test_y) = (_samples(drawings, n, generator) for n in (n_train, n_test))
        what = "random drawings"
    return Dataset(
        name=name,
        train_x=train_x,
        train_y=train_y,
        test_x=test_x,
        test_y=test_y,
        n_classes=like.n_classes,
        image_shape=like.image_shape,
        class_names=like.class_names,
        provenance=f"SYNTHETIC stand-in of the shape of {like.title.split(', ')[0]}: {what}, not the real data",
        synthetic=True,
    )


def _drawings(n_classes: int, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Draw one image per class, (n_classes, *shape) in [0, 1]: coarse cells, inked at random and blurred."""
    from scipy.ndimage import gaussian_filter

    *planes, height, width = shape
    cells = generator.random((n_classes, *planes, height // 4, width // 4)) < INK
    images = cells.repeat(4, axis=-2).repeat(4, axis=-1).astype(np.float64)
    return gaussian_filter(images, sigma=1.2, axes=(-2, -1), mode="constant")


def _shifted(drawings: np.ndarray) -> np.ndarray:
    """Return every drawing at every shift, float32 (shifts, n_classes, features)."""
    moved = [np.roll(drawings, shift, axis=(-2, -1)).reshape(len(drawings), -1) for shift in SHIFTS]
    return np.stack(moved).astype(np.float32)


def _usual_numbers(like: FileSet) -> tuple[int, int]:
    if like.image_shape is not None:
        return 6000, 1000
    samples = sum(file.items for file in like.files if not file.role.endswith("labels"))
    n_test = math.ceil(samples / 3)
    return samples - n_test, n_test


def _centres(n_classes: int, n_features: int, generator: np.random.Generator) -> np.ndarray:
    """Return the mean of each feature in each class, float32 (n_classes, n_features); most are zero."""
    informative = np.sort(generator.permutation(n_features)[: max(1, n_features // 20)])
    centres = np.zeros((n_classes, n_features), np.float32)
    centres[:, informative] = generator.standard_normal((n_classes, len(informative)), dtype=np.float32)
    return centres


def _rows(centres: np.ndarray, n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = generator.permutation(np.arange(n, dtype=np.int64) % len(centres))
    return centres[labels] + generator.standard_normal((n, centres.shape[1]), dtype=np.float32), labels


def _samples(drawings: np.ndarray, n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = generator.permutation(np.arange(n, dtype=np.int64) % drawings.shape[1])
    x = drawings[generator.integers(len(drawings), size=n), labels]
    x *= generator.uniform(0.6, 1.0, size=(n, 1)).astype(np.float32)
    x += NOISE * generator.standard_normal(x.shape, dtype=np.float32)
    return np.clip(x, 0, 1, out=x), labels
