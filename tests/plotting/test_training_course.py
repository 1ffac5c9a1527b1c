"""Losses and accuracies of a run side by side, those that were recorded."""

from __future__ import annotations

import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.plotting import TrainingCourseDisplay


def records(*names, epochs=3):
    return [{"kind": "epoch", "epoch": e, **dict.fromkeys(names, e / 10)} for e in range(1, epochs + 1)]


def test_losses_left_accuracies_right():
    history = [*records("loss", "test_loss", "test_accuracy", "validation_accuracy"), {"kind": "update", "epoch": 1}]
    display = TrainingCourseDisplay.from_history(history, "digits, rule set").plot()
    assert [[line.get_label() for line in axes.lines] for axes in display.ax_] == [
        ["training", "test"], ["validation", "test"],
    ]  # fmt: skip
    assert [axes.get_ylabel() for axes in display.ax_] == ["loss (mean per sample)", "accuracy (fraction correct)"]
    assert display.ax_[0].lines[0].get_ydata().tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert display.figure_.get_suptitle() == "digits, rule set"


def test_a_single_epoch_and_no_test_data():
    display = TrainingCourseDisplay.from_history(records("loss", epochs=1)).plot()
    (axes,) = display.ax_
    assert axes.get_xlim() == (0, 2) and all(tick == int(tick) for tick in axes.get_xticks())


def test_nothing_to_draw():
    with pytest.raises(InvalidInputError, match="at least one epoch"):
        TrainingCourseDisplay.from_history([])
