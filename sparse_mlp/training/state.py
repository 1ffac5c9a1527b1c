"""The state of a training, and its way into a checkpoint; `restoring` has the way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.evolution import Rule, TopologyUpdate
from sparse_mlp.layers.base import Array
from sparse_mlp.models import Network
from sparse_mlp.optim import Optimizer
from sparse_mlp.rng import generator_from_json, state_to_json
from sparse_mlp.training.checkpoint import Checkpoint
from sparse_mlp.training.history import History
from sparse_mlp.training.stored import STRUCTURE
from sparse_mlp.training.wiring_log import WiringLog

if TYPE_CHECKING:
    from numpy.random import Generator

# Plain numbers of the state that go into a checkpoint as they are.
COUNTERS = ("epoch", "step", "epochs", "total_steps", "batch", "n_samples", "loss_sum", "seconds", "order_state")


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
    paused : bool
        Whether the run is to go on by another call.
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
    paused: bool = False

    @property
    def progress(self) -> float:
        """Fraction of the training that is done."""
        return self.step / max(1, self.total_steps)

    def begin(self, rule: Rule) -> None:
        """Reset the rule before its first use in this training; it may have served another one."""
        if not self.begun:
            rule.load_state({})
            self.begun = True

    def order(self, n_samples: int, shuffle: bool) -> Array:
        """Return the order of the epoch's samples, the same again if the epoch was interrupted."""
        if not shuffle:
            return np.arange(n_samples)
        stream = self.streams["data_order"]
        if self.batch == 0 or self.order_state is None:
            self.order_state = state_to_json(stream)
            return stream.permutation(n_samples)
        return generator_from_json(self.order_state).permutation(n_samples)

    def begin_epoch(self) -> None:
        """Forget the epoch that is over."""
        self.batch, self.loss_sum, self.seconds, self.order_state = 0, 0.0, 0.0, None


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
        if layer.taps > 1:
            arrays[f"{STRUCTURE}{layer.name}/taps"] = np.array(layer.taps, np.int64)
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


def describe_network(network: Network) -> dict[str, Any]:
    """Return what two networks share whose states fit each other, as plain JSON types; links may differ."""
    return {
        "dtype": str(network.dtype),
        "layers": network.root.kind(),
        "n_features": network.n_features,
        "n_outputs": network.n_outputs,
    }


def _split(state: dict[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    return arrays, {name: value for name, value in state.items() if name not in arrays}
