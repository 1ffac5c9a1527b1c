"""What layers must know of a batch that their tiles cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.pool import run
from sparse_mlp.kernels.tiles import Arena, cut, flat

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
        Whether layers share their tiles among threads, since the batch is a single group.
    """

    n_samples: int
    training: bool = False
    first: int = 0
    draws: dict[int, Array] = field(default_factory=dict)
    signals: dict[int, tuple[Array, Array]] | None = None
    arena: Arena | None = None
    keep: bool = False
    spread: bool = False

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

    def over_tiles(self, n_tiles: int, task: Callable[[slice], Any]) -> None:
        """Let a task work on all tiles, given as a slice, or on runs of them in several threads."""
        if self.spread:
            run([partial(task, part) for part in cut(n_tiles)])
        else:
            task(slice(0, n_tiles))

    def adding(self, n_tiles: int, task: Callable[[slice, Array], Any], total: Array) -> None:
        """Let a task add to `total` for all tiles; several threads add to arrays that are summed in order."""
        if not self.spread:
            task(slice(0, n_tiles), total)
            return
        parts = cut(n_tiles)
        sums = [total, *(np.zeros_like(total) for _ in parts[1:])]
        run([partial(task, part, one) for part, one in zip(parts, sums, strict=True)])
        for one in sums[1:]:
            total += one

    def record(self, layer: Layer, x: Array, dy: Array) -> None:
        """Keep the inputs and deltas of a layer if somebody asked for them, as copies: layers write over theirs."""
        if self.signals is not None:
            self.signals[id(layer)] = self._copied(x), self._copied(dy)

    def _copied(self, tiles: Array) -> Array:
        return np.array(flat(tiles, self.n_samples), order="C")
