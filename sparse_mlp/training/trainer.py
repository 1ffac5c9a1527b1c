"""The trainer: a network, a rule, an optimizer, and a state that can be saved between any two batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.evolution import Rule, TopologyUpdate, make_rule
from sparse_mlp.kernels.pool import one_blas_thread
from sparse_mlp.layers import Loss
from sparse_mlp.models import Network, Samples
from sparse_mlp.optim import Optimizer, make_optimizer, make_schedule
from sparse_mlp.rng import RandomState, spawn_streams
from sparse_mlp.training.callback import Callback
from sparse_mlp.training.checkpoint import Checkpoint
from sparse_mlp.training.divergence import check_finite
from sparse_mlp.training.history import History, Record
from sparse_mlp.training.interrupt import interruptible
from sparse_mlp.training.learning_checks import warn_if_blind
from sparse_mlp.training.loop import Loop
from sparse_mlp.training.plan import is_over, warn_cut_short
from sparse_mlp.training.restoring import check, restore
from sparse_mlp.training.rewiring import rewire
from sparse_mlp.training.rule_checks import check_rule, update_interval, warn_unfinished_decay
from sparse_mlp.training.state import TrainingState, capture
from sparse_mlp.training.task import Data, Task, as_task
from sparse_mlp.training.wiring_log import WiringLog


class Trainer:
    """Train a network while a rule evolves its wiring.

    Parameters
    ----------
    model : Network
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
    origin : mapping, optional
        What else the training comes from, such as its seed and data, as plain JSON types; a checkpoint of another
        origin is refused.

    Attributes
    ----------
    state : TrainingState
        All that it remembers; its history, epoch, step and so on can be read from the trainer too.
    last_batch : Samples or None
        What was trained last, for rules that want its signals.
    counted : (str, float) or None
        What speed is counted in, and how many of it an epoch has, where the task says so.

    Notes
    -----
    An epoch is: all batches, evaluation, topology update. There is no update after the last epoch, as in SET
    [Mocanu2018]: new links would stay untrained. Where updates are counted in batches they follow the step of the
    optimizer at once, replace none, and their seconds count as part of the epoch. Compiling kernels counts as neither.
    """

    def __init__(
        self,
        model: Network,
        *,
        rule: str | Rule = "set",
        optimizer: str | Optimizer = "sgd",
        schedule: str = "linear",
        schedule_params: dict[str, Any] | None = None,
        loss: Loss | None = None,
        batch_size: int = 32,
        update_every: int | None = None,
        update_steps: int | None = None,
        shuffle: bool = True,
        rng: RandomState = None,
        callbacks: Sequence[Callback] = (),
        origin: Mapping[str, Any] | None = None,
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
        self.callbacks = list(callbacks)
        self.origin = dict(origin or {})
        self.state = TrainingState(spawn_streams(rng), WiringLog(model.units))
        self.last_batch: Samples | None = None
        self.counted: tuple[str, float] | None = None

    @property
    def history(self) -> History:
        """What happened, epoch by epoch and update by update."""
        return self.state.history

    @property
    def epoch(self) -> int:
        """Epochs that are over."""
        return self.state.epoch

    @property
    def step(self) -> int:
        """Batches trained."""
        return self.state.step

    @property
    def last_update(self) -> TopologyUpdate | None:
        """The log of the last topology update."""
        return self.state.last_update

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped the run."""
        return self.state.interrupted

    @property
    def stop_reason(self) -> str:
        """Why a callback stopped the run; empty if none did."""
        return self.state.stop_reason

    def fit(
        self, train: Task | Data, test: Task | Data | None = None, *, epochs: int, validation: Task | Data | None = None
    ) -> History:
        """Train until `epochs` epochs are over, counted from the very first; go on from wherever the state is.

        Going on after a resume gives the same bytes as never stopping. Asking for more epochs afterwards does not: the
        schedules run over the whole of what is asked for, and the last epoch had no topology update. A density that
        has decayed then waits until the new schedule is down there.

        Parameters
        ----------
        train : Task or (x, target)
            x float array or scipy.sparse array (n_samples, n_features), which stays sparse; target int64 (n_samples,)
            or float (n_samples, n_outputs). Samples with weights are a `Classification` or a `Regression`.
        test, validation : Task or (x, target), optional
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

        Warns
        -----
        UserWarning
            If the network cannot learn, since no path leads through it or no weight has a gradient; or if training ends
            before a planned density is reached, or another schedule of the rule has ended.
        """
        state = self.state
        check_integer("epochs", epochs)
        state.begin(self.rule)
        task = self._task("train", train)
        if state.batch and task.n_samples != state.n_samples:
            wanted = f"the {state.n_samples} of the epoch that was interrupted"
            raise invalid(f"{task.n_samples} training samples", wanted)
        state.n_samples, self.loss, self.counted = task.n_samples, task.loss, getattr(task, "counted", None)
        parts = {"validation": validation, "test": test}
        evaluated = {name: self._task(name, data) for name, data in parts.items() if data is not None}
        state.epochs, state.total_steps = epochs, epochs * task.n_batches
        warn_if_blind(self.model)
        warn_unfinished_decay(self.rule, state.total_steps, self._update_interval(task))
        rate = make_schedule(self.schedule, self.optimizer.learning_rate, state.total_steps, **self.schedule_params)
        self.optimizer.make_writable()
        state.interrupted, state.stop_reason, state.paused = False, "", False
        self.notify("on_fit_begin")
        try:
            with interruptible() as interrupt, one_blas_thread():
                Loop(self, task, evaluated, rate).run(interrupt)
        except BaseException:
            self.notify("on_failure")
            raise
        self.notify("on_fit_end")
        if state.interrupted or (state.stop_reason and not state.paused):
            warn_cut_short(self.rule, self.model, state)
        return self.history

    def stop(self, reason: str) -> None:
        """Ask to end training after the current epoch."""
        self.state.stop_reason = reason

    def pause(self, reason: str) -> None:
        """Ask to end `fit` after the current epoch, as one of several calls that are one training."""
        self.state.stop_reason, self.state.paused = reason, True

    def plan_is_over(self, record: Record) -> bool:
        """Tell whether all schedules that are planned to end within the training had ended with an epoch.

        What stops by patience, or keeps the best of several networks, looks at epochs from then on only: before, the
        network is not yet the one that was asked for. These schedules are those of the rule, of density, zeta and
        softness, and the warm-up of the learning rate, but not its fall, which lasts as long as the training. `record`
        is that of the epoch.
        """
        warm_up = self.schedule_params.get("warm_up_steps", 0)
        return is_over(self.rule, self.model, record, self.state.total_steps, warm_up)

    def update_topology(self) -> None:
        """Let the rule rewire the layers, and everything that is stored by link follow.

        `fit` does so, but not after the last batch; call it before training is to go on from there.

        Raises
        ------
        InvalidInputError
            If the rule wants the signals of a batch, which only `fit` has.
        """
        self.state.begin(self.rule)
        self.rewire()

    def checkpoint(self) -> Checkpoint:
        """Return all that a resumed run needs, byte for byte.

        Raises
        ------
        DivergenceError
            If a parameter is not finite: such a state must not replace a good one.
        """
        check_finite(self.model, self.state.step)
        self.state.begin(self.rule)
        return capture(self.state, self.model, self.rule, self.optimizer, self._identity())

    def resume(self, checkpoint: Checkpoint) -> None:
        """Take back the state of `checkpoint`; the trainer must be made like the one that it came from.

        Raises
        ------
        CheckpointError
            If it is damaged, or belongs to another network, rule, optimizer or origin; the trainer stays as it was.
        """
        self.state = restore(checkpoint, self.model, self.rule, self.optimizer, self._identity())

    def check(self, checkpoint: Checkpoint) -> None:
        """Raise what `resume` would raise, and change nothing.

        Raises
        ------
        CheckpointError
            If the checkpoint cannot be used, naming the entry.
        """
        check(checkpoint, self.model, self.rule, self.optimizer, self._identity())

    def notify(self, event: str, *arguments: Any) -> None:
        """Call all callbacks for an event."""
        for callback in self.callbacks:
            getattr(callback, event)(self, *arguments)

    def __repr__(self) -> str:
        return f"Trainer({self.model}, rule={self.rule.name}, {self.optimizer}, epoch {self.epoch})"

    def _task(self, name: str, data: Task | Data) -> Task:
        return as_task(data, batch_size=self.batch_size, loss=self.loss).bound(name, self.model)

    def rewire(self) -> None:
        """Do a topology update, and tell the callbacks."""
        record = rewire(self.model, self.rule, self.optimizer, self.state, self.last_batch, self.loss)
        if record is not None:
            self.notify("on_update", self.state.last_update, record)

    def _update_interval(self, task: Task) -> int:
        """Return the batches between two updates."""
        return self.update_steps or (self.update_every or 1) * task.n_batches

    def _identity(self) -> dict[str, Any]:
        return {
            "rule": self.rule.name,
            "optimizer": type(self.optimizer).__name__,
            "schedule": self.schedule,
            "batch_size": self.batch_size,
            "update_every": self.update_every,
            "update_steps": self.update_steps,
            "shuffle": self.shuffle,
            "schedule_params": self.schedule_params,
            "origin": self.origin,
        }
