"""Both passes of sparse convolutions, in the shapes of VGG16, next to PyTorch's dense ones and the roofline."""

from __future__ import annotations

import math
from collections.abc import Iterable
from importlib.util import find_spec

from benchmarks.conv_jobs import Size, dense_passes, sparse_passes
from benchmarks.report import at_least, at_most
from benchmarks.run import Run
from benchmarks.timing import Figure, Timing, ratio

LAYERS = ((64, 32), (128, 16), (256, 8), (512, 4), (512, 2))  # channels and side of the maps
BATCHES = (32, 128)
LAYOUTS = {"PyTorch NCHW": "contiguous_format", "PyTorch channels_last": "channels_last"}

# By density: how many times faster than PyTorch, in the layer and batch where it is least, and as a geometric mean.
CLAIMS = {
    0.6: (at_least(1, aim=1.4), None),
    0.5: (at_least(1.15, aim=1.7), at_least(1.3)),
    0.3: (at_least(1.75, aim=2.8), at_least(2)),
    0.1: (at_least(3.4, aim=7), at_least(4.4)),
    0.05: (at_least(4.6, aim=12), at_least(6)),
    0.01: (at_least(10), at_least(15)),
}
BOUND = at_most(2.5, aim=1.5)  # ours at half of the links over the roofline, as a geometric mean
TWO_THREADS = at_least(1.7, aim=2)  # one thread over two, batch 128, density .3, where it is least


def benchmark(run: Run) -> None:
    """Time forward and backward together: the gradients by inputs, weights and biases."""
    for threads in sorted({1, run.threads}):
        _compare(run, threads)
    if run.threads > 1:
        _scale(run)
    run.report.notes += [
        "A pass of ours begins with the weights in the order of the structure and ends with their gradient in that "
        "order: what the kernels' own orders cost is in it. Maps are ready in tiles, as inside of a network.",
        "PyTorch: conv2d with autograd, in the faster of its two layouts; 3 x 3 kernels, padding 1, with bias.",
        "'of limit' is the roofline's time over the median: multiply-adds of the links at the peak, or the maps read "
        "and written once in each pass, whichever takes longer.",
        *([] if find_spec("torch") else ["PyTorch was left out: it is not installed."]),
    ]


def _compare(run: Run, threads: int) -> None:
    """Race each size at all densities with PyTorch, and claim the worst and the mean ratio."""
    found: dict[float, list[Figure]] = {density: [] for density in CLAIMS}
    shares: list[Figure] = []
    for size in _sizes(run):
        entries = {
            f"ours, density {density:g}": run.worker(threads=threads).prepare(sparse_passes, density=density, size=size)
            for density in CLAIMS
        }
        for name, layout in LAYOUTS.items() if find_spec("torch") else ():
            entries[name] = run.worker("torch", threads).prepare(dense_passes, layout=layout, size=size)
        timings = run.race(_section(size, threads), entries, threads=threads, rounds=5)
        half = run.report.rows[-len(entries) + list(CLAIMS).index(0.5)]
        shares.append(timings["ours, density 0.5"].figure.times(1 / half["least"]))
        dense = _fastest(timings[name] for name in LAYOUTS if name in timings)
        for density in CLAIMS if dense else ():
            found[density].append(ratio(dense, timings[f"ours, density {density:g}"]))
            name = f"PyTorch / ours, density {density:g}, {_section(size, threads)}"
            run.report.add_fact(name, found[density][-1], "×")
    for density, (worst, mean) in CLAIMS.items() if all(found.values()) else ():
        least = min(found[density], key=lambda figure: figure.value)
        run.report.claim(f"PyTorch / ours, density {density:g}, worst, threads: {threads}", worst, least)
        if mean:
            name = f"PyTorch / ours, density {density:g}, mean, threads: {threads}"
            run.report.claim(name, mean, _geometric_mean(found[density]))
    run.report.claim(f"ours / roofline, density 0.5, threads: {threads}", BOUND, _geometric_mean(shares))


def _scale(run: Run) -> None:
    """Race one thread with several."""
    gains = []
    for size in _sizes(run)[-len(LAYERS) :]:
        entries = {
            f"threads: {threads}": run.worker(threads=threads).prepare(sparse_passes, density=0.3, size=size)
            for threads in (1, run.threads)
        }
        timings = run.race(f"density 0.3, {_section(size, run.threads)} and 1", entries, rounds=5)
        one, more = timings.values()
        gains.append(ratio(one, more))
    run.report.claim(f"1 thread / {run.threads}, worst", TWO_THREADS, min(gains, key=lambda figure: figure.value))


def _sizes(run: Run) -> list[Size]:
    layers, batches = run.pick(LAYERS, ((8, 5),)), run.pick(BATCHES, (16,))
    return [Size(*layer, batch) for batch in batches for layer in layers]


def _fastest(timings: Iterable[Timing]) -> Timing | None:
    return min(timings, key=lambda timing: timing.figure.value, default=None)


def _geometric_mean(figures: list[Figure]) -> Figure:
    columns = zip(*(figure[:3] for figure in figures), strict=True)
    means = (math.exp(sum(map(math.log, column)) / len(column)) for column in columns)
    return Figure(*means, all(figure.quiet for figure in figures))


def _section(size: Size, threads: int) -> str:
    return f"{size.channels}, {size.side} x {size.side}, batch {size.batch}, threads: {threads}"
