"""The bench of robustness curves: points, whole curves, and networks that are built anew for each point."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from time import perf_counter

import numpy as np

from sparse_mlp.bench.frame import Bench, start_bench
from sparse_mlp.bench.job import Array, Job, make_job
from sparse_mlp.bench.ledger import Claim, Ledger, Line
from sparse_mlp.bench.limits import TILE, Roofline, bound_by
from sparse_mlp.bench.timing import TICK, TOLERATED, Timing, interleave, seconds_elsewhere, timing_of
from sparse_mlp.kernels.threads import threads_limited
from sparse_mlp.layers import Layer, SparseLinear
from sparse_mlp.models import SparseMLP
from sparse_mlp.rng import as_generator
from sparse_mlp.robustness import PERTURBATIONS, RobustnessCurves, perturb, robustness_curves
from sparse_mlp.robustness.perturbed_model import WorkingCopy

COPIED, TAKEN_OUT = "random-pruning, copied anew", "random-pruning, links taken out"
HALF = 0.5  # strength of the points that are timed one by one
CURVE_SECONDS, ALL_SECONDS = 60.0, 60.0  # that a curve of 50 strengths and 5 draws, and all five, may take


@dataclass(frozen=True)
class Plan:
    """Hold how large and how long a bench is."""

    sizes: tuple[int, ...]
    density: float
    samples: int
    strengths: int
    draws: int
    rounds: int
    slice_seconds: float
    curve_rounds: int
    limit_repeats: int
    judged: bool


FULL = Plan(
    (784, 1000, 1000, 1000, 10), 0.01, samples=10_000, strengths=50, draws=5, rounds=9, slice_seconds=0.2,
    curve_rounds=3, limit_repeats=300, judged=True,
)  # fmt: skip
QUICK = Plan(
    (40, 60, 60, 60, 10), 0.1, samples=300, strengths=3, draws=2, rounds=3, slice_seconds=0.002, curve_rounds=1,
    limit_repeats=5, judged=False,
)  # fmt: skip


def run(
    *, quick: bool = False, json_path: str | PathLike[str] | None = None, large: bool = True, threads: int | None = None
) -> Ledger:
    """Measure points of robustness curves and whole curves, and hold points against networks that are built anew.

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
    job = make_job("perturbed", plan.sizes, batch=plan.samples, density=plan.density, n_samples=plan.samples)
    with threads_limited(bench.threads):
        _time_points(bench, plan, job)
        _time_curves(bench, plan, job)
    return bench.finish(_notes(plan), json_path)


def built_anew(model: SparseMLP, strength: float, seed: int) -> SparseMLP:
    """Return a network without the links that random pruning removes: with structures of its own that lack them."""
    layers: list[Layer] = []
    for layer in perturb(model, "random-pruning", strength, seed).layers:
        if isinstance(layer, SparseLinear):
            keep = layer.weight != 0
            fewer = SparseLinear(layer.structure.select(keep), layer.weight[keep], name=layer.name, dtype=layer.dtype)
            fewer.bias[:] = layer.bias
            layers.append(fewer)
        else:
            layers.append(copy.copy(layer))
    return SparseMLP.from_layers(layers, model.backend)


def forward_limit(job: Job, bench: Bench) -> Roofline:
    """Return the least time of a prediction: each link reads one row of the samples and multiplies it once."""
    work = sum(job.links) * job.batch
    return bound_by(2 * work, 4 * work, max(job.sizes) * TILE * 4, bench.limits[bench.threads])


def _time_points(bench: Bench, plan: Plan, job: Job) -> None:
    model, x = job.model(), job.x
    points: dict[str, Callable[[], object]] = {"prediction alone": lambda: model.predict_scores(x)}
    points |= {name: _point(model, x, job.labels, name) for name in PERTURBATIONS}
    points[COPIED] = lambda: perturb(model, "random-pruning", HALF, 0).predict_scores(x)
    points[TAKEN_OUT] = lambda: built_anew(model, HALF, 0).predict_scores(x)
    timings = interleave(points, rounds=plan.rounds, slice_seconds=plan.slice_seconds)
    section = f"{'-'.join(map(str, plan.sizes))}, density {plan.density:g}, {plan.samples} samples: a point at {HALF:g}"
    flops, least = 2 * sum(job.links) * job.batch, forward_limit(job, bench)
    for name, timing in timings.items():
        whole = name != TAKEN_OUT
        bench.ledger.lines.append(
            Line(section, name, timing, *((flops, least.seconds) if whole else (0.0, 0.0)))
        )  # fmt: skip
    bench.ledger.facts[f"least ms of a prediction, bound by {least.bound}"] = 1e3 * least.seconds
    for name in (COPIED, TAKEN_OUT):
        bench.ledger.facts[f"{name} / weights written alone"] = (
            timings[name].median / timings["random-pruning"].median
        )


def _point(model: SparseMLP, x: Array, labels: Array, name: str) -> Callable[[], object]:
    """Return a function that measures one more point of a curve."""
    working, rng = WorkingCopy(model), as_generator(0)
    return lambda: np.mean(working.perturbed(name, HALF, rng).predict_scores(x).argmax(axis=1) == labels)


def _time_curves(bench: Bench, plan: Plan, job: Job) -> None:
    model = job.model()
    section = f"whole curves: {plan.strengths} strengths, {plan.draws} draws where chance takes part"

    def curves(names: Sequence[str]) -> RobustnessCurves:
        return robustness_curves(
            model, job.x, job.labels, perturbations=names, strengths=plan.strengths, draws=plan.draws
        )

    for title, names, limit in (
        ("random-pruning", PERTURBATIONS[:1], CURVE_SECONDS), ("all five perturbations", PERTURBATIONS, ALL_SECONDS),
    ):  # fmt: skip
        predictions = 1 + sum(values.size for values in curves(names).accuracy.values())
        timing = _time_calls(partial(curves, names), plan.curve_rounds)
        flops, least = 2 * predictions * sum(job.links) * job.batch, predictions * forward_limit(job, bench).seconds
        bench.ledger.lines.append(Line(section, title, timing, flops, least))
        bench.ledger.facts[f"samples a second, {title}"] = predictions * plan.samples / timing.median
        bench.ledger.claims.append(
            Claim(f"{title}, whole curves", timing.median, timing.best, limit, limit / 2, "s", at_most=True,
                  judged=bench.judged, quiet=timing.quiet)
        )  # fmt: skip


def _time_calls(call: Callable[[], object], rounds: int) -> Timing:
    seconds, quiet = [], True
    for _ in range(rounds):
        began, other = perf_counter(), seconds_elsewhere()
        call()
        seconds.append(perf_counter() - began)
        quiet &= seconds_elsewhere() - other <= TOLERATED * seconds[-1] + TICK
    return timing_of(seconds, quiet=quiet)


def _notes(plan: Plan) -> list[str]:
    return [
        f"A point draws and writes weights, predicts {plan.samples} samples and compares the labels. The limit is that "
        "of the prediction with all links, the dense read-out's among them; a removed link is multiplied like any "
        "other, with zero.",
        "'copied anew' makes a perturbed copy for each point and with it the tables of the compiled network. 'links "
        "taken out' builds structures without the removed links as well; it then has fewer links to multiply, so it "
        "can be faster where most links go. Other perturbations keep all links.",
        "'all five perturbations' has a single draw of the two that chance has no part in.",
    ]
