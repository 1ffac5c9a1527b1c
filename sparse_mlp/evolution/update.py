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
    """Say what happened to one layer; all else follows from these fields and is computed when it is asked for.

    Attributes
    ----------
    layer : str
        Its name.
    before, after : SparseStructure
    carry : int64 (after.nnz,)
        Where each link stood before, -1 for a new one; values over the links follow it.
    after_removal, after_percolation : bool (before.nnz,)
        The links that were left after the rule had removed some, and after percolation.
    grown_positions : int64 (k,)
        Ascending row-major positions `u * n_out + v` of the new links.
    regrown_from : int64 (k,)
        For each new link where the same update lost a link at its position; -1 if it lost none there.
    """

    layer: str
    before: SparseStructure
    after: SparseStructure
    carry: NDArray[np.int64]
    after_removal: Mask
    after_percolation: Mask
    grown_positions: NDArray[np.int64]
    regrown_from: NDArray[np.int64]

    @classmethod
    def from_stages(
        cls, layer: str, before: SparseStructure, after_removal: Mask, after_percolation: Mask, grown_positions: Any
    ) -> LayerUpdate:
        """Build the new wiring from what each stage decided, and log it; parameters are the attributes."""
        grown = np.asarray(grown_positions, np.int64)
        indptr, indices, carry, regrown_from = evolution_ops().insert_links(
            before.indptr, before.indices, after_percolation, grown, before.n_out
        )
        after = SparseStructure.unchecked(before.shape, indptr, indices)
        return cls(layer, before, after, carry, after_removal, after_percolation, grown, regrown_from)

    @cached_property
    def removed(self) -> Links:
        """Rows and columns of the links that the rule removed, int32, in row-major order."""
        return _links_where(self.before, ~self.after_removal)

    @cached_property
    def percolated(self) -> Links:
        """Rows and columns of the links that percolation took away, int32, in row-major order."""
        return _links_where(self.before, self.after_removal & ~self.after_percolation)

    @cached_property
    def grown(self) -> Links:
        """Rows and columns of the new links, int32, in row-major order; a position can be removed and grown."""
        rows, cols = np.divmod(self.grown_positions, self.after.n_out)
        return rows.astype(np.int32), cols.astype(np.int32)

    @property
    def overlap(self) -> float:
        """The fraction of new links that stand where this update lost one, 0 if none grew; see `measures.overlap`."""
        regrown = int(np.count_nonzero(self.regrown_from >= 0))
        return regrown / len(self.regrown_from) if regrown else 0.0

    def counts(self) -> dict[str, Any]:
        """Return the name of the layer, and how many links each stage saw, as plain JSON types."""
        left = int(np.count_nonzero(self.after_removal))
        return {
            "layer": self.layer,
            "before": self.before.nnz,
            "removed": self.before.nnz - left,
            "percolated": left - int(np.count_nonzero(self.after_percolation)),
            "grown": len(self.grown_positions),
            "after": self.after.nnz,
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs, for a checkpoint."""
        stages = ("after_removal", "after_percolation", "grown_positions")
        wiring = {"indptr": self.before.indptr, "indices": self.before.indices}
        return {**wiring, **{name: getattr(self, name) for name in stages}}

    @classmethod
    def from_arrays(cls, layer: str, shape: tuple[int, int], arrays: Mapping[str, NDArray[Any]]) -> LayerUpdate:
        """Rebuild the log of a layer from `to_arrays` and the shape of its structure."""
        before = SparseStructure(shape, arrays["indptr"], arrays["indices"])
        stages = arrays["after_removal"], arrays["after_percolation"], arrays["grown_positions"]
        return cls.from_stages(layer, before, *stages)


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
        Wall-clock time that it took, without compiling.
    """

    layers: tuple[LayerUpdate, ...] = ()
    zeta: float = 0.0
    seconds: float = 0.0

    def to_record(
        self, *, epoch: int | None = None, step: int | None = None, survivors: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        """Return the counts as plain JSON types, for one line of the history.

        `epoch` is how many epochs were over, `step` after which batch it happened, `survivors` what
        `LinkAges.survivors_of_first` returns.
        """
        layers = [change.counts() for change in self.layers]
        for counts in layers:
            if survivors is not None:
                counts["survivors_of_first"] = int(survivors[counts["layer"]])
        when = {name: int(n) for name, n in (("epoch", epoch), ("step", step)) if n is not None}
        return {"kind": "update", **when, "zeta": float(self.zeta), "seconds": float(self.seconds), "layers": layers}


def _links_where(structure: SparseStructure, mask: Mask) -> Links:
    return structure.rows()[mask], structure.indices[mask]
