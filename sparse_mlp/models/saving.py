"""A trained network in one file: all values and the wiring, as NumPy arrays without pickle."""

from __future__ import annotations

import math
import os
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.errors import DataFileError, SparseMLPError, describe, invalid
from sparse_mlp.reading import arrays_in
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:
    from sparse_mlp.models.network import Network


def save(network: Network, path: str | os.PathLike[str]) -> Path:
    """Write values and wiring of a network into a `.npz` file, whole or not at all; see `Network.save`."""
    path = Path(path)
    arrays: dict[str, Any] = {"kind": np.array(_kind(network)), "values": network.store.values}
    arrays |= {f"state/{name}": array for name, array in network.store.state().items()}
    for i, layer in enumerate(network.sparse_layers):
        arrays |= {f"wiring/{i}/indptr": layer.structure.indptr, f"wiring/{i}/indices": layer.structure.indices}
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def load(network: Network, path: str | os.PathLike[str]) -> None:
    """Put values and wiring of a file into a network of the same layers; see `Network.load`."""
    path = Path(path)
    arrays = _read(path)
    kind = str(arrays["kind"])
    if kind != _kind(network):
        raise invalid(f"{path} of another network, {kind[:200]}", _kind(network), "build the network alike")
    wirings = [_wiring(arrays, i, layer, path) for i, layer in enumerate(network.sparse_layers)]
    dense = len(network.store.values) - sum(layer.weight.size for layer in network.sparse_layers)
    layers = zip(wirings, network.sparse_layers, strict=True)
    sizes = [wiring.nnz * math.prod(layer.block_shape) for wiring, layer in layers]
    values = np.zeros(dense + sum(sizes), network.dtype)
    state = network.store.state()
    for name, wanted in {"values": values, **{f"state/{name}": array for name, array in state.items()}}.items():
        _check_alike(arrays.get(name), wanted, f"{name} in {path}")
    for layer, wiring in zip(network.sparse_layers, wirings, strict=True):
        weight = np.zeros((wiring.nnz, *layer.weight.shape[1:]), layer.weight.dtype)
        layer.rewire(wiring, np.full(wiring.nnz, -1), weight)
    network.load_values(arrays["values"])
    for name, array in network.store.state().items():
        array[...] = arrays[f"state/{name}"]


def _read(path: Path) -> dict[str, Any]:
    wanted = "a file of Network.save"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataFileError(describe(f"{path}, which cannot be read ({error.strerror or error})", wanted)) from None
    arrays = arrays_in(data, path)
    if not {"kind", "values"} <= arrays.keys():
        raise DataFileError(describe(f"{path} without values of a network", wanted))
    return arrays


def _wiring(arrays: dict[str, Any], number: int, layer: Any, path: Path) -> SparseStructure:
    where = f"wiring/{number}"
    try:
        return SparseStructure(layer.structure.shape, arrays[f"{where}/indptr"], arrays[f"{where}/indices"])
    except (KeyError, SparseMLPError) as error:
        found = f"{where} of {path}, which cannot be used ({error})"
        raise DataFileError(describe(found, f"the links of layer {layer.name!r}")) from None


def _check_alike(array: Any, wanted: Any, what: str) -> None:
    if array is None or array.shape != wanted.shape or array.dtype != wanted.dtype:
        found = "no " + what if array is None else f"{what} of {array.dtype} {array.shape}"
        raise DataFileError(describe(found, f"{wanted.dtype} {wanted.shape}"))
    if not np.isfinite(array).all():
        raise DataFileError(describe(f"{what} with infinite or missing numbers", "finite numbers"))


def _kind(network: Network) -> str:
    return f"{network.dtype} {network.n_features}-{network.n_outputs} {network.root.kind()}"
