from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.optim import SCHEDULES, make_schedule, warm_up
from sparse_mlp.optim.schedules import restarts


def rates(schedule, *steps):
    return [schedule(step) for step in steps]


@pytest.mark.parametrize(
    ("name", "params", "steps", "expected"),
    [
        ("constant", {}, (0, 50, 500), (0.1, 0.1, 0.1)),
        ("linear", {}, (0, 50, 100, 500), (0.1, 0.0505, 0.001, 0.001)),
        ("linear", {"final": 0.0, "until": 0.5}, (0, 25, 50, 99), (0.1, 0.05, 0.0, 0.0)),
        ("linear", {"final": 0.3}, (0, 50, 100), (0.1, 0.2, 0.3)),
        ("cosine", {}, (0, 50, 100, 500), (0.1, 0.05, 0.0, 0.0)),
        ("cosine", {"final": 0.02}, (0, 50, 100), (0.1, 0.06, 0.02)),
        ("step", {}, (0, 49, 50, 74, 75, 500), (0.1, 0.1, 0.01, 0.01, 0.001, 0.001)),
        ("step", {"milestones": (0.2,), "factor": 0.5}, (19, 20), (0.1, 0.05)),
        ("constant", {"warm_up_steps": 4}, (0, 1, 2, 3, 4), (0.025, 0.05, 0.075, 0.1, 0.1)),
        ("linear", {"final": 0.0, "warm_up_steps": 2}, (0, 1, 2), (0.05, 0.099, 0.098)),
    ],
)
def test_by_hand(name, params, steps, expected):
    assert rates(make_schedule(name, 0.1, 100, **params), *steps) == pytest.approx(expected, abs=1e-15)


def test_cht_falls_to_a_hundredth_over_nine_tenths_of_the_run():
    schedule = make_schedule("linear", 0.025, 1000, until=0.9)
    assert rates(schedule, 0, 450, 900, 999) == pytest.approx([0.025, 0.012625, 2.5e-4, 2.5e-4])


@pytest.mark.parametrize("name", ["constant", "linear", "cosine", "step"])
@given(total=st.integers(1, 300), step=st.integers(0, 600))
def test_rates_never_rise_and_stay_between_the_ends(name, total, step):
    schedule = make_schedule(name, 0.5, total)
    assert 0.5 >= schedule(step) >= schedule(step + 1) >= 0.0


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_schedules_can_be_pickled(name):
    options = {"width": 4, "restart_steps": 2} if name == "noam" else {"warm_up_steps": 3}
    schedule = make_schedule(name, 0.1, 10, **options)
    assert rates(pickle.loads(pickle.dumps(schedule)), *range(12)) == rates(schedule, *range(12))


def test_warm_up_wraps_any_callable():
    assert rates(warm_up(lambda step: 10.0 + step, 2), 0, 1, 2) == [5.0, 11.0, 12.0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: make_schedule("cosin", 0.1, 10), "did you mean 'cosine'"),
        (lambda: make_schedule("cosine", 0.1, 10, until=0.5), "option 'until' of schedule cosine"),
        (lambda: make_schedule("constant", 0.1, 10, final=1.0), "option 'final' of schedule constant; expected"),
        (lambda: make_schedule("constant", -0.1, 10), "base=-0.1"),
        (lambda: make_schedule("constant", 0.1, 0), "total_steps=0"),
        (lambda: make_schedule("linear", 0.1, 10, until=90), "until=90.*did you pass a percentage"),
        (lambda: make_schedule("linear", 0.1, 10, final=-1.0), "final=-1.0"),
        (lambda: make_schedule("step", 0.1, 10, milestones=(0.7, 0.5)), "milestones"),
        (lambda: make_schedule("step", 0.1, 10, milestones=(1.5,)), "milestone=1.5"),
        (lambda: make_schedule("step", 0.1, 10, factor=0), "factor=0"),
        (lambda: make_schedule("constant", 0.1, 10, warm_up_steps=-1), "warm_up_steps=-1"),
        (lambda: warm_up(float, 0), "warm-up steps=0"),
    ],
)
def test_bad_values_are_refused(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_noam_by_hand():
    """The example of the paper: 512 features, the peak at step 4,000."""
    found = rates(make_schedule("noam", 1.0, 20000, width=512, peak_step=4000), 0, 3999, 15999)
    assert found == pytest.approx([1.746928e-7, 6.987712e-4, 3.493856e-4], rel=1e-6)


def test_a_rate_that_restarts_rises_after_every_so_many_steps():
    assert rates(restarts(make_schedule("constant", 8.0, 10), 4, 2), *range(9)) == [4, 8, 8, 8, 4, 8, 8, 8, 4]


@pytest.mark.parametrize("options", [{}, {"width": 4, "warm_up_steps": 3}, {"width": 4, "restart_steps": -1}])
def test_noam_refuses(options):
    with pytest.raises(InvalidInputError):
        make_schedule("noam", 0.1, 10, **options)
