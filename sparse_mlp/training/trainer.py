"""The training loop: batches, epochs, topology updates, and a state that can be saved between any two batches."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.evolution import Rule, make_rule
from sparse_mlp.layers import Loss
from sparse_mlp.layers.base import Array
from sparse_mlp.models import SparseMLP
from sparse_mlp.optim import Optimizer, make_optimizer, make_schedule
from sparse_mlp.rng import RandomState, generator_from_json, spawn_streams, state_to_json
from sparse_mlp.training.callbacks import Callback
from sparse_mlp.training.data import Data, check_data, check_target, loss_for
from sparse_mlp.training.divergence import check_finite, divergence
from sparse_mlp.training.evaluate import evaluate
from sparse_mlp.training.history import History, Record
from sparse_mlp.training.interrupt import Interrupt, interruptible
from sparse_mlp.training.rewiring import rewire
from sparse_mlp.training.rule_checks import check_rule, evolve_in_a_row, update_interval, warn_unfinished_decay
from sparse_mlp.training.state import begin, capture, restore
from sparse_mlp.training.wiring_log import WiringLog

if TYPE_CHECKING:
    from sparse_mlp.evolution import TopologyUpdate
    from sparse_mlp.training.checkpoint import Checkpoint


class Trainer:
    """Train a network while a rule evolves its wiring.

    Parameters
    ----------
    model : SparseMLP
    rule : str or Rule
        A name of `evolution.RULES`, or a rule made by `make_rule`.
    optimizer : str or Optimizer
        A name of `optim.OPTIMIZERS`, or an optimizer.
    schedule : str
        A name of `optim.SCHEDULES`, run from the optimizer's learning rate over the whole training.
    schedule_params : dict, optional
        Options of the schedule, `warm_up_steps` among them.
    loss : Loss, optional
        Softmax cross-entropy for integer targets, mean squared error for others.
    batch_size : int
        The last batch of an epoch may be smaller; none is dropped.
    update_every : int, optional
        Epochs between two topology updates.
    update_steps : int, optional
        Instead, batches between two updates. Where neither is given, the rule's own interval, an epoch for most.
    shuffle : bool
        Whether each epoch sees the samples in a new order.
    rng : None, int or numpy.random.Generator
        Source of the streams for data order, regrowth, new weights and dropout.
    callbacks : sequence of Callback

    Attributes
    ----------
    epoch, step : int
        Epochs that are over, batches trained.
    begun : bool
        Whether the rule's state is that of this training.
    history : History
    wiring_log : WiringLog
        Ages of the links, and positions tried so far.
    last_update : TopologyUpdate or None
    interrupted : bool
        Whether the user stopped the run.
    stop_reason : str
        Why a callback stopped the run; empty if none did.

    Notes
    -----
    An epoch is: all batches, evaluation, topology update. There is no update after the last epoch, as in SET
    [Mocanu2018]: new links would stay untrained. Where updates are counted in batches they follow the step of the
    optimizer at once, take the place of none, and their seconds are among the epoch's.
    """

    def __init__(
        self,
        model: SparseMLP,
        *,
        rule: str | Rule = "set",
        optimizer: str | Optimizer = "sgd",
        schedule: str = "constant",
        schedule_params: dict[str, Any] | None = None,
        loss: Loss | None = None,
        batch_size: int = 128,
        update_every: int | None = None,
        update_steps: int | None = None,
        shuffle: bool = True,
        rng: RandomState = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        self.model, self.loss = model, loss
        self.rule = make_rule(rule) if isinstance(rule, str) else rule
        check_rule(self.rule, model)
        self.optimizer = make_optimizer(optimizer) if isinstance(optimizer, str) else optimizer
        self.optimizer.init(len(model.store.values), model.store.values.dtype)
        self.schedule, self.schedule_params = schedule, dict(schedule_params or {})
        self.batch_size = check_integer("batch_size", batch_size)
        self.update_every, self.update_steps = update_interval(update_every, update_steps, self.rule)
        self.shuffle = shuffle
        self.streams = spawn_streams(rng)
        self.callbacks = list(callbacks)
        self.wiring_log = WiringLog(model.evolving_layers, in_a_row=evolve_in_a_row(model))
        self.history = History()
        self.last_update: TopologyUpdate | None = None
        self.epoch = self.step = self.epochs = self.total_steps = 0
        self.begun, self.interrupted, self.stop_reason = False, False, ""
        # The epoch under way: batches done, their summed loss and seconds, and the stream that gave their order.
        self.batch, self.loss_sum, self.seconds = 0, 0.0, 0.0
        self.n_samples = 0
        self.order_state: dict[str, Any] | None = None

    def fit(self, train: Data, test: Data | None = None, *, epochs: int, validation: Data | None = None) -> History:
        """Train until `epochs` epochs are over, counted from the very first; go on from wherever the state is.

        Going on after a resume gives the same bytes as never stopping. Asking for more epochs afterwards does not: the
        schedules run over the whole of what is asked for, and the last epoch had no topology update. A density that
        has decayed then waits until the new schedule is down there.

        Parameters
        ----------
        train : (x, target)
            x float (n_samples, n_in); target int64 (n_samples,) or float (n_samples, n_out).
        test, validation : (x, target), optional
            Evaluated after each epoch.
        epochs : int

        Returns
        -------
        History
            Of the whole run, also what happened before a resume.

        Raises
        ------
        InvalidInputError
            If the data do not fit the network.
        DivergenceError
            If the loss or a parameter is no longer finite, naming layer and step.
        """
        self.epochs = check_integer("epochs", epochs)
        begin(self)
        x, target = check_data("train", train, self.model)
        if self.batch and len(x) != self.n_samples:
            raise invalid(f"{len(x)} training samples", f"the {self.n_samples} of the epoch that was interrupted")
        self.n_samples = len(x)
        self.loss = self.loss or loss_for(target, self.model.backend)
        parts = {"validation": validation, "test": test}
        evaluated = {name: check_data(name, data, self.model) for name, data in parts.items() if data}
        for name, (_, wanted) in {"train": (x, target), **evaluated}.items():
            check_target(name, wanted, self.loss)
        self.total_steps = self.epochs * self._batches(len(x))
        warn_unfinished_decay(self.rule, self.total_steps, self._update_interval(len(x)))
        self._rate = make_schedule(
            self.schedule, self.optimizer.learning_rate, self.total_steps, **self.schedule_params
        )
        self.interrupted, self.stop_reason = False, ""
        self.tell("on_fit_begin")
        try:
            with interruptible() as interrupt:
                self._run(x, target, evaluated, interrupt)
        except BaseException:
            self.tell("on_failure")
            raise
        self.tell("on_fit_end")
        return self.history

    def stop(self, reason: str) -> None:
        """Ask to end training after the current epoch."""
        self.stop_reason = reason

    def update_topology(self) -> None:
        """Let the rule rewire the layers, and everything that runs parallel to the links follow.

        `fit` does so, but not after the last batch; call it before training is to go on from there.

        Raises
        ------
        InvalidInputError
            If the rule wants the signals of a batch, which only `fit` has.
        """
        begin(self)
        rewire(self)

    def checkpoint(self) -> Checkpoint:
        """Return all that a resumed run needs, byte for byte.

        Raises
        ------
        DivergenceError
            If a parameter is not finite: such a state must not replace a good one.
        """
        check_finite(self.model, self.step)
        begin(self)
        return capture(self)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Take back the state of `checkpoint`; the trainer must be made like the one that it came from.

        Raises
        ------
        CheckpointError
            If it belongs to another network, rule or optimizer.
        """
        restore(self, checkpoint)

    def _run(self, x: Array, target: Array, evaluated: dict[str, Data], interrupt: Interrupt) -> None:
        while self.epoch < self.epochs and not self.stop_reason:
            last = self._train_epoch(x, target, interrupt)
            if interrupt.requested and self.batch < self._batches(len(x)):
                self.interrupted = True
                self.tell("on_interrupt")
                return
            self._end_epoch(x, target, last, evaluated)
            if interrupt.requested:
                self.interrupted = True
                return

    def _train_epoch(self, x: Array, target: Array, interrupt: Interrupt) -> Array:
        """Train the batches that the epoch has left and return the samples of the last one."""
        order = self._order(len(x))
        began = perf_counter()
        for first in range(self.batch * self.batch_size, len(x), self.batch_size):
            samples = order[first : first + self.batch_size]
            self._train_batch(x, target, samples)
            if self.update_steps and self.step % self.update_steps == 0 and self.step < self.total_steps:
                check_finite(self.model, self.step)
                rewire(self, (x, target, samples))
            self.tell("on_step")
            if interrupt.requested:
                break
        self.seconds += perf_counter() - began
        return order[(self.batch - 1) * self.batch_size : self.batch * self.batch_size]

    def _train_batch(self, x: Array, target: Array, samples: Array) -> None:
        assert self.loss is not None
        store = self.model.store
        value = self.model.gradient(x, samples, target, self.loss, self.streams["dropout"])
        if not np.isfinite(value):
            raise divergence(self.model, x[samples], self.step, value)
        self.optimizer.step(store.values, store.gradient, store.n_weights, self._rate(self.step))
        self.loss_sum += value * len(samples)
        self.step += 1
        self.batch += 1

    def _order(self, n_samples: int) -> Array:
        """Return the order of the epoch's samples, the same again if the epoch was interrupted."""
        if not self.shuffle:
            return np.arange(n_samples)
        stream = self.streams["data_order"]
        if self.batch == 0 or self.order_state is None:
            self.order_state = state_to_json(stream)
            return stream.permutation(n_samples)
        return generator_from_json(self.order_state).permutation(n_samples)

    def _end_epoch(self, x: Array, target: Array, last: Array, evaluated: dict[str, Data]) -> None:
        check_finite(self.model, self.step)
        self.epoch += 1
        record = self._record(len(x), evaluated)
        self.batch, self.loss_sum, self.seconds, self.order_state = 0, 0.0, 0.0, None
        self.history.append(record)
        self.tell("on_epoch_end", record)
        goes_on = self.epoch < self.epochs and not self.stop_reason
        if goes_on and self.update_every and self.epoch % self.update_every == 0:
            rewire(self, (x, target, last))
        self.tell("on_state")

    def _record(self, n_samples: int, evaluated: dict[str, Data]) -> Record:
        assert self.loss is not None
        record: Record = {
            "kind": "epoch", "epoch": self.epoch, "step": self.step, "loss": self.loss_sum / n_samples,
            "learning_rate": self._rate(self.step - 1), "seconds": self.seconds,
            "links": [layer.structure.nnz for layer in self.model.sparse_layers],
        }  # fmt: skip
        for name, (x, target) in evaluated.items():
            result = evaluate(self.model, x, target, self.loss)
            record[f"{name}_loss"], record[f"{name}_accuracy"] = result.loss, result.accuracy
        return record

    def _update_interval(self, n_samples: int) -> int:
        """Return the batches between two updates."""
        return self.update_steps or (self.update_every or 1) * self._batches(n_samples)

    def _batches(self, n_samples: int) -> int:
        return -(-n_samples // self.batch_size)

    def tell(self, event: str, *arguments: Any) -> None:
        """Tell all callbacks of an event."""
        for callback in self.callbacks:
            getattr(callback, event)(self, *arguments)
