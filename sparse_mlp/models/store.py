"""All parameters of a network in one flat array: every weight by layer, then every bias.

Each layer holds views, so it reads and writes its own part. An optimizer is one pass over the array, weight decay
stops where the biases begin, and a checkpoint is a handful of arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.layers import Dense, SparseLinear
from sparse_mlp.layers.base import Array, Gradients

if TYPE_CHECKING:
    from sparse_mlp.evolution import TopologyUpdate

Linear = SparseLinear | Dense


class ParameterStore:
    """Hold the flat values and their gradient, and bind the layers to them.

    Parameters
    ----------
    layers : sequence of SparseLinear or Dense
        In order from input to output. From here on their `weight` and `bias` are views of `values`.

    Attributes
    ----------
    values, gradient : float (size,)
    n_weights : int
        Where the biases begin: weight decay applies to `values[:n_weights]`.
    """

    def __init__(self, layers: Sequence[Linear]) -> None:
        self.layers = list(layers)
        self._bind()

    def _bind(self) -> None:
        arrays = [layer.weight for layer in self.layers] + [layer.bias for layer in self.layers]
        ends = np.cumsum([array.size for array in arrays])
        self.values: Array = np.concatenate([array.ravel() for array in arrays])
        self.gradient: Array = np.zeros_like(self.values)
        self.n_weights = int(ends[len(self.layers) - 1])
        parts = [slice(int(end) - array.size, int(end)) for array, end in zip(arrays, ends, strict=True)]
        self.weight_parts, self.bias_parts = parts[: len(self.layers)], parts[len(self.layers) :]
        for layer, weight, bias in zip(self.layers, self.weight_parts, self.bias_parts, strict=True):
            layer.weight = self.values[weight].reshape(layer.weight.shape)
            layer.bias = self.values[bias]
        self._bound = [_parts(layer) for layer in self.layers]

    def is_bound(self) -> bool:
        """Tell whether all layers still have the structures and the views that they were given."""
        return all(
            a is b for layer, bound in zip(self.layers, self._bound, strict=True)
            for a, b in zip(_parts(layer), bound, strict=True)
        )  # fmt: skip

    def __reduce__(self) -> tuple[type[ParameterStore], tuple[list[Linear]]]:
        return ParameterStore, (self.layers,)  # a copy's layers are to be views of the copy

    def collect(self, grads: Sequence[Gradients]) -> None:
        """Copy the gradients of each layer, in the layers' order, into the flat gradient."""
        parts = zip(grads, self.weight_parts, self.bias_parts, strict=True)
        for grad, weight, bias in parts:
            self.gradient[weight] = grad["weight"].ravel()
            self.gradient[bias] = grad["bias"]

    def rebind(self, update: TopologyUpdate) -> NDArray[np.int64]:
        """Flatten the layers anew after a topology update.

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
        old_weights, old_biases = self.weight_parts, self.bias_parts
        self._bind()
        carry = np.empty(len(self.values), np.int64)
        for i, layer in enumerate(self.layers):
            start, stop = old_weights[i].start, old_weights[i].stop
            within = np.arange(stop - start)
            if layer.name in carries:
                within = _of_weights(carries[layer.name], math.prod(layer.weight.shape[1:]))
            carry[self.weight_parts[i]] = np.where(within < 0, -1, within + start)
            carry[self.bias_parts[i]] = np.arange(old_biases[i].start, old_biases[i].stop)
        return carry


def _of_weights(carry: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return where each weight stood among those of its layer, from where each link stood that has `size` of them."""
    if size == 1:
        return carry
    within = carry[:, None] * size + np.arange(size)
    return np.where(carry[:, None] < 0, -1, within).ravel()


def _parts(layer: Linear) -> tuple[Array, Array, object]:
    return layer.weight, layer.bias, getattr(layer, "structure", None)
