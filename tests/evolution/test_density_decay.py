"""The density over training: published check values, the window, and bad input."""

from __future__ import annotations

import pickle

import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import DENSITY_DECAYS, density_schedule

# Sparsity from .5 to .9 in ten updates.
SIGMOID = [0.5, 0.502287, 0.509698, 0.532440, 0.592056, 0.7, 0.807944, 0.867560, 0.890302, 0.897713, 0.9]
CUBIC = [0.5, 0.6084, 0.6952, 0.7628, 0.8136, 0.85, 0.8744, 0.8892, 0.8968, 0.8996, 0.9]
LINEAR = [0.5, 0.54, 0.58, 0.62, 0.66, 0.7, 0.74, 0.78, 0.82, 0.86, 0.9]


@pytest.mark.parametrize(("name", "sparsity"), [("sigmoid", SIGMOID), ("cubic", CUBIC), ("linear", LINEAR)])
@pytest.mark.parametrize("end", [1.0, 0.5])
def test_ten_updates(name, sparsity, end):
    density_at = density_schedule(name, 0.5, 0.1, end=end)
    assert [1 - density_at(c / 10 * end) for c in range(11)] == pytest.approx(sparsity, abs=5e-7)


@pytest.mark.parametrize("name", DENSITY_DECAYS)
def test_exact_at_both_ends_and_never_rising(name):
    density_at = pickle.loads(pickle.dumps(density_schedule(name, 0.5, 0.013, end=0.6)))
    assert density_at(0.0) == 0.5
    assert [density_at(progress) for progress in (0.6, 0.7, 1)] == [0.013] * 3
    course = [density_at(step / 100) for step in range(101)]
    assert course == sorted(course, reverse=True)
    assert course[59] > 0.013


def test_steepness_at_its_limits():
    for steepness in (1e-6, 1000.0):
        density_at = density_schedule("sigmoid", 0.5, 0.1, end=1.0, steepness=steepness)
        assert [round(density_at(p), 9) for p in (0.0, 0.5, 1.0)] == [0.5, 0.3, 0.1]


def test_steepness():
    flat, steep = (density_schedule("sigmoid", 0.5, 0.1, end=1.0, steepness=k) for k in (1e-6, 50))
    assert flat(0.25) == pytest.approx(0.4, abs=1e-6)  # almost a straight line
    assert steep(0.25) == pytest.approx(0.5, abs=1e-6)  # almost a step


def test_nothing_to_decay():
    density_at = density_schedule("cubic", 0.2, 0.2)
    assert [density_at(progress) for progress in (0, 0.2, 0.9)] == [0.2] * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sigmod", 0.5, 0.1), "decay='sigmod'; .*did you mean 'sigmoid'"),
        (("cubic", 0.1, 0.5), "density_start=0.1 below density=0.5; expected at least as high"),
        (("cubic", 0, 0.5), "density_start=0"),
        (("cubic", 0.5, 10), "density=10.*percentage"),
        (("cubic", 0.5, 0.1, 0), "decay_end=0"),
        (("sigmoid", 0.5, 0.1, 0.5, 0), "steepness=0"),
    ],
)
def test_bad_input(arguments, message):
    name, start, final, *rest = arguments
    with pytest.raises(InvalidInputError, match=message):
        density_schedule(name, start, final, **dict(zip(("end", "steepness"), rest, strict=False)))


def test_progress_outside_training():
    with pytest.raises(InvalidInputError, match=r"progress=1\.5"):
        density_schedule("cubic", 0.5, 0.1)(1.5)
