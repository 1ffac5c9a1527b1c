"""Zeta over training: hand-computed points, the end, and bad input."""

from __future__ import annotations

import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import zeta_schedule


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("constant", [0.3, 0.3, 0.3, 0.3, 0.3]),
        ("step", [0.3, 0.3, 0.3, 0.0, 0.0]),
        ("cosine", [0.3, 0.225, 0.075, 0.0, 0.0]),
        ("linear", [0.3, 0.2, 0.1, 0.0, 0.0]),
    ],
)
def test_course_that_ends_at_three_quarters(name, expected):
    course = zeta_schedule(name, 0.3)
    assert [course(progress) for progress in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx(expected, abs=1e-15)


def test_other_end():
    assert zeta_schedule("cosine", 0.3, end=1.0)(0.5) == pytest.approx(0.15)
    assert zeta_schedule("linear", 0.4, end=0.5)(0.25) == pytest.approx(0.2)


@pytest.mark.parametrize("name", ["step", "cosine", "linear"])
def test_exactly_zero_once_it_has_ended(name):
    assert [zeta_schedule(name, 0.3)(progress) for progress in (0.75, 0.9, 1)] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sine", 0.3, 0.75), "did you mean"),
        (("cosine", 30, 0.75), "zeta=30.*percentage"),
        (("cosine", 0.3, 0), "zeta_end=0"),
    ],
)
def test_bad_input(arguments, message):
    name, zeta, end = arguments
    with pytest.raises(InvalidInputError, match=message):
        zeta_schedule(name, zeta, end=end)


def test_progress_outside_training():
    with pytest.raises(InvalidInputError, match=r"progress=1\.5"):
        zeta_schedule("constant", 0.3)(1.5)
