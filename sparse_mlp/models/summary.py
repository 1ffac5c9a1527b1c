"""What a network stores, layer by layer, and what a dense one would store."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from sparse_mlp.layers.base import leaves
from sparse_mlp.models.network import Network

MOST_LINES = 24  # of the table; with more layers, those that differ by a number share a line
WIDEST_NAME = 20  # columns of a name that leave room for what a dense layer would store


class LayerSummary(NamedTuple):
    """One line of the table.

    Attributes
    ----------
    name : str
    shape : (int, int)
        Neurons on either side; features that a network adds to its input as padding count.
    links : int
    density : float
        Fraction of the possible links.
    bytes_stored, bytes_if_dense : int
        Of weights, indices and biases, not of gradients or optimizer state.
    link_size : int
        Neurons that a link joins on either side.
    note : str
        What else there is to say.
    """

    name: str
    shape: tuple[int, int]
    links: int
    density: float
    bytes_stored: int
    bytes_if_dense: int
    link_size: int = 1
    note: str = ""


def summarize(model: Network) -> list[LayerSummary]:
    """Return one line for each layer that has a weight, in the order of the forward pass."""
    return [_line(path, layer) for path, layer in leaves(model.root) if "weight" in layer.parameters()]


def _line(path: str, layer: Any) -> LayerSummary:
    n_in, n_out = layer.shape
    others = sum(array.nbytes for name, array in layer.parameters().items() if name != "weight")
    dense = n_in * n_out * layer.weight.itemsize + others
    stored, name = layer.weight.nbytes + others, layer.name or path
    if not layer.bears_links:
        return LayerSummary(name, layer.shape, layer.weight.size, 1.0, stored, dense)
    wiring = layer.structure
    stored += wiring.indices.nbytes + wiring.indptr.nbytes
    return LayerSummary(name, layer.shape, wiring.nnz, wiring.density, stored, dense, layer.link_size, layer.note)


def summary_table(model: Network) -> str:
    """Return the summary as a table that fits a terminal.

    Examples
    --------
    >>> from sparse_mlp import SparseMLP
    >>> print(summary_table(SparseMLP([64, 100, 10], density=0.05, rng=0)))
    layer         shape       links  density     stored    if dense
    sparse1     64 x 100         320   5.00 %     3.2 kB     26.0 kB
    readout    100 x 10        1,000 100.00 %     4.0 kB      4.0 kB
    total                      1,320  17.84 %     7.3 kB     30.0 kB
    """
    rows = summarize(model)
    shown = _grouped(rows) if len(rows) > MOST_LINES else rows
    wide = max(8, *(len(row.name) + 1 for row in shown))
    with_dense = wide <= WIDEST_NAME
    head = f"{'layer':<{wide}}{'shape':>11}{'links':>12}{'density':>9}{'stored':>11}{'if dense':>12}"
    lines = [head if with_dense else head.removesuffix(f"{'if dense':>12}")]
    for row in shown:
        shape = f"{row.shape[0]:>6} x {row.shape[1]:<6}"
        counts = _counts(row.links, row.density, row.bytes_stored, row.bytes_if_dense if with_dense else None)
        lines.append(f"{row.name:<{wide}}{shape}{counts}")
    links, possible = sum(r.links for r in rows), sum(r.shape[0] * r.shape[1] for r in rows)
    single = sum(r.links * r.link_size**2 for r in rows)
    stored, dense = sum(r.bytes_stored for r in rows), sum(r.bytes_if_dense for r in rows)
    lines.append(f"{'total':<{wide + 15}}{_counts(links, single / possible, stored, dense if with_dense else None)}")
    lines += [f"{row.name}: {row.note}" for row in rows if row.note]
    return "\n".join(line.rstrip() for line in lines)


def _grouped(rows: list[LayerSummary]) -> list[LayerSummary]:
    """Return one line for all layers whose names differ by a number alone, with the sums of what they store."""
    groups: dict[tuple[str, tuple[int, int]], list[LayerSummary]] = {}
    for row in rows:
        groups.setdefault((re.sub(r"\.\d+\.", ".*.", row.name), row.shape), []).append(row)
    return [
        LayerSummary(
            name if len(same) > 1 else same[0].name, shape, sum(row.links for row in same),
            sum(row.density for row in same) / len(same), sum(row.bytes_stored for row in same),
            sum(row.bytes_if_dense for row in same), same[0].link_size,
        )
        for (name, shape), same in groups.items()
    ]  # fmt: skip


def _counts(links: int, density: float, stored: int, dense: int | None) -> str:
    counts = f"{links:>9,}{density:>8.2%}".replace("%", " %") + f"{_bytes(stored):>11}"
    return counts if dense is None else f"{counts}{_bytes(dense):>12}"


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
