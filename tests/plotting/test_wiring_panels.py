"""Wirings side by side, the gallery of the generator's controls, and the wiring of a trained net."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import coalescent_embedding, network_graph, p_value
from sparse_mlp.measures.paths import characteristic_path_length
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.plotting import (
    TrainedWiringDisplay,
    WiringGalleryDisplay,
    WiringPanelsDisplay,
    dendritic_figure,
    dendritic_gallery,
    save,
)
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
    with pytest.raises(InvalidInputError, match="at least one"):
        WiringPanelsDisplay.from_wirings({})


def test_measures_in_a_line():
    measures = {"gamma": 3.456, "path-length": 2.0, "modularity": Repeated(np.array([0.25, 0.75]))}
    assert measure_line(measures) == "L = 2.00    Q = 0.50 ± 0.35    γ = 3.46"
    # A spread that rounds to nothing is left out; the fit of the exponent ends at 10.
    measures = {"gamma": 10.0, "modularity": Repeated(np.array([0.25, 0.251]))}
    assert measure_line(measures) == "Q = 0.25    γ ≥ 10"


@pytest.mark.slow
def test_figure_of_the_paper(tmp_path):
    display = dendritic_figure(0, repeats=2)
    random, standard, degrees, synapses = display.wirings
    assert [len(panel.disk.links) for panel in display.wirings] == [1921 + 3842] * 4
    assert standard.disk.mean_span < 30 < 80 < random.disk.mean_span, "dendrites are local, random links are not"
    assert len(np.unique(standard.first.degrees_out())) == 2, "fixed degrees differ by one at most"
    middle = degrees.first.degrees_out()
    assert middle[88:108].mean() > 3 * middle[:20].mean()
    assert _near(synapses.first) > 0.6 > 0.4 > _near(standard.first), "synapses gather on the dendrite in the middle"
    for panel in (standard, degrees, synapses):
        assert p_value(np.bincount(panel.disk.links.ravel()), repeats=20, rng=0) <= 0.1, "no power law"
    assert save(display.plot(), tmp_path / "dendritic.png", dpi=100).stat().st_size < 400_000
    again = dendritic_figure(0, repeats=2)
    np.testing.assert_array_equal(again.wirings[3].disk.angle, synapses.disk.angle)
    np.testing.assert_array_equal(
        again.wirings[3].measures["structural-consistency"].values, synapses.measures["structural-consistency"].values
    )


def _near(structure):
    """Return the share of links whose input lies within a twelfth of the ring of the place opposite the output."""
    n_in, n_out = structure.shape
    apart = np.abs(structure.rows() - structure.indices * (n_in / n_out))
    return np.mean(np.minimum(apart, n_in - apart) <= n_in / 12)


def test_options_of_the_embedding_are_handed_on():
    wirings = {"dendritic": network("dendritic", 0)}
    options = {"reduction": "laplacian-eigenmaps", "weighting": "edge-betweenness"}
    display = WiringPanelsDisplay.from_wirings(wirings, repeats=1, rng=0, **options)
    for given in ({}, {"reduction": options["reduction"]}, {"weighting": options["weighting"]}, options):
        wanted = coalescent_embedding(network_graph(wirings["dendritic"]), **given).angle
        assert np.array_equal(display.wirings[0].disk.angle, wanted) == (given == options)


def test_gallery_has_a_row_for_each_control():
    display = dendritic_gallery(0, n_in=20, n_out=30, density=0.2)
    assert len(display.rows) == 6
    assert {len(row) for row in display.rows.values()} == {5}
    wirings = [s for row in display.rows.values() for s in row.values()]
    assert {s.nnz for s in wirings} == {120}
    first, *_ = display.rows.values()
    assert list(first) == ["1", "2", "3", "5", "9"]
    runs = [np.mean([_runs(s, j) for j in range(30)]) for s in (first["1"], first["2"])]
    np.testing.assert_array_equal(runs, [1, 2])
    again = dendritic_gallery(0, n_in=20, n_out=30, density=0.2)
    assert [s for row in again.rows.values() for s in row.values()] == wirings


def test_each_row_of_the_gallery_changes_its_own_control():
    rng, found = np.random.default_rng(0), dendritic_gallery(0, n_in=20, n_out=30, density=0.2).rows
    names = ["fixed", "uniform", "gaussian", "spatial-gaussian", "spatial-inverse-gaussian"]
    rows = [
        ("number of dendrites", "dendrites", [1, 2, 3, 5, 9], {}),
        ("degree distribution", "degree_distribution", names, {}),
        ("receptive field width", "field_width", [0.0, 0.4, 0.6, 0.8, 1.0], {}),
        ("dendritic distribution", "dendritic_distribution", names, {}),
        ("synaptic distribution", "synaptic_distribution", names, {}),
        ("receptive field width distribution", "width_distribution", names, {"field_width": 0.5}),
    ]
    for (title, control, values, others), (name, row) in zip(rows, found.items(), strict=True):
        assert name.startswith(f"Effect of the {title} on the network topology")
        wanted = [generate("dendritic", 20, 30, 0.2, rng=rng, **others, **{control: value}) for value in values]
        assert list(row.values()) == wanted and list(row) == [f"{v:g}" if control[-4:] != "tion" else v for v in values]


def _runs(structure, output):
    """Count the blocks of consecutive inputs of an output around the ring."""
    column = structure.to_scipy().toarray()[:, output]
    return np.sum(column & ~np.roll(column, 1))


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
    with pytest.raises(InvalidInputError, match="equally many"):
        WiringGalleryDisplay.from_structures(rows)


def test_trained_wiring_holds_layers_weights_and_measures(tiny_model):
    display = TrainedWiringDisplay.from_model(tiny_model, names=("path-length", "modularity"), repeats=2, rng=0)
    assert display.names == ("a", "b")
    assert set(display.measures) == {"path-length", "modularity"}
    *tops, below = display.plot().ax_
    assert [axes.get_title() for axes in tops] == ["a: 3 × 2\n3 links", "b: 2 × 2\n2 links"]
    np.testing.assert_array_equal(tops[0].images[0].get_array(), [[1, 0], [0, 1], [1, 0]])
    assert below.get_title().startswith("L = ")
    assert below.get_title().endswith("all 5 links drawn")


def test_large_trained_wiring_is_binned(large_model):
    display = TrainedWiringDisplay.from_model(large_model, repeats=1, rng=0).plot()
    assert set(display.measures) == {"path-length", "modularity", "gamma"}, "consistency would take minutes"
    assert len(display.ax_) == 4
    assert display.ax_[1].images[0].get_array().shape == (400, 400)
