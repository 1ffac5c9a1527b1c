"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.dispatch import elementwise_ops
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.map_flow import MapFlow, MapTrace
from sparse_mlp.layers.maps import assign_borders


class Sequential(Layer):
    """Pass through layers one after the other.

    Parameters
    ----------
    layers : sequence of Layer
    name : str

    Attributes
    ----------
    layers : tuple of Layer

    Notes
    -----
    A ReLU right behind a layer that `takes_relu` is computed by that layer, and its derivative by the layer behind it
    where that one takes it too, also with dropout in between: neither then needs a pass through memory.
    """

    replays = True

    def __init__(self, layers: Sequence[Layer], *, name: str = "") -> None:
        self.layers, self.name = tuple(layers), name
        if not self.layers:
            raise invalid("no layers", "at least one")
        # A kernel takes a single tile as well as several; what the other backends have takes a single one only.
        self.backend = next((layer.backend for layer in self.layers if layer.backend != "numba"), "numba")
        names = [layer.name for layer in self.layers]
        self._children = {
            name if name and names.count(name) == 1 else str(i): layer
            for i, (name, layer) in enumerate(zip(names, self.layers, strict=True))
        }
        self._steps = _steps(self._children)
        assign_borders(self)

    @property
    def children(self) -> Mapping[str, Layer]:
        """The layers by name, or by position where names are missing or repeat."""
        return self._children

    @property
    def needs_batch(self) -> bool:  # type: ignore[override]
        """Whether one of the layers does."""
        return any(layer.needs_batch for layer in self.layers)

    @property
    def keeps_dy(self) -> bool:  # type: ignore[override]
        """Whether the last layer does; a ReLU behind it writes elsewhere."""
        return self._steps[-1].layer.keeps_dy

    @property
    def reads_output(self) -> bool:  # type: ignore[override]
        """Whether a ReLU at the end does, or the last layer."""
        last = self._steps[-1]
        return last.silences or last.layer.reads_output

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        """Whether all layers are."""
        return all(layer.elementwise for layer in self.layers)

    @property
    def lanes(self) -> int | None:  # type: ignore[override]
        """Of the first layer that says so."""
        return next((layer.lanes for layer in self.layers if layer.lanes is not None), None)

    @property
    def dtype(self) -> Any:  # type: ignore[override]
        """Of the first layer that has one."""
        return next((layer.dtype for layer in self.layers if layer.dtype is not None), None)

    def n_out(self, n_in: int) -> int:
        """Return how many features leave the last layer."""
        for layer in self.layers:
            n_in = layer.n_out(n_in)
        return n_in

    def n_in(self, n_out: int) -> int:
        """Return how many features enter the first layer."""
        for layer in reversed(self.layers):
            n_out = layer.n_in(n_out)
        return n_out

    def n_stored(self, n_in: int) -> int:
        """Return the sum over the layers."""
        total = 0
        for layer in self.layers:
            total += layer.n_stored(n_in)
            n_in = layer.n_out(n_in)
        return total

    def draw_masks(self, n_in: int, batch: Batch, rng: np.random.Generator) -> None:
        """Let each layer draw, the first first."""
        for layer in self.layers:
            layer.draw_masks(n_in, batch, rng)
            n_in = layer.n_out(n_in)

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Follow the layers in order."""
        for layer in self.layers:
            flow = layer.trace(flow, trace)
        return flow

    def map_flow(self, flow: MapFlow, trace: MapTrace) -> MapFlow:
        """Follow the layers in order."""
        for layer in self.layers:
            flow = layer.map_flow(flow, trace)
        return flow

    def outputs(self, x: Array) -> Iterator[tuple[Layer, Array]]:
        """Yield the outputs of all layers inside."""
        for layer in self.layers:
            for inner, y in layer.outputs(x):
                yield inner, y
            x = y

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, list[Any]]:
        """Pass tiles through all layers."""
        caches = []
        for step in self._steps:
            if step.relu:
                x, cache = step.layer.forward_tiles(x, batch, relu=True)  # type: ignore[call-arg]
            else:
                x, cache = step.layer.forward_tiles(x, batch)
            caches.append((cache, x))
        return x, caches

    def backward_tiles(self, dy: Array, cache: list[Any], batch: Batch, grads: Gradients, wants_dx: bool = True) -> Any:
        """Pass gradients back through all layers."""
        steps = self._steps
        masked = False  # whether dy is 0 already wherever a ReLU at the end of the step has silenced a neuron
        for i in range(len(steps) - 1, -1, -1):
            step, (inner, y) = steps[i], cache[i]
            layer, own, wanted = step.layer, grads[step.name], wants_dx or i > 0
            if step.silences and not masked:
                silenced = batch.empty_like(dy)
                elementwise_ops(layer.backend).piecewise_linear_backward(y, dy, 0.0, out=silenced)
                dy = silenced
            if masked and layer.keeps_relu:
                dy = layer.backward_tiles(dy, inner, batch, own, wanted, masked=True)  # type: ignore[call-arg]
                continue
            masked = layer.takes_rectified and i > 0 and steps[i - 1].rectified
            if masked:
                dy = layer.backward_tiles(dy, inner, batch, own, True, rectified=True)  # type: ignore[call-arg]
            else:
                dy = layer.backward_tiles(dy, inner, batch, own, wanted)
        return dy

    def kind(self) -> str:
        """Describe the layers inside."""
        return f"Sequential({', '.join(layer.kind() for layer in self.layers)})"

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"


class _Step(NamedTuple):
    """A layer of a `Sequential`, with the ReLU behind it if it takes that over.

    `rectified` says whether what leaves it is 0 wherever that ReLU, or one before a dropout, has silenced a neuron, and
    whether the derivative of that ReLU has still to be taken on the way back.
    """

    name: str
    layer: Layer
    relu: bool
    rectified: bool

    @property
    def silences(self) -> bool:
        """Whether the derivative of the ReLU is to be taken before the layer's backward pass."""
        return self.relu and not self.layer.derives_relu


def _steps(children: Mapping[str, Layer]) -> list[_Step]:
    steps: list[_Step] = []
    layers = list(children.items())
    for i, (name, layer) in enumerate(layers):
        if layer.is_relu and i > 0 and layers[i - 1][1].takes_relu:
            continue  # part of the step before
        relu = layer.takes_relu and i + 1 < len(layers) and layers[i + 1][1].is_relu
        passed_on = layer.keeps_relu and bool(steps) and steps[-1].rectified
        steps.append(_Step(name, layer, relu, (relu and not layer.derives_relu) or passed_on))
    return steps
