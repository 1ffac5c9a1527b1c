"""From a trainer to a checkpoint and back, byte for byte."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.errors import CheckpointError, describe
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
    trainer.last_update = _last_update(trainer, checkpoint)
    trainer.streams = {name: generator_from_json(state) for name, state in meta["streams"].items()}
    trainer.history = History(meta["history"])
    for name, value in meta["counters"].items():
        setattr(trainer, name, value)


def _last_update(trainer: Trainer, checkpoint: Checkpoint) -> TopologyUpdate | None:
    """Return the log of the last update; its outcome is the wiring that the layers have now."""
    if checkpoint.meta["last_update"] is None:
        return None
    changes = []
    for layer in trainer.model.evolving_layers:
        kept = _under(f"update/{layer.name}/", checkpoint.arrays)
        before = SparseStructure(layer.structure.shape, kept["indptr"], kept["indices"])
        changes.append(LayerUpdate.from_carry(layer.name, before, layer.structure, kept["carry"], kept["percolated"]))
    return TopologyUpdate(tuple(changes), **checkpoint.meta["last_update"])


def structures_of(checkpoint: Checkpoint) -> list[SparseStructure]:
    """Return the wiring of each sparse layer in a checkpoint, from the input on; no network has to be made for it.

    Where links join motifs, it is the wiring of the motifs.
    """
    arrays, identity = checkpoint.arrays, checkpoint.meta["identity"]
    names = [name for name in arrays if name.startswith(STRUCTURE) and name.endswith("/indptr")]
    sparse = [kind for kind in identity["layers"] if kind.startswith(SPARSE_KINDS)]
    found = []
    for name, kind, sizes in zip(names, sparse, pairwise(identity["sizes"]), strict=False):  # a read-out may be dense
        m = int(kind.partition("(")[2].partition(",")[0] or 1)
        shape = -(-sizes[0] // m), sizes[1] // m  # an input may be padded
        found.append(SparseStructure(shape, arrays[name], arrays[f"{name.removesuffix('/indptr')}/indices"]))
    return found


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
