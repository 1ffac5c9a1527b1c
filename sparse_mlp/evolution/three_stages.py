"""The update that all evolving rules share: remove, percolate, regrow. A rule says what each stage means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_choice
from sparse_mlp.evolution.percolation import percolate, warn_disconnected
from sparse_mlp.evolution.regrowth import regrow_random
from sparse_mlp.evolution.removal import REMOVALS
from sparse_mlp.evolution.schedules import ZetaSchedule
from sparse_mlp.evolution.schedules import zeta_schedule as make_zeta_schedule
from sparse_mlp.evolution.update import EvolvingLayer, LayerUpdate, Mask, TopologyUpdate
from sparse_mlp.kernels.dispatch import choose_backend, evolution_ops
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import INITIAL_WEIGHTS, initial_weights

Streams = RandomState | Mapping[str, np.random.Generator]


@dataclass(frozen=True)
class ThreeStageRule:
    """Remove links, take away what is cut off, regrow as many as are gone.

    Attributes
    ----------
    name : str
    zeta_at : callable
        From progress to zeta, see `schedules.zeta_schedule`.
    remove : callable
        (layer, zeta) -> keep mask.
    percolate : bool
        Whether stage 2 takes place.
    regrow : callable
        (layer, keep, rng) -> ascending positions of as many new links as are not kept.
    new_weights : str
        Law of the new weights, a name of `topology.INITIAL_WEIGHTS`.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the result does not depend on it.
    wants_dense : bool
        Whether the net is to be built dense.
    """

    name: str
    zeta_at: ZetaSchedule
    remove: Callable[[EvolvingLayer, float], Mask]
    percolate: bool
    regrow: Callable[[EvolvingLayer, Mask, np.random.Generator], NDArray[np.int64]]
    new_weights: str
    backend: str | None = None
    wants_dense: bool = False

    def __post_init__(self) -> None:
        check_choice("new_weights", self.new_weights, INITIAL_WEIGHTS)
        choose_backend(self.backend)

    def update(self, layers: Sequence[EvolvingLayer], progress: float, rng: Streams = None) -> TopologyUpdate:
        """Rewire the layers once.

        Parameters
        ----------
        layers : sequence of EvolvingLayer
            The evolving layers from input to output. They are rewired in place; their numbers of links do not change.
        progress : float
            Fraction of training that is done, in [0, 1].
        rng : None, int, numpy.random.Generator, or mapping of str to Generator
            One source for all, or streams "regrowth" and "weights".

        Returns
        -------
        TopologyUpdate
            The log. Where zeta is 0 nothing is touched and it holds no layers.
        """
        began, zeta = perf_counter(), self.zeta_at(progress)
        if zeta == 0:
            return TopologyUpdate()
        regrowth, weights = _streams(rng)
        left = [self.remove(layer, zeta) for layer in layers]
        kept = percolate(layers, left, backend=self.backend) if self.percolate else left
        if self.percolate:
            warn_disconnected(layers, kept)
        grown = [self.regrow(layer, keep, regrowth) for layer, keep in zip(layers, kept, strict=True)]
        log = [_log(*stages, self.backend) for stages in zip(layers, left, kept, grown, strict=True)]
        for layer, update in zip(layers, log, strict=True):
            count, dtype = len(update.grown[0]), layer.weight.dtype
            values = initial_weights(self.new_weights, update.after, rng=weights, dtype=dtype, count=count)
            layer.rewire(update.after, update.carry, values)
        return TopologyUpdate(tuple(log), zeta, perf_counter() - began)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep: nothing, each update depends on its arguments alone."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""


def random_regrowth_rule(
    name: str,
    *,
    zeta: float,
    zeta_schedule: str,
    zeta_end: float,
    removal: str,
    percolate: bool,
    exclude_removed: bool,
    new_weights: str,
    backend: str | None,
) -> ThreeStageRule:
    """Make a rule that removes by weight and regrows at random; see `set_rule` for the options."""
    return ThreeStageRule(
        name=name,
        zeta_at=make_zeta_schedule(zeta_schedule, zeta, end=zeta_end),
        remove=partial(REMOVALS[check_choice("removal", removal, REMOVALS)], backend=backend),
        percolate=percolate,
        regrow=partial(regrow_random, exclude_removed=exclude_removed, backend=backend),
        new_weights=new_weights,
        backend=backend,
    )


def _log(layer: EvolvingLayer, left: Mask, kept: Mask, grown: NDArray[np.int64], backend: str | None) -> LayerUpdate:
    before = layer.structure
    indptr, indices, carry = evolution_ops(backend).insert_links(
        before.indptr, before.indices, kept, grown, before.n_out
    )
    after = SparseStructure(before.shape, indptr, indices)
    return LayerUpdate.from_carry(layer.name, before, after, carry, left & ~kept)


def _streams(rng: Streams) -> tuple[np.random.Generator, np.random.Generator]:
    if isinstance(rng, Mapping):
        return rng["regrowth"], rng["weights"]
    one = as_generator(rng)
    return one, one
