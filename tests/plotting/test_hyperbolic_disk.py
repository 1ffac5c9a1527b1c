"""The hyperbolic disk: who is embedded, where neurons and links are drawn, geodesics by hand."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb

from sparse_mlp.measures import coalescent_embedding, network_graph
from sparse_mlp.plotting import HyperbolicDisplay
from sparse_mlp.plotting._style import LAYERS
from sparse_mlp.plotting.hyperbolic import flat, geodesics
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate

# 3-2-2; input 2 and output 1 have no link.
CHAIN = [
    SparseStructure.from_coo([0, 0, 1], [0, 1, 1], (3, 2)),
    SparseStructure.from_coo([0, 1], [0, 0], (2, 2)),
]


def only(axes, kind):
    return [c for c in axes.collections if isinstance(c, kind)]


def test_holds_the_giant_component():
    display = HyperbolicDisplay.from_structures(CHAIN, gamma=3.0)
    place = coalescent_embedding(network_graph(CHAIN), gamma=3.0)
    np.testing.assert_array_equal(place.nodes, [0, 1, 3, 4, 5])
    np.testing.assert_array_equal(display.layer, [0, 0, 1, 1, 2])
    np.testing.assert_array_equal(display.angle, place.angle)
    np.testing.assert_array_equal(display.radius, place.radius)
    np.testing.assert_array_equal(display.links, [[0, 2], [0, 3], [1, 3], [2, 4], [3, 4]])
    assert display.neurons == 7


def test_neurons_and_links_stand_where_the_embedding_says():
    display = HyperbolicDisplay.from_structures(CHAIN, gamma=3.0).plot()
    (points,), (lines,) = only(display.ax_, PathCollection), only(display.ax_, LineCollection)
    xy = np.column_stack([display.radius * np.cos(display.angle), display.radius * np.sin(display.angle)])
    np.testing.assert_allclose(points.get_offsets(), xy)
    np.testing.assert_allclose(points.get_facecolor()[:, :3], [to_rgb(LAYERS[i]) for i in (0, 0, 1, 1, 2)])
    drawn = {tuple(np.round(segment, 6).ravel()) for segment in lines.get_segments()}
    assert drawn == {tuple(np.round(xy[[i, j]], 6).ravel()) for i, j in display.links}
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["input", "hidden 1", "hidden 2"]
    assert legend.get_title().get_text() == "2 neurons outside the giant component"


def test_angle_between_ends_goes_the_short_way():
    display = HyperbolicDisplay(
        np.array([0.1, 2 * np.pi - 0.1, np.pi]), np.ones(3), np.zeros(3, int), np.array([[0, 1], [0, 2]]), 3
    )
    np.testing.assert_allclose(display.spans, [0.2, np.pi - 0.1])
    assert display.mean_span == pytest.approx(np.degrees(np.pi + 0.1) / 2)
    assert "mean angle of a link 93°" in display.plot().ax_.get_title()


def test_near_links_are_drawn_last_and_darker():
    display = HyperbolicDisplay(
        np.array([0.0, 0.3, np.pi]), np.ones(3), np.zeros(3, int), np.array([[0, 1], [0, 2]]), 3
    )
    (lines,) = only(display.plot().ax_, LineCollection)
    np.testing.assert_allclose(lines.get_segments()[0], [[1, 0], [-1, 0]], atol=1e-12)
    brightness = lines.get_colors()[:, :3].sum(axis=1)
    assert brightness[0] > brightness[1]


def test_too_many_links_are_sampled_and_the_title_says_so():
    layer = generate("erdos-renyi", 30, 40, 0.2, rng=0)
    display = HyperbolicDisplay.from_structures([layer], gamma=3.0)
    title = display.plot(max_links=50).ax_.get_title()
    assert title.startswith(f"50 of {len(display.links)} links drawn")
    first = only(display.ax_, LineCollection)[0].get_segments()
    assert len(first) == 50
    np.testing.assert_array_equal(first, only(display.plot(max_links=50).ax_, LineCollection)[0].get_segments())


def test_without_links():
    display = HyperbolicDisplay.from_structures([SparseStructure.from_coo([], [], (2, 2))]).plot()
    assert display.mean_span == 0.0
    assert display.neurons == 4
    assert len(display.angle) == 1


def test_geodesic_through_the_centre_is_straight():
    (line,) = geodesics(np.array([[0.0, np.pi]]), np.array([[3.0, 1.0]]), steps=5)
    # Hyperbolic length 4 along the diameter, in equal steps: 3, 2, 1, 0, -1.
    np.testing.assert_allclose(line, [[3, 0], [2, 0], [1, 0], [0, 0], [-1, 0]], atol=1e-9)


def test_geodesic_meets_its_ends_and_has_steps_of_equal_length():
    angle, radius = np.array([[0.3, 1.5]]), np.array([[6.0, 4.0]])
    (line,) = geodesics(angle, radius, steps=9)
    np.testing.assert_allclose(line[[0, -1]], flat(angle, radius)[0], atol=1e-9)
    # Hyperbolic law of cosines between neighbours.
    r, a = np.hypot(*line.T), np.arctan2(line[:, 1], line[:, 0])
    cosh = np.cosh(r[1:]) * np.cosh(r[:-1]) - np.sinh(r[1:]) * np.sinh(r[:-1]) * np.cos(np.diff(a))
    total = np.cosh(6) * np.cosh(4) - np.sinh(6) * np.sinh(4) * np.cos(1.2)
    np.testing.assert_allclose(np.arccosh(cosh), np.arccosh(total) / 8, rtol=1e-6)
    assert r.min() < 4, "it bends towards the centre"


def test_geodesic_of_one_point_stays_there():
    np.testing.assert_allclose(geodesics(np.array([[1.0, 1.0]]), np.array([[2.0, 2.0]]), steps=3)[0], [
        [2 * np.cos(1), 2 * np.sin(1)]] * 3)  # fmt: skip


def test_curved_links_are_geodesics():
    display = HyperbolicDisplay.from_structures(CHAIN, gamma=3.0).plot(curved=True)
    (lines,) = only(display.ax_, LineCollection)
    assert {len(segment) for segment in lines.get_segments()} == {33}
