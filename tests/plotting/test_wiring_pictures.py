"""Adjacency pictures and degree distributions."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.models import SparseMLP
from sparse_mlp.plotting import AdjacencyDisplay, DegreeDisplay, NetworkDisplay
from sparse_mlp.plotting.degrees import distribution
from sparse_mlp.structure import SparseStructure

HAND = SparseStructure.from_coo([0, 0, 1, 3], [0, 2, 1, 2], (4, 3))


def test_every_link_is_a_marker_at_its_place():
    display = AdjacencyDisplay.from_structure(HAND).plot()
    (points,) = (c for c in display.ax_.collections if isinstance(c, PathCollection))
    np.testing.assert_array_equal(points.get_offsets(), [[0, 0], [2, 0], [1, 1], [2, 3]])
    assert display.ax_.get_ylim() == (3.5, -0.5), "input 0 stands on top"


def test_links_between_groups_are_called_so():
    assert AdjacencyDisplay.from_structure(HAND).plot().ax_.get_ylabel() == "input neuron"
    axes = AdjacencyDisplay.from_structure(HAND, link_size=2).plot().ax_
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("output group", "input group")
    assert axes.get_title().startswith("4 × 3: 4 links between groups of 2 neurons\n")


def test_markers_shrink_with_the_layer(large_model):
    sizes = [
        AdjacencyDisplay.from_structure(s).plot().ax_.collections[0].get_sizes()[0]
        for s in (HAND, large_model.sparse_layers[0].structure)
    ]
    assert sizes[0] > 100 * sizes[1] > 0


def test_bins_by_hand():
    # Blocks {0,1}, {2,3} by {0,1}, {2}: 2 of 4, 1 of 2, 0 of 4, 1 of 2.
    np.testing.assert_allclose(AdjacencyDisplay.from_structure(HAND).binned(2), [[0.5, 0.5], [0.0, 0.5]])
    np.testing.assert_array_equal(AdjacencyDisplay.from_structure(HAND).binned(9), HAND.to_scipy().toarray())


def test_huge_layer_becomes_a_density_image():
    rng = np.random.default_rng(1)
    keys = np.unique(rng.integers(0, 3000 * 2000, 70_000))
    display = AdjacencyDisplay.from_structure(SparseStructure.from_keys(keys, (3000, 2000))).plot(max_bins=50)
    (image,) = display.ax_.images
    assert image.get_array().shape == (50, 50)
    assert image.get_array().mean() == pytest.approx(len(keys) / 6e6)
    assert not display.ax_.collections


def test_flat_layer_is_stretched():
    display = AdjacencyDisplay.from_structure(SparseStructure.complete((20, 2))).plot()
    assert display.ax_.images[0].get_array().shape == (20, 2)
    assert display.ax_.get_aspect() == "auto"


def test_distribution_by_hand():
    edges, fraction = distribution(np.array([1, 1, 2, 4]))
    np.testing.assert_array_equal(edges, [1, 2, 3, 4, 5])
    np.testing.assert_allclose(fraction, [0.5, 0.25, 0, 0.25])
    edges, fraction = distribution(np.array([1, 1, 2, 4]), width=3)
    np.testing.assert_array_equal(edges, [1, 4, 7])
    np.testing.assert_allclose(fraction * 3, [0.75, 0.25])


def test_degrees_of_both_sides():
    (layer,) = DegreeDisplay.from_structures([HAND], ["hidden"]).layers
    assert layer.name == "hidden"
    np.testing.assert_array_equal(layer.incoming, [1, 1, 2])
    np.testing.assert_array_equal(layer.outgoing, [2, 1, 0, 1])


def test_one_step_curve_a_layer_and_its_mean(large_model):
    display = DegreeDisplay.from_model(large_model).plot()
    incoming, outgoing = display.ax_
    assert len(incoming.patches) == len(outgoing.patches) == 3
    assert [line.get_xdata()[0] for line in incoming.lines] == pytest.approx([7.84, 10, 10])
    assert incoming.get_legend().get_texts()[0].get_text() == "sparse1: mean 7.84"


def test_expected_binomial_has_the_mean_of_the_layer(large_model):
    display = DegreeDisplay.from_model(large_model).plot(expected=True)
    dashed = [line for line in display.ax_[0].lines if line.get_linestyle() == "--" and len(line.get_xdata())]
    assert len(dashed) == 3
    k, p = dashed[0].get_data()
    assert np.sum(k * p) == pytest.approx(7.84, rel=0.01)


def test_log_axes_leave_out_degree_zero():
    display = DegreeDisplay.from_structures([HAND]).plot(log=True)
    assert [axes.get_xscale() for axes in display.ax_] == ["log", "log"]
    np.testing.assert_array_equal(display.ax_[1].lines[0].get_xdata(), [1, 2])


def test_panels_and_names_are_counted():
    display = DegreeDisplay.from_structures([HAND]).plot()
    with pytest.raises(InvalidInputError, match="single axes"):
        DegreeDisplay.from_structures([HAND]).plot(display.ax_[0])
    with pytest.raises(InvalidInputError, match="1 axes"):
        DegreeDisplay.from_structures([HAND]).plot(display.ax_[:1])
    with pytest.raises(InvalidInputError, match="names"):
        DegreeDisplay.from_structures([HAND], ["a", "b"])
    with pytest.raises(InvalidInputError, match="at least one"):
        DegreeDisplay.from_structures([])


def test_degrees_of_motifs_are_those_of_their_neurons():
    """Motifs of two: each link of HAND joins two neurons with two."""
    model = SparseMLP([8, 6, 2], topology=[HAND], motif_size=2)
    (layer,) = DegreeDisplay.from_model(model).layers
    np.testing.assert_array_equal(layer.incoming, [2, 2, 2, 2, 4, 4])
    np.testing.assert_array_equal(layer.outgoing, [4, 4, 2, 2, 0, 0, 2, 2])


def test_features_that_are_padding_are_not_drawn():
    """Seven inputs are four motifs of two; the eighth feature and its two links are the network's own."""
    model = SparseMLP([7, 6, 2], topology=[HAND], motif_size=2, pad=True)
    (layer,) = DegreeDisplay.from_model(model).layers
    np.testing.assert_array_equal(layer.incoming, [2, 2, 2, 2, 3, 3])
    np.testing.assert_array_equal(layer.outgoing, [4, 4, 2, 2, 0, 0, 2])
    network = NetworkDisplay.from_model(model)
    assert network.sizes == (7, 6, 2) and len(network.links[0].weight) == 14
    assert sorted({int(row) for row in network.links[0].rows}) == [0, 1, 2, 3, 6]


@pytest.mark.parametrize("mode", ["shared", "block"])
def test_bins_of_motifs_are_whole_multiples_of_their_size(mode):
    """Degrees of motifs of three are multiples of three: bins one wide would make a comb of them."""
    model = SparseMLP([90, 300, 300, 3], density=0.3, motif_size=3, motif_mode=mode, rng=0)
    display = DegreeDisplay.from_model(model).plot()
    assert [layer.step for layer in display.layers] == [3, 3]
    for axes in display.ax_:
        for patch in axes.patches:
            values, edges, _ = patch.get_data()
            assert (np.diff(edges) % 3 == 0).all() and (edges[0] + 0.5) % 3 == 0
            assert np.sum(values * np.diff(edges)) == pytest.approx(1)
        assert len({int(np.diff(patch.get_data()[1])[0]) for patch in axes.patches}) == 1, "one width for all layers"
    assert [layer.step for layer in DegreeDisplay.from_structures([HAND]).layers] == [1]
