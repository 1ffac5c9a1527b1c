"""Padding: features that are always zero, where a layer wants a number of them that divides."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparse_mlp.errors import check_integer
from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.kernels.tape import launch
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.flow import Flow, Trace


class Pad(Layer):
    """Add features that are zero behind those that there are.

    Parameters
    ----------
    columns : int
        How many.
    backend : str, optional
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> Pad(2, backend="scipy").forward(np.array([[3.0]]))[0]
    array([[3., 0., 0.]])
    """

    replays = True

    def __init__(self, columns: int, *, backend: str | None = None, name: str = "pad") -> None:
        self.columns, self.name = check_integer("columns", columns, minimum=0), name
        self.backend = choose_backend(backend).name

    def n_out(self, n_in: int) -> int:
        """Return the number of features with the new ones."""
        return n_in + self.columns

    def n_in(self, n_out: int) -> int:
        """Return the number of features without the new ones."""
        return n_out - self.columns

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Count as reader of all neurons, since what is behind it has others."""
        trace.read(flow)
        return Flow()

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, None]:
        """Return x with the new features."""
        y = batch.empty((len(x), x.shape[1] + self.columns, x.shape[2]), x.dtype)
        launch(np.copyto, y[:, : x.shape[1]], x)
        launch(np.copyto, y[:, x.shape[1] :], 0)
        return y, None

    def backward_tiles(self, dy: Array, cache: None, batch: Batch, grads: Gradients, wants_dx: bool = True) -> Any:
        """Return the gradient by the features that there were."""
        dx = batch.empty((len(dy), dy.shape[1] - self.columns, dy.shape[2]), dy.dtype)
        launch(np.copyto, dx, dy[:, : dx.shape[1]])
        return dx

    def __repr__(self) -> str:
        return f"Pad({self.columns})"
