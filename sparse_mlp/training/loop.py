"""The loop of a training: epochs, batches, and the topology updates between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sparse_mlp.kernels.compilation import clock
from sparse_mlp.models import Samples
from sparse_mlp.training.divergence import check_finite, divergence
from sparse_mlp.training.history import Record
from sparse_mlp.training.interrupt import Interrupt
from sparse_mlp.training.learning_checks import LearningCheck
from sparse_mlp.training.rewiring import last_counting
from sparse_mlp.training.task import Task

if TYPE_CHECKING:
    from sparse_mlp.training.trainer import Trainer


class Loop:
    """Train what is left to train.

    Parameters
    ----------
    trainer : Trainer
        Its state says where to begin, and is moved on.
    task : Task
        Bound to the network.
    evaluated : mapping of str to Task
        Evaluated after each epoch, under these names.
    rate : callable
        Step → learning rate.
    """

    def __init__(
        self, trainer: Trainer, task: Task, evaluated: Mapping[str, Task], rate: Callable[[int], float]
    ) -> None:
        self.trainer, self.state, self.task = trainer, trainer.state, task
        self.evaluated, self.rate = evaluated, rate
        self.augment = getattr(task, "augmented", None)
        self.learning, self.last_loss = LearningCheck(), 0.0

    def run(self, interrupt: Interrupt) -> None:
        """Train epochs until all are over, a callback asks to stop, or the user does."""
        state = self.state
        while state.epoch < state.epochs and not state.stop_reason:
            self._train_epoch(interrupt)
            if interrupt.requested and state.batch < self.task.n_batches:
                state.interrupted = True
                self.trainer.notify("on_interrupt")
                return
            self._end_epoch()
            if interrupt.requested:
                state.interrupted = True
                return

    def _train_epoch(self, interrupt: Interrupt) -> None:
        """Train the batches that the epoch has left."""
        trainer, state, task, began = self.trainer, self.state, self.task, clock()
        batches = task.batches(state.order(task.n_samples, trainer.shuffle))
        trainer.last_batch = last_counting(batches, state.batch)  # for an update before another one is trained
        for batch in batches[state.batch :]:
            self._train_batch(batch)
            if state.batch == 1 or state.batch == task.n_batches:
                self.learning.look(trainer.model, self.last_loss, state.step)
            if trainer.update_steps and state.step % trainer.update_steps == 0 and state.step < state.total_steps:
                check_finite(trainer.model, state.step)
                trainer.rewire()
            trainer.notify("on_step")
            if interrupt.requested:
                break
        state.seconds += clock() - began

    def _train_batch(self, batch: Samples) -> None:
        trainer, state, model = self.trainer, self.state, self.trainer.model
        if batch.total:  # samples of weight 0 alone teach nothing
            with np.errstate(over="ignore", invalid="ignore"):  # a divergence is reported as such
                changed = self.augment(batch, state.streams["augmentation"]) if self.augment else batch
                value = model.gradient(changed, self.task.loss, state.streams["dropout"])
                if not np.isfinite(value):
                    raise divergence(model, batch, state.step, value)
                store = model.store
                trainer.optimizer.step(store.values, store.gradient, store.n_decayed, self.rate(state.step))
            trainer.last_batch, self.last_loss = batch, value
            state.loss_sum += value * self.task.weight_of(batch)
        state.step += 1
        state.batch += 1

    def _end_epoch(self) -> None:
        trainer, state = self.trainer, self.state
        check_finite(trainer.model, state.step)
        state.epoch += 1
        record = self._record()
        state.begin_epoch()
        state.history.append(record)
        trainer.notify("on_epoch_end", record)
        goes_on = state.epoch < state.epochs and not state.stop_reason
        if goes_on and trainer.update_every and state.epoch % trainer.update_every == 0:
            trainer.rewire()
        trainer.notify("on_state")

    def _record(self) -> Record:
        state, model = self.state, self.trainer.model
        record: Record = {
            "kind": "epoch", "epoch": state.epoch, "step": state.step, "loss": state.loss_sum / self.task.weight,
            "learning_rate": self.rate(state.step - 1), "seconds": state.seconds,
            "links": [layer.structure.nnz for layer in model.sparse_layers],
        }  # fmt: skip
        for name, part in self.evaluated.items():
            record |= {f"{name}_{metric}": value for metric, value in part.evaluate(model).items()}
        return record
