"""One update of a whole net by each rule, as the `Trainer` pays for it, and where an update's time goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sparse_mlp.bench.epoch import optimizer_of
from sparse_mlp.bench.job import Array, Job
from sparse_mlp.bench.ledger import Line
from sparse_mlp.bench.timing import Timing, interleave, timing_of
from sparse_mlp.evolution import LayerUpdate, ThreeStageRule, TopologyUpdate, make_rule
from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.layers import Linked
from sparse_mlp.training import Callback, Trainer

if TYPE_CHECKING:
    from sparse_mlp.training.history import Record

# What keeps each update whole: RLR percolates as CH3-L3 does, CHT never rests, RigL's zeta does not sink.
RULES: dict[str, dict[str, Any]] = {
    "rlr": {"percolate": True},
    "set": {},
    "path-count": {},
    "ch3l3": {},
    "cht": {"overlap_stop": 1.0},
    "chts": {},
    "rigl": {"zeta_schedule": "constant"},
}
STAGES = ("remove", "percolate", "score and choose", "insert and rewire", "new weights", "remap and log")


class Stopwatch:
    """Charge the time that passes to one stage after the other.

    Attributes
    ----------
    spent : dict of str to float
        Seconds of each stage since the last start.
    began : float
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self.clock = clock
        self.start()

    def start(self) -> None:
        """Forget what was spent."""
        self.spent = dict.fromkeys(STAGES, 0.0)
        self.began = self._last = self.clock()

    def charge(self, stage: str, until: float | None = None) -> None:
        """Charge the time since the last charge to a stage, up to now if not said otherwise."""
        now = self.clock() if until is None else until
        self.spent[stage] += now - self._last
        self._last = now


class _WatchedWeights(NewWeights):
    def __init__(self, inner: NewWeights, watch: Stopwatch) -> None:
        super().__init__(inner.distribution, keep_regrown=inner.keep_regrown)
        self.watch = watch

    def draw(self, change: LayerUpdate, layer: Linked, rng: np.random.Generator) -> Array:
        self.watch.charge("insert and rewire")
        values = super().draw(change, layer, rng)
        self.watch.charge("new weights")
        return values


def watched(rule: ThreeStageRule, watch: Stopwatch) -> ThreeStageRule:
    """Return a rule that does the same and charges its stages to a watch.

    Regrowth of the first layer begins when all layers are percolated, insertion when all have chosen.
    """

    def zeta_at(progress: float) -> float:
        watch.start()  # an update asks for zeta first
        return rule.zeta_at(progress)

    def remove(*arguments: Any, **more: Any) -> Any:
        keep = rule.remove(*arguments, **more)
        watch.charge("remove")
        return keep

    def regrow(*arguments: Any, **more: Any) -> Any:
        watch.charge("percolate")
        positions = rule.regrow(*arguments, **more)
        watch.charge("score and choose")
        return positions

    weights = _WatchedWeights(rule.new_weights, watch)
    return replace(rule, zeta_at=zeta_at, remove=remove, regrow=regrow, new_weights=weights)


class UpdatesBetweenEpochs(Callback):
    """Train an epoch, update, train an epoch; a call returns the seconds of its update.

    Parameters
    ----------
    job : Job
        Its samples are one epoch: few, for they serve only to move the weights between two updates.
    rule : str
    options : mapping
        Of the rule.

    Attributes
    ----------
    stages : list of dict of str to float
        Seconds of each stage, one dict for each update.
    """

    def __init__(self, job: Job, rule: str, options: Mapping[str, Any]) -> None:
        self.job, self.watch = job, Stopwatch()
        self.stages: list[dict[str, float]] = []
        made = watched(cast(ThreeStageRule, make_rule(rule, **options)), self.watch)
        self.trainer = Trainer(
            job.model(), rule=made, optimizer=optimizer_of(job), batch_size=job.batch, update_every=1, rng=job.seed,
            callbacks=[self],
        )  # fmt: skip

    def __call__(self) -> float:
        """Train and update."""
        seen = len(self.stages)
        self.trainer.fit((self.job.x, self.job.labels), epochs=self.trainer.epoch + 2)
        assert len(self.stages) == seen + 1
        return self.seconds

    def on_update(self, trainer: Trainer, update: TopologyUpdate, record: Record) -> None:
        """Note what the update took."""
        self.watch.charge("insert and rewire", until=self.watch.began + update.seconds)
        self.watch.charge("remap and log")
        self.seconds = float(record["seconds"])
        self.stages.append(self.watch.spent)


def time_updates(job: Job, *, rounds: int, in_stages: tuple[str, ...] = ("rlr", "ch3l3")) -> list[Line]:
    """Time one update of all evolving layers by each of `RULES`, in turns, with training between updates.

    Parameters
    ----------
    job : Job
        See `UpdatesBetweenEpochs`.
    rounds : int
        As in `interleave`; each turn has one update that counts.
    in_stages : tuple of str
        Rules whose stages get lines of their own.

    Returns
    -------
    list of Line
        In a section of its own the stages of a rule, the whole update first.
    """
    runs = {rule: UpdatesBetweenEpochs(job, rule, options) for rule, options in RULES.items()}
    timings = interleave(runs, rounds=rounds, slice_seconds=0.0, seconds_of=_own_seconds)
    lines = [Line(section_of(job), rule, timing) for rule, timing in timings.items()]
    for rule in in_stages:
        lines += _stage_lines(rule, timings[rule], runs[rule].stages)
    return lines


def section_of(job: Job) -> str:
    """Return the name of the section with one update of each rule."""
    return f"{job.name}: one update of all layers, as the Trainer pays it"


def _own_seconds(run: Callable[[], object]) -> float:
    return cast(float, run())


def _stage_lines(rule: str, whole: Timing, stages: list[dict[str, float]]) -> list[Line]:
    section = f"stages of an update by {rule}; 'x first' is the share"
    lines = [Line(section, "whole update", whole)]
    for stage in STAGES:
        seconds = [spent[stage] for spent in stages[1:]]  # the first update loads kernels
        lines.append(Line(section, stage, timing_of(seconds, quiet=whole.quiet)))
    return lines
