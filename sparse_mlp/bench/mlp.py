"""The bench of the multilayer perceptron: its jobs, its rivals, and the claims that the library makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

from sparse_mlp.bench.apart import measure_apart
from sparse_mlp.bench.epoch import share_claim, time_quiet_epochs
from sparse_mlp.bench.frame import Bench, start_bench
from sparse_mlp.bench.job import Job, make_job
from sparse_mlp.bench.ledger import Claim, Ledger, Line, ratio
from sparse_mlp.bench.limits import roofline
from sparse_mlp.bench.operations import time_operations
from sparse_mlp.bench.peers import NUMPY_PEERS, OURS, TORCH_PEERS, make_rival, step, torch_is_there
from sparse_mlp.bench.timing import Timing, interleave
from sparse_mlp.kernels.threads import threads_limited

ALL = (*OURS, *TORCH_PEERS, *NUMPY_PEERS)
FASTER = ("ours", "torch CSR", "torch mask", "numpy dense")


@dataclass(frozen=True)
class Plan:
    """Hold how large and how long a bench is."""

    small: dict[str, Any]
    middle: dict[str, Any]
    batches: tuple[int, ...]
    rounds: int
    slice_seconds: float
    samples: int
    epochs: int
    limit_repeats: int
    judged: bool


FULL = Plan(
    small={"sizes": (784, 1000, 1000, 1000, 10), "density": 0.01},
    middle={"sizes": (784, 3000, 3000, 3000, 10), "epsilon": 20.0},
    batches=(32, 512), rounds=15, slice_seconds=0.1, samples=60_000, epochs=6, limit_repeats=300, judged=True,
)  # fmt: skip
QUICK = Plan(
    small={"sizes": (40, 60, 60, 60, 10), "density": 0.1},
    middle={"sizes": (40, 90, 90, 10), "epsilon": 3.0},
    batches=(32,), rounds=3, slice_seconds=0.002, samples=600, epochs=3, limit_repeats=5, judged=False,
)  # fmt: skip


def run(
    *, quick: bool = False, json_path: str | PathLike[str] | None = None, large: bool = True, threads: int | None = None
) -> Ledger:
    """Measure training steps, operations, epochs and memory, side by side with what else there is.

    Parameters
    ----------
    quick : bool
        Tiny networks and few repeats: tries the bench itself, and judges nothing.
    json_path : path, optional
        Where to write the ledger as JSON, whole or not at all.
    large : bool
        Whether to train the network of 2.1 million links in a process of its own.
    threads : int, optional
        Of every rival; two at most if not given.

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
    with threads_limited(bench.threads):
        _time_jobs(bench, plan)
        _time_epochs(bench, plan)
    if large:
        _time_large(bench)
    return bench.finish(_notes(large), json_path)


def _time_jobs(bench: Bench, plan: Plan) -> None:
    small, find = _job(plan.small, 128), bench.ledger.find
    _time_rivals(bench, plan, small, ALL, plan.rounds)
    ours = find(small.name, "ours")
    for rival, floor, aim in (("torch mask", 12, 25), ("torch CSR", 4, 8), ("scipy 2018", 10, 20)):
        _claim(bench, f"{rival} / ours, batch 128", find(small.name, rival), ours, floor, aim)
    bench.ledger.claims.append(_roofline_claim(bench, small, ours))
    for batch in plan.batches:
        job = _job(plan.small, batch)
        _time_rivals(bench, plan, job, FASTER, plan.rounds)
        if batch == 32:
            found = find(job.name, "torch mask"), find(job.name, "ours")
            _claim(bench, "torch mask / ours, batch 32", *found, 10, 10)
    _time_rivals(bench, plan, _job(plan.middle, 128), FASTER, max(3, plan.rounds // 3))
    with threads_limited(1):
        rounds, seconds = plan.rounds, plan.slice_seconds / 5
        bench.ledger.lines += time_operations(small, bench.limits[1], rounds=rounds, slice_seconds=seconds)
        candidate = {"ours": step(make_rival("ours", small, 1))}
        whole = interleave(candidate, rounds=rounds, slice_seconds=seconds)["ours"]
        bench.ledger.lines.append(Line(f"{small.name}: whole step on one core", "ours", whole, small.flops))


def _time_rivals(bench: Bench, plan: Plan, job: Job, names: Sequence[str], rounds: int) -> None:
    """Add a section: one training step of each rival, in turns."""
    present = [name for name in names if name not in TORCH_PEERS or torch_is_there()]
    steps = {name: step(make_rival(name, job, bench.threads)) for name in present}
    timings = interleave(steps, rounds=rounds, slice_seconds=plan.slice_seconds)
    least = roofline(job, bench.limits[bench.threads])
    sparse = {name: (job.flops, least.seconds) for name in present if name not in ("torch mask", "numpy dense")}
    bench.ledger.lines += [Line(job.name, name, timings[name], *sparse.get(name, (0.0, 0.0))) for name in present]
    bench.ledger.facts[f"roofline of {job.name} [ms], bound by {least.bound}"] = 1e3 * least.seconds


def _time_epochs(bench: Bench, plan: Plan) -> None:
    job = _job(plan.small, 128, n_samples=plan.samples)
    cost = time_quiet_epochs(job, epochs=plan.epochs)
    facts = bench.ledger.facts
    facts[f"seconds an epoch of {cost.samples} samples, by Trainer"] = cost.epoch
    facts["seconds of the fastest epoch"] = cost.best_epoch
    facts["seconds a SET update of all three layers"] = cost.update
    facts["samples a second"] = cost.samples / cost.epoch
    bench.ledger.claims.append(share_claim("SET", cost, 5, judged=bench.judged))


def _time_large(bench: Bench) -> None:
    found = measure_apart("sparse_mlp.bench.memory", bench.threads)
    timings = {name: Timing(**values) for name, values in found["timings"].items()}
    links, section = found["links"], "10000-50000-50000-10, epsilon 10, batch 128, beside the small network"
    bench.ledger.lines += [
        Line(section, "small", timings["small"]), Line(section, "large", timings["large"], found["flops"]),
    ]  # fmt: skip
    growth = links["large"] / links["small"]
    by_median, by_best = ratio(timings["large"], timings["small"])
    assert by_median is not None and by_best is not None
    gigabytes, quiet = found["peak_bytes"] / 1e9, all(timing.quiet for timing in timings.values())
    per_link = by_median / growth, by_best / growth
    bench.ledger.claims += [
        Claim("large network, peak memory", gigabytes, gigabytes, 1.5, 1.5, "GB", at_most=True),
        Claim("large network, time a link / small's", *per_link, 4, 4, at_most=True, quiet=quiet),
    ]
    bench.ledger.facts["large network: links"] = links["large"]
    bench.ledger.facts["large network: seconds a SET update"] = found["epoch"]["update"]


def _claim(bench: Bench, name: str, slow: Timing | None, fast: Timing | None, floor: float, aim: float) -> None:
    bench.claim_ratio(name, slow, fast, floor, aim, reason="PyTorch not installed")


def _roofline_claim(bench: Bench, job: Job, ours: Timing | None) -> Claim:
    assert ours is not None
    least = roofline(job, bench.limits[bench.threads]).seconds
    return Claim(
        "ours / roofline, batch 128", ours.median / least, ours.best / least, 6, 3, at_most=True,
        judged=bench.judged, quiet=ours.quiet,
    )  # fmt: skip


def _job(shape: dict[str, Any], batch: int, n_samples: int = 2048) -> Job:
    links = f"density {shape['density']:g}" if "density" in shape else f"epsilon {shape['epsilon']:g}"
    name = f"{'-'.join(map(str, shape['sizes']))}, {links}, batch {batch}"
    return make_job(name, batch=batch, n_samples=n_samples, **shape)


def _notes(large: bool) -> list[str]:
    notes = [
        "A step is forward, loss, backward and SGD update of one batch, rivals in turns; the median is over the "
        "medians of turns. Ours also cuts the batch out of the training set and transposes it; others find it ready.",
        "torch mask: dense layers, gradient masked before the step, weights after it. torch CSR: torch.sparse.mm with "
        "autograd. scipy 2018: CSR products and the gradient link by link, row-major. numpy dense: no mask.",
        "'of limit' is the roofline's time over the median: reads of activations at the cache's bandwidth, or "
        "multiply-adds at the peak, whichever takes longer.",
    ]
    if not torch_is_there():
        notes.append("PyTorch is not installed: its lines are missing and its claims not measured.")
    if not large:
        notes.append("The large network was left out.")
    return notes
