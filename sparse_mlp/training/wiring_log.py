"""Follow the wiring through all updates, and measure it at each: one entry of the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import NDArray

from sparse_mlp.errors import check_choice
from sparse_mlp.evolution import LayerUpdate, LinkAges, TopologyUpdate
from sparse_mlp.layers import Linked
from sparse_mlp.measures import EverActive, anp_by_links, anp_by_paths, forms_chain
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training.history import Record


class WiringLog:
    """Follow the links of all evolving layers from update to update.

    Links between motifs count as they are: ages, positions tried and paths are those of pairs of motifs. A motif is
    active with all its neurons or with none, so the fraction of active neurons is the same counted in either.

    Parameters
    ----------
    layers : iterable of Linked
        The layers as they are before the first update.
    in_a_row : bool
        Whether each feeds the next at once; widths that fit do not tell, a dense layer may stand in between.

    Attributes
    ----------
    links : LinkAges
        The age of each link.
    ever_active : dict of str to EverActive
        The positions of each layer that ever held a link.
    """

    def __init__(self, layers: Iterable[Linked] = (), *, in_a_row: bool = True) -> None:
        layers, self.in_a_row = list(layers), in_a_row
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
            whole net `itop`, and the active neurons `anp_by_links` and `anp_by_paths` where the layers that
            evolve feed each other.

        Raises
        ------
        InvalidInputError
            If a layer is unknown, or an update was left out.
        """
        self.links.record(update)
        for change in update.layers:
            check_choice("layer", change.layer, self.ever_active)
            self.ever_active[change.layer].add(change.after.keys()[change.carry < 0])
        record = update.to_record(**when, survivors=self.links.survivors_of_first())
        for entry, change in zip(record["layers"], update.layers, strict=True):
            entry.update(self._layer_measures(change))
        return {**record, **self._net_measures([change.after for change in update.layers])}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that is known as arrays, for a checkpoint: `<layer>.<what>`."""
        arrays = self.links.to_arrays()
        for name, tried in self.ever_active.items():
            arrays |= {f"{name}.ever_{what}": array for what, array in tried.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, in_a_row: bool = True) -> WiringLog:
        """Rebuild the log from `to_arrays`, for layers in a row or not.

        Raises
        ------
        InvalidInputError
            If an array is missing.
        """
        log = cls(in_a_row=in_a_row)
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

    def _net_measures(self, structures: list[SparseStructure]) -> Record:
        tried = self.ever_active.values()
        measures = {"itop": sum(t.count for t in tried) / max(1, sum(t.size for t in tried))}
        if structures and self.in_a_row and forms_chain(structures):
            measures |= {"anp_by_links": anp_by_links(structures), "anp_by_paths": anp_by_paths(structures)}
        return measures
