"""Choices and comparisons between vectors, and vectors of wider numbers. Read `_simd` first."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from sparse_mlp.kernels._simd import Lanes


@intrinsic
def subtract(typing_context: Any, a: Any, b: Any) -> Any:
    """Return a - b for each lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fsub(*args)

    return a(a, a), generate


@intrinsic
def widen(typing_context: Any, a: Any) -> Any:
    """Return the lanes as float64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if a.scalar == types.float64:
            return args[0]
        return builder.fpext(args[0], ir.VectorType(ir.DoubleType(), a.count))

    return Lanes(types.float64, a.count)(a), generate


@intrinsic
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """Return the larger number of each lane, a where they are equal; what is not a number wins."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b = args
        takes_b = builder.or_(builder.fcmp_ordered(">", b, a), builder.fcmp_unordered("uno", b, b))
        return builder.select(takes_b, b, a)

    return a(a, a), generate


@intrinsic
def where_equal(typing_context: Any, a: Any, b: Any, value: Any) -> Any:
    """Return `value` for each lane where a and b are equal or not numbers, zero elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, value = args
        return builder.select(builder.fcmp_unordered("==", a, b), value, ir.Constant(value.type, None))

    return a(a, a, a), generate


@intrinsic
def where_different(typing_context: Any, a: Any, b: Any, value: Any) -> Any:
    """Return zero where `where_equal` returns `value`, and the other way round."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, value = args
        return builder.select(builder.fcmp_unordered("==", a, b), ir.Constant(value.type, None), value)

    return a(a, a, a), generate
