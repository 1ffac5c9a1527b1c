"""The state of a training, and its way into a checkpoint and back, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sparse_mlp.errors import CheckpointError, describe
from sparse_mlp.evolution import LayerUpdate, Rule, TopologyUpdate
from sparse_mlp.layers.base import Array
from sparse_mlp.models import Network
from sparse_mlp.optim import Optimizer
from sparse_mlp.rng import generator_from_json, state_to_json
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training.checkpoint import Checkpoint
from sparse_mlp.training.history import History
from sparse_mlp.training.wiring_log import WiringLog

if TYPE_CHECKING:
    from numpy.random import Generator

STRUCTURE = "structure/"  # before the names of the layers

# Plain numbers of the state that go into a checkpoint as they are.
COUNTERS = ("epoch", "step", "total_steps", "batch", "n_samples", "loss_sum", "seconds", "order_state")


@dataclass
class TrainingState:
    """All that a training remembers besides network, rule and optimizer.

    Attributes
    ----------
    streams : dict of str to Generator
        Random streams, one for each purpose.
    wiring_log : WiringLog
        Ages of the links, and positions tried so far.
    history : History
    last_update : TopologyUpdate or None
    epoch, step : int
        Epochs that are over, batches trained.
    epochs, total_steps : int
        Asked for.
    batch, loss_sum, seconds, order_state
        Of the epoch under way: batches trained, their summed loss and seconds, and the stream that gave their order.
    n_samples : int
        Of the training set.
    begun : bool
        Whether the rule's state is that of this training.
    interrupted : bool
        Whether the user stopped the run.
    stop_reason : str
        Why a callback stopped the run; empty if none did.
    """

    streams: dict[str, Generator]
    wiring_log: WiringLog
    history: History = field(default_factory=History)
    last_update: TopologyUpdate | None = None
    epoch: int = 0
    step: int = 0
    epochs: int = 0
    total_steps: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    order_state: dict[str, Any] | None = None
    n_samples: int = 0
    begun: bool = False
    interrupted: bool = False
    stop_reason: str = ""

    @property
    def progress(self) -> float:
        """Fraction of the training that is done."""
        return self.step / max(1, self.total_steps)

    def begin(self, rule: Rule) -> None:
        """Reset the rule before its first use in this training; it may have served another one."""
        if not self.begun:
            rule.load_state({})
            self.begun = True

    def begin_epoch(self) -> None:
        """Forget the epoch that is over."""
        self.batch, self.loss_sum, self.seconds, self.order_state = 0, 0.0, 0.0, None


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


def capture(
    state: TrainingState, network: Network, rule: Rule, optimizer: Optimizer, identity: dict[str, Any]
) -> Checkpoint:
    """Return all that a resumed training needs.

    Parameters
    ----------
    state, network, rule, optimizer
        Those of the training.
    identity : dict
        Settings of the trainer that another one must share to take over, as plain JSON types.
    """
    arrays, numbers = _split(optimizer.state())
    arrays = {f"optimizer/{name}": array for name, array in arrays.items()}
    remembered, of_rule = _split(rule.state())
    arrays |= {f"rule/{name}": array for name, array in remembered.items()}
    arrays["values"] = network.store.values.copy()
    arrays |= {f"state/{name}": array.copy() for name, array in network.store.state().items()}
    for layer in network.sparse_layers:
        arrays[f"{STRUCTURE}{layer.name}/shape"] = np.array(layer.structure.shape, np.int64)
        arrays[f"{STRUCTURE}{layer.name}/indptr"] = layer.structure.indptr
        arrays[f"{STRUCTURE}{layer.name}/indices"] = layer.structure.indices
    for name, array in state.wiring_log.to_arrays().items():
        arrays[f"links/{name}"] = array
    last = state.last_update
    for change in last.layers if last else ():
        arrays |= {f"update/{change.layer}/{name}": array for name, array in change.to_arrays().items()}
    meta = {
        "last_update": {"zeta": last.zeta, "seconds": last.seconds} if last else None,
        "identity": {**identity, "network": describe_network(network)},
        "parameters": network.store.shapes(),
        "counters": {name: getattr(state, name) for name in COUNTERS},
        "optimizer": numbers,
        "rule": of_rule,
        "streams": {name: state_to_json(stream) for name, stream in state.streams.items()},
        "history": list(state.history),
    }
    return Checkpoint(arrays, meta)


def restore(
    checkpoint: Checkpoint, network: Network, rule: Rule, optimizer: Optimizer, identity: dict[str, Any]
) -> TrainingState:
    """Put a checkpoint's state into a network, rule and optimizer made like those that it came from.

    Returns
    -------
    TrainingState

    Raises
    ------
    CheckpointError
        If the checkpoint belongs to others.
    """
    arrays, meta = checkpoint
    wanted = {**identity, "network": describe_network(network)}
    if meta["identity"] != wanted:
        raise CheckpointError(describe(f"a checkpoint of {meta['identity']}", f"one of {wanted}"))
    load_network(network, arrays)
    optimizer.init(len(network.store.values), network.store.values.dtype)
    optimizer.load_state({**_under("optimizer/", arrays), **meta["optimizer"]})
    rule.load_state({**_under("rule/", arrays), **meta["rule"]})
    return TrainingState(
        streams={name: generator_from_json(stream) for name, stream in meta["streams"].items()},
        wiring_log=WiringLog.from_arrays(_under("links/", arrays), network.units),
        history=History(meta["history"]),
        last_update=last_update_of(checkpoint),
        begun=True,
        **meta["counters"],
    )


def load_network(network: Network, arrays: dict[str, Array]) -> None:
    """Put structures, values and running state of a checkpoint into a network."""
    for layer in network.sparse_layers:
        structure = _structure(layer.name, arrays)
        fresh = np.zeros((structure.nnz, *layer.weight.shape[1:]), layer.weight.dtype)
        layer.rewire(structure, np.full(structure.nnz, -1), fresh)
    network.load_values(arrays["values"])
    for name, array in network.store.state().items():
        array[...] = arrays[f"state/{name}"]


def last_update_of(checkpoint: Checkpoint) -> TopologyUpdate | None:
    """Return the log of the last update before a checkpoint; its outcome is the wiring that the layers have there."""
    arrays, meta = checkpoint
    if meta["last_update"] is None:
        return None
    changes = []
    for name in _sparse_names(arrays):
        kept = _under(f"update/{name}/", arrays)
        if kept:  # not every sparse layer evolves
            changes.append(LayerUpdate.from_arrays(name, _structure(name, arrays).shape, kept))
    return TopologyUpdate(tuple(changes), **meta["last_update"])


def layers_of(checkpoint: Checkpoint) -> list[StoredLayer]:
    """Return links and weights of each layer in a checkpoint, in order; no network has to be made for it."""
    arrays, start, layers = checkpoint.arrays, 0, []
    wirings = {name: _structure(name, arrays) for name in _sparse_names(arrays)}
    for key, shape in checkpoint.meta["parameters"].items():
        path, _, name = key.rpartition("/")
        size = int(np.prod(shape))
        if name == "weight":
            layer = path.rpartition(".")[2]
            layers.append(StoredLayer(layer, wirings.get(layer), arrays["values"][start : start + size].reshape(shape)))
        start += size
    return layers


def structures_of(checkpoint: Checkpoint) -> list[SparseStructure]:
    """Return the wiring of each sparse layer in a checkpoint, in order; no network has to be made for it."""
    return [_structure(name, checkpoint.arrays) for name in _sparse_names(checkpoint.arrays)]


def describe_network(network: Network) -> dict[str, Any]:
    """Return what two networks share whose states fit each other, as plain JSON types; links may differ."""
    return {
        "dtype": str(network.dtype),
        "layers": network.root.kind(),
        "n_features": network.n_features,
        "n_outputs": network.n_outputs,
    }


def _structure(name: str, arrays: dict[str, Array]) -> SparseStructure:
    links = _under(f"{STRUCTURE}{name}/", arrays)
    n_in, n_out = links["shape"].tolist()
    return SparseStructure((n_in, n_out), links["indptr"], links["indices"])


def _sparse_names(arrays: dict[str, Array]) -> list[str]:
    starts = [name for name in arrays if name.startswith(STRUCTURE) and name.endswith("/indptr")]
    return [name.removeprefix(STRUCTURE).removesuffix("/indptr") for name in starts]


def _split(state: dict[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    return arrays, {name: value for name, value in state.items() if name not in arrays}


def _under(prefix: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
