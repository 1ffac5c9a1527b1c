"""Figures of the motif paper: which printed numbers are shown, bars of seconds, scores over the weight of the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparse_mlp.experiments import PUBLISHED_TRADE_OFFS, Store, TradeOff
from sparse_mlp.experiments.planned_run import plan_run
from sparse_mlp.experiments.reproduction.figures import motif_table as motifs
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs


@pytest.mark.parametrize(
    ("hidden", "epochs", "shown"),
    [
        ((3000, 3000, 3000), 300, {motifs.ACCURACY: 73.3, motifs.SECONDS: 14307.5, motifs.SCORE: 0.91}),
        ((3000, 3000, 3000), 30, {motifs.ACCURACY: 73.3, motifs.SECONDS: None, motifs.EPOCH: None}),
        ((1000, 1000), 30, {motifs.ACCURACY: None, motifs.EPOCH: 9.14, motifs.SCORE: None}),
    ],
)
def test_printed_numbers_are_compared_with_networks_like_theirs(
    hidden: tuple[int, ...], epochs: int, shown: dict[str, float | None], tmp_path: Path
) -> None:
    settings = {
        "data": {"dataset": "fashion-mnist"}, "model": {"hidden": list(hidden)}, "training": {"epochs": epochs},
    }  # fmt: skip
    planned = plan_run(settings, "m = 2 shared")
    runs = Runs("paper", (planned,), (FinishedRun(Store(tmp_path), planned, {}),))
    printed = motifs.printed_numbers("fashion-mnist, hidden", runs)
    for quantity, value in shown.items():
        assert printed.get(quantity, {}).get("m = 2") == value


def test_seconds_by_hand() -> None:
    display = motifs.drawing("a set", {"m = 1": [[1.0, 3.0, 50.0]], "m = 2": [[1, 2, 3], [2, 3]]}).plot()
    (axes,) = display.ax_
    assert [bar.get_height() for bar in axes.patches] == [2.0, 2.0]
    assert [text.get_text() for text in axes.texts] == ["2 s", "2 s\n100%"]
    (points,) = axes.lines
    assert points.get_ydata().tolist() == [1.5, 2.5]
    assert axes.get_ylabel() == "seconds per epoch\n(mean of the first 2, 2 runs)"  # as many as the shortest run has
    (axes,) = motifs.drawing("a set", {"a": [[0.25]], "b": [[0.0625]]}).plot().ax_
    assert [text.get_text() for text in axes.texts] == ["250 ms", "62.5 ms\n25%"]


@pytest.mark.parametrize("data", PUBLISHED_TRADE_OFFS)
def test_lines_cross_where_the_points_are(data: str) -> None:
    display = PUBLISHED_TRADE_OFFS[data].drawing(data).plot()
    whole, near = display.ax_
    base, *others = [line for line in whole.lines if len(line.get_xdata()) == 101]
    np.testing.assert_allclose(base.get_ydata(), 1 - base.get_xdata())
    points = [line for line in whole.lines if len(line.get_xdata()) == 1 and np.isfinite(line.get_xdata()[0])]
    assert len(points) == len(others) == 2
    for point, line in zip(points, others, strict=True):
        (x,), (y,) = point.get_xdata(), point.get_ydata()
        assert np.interp(x, line.get_xdata(), line.get_ydata()) == pytest.approx(y) == pytest.approx(1 - x)
    gains = [line.get_ydata() for line in near.lines if len(line.get_xdata()) == 31]
    np.testing.assert_allclose(gains[1], (others[0].get_ydata() - base.get_ydata())[:31])
    assert near.get_xlim() == (0, pytest.approx(0.3))
    words = [text.get_text() for text in display.figure_.legends[0].get_texts()]
    assert words[0] == "m = 1" and words[1] == f"m = 2, level at {PUBLISHED_TRADE_OFFS[data].break_even['m = 2']:.3f}"
    assert len({line.get_linestyle() for line in (base, *others)}) == 3  # told apart without colours too


def test_models_that_never_cross_are_drawn_without_a_point() -> None:
    trade = TradeOff({"a": 1.0, "slow and bad": 300.0, "fast and good": 0.5}, {"a": 0.8, "slow and bad": 0.7,
                     "fast and good": 0.9})  # fmt: skip
    display = trade.drawing("a set").plot()
    words = [text.get_text() for text in display.figure_.legends[0].get_texts()]
    assert words[1:] == ["slow and bad, never level", "fast and good, never level"]
    assert all(-0.7 < axes.get_ylim()[0] < 0 for axes in display.ax_)  # scores of -300 do not set the scale
