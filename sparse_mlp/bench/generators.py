"""How fast layers are wired, how the time grows, and each generator's peak of memory in a process of its own.

Run as ``python -m sparse_mlp.bench.generators NAME N_IN N_OUT DENSITY THREADS``; it prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from sparse_mlp.bench.apart import measure_apart
from sparse_mlp.bench.frame import Bench
from sparse_mlp.bench.ledger import Claim, Line, ratio
from sparse_mlp.bench.timing import Timing, interleave
from sparse_mlp.kernels.threads import threads_limited
from sparse_mlp.machine import peak_memory
from sparse_mlp.rng import as_generator
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import GENERATORS, NEEDS_DATA

Shape = tuple[int, int, float]

# Those that are a matter of the layer's size alone.
NAMES = tuple(name for name in GENERATORS if name not in NEEDS_DATA)
JUDGED = "dendritic"
GROWTH = 4  # how many times as many neurons the wider of two layers with equal links has on either side


def time_generators(bench: Bench, shape: Shape, rounds: int, slice_seconds: float) -> Timing:
    """Add a section with all generators on a layer and return the timing of the one that claims are about."""
    n_in, n_out, density = shape
    section = f"wiring a layer {n_in}x{n_out}, density {density:g}"
    with threads_limited(bench.threads):
        timings = interleave(
            {name: _wiring(name, n_in, n_out, round(density * n_in * n_out)) for name in NAMES},
            rounds=rounds, slice_seconds=slice_seconds,
        )  # fmt: skip
    bench.ledger.lines += [Line(section, name, timing) for name, timing in timings.items()]
    return timings[JUDGED]


def claim_time(bench: Bench, shape: Shape, timing: Timing, unit: str, floor: float, aim: float) -> None:
    """Claim how long the judged generator takes at most, in "ms" or "s"."""
    times = {"ms": 1e3, "s": 1.0}[unit]
    name = f"{JUDGED} wiring {shape[0]}x{shape[1]}"
    bench.ledger.claims.append(
        Claim(name, times * timing.median, times * timing.best, floor, aim, unit, at_most=True, judged=bench.judged,
              quiet=timing.quiet)
    )  # fmt: skip


def time_growth(bench: Bench, shape: Shape, rounds: int, slice_seconds: float) -> None:
    """Add how many times longer the same number of links takes where there are `GROWTH` times the neurons."""
    n_in, n_out, density = shape
    links, wide = round(density * n_in * n_out), (GROWTH * n_in, GROWTH * n_out)
    with threads_limited(bench.threads):
        for name in NAMES:
            pair = {"narrow": _wiring(name, n_in, n_out, links), "wide": _wiring(name, *wide, links)}
            timings = interleave(pair, rounds=rounds, slice_seconds=slice_seconds)
            longer, by_best = ratio(timings["wide"], timings["narrow"])
            assert longer is not None
            bench.ledger.facts[f"{name}, {links} links: {wide[0]}x{wide[1]} / {n_in}x{n_out}"] = longer
            if name == JUDGED:
                quiet = all(timing.quiet for timing in timings.values())
                bench.ledger.claims.append(
                    Claim(f"{name} time, {GROWTH**2} times the places", longer, by_best, GROWTH, 2, at_most=True,
                          judged=bench.judged, quiet=quiet)
                )  # fmt: skip


def claim_memory(bench: Bench, shape: Shape, names: tuple[str, ...]) -> None:
    """Wire a layer with each generator in a process of its own, and claim how much memory that takes at most."""
    for name in names:
        found = measure_apart("sparse_mlp.bench.generators", name, *shape, bench.threads)
        what = f"{shape[0]}x{shape[1]} {name}, {found['links']} links"
        bench.ledger.facts[f"{what}: seconds of the only wiring"] = found["seconds"]
        bench.ledger.facts[f"{what}: growth of the peak [MB]"] = found["growth_bytes"] / 1e6
        peak = found["peak_bytes"] / 1e9
        bench.ledger.claims.append(
            Claim(f"{name} wiring, peak memory", peak, peak, 1, 1, "GB", at_most=True, judged=bench.judged)
        )


def measure_wiring(name: str, n_in: int, n_out: int, density: float, threads: int) -> dict[str, Any]:
    """Wire a layer once and say what it took.

    Returns
    -------
    dict
        ``seconds``; ``peak_bytes`` of the whole process; ``growth_bytes``, by how much the wiring raised the peak that
        the process had reached with the kernels loaded; ``links``.
    """
    with threads_limited(threads):
        _wiring(name, 100, 100, 200)()  # loads the kernels
        before, began = peak_memory() or 0, perf_counter()
        structure = _wiring(name, n_in, n_out, round(density * n_in * n_out))()
        seconds = perf_counter() - began
    peak = peak_memory() or 0
    return {"seconds": seconds, "peak_bytes": peak, "growth_bytes": peak - before, "links": structure.nnz}


def _wiring(name: str, n_in: int, n_out: int, links: int) -> Callable[[], SparseStructure]:
    return lambda: GENERATORS[name](n_in, n_out, links, as_generator(0))


if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    found = measure_wiring(name, int(numbers[0]), int(numbers[1]), float(numbers[2]), int(numbers[3]))
    sys.stdout.write(json.dumps(found) + "\n")
