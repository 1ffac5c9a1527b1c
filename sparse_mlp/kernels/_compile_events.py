"""Numba's events of compiling, passed on for the kernels of this package."""

from __future__ import annotations

from functools import cache

from numba.core.event import Event, Listener, register

from sparse_mlp.kernels.compilation import compilation


class _Kernels(Listener):
    """Leave out what somebody else compiles with Numba."""

    def on_start(self, event: Event) -> None:
        """A kernel was not in the cache."""
        if module := _module(event):
            compilation.begin(module)

    def on_end(self, event: Event) -> None:
        """It is compiled, or cannot be."""
        if _module(event):
            compilation.end()


def _module(event: Event) -> str:
    module = event.data["dispatcher"].py_func.__module__
    return module if module.startswith("sparse_mlp.") else ""


@cache
def follow_compilation() -> None:
    """Report to `compilation` from now on."""
    register("numba:compile", _Kernels())
