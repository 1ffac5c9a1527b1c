"""Padding: features that are always zero, where a layer wants a number of them that divides."""

from __future__ import annotations

import numpy as np

from sparse_mlp.errors import check_integer
from sparse_mlp.layers._checks import check_batch
from sparse_mlp.layers.base import Array, Gradients, Layer


class Pad(Layer):
    """Add features that are zero behind those that there are.

    Parameters
    ----------
    columns : int
        How many.
    name : str

    Examples
    --------
    >>> Pad(2).forward(np.array([[3.0]]))[0]
    array([[3., 0., 0.]])
    """

    def __init__(self, columns: int, *, name: str = "pad") -> None:
        self.columns, self.name = check_integer("columns", columns, minimum=0), name

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, None]:
        """Return x (batch, n) with the new features, (batch, n + columns)."""
        x = check_batch("x", x)
        return np.hstack((x, np.zeros((len(x), self.columns), x.dtype))), None

    def backward(self, dy: Array, cache: None) -> tuple[Array, Gradients]:
        """Return the gradient by the features that there were."""
        return dy[:, : dy.shape[1] - self.columns], {}

    def __repr__(self) -> str:
        return f"Pad({self.columns})"
