"""The rivals of one job: forward, loss, backward and update of one batch, each in its own way.

All start from the same wiring, weights and batch, and all leave the same gradient on the links. Ours cuts the batch
out of the training set and transposes it inside the timed step; the others get it ready, in the layout that suits them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Protocol

from sparse_mlp.bench.job import Array, Job
from sparse_mlp.layers import SoftmaxCrossEntropy
from sparse_mlp.optim import SGD


class Rival(Protocol):
    """Train one batch of a job."""

    def gradient(self) -> float:
        """Compute the mean loss and its gradient."""

    def update(self) -> None:
        """Move the parameters down the last gradient."""

    def link_gradients(self) -> list[Array]:
        """Return the gradient of each layer's links (nnz,), in the order of its structure."""


def step(rival: Rival) -> Callable[[], None]:
    """Return a function that does one training step."""

    def once() -> None:
        rival.gradient()
        rival.update()

    return once


class Ours:
    """Train as the `Trainer` does: the compiled step where the backend has one, layer by layer elsewhere."""

    def __init__(self, job: Job, backend: str = "numba") -> None:
        self.job, self.model = job, job.model(backend)
        self.loss = SoftmaxCrossEntropy(backend=backend)
        self.optimizer = SGD(job.learning_rate, job.momentum, weight_decay=job.weight_decay, backend=backend)
        self.optimizer.init(len(self.model.store.values), self.model.store.values.dtype)

    def gradient(self) -> float:
        """Compute the mean loss and its gradient."""
        return self.model.gradient(self.job.x, self.job.samples, self.job.labels, self.loss)

    def update(self) -> None:
        """Move the parameters down the last gradient."""
        store = self.model.store
        self.optimizer.step(store.values, store.gradient, store.n_weights)

    def link_gradients(self) -> list[Array]:
        """Return the gradient of each layer's links."""
        return [self.model.store.gradient[part] for part in self.model.store.weight_parts]


class OursByLayer(Ours):
    """Train with the compiled kernels of each layer, called one after the other."""

    def gradient(self) -> float:
        """Compute the mean loss and its gradient."""
        scores, caches = self.model.forward(self.job.x[self.job.samples])
        value, cache = self.loss.forward(scores, self.job.labels[self.job.samples])
        grads = self.model.backward(self.loss.backward(cache), caches)
        self.model.store.collect([grad for grad in grads if grad])
        return value


def torch_is_there() -> bool:
    """Tell whether PyTorch can be imported."""
    return importlib.util.find_spec("torch") is not None


def make_rival(name: str, job: Job, threads: int) -> Rival:
    """Build a rival by its name, one of `OURS`, `NUMPY_PEERS` and `TORCH_PEERS`."""
    from sparse_mlp.bench import numpy_peers

    if name in TORCH_PEERS:
        from sparse_mlp.bench import torch_peers

        torch_peers.use_threads(threads)
        return torch_peers.DenseWithMask(job) if name == "torch mask" else torch_peers.CompressedRows(job)
    makers: dict[str, Callable[[Job], Rival]] = {
        "ours": Ours,
        "ours by layer": OursByLayer,
        "ours scipy": lambda given: Ours(given, backend="scipy"),
        "scipy 2018": numpy_peers.LinkByLink,
        "numpy dense": numpy_peers.DenseProducts,
    }
    return makers[name](job)


OURS = ("ours", "ours by layer", "ours scipy")
NUMPY_PEERS = ("scipy 2018", "numpy dense")
TORCH_PEERS = ("torch mask", "torch CSR")
