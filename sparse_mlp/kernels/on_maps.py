"""Let the reference's functions on maps serve layers of any dtype: they compute in float64, and layers may not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np


class OnMaps:
    """Offer a module's functions on maps with results in the dtype of the maps, their last array.

    Parameters
    ----------
    module : module
        Of functions on arrays (batch, channels, height, width). What they return is one array, or a tuple.
    """

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return _rounded(getattr(self.module, name))


@cache
def _rounded(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        dtype = [arg.dtype for arg in args if isinstance(arg, np.ndarray)][-1]
        found = function(*args)
        if isinstance(found, tuple):
            return tuple(result.astype(dtype, copy=False) for result in found)
        return found.astype(dtype, copy=False)

    return call
