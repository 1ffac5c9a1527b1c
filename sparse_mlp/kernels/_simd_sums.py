"""Sums over the lanes of several vectors at once, which cost less than the sums one by one. Read `_simd` first."""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import intrinsic

from sparse_mlp.kernels._simd import LANES, Lanes, fused, item_bytes, refuse_strides, shuffled


@intrinsic
def multiply_fold(typing_context: Any, a: Any, b: Any) -> Any:
    """Return the sixteens of a * b added up, the first first."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        folded = None
        for start in range(0, a.count, LANES):
            lanes = list(range(start, start + LANES))
            x, y = (shuffled(builder, vector, vector, lanes) for vector in args)
            folded = builder.fmul(x, y) if folded is None else fused(builder, x, y, folded)
        return folded

    return Lanes(a.scalar)(a, a), generate


@intrinsic
def sums_of_four(typing_context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return four lanes, the sums over the lanes of each of four vectors; cheaper than two single sums."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, c, d = (_halved(builder, vector) for vector in args)  # eight lanes each
        ab, cd = _interleaved_sum(builder, a, b, 1), _interleaved_sum(builder, c, d, 1)
        return _halved(builder, _interleaved_sum(builder, ab, cd, 2))

    return Lanes(a.scalar, 4)(a, b, c, d), generate


@intrinsic
def add_rows(typing_context: Any, array: Any, offset: Any, stride: Any, lanes: Any) -> Any:
    """Add four lanes to a C-contiguous array: two at flat position `offset`, two at `offset + stride`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = [shuffled(builder, args[3], args[3], part) for part in ([0, 1], [2, 3])]
        _add_to_rows(context, builder, array, args, rows)
        return context.get_dummy_value()

    refuse_strides(array)
    return types.void(array, types.intp, types.intp, lanes), generate


@intrinsic
def add_columns(typing_context: Any, array: Any, offset: Any, stride: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Add the columns a, b, c, d of four lanes each to a C-contiguous array: row i at `offset + i * stride`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        (a, b, c, d), rows = args[3:], []
        for taking_turns in ([0, 4, 1, 5], [2, 6, 3, 7]):
            ab, cd = shuffled(builder, a, b, taking_turns), shuffled(builder, c, d, taking_turns)
            rows += [shuffled(builder, ab, cd, half) for half in ([0, 1, 4, 5], [2, 3, 6, 7])]
        _add_to_rows(context, builder, array, args, rows)
        return context.get_dummy_value()

    refuse_strides(array)
    return types.void(array, types.intp, types.intp, a, a, a, a), generate


def _add_to_rows(context: Any, builder: Any, array: Any, args: Any, rows: list[Any]) -> None:
    data, at = context.make_array(array)(context, builder, args[0]).data, args[1]
    for row in rows:
        address = builder.bitcast(builder.gep(data, [at]), row.type.as_pointer())
        old = builder.load(address, align=item_bytes(array))
        builder.store(builder.fadd(old, row), address, align=item_bytes(array))
        at = builder.add(at, args[2])


def _halved(builder: Any, vector: Any) -> Any:
    """Add the upper half of the lanes to the lower."""
    width = vector.type.count // 2
    low, high = (shuffled(builder, vector, vector, list(range(i, i + width))) for i in (0, width))
    return builder.fadd(low, high)


def _interleaved_sum(builder: Any, a: Any, b: Any, run: int) -> Any:
    """Add the upper two of each four lanes to the lower two, of a and of b; runs of lanes of both then take turns.

    Runs of one: (a0 + a2, b0 + b2, a1 + a3, b1 + b3, a4 + a6 …); of two: (a0 + a2, a1 + a3, b0 + b2, b1 + b3 …).
    """
    low = [start + i + lane for start in (0, 4) for i in range(0, 2, run) for lane in _both(run)]
    high = [lane + 2 for lane in low]
    return builder.fadd(shuffled(builder, a, b, low), shuffled(builder, a, b, high))


def _both(run: int) -> list[int]:
    return [side + i for side in (0, 8) for i in range(run)]
