"""Dropout: silence random neurons while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparse_mlp.errors import check_fraction
from sparse_mlp.kernels.dispatch import choose_backend, elementwise_ops
from sparse_mlp.kernels.tape import launch
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch


class Dropout(Layer):
    """Silence a fraction of the activations while training and scale up the others (inverted dropout).

    Parameters
    ----------
    rate : float
        Fraction to silence, in [0, 1); it is rounded to a multiple of 1 / 256, and not to 1.
    backend : str, optional
    name : str

    Notes
    -----
    Dropout [Srivastava2014], with the scale 1 / (1 - rate) moved from inference to training. One random byte is drawn
    for each entry, neuron by neuron.

    Differences from the original
    -----------------------------
    The rate is a multiple of 1 / 256, which costs a quarter of the random numbers of single precision: 0.3 becomes
    77 / 256 = 0.3008. The scale is that of the rounded rate, so the mean is exact.
    """

    keeps_relu = True
    elementwise = True
    keeps_zero = True
    replays = True

    def __init__(self, rate: float, *, backend: str | None = None, name: str = "dropout") -> None:
        self._rate, self._threshold = rate_in_256ths(rate)
        self.backend = choose_backend(backend).name
        self.name = name

    @property
    def rate(self) -> float:
        """The rate asked for."""
        return self._rate

    @property
    def threshold(self) -> int:
        """256 times the rate that is used; bytes below it silence a neuron."""
        return self._threshold

    def draw_masks(self, n_in: int, batch: Batch, rng: np.random.Generator) -> None:
        """Draw a byte for each neuron and sample."""
        if self.threshold:
            drawn = np.frombuffer(rng.bytes(n_in * batch.n_samples), np.uint8).reshape(n_in, batch.n_samples)
            batch.draws.setdefault(id(self), np.empty_like(drawn))[:] = drawn

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, None]:
        """Return x with entries silenced, or x itself for inference."""
        return self._silenced(x, batch, None), None

    def backward_tiles(
        self, dy: Array, cache: None, batch: Batch, grads: Gradients, wants_dx: bool = True, masked: bool = False
    ) -> Any:
        """Return the gradient by the input: the same entries silenced, the same scale."""
        if masked and self._acts(batch):
            launch(np.multiply, dy, dy.dtype.type(256 / (256 - self.threshold)), dy)
            return dy
        return self._silenced(dy, batch, dy)

    def _acts(self, batch: Batch) -> bool:
        return batch.training and self.threshold > 0

    def _silenced(self, x: Array, batch: Batch, out: Array | None) -> Array:
        if not self._acts(batch):
            return x
        target = batch.empty_like(x) if out is None else out
        draws = batch.draws[id(self)]
        return elementwise_ops(self.backend).dropout(x, draws, self.threshold, batch.first, out=target)

    def __repr__(self) -> str:
        return f"Dropout(rate={self.rate:g})"


def rate_in_256ths(rate: float) -> tuple[float, int]:
    """Return a rate, checked, and the byte below which random bytes silence: the nearest multiple of 1 / 256.

    Examples
    --------
    >>> rate_in_256ths(0.1)
    (0.1, 26)
    """
    checked = check_fraction("dropout rate", rate, zero=True, one=False)
    return checked, min(255, round(256 * checked))
