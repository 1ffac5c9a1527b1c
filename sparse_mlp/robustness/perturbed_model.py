"""A perturbed copy of a network: the same wiring, other weights."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from sparse_mlp.errors import check_choice, check_number, invalid
from sparse_mlp.layers.base import Array, leaves
from sparse_mlp.models import Network
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.robustness.perturbations import FUNCTIONS

SCOPES = ("layer", "global")


def perturb(
    model: Network, name: str, strength: float, rng: RandomState = None, *, scope: str = "layer",
    readout: bool = False,
) -> Network:  # fmt: skip
    """Return a perturbed copy of a network; the network itself stays as it is.

    Parameters
    ----------
    model : Network
    name : str
        One of `PERTURBATIONS`.
    strength : float
        In [0, 1], where 0 changes nothing; for "weight-modification" any number of 0 or more.
    rng : None, int or numpy.random.Generator
        Used by random pruning, shuffling and modification.
    scope : {"layer", "global"}
        Whether each layer is perturbed by itself, or all weights as if they stood in one layer: the links removed,
        the bins and the mean magnitude are then those of the whole.
    readout : bool
        Whether dense layers are perturbed like the sparse ones. Biases never are.

    Returns
    -------
    Network
        With its own weights and the same structures. Removed links are there with the weight 0.

    Raises
    ------
    InvalidInputError
        If a name or a strength is unknown or out of range, a weight is not finite, or there is no layer to perturb.

    Notes
    -----
    [Sulyok2026] removes links "layer by layer", which is said of random pruning alone; so scope "layer" is the default
    and "global" the other reading. Whether its dense read-out is perturbed is not said.

    What counts as a link is a stored weight: where single links share one, removing it removes them all; of a link
    with a block of weights each entry counts.

    Examples
    --------
    >>> from sparse_mlp.models import SparseMLP
    >>> model = SparseMLP([8, 10, 3], density=0.5, rng=0)
    >>> pruned = perturb(model, "weight-order", 0.25)
    >>> [int(np.count_nonzero(m.sparse_layers[0].weight)) for m in (model, pruned)]
    [40, 30]
    """
    return WorkingCopy(model, scope=scope, readout=readout).perturbed(name, strength, as_generator(rng))


class WorkingCopy:
    """Perturb a network again and again, in one copy of it.

    Parameters and errors are those of `perturb`.

    Attributes
    ----------
    model : Network
        The copy, at first unperturbed.
    """

    def __init__(self, model: Network, *, scope: str = "layer", readout: bool = False) -> None:
        self.scope = check_choice("scope", scope, SCOPES)
        self.model = copy.deepcopy(model)  # structures are shared
        self._layers = _layers_to_perturb(self.model, readout)
        for layer in self._layers:
            if not np.isfinite(layer.weight).all():
                found = f"infinite or missing weights in layer {layer.name}"
                raise invalid(found, "finite ones", "training has diverged")
        self._weights = [layer.weight.ravel().copy() for layer in self._layers]

    def perturbed(self, name: str, strength: float, rng: np.random.Generator) -> Network:
        """Return the copy with a perturbation of the weights that were given; the next call overwrites it.

        Parameters are those of `perturb`; what is drawn is drawn in the order of the layers.
        """
        strength = check_strength(name, strength)
        for layer, weight in zip(self._layers, self._changed(name, strength, rng), strict=True):
            layer.weight[...] = weight.reshape(layer.weight.shape)
        return self.model

    def _changed(self, name: str, strength: float, rng: np.random.Generator) -> Sequence[Array]:
        function, draw, _ = FUNCTIONS[name]

        def change(weight: Array) -> Array:
            return function(weight, strength, *([draw(rng, len(weight))] if draw else []))

        if self.scope == "layer":
            return [change(weight) for weight in self._weights]
        ends = np.cumsum([len(weight) for weight in self._weights])
        return np.split(change(np.concatenate(self._weights)), ends[:-1])


def check_strength(name: str, strength: float) -> float:
    """Return the strength of a perturbation as a float if it has such a perturbation and such a strength."""
    most = FUNCTIONS[check_choice("perturbation", name, FUNCTIONS)].most
    number = check_number(f"strength of {name}", strength)
    if number > most:
        raise invalid(f"strength={strength!r} of {name}", f"a number in [0, {most:g}]", "did you pass a percentage?")
    return number


def _layers_to_perturb(model: Network, readout: bool) -> list[Any]:
    layers = [leaf for _, leaf in leaves(model.root) if hasattr(leaf, "weight")] if readout else model.sparse_layers
    if not layers:
        raise invalid("a network without sparse layers", "one with some", "readout=True perturbs dense layers as well")
    return layers
