"""Changes of training samples by chance that leave their classes as they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.layers.base import Array
from sparse_mlp.models import Samples


class RandomFlip(NamedTuple):
    """Mirror images left to right, each with the same probability, again in each epoch.

    Attributes
    ----------
    image_shape : (int, int) or (int, int, int)
        (height, width) or (channels, height, width) of a sample.
    probability : float
        In [0, 1].

    Examples
    --------
    >>> RandomFlip((1, 3), 1.0)(np.array([[1.0, 2.0, 3.0]]), np.random.default_rng(0))
    array([[3., 2., 1.]])
    """

    image_shape: tuple[int, ...]
    probability: float = 0.5

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the samples of a batch (batch, features), some of them mirrored; x may be written over."""
        flipped = np.flatnonzero(rng.random(len(x)) < self.probability)
        x[flipped] = x[flipped].reshape(len(flipped), *self.image_shape)[..., ::-1].reshape(len(flipped), x.shape[1])
        return x

    def check(self, n_features: int) -> None:
        """Refuse settings that are out of range or do not fit samples of `n_features`.

        Raises
        ------
        InvalidInputError
        """
        check_fraction("probability", self.probability, zero=True)
        if len(self.image_shape) not in (2, 3) or np.prod(self.image_shape) != n_features:
            found = f"image_shape={self.image_shape} for samples of {n_features} features"
            raise invalid(found, "(height, width) or (channels, height, width) of as many pixels")


def augmented(batch: Samples, change: RandomFlip, rng: np.random.Generator) -> Samples:
    """Return a batch whose samples have been changed, by numbers from `rng`; the data set stays as it is."""
    target, weights = batch.target[batch.rows], None if batch.weights is None else batch.weights[batch.rows]
    return Samples(change(batch.inputs(), rng), np.arange(len(batch)), target, weights)
