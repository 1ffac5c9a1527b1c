"""From a checkpoint back to a training, byte for byte: all of it is checked before any of it is used."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from sparse_mlp.errors import CheckpointError, describe, invalid
from sparse_mlp.evolution import Rule
from sparse_mlp.layers.base import Array
from sparse_mlp.models import Network
from sparse_mlp.optim import Optimizer
from sparse_mlp.rng import PURPOSES, generator_from_json
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training.checkpoint import Checkpoint
from sparse_mlp.training.history import History, Record
from sparse_mlp.training.state import COUNTERS, TrainingState, describe_network
from sparse_mlp.training.stored import (
    array_of,
    entry,
    integer_of,
    last_update_of,
    real_of,
    structure_of,
    under,
)
from sparse_mlp.training.wiring_log import WiringLog

ENTRIES = ("identity", "parameters", "counters", "optimizer", "rule", "streams", "history", "last_update")
REALS = ("loss_sum", "seconds")
NUMBERS = {"epoch": ("loss", "learning_rate", "seconds"), "update": ("seconds", "itop")}  # that each record has


def check(
    checkpoint: Checkpoint, network: Network, rule: Rule, optimizer: Optimizer, identity: dict[str, Any]
) -> TrainingState:
    """Check a checkpoint as a whole, for a network, rule and optimizer made like those that it came from.

    Nothing is changed.

    Returns
    -------
    TrainingState
        The state in it.

    Raises
    ------
    CheckpointError
        Naming the first entry that does not fit.
    """
    arrays, meta = checkpoint
    for name in ENTRIES:
        if name not in meta:
            raise CheckpointError(describe(f"a checkpoint without {name}", "what a training writes"))
    wanted = json.loads(json.dumps({**identity, "network": describe_network(network)}))
    with entry("identity"):
        if meta["identity"] != wanted:
            raise CheckpointError(_difference(meta["identity"], wanted))
    structures = {layer.name: structure_of(layer.name, arrays) for layer in network.sparse_layers}
    with entry("parameters"):
        size = _check_values(checkpoint, network, structures)
    with entry("optimizer"):
        trial = copy.copy(optimizer)
        trial.init(size, network.store.values.dtype)
        trial.load_state({**under("optimizer/", arrays), **meta["optimizer"]})
    with entry("rule"):
        _check_rule({**under("rule/", arrays), **meta["rule"]}, rule)
    with entry("counters"):
        counters = _counters(meta["counters"])
    with entry("streams"):
        if set(meta["streams"]) != set(PURPOSES):
            raise invalid(f"streams {', '.join(map(str, meta['streams']))}", ", ".join(PURPOSES))
        streams = {name: generator_from_json(stream) for name, stream in meta["streams"].items()}
    with entry("history"):
        history = History(_record(record) for record in meta["history"])
    with entry("links"):
        evolving = {layer.name: structures[layer.name] for layer in network.evolving_layers}
        log = _wiring_log(under("links/", arrays), network, evolving)
    return TrainingState(
        streams=streams, wiring_log=log, history=history, last_update=last_update_of(checkpoint), begun=True, **counters
    )


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
        If the checkpoint is damaged or belongs to others; network, rule and optimizer are then as they were.
    """
    state = check(checkpoint, network, rule, optimizer, identity)
    arrays, meta = checkpoint
    load_network(network, arrays)
    optimizer.init(len(network.store.values), network.store.values.dtype)
    optimizer.load_state({**under("optimizer/", arrays), **meta["optimizer"]})
    rule.load_state({**under("rule/", arrays), **meta["rule"]})
    return state


def load_network(network: Network, arrays: Mapping[str, Array]) -> None:
    """Put structures, values and running state of a checkpoint into a network."""
    for layer in network.sparse_layers:
        structure = structure_of(layer.name, arrays)
        fresh = np.zeros((structure.nnz, *layer.weight.shape[1:]), layer.weight.dtype)
        layer.rewire(structure, np.full(structure.nnz, -1), fresh)
    network.load_values(arrays["values"])
    for name, array in network.store.state().items():
        array[...] = arrays[f"state/{name}"]


def _difference(found: Any, wanted: Mapping[str, Any]) -> str:
    """Say in what the identity of a checkpoint differs, entry by entry."""
    if not isinstance(found, dict):
        return describe(f"a checkpoint of {str(found)[:40]}", "the identity of a training")
    mine, its = dict(_flat(wanted)), dict(_flat(found))
    names = [name for name in {**mine, **its} if mine.get(name, ()) != its.get(name, ())]
    mentioned = [
        ", ".join(f"{name}={str(values.get(name, 'nothing'))[:200]}" for name in names[:3]) for values in (its, mine)
    ]
    return describe(f"a checkpoint of {mentioned[0]}", f"one of {mentioned[1]}", "it is of another training")


def _flat(tree: Mapping[str, Any], start: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in tree.items():
        found += _flat(value, f"{start}{name}.") if isinstance(value, dict) else [(f"{start}{name}", value)]
    return found


def _check_values(checkpoint: Checkpoint, network: Network, structures: Mapping[str, SparseStructure]) -> int:
    """Check values, shapes and running state against the network's own, and return how many values there are."""
    arrays, shapes = checkpoint.arrays, {}
    for layer in network.sparse_layers:
        if structures[layer.name].shape != layer.structure.shape:
            raise invalid(f"{structures[layer.name]} as layer {layer.name}", f"links of {layer.structure.shape}")
    for of in network.store.entries:
        links = structures.get(of.layer.name) if of.layer.bears_links and of.name == "weight" else None
        shapes[of.key] = list(of.shape) if links is None else [links.nnz, *of.shape[1:]]
    if checkpoint.meta["parameters"] != shapes:
        raise invalid(f"shapes {str(checkpoint.meta['parameters'])[:200]}", f"{str(shapes)[:200]}")
    size = sum(int(np.prod(shape)) for shape in shapes.values())
    if not np.isfinite(array_of(arrays, "values", network.store.values.dtype, (size,))).all():
        raise invalid("values that are not finite", "finite numbers")
    for name, array in network.store.state().items():
        if not np.isfinite(array_of(arrays, f"state/{name}", array.dtype, array.shape)).all():
            raise invalid(f"state {name} that is not finite", "finite numbers")
    return size


def _check_rule(state: Mapping[str, Any], rule: Rule) -> None:
    """Let a copy of the rule take the state: what it took is what it would write again."""
    trial = copy.deepcopy(rule)
    trial.load_state(state)
    taken = trial.state()
    for name in {**taken, **state}:
        if name not in taken or name not in state or not np.array_equal(taken[name], state[name]):
            raise invalid(f"{name} in the state", "what the rule has written")


def _counters(found: Mapping[str, Any]) -> dict[str, Any]:
    if set(found) != set(COUNTERS):
        raise invalid(f"{', '.join(map(str, found))}", ", ".join(COUNTERS))
    counters: dict[str, Any] = {
        name: real_of(found, name) if name in REALS else integer_of(found, name)
        for name in COUNTERS if name != "order_state"
    }  # fmt: skip
    order = counters["order_state"] = found["order_state"]
    if order is not None:
        generator_from_json(order)
    if counters["batch"] > counters["n_samples"]:  # a task may have batches of another size than the trainer
        raise invalid(f"batch={counters['batch']}", f"at most {counters['n_samples']}, one for each sample of an epoch")
    return counters


def _record(record: Record) -> Record:
    """Return a record of the history with all that is read of it later."""
    for name in NUMBERS[record["kind"]]:
        real_of(record, name)
    integer_of(record, "epoch")
    integer_of(record, "step")
    if record["kind"] == "update" and not all(isinstance(layer["layer"], str) for layer in record["layers"]):
        raise invalid("layers without names", "names")
    if record["kind"] == "epoch" and not all(type(links) is int for links in record["links"]):
        raise invalid(f"links={str(record['links'])[:40]}", "numbers of links")
    return record


def _wiring_log(
    arrays: Mapping[str, Array], network: Network, structures: Mapping[str, SparseStructure]
) -> WiringLog:  # fmt: skip
    """Return the log of the evolving layers; compiled code reads these arrays without looking at their bounds."""
    for name, structure in structures.items():
        ages = array_of(arrays, f"{name}.ages", np.int32, (structure.nnz,))
        counts = array_of(arrays, f"{name}.counts", np.int64, (2,))
        words = array_of(arrays, f"{name}.ever_words", np.int64, (None,))
        array_of(arrays, f"{name}.ever_bits", np.uint64, (len(words),))
        shape = tuple(array_of(arrays, f"{name}.ever_shape", np.int64, (2,)).tolist())
        last = (structure.n_in * structure.n_out - 1) >> 6
        ordered = len(words) == 0 or (words[0] >= 0 and words[-1] <= last and bool(np.all(np.diff(words) > 0)))
        updates, first = counts.tolist()
        counted = 0 <= updates < 2**31 and 0 <= first <= structure.n_in * structure.n_out
        aged = len(ages) == 0 or (ages.min() >= 0 and ages.max() <= updates)
        if shape != structure.shape or not (ordered and counted and aged):
            raise invalid(f"the ages or positions of {name}", "those of its links")
    names = {name.rpartition(".")[0] for name in arrays}
    if names != set(structures):
        raise invalid(f"layers {', '.join(sorted(names))}", ", ".join(sorted(structures)))
    return WiringLog.from_arrays(arrays, network.units)
