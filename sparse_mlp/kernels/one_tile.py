"""Let functions on arrays (features, batch) serve layers that compute on tiles: one tile holds the whole batch.

The backends `reference` and `scipy` need no tiles to be fast. Their functions stay as plain as their equations.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

TILES = {"x", "dx", "dy", "z", "a", "da", "scores", "target"}  # how the functions call what lies in tiles


class OneTile:
    """Offer a module's functions on tiles (1, features, batch), with the compiled twins' `out`, `add_to` and `bias_to`.

    `part` must be None: all neurons are computed.

    Parameters
    ----------
    module : module
        Of functions on (features, batch). What they return is one array, or a tuple.
    """

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return _on_one_tile(self.module, name)


class OneTileAttention:
    """Offer a module's attention on tiles (1, features, tokens), with the compiled twin's places for results."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def attention_forward(self, q: Array, k: Array, v: Array, *rest: Any, out: Array, weights: Array) -> Any:
        """See `reference.attention.attention_forward`."""
        out[0], weights[:] = self.module.attention_forward(q[0], k[0], v[0], *rest)
        return out, weights

    def attention_backward(
        self, q: Array, k: Array, v: Array, weights: Array, dc: Array, *rest: Any, out: tuple[Array, Array, Array]
    ) -> Any:
        """See `reference.attention.attention_backward`."""
        found = self.module.attention_backward(q[0], k[0], v[0], weights, dc[0], *rest)
        for tile, gradient in zip(out, found, strict=True):
            tile[0] = gradient
        return out


class OneVocabulary:
    """Offer the reference's generator with the places for gradients, and the measures, that the other rungs have."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def scores(self, *args: Any) -> Array:
        """See `reference.vocabulary.scores`."""
        found: Array = self.module.scores(*args)
        return found.astype(args[0].dtype, copy=False)

    def loss_and_gradients(self, *args: Any, dweight: Array, dbias: Array) -> tuple[float, Array]:
        """See `reference.vocabulary.loss_and_gradients`."""
        loss, dh, by_weight, by_bias = self.module.loss_and_gradients(*args)
        dweight += by_weight
        dbias += by_bias
        return loss, dh.astype(dweight.dtype)

    def loss_only(self, h: Array, weight: Array, bias: Array, target: Array, smoothing: float) -> tuple[float, int]:
        """Return the summed loss, and how many next words have the highest score."""
        loss, *_ = self.module.loss_and_gradients(h, weight, bias, target, smoothing, 1)
        found = self.module.scores(h, weight, bias).argmax(axis=1)
        return loss, int(np.count_nonzero(found == target))


@cache
def _on_one_tile(module: ModuleType, name: str) -> Callable[..., Any]:
    function = getattr(module, name)
    names = list(inspect.signature(function).parameters)

    def call(
        *args: Any, out: Array | None = None, add_to: Array | None = None, bias_to: Array | None = None,
        part: None = None,
    ) -> Any:  # fmt: skip
        tiles = [arg for name, arg in zip(names, args, strict=False) if name in TILES]
        flat = [arg[0] if name in TILES else arg for name, arg in zip(names, args, strict=False)]
        found = function(*flat)
        if bias_to is not None:
            bias_to += module.bias_grad(flat[names.index("dy")])
        dtype = tiles[0].dtype if tiles else None
        if not isinstance(found, tuple):
            return _kept(found, out, add_to, dtype)
        return *(_kept(result, out, None, dtype) for result in found[:-1]), _kept(found[-1], out, add_to, dtype)

    return call


def _kept(result: Any, out: Array | None, add_to: Array | None, dtype: Any) -> Any:
    """Return a result where the caller wants it: activations as one tile, gradients added, a loss as it is."""
    if add_to is not None:
        add_to += result.reshape(add_to.shape)
        return add_to
    if not isinstance(result, np.ndarray) or result.ndim != 2:
        return result
    if out is None:
        return result.astype(dtype, copy=False)[None]
    out[0] = result
    return out
