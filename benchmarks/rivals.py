"""Other ways to train the same network: SciPy as the original code used it, dense NumPy, scikit-learn's MLP.

All start from the same wiring, weights and batch and make the same update, except that the absent links of a dense
network start at zero and soon are not. The batch is ready in the layout that suits each; ours has to cut it out of the
training set within the timed step.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks.jobs import Array, Job, Links
from benchmarks.worker import Prepared

SPARSE = ("LinkByLink", "CompressedRows")  # rivals that do no more operations than ours


def rival_step(rival: str, **options: Any) -> Prepared:
    """Return one training step of a rival; the options are those of `Job`."""
    job = Job(**options)
    return make_rival(rival, job).step, job.facts(job.network()) if rival in SPARSE else {}


def make_rival(name: str, job: Job) -> Any:
    """Build a rival by its name, a class of this module or of `torch_rivals`."""
    if name in globals():
        return globals()[name](job)
    from benchmarks import torch_rivals

    return getattr(torch_rivals, name)(job)


class LinkByLink:
    """Train as the code released with SET does [Mocanu2018], on row-major (batch, n) arrays.

    Products with CSR matrices, and for the gradient, link by link, the product of its input's and its output's column.

    Differences from the original
    -----------------------------
    float32 instead of float64, ReLU and softmax instead of its activations; the columns of all links are gathered and
    contracted by NumPy, where the original loops over the links in Cython.
    """

    def __init__(self, job: Job) -> None:
        self.job, self.links, (self.x, self.labels) = job, job.links(), job.samples()
        self.matrices, values = self.stored()
        self.values = [*values, *(layer.bias.copy() for layer in self.links)]
        self.velocities = [np.zeros_like(value) for value in self.values]

    def stored(self) -> tuple[list[Any], list[Array]]:
        """Return the weights of each layer as they are multiplied, and the numbers in them."""
        matrices = [csr_array((layer.weight, (layer.rows, layer.cols)), shape=layer.shape) for layer in self.links]
        return matrices, [matrix.data for matrix in matrices]

    def weight_gradient(self, layer: Links, a: Array, dz: Array) -> Array:
        """Return the gradient of these numbers."""
        # `take` gathers twice as fast as fancy indexing.
        return np.einsum("bk,bk->k", np.take(a, layer.rows, axis=1), np.take(dz, layer.cols, axis=1))

    def step(self) -> None:
        """Train one batch."""
        activations, last = [self.x], len(self.links) - 1
        for i, matrix in enumerate(self.matrices):
            z = activations[i] @ matrix + self.values[last + 1 + i]
            activations.append(z if i == last else np.maximum(z, 0, out=z))
        dz = softmax_cross_entropy_gradient(activations.pop(), self.labels)
        gradients = [np.empty(0)] * len(self.values)
        for i in reversed(range(last + 1)):
            gradients[i] = self.weight_gradient(self.links[i], activations[i], dz)
            gradients[last + 1 + i] = dz.sum(axis=0)
            if i > 0:
                dz = (self.matrices[i] @ dz.T).T * (activations[i] > 0)
        for i, (value, gradient, velocity) in enumerate(zip(self.values, gradients, self.velocities, strict=True)):
            velocity *= self.job.momentum
            velocity += gradient
            if i <= last:
                velocity += self.job.weight_decay * value
            value -= self.job.learning_rate * velocity

    def weights(self) -> list[Array]:
        """Return the weights of each layer's links (nnz,)."""
        return self.values[: len(self.links)]


class DenseProducts(LinkByLink):
    """Train the dense network of the same sizes with BLAS, without a mask."""

    def stored(self) -> tuple[list[Any], list[Array]]:
        """Return the weights of each layer, twice the same matrices."""
        matrices = [dense_matrix(layer) for layer in self.links]
        return matrices, matrices

    def weight_gradient(self, layer: Links, a: Array, dz: Array) -> Array:
        """Return the gradient of all weights of a layer."""
        return a.T @ dz

    def weights(self) -> list[Array]:
        """Return the weights of each layer's links (nnz,)."""
        return [matrix[layer.rows, layer.cols] for matrix, layer in zip(self.matrices, self.links, strict=True)]


class ScikitLearn:
    """Train scikit-learn's `MLPClassifier`, which is dense, by `partial_fit` on the batch."""

    def __init__(self, job: Job) -> None:
        from sklearn.neural_network import MLPClassifier

        self.links, (self.x, self.labels) = job.links(), job.samples()
        self.model = MLPClassifier(
            job.sizes[1:-1], solver="sgd", alpha=job.weight_decay * job.batch, batch_size=job.batch, shuffle=False,
            learning_rate_init=job.learning_rate, momentum=job.momentum, nesterovs_momentum=False, random_state=0,
        )  # fmt: skip
        self.classes = np.arange(job.sizes[-1])
        self.step()
        self.model.coefs_[:] = map(dense_matrix, self.links)
        self.model.intercepts_[:] = [layer.bias.copy() for layer in self.links]
        del self.model._optimizer  # made again by the next step, for these arrays

    def step(self) -> None:
        """Train one batch."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model.partial_fit(self.x, self.labels, classes=self.classes)

    def weights(self) -> list[Array]:
        """Return the weights of each layer's links (nnz,)."""
        return [matrix[layer.rows, layer.cols] for matrix, layer in zip(self.model.coefs_, self.links, strict=True)]


def dense_matrix(layer: Links) -> Array:
    """Return the weights float32 (n_in, n_out), zero where there is no link."""
    dense = np.zeros(layer.shape, np.float32)
    dense[layer.rows, layer.cols] = layer.weight
    return dense


def softmax_cross_entropy_gradient(scores: Array, labels: Array) -> Array:
    """Return the gradient of the mean loss by the scores (batch, n_out)."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    dscores = exponentials / exponentials.sum(axis=1, keepdims=True)
    dscores[np.arange(len(labels)), labels] -= 1
    return dscores / np.float32(len(labels))
