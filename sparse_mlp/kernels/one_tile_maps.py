"""Let functions on images (batch, channels, height, width) serve layers on maps in tiles; see `one_tile`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.bordered import Bordered

Array = NDArray[Any]


class OneTileMaps:
    """Offer a module's functions on images for maps in one tile, with the compiled twins' `out`, `into` and `add_to`.

    `part` must be None: all channels are computed. All lanes are samples.

    Parameters
    ----------
    module : module
        Of functions on images (batch, channels, height, width). What they return is one array, or a tuple.
    """

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return _on_images(getattr(self.module, name))


@cache
def _on_images(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(
        *args: Any, out: Bordered | Array, into: tuple[Array, ...] = (), add_to: tuple[Array, ...] = (),
        n_samples: int = 0, part: None = None,
    ) -> Any:  # fmt: skip
        found = function(*map(_images, args))
        first, *others = found if isinstance(found, tuple) else (found,)
        if isinstance(out, Bordered):
            out.tiles[...] = 0
            out.images[...] = first
        else:
            out[0] = first.T
        for array, result in zip(into, others, strict=False):
            array[:] = result
        for array, result in zip(add_to, others, strict=False):
            array += result
        return (out, *into, *add_to) if others else out

    return call


def _images(value: Any) -> Any:
    """Return maps as images, a tile of flat features as rows, anything else as it is."""
    if isinstance(value, Bordered):
        return value.images
    return value[0].T if isinstance(value, np.ndarray) and value.ndim == 3 else value
