"""Rivals in PyTorch, an optional guest: the usual dense layers under a mask, and its own sparse matrices."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, linear

from sparse_mlp.bench.job import Array, Job
from sparse_mlp.structure import SparseStructure


def use_threads(threads: int) -> None:
    """Let PyTorch use `threads` threads from now on."""
    torch.set_num_threads(threads)


class DenseWithMask:
    """Train dense layers whose gradient is masked before the step and whose weights are masked after it."""

    def __init__(self, job: Job) -> None:
        self.structures = job.structures()
        self.x, self.labels = (torch.from_numpy(array) for array in job.batch_inputs())
        self.weights, self.biases, self.masks = [], [], []
        for layer, structure in zip(job.model().linear_layers, self.structures, strict=True):
            dense, mask = np.zeros(structure.shape, np.float32), np.zeros(structure.shape, np.float32)
            dense[structure.rows(), structure.indices] = layer.weight.ravel()
            mask[structure.rows(), structure.indices] = 1
            self.weights.append(_parameter(dense.T))
            self.masks.append(None if structure.density == 1 else torch.from_numpy(mask.T.copy()))
            self.biases.append(_parameter(layer.bias))
        self.optimizer = _sgd(job, self.weights, self.biases)

    def gradient(self) -> float:
        """Compute the mean loss and its gradient, masked."""
        self.optimizer.zero_grad(set_to_none=True)
        a = self.x
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            a = torch.relu(linear(a, weight, bias))
        loss = cross_entropy(linear(a, self.weights[-1], self.biases[-1]), self.labels)
        loss.backward()
        for weight, mask in zip(self.weights, self.masks, strict=True):
            if mask is not None:
                weight.grad.mul_(mask)
        return float(loss.detach())

    def update(self) -> None:
        """Move the parameters down the last gradient and mask the weights."""
        self.optimizer.step()
        with torch.no_grad():
            for weight, mask in zip(self.weights, self.masks, strict=True):
                if mask is not None:
                    weight.mul_(mask)

    def link_gradients(self) -> list[Array]:
        """Return the gradient of each layer's links."""
        grads = (weight.grad.numpy() for weight in self.weights)
        return [g[s.indices, s.rows()] for g, s in zip(grads, self.structures, strict=True)]


class CompressedRows:
    """Train CSR matrices (n_out, n_in) through `torch.sparse.mm` on feature-major activations; dense read-out.

    The matrices themselves are the leaves of the graph, the fastest of PyTorch's ways to a gradient on the links alone.
    """

    def __init__(self, job: Job) -> None:
        self.structures = job.structures()
        x, labels = job.batch_inputs()
        self.x, self.labels = torch.from_numpy(np.ascontiguousarray(x.T)), torch.from_numpy(labels)
        layers = job.model().linear_layers
        self.matrices = [_matrix(layer.weight, s) for layer, s in zip(layers[:-1], self.structures, strict=False)]
        self.values = [matrix.detach().values() for matrix in self.matrices]
        self.readout = _parameter(layers[-1].weight.reshape(self.structures[-1].shape).T)
        self.biases = [_parameter(layer.bias[:, None]) for layer in layers]
        self.optimizer = _sgd(job, [*self.values, self.readout], self.biases)

    def gradient(self) -> float:
        """Compute the mean loss and its gradient on the links."""
        self.optimizer.zero_grad(set_to_none=True)
        a = self.x
        for matrix, bias in zip(self.matrices, self.biases[:-1], strict=True):
            matrix.grad = None
            a = torch.relu(torch.sparse.mm(matrix, a) + bias)
        loss = cross_entropy((self.readout @ a + self.biases[-1]).T, self.labels)
        loss.backward()
        for values, matrix in zip(self.values, self.matrices, strict=True):
            values.grad = matrix.grad.values()
        return float(loss.detach())

    def update(self) -> None:
        """Move the parameters down the last gradient."""
        self.optimizer.step()

    def link_gradients(self) -> list[Array]:
        """Return the gradient of each layer's links."""
        found = []
        for values, structure in zip(self.values, self.structures[:-1], strict=True):
            by_input = np.empty(structure.nnz, np.float32)
            by_input[structure.by_output.order] = values.grad.numpy()
            found.append(by_input)
        return [*found, self.readout.grad.numpy().T.ravel()]


def _parameter(array: Array) -> Any:
    return torch.from_numpy(np.array(array, order="C")).requires_grad_()


def _matrix(weight: Array, structure: SparseStructure) -> Any:
    by_output = structure.by_output
    indptr, rows = (torch.from_numpy(np.array(part, np.int32)) for part in (by_output.indptr, by_output.indices))
    values, shape = torch.from_numpy(weight[by_output.order]), (structure.n_out, structure.n_in)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PyTorch calls its CSR support a beta
        return torch.sparse_csr_tensor(indptr, rows, values, shape).requires_grad_()


def _sgd(job: Job, weights: list[Any], biases: list[Any]) -> Any:
    groups = [{"params": weights, "weight_decay": job.weight_decay}, {"params": biases, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=job.learning_rate, momentum=job.momentum)
