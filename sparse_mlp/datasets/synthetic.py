"""Generated stand-ins of the shapes of the real sets, for trying things without files; never for results."""

from __future__ import annotations

import zlib

import numpy as np

from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.registry import file_sets
from sparse_mlp.errors import check_choice, check_integer
from sparse_mlp.rng import RandomState, as_generator

PREFIX = "synthetic-"
NAMES = tuple(PREFIX + name for name in file_sets())
SHIFTS = tuple((down, right) for down in range(-2, 3) for right in range(-2, 3))
INK, NOISE = 0.3, 0.2


def make_synthetic(name: str, n_train: int = 6000, n_test: int = 1000, *, rng: RandomState = 0) -> Dataset:
    """Generate a stand-in: one blurred random drawing per class, moved by up to two pixels, dimmed, with noise.

    Parameters
    ----------
    name : str
        ``synthetic-NAME``, where NAME is a data set that lives in files.
    n_train, n_test : int
        Number of samples; classes are as equal in number as possible.
    rng : None, int or numpy.random.Generator
        Source of randomness; the same seed gives the same bytes, another name gives other drawings.

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
    like = file_sets()[check_choice("name", name, NAMES).removeprefix(PREFIX)]
    check_integer("n_train", n_train)
    check_integer("n_test", n_test)
    generator = np.random.default_rng([zlib.crc32(name.encode()), int(as_generator(rng).integers(2**32))])
    drawings = _shifted(_drawings(like.n_classes, like.image_shape, generator))
    train_x, train_y = _samples(drawings, n_train, generator)
    test_x, test_y = _samples(drawings, n_test, generator)
    return Dataset(
        name=name,
        train_x=train_x,
        train_y=train_y,
        test_x=test_x,
        test_y=test_y,
        n_classes=like.n_classes,
        image_shape=like.image_shape,
        class_names=like.class_names,
        provenance=f"SYNTHETIC stand-in of the shape of {like.title}: random drawings, not the real data",
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


def _samples(drawings: np.ndarray, n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = generator.permutation(np.arange(n, dtype=np.int64) % drawings.shape[1])
    x = drawings[generator.integers(len(drawings), size=n), labels]
    x *= generator.uniform(0.6, 1.0, size=(n, 1)).astype(np.float32)
    x += NOISE * generator.standard_normal(x.shape, dtype=np.float32)
    return np.clip(x, 0, 1, out=x), labels
