"""The local community of an absent link, and the heat map of scores, on the worked 3 x 4 example."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import LocalCommunityDisplay, ScoreMatrixDisplay, save
from sparse_mlp.plotting.local_community import LOOKS
from sparse_mlp.structure import SparseStructure

WORKED = [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]]
KINDS = ("internal", "external", "ends", "other")


def wiring(matrix):
    matrix = np.array(matrix)
    return SparseStructure.from_coo(*np.nonzero(matrix), matrix.shape)


def pairs(links):
    return list(zip(links.rows.tolist(), links.cols.tolist(), strict=True))


def test_one_path_by_hand():
    display = LocalCommunityDisplay.from_structure(wiring(WORKED), 0, 3)
    assert (display.inputs.tolist(), display.outputs.tolist(), display.n_paths) == ([2], [0], 1)
    assert pairs(display.internal) == [(2, 0)]
    assert pairs(display.external) == [(2, 2)]
    assert pairs(display.ends) == [(0, 0), (2, 3)]
    assert pairs(display.other) == [(0, 1), (1, 1), (1, 2)]
    assert display.degrees() == ({2: (1, 1)}, {0: (1, 0)})


def test_two_paths_by_hand():
    display = LocalCommunityDisplay.from_structure(wiring(WORKED), 0, 2)
    assert (display.inputs.tolist(), display.outputs.tolist()) == ([1, 2], [0, 1])
    assert pairs(display.internal) == [(1, 1), (2, 0)]
    assert pairs(display.external) == [(2, 3)]
    assert pairs(display.ends) == [(0, 0), (0, 1), (1, 2), (2, 2)]
    assert display.degrees() == ({1: (1, 0), 2: (1, 1)}, {0: (1, 0), 1: (1, 0)})


@given(st.integers(1, 7), st.integers(1, 7), st.floats(0.1, 0.9), st.integers(0, 10**6))
def test_against_the_definition(n_in, n_out, density, seed):
    matrix = np.random.default_rng(seed).random((n_in, n_out)) < density
    for u, v in zip(*np.nonzero(~matrix), strict=True):
        display = LocalCommunityDisplay.from_structure(wiring(matrix), int(u), int(v))
        links = set(zip(*(side.tolist() for side in np.nonzero(matrix)), strict=True))
        paths = {(a, b) for a, b in links if (u, b) in links and (a, v) in links}
        inputs, outputs = {a for a, _ in paths}, {b for _, b in paths}
        assert (set(display.inputs.tolist()), set(display.outputs.tolist())) == (inputs, outputs)
        assert set(pairs(display.internal)) == paths
        assert display.n_paths == (matrix @ matrix.T.astype(int) @ matrix)[u, v]
        for a, (internal, external) in display.degrees()[0].items():
            assert internal == sum((a, b) in links for b in outputs)
            assert external == sum((a, b) in links for b in range(n_out) if b not in outputs and b != v)
        for b, (internal, external) in display.degrees()[1].items():
            assert internal == sum((a, b) in links for a in inputs)
            assert external == sum((a, b) in links for a in range(n_in) if a not in inputs and a != u)
        parts = [pair for kind in KINDS for pair in pairs(getattr(display, kind))]
        assert sorted(parts) == sorted(links)


def test_drawing_shows_every_link_once(tmp_path):
    display = LocalCommunityDisplay.from_structure(wiring(WORKED), 0, 3).plot()
    drawn = {c.get_label(): c for c in display.ax_.collections if isinstance(c, LineCollection)}
    assert {kind: len(c.get_segments()) for kind, c in drawn.items()} == {
        "internal": 1, "external": 1, "ends": 2, "other": 3,
    }  # fmt: skip
    for kind, collection in drawn.items():
        np.testing.assert_allclose(collection.get_colors()[0], to_rgba(LOOKS[kind]["colors"]))
    assert display.ax_.get_title() == "absent link $u_{0}$ – $v_{3}$: 1 path of length 3"
    words = [text.get_text() for text in display.ax_.texts]
    assert [word for word in words if "i=" in word] == ["i=1, e=1   $u_{2}$", "$v_{0}$   i=1, e=0"]
    (dashed,) = display.ax_.lines
    assert dashed.get_linestyle() == "--"
    assert save(display, tmp_path / "community.png").stat().st_size > 0


def test_title_and_legend_stand_inside_the_figure():
    for structure in (wiring(WORKED), wiring(np.eye(12))):
        figure = LocalCommunityDisplay.from_structure(structure, 0, 3).plot().figure_
        figure.canvas.draw()
        for part in (figure.axes[0].title, *figure.legends):
            box = part.get_window_extent()
            assert box.y0 >= 0 and box.y1 <= figure.bbox.height and box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_a_link_without_paths():
    display = LocalCommunityDisplay.from_structure(wiring([[1, 0], [0, 1]]), 0, 1).plot()
    assert display.n_paths == 0 and display.degrees() == ({}, {})
    assert display.ax_.get_title().endswith("no path of length 3")


def test_links_that_cannot_be_drawn():
    with pytest.raises(InvalidInputError, match=r"\(0, 1\)"):
        LocalCommunityDisplay.from_structure(wiring(WORKED), 0, 1)
    with pytest.raises(InvalidInputError, match=r"rows\[0\] = 3"):
        LocalCommunityDisplay.from_structure(wiring(WORKED), 3, 0)
    with pytest.raises(InvalidInputError, match="12"):
        LocalCommunityDisplay.from_structure(wiring(np.eye(13)), 0, 1)


@pytest.fixture
def scores():
    values = np.full((3, 4), 9.0)  # on links whatever
    for pair, score in {(0, 2): 1.7, (0, 3): 0.7, (1, 0): 1.7, (1, 3): 0.0, (2, 1): 2.0}.items():
        values[pair] = score
    return values


def test_scores_of_absent_links_alone(scores):
    display = ScoreMatrixDisplay.from_scores(wiring(WORKED), scores, "ch3-l3p").plot()
    assert np.isnan(display.scores[wiring(WORKED).rows(), wiring(WORKED).indices]).all()
    assert scores[0, 0] == 9.0
    printed = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in display.ax_.texts}
    assert printed == {(0, 2): "1.7", (0, 3): "0.7", (1, 0): "1.7", (1, 3): "0", (2, 1): "2"}
    (image,) = display.ax_.images
    assert image.get_clim() == (0.0, 2.0)
    np.testing.assert_array_equal(image.get_array().mask, np.array(WORKED, bool))
    assert display.ax_.get_title() == "ch3-l3p: 4 of 5 absent links\nhave a score above 0"


def test_chosen_links_are_framed(scores):
    display = ScoreMatrixDisplay.from_scores(wiring(WORKED), scores).plot(chosen=([2, 0], [1, 2]))
    frames = [patch for patch in display.ax_.patches if isinstance(patch, Rectangle)]
    centres = [(frame.get_y() + frame.get_height() / 2, frame.get_x() + frame.get_width() / 2) for frame in frames]
    np.testing.assert_allclose(centres, [(2, 1), (0, 2)])
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["link", "chosen"]
    with pytest.raises(InvalidInputError, match="present"):
        display.plot(chosen=([0], [0]))


def test_large_empty_and_complete_layers():
    large = ScoreMatrixDisplay.from_scores(wiring(np.eye(40)), np.ones((40, 40))).plot(Figure().add_subplot())
    assert not large.ax_.texts and large.ax_.get_legend() is not None
    for matrix in (np.zeros((2, 3)), np.ones((2, 3))):
        display = ScoreMatrixDisplay.from_scores(wiring(matrix), np.zeros((2, 3))).plot()
        assert display.ax_.get_title().startswith(f"0 of {int((matrix == 0).sum())} absent links")
        assert display.ax_.images[0].get_clim() == (0.0, 1.0)


def test_scores_that_cannot_be(scores):
    with pytest.raises(InvalidInputError, match=r"scores of shape \(4, 3\)"):
        ScoreMatrixDisplay.from_scores(wiring(WORKED), scores.T)
    for wrong in (-1.0, np.nan, np.inf):
        scores[0, 2] = wrong
        with pytest.raises(InvalidInputError, match="finite"):
            ScoreMatrixDisplay.from_scores(wiring(WORKED), scores)
