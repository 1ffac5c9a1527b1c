"""What scoring a layer needs to know of it: its wiring both ways, who has links at all, what each form would cost."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.link_factors import NODE_FACTORS, PATH_FACTORS
from sparse_mlp.kernels.pool import width

Array = NDArray[Any]

# Cells of a dense form that take as long as one walk, and how many a dense form may hold: measured on random
# layers of 1000 x 1000 and on layers that CH3-L3 has trained.
CELLS_A_WALK_NODES = 14
CELLS_A_WALK_PATHS = 5
CELLS_A_LINK = 100

THREADS_WORTH = 2**15  # steps: with less work another thread would not have begun before the first has done it


class LinkLayer:
    """Hold a wiring by input and by output.

    Parameters
    ----------
    indptr, indices, out_indptr, out_indices : integer arrays
        As in `reference.link_scores.local_community`.

    Attributes
    ----------
    shape : (int, int)
    degrees : (int64 (n_in,), int64 (n_out,))
    links : tuple
        The four arrays, unsigned: Numba adds a test for negative numbers to every signed index.
    """

    def __init__(self, indptr: Array, indices: Array, out_indptr: Array, out_indices: Array) -> None:
        self.shape = len(indptr) - 1, len(out_indptr) - 1
        self.degrees = np.diff(indptr).astype(np.int64), np.diff(out_indptr).astype(np.int64)
        self.links: Any = (
            indptr.astype(np.uint64), indices.astype(np.uint32),
            out_indptr.astype(np.uint64), out_indices.astype(np.uint32),
        )  # fmt: skip

    @cached_property
    def active(self) -> tuple[LinkLayer, Array, Array]:
        """The layer of those neurons that have links, and which inputs and outputs they are, int64.

        No path passes through others. Where link prediction has trained a layer they are the most.
        """
        rows, cols = (np.flatnonzero(degrees) for degrees in self.degrees)
        if (len(rows), len(cols)) == self.shape:
            return self, rows, cols
        _, indices, _, out_indices = self.links
        ends = [np.concatenate(([0], np.cumsum(d[d > 0]))) for d in self.degrees]
        order_in, order_out = (np.cumsum(degrees > 0) - 1 for degrees in self.degrees)
        return LinkLayer(ends[0], order_out[indices], ends[1], order_in[out_indices]), rows, cols

    @cached_property
    def steps(self) -> Array:
        """How many walks b – a – v each output b has, float64 (n_out,)."""
        _, _, indptr, indices = self.links
        return _sums(indptr, self.degrees[0][indices])

    @cached_property
    def work(self) -> Array:
        """How many walks u – b – a – v each input u has, float64 (n_in,)."""
        indptr, indices, _, _ = self.links
        return _sums(indptr, self.steps[indices])

    def prefers_matrices(self, method: str) -> bool:
        """Tell whether matrices take less time than walks, and at most `CELLS_A_LINK` numbers for each link."""
        n, m = self.shape
        if n * n + m * m + 2 * n * m > CELLS_A_LINK * len(self.links[1]):
            return False
        if method in NODE_FACTORS:
            return bool(CELLS_A_WALK_NODES * self.work.sum() > n * m * (n + m))
        rows_added = float((self.degrees[1].astype(float) ** 2).sum())  # a row of outputs for each u – b – a
        return bool(CELLS_A_WALK_PATHS * self.work.sum() > rows_added * m)

    def tables(self, method: str) -> tuple[Array, Array]:
        """Return f(i, d) of each node for i = 0 .. d - 1, of inputs and outputs; they begin where the node's links do.

        A node with all links internal has i = d; it can only score present links, and reads another node's entry.
        """
        factor, tables = (PATH_FACTORS | NODE_FACTORS)[method], []
        for degrees in self.degrees:
            begins = np.cumsum(degrees) - degrees
            internal = np.arange(degrees.sum()) - np.repeat(begins, degrees)
            tables.append(np.append(factor(internal, np.repeat(degrees, degrees)), 0.0))
        return tables[0], tables[1]

    def ranges(self) -> list[tuple[int, int]]:
        """Cut the rows into one range of equal work for each thread."""
        return even_ranges(self.work + self.shape[1])


def even_ranges(work: Array, first: int = 0) -> list[tuple[int, int]]:
    """Cut items from `first` on into ranges of equal work, one for each thread; return where each begins and ends.

    `work` counts steps of some nanoseconds; a range of fewer than `THREADS_WORTH` is not worth a thread.
    """
    done = np.cumsum(work)
    total = done[-1] if len(done) else 0.0
    threads = max(1, min(width(), int(total // THREADS_WORTH)))
    cuts = np.concatenate(([0], np.searchsorted(done, np.arange(1, threads) * (total / threads)), [len(work)])) + first
    return [(begin, end) for begin, end in pairwise(cuts.tolist()) if begin < end] or [(first, first)]


def _sums(indptr: Array, values: Array) -> Array:
    """Add up the values of each node's links."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    return np.diff(total[indptr.astype(np.int64)])
