"""Pictures of convolutions: channels in drawings, taps in matrices and degrees, and room for many layers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sparse_mlp.evolution import make_rule
from sparse_mlp.models import Network, vgg
from sparse_mlp.plotting import (
    AdjacencyDisplay,
    DegreeDisplay,
    NetworkDisplay,
    UpdateStagesDisplay,
    WeightDistributionDisplay,
)


@pytest.fixture(scope="module")
def model() -> Network:
    return vgg("4-M-8-M", (3, 8, 8), 10, density=0.3, head=(6,), rng=0)


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_links_of_taps_join_channels(model: Network) -> None:
    display = NetworkDisplay.from_model(model)
    assert (display.sizes, display.channels) == ((3, 4, 8, 6, 10), 3)
    first, second, head, readout = display.links
    conv = model.sparse_layers[1]
    np.testing.assert_array_equal(second.rows, conv.structure.rows() // 9)
    np.testing.assert_array_equal(second.weight, conv.weight)
    assert len(first.rows) == model.sparse_layers[0].structure.nnz and first.rows.max() == 2
    np.testing.assert_array_equal(head.rows, np.repeat(np.arange(32) // 4, 6))  # four pixels of each of eight channels
    np.testing.assert_array_equal(head.cols, np.tile(np.arange(6), 32))
    assert readout.rows.max() == 5
    words = texts(display.plot().ax_)
    assert words[:5] == [
        "input\n3 channels",
        "hidden 1\n4 channels",
        "hidden 2\n8 channels",
        "hidden 3\n6",
        "output\n10",
    ]


def test_one_channel_is_one() -> None:
    display = NetworkDisplay.from_model(vgg("1", (1, 4, 4), 3, density=0.5, rng=0)).plot()
    assert display.sizes == (1, 1, 3) and texts(display.ax_)[0] == "input\n1 channel"


def test_matrices_and_degrees_are_of_taps_and_channels(model: Network) -> None:
    axes = AdjacencyDisplay.from_layer(model.sparse_layers[0]).plot().ax_
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("input tap", "output channel")
    display = DegreeDisplay.from_model(model)
    structure = model.sparse_layers[1].structure
    np.testing.assert_array_equal(display.layers[1].outgoing, structure.degrees_in())
    np.testing.assert_array_equal(display.layers[1].incoming, structure.degrees_out())
    left, right = display.plot().ax_
    assert (left.get_xlabel(), right.get_xlabel()) == ("links per channel", "links per tap")
    assert (left.get_ylabel(), right.get_ylabel()) == (
        "fraction of channels per degree", "fraction of taps per degree",
    )  # fmt: skip


def test_updates_are_drawn_between_channels() -> None:
    model = vgg("4-M-8-M", (3, 8, 8), 10, density=0.3, rng=0)
    update = make_rule("set", zeta=0.4).update(model.units, 0.0, np.random.default_rng(0))
    display = UpdateStagesDisplay.from_update(update, taps={layer.name: layer.taps for layer in model.sparse_layers})
    assert [layer.shape for layer in display.layers] == [(3, 4), (4, 8)]
    rows, cols = display.layers[1].grown
    np.testing.assert_array_equal(rows, update.layers[1].grown[0] // 9)
    np.testing.assert_array_equal(cols, update.layers[1].grown[1])
    assert display.caption() == "all channels and links shown"


def test_many_layers_have_room() -> None:
    model = vgg([8] * 9, (3, 4, 4), 10, density=0.3, rng=0)
    update = make_rule("set").update(model.units, 0.0, np.random.default_rng(0))
    taps = {layer.name: layer.taps for layer in model.sparse_layers}
    wide = UpdateStagesDisplay.from_update(update, 5, taps=taps).plot()
    assert wide.figure_.get_size_inches()[0] == pytest.approx(0.64 * 10 * 2)
    assert "at most 5 of up to 8" in wide.caption()
    axes = WeightDistributionDisplay.from_model(model).plot().ax_
    assert axes.get_legend() is None and len(axes.figure.legends[0].get_texts()) == 9
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.get_lines()}
    assert len(looks) == 9, "no two curves look alike"
    few = WeightDistributionDisplay.from_weights({"one": [0.5], "two": [1.0]}).plot()
    assert few.ax_.get_legend() is not None and not few.figure_.legends


def test_neurons_are_not_taken_for_pixels() -> None:
    parts = [SimpleNamespace(weight=np.ones((4, 3))), SimpleNamespace(weight=np.ones((6, 2)))]
    with pytest.raises(ValueError, match="share their neurons"):
        NetworkDisplay.from_layers(parts)  # 6 is twice 3, but nobody said that these are pixels
