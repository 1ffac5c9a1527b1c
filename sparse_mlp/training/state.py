"""From a trainer to a checkpoint and back, byte for byte."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sparse_mlp.errors import CheckpointError, describe, invalid
from sparse_mlp.evolution import LayerUpdate, TopologyUpdate
from sparse_mlp.layers import MotifLinear
from sparse_mlp.layers.base import Array, Layer
from sparse_mlp.rng import generator_from_json, state_to_json
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training.checkpoint import Checkpoint
from sparse_mlp.training.history import History
from sparse_mlp.training.wiring_log import WiringLog

if TYPE_CHECKING:
    from sparse_mlp.training.trainer import Trainer

STRUCTURE = "structure/"  # before the names of the layers
SPARSE_KINDS = ("SparseLinear", "MotifLinear")

# Plain numbers of a trainer that go into a checkpoint as they are.
COUNTERS = ("epoch", "step", "total_steps", "batch", "n_samples", "loss_sum", "seconds", "order_state")


class StoredLayer(NamedTuple):
    """Links and weights of a layer in a checkpoint.

    Attributes
    ----------
    name : str
        "dense" for a layer that has all links.
    structure : SparseStructure or None
        None for a layer that has all links.
    weight : float (nnz,) or (n_in, n_out)
        In link order; of a dense layer the matrix.
    """

    name: str
    structure: SparseStructure | None
    weight: Array


def begin(trainer: Trainer) -> None:
    """Make the rule as new before its first use in this training; it may have served another one."""
    if not trainer.begun:
        trainer.rule.load_state({})
        trainer.begun = True


def capture(trainer: Trainer) -> Checkpoint:
    """Return structures, values, optimizer state, random streams, position, history and the last update's log."""
    arrays, numbers = _split(trainer.optimizer.state())
    arrays = {f"optimizer/{name}": array for name, array in arrays.items()}
    remembered, rule = _split(trainer.rule.state())
    arrays |= {f"rule/{name}": array for name, array in remembered.items()}
    arrays["values"] = trainer.model.store.values.copy()
    for layer in trainer.model.sparse_layers:
        arrays[f"{STRUCTURE}{layer.name}/indptr"] = layer.structure.indptr
        arrays[f"{STRUCTURE}{layer.name}/indices"] = layer.structure.indices
    for name, array in trainer.wiring_log.to_arrays().items():
        arrays[f"links/{name}"] = array
    last = trainer.last_update
    for change in last.layers if last else ():
        arrays |= {f"update/{change.layer}/{name}": array for name, array in change.to_arrays().items()}
    meta = {
        "last_update": {"zeta": last.zeta, "seconds": last.seconds} if last else None,
        "identity": _identity(trainer),
        "counters": {name: getattr(trainer, name) for name in COUNTERS},
        "optimizer": numbers,
        "rule": rule,
        "streams": {name: state_to_json(stream) for name, stream in trainer.streams.items()},
        "history": list(trainer.history),
    }
    return Checkpoint(arrays, meta)


def restore(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's state into a trainer that was made like the one it came from."""
    arrays, meta = checkpoint
    if meta["identity"] != _identity(trainer):
        raise CheckpointError(describe(f"checkpoint of {meta['identity']}", f"of {_identity(trainer)}"))
    load_model(trainer, arrays)
    size, dtype = len(trainer.model.store.values), trainer.model.store.values.dtype
    trainer.optimizer.init(size, dtype)
    trainer.optimizer.load_state({**_under("optimizer/", arrays), **meta["optimizer"]})
    trainer.rule.load_state({**_under("rule/", arrays), **meta["rule"]})
    trainer.begun = True
    trainer.wiring_log = WiringLog.from_arrays(_under("links/", arrays), in_a_row=trainer.wiring_log.in_a_row)
    trainer.last_update = last_update_of(checkpoint)
    trainer.streams = {name: generator_from_json(state) for name, state in meta["streams"].items()}
    trainer.history = History(meta["history"])
    for name, value in meta["counters"].items():
        setattr(trainer, name, value)


def last_update_of(checkpoint: Checkpoint) -> TopologyUpdate | None:
    """Return the log of the last update before a checkpoint; its outcome is the wiring that the layers have there."""
    arrays, meta = checkpoint
    if meta["last_update"] is None:
        return None
    changes = []
    for name, after in zip(_sparse_names(arrays), structures_of(checkpoint), strict=True):
        kept = _under(f"update/{name}/", arrays)
        if kept:  # a sparse read-out does not evolve
            changes.append(LayerUpdate.from_arrays(name, after, kept))
    return TopologyUpdate(tuple(changes), **meta["last_update"])


def layers_of(checkpoint: Checkpoint) -> list[StoredLayer]:
    """Return links and weights of each layer in a checkpoint, from the input on; no network has to be made for it.

    Raises
    ------
    InvalidInputError
        If links join motifs, and have no single weights.
    """
    arrays, identity = checkpoint.arrays, checkpoint.meta["identity"]
    if any(kind.startswith("MotifLinear") for kind in identity["layers"]):
        raise invalid("a checkpoint of a network with motifs", "one of single links", "`runs.saved.read_run` reads it")
    wirings = dict(zip(_sparse_names(arrays), structures_of(checkpoint), strict=True))
    names = [*wirings, *["dense"] * (len(identity["sizes"]) - 1 - len(wirings))]
    layers, start = [], 0
    for name, shape in zip(names, pairwise(identity["sizes"]), strict=True):
        structure = wirings.get(name)
        size = shape[0] * shape[1] if structure is None else structure.nnz
        weight = arrays["values"][start : start + size]
        layers.append(StoredLayer(name, structure, weight.reshape(shape) if structure is None else weight))
        start += size
    return layers


def structures_of(checkpoint: Checkpoint) -> list[SparseStructure]:
    """Return the wiring of each sparse layer in a checkpoint, from the input on; no network has to be made for it.

    Where links join motifs, it is the wiring of the motifs.
    """
    arrays, identity = checkpoint.arrays, checkpoint.meta["identity"]
    sparse = [kind for kind in identity["layers"] if kind.startswith(SPARSE_KINDS)]
    found, shapes = [], pairwise(identity["sizes"])
    for name, kind, sizes in zip(_sparse_names(arrays), sparse, shapes, strict=False):  # a read-out may be dense
        m = int(kind.partition("(")[2].partition(",")[0] or 1)
        shape = -(-sizes[0] // m), sizes[1] // m  # an input may be padded
        links = _under(f"{STRUCTURE}{name}/", arrays)
        found.append(SparseStructure(shape, links["indptr"], links["indices"]))
    return found


def _sparse_names(arrays: dict[str, Array]) -> list[str]:
    starts = [name for name in arrays if name.startswith(STRUCTURE) and name.endswith("/indptr")]
    return [name.removeprefix(STRUCTURE).removesuffix("/indptr") for name in starts]


def load_model(trainer: Trainer, arrays: dict[str, Array]) -> None:
    """Put structures and values into the trainer's network."""
    model = trainer.model
    for layer in model.sparse_layers:
        links = _under(f"{STRUCTURE}{layer.name}/", arrays)
        structure = SparseStructure(layer.structure.shape, links["indptr"], links["indices"])
        layer.rewire(structure, np.full(structure.nnz, -1), np.zeros((structure.nnz, *layer.block_shape)))
    model.load_values(arrays["values"])


def _identity(trainer: Trainer) -> dict[str, Any]:
    model = trainer.model
    return {
        "sizes": model.sizes,
        "dtype": str(model.store.values.dtype),
        "layers": [_kind(layer) for layer in model.layers],
        "rule": trainer.rule.name,
        "optimizer": type(trainer.optimizer).__name__,
        "schedule": trainer.schedule,
        "batch_size": trainer.batch_size,
        "update_every": trainer.update_every,
        "update_steps": trainer.update_steps,
        "shuffle": trainer.shuffle,
    }


def _kind(layer: Layer) -> str:
    """Name a layer's class and, of one with motifs, their size and mode: "MotifLinear(2, block)"."""
    motifs = f"({layer.motif_size}, {layer.mode})" if isinstance(layer, MotifLinear) else ""
    return type(layer).__name__ + motifs


def _split(state: dict[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    return arrays, {name: value for name, value in state.items() if name not in arrays}


def _under(prefix: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
