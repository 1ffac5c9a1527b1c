"""Scores over the weight of the time, and seconds per epoch: what is read, where lines cross, what is printed."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments import PUBLISHED_TRADE_OFFS, TradeOff
from sparse_mlp.plotting import EpochSecondsDisplay, TradeOffDisplay, save


@pytest.mark.parametrize("data", PUBLISHED_TRADE_OFFS)
def test_lines_cross_where_the_points_are(data):
    display = TradeOffDisplay.from_trade_off(PUBLISHED_TRADE_OFFS[data], data).plot()
    whole, near = display.ax_
    lines = [line for line in whole.lines if len(line.get_xdata()) == 101]
    base, *others = lines
    np.testing.assert_allclose(base.get_ydata(), 1 - base.get_xdata())
    points = [line for line in whole.lines if len(line.get_xdata()) == 1 and np.isfinite(line.get_xdata()[0])]
    assert len(points) == len(others) == 2
    for point, line in zip(points, others, strict=True):
        (x,), (y,) = point.get_xdata(), point.get_ydata()
        assert np.interp(x, line.get_xdata(), line.get_ydata()) == pytest.approx(y) == pytest.approx(1 - x)
    gains = [line.get_ydata() for line in near.lines if len(line.get_xdata()) == 101]
    np.testing.assert_allclose(gains[1], others[0].get_ydata() - base.get_ydata())
    assert near.get_xlim() == (0, pytest.approx(0.3))
    words = [text.get_text() for text in whole.get_legend().get_texts()]
    assert words[0] == "m = 1" and words[1] == f"m = 2, level at {PUBLISHED_TRADE_OFFS[data].break_even['m = 2']:.3f}"
    assert len({line.get_linestyle() for line in lines}) == 3  # told apart without colours too


def test_models_that_never_cross_are_drawn_without_a_point(tmp_path):
    trade = TradeOff({"a": 1.0, "slow and bad": 300.0, "fast and good": 0.5}, {"a": 0.8, "slow and bad": 0.7,
                     "fast and good": 0.9})  # fmt: skip
    display = TradeOffDisplay.from_trade_off(trade).plot()
    words = [text.get_text() for text in display.ax_[0].get_legend().get_texts()]
    assert words[1:] == ["slow and bad, never level", "fast and good, never level"]
    assert display.ax_[0].get_ylim()[0] == -0.5 and display.ax_[1].get_ylim()[0] > -0.6
    assert save(display, tmp_path / "trade.png").stat().st_size > 0


def test_on_given_axes():
    panels = list(Figure().subplots(1, 2))
    assert TradeOffDisplay.from_trade_off(PUBLISHED_TRADE_OFFS["lung"]).plot(panels, mark=0.5).ax_ == panels
    assert panels[1].get_xlim() == (0, 1)


def epochs(*seconds):
    return [{"kind": "epoch", "seconds": s} for s in seconds]


def test_seconds_by_hand(tmp_path):
    records = [*epochs(1.0, 3.0), {"kind": "update", "seconds": 99.0}, *epochs(50.0)]
    display = EpochSecondsDisplay.from_histories({"m = 1": records, "m = 2": [epochs(1, 2, 3), epochs(2, 3)]})
    assert display.epochs == 2  # as many as the shortest run has
    assert {name: means.tolist() for name, means in display.means.items()} == {"m = 1": [2.0], "m = 2": [1.5, 2.5]}
    axes = display.plot().ax_
    assert [bar.get_height() for bar in axes.patches] == [2.0, 2.0]
    assert [text.get_text() for text in axes.texts] == ["2 s", "2 s\n100%"]
    (points,) = axes.lines
    assert points.get_ydata().tolist() == [1.5, 2.5]
    assert axes.get_ylabel() == "seconds per epoch\n(mean of the first 2, 2 runs)"
    assert save(display, tmp_path / "seconds.png").stat().st_size > 0


def test_the_first_epochs_count_and_small_times_are_milliseconds():
    axes = EpochSecondsDisplay.from_histories({"a": epochs(0.25, 9), "b": epochs(0.0625, 9)}, epochs=1).plot().ax_
    assert [text.get_text() for text in axes.texts] == ["250 ms", "62.5 ms\n25%"]
    assert "(of the first)" in axes.get_ylabel()


def test_nothing_to_draw_is_refused():
    for given, message in (({}, "no models"), ({"a": []}, "no run of a"), ({"a": [[]]}, "a run of a without epochs")):
        with pytest.raises(InvalidInputError, match=message):
            EpochSecondsDisplay.from_histories(given)
