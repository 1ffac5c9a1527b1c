"""Vectors of sixteen lanes, or some sixteens, for kernels: a Numba type and the handful of operations on it.

Numba keeps a local array in memory; a value of type `Lanes` lives in registers. One link of a sparse layer then costs
one load and one multiply-add per sixteen columns of the batch, nothing else. LLVM splits the vectors where a machine
has narrower registers. Sums over lanes are taken in a fixed order (halves, halves of halves, ...), so the
bytes of a result depend on nothing but the machine's instruction set.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models
from numba.core.errors import TypingError
from numba.extending import intrinsic, register_model

LANES = 16


class Lanes(types.Type):
    """Sixteen floats of one type, or some sixteens of them, that live in registers."""

    def __init__(self, scalar: Any, count: int = LANES) -> None:
        self.scalar, self.count = scalar, count
        super().__init__(name=f"Lanes({scalar}x{count})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Any) -> None:
        super().__init__(manager, lanes, _vector(lanes.scalar, lanes.count))


def _vector(scalar: Any, count: int = LANES) -> ir.VectorType:
    return ir.VectorType(ir.FloatType() if scalar == types.float32 else ir.DoubleType(), count)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, offset: Any, count: int = LANES) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    address = builder.gep(data, [offset])
    return builder.bitcast(address, _vector(array_type.dtype, count).as_pointer())


def refuse_strides(array: Any) -> None:
    """Flat positions mean nothing in an array with gaps."""
    if array.layout != "C":
        raise TypingError(f"array of layout {array.layout}; expected C-contiguous")


def item_bytes(array_type: Any) -> int:
    """Return the bytes of one number of an array."""
    return array_type.dtype.bitwidth // 8


@intrinsic
def load(typing_context: Any, array: Any, offset: Any) -> Any:
    """Read sixteen numbers of a C-contiguous array, from flat position `offset` on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _pointer(context, builder, signature.args[0], *args)
        return builder.load(address, align=item_bytes(signature.args[0]))

    refuse_strides(array)
    return Lanes(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing_context: Any, array: Any, offset: Any, lanes: Any) -> Any:
    """Write all lanes into a C-contiguous array, from flat position `offset` on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _pointer(context, builder, signature.args[0], args[0], args[1], args[2].type.count)
        builder.store(args[2], address, align=item_bytes(signature.args[0]))
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def broadcast(typing_context: Any, value: Any) -> Any:
    """Repeat one number sixteen times."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = _vector(signature.args[0])
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), args[0], ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)

    return Lanes(value)(value), generate


@intrinsic
def zeros_of(typing_context: Any, array: Any) -> Any:
    """Return sixteen zeros of the array's type."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(_vector(signature.args[0].dtype), None)

    return Lanes(array.dtype)(array), generate


@intrinsic(prefer_literal=True)
def row_of_zeros(typing_context: Any, array: Any, count: Any) -> Any:
    """Return `count` zeros of the array's type, a number of sixteens that is written in the source."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(_vector(array.dtype, count.literal_value), None)

    return Lanes(array.dtype, count.literal_value)(array, count), generate


@intrinsic
def load_like(typing_context: Any, array: Any, offset: Any, like: Any) -> Any:
    """Read as many numbers as `like` has lanes of a C-contiguous array, from flat position `offset` on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _pointer(context, builder, signature.args[0], args[0], args[1], like.count)
        return builder.load(address, align=item_bytes(signature.args[0]))

    refuse_strides(array)
    return like(array, types.intp, like), generate


@intrinsic
def repeat(typing_context: Any, array: Any, offset: Any, like: Any) -> Any:
    """Read the number at flat position `offset` of a C-contiguous array into as many lanes as `like` has."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        value, vector = builder.load(builder.gep(data, [args[1]])), _vector(array.dtype, like.count)
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
        return shuffled(builder, first, ir.Constant(vector, ir.Undefined), [0] * like.count)

    refuse_strides(array)
    return like(array, types.intp, like), generate


@intrinsic
def multiply(typing_context: Any, a: Any, b: Any) -> Any:
    """Return a * b for each lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fmul(*args)

    return a(a, a), generate


@intrinsic
def multiply_add(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c for each lane, rounded once where the machine can."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return fused(builder, *args)

    return a(a, a, a), generate


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Build a * b + c."""
    vector, module = a.type, builder.module
    name = f"llvm.fmuladd.v{vector.count}{'f32' if isinstance(vector.element, ir.FloatType) else 'f64'}"
    function = module.globals.get(name) or ir.Function(module, ir.FunctionType(vector, [vector] * 3), name)
    return builder.call(function, [a, b, c])


@intrinsic
def add(typing_context: Any, a: Any, b: Any) -> Any:
    """Return a + b for each lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(*args)

    return a(a, a), generate


@intrinsic
def positive_part(typing_context: Any, a: Any) -> Any:
    """Return max(a, 0) for each lane; what is not a number stays so."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero = ir.Constant(args[0].type, None)
        return builder.select(builder.fcmp_ordered(">", zero, args[0]), zero, args[0])

    return a(a), generate


@intrinsic
def where_positive(typing_context: Any, condition: Any, a: Any) -> Any:
    """Return zero for each lane where `condition` is zero or below, a elsewhere, also where it is not a number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero = ir.Constant(args[0].type, None)
        return builder.select(builder.fcmp_ordered("<=", args[0], zero), zero, args[1])

    return a(a, a), generate


@intrinsic
def total(typing_context: Any, a: Any) -> Any:
    """Return the sum over the lanes, by halves."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _halved_sum(builder, args[0])

    return a.scalar(a), generate


def shuffled(builder: Any, left: Any, right: Any, lanes: list[int]) -> Any:
    """Build the vector of the given lanes of two vectors, those of the right counted on from those of the left."""
    return builder.shuffle_vector(left, right, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes))


@intrinsic
def prefetch(typing_context: Any, array: Any, offset: Any) -> Any:
    """Ask for the cache line of a number of an array, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        fetch_line(builder, builder.gep(data, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


def fetch_line(builder: Any, pointer: Any) -> None:
    """Build the request for a cache line."""
    address, number, name = builder.bitcast(pointer, ir.IntType(8).as_pointer()), ir.IntType(32), "llvm.prefetch.p0i8"
    function_type = ir.FunctionType(ir.VoidType(), [address.type, number, number, number])
    function = builder.module.globals.get(name) or ir.Function(builder.module, function_type, name)
    builder.call(function, [address, number(0), number(3), number(1)])  # to read, keep in all caches, data


@intrinsic
def store_transposed(
    typing_context: Any, array: Any, offset: Any, stride: Any, r0: Any, r1: Any, r2: Any, r3: Any, r4: Any, r5: Any,
    r6: Any, r7: Any, r8: Any, r9: Any, r10: Any, r11: Any, r12: Any, r13: Any, r14: Any, r15: Any,
) -> Any:  # fmt: skip
    """Write sixteen vectors as columns: lane u of vector j goes to flat position `offset + u * stride + j`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows, step = list(args[3:]), LANES // 2
        while step:  # exchange blocks of `step` lanes between rows that are `step` apart
            keep = [i if i // step % 2 == 0 else i - step + LANES for i in range(LANES)]
            take = [i + step if i // step % 2 == 0 else i + LANES for i in range(LANES)]
            for i in (i for i in range(LANES) if i // step % 2 == 0):
                low, high = rows[i], rows[i + step]
                rows[i], rows[i + step] = shuffled(builder, low, high, keep), shuffled(builder, low, high, take)
            step //= 2
        data, at = context.make_array(signature.args[0])(context, builder, args[0]).data, args[1]
        for row in rows:
            address = builder.bitcast(builder.gep(data, [at]), row.type.as_pointer())
            builder.store(row, address, align=item_bytes(signature.args[0]))
            at = builder.add(at, args[2])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, *([Lanes(array.dtype)] * LANES)), generate


def _halved_sum(builder: Any, vector: Any) -> Any:
    width = vector.type.count
    while width > 1:
        width //= 2
        undefined = ir.Constant(vector.type, ir.Undefined)
        indices = ir.VectorType(ir.IntType(32), width)
        low = builder.shuffle_vector(vector, undefined, ir.Constant(indices, list(range(width))))
        high = builder.shuffle_vector(vector, undefined, ir.Constant(indices, list(range(width, 2 * width))))
        vector = builder.fadd(low, high)
    return builder.extract_element(vector, ir.IntType(32)(0))
