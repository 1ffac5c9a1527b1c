"""Weight magnitudes, and the survival of the first links."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, TopologyUpdate
from sparse_mlp.plotting import LinkSurvivalDisplay, WeightDistributionDisplay


def update_record(removed, **survivors):
    layers = [
        {"layer": name, "before": 10, "removed": removed, "survivors_of_first": n} for name, n in survivors.items()
    ]
    return {"kind": "update", "epoch": 1, "zeta": 0.3, "layers": layers}


def test_magnitudes_of_each_layer(tiny_model):
    display = WeightDistributionDisplay.from_model(tiny_model)
    assert display.names == ("a", "b")
    np.testing.assert_array_equal(display.magnitudes[0], [[0.5, 1.0, 0.25]])


def test_densities_by_hand():
    """Two networks of one method: edges are the squares of 0, 1/2 and 1, densities their mean."""
    display = WeightDistributionDisplay.from_weights({"x": [[1.0, -1, 0.1, 0], [0.5, 0.5, -0.5, 0.5]]})
    edges, densities = display.densities(bins=2)
    np.testing.assert_allclose(edges, [0, 0.25, 1])
    np.testing.assert_allclose(densities, [[0.25 / 0.25, 0.75 / 0.75]])
    axes = display.plot(bins=2).ax_
    np.testing.assert_allclose(axes.patches[0].get_data().values, densities[0])
    # A quarter of the weights lie in the first bin and the rest in the second, so half of them below 0.25 + 0.75 / 3.
    (near,) = axes.child_axes
    assert near.get_xlim() == (0, pytest.approx(0.5)) and near.get_yscale() == "linear"
    (near,) = display.plot(near=0.1).ax_.child_axes
    assert near.get_xlim() == (0, 0.1)
    assert not display.plot(near=0).ax_.child_axes


def test_one_curve_for_each_layer(large_model):
    display = WeightDistributionDisplay.from_model(large_model).plot(bins=30)
    assert len(display.ax_.patches) == 3
    assert display.ax_.get_yscale() == "log"
    assert display.ax_.get_legend().get_texts()[0].get_text() == "sparse1 (7,840 links)"
    assert display.plot(log_y=False, legend=False).ax_.get_yscale() == "linear"
    assert display.ax_.get_legend() is None


def update_of(layer, carry, after=None):
    """An update of a layer of `tiny_model` that left it as it is, or with another wiring."""
    structure = after or layer.structure
    everything = np.ones(structure.nnz, bool)
    change = LayerUpdate(layer.name, structure, structure, np.array(carry), everything, everything, np.empty(0, int),
                         np.empty(0, int))  # fmt: skip
    return TopologyUpdate((change,), 0.3, 0.0)


def test_what_the_last_update_grew_is_shaded(tiny_model):
    """|w| of layer a are 0.5, 1 and 0.25; two of them are new, and fill their bins as a part of all three links."""
    first = tiny_model.sparse_layers[0]
    display = WeightDistributionDisplay.from_model(tiny_model, update_of(first, [-1, 0, -1]))
    np.testing.assert_array_equal(display.new[0], [0.5, 0.25])
    assert len(display.new) == 2 and not len(display.new[1])
    axes = display.plot(bins=2, near=1).ax_
    shades = [patch for patch in axes.patches if patch.get_fill()]
    np.testing.assert_allclose(shades[0].get_data().edges, [0, 0.5, 2])
    np.testing.assert_allclose(shades[0].get_data().values, [1 / 3 / 0.5, 1 / 3 / 1.5])
    assert [patch.get_fill() for patch in axes.child_axes[0].patches].count(True) == 2
    assert "grown by the last update" in axes.get_legend().get_texts()[-1].get_text()


def test_nothing_is_shaded_where_no_link_is_known_to_be_new(tiny_model):
    first, second = tiny_model.sparse_layers
    other = update_of(first, [-1, 0], after=second.structure)  # as when the best epoch is restored
    for update in (None, other, update_of(first, [0, 1, 2])):
        display = WeightDistributionDisplay.from_model(tiny_model, update).plot()
        assert not any(map(len, display.new))
        assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["a (3 links)", "b (2 links)"]


def test_bad_weights_are_refused():
    for weights in ({}, {"a": []}, {"a": [1.0, np.nan]}, {"a": [[1.0], []]}):
        with pytest.raises(InvalidInputError):
            WeightDistributionDisplay.from_weights(weights)


def test_survival_by_hand():
    records = [{"kind": "epoch", "epoch": 1}, update_record(3, a=8, b=7), update_record(5, a=6, b=2)]
    display = LinkSurvivalDisplay.from_history(records)
    assert display.names == ("a", "b")
    np.testing.assert_allclose(display.alive, [[1, 0.8, 0.6], [1, 0.7, 0.2]])
    np.testing.assert_allclose(display.chance, [1, 0.7, 0.35])


def test_chance_follows_the_links_that_went_not_zeta():
    """Density that decays takes more than zeta, a layer that was stopped takes none: here 6 + 0 of 20 + 10 links."""
    layers = [
        {"layer": "a", "before": 20, "removed": 6, "after": 10, "survivors_of_first": 14},
        {"layer": "b", "before": 10, "removed": 0, "after": 10, "survivors_of_first": 10},
    ]
    display = LinkSurvivalDisplay.from_history([{"kind": "update", "zeta": 0.3, "layers": layers}])
    np.testing.assert_allclose(display.chance, [1, 0.8])
    np.testing.assert_allclose(display.alive, [[1, 0.7], [1, 1]])


def test_survival_draws_each_layer_and_chance():
    display = LinkSurvivalDisplay.from_history([update_record(3, a=8, b=7)]).plot()
    assert [line.get_label() for line in display.ax_.lines] == ["a", "b", "removal by chance"]
    assert display.plot(log_y=True).ax_.get_yscale() == "log"


def test_survival_needs_counted_updates():
    for records in ([], [{"kind": "update", "zeta": 0.0, "layers": []}]):
        with pytest.raises(InvalidInputError, match="static"):
            LinkSurvivalDisplay.from_history(records)
    without = [{"kind": "update", "zeta": 0.3, "layers": [{"layer": "a", "before": 3}]}]
    with pytest.raises(InvalidInputError, match="without survivors_of_first"):
        LinkSurvivalDisplay.from_history(without)
