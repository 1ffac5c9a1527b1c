"""The kernel calls of a pass, recorded once and run again.

To walk through a tree of layers takes Python some 100 microseconds for each group of tiles, once the kernels have
filled the caches: half as long as all kernels of a network with 30,000 links. Yet the calls are the same in each step,
and so are the places of their arrays, see `tiles.Arena`. So a network walks once and then repeats the calls. The public
kernels call the compiled ones by `launch`; `layers.Layer.replays` says what else that asks of a layer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Calls = list[tuple[Callable[..., Any], tuple[Any, ...]]]


class _Here(threading.local):
    calls: Calls | None = None  # what this thread records


_here = _Here()


def launch(kernel: Callable[..., Any], *args: Any) -> None:
    """Call a kernel that writes into its arguments; remember the call where calls are recorded."""
    kernel(*args)
    if _here.calls is not None:
        _here.calls.append((kernel, args))


@contextmanager
def recorded() -> Iterator[Calls]:
    """Collect what this thread launches while the context is open."""
    _here.calls = calls = Calls()
    try:
        yield calls
    finally:
        _here.calls = None


def replay(calls: Calls) -> None:
    """Make recorded calls once more, on what their arrays hold now."""
    for kernel, args in calls:
        kernel(*args)
