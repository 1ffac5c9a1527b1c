"""The machine's limits, measured in the same run, and the roofline that they put over a training step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from sparse_mlp.errors import SparseMLPError, describe
from sparse_mlp.kernels.dispatch import choose_backend

if TYPE_CHECKING:
    from sparse_mlp.bench.job import Job

L2_BYTES, L3_BYTES = 2**20, 2**25  # where the system does not tell
TILE = 64  # columns that one thread takes through the network at a time


@dataclass(frozen=True)
class Limits:
    """Hold the best that was seen with a number of threads.

    Attributes
    ----------
    threads : int
    fma, sgemm : float
        float32 operations per second, in registers and in NumPy's matrix product.
    l2, l3, dram : float
        Bytes read per second.
    """

    threads: int
    fma: float
    sgemm: float
    l2: float
    l3: float
    dram: float


@dataclass(frozen=True)
class Roofline:
    """Hold the least time of a training step and what sets it: ``fma``, ``L2``, ``L3`` or ``DRAM``."""

    seconds: float
    bound: str


def check_compiled() -> None:
    """Refuse to measure kernels that are not compiled.

    Raises
    ------
    SparseMLPError
        If Numba's compiler is switched off, or another backend is asked for.
    """
    from sparse_mlp.kernels._jit import JIT_ENABLED

    if not JIT_ENABLED:
        raise SparseMLPError(describe("NUMBA_DISABLE_JIT=1", "unset", "the bench measures compiled kernels"))
    backend = choose_backend()
    if backend.name != "numba":
        raise SparseMLPError(describe(f"backend {backend.name} ({backend.reason})", "numba"))


def cache_bytes(level: int) -> int:
    """Return the size of the second- or third-level cache that a core sees."""
    for entry in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            if int((entry / "level").read_text()) == level:
                return int((entry / "size").read_text().strip().rstrip("K")) * 1024
        except (OSError, ValueError):
            continue
    return L2_BYTES if level == 2 else L3_BYTES


def measure_limits(threads: int, *, repeats: int = 200, one: Limits | None = None) -> Limits:
    """Measure what the machine can do with a number of threads; call it inside `threads_limited`.

    Parameters
    ----------
    threads : int
    repeats : int
        Short repeats of each measurement; the best one counts, as other work can only slow it down.
    one : Limits, optional
        Of one core. Arithmetic and second-level cache are each core's own, so several cores can do that many times as
        much, even where other work kept this from being seen.

    Returns
    -------
    Limits
    """
    fma, l2 = (threads * one.fma, threads * one.l2) if one else (0.0, 0.0)
    return Limits(
        threads=threads,
        fma=max(fma, _peak(threads, repeats)),
        sgemm=_sgemm(max(1, repeats // 20)),
        l2=max(l2, _read(threads, cache_bytes(2) // 2, repeats)),
        l3=_read(threads, min(4 * cache_bytes(2), cache_bytes(3) // (2 * threads)), repeats),
        dram=_read(threads, 4 * cache_bytes(3) // threads, max(1, repeats // 40)),
    )


def roofline(job: Job, limits: Limits) -> Roofline:
    """Return the least time that forward and backward of a job can take.

    Parameters
    ----------
    job : Job
    limits : Limits
        With as many threads as the job runs on.

    Returns
    -------
    Roofline
        The larger of the time for the operations and the time for the reads.

    Notes
    -----
    With feature-major activations each link reads one row of the batch forward and one backward; all other operands
    stay in registers: bytes = 2 * links * batch * 4. Operations = 2 * batch * (3 * links - links of the first layer),
    as nobody needs the gradient by the input. The rows come from the cache that holds the widest layer of a
    tile of 64 columns: the second level is each core's own, the third is shared.
    """
    return bound_by(job.flops, job.bytes_read, max(job.sizes) * min(TILE, job.batch) * 4, limits)


def bound_by(flops: float, bytes_read: float, tile_bytes: int, limits: Limits) -> Roofline:
    """Return the least time for so many operations and reads, these from the cache that holds a tile of each thread."""
    if tile_bytes <= cache_bytes(2):
        level, rate = "L2", limits.l2
    elif tile_bytes * limits.threads <= cache_bytes(3):
        level, rate = "L3", limits.l3
    else:
        level, rate = "DRAM", limits.dram
    reading, computing = bytes_read / rate, flops / limits.fma
    return Roofline(computing, "fma") if computing > reading else Roofline(reading, level)


def _best(call: Callable[[], object], repeats: int) -> float:
    call()
    best = float("inf")
    for _ in range(repeats):
        began = perf_counter()
        call()
        best = min(best, perf_counter() - began)
    return best


def _peak(threads: int, repeats: int) -> float:
    from sparse_mlp.kernels.limits import MULTIPLY_ADDS, multiply_adds

    out, rounds = np.zeros(threads, np.float32), 20_000
    return 2 * threads * rounds * MULTIPLY_ADDS / _best(lambda: multiply_adds(rounds, out), repeats)


def _read(threads: int, bytes_each: int, repeats: int) -> float:
    from sparse_mlp.kernels.limits import READ_AT_ONCE, read_all

    n = max(1, bytes_each // (4 * READ_AT_ONCE)) * READ_AT_ONCE
    data, out = np.ones((threads, n), np.float32), np.zeros(threads, np.float32)
    rounds = max(1, 2**25 // data.nbytes)
    return data.nbytes * rounds / _best(lambda: read_all(data, rounds, out), repeats)


def _sgemm(repeats: int, n: int = 1024) -> float:
    a = np.ones((n, n), np.float32)
    out = np.empty_like(a)
    return 2 * n**3 / _best(lambda: np.matmul(a, a, out=out), repeats)
