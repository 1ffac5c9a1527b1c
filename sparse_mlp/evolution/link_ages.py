"""How long links live: the age of each link, carried along from update to update."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.evolution.update import LayerUpdate, TopologyUpdate
from sparse_mlp.layers import Linked


class LinkAges:
    """Count for each link how many updates it has survived.

    Parameters
    ----------
    layers : iterable of Linked
        The layers as they are before the first update; their links are the first links.

    Attributes
    ----------
    ages : dict of str to int32 (nnz,)
        Updates survived by each link of a layer, in link order; 0 for the links of the last update.
    updates : dict of str to int
        Updates that each layer has seen.
    first : dict of str to int
        How many first links each layer had.

    Notes
    -----
    A first link is one whose age equals the number of updates; one that is removed and regrown is not first any more.
    """

    def __init__(self, layers: Iterable[Linked] = ()) -> None:
        links = {layer.name: layer.structure.nnz for layer in layers}
        self.first: dict[str, int] = dict(links)
        self.updates: dict[str, int] = dict.fromkeys(links, 0)
        self.ages: dict[str, NDArray[np.int32]] = {name: np.zeros(nnz, np.int32) for name, nnz in links.items()}

    def record(self, update: TopologyUpdate) -> None:
        """Carry the ages over an update: survivors grow older by one, new links start at 0. None may be left out."""
        for change in update.layers:
            older = np.append(self._ages_before(change) + np.int32(1), np.int32(0))
            self.ages[change.layer] = older[change.carry]  # carry is -1 for a new link: the 0 at the end
            self.updates[change.layer] += 1

    def survivors_of_first(self) -> dict[str, int]:
        """Return how many of each layer's first links still live."""
        return {name: int(np.count_nonzero(ages == self.updates[name])) for name, ages in self.ages.items()}

    def fraction_of_first(self) -> dict[str, float]:
        """Return which fraction of each layer's first links still lives, 1 where there were none."""
        alive = self.survivors_of_first()
        return {name: alive[name] / first if first else 1.0 for name, first in self.first.items()}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that is known as arrays, for a checkpoint: `<layer>.ages` and `<layer>.counts`."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, ages in self.ages.items():
            arrays[f"{name}.ages"] = ages.copy()
            arrays[f"{name}.counts"] = np.array([self.updates[name], self.first[name]], np.int64)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> LinkAges:
        """Rebuild the ages from `to_arrays`; raise where an array is missing."""
        links = cls()
        for key in arrays:
            name, _, kind = key.rpartition(".")
            if kind != "ages":
                continue
            if f"{name}.counts" not in arrays:
                raise invalid(f"{key} without {name}.counts", "both arrays of a layer")
            links.ages[name] = np.array(arrays[key], np.int32)
            links.updates[name], links.first[name] = (int(n) for n in arrays[f"{name}.counts"])
        return links

    def _ages_before(self, change: LayerUpdate) -> NDArray[np.int32]:
        check_choice("layer", change.layer, self.ages)
        ages = self.ages[change.layer]
        if len(ages) != change.before.nnz:
            found = f"an update of {change.before.nnz} links in layer {change.layer}"
            raise invalid(found, f"the {len(ages)} links after the last update", "record every update, in order")
        return ages
