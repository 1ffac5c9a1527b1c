"""Patches of a map in registers: vectors of sixteen samples at neighbouring positions. Read `_simd` first.

A `Patch` holds one vector of sixteen lanes for each of some rows and columns of a channel, of one tile or of some. How
many is part of its type, so that LLVM keeps all vectors in registers. In memory they are `pitch` numbers apart: a
triple, from tile to tile, from row to row and from column to column. Flat positions are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

from sparse_mlp.kernels._simd import LANES, Lanes, fetch_line, fused, item_bytes, refuse_strides, shuffled

AT_ONCE = 4  # sums of products that need not wait for each other


class Patch(types.Type):
    """Vectors of sixteen floats for some tiles, rows and columns."""

    def __init__(self, scalar: Any, tiles: int, rows: int, columns: int) -> None:
        self.scalar, self.sides = scalar, (tiles, rows, columns)
        self.count = tiles * rows * columns
        super().__init__(name=f"Patch({scalar}x{tiles}x{rows}x{columns})")


@register_model(Patch)
class _PatchModel(models.PrimitiveModel):
    def __init__(self, manager: Any, patch: Any) -> None:
        super().__init__(manager, patch, ir.ArrayType(_vector(patch.scalar), patch.count))


@intrinsic
def patch_of_zeros(typing_context: Any, array: Any, tiles: Any, rows: Any, columns: Any) -> Any:
    """Return zeros of the array's type for as many tiles, rows and columns as the three tuples have entries."""
    patch = Patch(array.dtype, tiles.count, rows.count, columns.count)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(ir.ArrayType(_vector(array.dtype), patch.count), None)

    return patch(array, tiles, rows, columns), generate


@intrinsic
def patch_of(typing_context: Any, array: Any, offset: Any, like: Any) -> Any:
    """Repeat the number at a flat position in all lanes of a patch."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = _repeated(context, builder, signature.args[0], args[0], args[1])
        return _packed(builder, like, [vector] * like.count)

    refuse_strides(array)
    return like(array, types.intp, like), generate


@intrinsic
def load_patch(typing_context: Any, array: Any, offset: Any, pitch: Any, like: Any) -> Any:
    """Read a patch whose first number is at a flat position."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _packed(builder, like, list(_loads(context, builder, array, args[0], args[1], args[2], like)))

    refuse_strides(array)
    return like(array, types.intp, pitch, like), generate


@intrinsic
def store_patch(typing_context: Any, array: Any, offset: Any, pitch: Any, patch: Any) -> Any:
    """Write a patch whose first number goes to a flat position."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        addresses = _addresses(context, builder, array, args[0], args[1], args[2], patch)
        for i, address in enumerate(addresses):
            builder.store(builder.extract_value(args[3], i), address, align=item_bytes(array))
        return context.get_dummy_value()

    refuse_strides(array)
    return types.void(array, types.intp, pitch, patch), generate


@intrinsic
def fetch_patch(typing_context: Any, array: Any, offset: Any, pitch: Any, like: Any) -> Any:
    """Ask for the cache lines of a patch, without waiting for them."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for address in _addresses(context, builder, array, args[0], args[1], args[2], like):
            fetch_line(builder, address)
        return context.get_dummy_value()

    refuse_strides(array)
    return types.void(array, types.intp, pitch, like), generate


@intrinsic
def add_scaled(typing_context: Any, patch: Any, factors: Any, k: Any, array: Any, offset: Any, pitch: Any) -> Any:
    """Return a patch plus `factors[k]` times the one at a flat position of an array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        factor = _repeated(context, builder, factors, args[1], args[2])
        found = [
            fused(builder, factor, vector, builder.extract_value(args[0], i))
            for i, vector in enumerate(_loads(context, builder, array, *args[3:6], patch))
        ]
        return _packed(builder, patch, found)

    refuse_strides(array)
    return patch(patch, factors, types.intp, array, types.intp, pitch), generate


@intrinsic
def products(typing_context: Any, patch: Any, array: Any, offset: Any, pitch: Any) -> Any:
    """Return, lane by lane, the sum over a patch of its numbers times those at a flat position of an array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums: list[Any] = []
        for i, vector in enumerate(_loads(context, builder, array, *args[1:4], patch)):
            own = builder.extract_value(args[0], i)
            if i < AT_ONCE:
                sums.append(builder.fmul(own, vector))
            else:
                sums[i % AT_ONCE] = fused(builder, own, vector, sums[i % AT_ONCE])
        while len(sums) > 1:
            half = (len(sums) + 1) // 2
            sums = [builder.fadd(*pair) for pair in zip(sums, sums[half:], strict=False)] + sums[len(sums) // 2 : half]
        return sums[0]

    refuse_strides(array)
    return Lanes(patch.scalar)(patch, array, types.intp, pitch), generate


@intrinsic
def add_patches(typing_context: Any, a: Any, b: Any) -> Any:
    """Return the sum of two patches."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _packed(builder, a, [builder.fadd(*(builder.extract_value(x, i) for x in args)) for i in range(a.count)])

    return a(a, a), generate


@intrinsic
def positive_patch(typing_context: Any, patch: Any) -> Any:
    """Return max(x, 0) for each number; what is not a number stays so."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero, found = ir.Constant(_vector(patch.scalar), None), []
        for i in range(patch.count):
            x = builder.extract_value(args[0], i)
            found.append(builder.select(builder.fcmp_ordered(">", zero, x), zero, x))
        return _packed(builder, patch, found)

    return patch(patch), generate


@intrinsic
def where_patch_positive(typing_context: Any, condition: Any, patch: Any) -> Any:
    """Return zero where `condition` is zero or below, the patch elsewhere, also where it is not a number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero, found = ir.Constant(_vector(patch.scalar), None), []
        for i in range(patch.count):
            x, d = (builder.extract_value(arg, i) for arg in args)
            found.append(builder.select(builder.fcmp_ordered("<=", x, zero), zero, d))
        return _packed(builder, patch, found)

    return patch(patch, patch), generate


@intrinsic
def read(typing_context: Any, array: Any, k: Any) -> Any:
    """Return the number at a flat position, an integer as one of full width; the position is not checked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(array)(context, builder, args[0]).data
        return context.cast(builder, builder.load(builder.gep(data, [args[1]])), array.dtype, signature.return_type)

    refuse_strides(array)
    found = types.intp if isinstance(array.dtype, types.Integer) else array.dtype
    return found(array, types.intp), generate


@intrinsic
def place(typing_context: Any, order: Any, k: Any) -> Any:
    """Return `order[k]`, or k where the order is an empty tuple: nothing is to be looked up then."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not isinstance(order, types.Array):
            return args[1]
        number = builder.load(builder.gep(context.make_array(order)(context, builder, args[0]).data, [args[1]]))
        return context.cast(builder, number, order.dtype, types.intp)

    return types.intp(order, types.intp), generate


@intrinsic
def add_at(typing_context: Any, array: Any, k: Any, value: Any) -> Any:
    """Add a number to the one at a flat position, which is not checked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = builder.gep(context.make_array(array)(context, builder, args[0]).data, [args[1]])
        builder.store(builder.fadd(builder.load(address), args[2]), address)
        return context.get_dummy_value()

    refuse_strides(array)
    return types.void(array, types.intp, array.dtype), generate


def _vector(scalar: Any) -> ir.VectorType:
    return ir.VectorType(ir.FloatType() if scalar == types.float32 else ir.DoubleType(), LANES)


def _packed(builder: Any, patch: Any, vectors: list[Any]) -> Any:
    found = ir.Constant(ir.ArrayType(_vector(patch.scalar), patch.count), ir.Undefined)
    for i, vector in enumerate(vectors):
        found = builder.insert_value(found, vector, i)
    return found


def _repeated(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    undefined = ir.Constant(_vector(array_type.dtype), ir.Undefined)
    first = builder.insert_element(undefined, builder.load(builder.gep(data, [at])), ir.IntType(32)(0))
    return shuffled(builder, first, undefined, [0] * LANES)


def _loads(
    context: Any, builder: Any, array_type: Any, array: Any, offset: Any, pitch: Any, patch: Any
) -> Iterator[Any]:
    for address in _addresses(context, builder, array_type, array, offset, pitch, patch):
        yield builder.load(address, align=item_bytes(array_type))


def _addresses(
    context: Any, builder: Any, array_type: Any, array: Any, offset: Any, pitch: Any, patch: Any
) -> Iterator[Any]:
    """Yield the address of each vector of a patch in memory, tile by tile, row by row."""
    start = builder.gep(context.make_array(array_type)(context, builder, array).data, [offset])
    starts = [start]
    for axis, side in enumerate(patch.sides):
        step = builder.extract_value(pitch, axis)
        starts = [
            builder.gep(start, [builder.mul(step, ir.Constant(step.type, i))]) if i else start
            for start in starts for i in range(side)
        ]  # fmt: skip
    for start in starts:
        yield builder.bitcast(start, _vector(patch.scalar).as_pointer())
