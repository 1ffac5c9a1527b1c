"""Time and memory per link as networks grow to 47 million links, each network in a process of its own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, NamedTuple

from benchmarks.jobs import training_step
from benchmarks.processes import TimedJob, Worker
from benchmarks.report import at_most
from benchmarks.run import Run
from benchmarks.timing import Figure, ratio
from benchmarks.worker import peak_memory

GROWTH, MEMORY, WIDE_MEMORY = at_most(2.5), at_most(100, "bytes"), at_most(1.5, "GB")

# 0.3, 1.5 and 5 million hidden neurons: 2.7, 13.5 and 47 million links at epsilon 5, the dense read-out included.
SIZES = [[500, *[100_000] * 3, 2], [500, *[500_000] * 3, 2], [500, *[1_000_000] * 5, 2]]
TINY = [[50, *[100] * 3, 2], [50, *[300] * 3, 2]]
WIDE = {"sizes": [10_000, 50_000, 50_000, 10], "batch": 128, "options": {"epsilon": 10.0}, "n_samples": 512}


class Found(NamedTuple):
    """Our time per link over that of the smallest network, our peak of memory, the number of links."""

    growth: Figure
    gigabytes: Figure
    links: int


def benchmark(run: Run) -> None:
    """Time each network in turns with the smallest one, old code and ours."""
    jobs = [{"sizes": sizes, "batch": 64, "options": {"epsilon": 5.0}, "n_samples": 256}
            for sizes in run.pick(SIZES, TINY)]  # fmt: skip
    smallest = run.worker().prepare(training_step, **jobs[0])
    for job in jobs:
        found = _measure(run, job, smallest)
    run.report.claim("time per link, largest / smallest", GROWTH, found.growth)
    run.report.claim("memory per link of the largest", MEMORY, found.gigabytes.times(1e9 / found.links))
    if not run.quick:
        run.report.claim("10,000-50,000-50,000-10: peak memory", WIDE_MEMORY, _measure(run, WIDE, smallest).gigabytes)
    run.report.notes.append(
        "Memory is the peak of the whole process after training steps, Python and compiled kernels included; 'the "
        "network's' leaves out what the process held when the package had been imported."
    )


def _measure(run: Run, job: dict[str, Any], smallest: TimedJob) -> Found:
    """Add the section of one network, whose workers end with it."""
    with ExitStack() as stack:
        workers = {side: stack.enter_context(Worker(tree, run.threads)) for side, tree in run.trees.items()}
        imported = {side: worker.call(imported_memory) for side, worker in workers.items()}
        entries = {side: worker.prepare(training_step, **job) for side, worker in workers.items()}
        links = entries["ours"].facts["links"]
        size = f"{links / 1e6:.3g} million links"
        section = f"{'-'.join(map(str, job['sizes']))}: {size}"
        timings = run.race(section, {**entries, "the smallest": smallest}, rounds=7, seconds=0.3)
        peaks = {side: worker.call(peak_memory) for side, worker in workers.items()}
    for side, peak in peaks.items():
        run.report.add_fact(f"{size}, {side}: time per link", timings[side].figure.times(1e6 / links), "µs")
        run.report.add_fact(f"{size}, {side}: peak memory per link", peak / links, "bytes")
        run.report.add_fact(f"{size}, {side}: the network's per link", (peak - imported[side]) / links, "bytes")
    growth, peak = ratio(timings["ours"], timings["the smallest"]), peaks["ours"] / 1e9
    return Found(growth.times(smallest.facts["links"] / links), Figure(peak, peak, peak), links)


def imported_memory() -> int:
    """Import what a training step needs and return the peak of memory."""
    import sparse_mlp.training  # noqa: F401

    return peak_memory()
