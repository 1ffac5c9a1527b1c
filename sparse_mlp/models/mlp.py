"""SparseMLP: a multilayer perceptron whose hidden layers store links, not matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.layers import MOTIF_MODES, Dense, Pad, Sequential, SparseLinear
from sparse_mlp.layers.base import Layer
from sparse_mlp.models.architecture import (
    Activation,
    check_memory,
    given_structures,
    layer_links,
    layer_shapes,
    motif_counts,
    motif_means,
    sparse_layer,
    with_activations,
)
from sparse_mlp.models.network import Network
from sparse_mlp.models.wirings import wire
from sparse_mlp.rng import RandomState, spawn_streams
from sparse_mlp.structure import SparseStructure


class SparseMLP(Network):
    """Build a truly sparse multilayer perceptron.

    Parameters
    ----------
    sizes : sequence of int
        Neurons of the input, of each hidden layer and of the output.
    density : float, optional
        Fraction of the possible links that the sparse layers have together, in (0, 1]; 0.02 if not given.
    epsilon : float, optional
        The SET parameter instead: each layer gets epsilon * (n_in + n_out) links, where a motif counts as one neuron.
    topology : str, callable or sequence of SparseStructure
        Generator of the wiring: one of `topology.TOPOLOGIES`, `module:name` or a function. Or the wiring of each sparse
        layer itself, and then neither density nor epsilon. Motifs are wired like neurons.
    topology_params : mapping, optional
        Options of that generator, such as the scope of "snip".
    data : (inputs, target), optional
        Training set for the topologies in `topology.NEEDS_DATA`; the others ignore it. The network keeps none of it.
    allocation : {"uniform", "er", "erk"}
        How the links are shared among the layers; "snip" shares them itself unless its scope is "layer".
    activation : str or callable
        What stands behind each hidden layer: one of `models.ACTIVATIONS`, a function that makes a layer, or
        `module:name` of such a function.
    weights : str
        Distribution of the initial weights, one of `topology.INITIAL_WEIGHTS`.
    dense_readout : bool
        Whether the last layer has all links, as in the papers. A sparse read-out does not evolve, and has no motifs.
    motif_size : int
        Neurons that a link joins on either side, see `layers.MotifLinear`; divides input and hidden layers, if any.
    motif_mode : {"shared", "block"}
        Whether all single links between two motifs share one weight, or have one each.
    pad : bool
        Whether an input that motifs do not divide gets features that are zero.
    dropout : float
        Fraction of hidden activations dropped while training, in [0, 1).
    rng : None, int or numpy.random.Generator
        Draws wiring and weights.
    dtype : float32 or float64
    backend : str, optional
        See `kernels.dispatch.choose_backend`.

    Attributes
    ----------
    layers : list of Layer
    sparse_layers : list of SparseLinear
    evolving_layers : list of SparseLinear
        Those whose wiring a rule may change.
    store : ParameterStore
        All parameters and their gradient, flat.

    Examples
    --------
    >>> model = SparseMLP([64, 100, 10], density=0.05, rng=0)
    >>> model.sparse_layers[0].structure
    SparseStructure(64 x 100, 320 links, density 0.05)
    >>> model.predict_scores(np.zeros((2, 64), np.float32)).shape
    (2, 10)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        density: float | None = None,
        epsilon: float | None = None,
        topology: str | Callable[..., Any] | Sequence[SparseStructure] = "erdos-renyi",
        topology_params: Mapping[str, Any] | None = None,
        data: tuple[Any, Any] | None = None,
        allocation: str = "uniform",
        activation: Activation = "relu",
        weights: str = "swi",
        dense_readout: bool = True,
        motif_size: int = 1,
        motif_mode: str = "shared",
        pad: bool = False,
        dropout: float = 0.0,
        rng: RandomState = None,
        dtype: DTypeLike = np.float32,
        backend: str | None = None,
    ) -> None:
        shapes, counts = layer_shapes(sizes), motif_counts(sizes, motif_size, pad)
        check_choice("motif_mode", motif_mode, MOTIF_MODES)
        if motif_size > 1 and not dense_readout:
            raise invalid(f"motif_size={motif_size} with a sparse read-out", "a dense read-out")
        sparse = layer_shapes(counts)[: len(shapes) - dense_readout]
        streams = spawn_streams(rng)
        if isinstance(topology, str) or callable(topology):
            links, params = layer_links(sparse, density, epsilon, allocation), dict(topology_params or {})
            per_link = motif_size**2 if motif_mode == "block" else 1
            check_memory(links, shapes[-1:] if dense_readout else [], dtype, per_link)
            means = motif_means(data, counts[0], motif_size)
            structures = wire(topology, counts, links, rng=streams["topology"], data=means, **params)
        else:
            structures = given_structures(
                topology, sparse, density=density, epsilon=epsilon, topology_params=topology_params
            )
        common: dict[str, Any] = {"rng": streams["weights"], "dtype": dtype, "backend": backend}
        linear: list[SparseLinear | Dense] = []
        for i, structure in enumerate(structures):
            name = f"sparse{i + 1}" if i < len(shapes) - 1 else "readout"
            linear.append(sparse_layer(structure, weights, motif_size, motif_mode, name=name, **common))
        if dense_readout:
            linear.append(Dense(*shapes[-1], name="readout", **common))
        padding = counts[0] * motif_size - shapes[0][0] if structures else 0
        front = [Pad(padding, backend=backend)] if padding else []
        self._assemble([*front, *with_activations(linear, activation, dropout, backend)])

    @classmethod
    def from_layers(cls, layers: Sequence[Layer]) -> SparseMLP:
        """Make a network of given layers, in order from input to output."""
        model = cls.__new__(cls)
        model._assemble(list(layers))
        return model

    @classmethod
    def dense(
        cls,
        sizes: Sequence[int],
        *,
        activation: Activation = "relu",
        weights: str = "kaiming",
        dropout: float = 0.0,
        rng: RandomState = None,
        dtype: DTypeLike = np.float32,
        backend: str | None = None,
    ) -> SparseMLP:
        """Build the dense network that a sparse one is compared with, with matrices in all layers."""
        shapes, stream = layer_shapes(sizes), spawn_streams(rng)["weights"]
        check_memory([], shapes, dtype)
        names = [f"dense{i + 1}" for i in range(len(shapes) - 1)] + ["readout"]
        linear = [
            Dense(*shape, weights, name=name, rng=stream, dtype=dtype, backend=backend)
            for shape, name in zip(shapes, names, strict=True)
        ]
        return cls.from_layers(with_activations(linear, activation, dropout, backend))

    def _assemble(self, layers: list[Layer]) -> None:
        linear = [layer for layer in layers if layer.parameters()]
        if linear and linear[-1].bears_links:
            linear[-1].evolves = False  # type: ignore[attr-defined]  # a sparse read-out stays as it is
        super().__init__(Sequential(layers))

    @property
    def layers(self) -> list[Layer]:
        """All layers in order."""
        return list(self.root.children.values())

    @property
    def linear_layers(self) -> list[Any]:
        """Those that have weights, sparse and dense ones."""
        return [layer for layer in self.layers if layer.parameters()]

    @property
    def sizes(self) -> list[int]:
        """Neurons of the input, of each hidden layer and of the output."""
        return [self.n_features, *(layer.shape[1] for layer in self.linear_layers)]

    def __repr__(self) -> str:
        return f"SparseMLP({'-'.join(map(str, self.sizes))}, {self.n_links} links)"
