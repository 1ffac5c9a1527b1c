"""The feed-forward block of a Transformer: two linear layers with a ReLU and dropout between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sparse_mlp.errors import invalid
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.dropout import Dropout
from sparse_mlp.layers.flow import Flow, Trace


class FeedForward(Layer):
    """Compute w_2(drop(relu(w_1(x)))) for each token by itself.

    Parameters
    ----------
    w_1, w_2 : Layer
        Such as `SparseLinear`, (features, inner) and (inner, features).
    dropout : float
    name : str

    Notes
    -----
    Equation (2) of [Vaswani2017]. w_1 applies the ReLU, and w_2 multiplies its derivative into its gradient: a neuron
    that dropout has silenced is 0 as well, so one look at w_2's input tells both.
    """

    def __init__(self, w_1: Layer, w_2: Layer, *, dropout: float = 0.1, name: str = "feed_forward") -> None:
        self.w_1, self.w_2, self.name = w_1, w_2, name
        self.backend, self.dtype = w_1.backend, w_1.dtype
        self.dropout = Dropout(dropout, backend=self.backend, name=f"{name}.dropout")
        inner = w_1.n_out(w_1.n_in(0))
        if w_2.n_in(0) != inner or w_2.n_out(inner) != w_1.n_in(0):
            found = f"w_1 with {w_1.n_in(0)} x {inner} and w_2 with {w_2.n_in(0)} x {w_2.n_out(w_2.n_in(0))}"
            raise invalid(found, "matrices that lead there and back")

    @property
    def children(self) -> Mapping[str, Layer]:
        """Both matrices."""
        return {"w_1": self.w_1, "dropout": self.dropout, "w_2": self.w_2}

    @property
    def uses_blas(self) -> bool:  # type: ignore[override]
        """Whether one of the matrices does."""
        return self.w_1.uses_blas or self.w_2.uses_blas

    def n_in(self, n_out: int) -> int:
        """Return the number of features."""
        return self.w_1.n_in(0)

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Say that both matrices evolve together."""
        trace.apart(self.name, (self.w_1, self.w_2))
        return Flow()

    def draw_masks(self, n_in: int, batch: Batch, rng: np.random.Generator) -> None:
        """Draw for the neurons inside."""
        self.dropout.draw_masks(self.w_1.n_out(n_in), batch, rng)

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, Any]:
        """Return the block's output, on tiles."""
        a, of_x = self.w_1.forward_tiles(x, batch, relu=True)  # type: ignore[call-arg]
        a, _ = self.dropout.forward_tiles(a, batch)
        y, of_a = self.w_2.forward_tiles(a, batch)
        return y, (of_x, of_a)

    def backward_tiles(self, dy: Array, cache: Any, batch: Batch, grads: Gradients, wants_dx: bool = True) -> Any:
        """Add the gradients by the parameters and return that by the input."""
        of_x, of_a = cache
        da = self.w_2.backward_tiles(dy, of_a, batch, grads["w_2"], rectified=True)  # type: ignore[call-arg]
        da = self.dropout.backward_tiles(da, None, batch, {}, masked=True)
        return self.w_1.backward_tiles(da, of_x, batch, grads["w_1"], wants_dx)

    def kind(self) -> str:
        """Describe both matrices."""
        return f"FeedForward({self.w_1.kind()}, {self.w_2.kind()})"

    def __repr__(self) -> str:
        return f"FeedForward({self.w_1!r}, {self.w_2!r})"
