"""What one update did: a typed log, from which histories are written and figures are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.rng import RandomState
from sparse_mlp.structure import SparseStructure

Links = tuple[NDArray[np.int32], NDArray[np.int32]]
Mask = NDArray[np.bool_]
Streams = RandomState | Mapping[str, np.random.Generator]
# Of one layer and one batch: inputs float (n_in, batch) and gradients by the outputs float (n_out, batch).
LayerSignals = tuple[NDArray[Any], NDArray[Any]]
Signals = Mapping[str, LayerSignals]


class WeightedLinks(Protocol):
    """What a stage of an update asks of a layer: its name, its links and their weights."""

    @property
    def name(self) -> str:
        """The name under which the layer is known."""

    @property
    def structure(self) -> SparseStructure:
        """The wiring."""

    @property
    def weight(self) -> NDArray[Any]:
        """Weights in link order, float (nnz,)."""


class EvolvingLayer(WeightedLinks, Protocol):
    """What a rule asks of a layer: that, and to be rewired.

    Its links may join motifs, and each may have a block of weights, float (nnz, m, m); see `plain_links`.
    """

    @property
    def motif_size(self) -> int:
        """How many neurons a link joins on either side, 1 where it joins neurons."""

    def rewire(self, structure: SparseStructure, carry: NDArray[np.int64], new_weights: NDArray[Any]) -> Any:
        """Take a new wiring; `new_weights` go to the links whose `carry` is -1, in link order."""


class PlainLinks(NamedTuple):
    """Links with one weight each."""

    name: str
    structure: SparseStructure
    weight: NDArray[Any]


def plain_links(layer: WeightedLinks) -> WeightedLinks:
    """Return a layer's links with one weight each, by which the stages of an update judge them.

    Where a link has a block of weights, that is its Frobenius norm, float (nnz,); a block of one weight is that weight.
    """
    weight = layer.weight
    if weight.ndim == 1:
        return layer
    one = weight.reshape(len(weight)) if weight.shape[1:] == (1, 1) else np.sqrt(np.square(weight).sum(axis=(1, 2)))
    return PlainLinks(layer.name, layer.structure, one)


@dataclass(frozen=True, eq=False)
class LayerUpdate:
    """Say what happened to one layer.

    Attributes
    ----------
    layer : str
        Its name.
    before, after : SparseStructure
    removed, percolated, grown : (int32, int32)
        Rows and columns of the links that stage took away or added, in row-major order. A position can be both
        removed and grown.
    carry : int64 (after.nnz,)
        Where each link stood before, -1 for a new one; values over the links follow it.
    """

    layer: str
    before: SparseStructure
    after: SparseStructure
    removed: Links
    percolated: Links
    grown: Links
    carry: NDArray[np.int64]

    @classmethod
    def from_carry(
        cls, layer: str, before: SparseStructure, after: SparseStructure, carry: NDArray[Any], percolated: Mask
    ) -> LayerUpdate:
        """Tell the stages apart: a link that neither survived nor was percolated was removed, one from nowhere grew.

        Parameters
        ----------
        layer : str
        before, after : SparseStructure
        carry : integer (after.nnz,)
        percolated : bool (before.nnz,)
            The links that stage 2 took away.
        """
        gone = np.ones(before.nnz, bool)
        gone[carry[carry >= 0]] = False
        stages = _links_where(before, gone & ~percolated), _links_where(before, percolated)
        return cls(layer, before, after, *stages, _links_where(after, carry < 0), carry.astype(np.int64, copy=False))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_carry` needs besides the structure that came out, for a checkpoint."""
        wiring = {"indptr": self.before.indptr, "indices": self.before.indices}
        width = np.int32 if self.before.nnz < 2**31 else np.int64
        lost = SparseStructure.from_coo(*self.percolated, self.before.shape)
        percolated = self.before.positions_in(lost) >= 0
        return {**wiring, "carry": self.carry.astype(width), "percolated": percolated}


@dataclass(frozen=True, eq=False)
class TopologyUpdate:
    """Say what one update did to the whole net.

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
            How many of the first links of each layer still live, see `LinkHistory.survivors_of_first`.
        """
        layers = [_counts(update) for update in self.layers]
        for counts in layers:
            if survivors is not None:
                counts["survivors_of_first"] = int(survivors[counts["layer"]])
        when = {name: int(n) for name, n in (("epoch", epoch), ("step", step)) if n is not None}
        return {"kind": "update", **when, "zeta": float(self.zeta), "seconds": float(self.seconds), "layers": layers}


def _links_where(structure: SparseStructure, mask: Mask) -> Links:
    return structure.rows()[mask], structure.indices[mask]


def _counts(update: LayerUpdate) -> dict[str, Any]:
    return {
        "layer": update.layer,
        "before": update.before.nnz,
        "removed": len(update.removed[0]),
        "percolated": len(update.percolated[0]),
        "grown": len(update.grown[0]),
        "after": update.after.nnz,
    }
