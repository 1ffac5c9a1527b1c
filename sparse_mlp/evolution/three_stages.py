"""The update that all evolving rules share: remove, percolate, regrow. A rule says what each stage means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.evolution.density_decay import DensitySchedule
from sparse_mlp.evolution.early_stop import EarlyStop
from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.evolution.part_checks import checked_mask, checked_positions
from sparse_mlp.evolution.percolation import percolate, warn_disconnected
from sparse_mlp.evolution.regrowth import Positions, Regrowth
from sparse_mlp.evolution.removal import Removal, keep_most_important
from sparse_mlp.evolution.schedules import ZetaSchedule
from sparse_mlp.evolution.schedules import zeta_schedule as make_zeta_schedule
from sparse_mlp.evolution.units import EvolvingUnit, layers_of
from sparse_mlp.evolution.update import LayerUpdate, Mask, TopologyUpdate
from sparse_mlp.kernels.compilation import clock
from sparse_mlp.layers import Linked
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.initial_weights import Distribution

STREAMS = ("removal", "regrowth", "weights")
Streams = RandomState | Mapping[str, np.random.Generator]


def three_stage_rule(
    name: str,
    *,
    remove: Removal,
    regrow: Regrowth,
    zeta: float = 0.3,
    zeta_schedule: str = "constant",
    zeta_end: float = 0.75,
    percolate: bool = False,
    new_weights: str | Distribution = "kaiming",
    keep_regrown: bool = False,
    overlap_stop: float = 1.0,
    overlap_stop_scope: str = "global",
    **more: Any,
) -> ThreeStageRule:
    """Make a rule from its removal, its regrowth and the options that all rules share.

    Parameters
    ----------
    remove, regrow : callable
        Stages 1 and 3, see `ThreeStageRule`.
    zeta : float
        Fraction of the links that an update removes.
    zeta_schedule : {"constant", "step", "cosine", "linear"}
        Course of zeta; a constant one goes on to the end of training, the others reach 0 at `zeta_end`, "step" at once.
    zeta_end : float
        Fraction of training after which zeta is 0, unless it is constant.
    percolate : bool
        Whether links cut off from input or output are replaced too.
    new_weights : str
        Distribution of the new weights, one of `topology.INITIAL_WEIGHTS` or your own; or "historical", which gives a
        link the weight that it had when it was last removed.
    keep_regrown : bool
        Whether a link that was removed and grew again in the same update keeps its weight.
    overlap_stop : float
        A layer stops evolving when more than this fraction of its new links were removed in the same update; 1 never.
    overlap_stop_scope : {"global", "layer"}
        Whether evolution ends when all layers are to stop, or for each layer by itself.
    **more
        Other attributes of `ThreeStageRule`.

    """
    return ThreeStageRule(
        name=name,
        zeta_at=make_zeta_schedule(zeta_schedule, zeta, end=zeta_end),
        remove=remove,
        percolate=percolate,
        regrow=regrow,
        new_weights=NewWeights(new_weights, keep_regrown=keep_regrown),
        early_stop=EarlyStop(overlap_stop, overlap_stop_scope),
        planned_end=0.0 if zeta_schedule == "constant" else float(zeta_end),
        **more,
    )


@dataclass(frozen=True, repr=False)
class ThreeStageRule:
    """Remove links, take away what is cut off, regrow up to the number of links that a layer shall have.

    Attributes
    ----------
    zeta_at : callable
        From progress to zeta, see `schedules.zeta_schedule`.
    remove : callable
        Stage 1: (links, zeta, progress=…, rng=…) -> keep mask, see `removal`.
    percolate : bool
        Whether stage 2 takes place.
    regrow : callable
        Stage 3: (layer, keep, k, rng=…) -> ascending positions of k new links, see `regrowth`.
    density_at : callable, optional
        From progress to the density that each layer shall have after an update, see `density_decay.density_schedule`;
        without it each layer keeps its number of links. A layer above that density first loses its least important
        links; one below it keeps its number, since a density never rises.
    update_steps, wants_signals, wants_dense
        See `rules.Rule`.
    planned_end : float
        Fraction of training at which all schedules of the rule have come to their ends; 0 if it has none.
    """

    name: str
    zeta_at: ZetaSchedule
    remove: Removal
    percolate: bool
    regrow: Regrowth
    new_weights: NewWeights
    early_stop: EarlyStop = field(default_factory=EarlyStop)
    density_at: DensitySchedule | None = None
    update_steps: int | None = None
    wants_signals: bool = False
    wants_dense: bool = False
    planned_end: float = 0.0

    @property
    def initial_density(self) -> float | None:
        """The density with which the network is to be built, None for any."""
        return None if self.density_at is None else self.density_at(0.0)

    def update(self, units: Sequence[EvolvingUnit], progress: float, rng: Streams = None) -> TopologyUpdate:
        """Rewire the layers once.

        Parameters
        ----------
        units : sequence of EvolvingUnit
            Their layers are rewired in place.
        progress : float
            Fraction of training that is done, in [0, 1].
        rng : None, int, numpy.random.Generator, or mapping of str to Generator
            Streams "removal", "regrowth" and "weights", or one source for all, which then serves the removals of all
            layers, the regrowth of all layers and the weights of all layers in that order.

        Returns
        -------
        TopologyUpdate
            The log, of all layers. Where nothing is to be done, because zeta is 0 and the density does not change, or
            because all layers have stopped, nothing is touched and it holds no layers.

        Raises
        ------
        InvalidInputError
            If the rule wants signals and none were recorded, a weight is not finite, or a layer has no room for its
            links. The layers are then as they were.
        """
        began, zeta, layers = clock(), self.zeta_at(progress), layers_of(units)
        counts = [self._count_after(layer, progress) for layer in layers]
        if self._is_over(layers, zeta, counts):
            return TopologyUpdate()
        streams = rng if isinstance(rng, Mapping) else dict.fromkeys(STREAMS, as_generator(rng))
        after_removal = [
            self._prune(layer, count, zeta, progress, streams["removal"])
            for layer, count in zip(layers, counts, strict=True)
        ]
        after_percolation = self._percolated(units, layers, after_removal) if self.percolate else after_removal
        grown = [
            self._grown(layer, keep, count, streams["regrowth"])
            for layer, keep, count in zip(layers, after_percolation, counts, strict=True)
        ]
        changes = [
            LayerUpdate.from_stages(layer.name, layer.structure, left, connected, new)
            for layer, left, connected, new in zip(layers, after_removal, after_percolation, grown, strict=True)
        ]
        self.early_stop.observe(changes)
        for layer, change in zip(layers, changes, strict=True):
            layer.rewire(change.after, change.carry, self.new_weights.draw(change, layer, streams["weights"]))
        return TopologyUpdate(tuple(changes), zeta, clock() - began)

    def __repr__(self) -> str:
        return f"ThreeStageRule({self.name!r})"

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep: stopped layers and remembered weights."""
        return {**self.early_stop.state(), **self.new_weights.state()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self.early_stop.load_state(state)
        self.new_weights.load_state(state)

    def _is_over(self, layers: Sequence[Linked], zeta: float, counts: Sequence[int]) -> bool:
        if layers and self.early_stop.is_over(layer.name for layer in layers):
            return True
        return zeta == 0 and all(layer.structure.nnz == n for layer, n in zip(layers, counts, strict=True))

    def _count_after(self, layer: Linked, progress: float) -> int:
        """Return how many links the layer shall have after the update."""
        wiring = layer.structure
        if self.density_at is None or self.early_stop.spares(layer.name):
            return wiring.nnz
        return min(wiring.nnz, round(self.density_at(progress) * wiring.n_in * wiring.n_out))

    def _prune(self, layer: Linked, count: int, zeta: float, progress: float, rng: np.random.Generator) -> Mask:
        """Keep the `count` most important links, then remove of these the share zeta."""
        keep = np.ones(layer.structure.nnz, bool)
        if self.early_stop.spares(layer.name):
            return keep
        links = _Judged(layer.name, layer.structure, layer.weights_to_judge())
        if count < len(keep):
            keep = keep_most_important(links, count)
            links = _Judged(layer.name, layer.structure.select(keep), links.weight[keep])
        if zeta > 0:
            left = self.remove(links, zeta, progress=progress, rng=rng)
            keep[keep] = checked_mask(self.remove, layer.name, len(links.weight), left)
        return keep

    def _percolated(self, units: Sequence[EvolvingUnit], layers: Sequence[Linked], keep: Sequence[Mask]) -> list[Mask]:
        left = [
            before if self.early_stop.spares(layer.name) else after
            for layer, before, after in zip(layers, keep, percolate(units, keep), strict=True)
        ]
        warn_disconnected(layers, left)
        return left

    def _grown(self, layer: Linked, keep: Mask, count: int, rng: np.random.Generator) -> Positions:
        k = count - int(np.count_nonzero(keep))
        if k == 0:
            return np.zeros(0, np.int64)
        return checked_positions(self.regrow, layer, keep, k, self.regrow(layer, keep, k, rng=rng))


class _Judged(NamedTuple):
    """Links with the one number each by which they are judged."""

    name: str
    structure: SparseStructure
    weight: NDArray[Any]
