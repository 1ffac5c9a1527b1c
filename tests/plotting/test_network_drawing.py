"""The drawing of the whole network: which links, which colours, where the neurons stand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import NetworkDisplay
from sparse_mlp.plotting._layout import grid_shape, place_layers
from sparse_mlp.plotting._style import NEGATIVE, NEUTRAL, POSITIVE


def lines(axes):
    return [c for c in axes.collections if isinstance(c, LineCollection)]


def test_holds_every_link(tiny_model):
    display = NetworkDisplay.from_model(tiny_model)
    assert display.sizes == (3, 2, 2)
    assert display.n_links == 5
    np.testing.assert_array_equal(display.links[0].rows, [0, 1, 2])
    np.testing.assert_array_equal(display.links[0].cols, [0, 1, 0])


def test_dense_readout_counts_as_links(large_model):
    display = NetworkDisplay.from_model(large_model)
    assert display.sizes == (784, 1000, 1000, 1000, 10)
    assert [len(links.weight) for links in display.links] == [7840, 10000, 10000, 10000]
    np.testing.assert_array_equal(display.links[3].rows[:11], [0] * 10 + [1])


def test_colours_follow_the_sign(tiny_model):
    display = NetworkDisplay.from_model(tiny_model).plot()
    first, second = lines(display.ax_)
    # Weakest first: 0.25, 0.5, -1 and then 0, -2.
    np.testing.assert_allclose(first.get_colors()[:, :3], [to_rgb(POSITIVE), to_rgb(POSITIVE), to_rgb(NEGATIVE)])
    np.testing.assert_allclose(second.get_colors()[:, :3], [to_rgb(NEUTRAL), to_rgb(NEGATIVE)])
    assert np.all(np.diff(first.get_colors()[:, 3]) > 0), "stronger links are more opaque"
    assert np.all(np.diff(first.get_linewidths()) > 0), "stronger links are wider"
    assert display.ax_.get_title() == "all 5 links drawn"


def test_lines_join_the_neurons_of_their_links(tiny_model):
    display = NetworkDisplay.from_model(tiny_model).plot()
    places = place_layers(display.sizes)
    weakest = lines(display.ax_)[0].get_segments()[0]
    np.testing.assert_allclose(weakest, [places[0].xy[2], places[1].xy[0]])


def test_strongest_takes_the_same_share_of_each_layer(tiny_model):
    assert [list(c) for c in NetworkDisplay.from_model(tiny_model).strongest(4)] == [[0, 1], [0]]


def test_large_network_draws_a_few_and_says_so(large_model):
    display = NetworkDisplay.from_model(large_model).plot()
    drawn = [len(c.get_segments()) for c in lines(display.ax_)]
    assert drawn == [621, 792, 792, 792]
    assert display.ax_.get_title() == "the strongest 2,997 of 37,840 links drawn"
    left_out = np.delete(np.abs(display.links[0].weight), display.strongest()[0])
    assert left_out.max() <= np.abs(display.links[0].weight[display.strongest()[0]]).min()


def test_image_is_shown_on_the_input_grid():
    weight = np.ones((16, 2))
    display = NetworkDisplay.from_layers([SimpleNamespace(weight=weight)]).plot(image=np.arange(16).reshape(4, 4))
    pixels = [c for c in display.ax_.collections if len(c.get_facecolor()) == 16]
    assert len(pixels) == 1
    np.testing.assert_allclose(pixels[0].get_facecolor()[[0, 15], 0], [1.0, 0.0])
    with pytest.raises(InvalidInputError, match="16 finite numbers"):
        display.plot(image=np.zeros(15))


@pytest.mark.parametrize(("n", "words"), [(3072, "3 × 32 × 32 = 3,072"), (64, "8 × 8 = 64"), (500, "500"), (4, "4")])
def test_input_is_named_as_the_product_that_it_is(n, words):
    display = NetworkDisplay.from_layers([SimpleNamespace(weight=np.ones((n, 2)))]).plot(
        max_links=10, image=np.zeros(n)
    )
    assert f"input\n{words}" in [text.get_text() for text in display.ax_.texts]


@pytest.mark.parametrize(
    ("n", "image", "grid"),
    [(784, True, (28, 28)), (64, True, (8, 8)), (4, True, None), (10, False, None), (1000, False, (32, 32)),
     (40, False, (6, 7)), (500, True, (22, 23)), (26, True, None),
     (3072, True, (96, 32)), (3072, False, (55, 56)), (300, True, (17, 18)), (3000, True, (55, 55))],
)  # fmt: skip
def test_grid_shapes(n, image, grid):
    assert grid_shape(n, image) == grid
    if grid:
        assert grid[0] * grid[1] >= n > (grid[0] - 1) * grid[1]


def test_layers_stand_from_left_to_right_and_rows_from_top_to_bottom():
    places = place_layers((784, 1000, 10))
    centres = [place.xy[:, 0].mean() for place in places]
    assert centres == sorted(centres)
    assert [len(place.xy) for place in places] == [784, 1000, 10]
    assert places[0].xy[0, 1] > places[0].xy[28, 1]
    assert np.all(np.diff(places[2].xy[:, 1]) < 0)


def test_layers_that_do_not_fit_are_refused():
    parts = [SimpleNamespace(weight=np.ones((3, 2))), SimpleNamespace(weight=np.ones((3, 2)))]
    with pytest.raises(InvalidInputError, match="share their neurons"):
        NetworkDisplay.from_layers(parts)
    with pytest.raises(InvalidInputError, match="at least one"):
        NetworkDisplay.from_layers([])


def test_weight_of_another_length_is_refused(tiny_model):
    tiny_model.sparse_layers[0].weight = np.ones(2)
    with pytest.raises(InvalidInputError, match="one value for each link"):
        NetworkDisplay.from_model(tiny_model)
