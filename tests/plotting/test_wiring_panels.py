"""Wirings side by side, and galleries of small ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import coalescent_embedding, network_graph
from sparse_mlp.measures.paths import characteristic_path_length
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.plotting import WiringGalleryDisplay, WiringPanelsDisplay
from sparse_mlp.plotting.wiring_panels import measure_line
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate


def network(name, seed, **options):
    rng = np.random.default_rng(seed)
    return [generate(name, n, m, 0.2, rng=rng, **options) for n, m in pairwise((12, 20, 16))]


@pytest.fixture(scope="module")
def two_wirings():
    wirings = {"random": network("erdos-renyi", 0), "dendritic": network("dendritic", 0)}
    return wirings, WiringPanelsDisplay.from_wirings(wirings, repeats=3, rng=0)


def test_panels_hold_embedding_and_measures(two_wirings):
    wirings, display = two_wirings
    assert [panel.label for panel in display.wirings] == ["random", "dendritic"]
    for panel, structures in zip(display.wirings, wirings.values(), strict=True):
        assert panel.first == structures[0]
        assert set(panel.measures) == {"path-length", "modularity", "structural-consistency", "gamma"}
        assert panel.measures["path-length"] == characteristic_path_length(network_graph(structures))
        assert len(panel.measures["modularity"].values) == 3
        assert panel.disk.neurons == 48


def test_panels_are_drawn_in_blocks_of_three(two_wirings):
    wirings, display = two_wirings
    panels = display.plot().ax_
    assert len(panels) == 6
    for (disk, adjacency, bipartite), (label, structures) in zip(
        (panels[:3], panels[3:]), wirings.items(), strict=True
    ):
        assert disk.get_title(loc="left").startswith("L = ")
        assert "mean angle of a link" in disk.texts[0].get_text()
        np.testing.assert_array_equal(adjacency.images[0].get_array(), structures[0].to_scipy().toarray())
        assert adjacency.images[0].get_extent() == [-0.5, 19.5, 11.5, -0.5], "input 0 on top"
        grey = next(c for c in bipartite.collections if isinstance(c, LineCollection))
        assert len(grey.get_segments()) == structures[0].nnz
        assert disk.figure.get_suptitle() == label


def test_own_axes_carry_the_label(two_wirings):
    _, display = two_wirings
    figure = Figure()
    axes = list(figure.subplots(2, 3).ravel())
    assert display.plot(axes).figure_ is figure
    assert axes[3].get_title(loc="left").startswith("dendritic\nL = ")
    with pytest.raises(InvalidInputError, match="6"):
        display.plot(axes[:5])


def test_no_wiring_is_refused():
    with pytest.raises(InvalidInputError, match="no wirings"):
        WiringPanelsDisplay.from_wirings({})


def test_measures_in_a_line():
    measures = {"gamma": 3.456, "path-length": 2.0, "modularity": Repeated(np.array([0.25, 0.75]))}
    assert measure_line(measures) == "L = 2.00    Q = 0.50 ± 0.35    γ = 3.46"
    # A spread that rounds to nothing is left out; the fit of the exponent ends at 10.
    measures = {"gamma": 10.0, "modularity": Repeated(np.array([0.25, 0.251]))}
    assert measure_line(measures) == "Q = 0.25    γ ≥ 10"


def test_options_of_the_embedding_are_handed_on():
    wirings = {"dendritic": network("dendritic", 0)}
    options = {"reduction": "laplacian-eigenmaps", "weighting": "edge-betweenness"}
    display = WiringPanelsDisplay.from_wirings(wirings, repeats=1, rng=0, **options)
    for given in ({}, {"reduction": options["reduction"]}, {"weighting": options["weighting"]}, options):
        wanted = coalescent_embedding(network_graph(wirings["dendritic"]), **given).angle
        assert np.array_equal(display.wirings[0].disk.angle, wanted) == (given == options)


def test_gallery_draws_adjacency_or_columns():
    rows = {"one": {"a": SparseStructure.complete((2, 3)), "b": SparseStructure.from_coo([0], [2], (2, 3))}}
    display = WiringGalleryDisplay.from_structures(rows).plot()
    assert [axes.get_title() for axes in display.ax_] == ["a", "b"]
    assert display.ax_[0].figure.get_suptitle() == "one"
    np.testing.assert_array_equal(display.ax_[1].images[0].get_array(), [[0, 0, 1], [0, 0, 0]])
    display.plot(bipartite=True)
    assert [len(axes.collections[0].get_segments()) for axes in display.ax_] == [6, 1]
    axes = list(Figure().subplots(1, 2))
    assert [a.get_title() for a in display.plot(axes).ax_] == ["one\na", "one\nb"]


@pytest.mark.parametrize("rows", [{}, {"a": {}}, {"a": {"x": 1}, "b": {"x": 1, "y": 1}}])
def test_uneven_rows_are_refused(rows):
    with pytest.raises(InvalidInputError, match="rows of"):
        WiringGalleryDisplay.from_structures(rows)
