"""Looking out for work for some microseconds before going to sleep, without holding the interpreter lock.

To wake a sleeping thread on another core takes 20 to 50 microseconds (measured on a virtual machine), as long as a
whole layer of a small network. Parallel regions of a training step follow each other within less, so the threads of
`pool` look for the next one for a moment. It is a short moment, since on a busy machine others want the core.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Flag = NDArray[Any]  # int64 (1,)

LOOKS = 3000  # some 80 microseconds on a processor that pauses
UNLOCK_PAUSES = 30  # by then the other thread has let go of the interpreter lock


@jit
def wait_for_change(flag: Flag, seen: int) -> None:
    """Return when the flag is no longer what was seen, or after a while."""
    for _ in range(LOOKS):
        if _peek(flag) != seen:
            for _ in range(UNLOCK_PAUSES):
                _pause()
            return
        _pause()


@jit
def leave_and_wait(left: Flag, posted: Flag, seen: int) -> None:
    """Raise a flag, then wait for another to change."""
    _raise(left)
    wait_for_change(posted, seen)


@intrinsic
def _peek(typing_context: Any, flag: Any) -> Any:
    """Read the flag from memory, even where the compiler knows an earlier value."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_address(context, builder, signature, args), "acquire", 8)

    return types.int64(flag), generate


@intrinsic
def _raise(typing_context: Any, flag: Any) -> Any:
    """Set the flag to 1, after everything that was written before."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one = ir.Constant(ir.IntType(64), 1)
        builder.store_atomic(one, _address(context, builder, signature, args), "release", 8)
        return context.get_dummy_value()

    return types.void(flag), generate


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return context.make_array(signature.args[0])(context, builder, args[0]).data


@intrinsic
def _pause(typing_context: Any) -> Any:
    """Give the other thread of the core some cycles, where the processor has an instruction for it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if platform.machine().lower() in ("x86_64", "amd64"):
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(builder.module.declare_intrinsic("llvm.x86.sse2.pause", (), kind), [])
        return context.get_dummy_value()

    return types.void(), generate
