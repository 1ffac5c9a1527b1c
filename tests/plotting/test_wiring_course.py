"""The course of the wiring over the updates: what is read from the records, what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import WiringCourseDisplay, save
from sparse_mlp.plotting.wiring_course import MAX_POINTS, block_means


def update_record(before, after, itop, overlap, **net):
    layers = [
        {"layer": name, "before": b, "after": a, "itop": i, "overlap": o}
        for name, b, a, i, o in zip("ab", before, after, itop, overlap, strict=True)
    ]
    return {"kind": "update", "epoch": 1, "zeta": 0.3, "layers": layers, "itop": 0.0, **net}


@pytest.fixture
def records():
    """Two updates: layer a loses links, layer b keeps its number."""
    first = update_record((9, 4), (6, 4), (0.1, 0.2), (0.3, 0.4), anp_by_links=0.9, anp_by_paths=0.7)
    second = update_record((6, 4), (5, 4), (0.2, 0.3), (0.5, 0.9), anp_by_links=0.8, anp_by_paths=0.6)
    return [{"kind": "epoch", "epoch": 1}, first, {"kind": "epoch", "epoch": 2}, second]


def test_read_by_hand(records):
    display = WiringCourseDisplay.from_history(records)
    assert display.names == ("a", "b")
    np.testing.assert_array_equal(display.links, [[9, 6, 5], [4, 4, 4]])
    np.testing.assert_array_equal(display.itop, [[0.1, 0.2], [0.2, 0.3]])
    np.testing.assert_array_equal(display.overlap, [[0.3, 0.5], [0.4, 0.9]])
    np.testing.assert_array_equal(display.anp_by_links, [0.9, 0.8])
    np.testing.assert_array_equal(display.anp_by_paths, [0.7, 0.6])


def test_four_panels_and_one_legend(records):
    display = WiringCourseDisplay.from_history(records).plot()
    curves = [[line.get_ydata().tolist() for line in axes.lines] for axes in display.ax_]
    assert curves[0] == [[9, 6, 5], [4, 4, 4]]
    assert curves[1] == [[0.9, 0.8], [0.7, 0.6]]
    assert curves[2] == [[0.1, 0.2], [0.2, 0.3]]
    assert curves[3] == [[0.3, 0.5], [0.4, 0.9]]
    assert [axes.lines[0].get_xdata().tolist() for axes in display.ax_] == [[0, 1, 2], [1, 2], [1, 2], [1, 2]]
    (legend,) = display.figure_.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["a", "b", "whole net: neurons with a link", "whole net: neurons on a path"]
    assert all(axes.get_legend() is None for axes in display.ax_)
    looks = {(line.get_color(), line.get_linestyle()) for line in display.ax_[0].lines}
    assert len(looks) == len({dash for _, dash in looks}) == 2  # told apart without colours too


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_all_points_lie_inside_the_axes(value, tmp_path):
    record = update_record((5, 5), (5, 5), (value, value), (value, value), anp_by_links=value, anp_by_paths=value)
    display = WiringCourseDisplay.from_history([record]).plot()
    for axes in display.ax_[1:]:
        low, high = axes.get_ylim()
        assert low <= value < high
        assert [line.get_marker() for line in axes.lines] == ["o", "o"]
        assert len({line.get_markersize() for line in axes.lines}) == 2
    assert save(display, tmp_path / "one.png").stat().st_size > 0


def test_many_updates_are_drawn_as_means_of_blocks():
    rng = np.random.default_rng(0)
    values = rng.random(2 * MAX_POINTS + 1)
    many = [update_record((5, 5), (5, 5), (v, v), (v, v), anp_by_links=v, anp_by_paths=v) for v in values]
    display = WiringCourseDisplay.from_history(many).plot()
    assert display.block == 3
    (line, _) = display.ax_[3].lines
    assert line.get_xdata()[:2].tolist() == [2, 5]
    np.testing.assert_allclose(line.get_ydata()[:2], [values[:3].mean(), values[3:6].mean()])
    assert [axes.get_title().endswith("means of 3 updates") for axes in display.ax_] == [False, True, False, True]
    assert len(display.ax_[2].lines[0].get_xdata()) == len(values)


def test_block_means_by_hand():
    np.testing.assert_array_equal(block_means(np.array([1.0, 3.0, 5.0, 7.0, 9.0]), 2), [2, 6, 9])
    np.testing.assert_array_equal(block_means(np.array([1.0, 3.0]), 1), [1, 3])


def test_a_net_whose_active_neurons_were_not_measured():
    display = WiringCourseDisplay.from_history([update_record((5, 5), (5, 5), (0.1, 0.1), (0, 0))]).plot()
    assert np.isnan(display.anp_by_links).all()
    assert [text.get_text() for text in display.ax_[1].texts] == ["not measured"]


def test_on_given_axes(records):
    panels = list(Figure().subplots(1, 4))
    display = WiringCourseDisplay.from_history(records).plot(panels)
    assert display.ax_ == panels and not display.figure_.legends
    assert [axes.get_legend() is not None for axes in panels] == [True, True, False, False]
    with pytest.raises(InvalidInputError, match="4"):
        display.plot(panels[:2])


def test_runs_without_updates_or_measures_are_refused(records):
    for none in ([], records[:1], [{"kind": "update", "layers": []}]):
        with pytest.raises(InvalidInputError, match="static"):
            WiringCourseDisplay.from_history(none)
    del records[3]["layers"][1]["itop"]
    with pytest.raises(InvalidInputError, match="itop"):
        WiringCourseDisplay.from_history(records)
    records[3]["layers"].pop()
    with pytest.raises(InvalidInputError, match="a, b"):
        WiringCourseDisplay.from_history(records)
