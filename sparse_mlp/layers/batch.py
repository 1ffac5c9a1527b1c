"""What layers must know of a batch that their tiles cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.pool import run, width
from sparse_mlp.kernels.tiles import Arena, flat, lanes_for

if TYPE_CHECKING:
    from sparse_mlp.layers.base import Layer

Array = NDArray[Any]


@dataclass(eq=False)
class Batch:
    """A batch, or the group of its samples that one thread takes through the network.

    Attributes
    ----------
    n_samples : int
        Real samples of the tiles; lanes behind them are empty.
    training : bool
        Whether layers that are random in training, such as dropout, act.
    first : int
        Which sample of the whole batch is the first of this group.
    draws : dict of int to array
        Random numbers of the whole batch by `id` of the layer that drew them, see `Layer.draw_masks`.
    signals : dict of int to (float (n_in, n_samples), float (n_out, n_samples)), or None
        Where layers that bear links leave their inputs and deltas, by `id`; None while nobody asks for them.
    arena : Arena or None
        Memory of this group; it gets some of its own where it is given none.
    keep : bool
        Whether the backward pass leaves cached arrays as they are, so that it can be run again.
    spread : bool
        Whether layers share their neurons among threads, where groups of samples do not.
    wide : int
        Lanes of flat features behind maps, whose tiles are narrow; 0 leaves them to the number of samples.
    """

    n_samples: int
    training: bool = False
    first: int = 0
    draws: dict[int, Array] = field(default_factory=dict)
    signals: dict[int, tuple[Array, Array]] | None = None
    arena: Arena | None = None
    keep: bool = False
    spread: bool = False
    wide: int = 0

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return memory for an array of this pass; it starts on a cache line and is not initialised."""
        if self.arena is None:
            self.arena = Arena()
        return self.arena.empty(shape, dtype)

    def empty_like(self, array: Array) -> Array:
        """Return memory for an array of the same shape and type."""
        return self.empty(array.shape, array.dtype)

    def for_dx(self, x: Array, rectified: bool) -> Array:
        """Return memory for the gradient by x: x itself where a layer may write over it, see `Layer.takes_relu`."""
        return x if rectified and not self.keep else self.empty_like(x)

    def over_neurons(self, indptr: Array, task: Callable[[tuple[int, int] | None], Any]) -> None:
        """Let a task work on all neurons, or on runs of them with equal numbers of links in several threads.

        What a task computes for a neuron must not depend on the run that it is in.
        """
        threads = width() if self.spread else 1
        if threads == 1:
            task(None)
            return
        ends = np.searchsorted(indptr, np.arange(1, threads) * (int(indptr[-1]) / threads))
        bounds = [0, *ends.tolist(), len(indptr) - 1]
        run([partial(task, (bounds[i], bounds[i + 1])) for i in range(threads)])

    def over_channels(self, count: int, task: Callable[[tuple[int, int] | None], Any]) -> None:
        """Let a task work on `count` channels, or on runs of them in several threads; see `over_neurons`."""
        self.over_neurons(np.arange(count + 1), task)

    def empty_wide(self, features: int, like: Array, narrow: bool) -> Array:
        """Return memory for flat features of all samples: lanes as `like` has them, or wide ones in place of narrow."""
        lanes = (self.wide or lanes_for(self.n_samples)) if narrow else like.shape[2]
        return self.empty((-(-self.n_samples // max(1, lanes)), features, lanes), like.dtype)

    def record(self, layer: Layer, x: Array, dy: Array) -> None:
        """Keep the inputs and deltas of a layer if somebody asked for them, as copies: layers write over theirs."""
        if self.signals is not None:
            self.signals[id(layer)] = self._copied(x), self._copied(dy)

    def _copied(self, tiles: Array) -> Array:
        return np.array(flat(tiles, self.n_samples), order="C")
