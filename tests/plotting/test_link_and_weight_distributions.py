"""Weight magnitudes, survival of the first links, ages of the present ones."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, LinkAges, TopologyUpdate
from sparse_mlp.plotting import LinkAgesDisplay, LinkSurvivalDisplay, WeightDistributionDisplay
from sparse_mlp.structure import SparseStructure


def update_record(removed, **survivors):
    layers = [
        {"layer": name, "before": 10, "removed": removed, "survivors_of_first": n} for name, n in survivors.items()
    ]
    return {"kind": "update", "epoch": 1, "zeta": 0.3, "layers": layers}


def test_magnitudes_of_each_layer(tiny_model):
    display = WeightDistributionDisplay.from_model(tiny_model)
    assert display.names == ("a", "b")
    np.testing.assert_array_equal(display.magnitudes[0], [0.5, 1.0, 0.25])
    np.testing.assert_array_equal(display.pooled().magnitudes[0], [0.5, 1.0, 0.25, 2.0, 0.0])


def test_densities_by_hand(tiny_model):
    edges, densities = WeightDistributionDisplay.from_model(tiny_model).densities(bins=4)
    np.testing.assert_allclose(edges, [0, 0.5, 1, 1.5, 2])
    np.testing.assert_allclose(densities * 0.5, [[1 / 3, 1 / 3, 1 / 3, 0], [0.5, 0, 0, 0.5]])


def test_one_curve_a_layer(large_model):
    display = WeightDistributionDisplay.from_model(large_model).plot(bins=30)
    assert len(display.ax_.patches) == 3
    assert display.ax_.get_yscale() == "log"
    assert display.ax_.get_legend().get_texts()[0].get_text() == "sparse1 (7,840 links)"
    assert display.plot(log_y=False).ax_.get_yscale() == "linear"


def test_bad_weights_are_refused():
    for weights in ({}, {"a": []}, {"a": [1.0, np.nan]}):
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


def test_ages_follow_the_links():
    before = SparseStructure.from_coo([0, 1, 2], [0, 0, 0], (4, 1))
    after = SparseStructure.from_coo([0, 1, 3], [0, 0, 0], (4, 1))
    history = LinkAges([SimpleNamespace(name="a", structure=before)])
    history.record(TopologyUpdate((LayerUpdate("a", before, after, np.array([0, 1, -1]), np.zeros(3, bool)),)))
    display = LinkAgesDisplay.from_link_history(history)
    np.testing.assert_array_equal(display.ages[0], [1, 1, 0])
    np.testing.assert_allclose(display.fractions(), [[1 / 3, 2 / 3]])
    assert len(display.plot().ax_.patches) == 1
    with pytest.raises(InvalidInputError, match="no layer"):
        LinkAgesDisplay.from_link_history(LinkAges())
