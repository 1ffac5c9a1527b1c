"""The bench of motif layers: a training step with motifs of 2 and of 4 neurons beside one of single links."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

from sparse_mlp.bench.frame import Bench, start_bench
from sparse_mlp.bench.job import Job, make_job
from sparse_mlp.bench.ledger import Claim, Ledger, Line
from sparse_mlp.bench.limits import roofline
from sparse_mlp.bench.peers import Ours, step
from sparse_mlp.bench.timing import Timing, interleave
from sparse_mlp.kernels.threads import threads_limited
from sparse_mlp.layers import MOTIF_MODES
from sparse_mlp.models import summarize

SHARES = {2: 57, 4: 36}  # percent of the time of single links that a step may take: the ratios printed in [Chen2025]


@dataclass(frozen=True)
class Plan:
    """Hold how large and how long a bench is."""

    sizes: tuple[int, ...]
    epsilon: float
    rounds: int
    slice_seconds: float
    limit_repeats: int
    judged: bool


FULL = Plan((784, 3000, 3000, 3000, 10), 20.0, rounds=15, slice_seconds=0.1, limit_repeats=300, judged=True)
QUICK = Plan((40, 64, 64, 64, 10), 3.0, rounds=3, slice_seconds=0.002, limit_repeats=5, judged=False)


def run(
    *, quick: bool = False, json_path: str | PathLike[str] | None = None, large: bool = True, threads: int | None = None
) -> Ledger:
    """Measure training steps of networks that differ in their motifs alone, at equal density of single links.

    Parameters
    ----------
    quick : bool
        Tiny networks and few repeats: tries the bench itself, and judges nothing.
    json_path : path, optional
        Where to write the ledger as JSON, whole or not at all.
    large : bool
        For the likeness of all subjects; there is nothing to leave out.
    threads : int, optional
        Two at most if not given.

    Returns
    -------
    Ledger

    Raises
    ------
    InvalidInputError
        If `threads` is not a whole number of at least one.
    SparseMLPError
        If kernels are not compiled.
    """
    plan = QUICK if quick else FULL
    bench = start_bench(threads, judged=plan.judged, limit_repeats=plan.limit_repeats)
    jobs = motif_jobs(plan)
    with threads_limited(bench.threads):
        _time_jobs(bench, plan, jobs)
    for name, job in jobs.items():
        _add_facts(bench, name, job)
    return bench.finish(_notes(plan), json_path)


def motif_jobs(plan: Plan) -> dict[str, Job]:
    """Return the jobs by their names, single links first; all have the same number of single links, or nearly so.

    Epsilon counts links of motifs: divided by m, it gives m * m times fewer links, each of which stands for m * m.
    """
    wanted = [("single links", 1, "shared")]
    wanted += [(f"{mode}, m = {m}", m, mode) for mode in MOTIF_MODES for m in SHARES]
    return {
        name: make_job(name, plan.sizes, batch=128, epsilon=plan.epsilon / m, motif_size=m, motif_mode=mode)
        for name, m, mode in wanted
    }


def _time_jobs(bench: Bench, plan: Plan, jobs: dict[str, Job]) -> None:
    steps = {name: step(Ours(job)) for name, job in jobs.items()}
    timings = interleave(steps, rounds=plan.rounds, slice_seconds=plan.slice_seconds)
    section = f"{'-'.join(map(str, plan.sizes))}, epsilon {plan.epsilon:g} / m, batch 128"
    for name, job in jobs.items():
        least = roofline(job, bench.limits[bench.threads]).seconds
        bench.ledger.lines.append(Line(section, name, timings[name], job.flops, least))
    single, *_ = timings.values()
    for name, job in jobs.items():
        if job.motif_size > 1:
            bench.ledger.claims.append(_claim(bench, name, timings[name], single, SHARES[job.motif_size]))


def _claim(bench: Bench, name: str, timing: Timing, single: Timing, percent: float) -> Claim:
    by_median, by_best = 100 * timing.median / single.median, 100 * timing.best / single.best
    quiet = timing.quiet and single.quiet
    return Claim(
        f"{name}: step / single links' step", by_median, by_best, percent, percent, "%", at_most=True,
        judged=bench.judged, quiet=quiet,
    )  # fmt: skip


def _add_facts(bench: Bench, name: str, job: Job) -> None:
    limits, facts = bench.limits[bench.threads], bench.ledger.facts
    facts[f"{name}: weights"] = sum(job.links)
    facts[f"{name}: bytes of weights, biases and wiring"] = sum(row.bytes_stored for row in summarize(job.model()))
    facts[f"{name}: bytes of activations that a step reads"] = job.bytes_read
    facts[f"{name}: least ms of the multiply-adds"] = 1e3 * job.flops / limits.fma


def _notes(plan: Plan) -> list[str]:
    return [
        "A step is forward, loss, backward and SGD update of one batch. All networks have as many single links; the "
        f"density is that of epsilon {plan.epsilon:g} for single links. The read-out is dense and has no motifs.",
        "Motifs that share a weight save multiply-adds, m * m times. Blocks save none: they only spare reads, since a "
        "row that is read serves m outputs. 'least ms of the multiply-adds' is what no kernel can go below; what "
        "share of the single links' time it is, bounds the gain of blocks.",
        "GFLOP/s count multiply-adds with weights, not the sums over motifs.",
    ]
