"""What a network is trained on in one step: some samples of a data set."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.tiles import in_range, pack

Array = NDArray[Any]


def dense(x: Any, dtype: Any) -> Array:
    """Return samples as a C-contiguous array of a dtype, also those of a `scipy.sparse` array."""
    return np.ascontiguousarray(x.toarray() if hasattr(x, "toarray") else x, dtype)


class Samples:
    """Some rows of a data set, with their targets.

    Parameters
    ----------
    x : float (n_samples, n_features)
        The whole data set, C-contiguous, in the network's dtype.
    rows : int64 (batch,)
        Which of its rows form the batch.
    target : int64 (n_samples,) or float (n_samples, n_outputs)
        Labels or outputs of the whole data set.
    """

    def __init__(self, x: Array, rows: NDArray[np.int64], target: Array) -> None:
        self.x, self.rows, self.target = x, rows, target

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
        if not x.flags.c_contiguous:
            raise invalid("x with other strides", "a C-contiguous array", "use np.ascontiguousarray(x)")
        if len(target) != len(x) or len(rows) == 0:
            found = f"{len(x)} inputs, {len(target)} targets and a batch of {len(rows)} samples"
            raise invalid(found, "as many targets as inputs, and at least one sample")
        if not in_range(rows, len(x)):
            raise invalid(f"samples from {rows.min()} to {rows.max()}", f"numbers in [0, {len(x)})")
        if target.ndim == 1 and np.issubdtype(target.dtype, np.integer) and not in_range(target[rows], n_outputs):
            chosen = target[rows]
            raise invalid(f"labels from {chosen.min()} to {chosen.max()}", f"classes in [0, {n_outputs})")

    def inputs(self) -> Array:
        """Return the samples of the batch, (batch, n_features)."""
        return self.x[self.rows]

    def load(self, first: int, last: int, out: Array) -> Array:
        """Copy samples `first` to `last - 1` of the batch into tiles (n_tiles, n_features, lanes)."""
        return pack(self.x, self.rows[first:last], out)

    def targets(self, first: int, last: int) -> Array:
        """Return the targets of samples `first` to `last - 1` of the batch."""
        return self.target[self.rows[first:last]]
