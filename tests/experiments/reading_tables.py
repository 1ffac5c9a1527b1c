"""Read the CSV file of quantities again."""

from __future__ import annotations

import csv
from pathlib import Path

from sparse_mlp.experiments.reproduction.published import Published
from sparse_mlp.experiments.reproduction.quantities import Quantities, Quantity
from sparse_mlp.experiments.reproduction.tables import NUMBER_COLUMNS


def read_quantities(path: Path) -> Quantities:
    """Return what `write_quantities` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    found: dict[tuple[str, ...], dict[int, float]] = {}
    for line in lines:
        key = tuple(line[name] for name in NUMBER_COLUMNS if name not in ("seed", "value"))
        found.setdefault(key, {})[int(line["seed"])] = float(line["value"])
    return Quantities([
        Quantity(*key, values, Published(float(mean), float(spread) if spread else None) if mean else None)
        for (*key, mean, spread), values in found.items()
    ])  # fmt: skip
