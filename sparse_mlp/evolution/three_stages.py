"""The update that all evolving rules share: remove, percolate, regrow. A rule says what each stage means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from sparse_mlp.errors import invalid
from sparse_mlp.evolution.density_decay import DensitySchedule
from sparse_mlp.evolution.early_stop import EarlyStop
from sparse_mlp.evolution.importance import keep_most_important
from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.evolution.percolation import percolate, warn_disconnected
from sparse_mlp.evolution.regrowth import Positions, Regrowth
from sparse_mlp.evolution.removal import Removal
from sparse_mlp.evolution.schedules import ZetaSchedule
from sparse_mlp.evolution.update import (
    EvolvingLayer,
    LayerUpdate,
    Mask,
    PlainLinks,
    Signals,
    Streams,
    TopologyUpdate,
    WeightedLinks,
    plain_links,
)
from sparse_mlp.kernels.dispatch import choose_backend, evolution_ops
from sparse_mlp.rng import as_generator
from sparse_mlp.structure import SparseStructure


@dataclass(frozen=True)
class ThreeStageRule:
    """Remove links, take away what is cut off, regrow up to the number of links that a layer shall have.

    Attributes
    ----------
    name : str
    zeta_at : callable
        From progress to zeta, see `schedules.zeta_schedule`.
    remove : callable
        (layer, zeta, progress, rng) -> keep mask.
    percolate : bool
        Whether stage 2 takes place.
    regrow : callable
        (layer, keep, k, rng, signals) -> ascending positions of k new links.
    new_weights : NewWeights
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the result does not depend on it.
    wants_dense : bool
        Whether the net is to be built dense.
    density_at : callable, optional
        From progress to the density that each layer shall have after an update, see `density_decay.density_schedule`;
        without it each layer keeps its number of links. A layer above that density first loses its least important
        links; one below it keeps its number, since a density never rises.
    early_stop : EarlyStop
    update_steps : int, optional
        Batches between two updates, where the trainer is not told otherwise; None for once an epoch.
    wants_signals : bool
        Whether regrowth needs a batch's signals.
    """

    name: str
    zeta_at: ZetaSchedule
    remove: Removal
    percolate: bool
    regrow: Regrowth
    new_weights: NewWeights
    backend: str | None = None
    wants_dense: bool = False
    density_at: DensitySchedule | None = None
    early_stop: EarlyStop = field(default_factory=EarlyStop)
    update_steps: int | None = None
    wants_signals: bool = False

    def __post_init__(self) -> None:
        choose_backend(self.backend)

    @property
    def initial_density(self) -> float | None:
        """The density with which the net is to be built, None for any."""
        return None if self.density_at is None else self.density_at(0.0)

    def update(
        self, layers: Sequence[EvolvingLayer], progress: float, rng: Streams = None, signals: Signals | None = None
    ) -> TopologyUpdate:
        """Rewire the layers once.

        Parameters
        ----------
        layers : sequence of EvolvingLayer
            The evolving layers from input to output. They are rewired in place. Links between motifs count as links;
            one with a block of weights is judged by its Frobenius norm.
        progress : float
            Fraction of training that is done, in [0, 1].
        rng : None, int, numpy.random.Generator, or mapping of str to Generator
            Streams "removal", "regrowth" and "weights", or one source for all, which then serves the removals of all
            layers, the regrowth of all layers and the weights of all layers in that order.
        signals : mapping of str to (float (n_in, batch), float (n_out, batch)), optional
            For rules that want them: by layer name its inputs and the gradients of the loss by its outputs.

        Returns
        -------
        TopologyUpdate
            The log, of all layers. Where nothing is to be done, because zeta is 0 and the density does not change, or
            because all layers have settled, nothing is touched and it holds no layers.

        Raises
        ------
        InvalidInputError
            If the rule wants signals and gets none, a weight is not a number, or a layer has no room for its links. The
            layers are then as they were.
        """
        began, zeta = perf_counter(), self.zeta_at(progress)
        counts = [self._count_after(layer, progress) for layer in layers]
        if self._is_over(layers, zeta, counts):
            return TopologyUpdate()
        if self.wants_signals and signals is None:
            remedy = "let Trainer.fit do the updates; it has the batch"
            raise invalid(f"an update of rule {self.name!r} without a batch", "given signals of each layer", remedy)
        streams, links = _streams(rng), [plain_links(layer) for layer in layers]
        left = [self._thin(layer, n, zeta, progress, streams.removal) for layer, n in zip(links, counts, strict=True)]
        kept = self._connected(links, left) if self.percolate else left
        if self.percolate:
            warn_disconnected(links, kept)
        grown = [
            self._grow(layer, keep, n, streams.regrowth, signals)
            for layer, keep, n in zip(links, kept, counts, strict=True)
        ]
        log = [_log(*stages, self.backend) for stages in zip(layers, left, kept, grown, strict=True)]
        self.early_stop.observe(log)
        for layer, change in zip(layers, log, strict=True):
            fresh = self.new_weights.draw(change, layer.weight, streams.weights, motif_size=layer.motif_size)
            layer.rewire(change.after, change.carry, fresh)
        return TopologyUpdate(tuple(log), zeta, perf_counter() - began)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep, arrays and plain JSON values: settled layers, remembered weights."""
        return {**self.early_stop.state(), **self.new_weights.state()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self.early_stop.load_state(state)
        self.new_weights.load_state(state)

    def _is_over(self, layers: Sequence[EvolvingLayer], zeta: float, counts: Sequence[int]) -> bool:
        if layers and self.early_stop.is_over(layer.name for layer in layers):
            return True
        return zeta == 0 and all(layer.structure.nnz == n for layer, n in zip(layers, counts, strict=True))

    def _count_after(self, layer: EvolvingLayer, progress: float) -> int:
        """Return how many links the layer shall have after the update."""
        wiring = layer.structure
        if self.density_at is None or self.early_stop.rests(layer.name):
            return wiring.nnz
        return min(wiring.nnz, round(self.density_at(progress) * wiring.n_in * wiring.n_out))

    def _thin(self, layer: WeightedLinks, count: int, zeta: float, progress: float, rng: np.random.Generator) -> Mask:
        """Prune to the count, then remove of what remains the share zeta."""
        keep = np.ones(layer.structure.nnz, bool)
        if self.early_stop.rests(layer.name):
            return keep
        rest = layer
        if count < layer.structure.nnz:
            keep = keep_most_important(layer, count, backend=self.backend)
            rest = PlainLinks(layer.name, layer.structure.select(keep), layer.weight[keep])
        if zeta > 0:
            keep[keep] = self.remove(rest, zeta, progress, rng)
        return keep

    def _connected(self, layers: Sequence[WeightedLinks], left: Sequence[Mask]) -> list[Mask]:
        swept = percolate(layers, left, backend=self.backend)
        return [
            before if self.early_stop.rests(layer.name) else after
            for layer, before, after in zip(layers, left, swept, strict=True)
        ]

    def _grow(
        self, layer: WeightedLinks, keep: Mask, count: int, rng: np.random.Generator, signals: Signals | None
    ) -> Positions:
        k = count - int(np.count_nonzero(keep))
        if k == 0:
            return np.zeros(0, np.int64)
        return self.regrow(layer, keep, k, rng, signals[layer.name] if signals is not None else None)


class _Streams(NamedTuple):
    removal: np.random.Generator
    regrowth: np.random.Generator
    weights: np.random.Generator


def _streams(rng: Streams) -> _Streams:
    if isinstance(rng, Mapping):
        return _Streams(rng["removal"], rng["regrowth"], rng["weights"])
    one = as_generator(rng)
    return _Streams(one, one, one)


def _log(layer: EvolvingLayer, left: Mask, kept: Mask, grown: Positions, backend: str | None) -> LayerUpdate:
    before = layer.structure
    indptr, indices, carry = evolution_ops(backend).insert_links(
        before.indptr, before.indices, kept, grown, before.n_out
    )
    after = SparseStructure(before.shape, indptr, indices)
    return LayerUpdate.from_carry(layer.name, before, after, carry, left & ~kept)
