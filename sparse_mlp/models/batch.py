"""What a network is trained on in one step: some samples of a data set."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.csr import pack_csr
from sparse_mlp.kernels.tiles import in_range, pack
from sparse_mlp.layers.losses import Loss

Array = NDArray[Any]


def dense(x: Any, dtype: Any) -> Array:
    """Return samples as a C-contiguous array of a dtype, also those of a `scipy.sparse` array."""
    return np.ascontiguousarray(x.toarray() if hasattr(x, "toarray") else x, dtype)


class Samples:
    """Some rows of a data set, with their targets.

    Parameters
    ----------
    x : float ndarray or csr_array (n_samples, n_features)
        The whole data set as `check_inputs` returns it: C-contiguous, or sparse rows, in the network's dtype.
    rows : int64 (batch,)
        Which of its rows form the batch.
    target : int64 (n_samples,) or float (n_samples, n_outputs)
        Labels or outputs of the whole data set.
    weights : float64 (n_samples,), optional
        How much each sample of the whole data set counts in the loss, 0 or more; 1 if not given.

    Attributes
    ----------
    total : int or float
        What the mean loss of the batch is taken over: its samples, or the sum of their weights.
    """

    def __init__(self, x: Any, rows: NDArray[np.int64], target: Array, weights: Array | None = None) -> None:
        self.x, self.rows, self.target, self.weights = x, rows, target, weights
        self.total: float = len(rows) if weights is None else float(weights[rows].sum())

    def __len__(self) -> int:
        return len(self.rows)

    def check(self, n_features: int, n_outputs: int, dtype: Any) -> None:
        """Refuse what does not fit a network.

        Raises
        ------
        InvalidInputError
            If arrays have another shape or type, or a row or a label is out of range.
        """
        x, rows, target = self.x, self.rows, self.target
        if x.ndim != 2 or x.shape[1] != n_features or x.dtype != dtype:
            raise invalid(f"x of {x.dtype} {x.shape}", f"x of {np.dtype(dtype)} (n_samples, {n_features})")
        if isinstance(x, np.ndarray):
            if not x.flags.c_contiguous:
                raise invalid("x with other strides", "a C-contiguous array", "use np.ascontiguousarray(x)")
        elif x.format != "csr":
            raise invalid(f"sparse x in the format {x.format}", "compressed sparse rows", "use x.tocsr()")
        if len(target) != x.shape[0] or len(rows) == 0:
            found = f"{x.shape[0]} inputs, {len(target)} targets and a batch of {len(rows)} samples"
            raise invalid(found, "as many targets as inputs, and at least one sample")
        if self.weights is not None and (self.weights.shape != (x.shape[0],) or not self.total > 0):
            found = f"weights of shape {self.weights.shape}, of the batch {self.total} together"
            raise invalid(found, f"shape ({x.shape[0]},), and more than 0")
        if not in_range(rows, x.shape[0]):
            raise invalid(f"samples from {rows.min()} to {rows.max()}", f"numbers in [0, {x.shape[0]})")
        if target.ndim == 1 and target.dtype.kind in "iu" and not in_range(target[rows], n_outputs):
            chosen = target[rows]
            raise invalid(f"labels from {chosen.min()} to {chosen.max()}", f"classes in [0, {n_outputs})")

    def inputs(self) -> Array:
        """Return the samples of the batch, dense (batch, n_features)."""
        chosen = self.x[self.rows]
        return chosen if isinstance(chosen, np.ndarray) else chosen.toarray()

    def load(self, first: int, last: int, out: Array) -> Array:
        """Copy samples `first` to `last - 1` of the batch into tiles (n_tiles, n_features, lanes)."""
        x, rows = self.x, self.rows[first:last]
        return pack(x, rows, out) if isinstance(x, np.ndarray) else pack_csr(x.data, x.indices, x.indptr, rows, out)

    def targets(self, first: int, last: int) -> Array:
        """Return the targets of samples `first` to `last - 1` of the batch."""
        return self.target[self.rows[first:last]]

    def compare(self, loss: Loss, scores: Array, first: int, last: int) -> float:
        """Replace the scores of samples `first` to `last - 1` by their gradient, return their part of the loss."""
        target = self.targets(first, last)
        if self.weights is None:
            return loss.tiles(scores, target, self.total)
        return loss.tiles(scores, target, self.total, self.weights[self.rows[first:last]])
