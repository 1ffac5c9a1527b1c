"""What a network stores beside what a dense one would, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.models import LayerSummary, SparseMLP, summarize, summary_table
from sparse_mlp.models.summary import _bytes


def test_summary_by_hand() -> None:
    """30 links of 10 x 20: weights 4 B, outputs 4 B each, 11 row pointers and 20 biases of 4 B."""
    model = SparseMLP([10, 20, 5], density=0.15, rng=0)
    assert summarize(model) == [
        LayerSummary("sparse1", (10, 20), 30, 0.15, 30 * 8 + 11 * 4 + 20 * 4, 200 * 4 + 20 * 4),
        LayerSummary("readout", (20, 5), 100, 1.0, 100 * 4 + 5 * 4, 100 * 4 + 5 * 4),
    ]


def test_double_precision_takes_double() -> None:
    line, readout = summarize(SparseMLP([10, 20, 5], density=0.15, dtype=np.float64, rng=0))
    assert line.bytes_stored == 30 * 12 + 11 * 4 + 20 * 8 and line.bytes_if_dense == 200 * 8 + 20 * 8
    assert readout.bytes_stored == readout.bytes_if_dense == 105 * 8


def test_bytes_are_what_the_arrays_hold() -> None:
    model = SparseMLP([50, 40, 30, 10], density=0.1, dense_readout=False, rng=0)
    for line, layer in zip(summarize(model), model.sparse_layers, strict=True):
        arrays = layer.weight, layer.bias, layer.structure.indices, layer.structure.indptr
        assert line.bytes_stored == sum(array.nbytes for array in arrays)
        assert (line.links, line.density) == (layer.structure.nnz, layer.structure.density)


def test_dense_networks_are_summed_up_too() -> None:
    lines = summarize(SparseMLP.dense([6, 8, 3], rng=0))
    assert [line.name for line in lines] == ["dense1", "readout"]
    assert all(line.density == 1 and line.bytes_stored == line.bytes_if_dense for line in lines)


def test_table() -> None:
    model = SparseMLP([784, 1000, 1000, 10], density=0.01, rng=0)
    lines = summary_table(model).splitlines()
    assert lines[0].split() == ["layer", "shape", "links", "density", "stored", "if", "dense"]
    assert lines[1].split() == ["sparse1", "784", "x", "1000", "7,840", "1.00", "%", "69.9", "kB", "3.1", "MB"]
    assert lines[3].split()[:6] == ["readout", "1000", "x", "10", "10,000", "100.00"]
    assert lines[4].split()[:4] == ["total", "27,840", "1.55", "%"]
    assert len(lines) == 5 and max(map(len, lines)) <= 79
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_250_000, "1.2 MB"), (3_000_000_000, "3.0 GB")],
)
def test_units(count: int, text: str) -> None:
    assert _bytes(count) == text
