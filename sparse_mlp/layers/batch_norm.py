"""Batch normalisation: each channel gets mean 0 and variance 1 over the batch, then a scale and a shift."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.errors import check_fraction, check_integer, check_number, invalid
from sparse_mlp.kernels.dispatch import choose_backend, map_ops
from sparse_mlp.layers._checks import check_dtype
from sparse_mlp.layers.base import Array, Gradients
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.map_flow import Image
from sparse_mlp.layers.maps import LANES, MapLayer, checked_image
from sparse_mlp.reference.maps import follow


class BatchNorm(MapLayer):
    """Normalise each channel over the batch, scale and shift it.

    Parameters
    ----------
    input_shape : (int, int, int) or int
        Channels, height and width of the maps; the number of flat features, each of which is then a channel.
    relu : bool
        Whether to return max(y, 0). A `ReLU` right behind it in a `Sequential` is taken over in any case.
    momentum : float
        How far the running mean and variance go towards those of a batch, in [0, 1].
    eps : float
        Added to the variance.
    dtype : float32 or float64
    backend : str, optional
    name : str

    Attributes
    ----------
    gamma, beta : float (channels,)
        Scale and shift, at first 1 and 0.
    running_mean, running_var : float (channels,)
        What is used for inference: the batches seen in training, the last ones most; at first 0 and 1.

    Notes
    -----
    [Ioffe2015], as in PyTorch. In training (the public `forward` with `rng`) mean and variance are those of the
    n = batch x height x width values of a channel,

    .. math:: y = \\gamma \\frac{z - mean}{\\sqrt{variance + eps}} + \\beta,

    with the variance divided by n; the running variance follows the one that is divided by n - 1. A bias before this
    layer has no effect. The layer needs the whole batch: threads share its channels.

    Examples
    --------
    >>> layer = BatchNorm((1, 2, 2), relu=True, eps=0.0, dtype="float64")
    >>> z = np.array([[[[-1.0, 1.0], [-1.0, 1.0]]]])
    >>> layer.forward(z, np.random.default_rng(0))[0]
    array([[[[0., 1.],
             [0., 1.]]]])
    >>> layer.running_var
    array([1.03333333])
    """

    needs_batch = True
    takes_relu = True
    derives_relu = True
    dtype: np.dtype[Any]

    def __init__(
        self, input_shape: Image | int, *, relu: bool = False, momentum: float = 0.1, eps: float = 1e-5,
        dtype: DTypeLike = np.float32, backend: str | None = None, name: str = "batchnorm",
    ) -> None:  # fmt: skip
        self.name, self.backend, self.dtype = name, choose_backend(backend).name, check_dtype(dtype)
        if isinstance(input_shape, tuple | list):
            shape = checked_image(name, input_shape)
        else:
            self.reads_maps = self.writes_maps = False
            shape = check_integer("input_shape", input_shape), 1, 1
        self.set_shapes(shape, shape)
        self.relu, self.momentum = relu, check_fraction("momentum", momentum, zero=True)
        self.eps = check_number("eps", eps)
        self.gamma, self.beta = np.ones(shape[0], self.dtype), np.zeros(shape[0], self.dtype)
        self.running_mean, self.running_var = np.zeros(shape[0], self.dtype), np.ones(shape[0], self.dtype)

    @property
    def lanes(self) -> int | None:  # type: ignore[override]
        """Those of maps; flat features may come in any tiles."""
        return LANES if self.reads_maps else None

    @property
    def keeps_dy(self) -> bool:  # type: ignore[override]
        """Whether dx lies otherwise than dy, with another border; else it is written over it."""
        return self.input_map != self.output_map

    def forward_tiles(self, x: Array, batch: Batch, relu: bool = False) -> tuple[Array, Any]:
        """Return y and, as cache, the input and what was done to it."""
        relu, channels, ops = relu or self.relu, self.input_map.channels, map_ops(self.backend)
        mean, variance = (batch.empty((channels,), np.dtype(np.float64)) for _ in range(2))
        y = batch.empty((len(x), self.output_map.features, x.shape[2]), x.dtype)
        z, out, parameters = self.input_map.bordered(x), self.output_map.bordered(y), (self.gamma, self.beta)
        options: dict[str, Any] = {"n_samples": batch.n_samples, "out": out}
        if batch.training:
            number, found = self._number(batch), (mean, variance)
            batch.over_channels(
                channels,
                lambda part: ops.batch_norm_train(z, *parameters, self.eps, relu, into=found, part=part, **options),
            )
            self.running_mean[:] = follow(self.running_mean, mean, self.momentum)
            self.running_var[:] = follow(self.running_var, variance * (number / (number - 1)), self.momentum)
        else:
            mean[:], variance[:] = self.running_mean, self.running_var
            args = z, *parameters, mean, variance, self.eps, relu
            batch.over_channels(channels, lambda part: ops.batch_norm_eval(*args, part=part, **options))
        return y, (x, mean, variance, relu)

    def backward_tiles(self, dy: Array, cache: Any, batch: Batch, grads: Gradients, wants_dx: bool = True) -> Any:
        """Add the gradients by gamma and beta and return that by the input."""
        x, mean, variance, relu = cache
        dx, ops = batch.empty_like(x) if self.keeps_dy else dy, map_ops(self.backend)
        maps, out = (self.input_map.bordered(x), self.output_map.bordered(dy)), self.input_map.bordered(dx)
        args = *maps, self.gamma, self.beta, mean, variance, self.eps, relu, batch.training
        options = {"n_samples": batch.n_samples, "out": out, "add_to": (grads["gamma"], grads["beta"])}
        batch.over_channels(
            self.input_map.channels, lambda part: ops.batch_norm_backward(*args, part=part, **options)
        )  # fmt: skip
        return dx

    def _number(self, batch: Batch) -> int:
        """Return how many values of a channel there are."""
        number = batch.n_samples * self.input_map.height * self.input_map.width
        if number < 2:
            found = f"{number} value of each channel in a training batch at layer {self.name!r}"
            raise invalid(found, "two or more", "a single one has no variance; take larger batches, or pool less often")
        return number

    def parameters(self) -> dict[str, Array]:
        """Return `gamma` and `beta`."""
        return {"gamma": self.gamma, "beta": self.beta}

    def state(self) -> dict[str, Array]:
        """Return `running_mean` and `running_var`."""
        return {"running_mean": self.running_mean, "running_var": self.running_var}

    def __repr__(self) -> str:
        shape = self.input_shape if self.reads_maps else self.input_map.channels
        return f"BatchNorm({shape}{', relu=True' if self.relu else ''})"
