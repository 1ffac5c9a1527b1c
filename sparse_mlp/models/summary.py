"""What a network stores, layer by layer, beside what a dense one would store."""

from __future__ import annotations

from typing import NamedTuple

from sparse_mlp.layers import Dense, SparseLinear
from sparse_mlp.models.mlp import SparseMLP


class LayerSummary(NamedTuple):
    """One line of the table.

    Attributes
    ----------
    name : str
    shape : (int, int)
        Neurons on either side; features that a network adds to its input as padding count.
    links : int
        Between motifs where `motif_size` is above 1: pairs of motifs.
    density : float
        Fraction of the possible links, the same in motifs as in neurons.
    bytes_stored, bytes_if_dense : int
        Of weights, indices and biases, not of gradients or optimizer state.
    motif_size : int
    """

    name: str
    shape: tuple[int, int]
    links: int
    density: float
    bytes_stored: int
    bytes_if_dense: int
    motif_size: int = 1


def summarize(model: SparseMLP) -> list[LayerSummary]:
    """Return one line for each linear layer.

    Parameters
    ----------
    model : SparseMLP

    Returns
    -------
    list of LayerSummary
    """
    return [_line(layer) for layer in model.linear_layers]


def _line(layer: SparseLinear | Dense) -> LayerSummary:
    weight, bias = layer.weight, layer.bias
    n_in, n_out = layer.shape
    dense = n_in * n_out * weight.itemsize + bias.nbytes
    stored = weight.nbytes + bias.nbytes
    if isinstance(layer, Dense):
        return LayerSummary(layer.name, layer.shape, weight.size, 1.0, stored, dense)
    wiring = layer.structure
    stored += wiring.indices.nbytes + wiring.indptr.nbytes
    return LayerSummary(layer.name, layer.shape, wiring.nnz, wiring.density, stored, dense, layer.motif_size)


def summary_table(model: SparseMLP) -> str:
    """Return the summary as a table that fits a terminal.

    Examples
    --------
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
    single = sum(r.links * r.motif_size**2 for r in rows)
    stored, dense = sum(r.bytes_stored for r in rows), sum(r.bytes_if_dense for r in rows)
    lines.append(f"{'total':<23}{_counts(links, single / possible, stored, dense)}")
    lines += [
        f"{row.name}: links join motifs of {row.motif_size} neurons, each stands for {row.motif_size**2} single ones"
        for row in rows if row.motif_size > 1
    ]  # fmt: skip
    return "\n".join(line.rstrip() for line in lines)


def _counts(links: int, density: float, stored: int, dense: int) -> str:
    return f"{links:>9,}{density:>8.2%}".replace("%", " %") + f"{_bytes(stored):>11}{_bytes(dense):>12}"


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
