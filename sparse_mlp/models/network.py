"""A network: a tree of layers, its parameters in one store, and the chains of layers that a rule may rewire."""

from __future__ import annotations

import os
from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.evolution.units import EvolvingUnit
from sparse_mlp.kernels.tiles import sum_in_order
from sparse_mlp.layers.base import Array, Gradients, Layer, leaves
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.losses import Loss
from sparse_mlp.layers.maps import assign_borders, check_flat_ends
from sparse_mlp.models import saving
from sparse_mlp.models.batch import Samples
from sparse_mlp.models.inputs import check_inputs, warn_of_overflow
from sparse_mlp.models.store import ParameterStore
from sparse_mlp.models.token_batch import TokenBatch
from sparse_mlp.models.walk import Buffer, Walk

if TYPE_CHECKING:
    from sparse_mlp.evolution import TopologyUpdate


class Network:
    """Train and use a tree of layers.

    Parameters
    ----------
    root : Layer
        Such as a `Sequential`. Layers that bear links need names that differ.
    n_features : int, optional
        Of a sample; found from the layers where one of them knows.

    Attributes
    ----------
    root : Layer
    store : ParameterStore
        All parameters and their gradient, flat.
    n_features, n_outputs : int
        Features of a sample, and scores.
    units : tuple of EvolvingUnit
        The chains of layers whose wiring a rule may change, for percolation.
    sparse_layers : list of Linked
        All layers that bear links, in the order of the forward pass.
    evolving_layers : list of Linked
        Those of the units.

    Notes
    -----
    `gradient` cuts a batch into groups of whole tiles, at most 8. A thread takes a group through the whole tree,
    forward and back, into a gradient of the group; these are added in order. So the bytes of a result depend on the
    batch alone, not on the number of threads. A network with a layer that `needs_batch` goes through the tree in one
    group. Its layers share their neurons among the threads, and so do those of a very large network, group after group:
    there one tile fills all memory that is near, and a gradient for each group would be too much.

    Examples
    --------
    >>> from sparse_mlp.layers import Dense, ReLU, Residual, Sequential, SparseLinear
    >>> from sparse_mlp.topology import generate
    >>> wiring = generate("erdos-renyi", 20, 20, density=0.2, rng=0)
    >>> first, second = (SparseLinear(wiring, rng=i, name=name) for i, name in enumerate(["first", "second"]))
    >>> model = Network(Sequential([Residual(Sequential([first, ReLU(), second])), Dense(20, 3, rng=2)]))
    >>> model.n_features, model.n_outputs, [unit.name for unit in model.units]
    (20, 3, ['first-second'])
    """

    def __init__(self, root: Layer, n_features: int | None = None) -> None:
        self.root, self.backend = root, root.backend
        assign_borders(root)
        check_flat_ends(root)
        self.n_features = root.n_in(0) if n_features is None else check_integer("n_features", n_features)
        if not self.n_features:
            raise invalid("no layer that knows the features of a sample", "n_features to be given")
        self.n_outputs = root.n_out(self.n_features)
        self._find_links()
        self.store = ParameterStore(root)
        self._walk = self._make_walk()
        self._rebound()

    def _make_walk(self) -> Any:
        return Walk(self.root, self.n_features)

    def _find_links(self) -> None:
        layers: list[Any] = [layer for _, layer in leaves(self.root) if layer.bears_links]
        names = [layer.name for layer in layers]
        if len(set(names)) < len(names):
            remedy = "a topology update tells layers apart by name"
            raise invalid(f"sparse layers named {names}", "names that differ", remedy)
        trace = Trace()
        trace.read(self.root.trace(Flow(), trace))
        unit_names = [chain.name or _unit_name(chain.layers) for chain in trace.chains]
        self.units = tuple(
            EvolvingUnit(name, tuple(chain.layers), chain.turned, sources=tuple(unit_names[i] for i in chain.sources),
                         alive=chain.alive, ends=chain.ends)
            for name, chain in zip(unit_names, trace.chains, strict=True)
        )  # fmt: skip
        self.sparse_layers = layers
        self.evolving_layers = [layer for unit in self.units for layer in unit.layers]
        self.fixed_layers = trace.fixed

    def _rebound(self) -> None:
        """Get ready for parameters that lie elsewhere."""
        self._buffers: list[Buffer] = []
        self._walk.bind()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of all parameters and activations."""
        return self.store.values.dtype

    @property
    def width(self) -> int:
        """Features of a sample, or of a token where sentences are translated."""
        return self.n_features

    @property
    def n_links(self) -> int:
        """Weights stored, all links of sparse and dense layers; blocks of weights count weight by weight."""
        return self.store.n_decayed

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Any]:
        """Pass a batch x (batch, n_features) through; return scores (batch, n_outputs) and what `backward` needs.

        Dropout draws from `rng` where it is given, as while training.
        """
        return self.root.forward(x, rng)

    def backward(self, dscores: Array, cache: Any) -> Gradients:
        """Pass the gradient by the scores back and return that by each parameter, by layer and name."""
        return self.root.backward(dscores, cache)[1]

    def groups(self, batch: Sized) -> list[tuple[int, int]]:
        """Return the groups of a batch, first and last sample (exclusive) of each: whole tiles, at most 8 groups."""
        return self._walk.groups(batch)

    def gradient(self, batch: Samples | TokenBatch, loss: Loss, rng: np.random.Generator | None = None) -> float:
        """Compute the mean loss of a batch and leave its gradient in `store.gradient`.

        Parameters
        ----------
        batch : Samples or TokenBatch
            Pairs of sentences for a network that translates.
        loss : Loss
        rng : numpy.random.Generator, optional
            For layers that are random in training, such as dropout.

        Returns
        -------
        float
            The mean loss.

        Raises
        ------
        InvalidInputError
            If the batch does not fit the network.
        """
        self._check_bound()
        batch.check(self.n_features, self.n_outputs, self.dtype)
        count = 1 if self._walk.spread else len(self.groups(batch))
        if len(self._buffers) < count:
            self._rebound()
            others = np.empty((count - 1, len(self.store.values)), self.dtype)
            self._buffers = [Buffer(flat, self.store.views(flat)) for flat in (self.store.gradient, *others)]
        value = self._walk.gradients(batch, loss, rng, self._buffers)
        # One thread adds: the others' parts lie in its own core's cache or in none, and waking them takes longer.
        sum_in_order(self.store.gradient, [buffer.flat for buffer in self._buffers[1:count]])
        return value

    def record_signals(self, batch: Samples | TokenBatch, loss: Loss) -> None:
        """Let the layers that bear links record their inputs and deltas for a batch; see `Linked.signals`.

        Parameters and gradient stay as they are. Dropout is off: signals say what a link is worth to the whole network,
        and no random stream moves.
        """
        self._check_bound()
        batch.check(self.n_features, self.n_outputs, self.dtype)
        groups = self.groups(batch)
        flats = [np.empty_like(self.store.values) for _ in groups]
        kept: list[dict[int, Any]] = [{} for _ in groups]
        self._walk.gradients(batch, loss, None, [Buffer(flat, self.store.views(flat)) for flat in flats], kept)
        for layer in self.sparse_layers:
            inputs, deltas = zip(*(found[id(layer)] for found in kept), strict=True)
            layer.recorded = np.concatenate(inputs, axis=1), np.concatenate(deltas, axis=1)

    def forget_signals(self) -> None:
        """Free what `record_signals` has kept."""
        for layer in self.sparse_layers:
            layer.recorded = None

    def predict_scores(self, x: Array) -> Array:
        """Return the scores (n_samples, n_outputs) of all rows of x, array or sparse (n_samples, n_features).

        Raises
        ------
        InvalidInputError
            If x is no such array of finite numbers.
        """
        return self.scores_of(check_inputs("input", x, self.n_features, self.dtype))

    def scores_of(self, x: Any) -> Array:
        """Return the scores of inputs that `check_inputs` has returned.

        Warns
        -----
        RuntimeWarning
            If some scores are infinite or not a number, for the inputs are finite.
        """
        if x.ndim != 2 or x.shape[1] != self.n_features or x.dtype != self.dtype:
            raise invalid(f"inputs of {x.dtype} {x.shape}", f"{self.dtype} (n_samples, {self.n_features})")
        self._check_bound()
        scores = np.empty((x.shape[0], self.n_outputs), self.dtype)
        self._walk.scores(x, scores)
        warn_of_overflow(scores)
        return scores

    def predict(self, x: Array) -> NDArray[np.int64]:
        """Return the class (n_samples,) of the highest score for each row of x (n_samples, n_features).

        Outputs of a regression are what `predict_scores` returns.
        """
        return self.predict_scores(x).argmax(axis=1)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write all values and the wiring into a `.npz` file, and return its path.

        A checkpoint of a training, with the state of its optimizer, is `Trainer.checkpoint`.
        """
        return saving.save(self, path)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take over values and wiring that `save` wrote from a network of the same layers; its wiring may differ.

        Raises
        ------
        InvalidInputError
            If the file is of a network of other layers.
        DataFileError
            If it cannot be read.
        """
        saving.load(self, path)

    def apply(self, update: TopologyUpdate) -> NDArray[np.int64]:
        """Bind the store again after a topology update of the layers; see `ParameterStore.rebind`."""
        carry = self.store.rebind(update)
        self._rebound()
        return carry

    def load_values(self, values: Array) -> None:
        """Take over the values of all parameters, after the layers were given their structures.

        Raises
        ------
        InvalidInputError
            If their number does not fit the structures.
        """
        self.store = ParameterStore(self.root)
        self._rebound()
        if values.shape != self.store.values.shape:
            raise invalid(f"{values.shape} values", f"{self.store.values.shape} for these structures")
        self.store.values[:] = values

    def _check_bound(self) -> None:
        if not self.store.is_bound():  # somebody gave a layer other weights or links
            self.store = ParameterStore(self.root)
            self._rebound()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_buffers"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._rebound()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_features} features, {self.n_outputs} outputs, {self.n_links} links)"


def _unit_name(layers: list[Any]) -> str:
    return layers[0].name if len(layers) == 1 else f"{layers[0].name}-{layers[-1].name}"
