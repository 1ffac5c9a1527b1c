"""What a layer is: an explicit forward and an explicit backward pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Gradients = dict[str, Array]


class Layer(ABC):
    """Map activations (batch, n_in) to (batch, n_out), and gradients back.

    Arrays are indexed (batch, features) but lie feature-major in memory, so that one neuron's batch is
    contiguous; `feature_major` and `batch_major` cross between the two without a copy.
    """

    name: str = ""

    @abstractmethod
    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Any]:
        """Return the layer's output and what its backward pass needs.

        Parameters
        ----------
        x : float (batch, n_in)
        rng : numpy.random.Generator, optional
            Given while training; only layers that are random in training draw from it.

        Returns
        -------
        y : float (batch, n_out)
        cache : object
            To be handed to `backward`.
        """

    @abstractmethod
    def backward(self, dy: Array, cache: Any) -> tuple[Array, Gradients]:
        """Return the gradient by the input and by each parameter.

        Parameters
        ----------
        dy : float (batch, n_out)
            Gradient of the loss by the output.
        cache : object
            What `forward` returned.

        Returns
        -------
        dx : float (batch, n_in)
        grads : dict of str to float arrays
            One entry for each entry of `parameters`.
        """

    def parameters(self) -> dict[str, Array]:
        """Return the trainable arrays by name; they share memory with the layer."""
        return {}


def feature_major(x: Array, dtype: Any = None) -> Array:
    """Return (batch, features) as a C-contiguous (features, batch) array, without a copy where it already is one."""
    return np.ascontiguousarray(x.T, dtype=dtype)


def batch_major(x: Array) -> Array:
    """Return a feature-major (features, batch) array as (batch, features), sharing its memory."""
    return x.T
