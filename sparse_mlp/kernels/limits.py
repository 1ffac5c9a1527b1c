"""What the machine could do at best: compiled loops for the bench.

Each loop runs the same work on every thread, so the limits of one core and of several are measured alike.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import parallel_jit, prange
from sparse_mlp.kernels._simd import add, broadcast, load, multiply_add, total

Array = NDArray[Any]

MULTIPLY_ADDS = 7 * 16  # of `multiply_adds`, each round: seven chains hide the latency and fit into sixteen registers
READ_AT_ONCE = 8 * 16  # numbers; rows of `read_all` must be a multiple of it


@parallel_jit
def multiply_adds(rounds: int, out: Array) -> None:
    """Do `rounds` times `MULTIPLY_ADDS` multiply-adds in registers, once for each entry of out (threads,)."""
    for t in prange(len(out)):
        factor, term = broadcast(out.dtype.type(0.5)), broadcast(out.dtype.type(1))
        y0, y1, y2, y3 = factor, term, broadcast(out.dtype.type(3)), broadcast(out.dtype.type(4))
        y4, y5, y6 = broadcast(out.dtype.type(5)), broadcast(out.dtype.type(6)), broadcast(out[t])
        for _ in range(rounds):
            y0, y1, y2 = multiply_add(factor, y0, term), multiply_add(factor, y1, term), multiply_add(factor, y2, term)
            y3, y4, y5 = multiply_add(factor, y3, term), multiply_add(factor, y4, term), multiply_add(factor, y5, term)
            y6 = multiply_add(factor, y6, term)
        out[t] = total(add(add(add(y0, y1), add(y2, y3)), add(add(y4, y5), y6)))


@parallel_jit
def read_all(data: Array, rounds: int, out: Array) -> None:
    """Read each row of data (threads, n) `rounds` times from end to end and leave the sums in out (threads,)."""
    n = data.shape[1]
    for t in prange(len(out)):
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = broadcast(out.dtype.type(0))
        for _ in range(rounds):
            for at in range(t * n, (t + 1) * n, 128):
                s0, s1 = add(s0, load(data, at)), add(s1, load(data, at + 16))
                s2, s3 = add(s2, load(data, at + 32)), add(s3, load(data, at + 48))
                s4, s5 = add(s4, load(data, at + 64)), add(s5, load(data, at + 80))
                s6, s7 = add(s6, load(data, at + 96)), add(s7, load(data, at + 112))
        out[t] = total(add(add(add(s0, s1), add(s2, s3)), add(add(s4, s5), add(s6, s7))))
