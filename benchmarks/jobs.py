"""The training step that is timed: one network and one batch, the same for old code, our code and every rival."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.worker import Prepared

Array = NDArray[Any]

INK = 0.19  # fraction of the inputs that are not zero, as in 28 x 28 images of digits
TILE = 64  # samples that a thread takes through the network at a time


class Links(NamedTuple):
    """One linear layer as every rival can build it: link k joins input rows[k] and output cols[k]."""

    shape: tuple[int, int]
    rows: Array
    cols: Array
    weight: Array
    bias: Array


@dataclass(frozen=True)
class Job:
    """Hold what is needed to build the same network and see the same batch.

    Attributes
    ----------
    sizes : list of int
    batch : int
    options : dict
        Of `SparseMLP`: density or epsilon, dropout, motif_size, …
    residual : bool
        Whether each hidden layer but the first is a residual block: its inputs are added to its outputs.
    n_samples, seed : int
    learning_rate, momentum, weight_decay : float
        Of the update; decay is part of the gradient and spares the biases.
    """

    sizes: list[int]
    batch: int
    options: dict[str, Any] = field(default_factory=dict)
    residual: bool = False
    n_samples: int = 2048
    seed: int = 0
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 2e-4

    @cached_property
    def data(self) -> tuple[Array, Array, Array]:
        """x float32 (n_samples, n_in), labels int64 (n_samples,), and the rows (batch,) that form the batch."""
        rng = np.random.default_rng(self.seed)
        x = rng.random((self.n_samples, self.sizes[0]), dtype=np.float32)
        x *= rng.random(x.shape, dtype=np.float32) < INK
        return x, rng.integers(self.sizes[-1], size=self.n_samples), rng.permutation(self.n_samples)[: self.batch]

    def samples(self) -> tuple[Array, Array]:
        """Return the batch by itself: x float32 (batch, n_in) and labels int64 (batch,)."""
        x, labels, rows = self.data
        return x[rows], labels[rows]

    def network(self, backend: str = "numba") -> Any:
        """Build the network; every backend gives the same wiring and weights."""
        from sparse_mlp.models import SparseMLP

        network = SparseMLP(self.sizes, rng=self.seed, backend=backend, **self.options)
        return with_residual_blocks(network) if self.residual else network

    def links(self) -> list[Links]:
        """Return the links of all layers, the dense read-out's among them."""
        return [_links(layer) for layer in linear_layers(self.network())]

    def facts(self, network: Any) -> dict[str, Any]:
        """Return what a training step costs by count.

        Returns
        -------
        dict
            ``links``; ``flops`` of forward and backward, without a gradient by the input; ``bytes_read`` of
            activations: a link reads one row of the batch forward and one backward, and so does each row of a block of
            motifs; ``tile_bytes`` of the widest layer.
        """
        *evolving, readout = links = [layer.weight.size for layer in linear_layers(network)]
        rows = sum(evolving) // (self.options["motif_size"] if self.options.get("motif_mode") == "block" else 1)
        return {
            "links": sum(links),
            "flops": 2 * self.batch * (3 * sum(links) - links[0]),
            "bytes_read": 2 * (rows + readout) * self.batch * 4,
            "tile_bytes": max(self.sizes) * min(TILE, self.batch) * 4,
        }


class Ours:
    """Train as the `Trainer` does, with the code of the tree that this process imports."""

    def __init__(self, job: Job, backend: str = "numba") -> None:
        from sparse_mlp.layers import SoftmaxCrossEntropy
        from sparse_mlp.optim import SGD

        self.job, self.network = job, job.network(backend)
        self.loss, self.rng = SoftmaxCrossEntropy(backend=backend), np.random.default_rng(job.seed)
        self.gradient = self._gradient()
        self.store = store = self.network.store
        self.optimizer = SGD(job.learning_rate, job.momentum, weight_decay=job.weight_decay, backend=backend)
        self.optimizer.init(len(store.values), store.values.dtype)
        self.n_decayed = store.n_decayed if hasattr(store, "n_decayed") else store.n_weights

    def _gradient(self) -> Callable[[], float]:
        """Return a function that leaves the gradient of the batch in the store."""
        x, labels, rows = self.job.data
        try:
            from sparse_mlp.models import Samples
        except ImportError:  # commit 561133e and before
            return lambda: self.network.gradient(x, rows, labels, self.loss, self.rng)
        return lambda: self.network.gradient(Samples(x, rows, labels), self.loss, self.rng)

    def step(self) -> None:
        """Train one batch."""
        self.gradient()
        self.optimizer.step(self.store.values, self.store.gradient, self.n_decayed)

    def weights(self) -> list[Array]:
        """Return the weights of each layer's links (nnz,)."""
        return [layer.weight.ravel() for layer in linear_layers(self.network)]


def training_step(**options: Any) -> Prepared:
    """Return one training step of ours; the options are those of `Job`."""
    ours = Ours(Job(**options))
    return ours.step, ours.job.facts(ours.network)


def dropout_draws(**options: Any) -> Prepared:
    """Return what draws the random numbers of dropout for a batch, a part of the step."""
    from sparse_mlp.layers.batch import Batch

    job, rng = Job(**options), np.random.default_rng(0)
    network = job.network()
    return lambda: network.root.draw_masks(network.n_features, Batch(job.batch, training=True), rng), {}


def linear_layers(network: Any) -> list[Any]:
    """Return the layers with weights, in order."""
    if hasattr(network, "layers"):
        return [layer for layer in network.layers if hasattr(layer, "weight")]
    from sparse_mlp.layers.base import leaves

    return [layer for _, layer in leaves(network.root)]


def with_residual_blocks(network: Any) -> Any:
    """Return a network of the same layers, where each hidden layer but the first, with its ReLU, adds to its inputs."""
    from sparse_mlp.layers import Residual, Sequential
    from sparse_mlp.models import Network

    first, relu, *hidden, readout = network.layers
    blocks = [Residual(Sequential(list(pair))) for pair in zip(hidden[::2], hidden[1::2], strict=True)]
    return Network(Sequential([first, relu, *blocks, readout]))


def _links(layer: Any) -> Links:
    if hasattr(layer, "structure"):
        rows, cols = layer.structure.rows(), layer.structure.indices
    else:
        rows, cols = (index.ravel() for index in np.indices(layer.weight.shape))
    return Links(layer.shape, rows, cols, layer.weight.ravel(), layer.bias)
