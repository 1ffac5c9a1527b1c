"""Successive halving by itself: the plan, who survives, ties, failures, and who is always there."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.experiments import Rung, plan_rungs, successive_halving


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((27, 3, 27, 3), [(3, 27), (9, 9), (27, 3)]),
        ((9, 1, 27, 3), [(1, 9), (3, 3), (9, 1), (27, 1)]),
        ((10, 2, 5, 2), [(2, 10), (4, 5), (5, 2)]),
        ((5, 4, 4, 2), [(4, 5)]),
        ((1, 1, 2, 2), [(1, 1), (2, 1)]),
    ],
)
def test_plans_by_hand(arguments, expected):
    assert plan_rungs(*arguments) == [Rung(*rung) for rung in expected]


@given(settings=st.integers(1, 200), low=st.integers(1, 20), more=st.integers(0, 60), factor=st.integers(2, 5))
def test_any_plan_starts_with_all_and_ends_with_the_most_epochs(settings, low, more, factor):
    rungs = plan_rungs(settings, low, low + more, factor)
    assert rungs[0] == (low, settings) and rungs[-1].epochs == low + more
    for before, after in pairwise(rungs):
        assert before.epochs < after.epochs <= factor * before.epochs
        assert 1 <= after.settings <= max(before.settings // factor, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 1, 2, 2), "settings=0"),
        ((3, 0, 2, 2), "min_epochs=0"),
        ((3, 3, 2, 2), "max_epochs=2 below min_epochs=3; expected at least as many"),
        ((3, 1, 2, 1), "factor=1; expected a whole number, 2 or more"),
    ],
)
def test_impossible_plans_are_refused(arguments, words):
    with pytest.raises(InvalidInputError, match=words):
        plan_rungs(*arguments)


def _by_table(table, asked):
    def evaluate(numbers, epochs):
        asked.append((numbers, epochs))
        return {number: table[number] for number in numbers}

    return evaluate


def test_the_better_ones_go_on():
    asked = []
    ladder = successive_halving(plan_rungs(4, 1, 4, 2), _by_table([0.1, 0.4, 0.3, 0.2], asked))
    assert asked == [([0, 1, 2, 3], 1), ([1, 2], 2), ([1], 4)]
    assert [list(scores) for scores in ladder] == [[1, 2, 3, 0], [1, 2], [1]]


def test_ties_go_to_the_lower_number_and_failures_to_the_end():
    nan = math.nan
    asked = []
    ladder = successive_halving(plan_rungs(4, 1, 2, 2), _by_table([nan, 0.5, nan, 0.5], asked))
    assert [list(scores) for scores in ladder] == [[1, 3, 0, 2], [1, 3]]
    ladder = successive_halving(plan_rungs(3, 1, 2, 2), _by_table([nan, nan, nan], asked))
    assert [list(scores) for scores in ladder] == [[0, 1, 2], [0]]


def test_one_is_always_there_and_takes_no_place():
    asked = []
    ladder = successive_halving(plan_rungs(4, 1, 4, 2), _by_table([0.1, 0.4, 0.3, 0.2], asked), always=[0])
    assert [numbers for numbers, _ in asked] == [[0, 1, 2, 3], [0, 1, 2], [0, 1]]
    assert list(ladder[-1]) == [1, 0]
    ladder = successive_halving(plan_rungs(4, 1, 4, 2), _by_table([0.9, 0.4, 0.3, 0.2], asked), always=[0])
    assert [list(scores) for scores in ladder] == [[0, 1, 2, 3], [0, 1], [0]]
