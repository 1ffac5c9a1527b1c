"""The large network in a process of its own, so that its peak of memory is its own too.

Run as ``python -m sparse_mlp.bench.memory THREADS``; it prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from sparse_mlp.bench.epoch import time_epochs
from sparse_mlp.bench.job import make_job
from sparse_mlp.bench.peers import Ours, step
from sparse_mlp.bench.timing import interleave
from sparse_mlp.kernels.threads import threads_limited
from sparse_mlp.machine import peak_memory

Shape = tuple[tuple[int, ...], dict[str, Any]]

SMALL: Shape = ((784, 1000, 1000, 1000, 10), {"density": 0.01})
LARGE: Shape = ((10_000, 50_000, 50_000, 10), {"epsilon": 10.0})


def measure_large(threads: int, *, rounds: int = 7, slice_seconds: float = 0.3) -> dict[str, Any]:
    """Train the large network for short epochs with updates between, then time its step beside the small one's.

    Parameters
    ----------
    threads : int
    rounds, slice_seconds
        As in `interleave`.

    Returns
    -------
    dict
        ``peak_bytes`` after training, timing and an evaluation; ``links`` and ``timings`` of both; ``epoch`` as in
        `EpochCost`.
    """
    with threads_limited(threads):
        large = make_job("large", LARGE[0], batch=128, n_samples=512, **LARGE[1])
        small = make_job("small", SMALL[0], batch=128, n_samples=512, **SMALL[1])
        cost = time_epochs(large, epochs=3)
        ours = {job.name: Ours(job) for job in (small, large)}
        candidates = {name: step(rival) for name, rival in ours.items()}
        timings = interleave(candidates, rounds=rounds, slice_seconds=slice_seconds)
        ours["large"].model.predict_scores(large.x)  # evaluation has a workspace of its own, beside that of training
    return {
        "peak_bytes": peak_memory() or 0,
        "links": {job.name: sum(job.links) for job in (small, large)},
        "timings": {name: asdict(timing) for name, timing in timings.items()},
        "epoch": asdict(cost),
        "flops": large.flops,
        "bytes_read": large.bytes_read,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure_large(int(sys.argv[1]))) + "\n")
