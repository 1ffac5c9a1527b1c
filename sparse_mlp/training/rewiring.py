"""One topology update in training: the rule acts, and everything that runs parallel to the links follows."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from sparse_mlp.evolution import one_chain
from sparse_mlp.layers.base import Array
from sparse_mlp.models import layer_signals

if TYPE_CHECKING:
    from sparse_mlp.training.trainer import Trainer


def rewire(trainer: Trainer, batch: tuple[Array, Array, Array] | None = None) -> None:
    """Let the trainer's rule rewire the layers; optimizer, log, history and listeners follow.

    Parameters
    ----------
    trainer : Trainer
    batch : (float (n_samples, n_in), target, int64 (batch,)), optional
        All inputs, all targets, and which of them were trained last; for rules that want signals.

    Raises
    ------
    InvalidInputError
        If the rule wants signals and there is no batch.
    """
    began, model = perf_counter(), trainer.model
    streams = {**trainer.streams, "weights": trainer.streams["new_weights"]}
    progress = trainer.step / max(1, trainer.total_steps)
    _record_signals(trainer, batch)
    update = trainer.rule.update(one_chain(model.evolving_layers), progress, streams)
    for layer in model.evolving_layers:
        layer.recorded = None
    if not update.layers:
        return
    trainer.optimizer.remap(model.apply(update), len(model.store.values))
    trainer.last_update = update
    record = trainer.wiring_log.record(update, epoch=trainer.epoch, step=trainer.step)
    record["seconds"] = perf_counter() - began
    trainer.history.append(record)
    trainer.tell("on_update", update, record)


def _record_signals(trainer: Trainer, batch: tuple[Array, Array, Array] | None) -> None:
    if batch is None or not trainer.rule.wants_signals:
        return
    assert trainer.loss is not None
    x, target, samples = batch
    layer_signals(trainer.model, x[samples], target[samples], trainer.loss)
