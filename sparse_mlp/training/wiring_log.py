"""Follow the wiring through all updates, and measure it at each: one entry of the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from sparse_mlp.errors import check_choice
from sparse_mlp.evolution import LayerUpdate, LinkAges, TopologyUpdate
from sparse_mlp.evolution.units import EvolvingUnit, active_rates, layers_of
from sparse_mlp.measures import EverActive
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training.history import Record


class WiringLog:
    """Follow the links of all evolving layers from update to update.

    Ages and positions tried are those of links, whatever a layer's links join; paths are those of its units.

    Parameters
    ----------
    units : sequence of EvolvingUnit
        The layers as they are before the first update.

    Attributes
    ----------
    links : LinkAges
        The age of each link.
    ever_active : dict of str to EverActive
        The positions of each layer that ever held a link.
    """

    def __init__(self, units: Sequence[EvolvingUnit] = ()) -> None:
        layers = layers_of(units)
        self._units = tuple(units)
        self.links = LinkAges(layers)
        self.ever_active = {layer.name: EverActive(layer.structure) for layer in layers}

    def record(self, update: TopologyUpdate, **when: Any) -> Record:
        """Follow an update, and return its entry of the history.

        Parameters
        ----------
        update : TopologyUpdate
        **when
            When it happened, as `TopologyUpdate.to_record` takes it: `epoch=3`.

        Returns
        -------
        Record
            What `TopologyUpdate.to_record` says and, for each layer, its `density`, the `overlap` of removal and
            regrowth, the rate `itop` of positions tried so far and the `mean_age` of its links in updates; for the
            whole net `itop`, and the shares of active neurons `anp_by_links` and `anp_by_paths` of its units.

        Raises
        ------
        InvalidInputError
            If a layer is unknown, or an update was left out.
        """
        self.links.record(update)
        for change in update.layers:
            check_choice("layer", change.layer, self.ever_active)
            self.ever_active[change.layer].add(change.grown_positions)
        record = update.to_record(**when, survivors=self.links.survivors_of_first())
        for entry, change in zip(record["layers"], update.layers, strict=True):
            entry.update(self._layer_measures(change))
        return {**record, **self._net_measures({change.layer: change.after for change in update.layers})}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that is known as arrays, for a checkpoint: `<layer>.<what>`."""
        arrays = self.links.to_arrays()
        for name, tried in self.ever_active.items():
            arrays |= {f"{name}.ever_{what}": array for what, array in tried.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], units: Sequence[EvolvingUnit] = ()) -> WiringLog:
        """Rebuild the log from `to_arrays`, for the units that it follows.

        Raises
        ------
        InvalidInputError
            If an array is missing.
        """
        log = cls(units)
        log.links = LinkAges.from_arrays(arrays)
        for name in log.links.ages:
            start = f"{name}.ever_"
            kept = {key.removeprefix(start): arrays[key] for key in arrays if key.startswith(start)}
            log.ever_active[name] = EverActive.from_arrays(kept)
        return log

    def _layer_measures(self, change: LayerUpdate) -> Record:
        ages = self.links.ages[change.layer]
        return {
            "density": change.after.density,
            "overlap": change.overlap,
            "itop": self.ever_active[change.layer].rate,
            "mean_age": float(ages.mean()) if len(ages) else 0.0,
        }

    def _net_measures(self, structures: Mapping[str, SparseStructure]) -> Record:
        tried = self.ever_active.values()
        itop = sum(t.count for t in tried) / max(1, sum(t.size for t in tried))
        return {"itop": itop, **active_rates(self._units, structures)}
