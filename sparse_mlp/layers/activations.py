"""Activation layers: one function of each neuron's input, without parameters."""

from __future__ import annotations

from typing import Any

from sparse_mlp.errors import check_integer, check_number
from sparse_mlp.kernels.dispatch import choose_backend, elementwise_ops
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.reference.elementwise import all_relu_slope


class Activation(Layer):
    """Apply one function to every entry.

    Attributes
    ----------
    backend : str
        Backend that computes it.

    Notes
    -----
    Results have the dtype of the layer's input.
    """

    elementwise = True

    def __init__(self, *, backend: str | None = None, name: str = "") -> None:
        self.backend = choose_backend(backend).name
        self.name = name or type(self).__name__.lower()


class PiecewiseLinear(Activation):
    """Pass positive values on and multiply the others by `slope`.

    Notes
    -----
    :math:`a = z` and :math:`da/dz = 1` for z > 0, else :math:`a = slope \\cdot z` and :math:`da/dz = slope`.
    """

    replays = True
    keeps_zero = True

    def __init__(self, slope: float = 0.0, *, backend: str | None = None, name: str = "") -> None:
        super().__init__(backend=backend, name=name)
        self._slope = slope

    @property
    def slope(self) -> float:
        """What negative values are multiplied by."""
        return self._slope

    @property
    def is_relu(self) -> bool:  # type: ignore[override]
        """Whether the slope is 0."""
        return self.slope == 0

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the activations and, as cache, the inputs."""
        ops = elementwise_ops(self.backend)
        return ops.piecewise_linear_forward(x, self.slope, out=batch.empty_like(x)), x

    def backward_tiles(self, dy: Array, cache: Array, batch: Batch, grads: Gradients, wants_dx: bool = True) -> Any:
        """Return the gradient by the input."""
        return elementwise_ops(self.backend).piecewise_linear_backward(cache, dy, self.slope, out=dy)


class ReLU(PiecewiseLinear):
    """Pass positive values on, silence the others: max(z, 0).

    Examples
    --------
    >>> import numpy as np
    >>> y, cache = ReLU(backend="scipy").forward(np.array([[-1.0, 2.0]]))
    >>> np.abs(y)
    array([[0., 2.]])
    """

    replays = True

    def __init__(self, *, backend: str | None = None, name: str = "") -> None:
        super().__init__(0.0, backend=backend, name=name)


class LeakyReLU(PiecewiseLinear):
    """Pass positive values on, multiply the others by a small slope.

    Parameters
    ----------
    slope : float
        0 or more.
    """

    replays = True

    def __init__(self, slope: float = 0.01, *, backend: str | None = None, name: str = "") -> None:
        super().__init__(check_number("slope", slope), backend=backend, name=name)

    def __repr__(self) -> str:
        return f"LeakyReLU(slope={self.slope:g})"


class AllReLU(PiecewiseLinear):
    """Alternate the left slope from layer to layer: -alpha in even hidden layers, +alpha in odd ones.

    Parameters
    ----------
    alpha : float
        0 or more. The paper tunes it for each data set; its released code has 0.6 on Fashion-MNIST.
    layer_index : int
        Which hidden layer this is, counted from 0.

    Notes
    -----
    Curci, Mocanu and Pechenizkiy (2021), "Truly sparse neural networks at scale". Counting starts as in the code
    released with it, where the first hidden layer has the slope -alpha.
    """

    replays = True

    def __init__(self, alpha: float = 0.6, layer_index: int = 0, *, backend: str | None = None, name: str = "") -> None:
        self.alpha = check_number("alpha", alpha)
        self.layer_index = check_integer("layer_index", layer_index, minimum=0)
        super().__init__(all_relu_slope(self.alpha, self.layer_index), backend=backend, name=name)

    def __repr__(self) -> str:
        return f"AllReLU(alpha={self.alpha:g}, layer_index={self.layer_index})"


class _FromOutput(Activation):
    """Be an activation whose derivative is computed from its own output."""

    function: str

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the activations, which are the cache as well."""
        a = getattr(elementwise_ops(self.backend), f"{self.function}_forward")(x, out=batch.empty_like(x))
        return a, a

    def backward_tiles(self, dy: Array, cache: Array, batch: Batch, grads: Gradients, wants_dx: bool = True) -> Any:
        """Return the gradient by the input."""
        return getattr(elementwise_ops(self.backend), f"{self.function}_backward")(cache, dy, out=dy)


class Sigmoid(_FromOutput):
    """Squash into (0, 1): 1 / (1 + exp(-z)), with the derivative a (1 - a)."""

    function, replays = "sigmoid", True


class Tanh(_FromOutput):
    """Squash into (-1, 1) by the hyperbolic tangent, with the derivative 1 - a²."""

    function, replays, keeps_zero = "tanh", True, True
