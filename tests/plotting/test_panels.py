"""Figures with a panel for each data set: which lines they draw, how they are laid out, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import (
    NoiseCurvesDisplay,
    PanelsDisplay,
    PruningCurvesDisplay,
    line_keys,
    method_looks,
    save,
    with_count,
)

GRID = np.linspace(0, 1, 5)
NAMES = ("random-pruning", "weight-order", "reverse-weight-order", "weight-shuffling", "weight-modification")


def perturbed(networks=3, names=NAMES):
    rng = np.random.default_rng(0)
    return {name: (GRID, rng.random((networks, 5))) for name in names}


def both():
    return {"CH3L3": perturbed(), "RLR": perturbed()}


def words(legend):
    return [text.get_text() for text in legend.get_texts()]


def bands(axes):
    return [c for c in axes.collections if isinstance(c, PolyCollection)]


def panels(names, keys=("a", "b"), upper=("c",)):
    def draw(axes, name):
        axes.plot([0, 1], [0, len(name)])

    keys, upper = ([*line_keys({key: {} for key in several})] for several in (keys, upper))
    return PanelsDisplay(names, draw, xlabel="x", ylabel="y", keys=keys, upper_keys=upper)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_a_panel_for_each_name(count):
    names = [f"set {i}" for i in range(count)]
    display = panels(names).plot()
    titles = [axes.get_title("left") for axes in display.ax_]
    assert titles == (names if count == 1 else [f"{'abcde'[i]}) {name}" for i, name in enumerate(names)])
    labelled = [bool(axes.get_xlabel()) for axes in display.ax_]
    assert labelled == [i + min(2, count) >= count for i in range(count)]  # below the lowest of each column
    assert [bool(axes.get_ylabel()) for axes in display.ax_] == [i % 2 == 0 for i in range(count)]
    assert sum(axes.axison for axes in display.figure_.axes) == count
    assert sorted(map(words, display.figure_.legends)) == [["a", "b"], ["c"]]


def test_on_given_axes():
    own = list(Figure().subplots(1, 2))
    display = panels(["one", "two"]).plot(own)
    assert display.ax_ == own and not own[0].figure.legends
    assert own[0].get_legend() is not None and own[1].get_xlabel() == "x"
    with pytest.raises(InvalidInputError, match="2"):
        display.plot(own[:1])
    axes = Figure().add_subplot()
    assert panels(["one"]).plot(axes).figure_ is axes.figure


def test_long_names_do_not_collide(tmp_path):
    names = ("a-stand-in-of-fashion-mnist-with-7011-training-images", "b", "kuzushiji_" * 6)
    display = panels(names, ["CH3L3 with a removal fraction of 0.3 and stage two on", *"ABCD", "x" * 200]).plot()
    save(display, tmp_path / "long.png", dpi=50)
    figure, page = display.figure_, display.figure_.bbox
    boxes = [legend.get_window_extent() for legend in figure.legends]
    boxes += [axes.get_tightbbox() for axes in figure.axes if axes.axison]
    for i, box in enumerate(boxes):
        assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1 and page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1
        assert not any(overlap(box, other) for other in boxes[:i])
    heights = [axes.get_position().height * figure.get_size_inches()[1] for axes in figure.axes]
    assert min(heights) > 1.4  # legends make the figure grow, not the panels shrink


def overlap(a, b):
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1


def test_every_method_gets_its_own_look():
    looks = method_looks(["SET", "ch3-L3", "x", "RLR"], {"ch3l3": "-", "rlr": "--"}, ["-", "--", ":", "-."])
    assert looks == {"SET": ":", "ch3-L3": "-", "x": "-.", "RLR": "--"}
    assert method_looks(["CH3L3", "ch3l3"], {"ch3l3": "-"}, ["-", "--"]) == {"CH3L3": "-", "ch3l3": "--"}
    assert method_looks(["a", "b", "c"], {}, ["-", "--"]) == {"a": "-", "b": "--", "c": "-"}


def test_methods_are_counted_over_all_sets():
    table = {"a": {"x": [1, 2], "y": [1]}, "b": {"x": [1, 2, 3]}}
    assert (with_count(table, "x"), with_count(table, "y")) == ("x (2–3 networks)", "y (1 network)")


@pytest.mark.parametrize(("kind", "count"), [(PruningCurvesDisplay, 3), (NoiseCurvesDisplay, 2)])
def test_perturbation_curves_are_means_with_bands(kind, count):
    curves = {"a": both(), "b": both()}
    display = kind.from_curves(curves).plot()
    for axes, found in zip(display.ax_, curves.values(), strict=True):
        expected = [found[method][name][1].mean(axis=0) for name in kind.looks for method in found]
        np.testing.assert_allclose([line.get_ydata() for line in axes.lines], expected)
        looks = [(line.get_color(), line.get_linestyle()) for line in axes.lines]
        assert len(set(looks)) == 2 * count and len({color for color, _ in looks}) == count
        assert len(bands(axes)) == len(axes.lines) and axes.get_xlim() == (0, 1)
    upper, lower = display.figure_.legends
    assert len(words(upper)) == count
    assert words(lower) == ["CH3L3 (3 networks)", "RLR (3 networks)", "mean ± one standard deviation"]
    assert not any(bands(axes) for axes in display.plot(band=False).ax_)
    assert len(words(display.figure_.legends[1])) == 2


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


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "no curves"),
        ({"a": {}}, "no curves"),
        ({"a": {"x": {"weight-shuffling": (GRID, GRID)}}}, "weight-shuffling for x on a"),
        ({"a": {"x": {"weight-ordr": (GRID, GRID)}}}, "weight-ordr"),
        ({"a": {"x": {"weight-order": (GRID[:3], GRID)}}}, "weight-order of x on a"),
        ({"a": {"x": {"weight-order": (GRID[::-1], GRID)}}}, "ascending"),
        ({"a": {"x": {"weight-order": (GRID, GRID * np.nan)}}}, "finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(given, named):
    with pytest.raises(InvalidInputError, match=named):
        PruningCurvesDisplay.from_curves(given)
