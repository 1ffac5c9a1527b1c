"""Claims are judged by numbers made by hand."""

from __future__ import annotations

import math

import pytest

from sparse_mlp.experiments.reproduction.claims import Claim, Operand, equivalent, higher
from sparse_mlp.experiments.reproduction.intervals import interval_of_difference, interval_of_mean
from sparse_mlp.experiments.reproduction.quantities import Quantities, Quantity
from sparse_mlp.experiments.reproduction.verdicts import FAILS, HOLDS, NO_DATA, UNDECIDED, judge

ABOVE = higher("A is better", "1", "accuracy", "A", "B", "points")


def _numbers(a, b, dataset="mnist", quantity="accuracy", seeds_b=None):
    values = {"A": dict(enumerate(a)), "B": dict(zip(seeds_b or range(len(b)), b, strict=True))}
    return Quantities([Quantity(dataset, method, quantity, "%", found) for method, found in values.items() if found])


def test_an_interval_of_a_mean_is_students():
    """Mean 2, deviation 1, n 3: 2 ± 4.3027 / sqrt(3); 4.3027 is the 97.5 % quantile of t with two degrees."""
    found = interval_of_mean([1.0, 2.0, 3.0])
    assert (found.low, found.high) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))
    assert not interval_of_mean([1.0]).known


def test_networks_of_the_same_seeds_are_paired():
    """Each seed differs by 1 although the seeds are far apart."""
    found = interval_of_difference({0: 10.0, 1: 20.0, 2: 30.0}, {0: 9.0, 1: 19.0, 2: 29.0})
    assert (found.estimate, found.low, found.high, found.n, found.method) == (1.0, 1.0, 1.0, (3,), "paired t")


def test_a_method_that_is_further_in_its_campaign_is_paired_by_the_seeds_of_the_other():
    found = interval_of_difference({0: 10.0, 1: 20.0, 2: 99.0}, {0: 9.0, 1: 19.0})
    assert (found.estimate, found.n, found.method) == (1.0, (2,), "paired t")
    assert interval_of_difference({0: 10.0, 1: 20.0}, {1: 19.0, 2: 3.0}).method == "Welch t"


def test_networks_of_other_seeds_are_compared_by_welch():
    from scipy.stats import ttest_ind

    a, b = [3.0, 4.0, 5.5, 4.2], [1.0, 3.0, 8.0]
    found = interval_of_difference(dict(enumerate(a)), dict(enumerate(b, 10)))
    wanted = ttest_ind(a, b, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert found.n == (4, 3)


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ([3.0, 3.1, 2.9], [1.0, 1.2, 1.1], HOLDS),
        ([1.0, 1.2, 1.1], [3.0, 3.1, 2.9], FAILS),
        ([1.0, 3.0, 2.0], [2.0, 1.0, 2.5], UNDECIDED),
        ([3.0], [1.0], UNDECIDED),
        ([1.0, 1.0], [1.0, 1.0], UNDECIDED),
        ([], [1.0, 2.0], NO_DATA),
    ],
)
def test_a_is_above_b(a, b, verdict):
    found = judge(ABOVE, _numbers(a, b), ["mnist"])
    assert [finding.verdict for finding in found.findings] == [verdict] and found.word == verdict


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [([0.1, 0.0, -0.1], HOLDS), ([0.5, 0.5], HOLDS), ([2.0, 2.1, 1.9], FAILS), ([-2.0, -2.5], UNDECIDED),
     ([0.4, 0.6, 0.5], UNDECIDED)],
)  # fmt: skip
def test_equivalent_within_a_margin(differences, verdict):
    """Of -2 and -2.5 the interval is -2.25 ± 12.7 * 0.25, which reaches into the margin."""
    claim = equivalent("no difference", "1", "accuracy", "A", "B", 0.5, "points")
    found = judge(claim, _numbers(differences, [0.0] * len(differences)), ["mnist"])
    assert found.word == verdict


def test_a_region_contains_its_ends_where_it_has_two():
    values = {"A": {0: 1.0, 1: 1.0}, "B": {0: 1.0}}
    numbers = Quantities([Quantity("mnist", method, "minimum", "%", found) for method, found in values.items()])
    claim = Claim("at 1 to 5 %", "1", Operand("minimum"), low=1, high=5)
    found = judge(claim, numbers, ["mnist"])
    assert found.word == HOLDS and found.findings[0].interval.n == (3,)


def test_a_ratio_is_taken_seed_by_seed():
    """2 and 8 times: the mean ratio is 4 by logarithms, and its interval has no end to speak of."""
    claim = Claim("twice", "1", Operand("time", "A"), Operand("time", "B"), low=1.5, high=2.5, ratio=True)
    found = judge(claim, _numbers([2.0, 8.0], [1.0, 1.0], quantity="time"), ["mnist"]).findings[0]
    assert found.interval.estimate == pytest.approx(4.0) and found.verdict == UNDECIDED
    assert judge(claim, _numbers([2.0, 2.01], [1.0, 1.0], quantity="time"), ["mnist"]).word == HOLDS
    assert judge(claim, _numbers([4.0, 4.01], [1.0, 1.0], quantity="time"), ["mnist"]).word == FAILS
    assert judge(claim, _numbers([2.0], [1.0], quantity="time"), ["mnist"]).word == UNDECIDED


def test_two_quantities_of_the_same_networks_are_paired():
    numbers = Quantities([
        Quantity("mnist", method, quantity, "", {seed: value + 10 * seed for seed in (0, 1)})
        for method in "AB" for quantity, value in (("x", 2.0), ("y", 1.0))
    ])  # fmt: skip
    found = judge(Claim("x above y", "1", Operand("x"), Operand("y"), low=0.0), numbers, ["mnist"]).findings[0]
    assert (found.verdict, found.interval.n, found.interval.estimate) == (HOLDS, (4,), 1.0)


def _on(datasets, **claim):
    """Judge a claim on data sets on which it holds (+), fails (-), is open (?) or has no data (.)."""
    values = {"+": ([3.0, 3.1], [1.0, 1.1]), "-": ([1.0, 1.1], [3.0, 3.1]), "?": ([1.0, 3.0], [3.0, 1.0])}
    rows = [row for name, sign in datasets.items() if sign != "." for row in _numbers(*values[sign], dataset=name).rows]
    statement = higher("A", "1", "accuracy", "A", "B", "", datasets=tuple(datasets), **claim)
    return judge(statement, Quantities(rows), []).word


@pytest.mark.parametrize(
    ("signs", "verdict"),
    [("++", HOLDS), ("+-", FAILS), ("+?", UNDECIDED), ("+.", HOLDS), ("?.", UNDECIDED), ("-.", FAILS), ("..", NO_DATA)],
)
def test_a_claim_about_several_sets_needs_all_of_them_that_are_here(signs, verdict):
    assert _on(dict(zip("abcd", signs, strict=False))) == verdict


@pytest.mark.parametrize(
    ("signs", "verdict"), [("+++-", HOLDS), ("+++.", HOLDS), ("++--", FAILS), ("++-.", UNDECIDED), ("--..", FAILS)]
)
def test_a_claim_about_three_of_four_sets_bears_one_against_it(signs, verdict):
    assert _on(dict(zip("abcd", signs, strict=True)), needed=3) == verdict
