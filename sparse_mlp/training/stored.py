"""What is in a checkpoint, entry by entry: each is checked where it is read, as checksums guard against accidents only.

Somebody may have written a checkpoint by hand, or with another version. So an entry has the types, dtypes and shapes
that are due, or is a `CheckpointError` that names it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.errors import CheckpointError, InvalidInputError, describe, invalid
from sparse_mlp.evolution import LayerUpdate, TopologyUpdate
from sparse_mlp.layers.base import Array
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training.checkpoint import Checkpoint

STRUCTURE = "structure/"  # before the names of the layers
MOST = 2**53  # no counter gets there


class StoredLayer(NamedTuple):
    """Links and weights of a layer in a checkpoint.

    Attributes
    ----------
    name : str
    structure : SparseStructure or None
        None for a layer that has all links.
    weight : float (nnz, …) or (n_in, n_out)
        In link order; of a dense layer the matrix.
    """

    name: str
    structure: SparseStructure | None
    weight: Array


@contextmanager
def entry(name: str) -> Iterator[None]:
    """Name the entry of a checkpoint that does not fit, whatever it raises while the context is open.

    Raises
    ------
    CheckpointError
    """
    try:
        yield
    except CheckpointError:
        raise
    except InvalidInputError as error:
        raise CheckpointError(f"{name} of the checkpoint: {error}") from None
    except Exception as error:  # content of any kind raises errors of any kind
        found = f"{name} of the checkpoint that cannot be used ({type(error).__name__}: {str(error)[:200]})"
        raise CheckpointError(describe(found, "what a training writes")) from None


def array_of(arrays: Mapping[str, Array], name: str, dtype: DTypeLike, shape: tuple[int | None, ...]) -> Array:
    """Return an array of a checkpoint; None in its shape is any length.

    Raises
    ------
    InvalidInputError
        If it is missing, or of another dtype or shape.
    """
    if name not in arrays:
        raise invalid(f"no array {name}", "one")
    array = arrays[name]
    fits = array.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
    if array.dtype != np.dtype(dtype) or not fits:
        wanted = f"{np.dtype(dtype)} ({', '.join('any' if n is None else str(n) for n in shape)})"
        raise invalid(f"{name} of {array.dtype} {array.shape}", wanted)
    return array


def integer_of(numbers: Mapping[str, Any], name: str) -> int:
    """Return a counter, a whole number of 0 or more."""
    value = numbers[name]
    if type(value) is not int or not 0 <= value < MOST:
        raise invalid(f"{name}={str(value)[:40]}", "a whole number, 0 or more")
    return value


def real_of(numbers: Mapping[str, Any], name: str) -> float:
    """Return a finite number."""
    value = numbers[name]
    if type(value) not in (int, float) or not math.isfinite(value):
        raise invalid(f"{name}={str(value)[:40]}", "a finite number")
    return float(value)


def structures_of(checkpoint: Checkpoint) -> list[SparseStructure]:
    """Return the wiring of each sparse layer in a checkpoint, in order; no network has to be made for it.

    Raises
    ------
    CheckpointError
        If one is not valid.
    """
    return [structure_of(name, checkpoint.arrays) for name in _sparse_names(checkpoint.arrays)]


def taps_of(checkpoint: Checkpoint) -> list[int]:
    """Return for each of these wirings how many neighbouring rows are one unit: the taps of a channel, or 1.

    Raises
    ------
    CheckpointError
        If a number is not valid.
    """
    arrays, found = checkpoint.arrays, []
    for name in _sparse_names(arrays):
        key = f"{STRUCTURE}{name}/taps"
        with entry(key):
            taps = int(array_of(arrays, key, np.int64, ())) if key in arrays else 1
            if taps < 1 or int(arrays[f"{STRUCTURE}{name}/shape"][0]) % taps:
                raise invalid(f"{taps} taps", "a number that divides the rows")
            found.append(taps)
    return found


def structure_of(name: str, arrays: Mapping[str, Array]) -> SparseStructure:
    """Return the wiring of a layer by its name.

    Raises
    ------
    CheckpointError
        If it is missing or not valid.
    """
    start = f"{STRUCTURE}{name}"
    with entry(start):
        n_in, n_out = array_of(arrays, f"{start}/shape", np.int64, (2,)).tolist()
        indices = array_of(arrays, f"{start}/indices", np.int32, (None,))
        if (pointers := arrays[f"{start}/indptr"]).dtype not in (np.int32, np.int64):
            raise invalid(f"indptr of {pointers.dtype}", "int32 or int64")
        return SparseStructure((n_in, n_out), pointers, indices)


def layers_of(checkpoint: Checkpoint) -> list[StoredLayer]:
    """Return links and weights of each layer in a checkpoint, in order; no network has to be made for it.

    Raises
    ------
    CheckpointError
        If shapes and values do not fit each other.
    """
    arrays, start, layers = checkpoint.arrays, 0, []
    wirings = {name: structure_of(name, arrays) for name in _sparse_names(arrays)}
    with entry("parameters"):
        for key, shape in checkpoint.meta["parameters"].items():
            path, _, name = key.rpartition("/")
            size = math.prod(integer_of({key: length}, key) for length in shape)
            if name == "weight":
                layer = path.rpartition(".")[2]
                weight = arrays["values"][start : start + size].reshape(shape)
                layers.append(StoredLayer(layer, wirings.get(layer), weight))
            start += size
    return layers


def features_of(checkpoint: Checkpoint) -> int:
    """Return how many features the network of a checkpoint takes.

    Raises
    ------
    CheckpointError
        If it does not say so.
    """
    with entry("identity"):
        return integer_of(checkpoint.meta["identity"]["network"], "n_features")


def last_update_of(checkpoint: Checkpoint) -> TopologyUpdate | None:
    """Return the log of the last update before a checkpoint; its outcome is the wiring that the layers have there.

    Raises
    ------
    CheckpointError
        If it is not valid.
    """
    arrays, changes = checkpoint.arrays, []
    with entry("last_update"):
        about = checkpoint.meta["last_update"]
        if about is None:
            return None
        for name in _sparse_names(arrays):
            kept = under(f"update/{name}/", arrays)
            if kept:  # not every sparse layer evolves
                changes.append(_change(name, structure_of(name, arrays), kept))
        if set(about) != {"zeta", "seconds"}:
            raise invalid(f"{', '.join(map(str, about))}", "zeta and seconds")
        return TopologyUpdate(tuple(changes), real_of(about, "zeta"), real_of(about, "seconds"))


def under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _change(name: str, now: SparseStructure, kept: Mapping[str, Array]) -> LayerUpdate:
    """Return what an update did to a layer; compiled code reads these arrays without looking at their bounds."""
    before = SparseStructure(now.shape, kept["indptr"], kept["indices"])
    left = array_of(kept, "after_removal", np.bool_, (before.nnz,))
    connected = array_of(kept, "after_percolation", np.bool_, (before.nnz,))
    grown = array_of(kept, "grown_positions", np.int64, (None,))
    inside = len(grown) == 0 or (grown[0] >= 0 and grown[-1] < now.n_in * now.n_out)
    if np.any(connected & ~left) or np.any(np.diff(grown) <= 0) or not inside:
        raise invalid(f"stages of an update of {name} that contradict each other", "those of one update")
    if np.isin(grown, before.keys()[connected]).any():
        raise invalid(f"new links of {name} where there are links", "absent ones")
    change = LayerUpdate.from_arrays(name, now.shape, dict(kept))
    if change.after != now:
        raise invalid(f"an update of {name} that leads to another wiring", "the one of the checkpoint")
    return change


def _sparse_names(arrays: Mapping[str, Array]) -> list[str]:
    starts = [name for name in arrays if name.startswith(STRUCTURE) and name.endswith("/indptr")]
    return [name.removeprefix(STRUCTURE).removesuffix("/indptr") for name in starts]
