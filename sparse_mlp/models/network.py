"""A network: a tree of layers, its parameters in one store, and the walk through the tree in groups of tiles."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.evolution.units import EvolvingUnit
from sparse_mlp.kernels.pool import one_blas_thread, run, width
from sparse_mlp.kernels.tiles import NARROW, WIDE, Arena, cut, lanes_for, sum_in_order, unpack
from sparse_mlp.layers.base import Array, Gradients, Layer, leaves, nodes
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.losses import Loss
from sparse_mlp.models import saving
from sparse_mlp.models.batch import Samples, dense
from sparse_mlp.models.store import ParameterStore

if TYPE_CHECKING:
    from sparse_mlp.evolution import TopologyUpdate

TILE_BYTES = 2**26  # activations of one tile of 64; above it threads share the neurons of a tile, not the tiles
PREDICTION_BYTES = 2**27  # memory of a prediction's activations; large networks predict fewer samples at a time
SUMMED_ALONE = 2**15  # values: below this one thread adds the groups' gradients faster than two


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
        self.n_features = root.n_in(0) if n_features is None else check_integer("n_features", n_features)
        if not self.n_features:
            raise invalid("no layer that knows the features of a sample", "n_features to be given")
        self.n_outputs = root.n_out(self.n_features)
        self._needs_batch = root.needs_batch
        self._to_prepare = [layer for layer in nodes(root) if type(layer).prepare is not Layer.prepare]
        self._one_blas_thread = one_blas_thread if any(layer.uses_blas for layer in nodes(root)) else nullcontext
        self._find_links()
        self.store = ParameterStore(root)
        self._arenas: deque[Arena] = deque()
        self._forget()
        tile_bytes = WIDE * self.dtype.itemsize * root.n_stored(self.n_features)
        self._spread = self.backend == "numba" and (self._needs_batch or tile_bytes > TILE_BYTES)

    def _find_links(self) -> None:
        layers: list[Any] = [layer for _, layer in leaves(self.root) if layer.bears_links]
        names = [layer.name for layer in layers]
        if len(set(names)) < len(names):
            remedy = "a topology update tells layers apart by name"
            raise invalid(f"sparse layers named {names}", "names that differ", remedy)
        trace = Trace()
        trace.read(self.root.trace(Flow(), trace))
        unit_names = [_unit_name(chain.layers) for chain in trace.chains]
        self.units = tuple(
            EvolvingUnit(name, tuple(chain.layers), sources=tuple(unit_names[i] for i in chain.sources),
                         alive=chain.alive, ends=chain.ends)
            for name, chain in zip(unit_names, trace.chains, strict=True)
        )  # fmt: skip
        self.sparse_layers = layers
        self.evolving_layers = [layer for unit in self.units for layer in unit.layers]
        self.fixed_layers = trace.fixed

    def _forget(self) -> None:
        """Drop what depends on the sizes of the parameters."""
        self._flats: list[Array] = []
        self._views: list[Gradients] = []

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of all parameters and activations."""
        return self.store.values.dtype

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

    def groups(self, n_samples: int) -> list[tuple[int, int]]:
        """Return the groups of a batch, first and last sample (exclusive) of each: whole tiles, at most 8 groups."""
        lanes = self._lanes(n_samples)
        runs = [slice(0, -(-n_samples // lanes))] if self._needs_batch else cut(-(-n_samples // lanes))
        return [(part.start * lanes, min(n_samples, part.stop * lanes)) for part in runs]

    def gradient(self, batch: Samples, loss: Loss, rng: np.random.Generator | None = None) -> float:
        """Compute the mean loss of a batch and leave its gradient in `store.gradient`.

        Parameters
        ----------
        batch : Samples
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
        groups = self.groups(len(batch))
        buffers = 1 if self._spread else len(groups)
        if len(self._flats) < buffers:
            others = np.empty((buffers - 1, len(self.store.values)), self.dtype)
            self._flats = [self.store.gradient, *others]
            self._views = [self.store.views(flat) for flat in self._flats]
        value = self._pass(batch, loss, rng, groups, self._flats, self._views)
        self._add_up(self._flats[1:buffers])
        return value

    def record_signals(self, batch: Samples, loss: Loss) -> None:
        """Let the layers that bear links record their inputs and deltas for a batch; see `Linked.signals`.

        Parameters and gradient stay as they are. Dropout is off: signals say what a link is worth to the whole network,
        and no random stream moves.
        """
        self._check_bound()
        groups = self.groups(len(batch))
        flats = [np.empty_like(self.store.values) for _ in groups]
        kept: list[dict[int, Any]] = [{} for _ in groups]
        self._pass(batch, loss, None, groups, flats, [self.store.views(flat) for flat in flats], kept)
        for layer in self.sparse_layers:
            inputs, deltas = zip(*(found[id(layer)] for found in kept), strict=True)
            layer.recorded = np.concatenate(inputs, axis=1), np.concatenate(deltas, axis=1)

    def forget_signals(self) -> None:
        """Free what `record_signals` has kept."""
        for layer in self.sparse_layers:
            layer.recorded = None

    def predict_scores(self, x: Array) -> Array:
        """Return the scores (n_samples, n_outputs) of all rows of x (n_samples, n_features)."""
        self._check_bound()
        x = dense(x, self.dtype)
        if x.ndim != 2 or x.shape[1] != self.n_features:
            raise invalid(f"input of shape {x.shape}", f"shape (n_samples, {self.n_features})")
        scores = np.empty((len(x), self.n_outputs), self.dtype)
        tile = WIDE * self.dtype.itemsize * self.root.n_stored(self.n_features)
        step = WIDE * max(1, min(8, PREDICTION_BYTES // (tile * width())))
        self._prepare()
        with self._one_blas_thread():
            run([partial(self._predict, x[i : i + step], scores[i : i + step]) for i in range(0, len(x), step)])
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
        self._forget()
        return carry

    def load_values(self, values: Array) -> None:
        """Take over the values of all parameters, after the layers were given their structures.

        Raises
        ------
        InvalidInputError
            If their number does not fit the structures.
        """
        self.store = ParameterStore(self.root)
        self._forget()
        if values.shape != self.store.values.shape:
            raise invalid(f"{values.shape} values", f"{self.store.values.shape} for these structures")
        self.store.values[:] = values

    def _lanes(self, n_samples: int) -> int:
        if self.backend != "numba":
            return max(1, n_samples)
        return WIDE if self._spread and n_samples > NARROW else lanes_for(n_samples)

    def _check_bound(self) -> None:
        if not self.store.is_bound():  # somebody gave a layer other weights or links
            self.store = ParameterStore(self.root)
            self._forget()

    def _pass(
        self, batch: Samples, loss: Loss, rng: np.random.Generator | None, groups: list[tuple[int, int]],
        flats: list[Array], views: list[Gradients], kept: list[dict[int, Any]] | None = None,
    ) -> float:  # fmt: skip
        """Take each group forward and back, into a flat array of its own or, one after the other, into the first."""
        batch.check(self.n_features, self.n_outputs, self.dtype)
        whole = Batch(len(batch), training=rng is not None)
        if rng is not None:
            self.root.draw_masks(self.n_features, whole, rng)
        self._prepare()
        if self._spread:
            flats[0].fill(0)
        tasks: list[Callable[[], float]] = []
        for i, group in enumerate(groups):
            flat, tree = (None, views[0]) if self._spread else (flats[i], views[i])
            tasks.append(partial(self._group, batch, loss, whole, group, flat, tree, kept[i] if kept else None))
        with self._one_blas_thread():
            return sum(task() for task in tasks) if self._spread else sum(run(tasks))

    def _prepare(self) -> None:
        for layer in self._to_prepare:
            layer.prepare()

    def _group(
        self, batch: Samples, loss: Loss, whole: Batch, group: tuple[int, int], flat: Array | None,
        views: Gradients, kept: dict[int, Any] | None,
    ) -> float:  # fmt: skip
        first, last = group
        arena = self._arena()
        part = Batch(last - first, whole.training, first, whole.draws, kept, arena, spread=self._spread)
        lanes = self._lanes(len(batch))
        x = part.empty((-(-(last - first) // lanes), self.n_features, lanes), self.dtype)
        scores, cache = self.root.forward_tiles(batch.load(first, last, x), part)
        dscores = scores
        if not self.root.keeps_dy:  # an activation at the end may have kept the scores for its backward pass
            dscores = part.empty_like(scores)
            dscores[:] = scores
        value = loss.tiles(dscores, batch.targets(first, last), len(batch))
        if flat is not None:
            flat.fill(0)
        self.root.backward_tiles(dscores, cache, part, views, wants_dx=False)
        self._arenas.append(arena)
        return value

    def _arena(self) -> Arena:
        """Return memory that no other thread uses; the one used last is the one that caches still hold."""
        try:
            arena = self._arenas.pop()
        except IndexError:
            return Arena()
        arena.reset()
        return arena

    def _add_up(self, others: list[Array]) -> None:
        """Add the gradients of the other groups to that of the first, in order."""
        if not others:
            return
        total = self.store.gradient
        threads = 1 if len(total) < SUMMED_ALONE else width()
        bounds = [len(total) * i // threads for i in range(threads + 1)]
        run([partial(sum_in_order, total, others, bounds[i], bounds[i + 1]) for i in range(threads)])

    def _predict(self, x: Array, scores: Array) -> None:
        arena = self._arena()
        part = Batch(len(x), arena=arena)
        lanes = WIDE if self.backend == "numba" else len(x)
        tiles = part.empty((-(-len(x) // lanes), self.n_features, lanes), self.dtype)
        found, _ = self.root.forward_tiles(Samples(x, np.arange(len(x)), x).load(0, len(x), tiles), part)
        scores[:] = unpack(found, len(x))
        self._arenas.append(arena)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_views", "_flats", "_arenas")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _arenas=deque())
        self._forget()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_features} features, {self.n_outputs} outputs, {self.n_links} links)"


def _unit_name(layers: list[Any]) -> str:
    return layers[0].name if len(layers) == 1 else f"{layers[0].name}-{layers[-1].name}"
