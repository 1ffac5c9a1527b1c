"""From curves to the numbers that claims are about, on curves made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.experiments.reproduction import quantities as q


def test_the_limit_is_reached_at_the_first_epoch_that_has_it():
    assert q.epochs_to([0.1, 0.9, 0.8, 0.9], 0.9) == 2.0
    assert q.epochs_to([0.1, 0.2], 0.9) == 3.0


def test_the_area_is_over_the_logarithm():
    """A step up at epoch 2 of 4: log 2 of log 4 by the slope from 0 to 1, the rest at 1."""
    assert q.log_area([0.0, 1.0, 1.0, 1.0]) == pytest.approx((0.5 * np.log(2) + np.log(2)) / np.log(4))
    assert q.log_area([0.7]) == 0.7


def test_the_final_accuracy_is_the_median_of_the_last_tenth():
    assert q.final([0.0] * 27 + [0.6, 0.9, 0.5]) == 0.6
    assert q.final([0.1, 0.4]) == 0.4


def test_a_dip_is_what_falls_and_comes_back():
    rise = [0.5] * 5 + [0.8] * 5
    assert q.dip(rise) == 0.0
    assert q.dip(rise + [0.6] * 5) == 0.0  # it never comes back
    assert q.dip(rise + [0.6] * 5 + [0.7] * 5) == pytest.approx(0.1)
    assert q.dip(rise + [0.6] + [0.9] * 5) == 0.0  # one epoch alone is noise


def test_the_bottom_is_where_nearly_all_is_lost():
    x = [0.0, 0.2, 0.4, 0.6]
    assert q.bottom(x, [1.0, 0.5, 0.16, 0.1]) == 0.6  # 0.84 lost of 0.9
    assert q.bottom(x, [1.0, 0.5, 0.14, 0.1]) == 0.4  # 0.86, more than 95 %
    assert q.bottom(x, [1.0, 0.1, 0.12, 0.1]) == 0.2


def test_the_strength_of_a_loss_is_interpolated():
    assert q.strength_of_loss([0.0, 0.5, 1.0], [0.9, 0.8, 0.6], 0.2) == pytest.approx(0.75)
    assert q.strength_of_loss([0.0, 1.0], [0.9, 0.89], 0.2) == 1.0


def test_links_are_counted_between_magnitudes():
    weights = np.array([0.1, 0.3, 0.9, 1.5])
    assert (q.share_between(weights, 0.2, 1.0), q.share_between(weights, 1.0)) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("counts", "depth"),
    [
        ([10, 5, 20], 0.5),  # lower than both sides
        ([4, 1, 20], 0.75),  # the left side is the lower edge
        ([5, 10, 20], 0.0),  # rises
        ([20, 10, 5], 0.0),  # falls
    ],
)
def test_a_hollow_lies_between_the_origin_and_the_maximum(counts, depth):
    magnitudes = np.repeat([0.005, 0.015, 0.025, 1.0], [*counts, 2])
    assert q.hollow(magnitudes) == pytest.approx(depth)
