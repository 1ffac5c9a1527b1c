"""Whole epochs through the `Trainer`, and what a topology update costs beside them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from time import perf_counter

from sparse_mlp.bench.job import Job
from sparse_mlp.bench.ledger import Claim
from sparse_mlp.bench.timing import TICK, TOLERATED, seconds_elsewhere
from sparse_mlp.optim import SGD
from sparse_mlp.training import Trainer


@dataclass(frozen=True)
class EpochCost:
    """Hold the median seconds of an epoch and of an update, each with its best, and whether nothing else ran."""

    epoch: float
    best_epoch: float
    update: float
    best_update: float
    samples: int
    quiet: bool

    def share(self) -> tuple[float, float]:
        """Return the percentage of an epoch that an update takes, by medians and by the best."""
        return 100 * self.update / self.epoch, 100 * self.best_update / self.best_epoch


def time_epochs(job: Job, *, epochs: int, rule: str = "set") -> EpochCost:
    """Train on all samples of a job, shuffling and Python included, with an update of all layers after each epoch.

    Parameters
    ----------
    job : Job
        Its samples are one epoch.
    epochs : int
        At least 3: the first one warms up and does not count, nor does its update.
    rule : str

    Returns
    -------
    EpochCost
    """
    trainer = Trainer(job.model(), rule=rule, optimizer=optimizer_of(job), batch_size=job.batch, rng=job.seed)
    began, other = perf_counter(), seconds_elsewhere()
    trainer.fit((job.x, job.labels), epochs=epochs)
    disturbance, lasted = seconds_elsewhere() - other, perf_counter() - began
    seconds = {
        kind: [record["seconds"] for record in trainer.history if record["kind"] == kind][1:]
        for kind in ("epoch", "update")
    }
    return EpochCost(
        statistics.median(seconds["epoch"]), min(seconds["epoch"]),
        statistics.median(seconds["update"]), min(seconds["update"]), len(job.x),
        quiet=disturbance <= TOLERATED * lasted + TICK,
    )  # fmt: skip


def time_quiet_epochs(job: Job, *, epochs: int, rule: str = "set") -> EpochCost:
    """Return `time_epochs`, begun again up to twice if something else ran: an idle machine is worth waiting for."""
    for _ in range(3):
        cost = time_epochs(job, epochs=epochs, rule=rule)
        if cost.quiet:
            break
    return cost


def optimizer_of(job: Job) -> SGD:
    """Return the optimizer with which all rivals train a job."""
    return SGD(job.learning_rate, job.momentum, weight_decay=job.weight_decay)


def share_claim(rule: str, cost: EpochCost, percent: float, *, judged: bool) -> Claim:
    """Claim that an update of a rule takes at most so many percent of an epoch."""
    name = f"{rule} update, share of an epoch"
    return Claim(name, *cost.share(), percent, percent, "%", at_most=True, judged=judged, quiet=cost.quiet)
