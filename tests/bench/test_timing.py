"""Candidates take turns, and the figures are those of a clock that we turn by hand."""

from __future__ import annotations

import pytest

from sparse_mlp.bench.timing import interleave, seconds_elsewhere, timing_of
from sparse_mlp.errors import InvalidInputError


class Hand:
    """A clock that stands still except while a candidate runs."""

    def __init__(self) -> None:
        self.now, self.elsewhere, self.calls = 0.0, 0.0, []

    def candidate(self, name: str, *durations: float, stolen: tuple[float, ...] = (0.0,)):
        counter = {"calls": 0}

        def call() -> None:
            i = counter["calls"]
            counter["calls"] += 1
            self.calls.append(name)
            self.now += durations[i % len(durations)]
            self.elsewhere += stolen[i % len(stolen)]

        return call

    def interleave(self, candidates, **options):
        return interleave(candidates, clock=lambda: self.now, other_work=lambda: self.elsewhere, **options)


def test_candidates_take_turns_after_a_round_that_warms_up() -> None:
    hand = Hand()
    hand.interleave({"A": hand.candidate("A", 1.0), "B": hand.candidate("B", 1.0)}, rounds=2, slice_seconds=0.5)
    assert "".join(hand.calls) == "AB" + "AABB" * 2  # a turn is one untimed call and one timed one


def test_a_turn_goes_on_until_its_time_is_over() -> None:
    hand = Hand()
    timings = hand.interleave({"A": hand.candidate("A", 1.0)}, rounds=2, slice_seconds=2.5)
    assert timings["A"].calls == 2 * 3
    assert len(hand.calls) == 1 + 2 * (1 + 3)


def test_median_best_and_quartiles_are_over_the_medians_of_turns() -> None:
    hand = Hand()
    # warm-up 9, then per turn an untimed 9 and one timed call: 4, 2, 8, 6, 10
    durations = [9.0] + [d for timed in (4.0, 2.0, 8.0, 6.0, 10.0) for d in (9.0, timed)]
    timing = hand.interleave({"A": hand.candidate("A", *durations)}, rounds=5, slice_seconds=0.0)["A"]
    assert (timing.median, timing.best, timing.low, timing.high) == (6.0, 2.0, 4.0, 8.0)
    assert (timing.slices, timing.calls, timing.disturbed, timing.quiet) == (5, 5, 0, True)


def test_the_median_of_a_turn_ignores_one_slow_call() -> None:
    hand = Hand()
    timing = hand.interleave({"A": hand.candidate("A", 9.0, 9.0, 1.0, 50.0, 1.0)}, rounds=1, slice_seconds=52.0)["A"]
    assert (timing.median, timing.best, timing.calls) == (1.0, 1.0, 3)


def test_turns_disturbed_by_other_work_are_replaced_by_later_ones() -> None:
    hand = Hand()
    # calls: warm-up, then (untimed, timed) a turn; other work runs in the first timed call only
    call = hand.candidate("A", 1.0, 1.0, 5.0, *[1.0] * 20, stolen=(0.0, 0.0, 4.0, *[0.0] * 20))
    timing = hand.interleave({"A": call}, rounds=3, slice_seconds=0.5)["A"]
    assert (timing.median, timing.slices, timing.disturbed, timing.quiet) == (1.0, 3, 1, True)


def test_where_no_turn_is_quiet_all_count_and_it_says_so() -> None:
    hand = Hand()
    timing = hand.interleave({"A": hand.candidate("A", 2.0, stolen=(1.0,))}, rounds=2, slice_seconds=0.5)["A"]
    assert (timing.median, timing.slices, timing.disturbed, timing.quiet) == (2.0, 4, 4, False)


def test_the_search_for_quiet_turns_ends() -> None:
    hand = Hand()
    hand.interleave({"A": hand.candidate("A", 2.0, stolen=(1.0,))}, rounds=2, max_rounds=7, slice_seconds=0.5)
    assert len(hand.calls) == 1 + 7 * 2


def test_no_candidate_and_no_round_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="no candidate"):
        interleave({})
    with pytest.raises(InvalidInputError, match="rounds=0"):
        interleave({"A": int}, rounds=0)


def test_the_system_tells_how_much_other_work_was_done() -> None:
    before = seconds_elsewhere()
    assert isinstance(before, float)
    assert seconds_elsewhere() >= before - 0.1  # its own accounting is coarse


def test_a_candidate_may_say_itself_which_seconds_count() -> None:
    hand, own = Hand(), iter([9.0, 9.0, 2.0, 9.0, 4.0, 9.0, 3.0])
    call = hand.candidate("A", 50.0)
    timings = hand.interleave(
        {"A": lambda: (call(), next(own))}, rounds=3, slice_seconds=0.0, seconds_of=lambda run: run()[1]
    )
    assert (timings["A"].median, timings["A"].best, timings["A"].calls) == (3.0, 2.0, 3)


def test_calls_timed_elsewhere_count_as_turns() -> None:
    timing = timing_of([4.0, 2.0, 8.0, 6.0, 10.0], quiet=False)
    assert (timing.median, timing.best, timing.low, timing.high) == (6.0, 2.0, 4.0, 8.0)
    assert (timing.calls, timing.quiet) == (5, False)
