"""SparseMLP: a multilayer perceptron whose hidden layers store links, not matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.layers import MOTIF_MODES, Dense, Pad, SparseLinear
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.losses import Loss
from sparse_mlp.models.architecture import (
    given_structures,
    layer_links,
    layer_shapes,
    motif_counts,
    motif_means,
    sparse_layer,
    with_activations,
)
from sparse_mlp.models.compiled import CompiledNetwork, has_compiled_loss, padding_of, why_not_compiled
from sparse_mlp.models.store import ParameterStore
from sparse_mlp.rng import RandomState, spawn_streams
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate_network

if TYPE_CHECKING:
    from sparse_mlp.evolution import TopologyUpdate

PREDICTED_AT_ONCE = 1024  # samples of a layer-by-layer prediction


class SparseMLP:
    """Build a truly sparse multilayer perceptron.

    Parameters
    ----------
    sizes : sequence of int
        Neurons of the input, of each hidden layer and of the output.
    density : float, optional
        Fraction of the possible links that the sparse layers have together, in (0, 1]; 0.01 if not given.
    epsilon : float, optional
        The SET parameter instead: each layer gets epsilon * (n_in + n_out) links, where a motif counts as one neuron.
    topology : str or sequence of SparseStructure
        Generator of the wiring, one of `topology.TOPOLOGIES`; or the wiring of each sparse layer itself, and then
        neither density nor epsilon. Motifs are wired like neurons.
    topology_params : mapping, optional
        Options of that generator, such as the scope of "snip".
    data : (inputs, target), optional
        Training set for the topologies in `topology.NEEDS_DATA`; the others ignore it. The network keeps none of it.
    allocation : {"uniform", "er", "erk"}
        How the links are shared among the layers; "snip" shares them itself unless its scope is "layer".
    activation : str
        One of `models.ACTIVATIONS`, behind each hidden layer.
    weights : str
        Law of the initial weights, one of `topology.INITIAL_WEIGHTS`.
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
        topology: str | Sequence[SparseStructure] = "erdos-renyi",
        topology_params: Mapping[str, Any] | None = None,
        data: tuple[Any, Any] | None = None,
        allocation: str = "uniform",
        activation: str = "relu",
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
            raise invalid(f"motif_size={motif_size} and a sparse read-out", "used with a dense one")
        sparse = layer_shapes(counts)[: len(shapes) - dense_readout]
        streams = spawn_streams(rng)
        if isinstance(topology, str):
            links, params = layer_links(sparse, density, epsilon, allocation), dict(topology_params or {})
            means = motif_means(data, counts[0], motif_size)
            structures = generate_network(topology, counts, links, rng=streams["topology"], data=means, **params)
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
        front = [Pad(padding)] if padding else []
        self._assemble([*front, *with_activations(linear, activation, dropout, backend)], backend)

    @classmethod
    def from_layers(cls, layers: Sequence[Layer], backend: str | None = None) -> SparseMLP:
        """Wrap given layers, in order from input to output."""
        model = cls.__new__(cls)
        model._assemble(list(layers), backend)
        return model

    @classmethod
    def dense(
        cls,
        sizes: Sequence[int],
        *,
        activation: str = "relu",
        weights: str = "kaiming",
        dropout: float = 0.0,
        rng: RandomState = None,
        dtype: DTypeLike = np.float32,
        backend: str | None = None,
    ) -> SparseMLP:
        """Build the dense network that a sparse one is held against, with matrices in all layers."""
        shapes, stream = layer_shapes(sizes), spawn_streams(rng)["weights"]
        names = [f"dense{i + 1}" for i in range(len(shapes) - 1)] + ["readout"]
        linear = [
            Dense(*shape, weights, name=name, rng=stream, dtype=dtype, backend=backend)
            for shape, name in zip(shapes, names, strict=True)
        ]
        return cls.from_layers(with_activations(linear, activation, dropout, backend), backend)

    def _assemble(self, layers: list[Layer], backend: str | None) -> None:
        self.layers, self.backend = layers, choose_backend(backend).name
        self.linear_layers = [layer for layer in layers if isinstance(layer, (SparseLinear, Dense))]
        names = [layer.name for layer in self.linear_layers]
        if len(set(names)) < len(names):
            raise invalid(f"layers named {names}", "names that differ", "a topology update tells layers apart by name")
        self.sparse_layers = [layer for layer in layers if isinstance(layer, SparseLinear)]
        self.evolving_layers = [layer for layer in self.sparse_layers if layer is not self.linear_layers[-1]]
        self.store = ParameterStore(self.linear_layers)
        self._compiled: CompiledNetwork | None = None

    @property
    def sizes(self) -> list[int]:
        """Neurons of the input, of each hidden layer and of the output."""
        first, *_ = self.linear_layers
        return [first.shape[0] - padding_of(self.layers), *(layer.shape[1] for layer in self.linear_layers)]

    @property
    def n_links(self) -> int:
        """Weights stored, all links of sparse and dense layers; blocks of weights count weight by weight."""
        return self.store.n_weights

    @property
    def compiled(self) -> CompiledNetwork | None:
        """The network as one compiled step, or None where it runs layer by layer."""
        if not self.store.is_bound():  # somebody gave a layer other weights or links
            self.store, self._compiled = ParameterStore(self.linear_layers), None
        if self._compiled is None and not self.why_not_compiled:
            self._compiled = CompiledNetwork(self.layers, self.store)
        return self._compiled

    @property
    def why_not_compiled(self) -> str:
        """The reason for which the network runs layer by layer, which is slower; empty if it does not."""
        return why_not_compiled(self.layers, self.backend)

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, list[Any]]:
        """Pass a batch through all layers.

        Parameters
        ----------
        x : float (batch, n_in)
        rng : numpy.random.Generator, optional
            Given while training; dropout draws from it.

        Returns
        -------
        scores : float (batch, n_out)
        caches : list
            One entry a layer, for `backward`.
        """
        caches = []
        for layer in self.layers:
            x, cache = layer.forward(x, rng)
            caches.append(cache)
        return x, caches

    def backward(self, dscores: Array, caches: list[Any]) -> list[Gradients]:
        """Pass the gradient by the scores back through all layers and return each layer's gradients."""
        grads: list[Gradients] = []
        for layer, cache in zip(reversed(self.layers), reversed(caches), strict=True):
            dscores, grad = layer.backward(dscores, cache)
            grads.append(grad)
        return grads[::-1]

    def gradient(
        self,
        x: Array,
        samples: NDArray[np.int64],
        target: Array,
        loss: Loss,
        rng: np.random.Generator | None = None,
    ) -> float:
        """Compute the mean loss of a batch and leave its gradient in `store.gradient`.

        Parameters
        ----------
        x : float (n_samples, n_in)
            C-contiguous, of the network's dtype.
        samples : int64 (batch,)
            The rows of x and of target that form the batch.
        target : int64 (n_samples,) or float (n_samples, n_out)
        loss : Loss
        rng : numpy.random.Generator, optional
            For dropout.

        Returns
        -------
        float
            The mean loss.
        """
        if self.compiled is not None and has_compiled_loss(loss):
            return self.compiled.gradient(x, samples, target, loss)
        scores, caches = self.forward(x[samples], rng)
        value, cache = loss.forward(scores, target[samples])
        grads = self.backward(loss.backward(cache), caches)
        self.store.collect([grad for grad in grads if grad])
        return value

    def predict_scores(self, x: Array) -> Array:
        """Return the scores (n_samples, n_out) of all rows of x (n_samples, n_in)."""
        x = np.ascontiguousarray(x, dtype=self.store.values.dtype)
        if x.ndim != 2 or x.shape[1] != self.sizes[0]:
            raise invalid(f"input of shape {x.shape}", f"(n_samples, {self.sizes[0]})")
        if self.compiled is not None:
            return self.compiled.scores(x)
        starts = range(0, max(1, len(x)), PREDICTED_AT_ONCE)
        return np.concatenate([self.forward(x[start : start + PREDICTED_AT_ONCE])[0] for start in starts])

    def apply(self, update: TopologyUpdate) -> NDArray[np.int64]:
        """Take note of a topology update that was done to the layers; see `ParameterStore.rebind`."""
        self._compiled = None
        return self.store.rebind(update)

    def load_values(self, values: Array) -> None:
        """Take over all weights, then all biases, after the layers were given their structures.

        Raises
        ------
        InvalidInputError
            If their number does not fit the structures.
        """
        self.store, self._compiled = ParameterStore(self.linear_layers), None
        if values.shape != self.store.values.shape:
            raise invalid(f"{values.shape} values", f"{self.store.values.shape} for these structures")
        self.store.values[:] = values

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_compiled": None}  # made again when it is needed

    def __repr__(self) -> str:
        return f"SparseMLP({'-'.join(map(str, self.sizes))}, {self.n_links} links)"
