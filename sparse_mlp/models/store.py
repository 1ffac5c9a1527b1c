"""All parameters of a network in one flat array: those that decay first, each layer by layer.

Each layer holds views, so it reads and writes its own part. An optimizer is one pass over the array, weight decay stops
where the other parameters begin, and a checkpoint is a handful of arrays.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.layers.base import Array, Gradients, Layer, leaves

if TYPE_CHECKING:
    from sparse_mlp.evolution import TopologyUpdate


class Entry(NamedTuple):
    """A parameter of the store: its key, its layer, its name there, its part of the flat arrays and its shape."""

    key: str
    layer: Layer
    name: str
    part: slice
    shape: tuple[int, ...]


class ParameterStore:
    """Hold the flat values and their gradient, and bind the layers to them.

    Parameters
    ----------
    root : Layer
        The tree of layers. From here on their parameters are views of `values`.

    Attributes
    ----------
    values, gradient : float (size,)
    n_decayed : int
        Weight decay applies to `values[:n_decayed]`.
    entries : list of Entry
        In the order of the flat arrays; the key of the query weights in the first block of an encoder is
        "encoder.0.query/weight".
    """

    def __init__(self, root: Layer) -> None:
        self.root = root
        self._bind()

    def _bind(self) -> None:
        found = [
            (f"{path}/{name}", layer, name, array, name in layer.decayed)
            for path, layer in leaves(self.root)
            for name, array in layer.parameters().items()
        ]
        found = [entry for entry in found if entry[-1]] + [entry for entry in found if not entry[-1]]
        if not found:
            raise invalid("a network without parameters", "at least one layer that can be trained")
        for key, _, _, array, _ in found:
            if getattr(array, "dtype", None) not in (np.float32, np.float64):
                what = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
                raise invalid(f"{what} as parameter {key}", "an array of float32 or float64")
        dtypes = {entry[3].dtype for entry in found}
        if len(dtypes) > 1:
            raise invalid(f"layers of {' and '.join(sorted(map(str, dtypes)))}", "one dtype in all layers")
        if not dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}:
            raise invalid(f"parameters of {dtypes.pop()}", "float32 or float64")
        ends = np.cumsum([array.size for *_, array, _ in found]).tolist()
        self.values: Array = np.concatenate([array.ravel() for *_, array, _ in found])
        self.gradient: Array = np.zeros_like(self.values)
        self.n_decayed = int(sum(array.size for *_, array, decays in found if decays))
        self.entries = [
            Entry(key, layer, name, slice(end - array.size, end), array.shape)
            for (key, layer, name, array, _), end in zip(found, ends, strict=True)
        ]
        self._bound: list[tuple[Layer, str, Any]] = [
            (layer, "structure", layer.structure)  # type: ignore[attr-defined]
            for _, layer in leaves(self.root) if layer.bears_links
        ]  # fmt: skip
        for entry in self.entries:
            view = self.values[entry.part].reshape(entry.shape)
            entry.layer.set_parameter(entry.name, view)
            self._bound.append((entry.layer, entry.name, view))

    def is_bound(self) -> bool:
        """Tell whether all layers still have the views that they were given, and the wiring of then."""
        for layer, name, view in self._bound:  # noqa: SIM110 - asked in every step: a loop takes half of the time
            if getattr(layer, name) is not view:
                return False
        return True

    def __reduce__(self) -> tuple[type[ParameterStore], tuple[Layer]]:
        return ParameterStore, (self.root,)  # a copy's layers are to be views of the copy

    def views(self, flat: Array) -> Gradients:
        """Return a flat array (size,) as the tree of arrays that `Layer.backward_tiles` adds to."""
        by_layer: dict[int, Gradients] = {}
        for entry in self.entries:
            by_layer.setdefault(id(entry.layer), {})[entry.name] = flat[entry.part].reshape(entry.shape)

        def tree(layer: Layer) -> Gradients:
            return {**by_layer.get(id(layer), {}), **{name: tree(child) for name, child in layer.children.items()}}

        return tree(self.root)

    def rebind(self, update: TopologyUpdate) -> NDArray[np.int64]:
        """Flatten the layers again after a topology update.

        Parameters
        ----------
        update : TopologyUpdate
            What was done to the layers since they were bound.

        Returns
        -------
        carry : int64 (new size,)
            Where each value stood before the update, -1 for the weight of a new link: what an optimizer needs to
            remap its state.
        """
        carries = {changed.layer: changed.carry for changed in update.layers}  # one entry a link
        before = {entry.key: entry for entry in self.entries}
        self._bind()
        carry = np.empty(len(self.values), np.int64)
        for entry in self.entries:
            old = before[entry.key]
            moved = carries.get(entry.layer.name) if entry.layer.bears_links and entry.name == "weight" else None
            if moved is None:
                carry[entry.part] = np.arange(old.part.start, old.part.stop)
            else:
                within = _of_weights(moved, math.prod(entry.shape[1:]))
                np.add(within, old.part.start, out=carry[entry.part])
                carry[entry.part][within < 0] = -1
        return carry

    def state(self) -> dict[str, Array]:
        """Return all arrays of the layers that nothing trains, by key."""
        return {f"{path}/{name}": array for path, layer in leaves(self.root) for name, array in layer.state().items()}

    def shapes(self) -> dict[str, Any]:
        """Return the shape of each parameter by key, in the order of the flat arrays, as plain JSON types."""
        return {entry.key: list(entry.shape) for entry in self.entries}


def _of_weights(carry: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return where each weight stood among those of its layer, from where each link stood that has `size` of them."""
    if size == 1:
        return carry
    within = carry[:, None] * size + np.arange(size)
    return np.where(carry[:, None] < 0, -1, within).ravel()
