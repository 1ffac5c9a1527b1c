"""Call functions on tiles with arrays (features, batch), as their twins in the reference are called."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import numpy as np

from sparse_mlp.kernels.one_tile import TILES


class OnArrays:
    """The functions of a module on tiles, with a batch cut into tiles of so many lanes; empty lanes are zero."""

    def __init__(self, module: ModuleType, lanes: int = 64) -> None:
        self.module, self.lanes = module, lanes

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.module, name)
        names = list(inspect.signature(function).parameters)

        def call(*args: Any, **options: Any) -> Any:
            given = dict(zip(names, args, strict=False)) | options
            batch = next(array.shape[1] for key, array in given.items() if key in TILES)
            if "target" in given:
                given.setdefault("normaliser", given["scores"].size)
            found = function(**{key: self._tiled(key, value) for key, value in given.items()})
            if isinstance(found, tuple):
                return tuple(self._flat(result, batch) for result in found)
            return self._flat(found, batch)

        return call

    def _tiled(self, name: str, array: Any) -> Any:
        if name not in TILES:
            return array
        n, batch = array.shape
        tiles = max(1, -(-batch // self.lanes))
        padded = np.pad(array, ((0, 0), (0, tiles * self.lanes - batch)))
        return np.ascontiguousarray(padded.reshape(n, tiles, self.lanes).transpose(1, 0, 2))

    def _flat(self, result: Any, batch: int) -> Any:
        if not isinstance(result, np.ndarray) or result.ndim != 3 or result.shape[2] != self.lanes:
            return result
        return result.transpose(1, 0, 2).reshape(result.shape[1], -1)[:, :batch]
