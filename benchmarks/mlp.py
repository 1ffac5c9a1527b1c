"""Training steps of multilayer perceptrons next to PyTorch, SciPy, NumPy, scikit-learn, old code and the roofline."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from benchmarks.jobs import dropout_draws, training_step
from benchmarks.report import at_least, at_most
from benchmarks.rivals import rival_step
from benchmarks.roofline import roofline
from benchmarks.run import Run
from benchmarks.timing import Timing, ratio

# Name in the report: class of the rival, package that it needs, process in which it runs.
RIVALS = {
    "PyTorch masked": ("DenseWithMask", "torch", "torch"),
    "PyTorch CSR": ("CompressedRows", "torch", "torch"),
    "SciPy 2018": ("LinkByLink", "scipy", "numpy"),
    "NumPy dense": ("DenseProducts", "numpy", "numpy"),
    "scikit-learn": ("ScikitLearn", "sklearn", "numpy"),
}
FAST = ("PyTorch masked", "PyTorch CSR", "NumPy dense")

CLAIMS = {
    "PyTorch masked / ours": at_least(50),
    "PyTorch CSR / ours": at_least(9),
    "SciPy 2018 / ours": at_least(10, aim=20),
    "ours / roofline": at_most(3.2, aim=2),
}
AGAINST_OLD = {"1 thread": at_most(1.05), "more threads": at_most(1.10)}
VARIANT = at_most(1.25)  # of a step with dropout or residual blocks, over the plain one

SMALL: dict[str, Any] = {"sizes": [784, 1000, 1000, 1000, 10], "options": {"density": 0.01}}
MIDDLE: dict[str, Any] = {"sizes": [784, 3000, 3000, 3000, 10], "options": {"epsilon": 20.0}}
TINY: dict[str, Any] = {"sizes": [40, 60, 60, 60, 10], "options": {"density": 0.1}}


def benchmark(run: Run) -> None:
    """Time one training step of one batch: forward, loss, backward and update."""
    small = run.pick(SMALL, TINY)
    timings, least = _race(run, {**small, "batch": 128}, run.threads, tuple(RIVALS))
    figures = {f"{name} / ours": ratio(timings[name], timings["ours"]) for name in timings}
    figures["ours / roofline"] = timings["ours"].figure.times(1 / least)
    for name in filter(figures.__contains__, CLAIMS):
        run.report.claim(f"{name}, batch 128, threads: {run.threads}", CLAIMS[name], figures[name])
    for threads in sorted({1, run.threads}):
        _race_variants(run, {**small, "batch": 128}, threads)
    if not run.quick:
        for batch in (32, 512):
            _race(run, {**small, "batch": batch}, run.threads, FAST)
        for batch in (32, 128, 512) if run.threads > 1 else ():
            _race(run, {**small, "batch": batch}, 1, FAST[:2])
        _race(run, {**MIDDLE, "batch": 128}, run.threads, FAST)
    run.report.notes += [
        "A step is forward, loss, backward and SGD update of one batch. Ours also cuts the batch out of the training "
        "set and transposes it; the others find it ready.",
        "PyTorch masked: dense layers, the gradient masked before the step and the weights after it. PyTorch CSR: "
        "torch.sparse.mm with autograd. SciPy 2018: CSR products and the gradient link by link, row-major, as in the "
        "code released with SET. NumPy dense and scikit-learn train all weights.",
        "'of limit' is the roofline's time over the median: reads of activations at the bandwidth of the cache that "
        "holds a tile, or multiply-adds at the peak, whichever takes longer.",
        *(f"{name} was left out: it is not installed." for name in RIVALS if not _installed(name)),
    ]


def _race(run: Run, job: dict[str, Any], threads: int, rivals: tuple[str, ...]) -> tuple[dict[str, Timing], float]:
    """Time ours, the old code and rivals; return the timings and the seconds of the roofline."""
    entries = run.sides(training_step, threads=threads, **job)
    for name in filter(_installed, rivals):
        rival, _, process = RIVALS[name]
        entries[name] = run.worker(process, threads).prepare(rival_step, rival=rival, **job)
    section = _section(job, threads)
    timings = run.race(section, entries, threads=threads)
    if "old" in timings:
        bound = AGAINST_OLD["1 thread" if threads == 1 else "more threads"]
        run.report.claim(f"new / old, {section.split(', ', 1)[1]}", bound, ratio(timings["ours"], timings["old"]))
    return timings, roofline(entries["ours"].facts, run.limits(threads))[0]


def _race_variants(run: Run, job: dict[str, Any], threads: int) -> None:
    """Compare the plain step with dropout, its draws taken off, and with residual blocks of the same links."""
    worker, dropped = run.worker(threads=threads), {**job, "options": {**job["options"], "dropout": 0.3}}
    entries = {
        "plain": worker.prepare(training_step, **job),
        "dropout 0.3": worker.prepare(training_step, **dropped),
        "of which draws": worker.prepare(dropout_draws, **dropped),
        "residual blocks": worker.prepare(training_step, residual=True, **job),
    }
    timings = run.race(f"variants of {_section(job, threads)}", entries, threads=threads)
    without_draws = timings["dropout 0.3"].without(timings["of which draws"])
    for name, timing in (("dropout without draws", without_draws), ("residual blocks", timings["residual blocks"])):
        run.report.claim(f"{name} / plain, threads: {threads}", VARIANT, ratio(timing, timings["plain"]))


def _installed(rival: str) -> bool:
    return find_spec(RIVALS[rival][1]) is not None


def _section(job: dict[str, Any], threads: int) -> str:
    options = ", ".join(f"{name} {value:g}" for name, value in job["options"].items())
    return f"{'-'.join(map(str, job['sizes']))}, {options}, batch {job['batch']}, threads: {threads}"
