"""What one update did: a typed log, from which histories are written and figures are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.structure import SparseStructure

Links = tuple[NDArray[np.int32], NDArray[np.int32]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class LayerUpdate:
    """Say what happened to one layer.

    Attributes
    ----------
    layer : str
        Its name.
    before, after : SparseStructure
    carry : int64 (after.nnz,)
        Where each link stood before, -1 for a new one; values over the links follow it.
    cut_off : bool (before.nnz,)
        The links that percolation took away.

    Notes
    -----
    All else follows from these and is computed when it is asked for. A position can be both removed and grown.
    """

    layer: str
    before: SparseStructure
    after: SparseStructure
    carry: NDArray[np.int64]
    cut_off: Mask

    @cached_property
    def lost(self) -> Mask:
        """The links that did not survive, removed or percolated, bool (before.nnz,)."""
        lost = np.ones(self.before.nnz, bool)
        lost[self.carry[self.carry >= 0]] = False
        return lost

    @cached_property
    def removed(self) -> Links:
        """Rows and columns of the links that the rule removed, int32, in row-major order."""
        return _links_where(self.before, self.lost & ~self.cut_off)

    @cached_property
    def percolated(self) -> Links:
        """Rows and columns of the links that percolation took away, int32, in row-major order."""
        return _links_where(self.before, self.cut_off)

    @cached_property
    def grown(self) -> Links:
        """Rows and columns of the new links, int32, in row-major order."""
        return _links_where(self.after, self.carry < 0)

    @cached_property
    def regrown_from(self) -> NDArray[np.int64]:
        """For each new link where the same update lost a link at its position, int64 (k,); -1 where it lost none."""
        before, after = (self.before.indptr, self.before.indices), (self.after.indptr, self.after.indices)
        found: NDArray[np.int64] = evolution_ops().regrown_from(before, after, self.carry)
        return found

    @property
    def overlap(self) -> float:
        """Which fraction of the new links stands where the same update lost one; 0 if none grew.

        See `measures.overlap`; above 0.9 the wiring counts as settled in CHT [Zhang2024].
        """
        return float(np.mean(self.regrown_from >= 0)) if len(self.regrown_from) else 0.0

    def counts(self) -> dict[str, Any]:
        """Return the name of the layer, and how many links each stage saw, as plain JSON types."""
        survivors, percolated = int(np.count_nonzero(self.carry >= 0)), int(np.count_nonzero(self.cut_off))
        return {
            "layer": self.layer,
            "before": self.before.nnz,
            "removed": self.before.nnz - survivors - percolated,
            "percolated": percolated,
            "grown": self.after.nnz - survivors,
            "after": self.after.nnz,
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs besides the structure that came out, for a checkpoint."""
        width = np.int32 if self.before.nnz < 2**31 else np.int64
        wiring = {"indptr": self.before.indptr, "indices": self.before.indices}
        return {**wiring, "carry": self.carry.astype(width), "cut_off": self.cut_off}

    @classmethod
    def from_arrays(cls, layer: str, after: SparseStructure, arrays: Mapping[str, NDArray[Any]]) -> LayerUpdate:
        """Rebuild the log of a layer from `to_arrays` and the structure that came out."""
        before = SparseStructure(after.shape, arrays["indptr"], arrays["indices"])
        return cls(layer, before, after, arrays["carry"].astype(np.int64), arrays["cut_off"])


@dataclass(frozen=True, eq=False)
class TopologyUpdate:
    """Say what one update did to the whole network.

    Attributes
    ----------
    layers : tuple of LayerUpdate
        From input to output; empty if the rule left the wiring alone.
    zeta : float
        Fraction of links that was removed.
    seconds : float
        Wall-clock time that it took.
    """

    layers: tuple[LayerUpdate, ...] = ()
    zeta: float = 0.0
    seconds: float = 0.0

    def to_record(
        self, *, epoch: int | None = None, step: int | None = None, survivors: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        """Return the counts as plain JSON types, for one line of the history.

        Parameters
        ----------
        epoch : int, optional
            How many epochs were over.
        step : int, optional
            After which batch it happened.
        survivors : mapping of str to int, optional
            How many of the first links of each layer still live, see `LinkAges.survivors_of_first`.
        """
        layers = [change.counts() for change in self.layers]
        for counts in layers:
            if survivors is not None:
                counts["survivors_of_first"] = int(survivors[counts["layer"]])
        when = {name: int(n) for name, n in (("epoch", epoch), ("step", step)) if n is not None}
        return {"kind": "update", **when, "zeta": float(self.zeta), "seconds": float(self.seconds), "layers": layers}


def _links_where(structure: SparseStructure, mask: Mask) -> Links:
    return structure.rows()[mask], structure.indices[mask]
