"""Pictures of networks that translate: the attention of a pair, and matrices before and after."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.layers import SparseLinear
from sparse_mlp.plotting import AttentionDisplay, MatricesDisplay, TrainingCourseDisplay
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate

WEIGHTS = np.array([[[1.0, 0, 0], [0, 0.5, 0.5]], [[0.5, 0.5, 0], [0, 1, 0]]])


def layer(name, seed):
    return SparseLinear(generate("erdos-renyi", 8, 6, 0.4, rng=seed), rng=0, name=name)


def test_attention_is_the_mean_over_heads_between_words():
    display = AttentionDisplay.from_weights(WEIGHTS, ["a", "b", "</s>"], ["x", "</s>"]).plot()
    np.testing.assert_array_equal(display.weights, [[0.75, 0.25, 0], [0, 0.75, 0.25]])
    axes = display.ax_
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "</s>"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "</s>"]
    np.testing.assert_array_equal(axes.images[0].get_array(), display.weights)


def test_attention_of_other_words_is_refused():
    with pytest.raises(InvalidInputError, match="2, 2"):
        AttentionDisplay.from_weights(WEIGHTS, ["a", "b"], ["x", "</s>"])


def test_a_column_for_each_matrix_before_and_after():
    before, after = ([layer(f"encoder.0.{name}", seed) for name in ("query", "w_1")] for seed in (0, 1))
    display = MatricesDisplay.from_layers(before, after, "wirings").plot()
    assert len(display.ax_) == 4 and [axes.get_title() for axes in display.ax_] == ["query", "w 1", "", ""]
    for axes, one in zip(display.ax_, [*before, *after], strict=True):
        drawn = np.asarray(axes.images[0].get_array()) > 0
        np.testing.assert_array_equal(drawn, one.structure.to_scipy().toarray() > 0)


def test_a_grey_says_the_same_before_and_after():
    """Blocks of two by two neurons: of the first wiring all are full, of the last one a quarter of each."""
    full, thin = np.ones((128, 128), bool), np.zeros((128, 128), bool)
    thin[::2, ::2] = True
    wirings = [SparseStructure.from_coo(*np.nonzero(links), links.shape) for links in (full, thin)]
    layers = [SparseLinear(wiring, "zero", name="query") for wiring in wirings]
    display = MatricesDisplay.from_layers(layers[:1], layers[1:]).plot()
    first, last = (axes.images[0] for axes in display.ax_)
    assert (np.asarray(first.get_array()) == 1).all() and (np.asarray(last.get_array()) == 0.25).all()
    assert first.get_clim() == last.get_clim() == (0, 1)


def test_other_layers_are_refused():
    with pytest.raises(InvalidInputError, match="same layers"):
        MatricesDisplay.from_layers([layer("a", 0)], [layer("b", 0)])


def test_courses_say_what_they_count():
    record = {"kind": "epoch", "epoch": 1, "loss": 2.0, "test_accuracy": 0.5}
    display = TrainingCourseDisplay.from_history([record], unit="token").plot()
    assert [axes.get_ylabel() for axes in display.ax_] == ["loss (mean per token)", "token accuracy (fraction correct)"]
