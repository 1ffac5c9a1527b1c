"""What a network stores, layer by layer, and what a dense one would store."""

from __future__ import annotations

from typing import Any, NamedTuple

from sparse_mlp.layers.base import leaves
from sparse_mlp.models.network import Network


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
    dense = n_in * n_out * layer.weight.itemsize + layer.bias.nbytes
    stored, name = layer.weight.nbytes + layer.bias.nbytes, layer.name or path
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
    lines = [f"{'layer':<8}{'shape':>11}{'links':>12}{'density':>9}{'stored':>11}{'if dense':>12}"]
    rows = summarize(model)
    for row in rows:
        shape = f"{row.shape[0]:>6} x {row.shape[1]:<6}"
        lines.append(f"{row.name:<8}{shape}{_counts(row.links, row.density, row.bytes_stored, row.bytes_if_dense)}")
    links, possible = sum(r.links for r in rows), sum(r.shape[0] * r.shape[1] for r in rows)
    single = sum(r.links * r.link_size**2 for r in rows)
    stored, dense = sum(r.bytes_stored for r in rows), sum(r.bytes_if_dense for r in rows)
    lines.append(f"{'total':<23}{_counts(links, single / possible, stored, dense)}")
    lines += [f"{row.name}: {row.note}" for row in rows if row.note]
    return "\n".join(line.rstrip() for line in lines)


def _counts(links: int, density: float, stored: int, dense: int) -> str:
    return f"{links:>9,}{density:>8.2%}".replace("%", " %") + f"{_bytes(stored):>11}{_bytes(dense):>12}"


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
