"""Generators of wirings, and links chosen by their scores: time, growth of the time, memory."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.processes import Worker
from benchmarks.report import at_least, at_most
from benchmarks.run import Run
from benchmarks.timing import Figure, ratio
from benchmarks.worker import Prepared, peak_memory

Array = NDArray[Any]

GENERATORS = ("erdos-renyi", "dendritic", "receptive-field", "small-world", "scale-free", "ramanujan")
METHODS = {"CH3-L3p": "ch3-l3p", "CH2-L3n": "ch2-l3n"}
CHOSEN = 0.3  # links chosen, as a share of the links that there are
WIDER = 4  # how many times as many neurons on either side, for the growth of a generator's time

CLAIMS = {
    "authors' C++ / ours": at_least(30, aim=60),
    "dendritic, small": at_most(20, "ms", aim=10),
    "dendritic, large": at_most(3000, "ms", aim=1000),
    "dendritic, 16 times the places": at_most(4, aim=2),
    "peak memory": at_most(1, "GB"),
}
# How many times longer than `dense_choice` the authors' C++ scorer of CH3-L3p takes with the top 30 % chosen, by n_in,
# at 1 %: measured once in turns on two cores of a Zen 4 processor (0.49 and 0.046 s, 0.622 and 0.067, 23.6 and 1.22).
AUTHORS = {784: 10.7, 1000: 9.28, 3000: 19.3}


def benchmark(run: Run) -> None:
    """Time the choice of links, then the generators, then measure the memory of both."""
    for shape in run.pick([(784, 1000, 0.01), (1000, 1000, 0.01), (3000, 3000, 0.01)], [(60, 60, 0.1)]):
        _race_choices(run, *shape)
    small, large = run.pick(((784, 1568, 0.01), (10_000, 10_000, 0.01)), ((60, 40, 0.1), (80, 80, 0.1)))
    for name, shape in (("dendritic, small", small), ("dendritic, large", large)):
        entries = {each: run.worker().prepare(wiring, name=each, **_layer(*shape)) for each in GENERATORS}
        timings = run.race(f"wiring a layer of {_size(*shape)}", entries, rounds=7)
        run.report.claim(f"{name}: {_size(*shape)}", CLAIMS[name], timings["dendritic"].figure.times(1e3))
    _race_growth(run, _layer(*run.pick((2500, 2500, 0.04), (50, 60, 0.1))))
    for generator in run.pick(GENERATORS, ("dendritic",)):
        _claim_memory(run, large, "wiring", generator)
    for method in METHODS.values():
        _claim_memory(run, large, "choice", method)
    run.report.notes += [
        "Links are chosen in Erdős–Rényi wirings: the k links of highest score, k = 30 % of the links. NumPy dense: "
        "CH2-L3n by four matrix products in float32, and np.argpartition.",
        "authors' C++ / ours: their released scorer of CH3-L3p was timed once in turns with NumPy dense on another "
        "machine; that ratio, times NumPy dense now over ours now.",
        "Memory is the peak of a process that wires or chooses once; a matrix of all scores would take 800 MB.",
    ]


def _race_choices(run: Run, n_in: int, n_out: int, density: float) -> None:
    layer, size = _layer(n_in, n_out, density), _size(n_in, n_out, density)
    dense = run.worker().prepare(dense_choice, **layer)
    for name, method in METHODS.items():
        entries = {**run.sides(choice, name=method, **layer), "NumPy dense": dense}
        timings = run.race(f"{name}: links chosen in a layer of {size}", entries, rounds=7)
        found = ratio(timings["NumPy dense"], timings["ours"]).times(AUTHORS.get(n_in, 1.0))
        if n_in == run.pick(1000, n_in):
            run.report.claim(f"authors' C++ / {name}, {size}", CLAIMS["authors' C++ / ours"], found)
        else:
            run.report.add_fact(f"authors' C++ / {name}, {size}", found, "×")


def _race_growth(run: Run, layer: dict[str, int]) -> None:
    """Compare equal numbers of links in layers of few and of many neurons."""
    wide = {"n_in": WIDER * layer["n_in"], "n_out": WIDER * layer["n_out"], "links": layer["links"]}
    for name in GENERATORS:
        prepared = [run.worker().prepare(wiring, name=name, **each) for each in (wide, layer)]
        entries = dict(zip((f"{WIDER} times the neurons", "as they are"), prepared, strict=True))
        slow, fast = run.race(f"{layer['links']} links by {name}", entries, rounds=5).values()
        if name == "dendritic":
            key = f"dendritic, {WIDER**2} times the places"
            run.report.claim(key, CLAIMS[key], ratio(slow, fast))


def _claim_memory(run: Run, shape: tuple[int, int, float], job: str, name: str) -> None:
    with Worker(run.trees["ours"], run.threads) as worker:
        found = worker.call(once, job=job, name=name, layer=_layer(*shape))
    run.report.add_fact(f"{name}, {_size(*shape)}: the only call", found["seconds"], "s")
    peak = found["peak"] / 1e9
    run.report.claim(f"{name}, {_size(*shape)}: peak memory", CLAIMS["peak memory"], Figure(peak, peak, peak))


def once(job: str, name: str, layer: dict[str, int]) -> dict[str, float]:
    """Load the kernels of a job, then do it once and say what it took."""
    prepare: Callable[..., Prepared] = {"wiring": wiring, "choice": choice}[job]
    prepare(name, **_layer(100, 100, 0.02))[0]()
    call, _ = prepare(name, **layer)
    began = perf_counter()
    call()
    return {"seconds": perf_counter() - began, "peak": peak_memory()}


def wiring(name: str, n_in: int, n_out: int, links: int) -> Prepared:
    """Return a job that wires a layer at a generator's default settings."""
    from sparse_mlp.topology import generate

    return lambda: generate(name, n_in, n_out, links / (n_in * n_out), rng=0), {}


def choice(name: str, n_in: int, n_out: int, links: int) -> Prepared:
    """Return a job that chooses the links of highest score."""
    from sparse_mlp.link_prediction import top_links

    structure = wiring("erdos-renyi", n_in, n_out, links)[0]()
    structure.by_output  # noqa: B018  made when first asked for, then kept
    return lambda: top_links(structure, name, int(CHOSEN * links)), {}


def dense_choice(n_in: int, n_out: int, links: int) -> Prepared:
    """Return a job that chooses the links of highest CH2-L3n by dense products."""
    structure = wiring("erdos-renyi", n_in, n_out, links)[0]()
    x = np.zeros(structure.shape, np.float32)
    x[structure.rows(), structure.indices] = 1
    k = int(CHOSEN * links)
    return lambda: np.argpartition(dense_scores(x).ravel(), -k)[-k:], {}


def dense_scores(x: Array) -> Array:
    """Score absent links by CH2-L3n [Zhang2025]; x float32 (n_in, n_out) is 1 where there is a link, else 0.

    Notes
    -----
    :math:`S = F X + (G X^T)^T` with :math:`F_{ua} = [UU_{ua} > 0] (1 + UU_{ua}) / \\max(d_a - UU_{ua}, 1)`,
    :math:`UU = X X^T`, and G likewise from :math:`VV = X^T X`. O(n_in * n_out * (n_in + n_out)).
    """
    scores = _factors(x @ x.T, x.sum(1)) @ x
    scores += (_factors(x.T @ x, x.sum(0)) @ x.T).T
    scores[x > 0] = 0
    return scores


def _factors(common: Array, degree: Array) -> Array:
    factors = (1 + common) / np.maximum(degree - common, 1)
    factors[common == 0] = 0
    return factors


def _layer(n_in: int, n_out: int, density: float) -> dict[str, int]:
    return {"n_in": n_in, "n_out": n_out, "links": round(density * n_in * n_out)}


def _size(n_in: int, n_out: int, density: float) -> str:
    return f"{n_in} × {n_out} at {100 * density:g} %"
