"""A trained network in one file: all values and the wiring, as NumPy arrays without pickle."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.errors import DataFileError, describe, invalid
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
    arrays = _read(Path(path))
    if arrays["kind"].item() != _kind(network):
        raise invalid(f"{path} of another network, {arrays['kind'].item()}", _kind(network), "build the network alike")
    wirings = [
        SparseStructure(layer.structure.shape, arrays[f"wiring/{i}/indptr"], arrays[f"wiring/{i}/indices"])
        for i, layer in enumerate(network.sparse_layers)
    ]
    for layer, wiring in zip(network.sparse_layers, wirings, strict=True):
        weight = np.zeros((wiring.nnz, *layer.weight.shape[1:]), layer.weight.dtype)
        layer.rewire(wiring, np.full(wiring.nnz, -1), weight)
    network.load_values(arrays["values"])
    for name, array in network.store.state().items():
        array[...] = arrays[f"state/{name}"]


def _read(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged, or of another kind"
        raise DataFileError(describe(f"{path}, which cannot be read ({why})", "a file of Network.save")) from None
    if not {"kind", "values"} <= arrays.keys():
        raise DataFileError(describe(f"{path} without values of a network", "a file of Network.save"))
    return arrays


def _kind(network: Network) -> str:
    return f"{network.dtype} {network.n_features}-{network.n_outputs} {network.root.kind()}"
