"""A block around which a path leads: what it computes is added to its input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.dispatch import elementwise_ops
from sparse_mlp.kernels.tape import launch
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.map_flow import MapFlow, MapTrace
from sparse_mlp.layers.maps import assign_borders


class Residual(Layer):
    """Add what a branch computes to its input: y = x + branch(x).

    Parameters
    ----------
    branch : Layer
        With as many outputs as inputs.
    name : str

    Notes
    -----
    [He2016], with the gradient :math:`dx = dy + branch'(dy)`. No neuron behind the sum dies with its links in the
    branch, since the input reaches it as well; percolation follows both ways.
    """

    takes_rectified = True
    replays = True

    def __init__(self, branch: Layer, *, name: str = "") -> None:
        self.branch, self.name, self.backend = branch, name, branch.backend
        assign_borders(self)

    @property
    def children(self) -> Mapping[str, Layer]:
        """The branch."""
        return {"branch": self.branch}

    @property
    def needs_batch(self) -> bool:  # type: ignore[override]
        """Whether the branch does."""
        return self.branch.needs_batch

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        """Whether the branch is."""
        return self.branch.elementwise

    @property
    def lanes(self) -> int | None:  # type: ignore[override]
        """That of the branch."""
        return self.branch.lanes

    @property
    def dtype(self) -> Any:  # type: ignore[override]
        """That of the branch."""
        return self.branch.dtype

    def n_out(self, n_in: int) -> int:
        """Return the number of features, which the branch has to keep.

        Raises
        ------
        InvalidInputError
            If it does not.
        """
        found = self.branch.n_out(n_in)
        if found != n_in:
            what = f"{found} outputs of the branch of residual block {self.name!r}"
            raise invalid(what, f"{n_in}, as many as inputs")
        return n_in

    def n_in(self, n_out: int) -> int:
        """Return how many features enter the branch."""
        return self.branch.n_in(n_out)

    def n_stored(self, n_in: int) -> int:
        """Return the branch's and those of the sum."""
        return self.branch.n_stored(n_in) + n_in

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Follow the branch; behind the sum both ways feed."""
        return flow.shared() + self.branch.trace(flow.shared(), trace)

    def map_flow(self, flow: MapFlow, trace: MapTrace) -> MapFlow:
        """Follow the branch; its input and its output lie alike, to be added."""
        return trace.sum(self, flow, self.branch.map_flow(flow, trace))

    def outputs(self, x: Array) -> Iterator[tuple[Layer, Array]]:
        """Yield the outputs inside the branch, then the sum."""
        for inner, y in self.branch.outputs(x):
            yield inner, y
        yield self, x + y

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, Any]:
        """Return the sum of the input and the branch's output."""
        y, cache = self.branch.forward_tiles(x, batch)
        total = batch.empty_like(x)
        launch(np.add, x, y, total)
        return total, (x, cache)

    def backward_tiles(
        self, dy: Array, cache: Any, batch: Batch, grads: Gradients, wants_dx: bool = True, rectified: bool = False
    ) -> Any:
        """Return the sum of the gradients on both ways."""
        x, inner = cache
        kept = dy
        if not self.branch.keeps_dy:
            kept = batch.empty_like(dy)
            launch(np.copyto, kept, dy)
        dx = self.branch.backward_tiles(dy, inner, batch, grads["branch"], wants_dx)
        if not wants_dx:
            return None
        if rectified:
            return elementwise_ops(self.backend).residual_backward(x, kept, dx, out=dx)
        launch(np.add, dx, kept, dx)
        return dx

    def kind(self) -> str:
        """Describe the branch."""
        return f"Residual({self.branch.kind()})"

    def __repr__(self) -> str:
        return f"Residual({self.branch!r})"
