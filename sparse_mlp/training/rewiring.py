"""One topology update in training: the rule acts, and everything that is stored by link follows."""

from __future__ import annotations

from collections.abc import Sequence

from sparse_mlp.evolution import Rule
from sparse_mlp.kernels.compilation import clock
from sparse_mlp.layers.losses import Loss
from sparse_mlp.models import Network
from sparse_mlp.models.batch import Samples
from sparse_mlp.optim import Optimizer
from sparse_mlp.training.history import Record
from sparse_mlp.training.rule_checks import check_update
from sparse_mlp.training.state import TrainingState


def rewire(
    network: Network, rule: Rule, optimizer: Optimizer, state: TrainingState, batch: Samples | None, loss: Loss | None
) -> Record | None:
    """Let a rule rewire the layers of a network; optimizer, log and history follow.

    Parameters
    ----------
    network, rule, optimizer, state
        Those of the training.
    batch : Samples, optional
        What was trained last, for rules that want signals.
    loss : Loss, optional
        For the signals.

    Returns
    -------
    Record or None
        The update's entry of the history, None if the rule left the wiring alone.

    Raises
    ------
    InvalidInputError
        If the rule wants signals and there is no batch, or a rule of yours has not done what it says.
    """
    began = clock()
    if rule.wants_signals and batch is not None and loss is not None:
        network.record_signals(batch, loss)
    streams = {**state.streams, "weights": state.streams["new_weights"]}
    update = rule.update(network.units, state.progress, streams)
    network.forget_signals()
    check_update(rule, update, network)
    if not update.layers:
        return None
    optimizer.remap(network.apply(update), len(network.store.values))
    state.last_update = update
    record = state.wiring_log.record(update, epoch=state.epoch, step=state.step)
    record["seconds"] = clock() - began
    state.history.append(record)
    return record


def last_counting(batches: Sequence[Samples], done: int) -> Samples:
    """Return the last batch done whose samples have any weight; where none is done, the last one of the epoch."""
    return next((batch for batch in reversed([*batches[done:], *batches[:done]]) if batch.total), batches[-1])
