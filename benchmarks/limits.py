"""What the machine could do at best, measured by compiled loops in a worker."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.roofline import cache_bytes
from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels._simd import add, broadcast, load, multiply_add, total

MULTIPLY_ADDS = 7 * 16  # of `multiply_adds`, each round: seven chains hide the latency and fit into sixteen registers
READ_AT_ONCE = 8 * 16  # numbers; the length of what `read_all` reads must be a multiple of it


@jit
def multiply_adds(rounds: int, start: np.float32) -> float:
    """Do `rounds` times `MULTIPLY_ADDS` multiply-adds in registers."""
    factor, term = broadcast(np.float32(0.5)), broadcast(np.float32(1))
    y0, y1, y2, y3 = factor, term, broadcast(np.float32(3)), broadcast(np.float32(4))
    y4, y5, y6 = broadcast(np.float32(5)), broadcast(np.float32(6)), broadcast(start)
    for _ in range(rounds):
        y0, y1, y2 = multiply_add(factor, y0, term), multiply_add(factor, y1, term), multiply_add(factor, y2, term)
        y3, y4, y5 = multiply_add(factor, y3, term), multiply_add(factor, y4, term), multiply_add(factor, y5, term)
        y6 = multiply_add(factor, y6, term)
    return total(add(add(add(y0, y1), add(y2, y3)), add(add(y4, y5), y6)))


@jit
def read_all(data: NDArray[np.float32], rounds: int) -> float:
    """Read data (n,) `rounds` times from end to end and return the sum."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = broadcast(np.float32(0))
    for _ in range(rounds):
        for at in range(0, len(data), 128):
            s0, s1 = add(s0, load(data, at)), add(s1, load(data, at + 16))
            s2, s3 = add(s2, load(data, at + 32)), add(s3, load(data, at + 48))
            s4, s5 = add(s4, load(data, at + 64)), add(s5, load(data, at + 80))
            s6, s7 = add(s6, load(data, at + 96)), add(s7, load(data, at + 112))
    return total(add(add(add(s0, s1), add(s2, s3)), add(add(s4, s5), add(s6, s7))))


def measure(threads: int, repeats: int) -> dict[str, float]:
    """Return the best of some repeats of each measurement, as other work can only slow them down.

    ``fma`` are float32 operations per second in registers, ``L2``, ``L3`` and ``DRAM`` bytes read per second.
    """
    rounds = 1_000_000
    computing = _best([lambda: multiply_adds(rounds, np.float32(2))] * threads, repeats)
    return {
        "threads": threads,
        "fma": 2 * threads * rounds * MULTIPLY_ADDS / computing,
        "L2": _read(threads, cache_bytes(2) // 2, repeats),
        "L3": _read(threads, min(4 * cache_bytes(2), cache_bytes(3) // (2 * threads)), repeats),
        "DRAM": _read(threads, 4 * cache_bytes(3) // threads, repeats),
    }


def _read(threads: int, bytes_each: int, repeats: int) -> float:
    n = max(1, bytes_each // (4 * READ_AT_ONCE)) * READ_AT_ONCE
    rounds, parts = max(1, 2**27 // (4 * n)), [np.ones(n, np.float32) for _ in range(threads)]
    seconds = _best([lambda part=part: read_all(part, rounds) for part in parts], repeats)  # type: ignore[misc]
    return threads * 4 * n * rounds / seconds


def _best(calls: list[Callable[[], Any]], repeats: int) -> float:
    """Return the least seconds that the calls took, each in a thread; the first time, which compiles, is left out."""
    taken = []
    with ThreadPoolExecutor(len(calls)) as pool:
        for _ in range(1 + repeats):
            began = perf_counter()
            list(pool.map(lambda call: call(), calls))
            taken.append(perf_counter() - began)
    return min(taken[1:])
