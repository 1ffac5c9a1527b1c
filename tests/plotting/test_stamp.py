"""The lines below a figure: words, place, and that nothing else moves or is covered."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import PruningCurvesDisplay, WiringGalleryDisplay, save, stamp
from sparse_mlp.structure import SparseStructure

TEXT = "mnist, SHA-256 " + "0123456789abcdef" * 4 + ", sparse_mlp 0.1.0, seeds 0–4, " * 4


def boxes_of(figure):
    figure.draw_without_rendering()
    axes = [a.get_tightbbox() for a in figure.axes if a.axison]
    return [*axes, *(item.get_window_extent() for item in (*figure.legends, *figure.texts[:-1]))]


def sizes_of(figure):
    figure.draw_without_rendering()
    return np.array([a.get_window_extent().size for a in figure.axes])


def curves():
    grid = np.linspace(0, 1, 5)
    return PruningCurvesDisplay.from_curves({"a": {"CH3L3": {"weight-order": (grid, grid)}}})


def figure_of(kind):
    figure = Figure(figsize=(5, 4), layout="constrained" if kind.startswith("constrained") else None)
    axes = figure.subplots(1, 2)
    for each in axes:
        each.set(xlabel="x", title="t")
    axes[0].plot([1, 2], label="line")
    if "supxlabel" in kind:
        figure.supxlabel("a caption of the figure", fontsize=9)
    if "legend" in kind:
        figure.legend(loc="outside lower center" if kind.startswith("constrained") else "lower center")
    if "suptitle" in kind:
        figure.suptitle("title")
    return figure


KINDS = ("constrained", "constrained legend", "constrained supxlabel", "constrained suptitle legend", "plain",
         "plain suptitle supxlabel", "plain legend suptitle")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_stamp_stands_below_all_else_and_nothing_is_squeezed(kind):
    figure = figure_of(kind)
    before, (width, height) = sizes_of(figure), figure.get_size_inches()
    assert stamp(figure, TEXT) is figure
    np.testing.assert_allclose(sizes_of(figure), before, atol=0.05 * figure.dpi)
    words = figure.texts[-1]
    box = words.get_window_extent()
    assert box.x0 > 0 and box.y0 > 0 and box.x1 < figure.bbox.x1
    assert "\n" in words.get_text() and words.get_text().replace("\n", "").startswith("mnist, SHA-256 0123456789")
    for other in boxes_of(figure):
        assert other.y0 >= box.y1 - 1 and other.y1 <= figure.bbox.y1 + 1
    assert figure.get_size_inches()[0] == width and height < figure.get_size_inches()[1] < height + 1


def test_of_a_display_that_was_not_drawn(tmp_path):
    display = curves()
    assert stamp(display, "SYNTHETIC") is display
    assert display.figure_.texts[-1].get_text() == "SYNTHETIC"
    assert save(display, tmp_path / "stamped.png").stat().st_size > 0
    assert "SYNTHETIC" not in [text.get_text() for text in display.plot().figure_.texts]


def test_under_subfigures():
    rows = {name: {"x": SparseStructure.complete((2, 3)), "y": SparseStructure.complete((2, 3))} for name in "ab"}
    figure = stamp(WiringGalleryDisplay.from_structures(rows).plot(), TEXT).figure_
    box = figure.texts[-1].get_window_extent()
    assert all(other.y0 >= box.y1 - 1 for other in boxes_of(figure))


def test_no_words_and_second_stamps_are_refused():
    display = stamp(curves(), "one")
    with pytest.raises(InvalidInputError, match=r"plot\(\) draws a new one"):
        stamp(display, "two")
    with pytest.raises(InvalidInputError, match="no words"):
        stamp(curves(), " \n")
