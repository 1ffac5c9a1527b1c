"""Figures with a panel for each data set: what they hold, which lines they draw, how they look, what they refuse."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import (
    AccuracyCurvesDisplay,
    NoiseCurvesDisplay,
    PruningCurvesDisplay,
    UpdateTimeDisplay,
    WeightDensityDisplay,
    save,
)
from sparse_mlp.plotting._datasets import method_looks

GRID = np.linspace(0, 1, 5)
NAMES = ("random-pruning", "weight-order", "reverse-weight-order", "weight-shuffling", "weight-modification")


def perturbed(networks=3, names=NAMES):
    rng = np.random.default_rng(0)
    return {name: (GRID, rng.random((networks, 5))) for name in names}


def both(make):
    return {"CH3L3": make(), "RLR": make()}


def words(legend):
    return [text.get_text() for text in legend.get_texts()]


def bands(axes):
    return [c for c in axes.collections if isinstance(c, PolyCollection)]


def displays(datasets=("a", "b", "c", "d"), methods=("CH3L3", "RLR"), networks=3):
    """One display of each kind, full of numbers."""
    rng = np.random.default_rng(1)

    def table(make):
        return {d: {m: make() for m in methods} for d in datasets}

    return [
        UpdateTimeDisplay.from_seconds(table(lambda: rng.random(9))),
        AccuracyCurvesDisplay.from_histories(table(lambda: rng.random((networks, 30)))),
        PruningCurvesDisplay.from_curves(table(lambda: perturbed(networks))),
        NoiseCurvesDisplay.from_curves(table(lambda: perturbed(networks))),
        WeightDensityDisplay.from_weights(table(lambda: list(rng.normal(size=(networks, 500))))),
    ]


def test_update_time_by_hand():
    display = UpdateTimeDisplay.from_seconds(
        {"mnist": {"CH3L3": [0.1, 0.3], "RLR": [0.1]}, "kmnist": {"RLR": [0.05]}}
    ).plot()
    axes = display.ax_
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([200, 100, 50])
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == ["#33bbee", "#aa4499", "#aa4499"]
    assert [text.get_text() for text in axes.texts] == ["200", "100\n50%", "50"]  # no share where the first is missing
    (whisker,) = [segment for lines in axes.collections for segment in lines.get_segments()]
    assert whisker[:, 1] == pytest.approx([110, 290])  # 5 % and 95 % of the way from 100 to 300
    assert axes.get_ylabel() == "milliseconds per topology update"
    (legend,) = display.figure_.legends
    assert words(legend) == ["CH3L3 (2 updates, 100%)", "RLR (1 update)", "5th to 95th percentile"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["mnist", "kmnist"]


def test_long_updates_are_in_seconds():
    axes = UpdateTimeDisplay.from_seconds({"a": {"x": [1.0, 3.0]}}).plot().ax_
    assert axes.get_ylabel().startswith("seconds") and axes.patches[0].get_height() == 2


def test_accuracy_percentiles_and_deviation_by_hand():
    values = np.array([[4.0, 1], [0, 1], [10, 1], [2, 1], [1, 1], [3, 1]])
    epochs, curve = AccuracyCurvesDisplay.from_histories({"a": {"x": values}}).curve("a", "x")
    np.testing.assert_array_equal(epochs, [1, 2])
    np.testing.assert_allclose(curve, [[2, 1], [2.5, 1], [3, 1]])
    _, curve = AccuracyCurvesDisplay.from_histories({"a": {"x": [[1.0], [3.0]]}}, band="std").curve("a", "x")
    np.testing.assert_allclose(curve[:, 0], [2 - np.sqrt(2), 2, 2 + np.sqrt(2)])


def test_accuracy_is_drawn_at_epochs_that_every_network_has():
    values = [[0.1, np.nan, 0.3, 0.5], [0.3, np.nan, 0.5, np.nan]]
    display = AccuracyCurvesDisplay.from_histories({"a": {"x": values}, "b": {"x": [np.nan]}}).plot()
    (line,) = display.ax_[0].lines
    np.testing.assert_array_equal(line.get_xdata(), [1, 3])
    np.testing.assert_allclose(line.get_ydata(), [0.2, 0.4])
    assert [text.get_text() for text in display.ax_[1].texts] == ["not measured"]


@pytest.mark.parametrize(("log_x", "scale"), [(True, "log"), (False, "linear")])
def test_accuracy_in_the_looks_of_the_paper(log_x, scale):
    runs = np.random.default_rng(0).random((4, 20))
    display = AccuracyCurvesDisplay.from_histories({"MNIST": {"RLR": runs, "CH3L3": runs[:3]}}).plot(log_x=log_x)
    (axes,) = display.ax_
    assert axes.get_xscale() == scale and axes.get_title("left") == "MNIST"
    assert [to_hex(line.get_color()) for line in axes.lines] == ["#cc3311", "#0077bb"]
    assert [line.get_linestyle() for line in axes.lines] == ["--", "-"]
    assert len(bands(axes)) == 2 and axes.lines[0].get_xdata()[0] == 1
    (legend,) = display.figure_.legends
    assert words(legend) == ["RLR (4 networks)", "CH3L3 (3 networks)", "median, 40th to 60th percentile"]


@pytest.mark.parametrize(
    ("kind", "colors"),
    [(PruningCurvesDisplay, ["#cc3311", "#009e73", "#8a8a8a"]), (NoiseCurvesDisplay, ["#882299", "#33bbee"])],
)
def test_perturbation_curves_in_the_looks_of_the_paper(kind, colors):
    curves = {"a": both(perturbed), "b": both(perturbed)}
    display = kind.from_curves(curves).plot()
    for axes, found in zip(display.ax_, curves.values(), strict=True):
        assert [to_hex(line.get_color()) for line in axes.lines] == [c for c in colors for _ in range(2)]
        assert [line.get_linestyle() for line in axes.lines] == ["-", "--"] * len(colors)
        expected = [found[method][name][1].mean(axis=0) for name in kind.looks for method in found]
        np.testing.assert_allclose([line.get_ydata() for line in axes.lines], expected)
        assert len(bands(axes)) == len(axes.lines) and axes.get_xlim() == (0, 1)
    upper, lower = display.figure_.legends
    assert len(words(upper)) == len(colors)
    assert words(lower) == ["CH3L3 (3 networks)", "RLR (3 networks)", "mean ± one standard deviation"]
    assert not any(bands(axes) for axes in display.plot(band=False).ax_)
    assert words(display.figure_.legends[1]) == ["CH3L3 (3 networks)", "RLR (3 networks)"]


def test_perturbation_band_is_one_deviation():
    pair = np.array([[0.2, 0.4], [0.6, 0.4]])
    axes = PruningCurvesDisplay.from_curves({"a": {"x": {"weight-order": ([0, 0.5], pair)}}}).plot().ax_[0]
    (band,) = bands(axes)
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((0.4 - np.sqrt(0.08), 0.4 + np.sqrt(0.08)))


def test_methods_and_perturbations_that_are_missing_are_passed_over():
    curves = {"a": {"x": perturbed(names=NAMES[:1]), "RLR": perturbed(1)}, "b": {"y": perturbed(2)}}
    display = PruningCurvesDisplay.from_curves(curves).plot()
    assert [len(axes.lines) for axes in display.ax_] == [4, 3]
    assert words(display.figure_.legends[1])[:3] == ["x (3 networks)", "RLR (1 network)", "y (2 networks)"]
    assert display.ax_[0].lines[1].get_linestyle() == "-"


def test_every_method_gets_a_look_of_its_own():
    looks = method_looks(["SET", "ch3-L3", "x", "RLR"], {"ch3l3": "-", "rlr": "--"}, ["-", "--", ":", "-."])
    assert looks == {"SET": ":", "ch3-L3": "-", "x": "-.", "RLR": "--"}
    assert method_looks(["CH3L3", "ch3l3"], {"ch3l3": "-"}, ["-", "--"]) == {"CH3L3": "-", "ch3l3": "--"}
    assert method_looks(["a", "b", "c"], {}, ["-", "--"]) == {"a": "-", "b": "--", "c": "-"}


def test_densities_by_hand():
    weights = {"a": {"x": [[1.0, -1, 0.1, 0], [0.5, 0.5, -0.5, 0.5]]}}
    display = WeightDensityDisplay.from_weights(weights, bins=2)
    edges, density = display.densities["a"]["x"]
    np.testing.assert_allclose(edges, [0, 0.25, 1])  # squares of 0, 1/2 and 1
    np.testing.assert_allclose(density, [[0.5 / 0.25, 0.5 / 0.75], [0, 1 / 0.75]])
    axes = display.plot().ax_[0]
    np.testing.assert_allclose(axes.patches[0].get_data().values, density.mean(axis=0))
    assert axes.get_yscale() == "log"
    (near,) = axes.child_axes
    # On average 0.25 of the weights lie in the first bin and 0.75 in the second, so half of them below 0.25 + 0.75 / 3.
    assert near.get_xlim() == (0, pytest.approx(0.5)) and near.get_yscale() == "linear"
    (near,) = display.plot(near=0.1).ax_[0].child_axes
    assert near.get_xlim() == (0, 0.1)
    assert not display.plot(near=0).ax_[0].child_axes


def test_densities_in_the_colours_of_the_paper():
    density = (np.linspace(0, 1, 6), np.ones((2, 5)))
    axes = WeightDensityDisplay.from_densities({"a": {"RLR": density, "CH3L3": density}}).plot().ax_[0]
    assert [to_hex(step.get_edgecolor()) for step in axes.patches] == ["#cc3311", "#33bbee"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_a_panel_for_each_data_set(count):
    names = [f"set {i}" for i in range(count)]
    for display in displays(names)[1:]:
        panels = display.plot().ax_
        titles = [axes.get_title("left") for axes in panels]
        assert titles == (names if count == 1 else [f"{'abcde'[i]}) {name}" for i, name in enumerate(names)])
        lettered = [bool(axes.get_xlabel()) for axes in panels]
        assert lettered == [i + min(2, count) >= count for i in range(count)]  # below the lowest of each column
        assert sum(axes.axison for axes in display.figure_.axes) == count


@pytest.mark.slow
@pytest.mark.parametrize("networks", [1, 3])
def test_long_names_do_not_collide(networks, tmp_path):
    names = ("a-stand-in-of-fashion-mnist-with-7011-training-images", "b", "kuzushiji_" * 6)
    methods = ("CH3L3 with a removal fraction of 0.3 and stage two on", *"ABCD", "x" * 200)
    for display in displays(names, methods, networks):
        save(display.plot(), tmp_path / "long.png", dpi=50)
        figure = display.figure_
        page = figure.bbox
        boxes = [legend.get_window_extent() for legend in figure.legends]
        for axes in figure.axes:
            if axes.axison:
                boxes += [axes.get_tightbbox()]
        for i, box in enumerate(boxes):
            assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1 and page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1
            assert not any(overlap(box, other) for other in boxes[:i])
        assert figure.get_size_inches()[0] == pytest.approx(7.2)
        heights = [axes.get_position().height * figure.get_size_inches()[1] for axes in figure.axes]
        assert min(heights) > 1.4  # legends make the figure grow, not the panels shrink
        ticks = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
        assert not any(overlap(a, b) for a, b in pairwise(ticks))


def overlap(a, b):
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1


def test_on_given_axes():
    for display in displays(("a", "b"))[1:]:
        panels = list(Figure().subplots(1, 2))
        assert display.plot(panels).ax_ == panels and not panels[0].figure.legends
        assert panels[0].get_legend() is not None and panels[1].get_xlabel()
        with pytest.raises(InvalidInputError, match="2, one for each panel"):
            display.plot(panels[:1])
    for display in displays(("a",)):
        axes = Figure().add_subplot()
        display.plot(axes)
        assert display.figure_ is axes.figure and not axes.figure.legends and axes.get_legend() is not None


@pytest.mark.parametrize(
    "make",
    [
        UpdateTimeDisplay.from_seconds,
        AccuracyCurvesDisplay.from_histories,
        PruningCurvesDisplay.from_curves,
        NoiseCurvesDisplay.from_curves,
        WeightDensityDisplay.from_densities,
        WeightDensityDisplay.from_weights,
    ],
)
def test_nothing_to_draw_is_refused(make):
    with pytest.raises(InvalidInputError, match="no data sets"):
        make({})
    with pytest.raises(InvalidInputError, match="no methods for the data set 'a'"):
        make({"a": {}})


def test_numbers_that_do_not_fit_are_refused():
    pruning, densities = PruningCurvesDisplay.from_curves, WeightDensityDisplay.from_densities
    steps = np.linspace(0, 1, 3)
    cases = [
        (UpdateTimeDisplay.from_seconds, [], "seconds of x on a"),
        (UpdateTimeDisplay.from_seconds, [1.0, -1.0], "none negative"),
        (UpdateTimeDisplay.from_seconds, [np.nan], "finite"),
        (AccuracyCurvesDisplay.from_histories, np.ones((2, 2, 2)), r"shape \(2, 2, 2\) for x on a"),
        (AccuracyCurvesDisplay.from_histories, np.ones((0, 4)), "none of them 0"),
        (pruning, {"weight-shuffling": (GRID, GRID)}, "weight-shuffling for x on a; expected some of"),
        (pruning, {"weight-ordr": (GRID, GRID)}, "weight-order"),
        (pruning, {"weight-order": (GRID[:3], GRID)}, "5 accuracies for strengths of shape"),
        (pruning, {"weight-order": (GRID[::-1], GRID)}, "the strengths ascending"),
        (pruning, {"weight-order": (GRID, GRID * np.nan)}, "not finite"),
        (densities, (steps, [1.0, 1, 1]), "one more than bins"),
        (densities, (steps - 1, [1.0, 1]), "ascending edges from 0 on"),
        (densities, (steps[::-1], [1.0, 1]), "ascending edges"),
        (densities, (steps, [1.0, -1]), "none negative"),
        (WeightDensityDisplay.from_weights, [[]], "weights of x on a"),
        (WeightDensityDisplay.from_weights, [[0.0]], "no weights but zeros"),
    ]
    for make, given, message in cases:
        with pytest.raises(InvalidInputError, match=message):
            make({"a": {"x": given}})
    with pytest.raises(InvalidInputError, match="band"):
        AccuracyCurvesDisplay.from_histories({"a": {"x": [0.5]}}, band="sem")
