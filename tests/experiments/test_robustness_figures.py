"""Figures of the robustness paper: the numbers that claims are about, from curves made by hand, and the drawings."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from sparse_mlp.experiments.reproduction.figures import robustness_2, robustness_3, robustness_6
from sparse_mlp.experiments.reproduction.figures.robustness_3 import dip, epochs_to, final, log_area
from sparse_mlp.experiments.reproduction.figures.robustness_4 import collapse_strength
from sparse_mlp.experiments.reproduction.figures.robustness_5 import strength_of_loss
from sparse_mlp.experiments.reproduction.figures.robustness_6 import density_gap, share_between


def test_the_limit_is_reached_at_the_first_epoch_that_has_it():
    assert epochs_to([0.1, 0.9, 0.8, 0.9], 0.9) == 2.0
    assert epochs_to([0.1, 0.2], 0.9) == 3.0


def test_the_area_is_over_the_logarithm():
    """A step up at epoch 2 of 4: log 2 of log 4 by the slope from 0 to 1, the rest at 1."""
    assert log_area([0.0, 1.0, 1.0, 1.0]) == pytest.approx((0.5 * np.log(2) + np.log(2)) / np.log(4))
    assert log_area([0.7]) == 0.7


def test_the_final_accuracy_is_the_median_of_the_last_tenth():
    assert final([0.0] * 27 + [0.6, 0.9, 0.5]) == 0.6
    assert final([0.1, 0.4]) == 0.4


def test_a_dip_is_what_falls_and_comes_back():
    rise = [0.5] * 5 + [0.8] * 5
    assert dip(rise) == 0.0
    assert dip(rise + [0.6] * 5) == 0.0  # it never comes back
    assert dip(rise + [0.6] * 5 + [0.7] * 5) == pytest.approx(0.1)
    assert dip(rise + [0.6] + [0.9] * 5) == 0.0  # one epoch alone is noise


def test_the_collapse_is_where_nearly_all_is_lost():
    x = [0.0, 0.2, 0.4, 0.6]
    assert collapse_strength(x, [1.0, 0.5, 0.16, 0.1]) == 0.6  # 0.84 lost of 0.9
    assert collapse_strength(x, [1.0, 0.5, 0.14, 0.1]) == 0.4  # 0.86, more than 95 %
    assert collapse_strength(x, [1.0, 0.1, 0.12, 0.1]) == 0.2


def test_the_strength_of_a_loss_is_interpolated():
    assert strength_of_loss([0.0, 0.5, 1.0], [0.9, 0.8, 0.6], 0.2) == pytest.approx(0.75)
    assert strength_of_loss([0.0, 1.0], [0.9, 0.89], 0.2) == 1.0


def test_links_are_counted_between_magnitudes():
    weights = np.array([0.1, 0.3, 0.9, 1.5])
    assert (share_between(weights, 0.2, 1.0), share_between(weights, 1.0)) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("counts", "depth"),
    [
        ([10, 5, 20], 0.5),  # lower than both sides
        ([4, 1, 20], 0.75),  # the left side is the lower edge
        ([5, 10, 20], 0.0),  # rises
        ([20, 10, 5], 0.0),  # falls
    ],
)
def test_a_gap_lies_between_the_origin_and_the_maximum(counts, depth):
    magnitudes = np.repeat([0.005, 0.015, 0.025, 1.0], [*counts, 2])
    assert density_gap(magnitudes) == pytest.approx(depth)


def words(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_update_times_are_drawn_as_means_with_whiskers():
    seconds = {"mnist": {"CH3L3": np.array([0.1, 0.3]), "RLR": np.array([0.1])}, "kmnist": {"RLR": np.array([0.05])}}
    display = robustness_2.drawing(seconds).plot()
    (axes,) = display.ax_
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([200, 100, 50])
    assert len({to_hex(bar.get_facecolor()) for bar in axes.patches}) == 2
    assert [text.get_text() for text in axes.texts] == ["200", "100\n50%", "50"]  # no share where the first is missing
    whisker = axes.collections[0].get_segments()[0]
    assert whisker[:, 1] == pytest.approx([110, 290])  # 5 % and 95 % of the way from 100 to 300
    assert axes.get_ylabel() == "milliseconds per topology update"
    (legend,) = display.figure_.legends
    assert words(legend) == ["CH3L3 (2 updates, 100%)", "RLR (1 update)", "5th to 95th percentile"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["mnist", "kmnist"]
    (axes,) = robustness_2.drawing({"a": {"x": np.array([1.0, 3.0]), "y": np.array([40.0])}}).plot().ax_
    assert axes.get_ylabel().startswith("seconds") and axes.texts[1].get_text() == "40\n20 ×"


@pytest.mark.parametrize(("band", "middle"), [("percentile", [0.2, 0.5]), ("std", [0.3, 0.5])])
def test_accuracies_are_drawn_with_a_band_for_each_method(band, middle):
    runs = np.array([[0.1, 0.5], [0.2, 0.5], [0.6, 0.5]])
    display = robustness_3.drawing({"mnist": {"RLR": runs, "CH3L3": runs[:2]}}, band).plot()
    (axes,) = display.ax_
    assert axes.get_xscale() == "log" and axes.get_title("left") == "mnist" and axes.get_legend() is None
    np.testing.assert_allclose(axes.lines[0].get_ydata(), middle)
    assert axes.lines[0].get_linestyle() != axes.lines[1].get_linestyle()
    assert sum(isinstance(c, PolyCollection) for c in axes.collections) == 2
    (legend,) = display.figure_.legends
    assert words(legend) == ["RLR (3 networks)", "CH3L3 (2 networks)", robustness_3.BANDS[band]]


def test_densities_are_drawn_for_each_method():
    rng = np.random.default_rng(0)
    weights = {name: {m: [np.abs(rng.normal(size=500)) for _ in range(3)] for m in ("RLR", "CH3L3")} for name in "ab"}
    display = robustness_6.drawing(weights).plot()
    assert [len(axes.patches) for axes in display.ax_] == [2, 2]
    assert words(display.figure_.legends[0]) == ["RLR (3 networks)", "CH3L3 (3 networks)"]
