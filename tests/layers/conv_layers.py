"""Sparse convolutions and networks of them that several tests use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sparse_mlp.layers import BatchNorm, Dense, Flatten, Layer, MaxPool2d, ReLU, Sequential, SparseConv2d, Unflatten
from sparse_mlp.models import Network
from sparse_mlp.structure import SparseStructure

Array = np.ndarray

STORED = Path(__file__).parents[2] / ".." / "shared" / "reference_cases" / "conv_gradients.npz"
IMAGE = (2, 6, 6)


def random_conv(
    image: tuple[int, int, int] = (3, 5, 6), channels_out: int = 4, kernel: int = 3, density: float = 0.4,
    seed: int = 0, **options: Any,
) -> SparseConv2d:  # fmt: skip
    """Return a convolution with random links, weights and biases."""
    rng = np.random.default_rng(seed)
    shape = image[0] * kernel**2, channels_out
    keys = np.flatnonzero(rng.random(shape[0] * shape[1]) < density)
    layer = SparseConv2d(SparseStructure.from_keys(keys, shape), image, "normal", kernel=kernel, rng=rng, **options)
    layer.bias[:] = rng.normal(size=len(layer.bias))
    return layer


def conv_network(norm: bool = True, dtype: Any = np.float32, backend: str | None = None, seed: int = 0) -> Network:
    """Return a network on flat images of 2 x 6 x 6 with two convolutions and four classes."""
    options: dict[str, Any] = {"dtype": dtype, "backend": backend}
    layers: list[Layer] = [
        Unflatten(IMAGE, backend=backend),
        random_conv(IMAGE, 6, seed=seed, name="conv1", bias=not norm, **options),
        *([BatchNorm((6, 6, 6), **options)] if norm else []),
        ReLU(backend=backend),
        MaxPool2d((6, 6, 6), backend=backend),
        random_conv((6, 3, 3), 8, seed=seed + 1, name="conv2", **options),
        ReLU(backend=backend),
        Flatten((8, 3, 3), backend=backend),
        Dense(72, 4, rng=seed, **options),
    ]
    return Network(Sequential(layers))


def conv_samples(count: int, dtype: Any = np.float32, seed: int = 3) -> tuple[Array, Array]:
    """Draw flat images with a bright quarter, and which quarter it is."""
    rng = np.random.default_rng(seed)
    labels, images = rng.integers(0, 4, count), rng.normal(size=(count, *IMAGE))
    for image, label in zip(images, labels, strict=True):
        image[:, label // 2 * 3 : label // 2 * 3 + 3, label % 2 * 3 : label % 2 * 3 + 3] += 1
    return images.reshape(count, -1).astype(dtype), labels
