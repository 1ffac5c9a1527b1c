"""Topology updates of a whole network by each rule, and whole epochs, as the `Trainer` pays for them."""

from __future__ import annotations

from typing import Any

from benchmarks.jobs import Job
from benchmarks.report import at_most
from benchmarks.run import Run
from benchmarks.timing import ratio
from benchmarks.worker import OWN_SECONDS, Prepared

# Options that make each update a whole one: rlr percolates as ch3l3 does, cht never stops early, rigl's zeta stays.
RULES: dict[str, dict[str, Any]] = {
    "set": {},
    "rlr": {"percolate": True},
    "path-count": {},
    "ch3l3": {},
    "cht": {"overlap_stop": 1.0},
    "chts": {},
    "rigl": {"zeta_schedule": "constant"},
}
CLAIMS = {"set": (at_most(2.5, "ms"), at_most(5, "%")), "ch3l3": (at_most(12, "ms"), at_most(15, "%"))}  # % of an epoch
NETWORK: dict[str, Any] = {"sizes": [784, 1000, 1000, 1000, 10], "batch": 128, "options": {"density": 0.01}}
TINY: dict[str, Any] = {"sizes": [40, 60, 60, 60, 10], "batch": 128, "options": {"density": 0.1}}


def benchmark(run: Run) -> None:
    """Time one update of all layers, some batches trained between two, and epochs of 60,000 samples."""
    network = run.pick(NETWORK, TINY)
    few = {**network, "n_samples": run.pick(2560, 128)}
    entries = {rule: run.worker().prepare(topology_update, rule=rule, **few) for rule in RULES}
    timings = run.race("one update of all layers by each rule, as the Trainer pays for it", entries, seconds=0.0)
    name = "ch3l3 / rlr (about 2 in Fig. 2 of the robustness paper)"
    run.report.add_fact(name, ratio(timings["ch3l3"], timings["rlr"]), "×")
    epoch = run.worker().prepare(whole_epoch, **{**network, "n_samples": run.pick(60_000, 600)})
    for rule, (bound, share) in CLAIMS.items():
        entries = {**run.sides(topology_update, rule=rule, **few), "epoch": epoch}
        timings = run.race(f"one update by {rule}, and an epoch", entries, seconds=0.0)
        run.report.claim(f"update by {rule}", bound, timings["ours"].figure.times(1e3))
        run.report.claim(f"update by {rule} / epoch", share, ratio(timings["ours"], timings["epoch"]).times(100))
    run.report.notes.append(
        "An update is what the Trainer does: the rule, the signals of a batch where it wants them (rigl), network and "
        "optimizer remapped, the log. 784-1000-1000-1000-10 at 1 % trains 40 batches between two updates."
    )


def topology_update(rule: str, **options: Any) -> Prepared:
    """Return a job that trains two epochs with an update between them and returns the seconds of the update."""
    from sparse_mlp.evolution import make_rule

    return _last_seconds("update", 2, Job(**options), make_rule(rule, **RULES[rule]))


def whole_epoch(**options: Any) -> Prepared:
    """Return a job that trains one epoch and returns its seconds."""
    return _last_seconds("epoch", 1, Job(**options), "static")


def _last_seconds(kind: str, epochs: int, job: Job, rule: Any) -> Prepared:
    from sparse_mlp.optim import SGD
    from sparse_mlp.training import Trainer

    optimizer = SGD(job.learning_rate, job.momentum, weight_decay=job.weight_decay)
    trainer = Trainer(job.network(), rule=rule, optimizer=optimizer, batch_size=job.batch, update_every=1, rng=job.seed)
    (x, labels, _), trained = job.data, 0

    def train() -> float:
        nonlocal trained
        trained += epochs
        trainer.fit((x, labels), epochs=trained)
        return float([record for record in trainer.history if record["kind"] == kind][-1]["seconds"])

    return train, {OWN_SECONDS: True}
