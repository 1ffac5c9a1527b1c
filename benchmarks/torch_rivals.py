"""Rivals in PyTorch, which is optional: the usual dense layers under a mask, and PyTorch's own sparse matrices."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, linear

from benchmarks.jobs import Array, Job, Links
from benchmarks.rivals import dense_matrix


class DenseWithMask:
    """Train dense layers whose gradient is masked before the step and whose weights are masked after it."""

    def __init__(self, job: Job) -> None:
        self.links, (self.x, self.labels) = job.links(), map(torch.from_numpy, job.samples())
        self.matrices = [_parameter(dense_matrix(layer).T) for layer in self.links]
        ones = [layer._replace(weight=np.ones_like(layer.weight)) for layer in self.links[:-1]]  # the read-out is dense
        self.masks = [torch.from_numpy(dense_matrix(layer).T.copy()) for layer in ones]
        self.biases = [_parameter(layer.bias) for layer in self.links]
        self.optimizer = _sgd(job, self.matrices, self.biases)

    def step(self) -> None:
        """Train one batch."""
        self.optimizer.zero_grad(set_to_none=True)
        a = self.x
        for weight, bias in zip(self.matrices[:-1], self.biases, strict=False):
            a = torch.relu(linear(a, weight, bias))
        cross_entropy(linear(a, self.matrices[-1], self.biases[-1]), self.labels).backward()
        for weight, mask in zip(self.matrices, self.masks, strict=False):
            weight.grad.mul_(mask)
        self.optimizer.step()
        with torch.no_grad():
            for weight, mask in zip(self.matrices, self.masks, strict=False):
                weight.mul_(mask)

    def weights(self) -> list[Array]:
        """Return the weights of each layer's links (nnz,)."""
        dense = (weight.detach().numpy() for weight in self.matrices)
        return [matrix[layer.cols, layer.rows] for matrix, layer in zip(dense, self.links, strict=True)]


class CompressedRows:
    """Train CSR matrices (n_out, n_in) through `torch.sparse.mm` on feature-major activations; dense read-out.

    The matrices themselves are the leaves of the graph, the fastest of PyTorch's ways to a gradient on the links alone.
    """

    def __init__(self, job: Job) -> None:
        (*sparse, readout), (x, labels) = job.links(), job.samples()
        self.x, self.labels = torch.from_numpy(np.ascontiguousarray(x.T)), torch.from_numpy(labels)
        self.orders = [np.lexsort((layer.rows, layer.cols)) for layer in sparse]
        self.matrices = [_csr(layer, order) for layer, order in zip(sparse, self.orders, strict=True)]
        self.values = [matrix.detach().values() for matrix in self.matrices]
        self.readout = _parameter(dense_matrix(readout).T)
        self.biases = [_parameter(layer.bias[:, None]) for layer in (*sparse, readout)]
        self.optimizer = _sgd(job, [*self.values, self.readout], self.biases)

    def step(self) -> None:
        """Train one batch."""
        self.optimizer.zero_grad(set_to_none=True)
        a = self.x
        for matrix, bias in zip(self.matrices, self.biases, strict=False):
            matrix.grad = None
            a = torch.relu(torch.sparse.mm(matrix, a) + bias)
        cross_entropy((self.readout @ a + self.biases[-1]).T, self.labels).backward()
        for values, matrix in zip(self.values, self.matrices, strict=True):
            values.grad = matrix.grad.values()
        self.optimizer.step()

    def weights(self) -> list[Array]:
        """Return the weights of each layer's links (nnz,)."""
        by_input = [values.numpy()[np.argsort(order)] for values, order in zip(self.values, self.orders, strict=True)]
        return [*by_input, self.readout.detach().numpy().T.ravel()]


def _parameter(array: Array) -> Any:
    return torch.from_numpy(np.array(array, order="C")).requires_grad_()


def _csr(layer: Links, order: Array) -> Any:
    n_in, n_out = layer.shape
    indptr = np.searchsorted(layer.cols[order], np.arange(n_out + 1)).astype(np.int32)
    parts = (torch.from_numpy(part) for part in (indptr, layer.rows[order].astype(np.int32), layer.weight[order]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PyTorch calls its CSR support a beta
        return torch.sparse_csr_tensor(*parts, (n_out, n_in)).requires_grad_()


def _sgd(job: Job, weights: list[Any], biases: list[Any]) -> Any:
    groups = [{"params": weights, "weight_decay": job.weight_decay}, {"params": biases, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=job.learning_rate, momentum=job.momentum)
