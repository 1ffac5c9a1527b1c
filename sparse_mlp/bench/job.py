"""A job: one network, one data set, one batch size, the same for every rival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.models import SparseMLP
from sparse_mlp.models.compiled import structure_of
from sparse_mlp.rng import as_generator
from sparse_mlp.structure import SparseStructure

Array = NDArray[Any]

INK = 0.19  # fraction of the inputs that are not zero, as in 28 x 28 images of digits


@dataclass(frozen=True)
class Job:
    """Hold what a rival needs to build the same network and see the same batch.

    Attributes
    ----------
    name : str
    sizes : tuple of int
    density, epsilon : float or None
        One of them says how many links the sparse layers have; the read-out is dense.
    batch : int
    x : float32 (n_samples, n_in)
    labels : int64 (n_samples,)
    samples : int64 (batch,)
        The rows of x that form the batch.
    seed : int
        Of wiring and weights.
    learning_rate, momentum, weight_decay : float
        Of the update; decay is part of the gradient and spares the biases.
    motif_size, motif_mode
        As in `SparseMLP`.
    """

    name: str
    sizes: tuple[int, ...]
    density: float | None
    epsilon: float | None
    batch: int
    x: Array
    labels: Array
    samples: Array
    seed: int = 0
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 2e-4
    motif_size: int = 1
    motif_mode: str = "shared"

    def model(self, backend: str = "numba") -> SparseMLP:
        """Build the network; every backend gives the same wiring and weights."""
        density: dict[str, Any] = {} if self.density is None else {"density": self.density}
        motifs: dict[str, Any] = {"motif_size": self.motif_size, "motif_mode": self.motif_mode}
        return SparseMLP(self.sizes, epsilon=self.epsilon, rng=self.seed, backend=backend, **density, **motifs)

    def structures(self) -> list[SparseStructure]:
        """Return the links of all layers, the dense read-out's among them; those between motifs as they are."""
        return [structure_of(layer) for layer in self.model().linear_layers]

    @cached_property
    def links(self) -> list[int]:
        """The number of weights of each layer."""
        return [layer.weight.size for layer in self.model().linear_layers]

    @property
    def flops(self) -> int:
        """Operations of forward and backward, without a gradient by the input."""
        return 2 * self.batch * (3 * sum(self.links) - self.links[0])

    @property
    def bytes_read(self) -> int:
        """Bytes of activations that the links read: one row of the batch forward, one backward, m for a block."""
        *evolving, readout = self.links
        rows = sum(evolving) // (self.motif_size if self.motif_mode == "block" else 1)
        return 2 * (rows + readout) * self.batch * 4

    def batch_inputs(self) -> tuple[Array, Array]:
        """Return the batch by itself: x float32 (batch, n_in) and labels int64 (batch,)."""
        return self.x[self.samples], self.labels[self.samples]


def make_job(
    name: str, sizes: Sequence[int], *, batch: int, density: float | None = None, epsilon: float | None = None,
    n_samples: int = 2048, seed: int = 0, motif_size: int = 1, motif_mode: str = "shared",
) -> Job:  # fmt: skip
    """Draw synthetic data for a network and choose a batch of it.

    Parameters
    ----------
    name : str
    sizes : sequence of int
        Neurons of the input, of each hidden layer and of the output.
    batch : int
    density, epsilon : float, optional
        One of the two.
    n_samples : int
        At least `batch`.
    seed : int
    motif_size, motif_mode
        As in `SparseMLP`.
    """
    rng = as_generator(seed)
    x = rng.random((n_samples, sizes[0]), dtype=np.float32)
    x *= rng.random((n_samples, sizes[0]), dtype=np.float32) < INK
    labels = rng.integers(sizes[-1], size=n_samples)
    samples = rng.permutation(n_samples)[:batch]
    return Job(
        name, tuple(sizes), density, epsilon, batch, x, labels, samples, seed, motif_size=motif_size,
        motif_mode=motif_mode,
    )  # fmt: skip
