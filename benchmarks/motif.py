"""Training steps of networks with motifs of 2 and of 4 neurons, at the same density in single links."""

from __future__ import annotations

from typing import Any

from benchmarks.jobs import training_step
from benchmarks.report import at_most
from benchmarks.run import Run
from benchmarks.timing import ratio

# Percent of the time of single links that a step may take: the ratios printed in [Chen2025].
CLAIMS = {2: at_most(57, "%"), 4: at_most(36, "%")}


def benchmark(run: Run) -> None:
    """Time a step of each network. Epsilon counts links of motifs: a network of m-motifs gets epsilon / m."""
    sizes, epsilon = run.pick([784, 3000, 3000, 3000, 10], [40, 64, 64, 64, 10]), run.pick(20.0, 3.0)
    job: dict[str, Any] = {"sizes": sizes, "batch": 128}
    entries = run.sides(training_step, options={"epsilon": epsilon}, **job)
    for mode in ("shared", "block"):
        for m in CLAIMS:
            options = {"epsilon": epsilon / m, "motif_size": m, "motif_mode": mode}
            sides = run.sides(training_step, options=options, **job)
            entries |= {f"{side}, {mode}, m = {m}": entry for side, entry in sides.items()}
    section = f"{'-'.join(map(str, sizes))}, epsilon {epsilon:g} / m, batch 128"
    timings = run.race(section, entries)
    for mode in ("shared", "block"):
        for m, bound in CLAIMS.items():
            name = f"ours, {mode}, m = {m}"
            run.report.claim(f"{name} / single links", bound, ratio(timings[name], timings["ours"]).times(100))
            if "old" in run.trees:
                found = ratio(timings[name], timings[f"old, {mode}, m = {m}"])
                run.report.add_fact(f"{mode}, m = {m}: new / old", found, "×")
    run.report.notes.append(
        "All networks stand for as many single links. Motifs that share a weight save m * m multiply-adds, blocks only "
        "reads: a row that is read serves m outputs. GFLOP/s count multiply-adds with weights, no sums over motifs."
    )
