"""A layer as two columns: where links end, which are coloured."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import BipartiteDisplay
from sparse_mlp.plotting.bipartite import WIDTH
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate

HAND = SparseStructure.from_coo([0, 1, 1], [1, 0, 1], (2, 4))


def lines(display):
    return [c for c in display.ax_.collections if isinstance(c, LineCollection)]


def test_links_join_their_neurons_first_on_top():
    display = BipartiteDisplay.from_structure(HAND).plot()
    np.testing.assert_allclose(
        lines(display)[0].get_segments(),
        [
            [[0, 0.75], [WIDTH, 0.625]],  # input 0 of 2, output 1 of 4
            [[0, 0.25], [WIDTH, 0.875]],
            [[0, 0.25], [WIDTH, 0.625]],
        ],
    )
    assert [text.get_text() for text in display.ax_.texts] == ["2 inputs", "4 outputs"]


def test_links_of_shown_neurons_are_coloured():
    display = BipartiteDisplay.from_structure(HAND).plot(shown=[1], words=False)
    grey, coloured = lines(display)
    assert len(grey.get_segments()) == 3
    np.testing.assert_allclose(coloured.get_segments(), [[[0, 0.75], [WIDTH, 0.625]], [[0, 0.25], [WIDTH, 0.625]]])
    assert not display.ax_.texts


def test_four_neurons_are_shown_evenly_spaced():
    layer = generate("erdos-renyi", 20, 40, 0.3, rng=1)
    display = BipartiteDisplay.from_structure(layer).plot()
    assert [len(c.get_segments()) for c in lines(display)[1:]] == list(layer.degrees_out()[[5, 15, 25, 35]])
    assert len(lines(BipartiteDisplay.from_structure(generate("erdos-renyi", 5, 1, 0.5, rng=1)).plot())) == 2


def test_many_links_are_sampled_but_not_those_shown():
    layer = SparseStructure.complete((30, 30))
    drawn = lines(BipartiteDisplay.from_structure(layer).plot(max_links=100))
    assert [len(c.get_segments()) for c in drawn] == [100, 30, 30, 30, 30]


def test_an_empty_layer_is_drawn():
    assert len(lines(BipartiteDisplay.from_structure(SparseStructure.from_coo([], [], (3, 3))).plot())) == 4


def test_shown_neurons_must_be_there():
    with pytest.raises(InvalidInputError, match="3"):
        BipartiteDisplay.from_structure(HAND).plot(shown=[4])
