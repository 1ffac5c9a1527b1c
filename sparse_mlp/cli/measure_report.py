"""Measures of a network and its layers as a table and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sparse_mlp.measures import Repeated
from sparse_mlp.measures.power_law import EXPONENTS
from sparse_mlp.structure import SparseStructure

COLUMNS = 4  # side by side, so that a line fits 100 signs
WIDTH = 17

Values = dict[str, Any]


def measure_result(
    structures: Sequence[SparseStructure], values: Sequence[Values], chain: Sequence[SparseStructure] | None = None
) -> dict[str, Any]:
    """Return all values as plain JSON types; what is undefined or was not measured is None.

    The values are of the whole network, then of each layer; of the network alone if it is one layer. `chain` holds the
    layers as the network was measured, if it was not as they are.
    """
    plain = [{name: _json(one.get(name)) for name in _names(values)} for one in values]
    shapes = [list(structure.shape) for structure in structures]
    layers, chain = plain[1:] or plain, chain or structures
    return {
        "sizes": [chain[0].n_in, *(structure.n_out for structure in chain)],
        "network": plain[0],
        "layers": [{"shape": shape, **layer} for shape, layer in zip(shapes, layers, strict=True)],
    }


def measure_table(structures: Sequence[SparseStructure], values: Sequence[Values]) -> str:
    """Return all values as text for a terminal, at most `COLUMNS` graphs side by side."""
    shapes = [f"{structure.n_in} x {structure.n_out}" for structure in structures]
    heads = ["network", *shapes] if len(values) > 1 else shapes
    names = _names(values)
    width = max(map(len, ["measure", *names])) + 2
    blocks = []
    for first in range(0, len(values), COLUMNS):
        shown = slice(first, first + COLUMNS)
        lines = [f"{'measure':<{width}}" + "".join(f"{head:>{WIDTH}}" for head in heads[shown])]
        for name in names:
            cells = "".join(f"{_text(name, one.get(name)):>{WIDTH}}" for one in values[shown])
            lines.append(f"{name:<{width}}{cells}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _names(values: Sequence[Values]) -> list[str]:
    """Return the measures that some graph has, in the order in which a layer has them."""
    return list(dict.fromkeys(name for one in reversed(values) for name in one))


def _text(name: str, value: Any) -> str:
    if name == "gamma" and value is not None and value >= EXPONENTS[-1]:
        return f"≥ {EXPONENTS[-1]:g}"  # the fit looks no further
    if value is None:
        return "-"
    if isinstance(value, Repeated):
        return str(value)
    if math.isnan(value):
        return "undefined"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4f}"


def _json(value: Any) -> Any:
    if isinstance(value, Repeated):
        return {"mean": _json(value.mean), "std": _json(value.std), "repeats": len(value.values)}
    if value is None or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(value)
