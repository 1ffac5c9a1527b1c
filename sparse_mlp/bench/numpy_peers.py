"""Rivals in NumPy and SciPy: the arithmetic of the original SET-MLP, and the dense network that it replaces."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from sparse_mlp.bench.job import Array, Job


class LinkByLink:
    """Train as the code released with SET does [Mocanu2018], on row-major (batch, n) arrays.

    Products with CSR matrices, and for the gradient, link by link, the product of its input's and its output's column.

    Differences from the original
    -----------------------------
    float32 instead of float64, ReLU and softmax instead of its activations; the columns of all links are gathered and
    contracted by NumPy, where the original loops over the links in Cython.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.x, self.labels = job.batch_inputs()
        model = job.model()
        self.weights = [
            csr_array((layer.weight.ravel().copy(), structure.indices, structure.indptr), shape=structure.shape)
            for layer, structure in zip(model.linear_layers, job.structures(), strict=True)
        ]
        self.rows = [structure.rows() for structure in job.structures()]
        self.biases = [layer.bias.copy() for layer in model.linear_layers]
        self.velocities = [np.zeros_like(array) for array in (*(w.data for w in self.weights), *self.biases)]
        self.gradients: list[Array] = []

    def gradient(self) -> float:
        """Compute the mean loss and its gradient."""
        activations = [self.x]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            activations.append(_relu(activations[-1] @ weight + bias, last=bias is self.biases[-1]))
        loss, dz = softmax_cross_entropy(activations.pop(), self.labels)
        by_link, by_bias = [], []
        for i in reversed(range(len(self.weights))):
            a, weight = activations[i], self.weights[i]
            # `take` gathers twice as fast as fancy indexing.
            left, right = np.take(a, self.rows[i], axis=1), np.take(dz, weight.indices, axis=1)
            by_link.append(np.einsum("bk,bk->k", left, right))
            by_bias.append(dz.sum(axis=0))
            if i > 0:
                dz = (weight @ dz.T).T * (a > 0)
        self.gradients = by_link[::-1] + by_bias[::-1]
        return loss

    def update(self) -> None:
        """Move the parameters down the last gradient."""
        values = [*(weight.data for weight in self.weights), *self.biases]
        _sgd(self.job, values, self.gradients, self.velocities, len(self.weights))

    def link_gradients(self) -> list[Array]:
        """Return the gradient of each layer's links."""
        return self.gradients[: len(self.weights)]


class DenseProducts:
    """Train the dense network of the same sizes with BLAS, no mask; absent links start at zero and soon are not."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.x, self.labels = job.batch_inputs()
        sparse = LinkByLink(job)
        self.weights = [weight.toarray() for weight in sparse.weights]
        self.biases = sparse.biases
        self.velocities = [np.zeros_like(array) for array in (*self.weights, *self.biases)]
        self.gradients: list[Array] = []

    def gradient(self) -> float:
        """Compute the mean loss and its gradient."""
        activations = [self.x]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            activations.append(_relu(activations[-1] @ weight + bias, last=bias is self.biases[-1]))
        loss, dz = softmax_cross_entropy(activations.pop(), self.labels)
        by_weight, by_bias = [], []
        for i in reversed(range(len(self.weights))):
            by_weight.append(activations[i].T @ dz)
            by_bias.append(dz.sum(axis=0))
            if i > 0:
                dz = (dz @ self.weights[i].T) * (activations[i] > 0)
        self.gradients = by_weight[::-1] + by_bias[::-1]
        return loss

    def update(self) -> None:
        """Move the parameters down the last gradient."""
        _sgd(self.job, [*self.weights, *self.biases], self.gradients, self.velocities, len(self.weights))

    def link_gradients(self) -> list[Array]:
        """Return the gradient of each layer's links."""
        structures = self.job.structures()
        return [g[s.rows(), s.indices] for g, s in zip(self.gradients, structures, strict=False)]


def softmax_cross_entropy(scores: Array, labels: Array) -> tuple[float, Array]:
    """Return the mean loss and its gradient by the scores (batch, n_out)."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1, keepdims=True)
    samples = np.arange(len(labels))
    loss = float(np.mean(np.log(sums[:, 0]) - shifted[samples, labels]))
    dscores = exponentials / sums
    dscores[samples, labels] -= 1
    return loss, dscores / np.float32(len(labels))


def _relu(z: Array, last: bool) -> Array:
    return z if last else np.maximum(z, 0, out=z)


def _sgd(job: Job, values: list[Array], gradients: list[Array], velocities: list[Array], n_weights: int) -> None:
    for i, (value, gradient, velocity) in enumerate(zip(values, gradients, velocities, strict=True)):
        velocity *= job.momentum
        velocity += gradient
        if i < n_weights:
            velocity += job.weight_decay * value
        value -= job.learning_rate * velocity
