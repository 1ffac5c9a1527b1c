"""Accuracy of perturbed networks: single points of a curve, and whole curves."""

from __future__ import annotations

from typing import Any

from benchmarks.jobs import TILE, Job, linear_layers
from benchmarks.report import at_most
from benchmarks.run import Run
from benchmarks.worker import Prepared

CLAIMS = {"random-pruning": at_most(60, "s", aim=30), "all five perturbations": at_most(60, "s", aim=30)}
STRENGTH = 0.5  # of the points that are timed one by one
NETWORK: dict[str, Any] = {"sizes": [784, 1000, 1000, 1000, 10], "options": {"density": 0.01}}
TINY: dict[str, Any] = {"sizes": [40, 60, 60, 60, 10], "options": {"density": 0.1}}


def benchmark(run: Run) -> None:
    """Time points and whole curves on 10,000 samples, old code and ours in turns."""
    samples = run.pick(10_000, 300)
    job = {**run.pick(NETWORK, TINY), "batch": samples, "n_samples": samples}
    for name in (None, "random-pruning", "weight-shuffling"):
        section = f"prediction of {samples} samples" + (f", {name} at {STRENGTH}" if name else "")
        run.race(section, run.sides(point, perturbation=name, **job), seconds=0.2)
    strengths, draws = run.pick((50, 5), (3, 2))
    for title, names in (("random-pruning", ["random-pruning"]), ("all five perturbations", None)):
        entries = run.sides(curves, names=names, strengths=strengths, draws=draws, **job)
        section = f"whole curves, {title}: {strengths} strengths, {draws} draws where chance takes part"
        timings = run.race(section, entries, rounds=3, seconds=0.0)
        run.report.claim(f"whole curves, {title}", CLAIMS[title], timings["ours"].figure)
    run.report.notes.append(
        "A point draws and writes weights and predicts. The limit is that of a prediction with all links, the dense "
        "read-out's among them; a removed link is multiplied like any other, with zero."
    )


def point(perturbation: str | None, **options: Any) -> Prepared:
    """Return a job that measures one point of a curve, or one prediction."""
    from sparse_mlp.robustness import perturb

    job = Job(**options)
    network, x = job.network(), job.data[0]
    work = sum(layer.weight.size for layer in linear_layers(network)) * job.batch
    facts = {"flops": 2 * work, "bytes_read": 4 * work, "tile_bytes": max(job.sizes) * TILE * 4}
    if perturbation is None:
        return lambda: network.predict_scores(x), facts
    return lambda: perturb(network, perturbation, STRENGTH, 0).predict_scores(x), facts


def curves(names: list[str] | None, strengths: int, draws: int, **options: Any) -> Prepared:
    """Return a job that measures whole curves, of all perturbations if no names are given."""
    from sparse_mlp.robustness import PERTURBATIONS, robustness_curves

    job = Job(**options)
    network, (x, labels, _) = job.network(), job.data
    given: dict[str, Any] = {"perturbations": names or PERTURBATIONS, "strengths": strengths, "draws": draws}
    return lambda: robustness_curves(network, x, labels, **given), {}
