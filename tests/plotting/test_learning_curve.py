"""Learning curves: what is read from the records, what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import LearningCurveDisplay


def run(values, metric="test_accuracy"):
    records = [{"kind": "epoch", "epoch": e, "step": e, metric: v} for e, v in enumerate(values, start=1)]
    return [*records, {"kind": "update", "epoch": 1, "layers": []}]


def bands(axes):
    return [c for c in axes.collections if isinstance(c, PolyCollection)]


def test_one_run_is_one_line_and_no_band():
    display = LearningCurveDisplay.from_history(run([0.5, 0.7, 0.9])).plot()
    (line,) = display.ax_.lines
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(line.get_ydata(), [0.5, 0.7, 0.9])
    assert not bands(display.ax_)
    assert display.ax_.get_ylabel() == "test accuracy (fraction correct)"


def test_percentiles_by_hand():
    # Of 0, 1, 2, 3, 4 and 10 at one epoch: sorted positions 0..5, so 40 % is position 2, 50 % is 2.5, 60 % is 3.
    display = LearningCurveDisplay.from_history([run([v]) for v in (4, 0, 10, 2, 1, 3)])
    assert display.n_runs == 6
    epochs, curve = display.curve((40, 60))
    assert epochs.tolist() == [1] and curve[:, 0] == pytest.approx([2.0, 2.5, 3.0])


def test_mean_and_deviation_by_hand():
    display = LearningCurveDisplay.from_history([run([1.0]), run([3.0])])
    assert display.curve("std")[1][:, 0] == pytest.approx([2 - 2**0.5, 2, 2 + 2**0.5])


def test_band_spans_the_percentiles_asked_for():
    display = LearningCurveDisplay.from_history([run([v, v + 1]) for v in (0, 1, 2, 3, 4)]).plot(band=(25, 75))
    (band,) = bands(display.ax_)
    ys = band.get_paths()[0].vertices[:, 1]
    assert (ys.min(), ys.max()) == (1.0, 4.0)
    assert display.ax_.get_legend().get_texts()[0].get_text() == "median of 5 runs, 25–75 % band"


def test_no_band_on_demand():
    assert not bands(LearningCurveDisplay.from_history([run([1, 2]), run([2, 3])]).plot(band=None).ax_)


def test_median_is_drawn_where_every_run_has_a_value():
    display = LearningCurveDisplay.from_history([run([0.2, 0.4, 0.9]), run([0.4, 0.6])]).plot()
    np.testing.assert_array_equal(np.isnan(display.values), [[False] * 3, [False, False, True]])
    np.testing.assert_array_equal(display.ax_.lines[0].get_xdata(), [1, 2])
    np.testing.assert_allclose(display.ax_.lines[0].get_ydata(), [0.3, 0.5])


def test_epochs_without_the_metric_are_passed_over_and_the_last_record_counts():
    records = [
        {"kind": "epoch", "epoch": 1, "test_accuracy": None},
        {"kind": "epoch", "epoch": 2, "test_accuracy": 0.1},
        {"kind": "epoch", "epoch": 2, "test_accuracy": 0.2},
    ]
    display = LearningCurveDisplay.from_history(records)
    np.testing.assert_array_equal(display.epochs, [2])
    np.testing.assert_array_equal(display.values, [[0.2]])


def test_two_methods_share_one_axes():
    first = LearningCurveDisplay.from_history(run([0.5, 0.6])).plot(label="SET", color="#123456")
    second = LearningCurveDisplay.from_history(run([0.4, 0.5])).plot(first.ax_, label="static", log_x=True)
    assert second.ax_ is first.ax_ and second.figure_ is first.figure_
    assert [t.get_text() for t in first.ax_.get_legend().get_texts()] == ["SET", "static"]
    assert to_hex(first.ax_.lines[0].get_color()) == "#123456"
    assert first.ax_.get_xscale() == "log"


def test_errors_name_what_was_recorded():
    with pytest.raises(InvalidInputError, match="this run recorded test_accuracy"):
        LearningCurveDisplay.from_history(run([0.5]), metric="accuracy")
    with pytest.raises(InvalidInputError, match="did training run"):
        LearningCurveDisplay.from_history([])
    with pytest.raises(InvalidInputError, match="ascending"):
        LearningCurveDisplay.from_history(run([0.5])).plot(band=(60, 40))
