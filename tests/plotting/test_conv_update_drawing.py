"""One update of a convolution: what is in the kernels and the graphs of the four states."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import same_color

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate
from sparse_mlp.plotting import ConvUpdateDisplay
from sparse_mlp.plotting._style import NEGATIVE, NEW
from sparse_mlp.plotting.conv_update import TAPS, pairs_by_tap
from sparse_mlp.plotting.score_matrix import CHOSEN
from sparse_mlp.structure import SparseStructure

GEOMETRY = ConvGeometry(1, 1, kernel=3, stride=1, padding=1, height=3, width=3)


@pytest.fixture
def display():
    """Taps 0, 4, 7 before; 7 goes, 8 grows: the tap that closes paths, see `conv_score_matrix`."""
    before = SparseStructure.from_coo([0, 4, 7], [0, 0, 0], (9, 1))
    left = np.array([True, True, False])
    update = LayerUpdate.from_stages("conv", before, left, left, [8])
    return ConvUpdateDisplay.from_update(update, GEOMETRY, [0.5, -0.25, 0.1], "ch2-l3n")


def test_scores_by_window_and_their_means(display):
    np.testing.assert_array_equal(display.weight, [0.5, np.nan, np.nan, np.nan, -0.25, np.nan, np.nan, 0.1, np.nan])
    np.testing.assert_array_equal(display.means, [np.nan, 0, 0, 0, np.nan, 0, 0, 0, 4])
    inside = np.isfinite(display.scores).sum(axis=1)
    assert inside.tolist() == [0, 6, 4, 6, 0, 6, 4, 6, 4], "windows that have the tap inside; none for links"
    assert (display.removed.tolist(), display.grown.tolist()) == ([7], [8])


def test_pairs_are_pixel_and_window():
    pairs = pairs_by_tap(GEOMETRY)
    assert pairs[4].tolist() == [[i, i] for i in range(9)]  # the middle
    assert pairs[0].tolist() == [[0, 4], [1, 5], [3, 7], [4, 8]]  # up and left


def test_states_from_left_to_right(display):
    panels = display.plot().ax_
    words = [[text.get_text() for text in axes.texts if text.get_text()] for axes in panels[:4]]
    assert words == [
        ["0.5", "−0.25", "0.1"], ["0.5", "−0.25", "0.1"],
        ["0.5", "0", "0", "0", "−0.25", "0", "0", "0", "4"], ["0.5", "−0.25", "0"],
    ]  # fmt: skip
    titles = [axes.get_title() for axes in panels[:4]]
    assert titles[0] == "(a) before: 3 of 9 taps" and titles[3] == "(d) regrowth: 1 highest"
    lines = [[c for c in axes.collections if isinstance(c, LineCollection)] for axes in panels[4:]]
    counts = [[len(c.get_segments()) for c in several] for several in lines]
    assert counts == [[4, 9, 6], [4, 9, 6], [4, 9, 4], [4, 9, 4]]
    for several, color in zip(lines, (TAPS[7], NEGATIVE, CHOSEN, NEW), strict=True):
        assert same_color(several[-1].get_color()[0], color)
    assert lines[1][-1].get_linestyle()[0][1] is not None, "what goes is dotted"
    np.testing.assert_array_equal(lines[0][0].get_segments()[0], [[0, 1 - 0.5 / 9], [1, 1 - 4.5 / 9]])
    assert len(display.figure_.legends) == 1


def test_lines_are_as_wide_as_the_scores_of_their_windows(display):
    scores = display.scores[8]
    axes = display.plot().ax_[6]
    (scored,) = [c for c in axes.collections if isinstance(c, LineCollection) and same_color(c.get_color()[0], CHOSEN)]
    known = scores[np.isfinite(scores)]
    np.testing.assert_allclose(scored.get_linewidth(), 2.4 * known / known.max())


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (GEOMETRY._replace(channels_in=2), "2 x 1 channels of 3 x 3"),
        (GEOMETRY._replace(height=9, width=9), "at most 40 pixels"),
        (GEOMETRY._replace(kernel=1), r"an update of shape \(9, 1\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(geometry, message):
    structure = SparseStructure.from_coo([0], [0], (9, 1))
    update = LayerUpdate.from_stages("conv", structure, np.ones(1, bool), np.ones(1, bool), [])
    with pytest.raises(InvalidInputError, match=message):
        ConvUpdateDisplay.from_update(update, geometry, [1.0], "ch2-l3n")
