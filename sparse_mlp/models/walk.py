"""The walk of samples through a tree of layers, in groups of tiles: forward, and back."""

from __future__ import annotations

from collections.abc import Callable, Sized
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from sparse_mlp.kernels.pool import one_blas_thread, run, width
from sparse_mlp.kernels.tape import Calls, launch, recorded, replay
from sparse_mlp.kernels.tiles import NARROW, WIDE, Arenas, cut, lanes_for, unpack
from sparse_mlp.layers.base import Array, Gradients, Layer, nodes
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.losses import Loss
from sparse_mlp.layers.sequential import Sequential
from sparse_mlp.models.batch import Samples

TILE_BYTES = 2**26  # activations of one tile of 64; above it threads share the neurons of a tile, not the tiles
PREDICTION_BYTES = 2**27  # memory of a prediction's activations; large networks predict fewer samples at a time
PASSED_ON = (Layer.draw_masks, Sequential.draw_masks)  # of layers that let those inside draw, and draw nothing


class Buffer(NamedTuple):
    """Memory for the gradient of a group: flat (size,), and as the tree that `Layer.backward_tiles` adds to."""

    flat: Array
    tree: Gradients


class _Pass(NamedTuple):
    """A group's way through the tree, to be taken again: its inputs and scores, and the kernel calls between them."""

    x: Array
    forward: Calls
    dscores: Array
    backward: Calls


class Walk:
    """Take samples through a tree of layers.

    Parameters
    ----------
    root : Layer
    n_features : int

    Attributes
    ----------
    spread : bool
        Whether threads share the neurons of layers, group after group, and not the groups; see `Network`.

    Notes
    -----
    Groups take memory from arenas, one for each thread at work. Where all layers say that they can be replayed, the
    kernel calls of a group are recorded the first time and repeated from then on, until `forget`.
    """

    def __init__(self, root: Layer, n_features: int) -> None:
        layers = list(nodes(root))
        self.root, self.n_features, self.numba = root, n_features, root.backend == "numba"
        self._needs_batch = root.needs_batch
        self._draws = any(type(layer).draw_masks not in PASSED_ON for layer in layers)
        self._to_prepare = [layer for layer in layers if type(layer).prepare is not Layer.prepare]
        self._one_blas_thread = one_blas_thread if any(layer.uses_blas for layer in layers) else nullcontext
        # Lanes of a prediction; where no BLAS rounds by it, those of the training, whose kernels are compiled.
        self._predicted = root.lanes or WIDE
        self._arenas = Arenas()
        self._masks: dict[int, dict[int, Array]] = {}  # random numbers for layers, by the samples of the batch

    @property
    def tile_bytes(self) -> int:
        """Activations of a wide tile."""
        return WIDE * np.dtype(self.root.dtype or np.float32).itemsize * self.root.n_stored(self.n_features)

    def bind(self) -> None:
        """Get ready for the layers as they are: to be called when their parameters or their wiring have changed."""
        self.spread = self.numba and (self._needs_batch or self.tile_bytes > TILE_BYTES)
        self._replays = self.numba and not self.spread and all(layer.replays for layer in nodes(self.root))
        for arena in self._arenas:
            arena.passes.clear()

    def lanes(self, n_samples: int) -> int:
        """Return the width of the tiles of a batch."""
        if not self.numba:
            return max(1, n_samples)
        if self.root.lanes is not None:
            return self.root.lanes
        return WIDE if self.spread and n_samples > NARROW else lanes_for(n_samples)

    def groups(self, batch: Sized) -> list[tuple[int, int]]:
        """Return the groups of a batch, first and last sample (exclusive) of each: whole tiles, at most 8 groups."""
        n_samples = len(batch)
        lanes = self.lanes(n_samples)
        runs = [slice(0, -(-n_samples // lanes))] if self._needs_batch else cut(-(-n_samples // lanes))
        return [(part.start * lanes, min(n_samples, part.stop * lanes)) for part in runs]

    def gradients(
        self, batch: Samples, loss: Loss, rng: np.random.Generator | None, buffers: list[Buffer],
        kept: list[dict[int, Any]] | None = None,
    ) -> float:  # fmt: skip
        """Take each group forward and back, each into its own buffer or, where layers are spread, all into the first.

        Parameters
        ----------
        batch, loss, rng
            As in `Network.gradient`.
        buffers : list of Buffer
            One for each group; they must be the same in each call until `bind`.
        kept : list of dict, optional
            Where the layers of each group leave their signals.

        Returns
        -------
        float
            The mean loss.
        """
        whole = Batch(len(batch), training=rng is not None)
        if rng is not None and self._draws:
            whole.draws = self._masks.setdefault(len(batch), {})
            self.root.draw_masks(self.n_features, whole, rng)
        self._prepare()
        if self._one_blas_thread is nullcontext:
            self._predicted = self.lanes(len(batch))
        tasks: list[Callable[[], float]] = []
        for i, group in enumerate(self.groups(batch)):
            first = i == 0 or not self.spread
            buffer = buffers[0 if self.spread else i]
            tasks.append(partial(self._group, batch, loss, whole, group, buffer, first, kept[i] if kept else None))
        with self._one_blas_thread():
            return sum(task() for task in tasks) if self.spread else sum(run(tasks))

    def scores(self, x: Any, scores: Array) -> None:
        """Write the scores of all rows of x, checked, into scores (n_samples, n_outputs)."""
        rows, most, at_once = np.arange(x.shape[0]), 8, max(1, x.shape[0])
        if not isinstance(x, np.ndarray):  # of sparse rows each thread makes one tile dense at a time
            most, at_once = 1, max(1, PREDICTION_BYTES // self.tile_bytes)
        step = WIDE * max(1, min(most, PREDICTION_BYTES // (self.tile_bytes * width())))
        self._prepare()
        with self._one_blas_thread():
            starts = range(0, len(rows), step)
            tasks = [partial(self._predict, Samples(x, rows[i : i + step], x), scores[i : i + step]) for i in starts]
            for i in range(0, len(tasks), at_once):
                run(tasks[i : i + at_once])

    def _prepare(self) -> None:
        for layer in self._to_prepare:
            layer.prepare()

    def _group(
        self, batch: Samples, loss: Loss, whole: Batch, group: tuple[int, int], buffer: Buffer, first_in_buffer: bool,
        kept: dict[int, Any] | None,
    ) -> float:  # fmt: skip
        if first_in_buffer:
            buffer.flat.fill(0)
        arena, (first, last), key = self._arenas.take(), group, (len(batch), group, whole.training)
        known: _Pass | None = arena.passes.get(key) if kept is None else None
        if known is not None:
            batch.load(first, last, known.x)
            replay(known.forward)
            value = batch.compare(loss, known.dscores, first, last)
            replay(known.backward)
        else:
            part = Batch(last - first, whole.training, first, whole.draws, kept, arena, spread=self.spread)
            lanes = self.lanes(len(batch))
            x = part.empty((-(-(last - first) // lanes), self.n_features, lanes), batch.x.dtype)
            batch.load(first, last, x)
            with recorded() as forward:
                scores, cache = self.root.forward_tiles(x, part)
                dscores = scores
                if not self.root.keeps_dy or self.root.reads_output:
                    dscores = part.empty_like(scores)
                    launch(np.copyto, dscores, scores)
            value = batch.compare(loss, dscores, first, last)
            with recorded() as backward:
                self.root.backward_tiles(dscores, cache, part, buffer.tree, wants_dx=False)
            if self._replays and kept is None:
                arena.passes[key] = _Pass(x, forward, dscores, backward)
        self._arenas.append(arena)
        return value

    def _predict(self, samples: Samples, scores: Array) -> None:
        arena, count = self._arenas.take(), len(samples)
        part = Batch(count, arena=arena, wide=WIDE)
        lanes = self._predicted if self.numba else count
        tiles = part.empty((-(-count // lanes), self.n_features, lanes), samples.x.dtype)
        found, _ = self.root.forward_tiles(samples.load(0, count, tiles), part)
        scores[:] = unpack(found, count)
        self._arenas.append(arena)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_arenas": Arenas(), "_masks": {}}
