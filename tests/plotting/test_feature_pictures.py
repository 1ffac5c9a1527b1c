"""Strengths of the inputs as training goes on."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import StrengthCourseDisplay, save
from sparse_mlp.plotting.strength_course import spread_out


def course(epochs, n_in=12):
    strength = np.random.default_rng(0).random((len(epochs), n_in)).astype(np.float32)
    return SimpleNamespace(epochs=np.array(epochs), strength=strength)


def test_an_image_for_each_epoch_in_means(tmp_path):
    given = course([0, 1, 2, 5, 9])
    display = StrengthCourseDisplay.from_course(given, (3, 4), "a set").plot()
    panels = [axes for axes in display.ax_ if axes.images]
    assert [axes.get_title() for axes in panels] == ["before training", "epoch 1", "epoch 2", "epoch 5", "epoch 9"]
    for axes, values in zip(panels, given.strength, strict=True):
        np.testing.assert_allclose(axes.images[0].get_array(), (values / values.mean()).reshape(3, 4), rtol=1e-5)
    assert len({axes.images[0].get_clim() for axes in panels}) == 1  # one scale for all
    assert not display.ax_[5].axison
    assert save(display, tmp_path / "strength.png").stat().st_size > 0


def test_colour_planes_are_averaged_and_a_table_is_drawn_by_rank():
    given = course([0, 4])
    colours = StrengthCourseDisplay.from_course(given, (3, 2, 2)).plot()
    expected = (given.strength[0] / given.strength[0].mean()).reshape(3, 2, 2).mean(axis=0)
    np.testing.assert_allclose(colours.ax_[0].images[0].get_array(), expected, rtol=1e-5)
    table = StrengthCourseDisplay.from_course(given).plot()
    assert len(table.ax_.lines) == 2 and np.all(np.diff(table.ax_.lines[1].get_ydata()) <= 0)
    assert [text.get_text() for text in table.ax_.get_legend().get_texts()] == ["before training", "epoch 4"]


def test_inputs_without_any_strength_are_drawn():
    given = course([0])
    given.strength[:] = 0
    assert StrengthCourseDisplay.from_course(given, (3, 4)).plot().ax_[0].images


def test_an_image_of_another_size_is_refused():
    with pytest.raises(InvalidInputError, match="12 inputs"):
        StrengthCourseDisplay.from_course(course([0]), (3, 5))


@pytest.mark.parametrize("count", [1, 2, 8, 9, 10, 30, 400])
def test_shown_epochs_ascend_from_the_first_to_the_last(count):
    shown = spread_out(np.arange(count))
    assert len(shown) == min(count, 8) and shown[0] == 0 and shown[-1] == count - 1
    assert np.all(np.diff(shown) > 0)
