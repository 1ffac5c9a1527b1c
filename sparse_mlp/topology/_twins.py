"""Where the wiring's loops come from: the reference if that backend is chosen, else the fast twins."""

from __future__ import annotations

import importlib
from types import ModuleType

from sparse_mlp.kernels.dispatch import choose_backend


def twin(room: str, backend: str | None = None) -> ModuleType:
    """Return the module `room` ("topology" or "evolution") of the chosen backend; all give the same bytes."""
    side = "reference" if choose_backend(backend).name == "reference" else "kernels"
    return importlib.import_module(f"sparse_mlp.{side}.{room}")
