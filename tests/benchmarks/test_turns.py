"""Entries take turns, and the figures are those of a clock that we turn by hand."""

from __future__ import annotations

import pytest

from benchmarks.timing import Figure, Timing, Turn, busy_seconds, interleave, median_of, ratio


class Hand:
    """A clock that stands still except while an entry has its turn."""

    def __init__(self) -> None:
        self.now, self.worked, self.order = 0.0, 0.0, ""

    def race(self, entries: dict[str, Entry], rounds: int) -> dict[str, Timing]:
        return interleave(entries, rounds=rounds, seconds=0.5, busy=lambda: self.worked, clock=lambda: self.now)


class Entry:
    """An entry whose turns have given calls, and during which other processes work for given seconds."""

    def __init__(self, hand: Hand, name: str, calls: list[list[float]], stolen: tuple[float, ...] = (0.0,)) -> None:
        self.hand, self.name, self.calls, self.stolen, self.taken = hand, name, calls, stolen, 0

    def turn(self, seconds: float) -> Turn:
        assert seconds == 0.5
        calls = self.calls[self.taken % len(self.calls)]
        self.hand.order += self.name
        self.hand.now += sum(calls)
        self.hand.worked += sum(calls) + self.stolen[self.taken % len(self.stolen)]
        self.taken += 1
        return Turn(calls, sum(calls))


def test_entries_take_turns() -> None:
    hand = Hand()
    hand.race({"A": Entry(hand, "A", [[1.0]]), "B": Entry(hand, "B", [[1.0]])}, rounds=3)
    assert hand.order == "ABABAB"


def test_a_turn_counts_by_its_median_and_a_timing_by_that_of_its_turns() -> None:
    hand = Hand()
    timing = hand.race({"A": Entry(hand, "A", [[4.0], [1.0, 50.0, 2.0], [8.0], [6.0], [10.0]])}, rounds=5)["A"]
    assert timing.turns == (4.0, 2.0, 8.0, 6.0, 10.0)
    assert timing.figure == Figure(6.0, 2.0, 10.0, quiet=True)


def test_disturbed_rounds_are_made_up_for_and_left_out() -> None:
    hand = Hand()
    entry = Entry(hand, "A", [[5.0], [1.0], [1.0], [1.0]], stolen=(4.0, 0.0, 0.0, 0.0))
    timing = hand.race({"A": entry}, rounds=3)["A"]
    assert timing.disturbed == (True, False, False, False)
    assert timing.figure == Figure(1.0, 1.0, 1.0, quiet=True)


def test_a_little_other_work_is_tolerated() -> None:
    hand = Hand()
    entry = Entry(hand, "A", [[1.0]], stolen=(0.16, 0.18))  # 0.15 of a core and 0.02 for the system's accounting
    assert hand.race({"A": entry}, rounds=2)["A"].disturbed == (False, True, False)


def test_where_too_few_rounds_are_quiet_all_count_and_the_figure_says_so() -> None:
    hand = Hand()
    timing = hand.race({"A": Entry(hand, "A", [[2.0], [3.0]], stolen=(1.0,))}, rounds=2)["A"]
    assert timing.turns == (2.0, 3.0, 2.0, 3.0)
    assert timing.figure == Figure(2.5, 2.0, 3.0, quiet=False)


def test_a_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    quiet = (False,) * 3
    slow, fast = Timing((2.0, 30.0, 8.0), quiet), Timing((1.0, 10.0, 2.0), quiet)
    assert ratio(slow, fast) == Figure(3.0, 2.0, 4.0, quiet=True)
    assert slow.figure.value / fast.figure.value == 4.0  # a slow phase of the machine would count for one of the two


def test_a_ratio_leaves_out_rounds_in_which_either_was_disturbed() -> None:
    slow = Timing((2.0, 100.0, 2.0, 2.0, 2.0), (False, True, False, False, False))
    fast = Timing((1.0, 1.0, 100.0, 1.0, 2.0), (False, False, True, False, False))
    assert ratio(slow, fast) == Figure(2.0, 1.0, 2.0, quiet=True)


def test_a_part_can_be_taken_off_and_a_figure_converted() -> None:
    whole, part = Timing((3.0, 5.0), (False, True)), Timing((1.0, 2.0), (False, False))
    assert whole.without(part) == Timing((2.0, 3.0), (False, True))
    assert median_of([1.0, 4.0, 2.0]).times(10) == Figure(20.0, 10.0, 40.0)


def test_the_system_counts_its_work() -> None:
    before = busy_seconds()
    sum(range(10**6))
    assert busy_seconds() >= before >= 0


@pytest.mark.parametrize("disturbed", [(True, True, False, False), (True, True, True, False)])
def test_three_quiet_rounds_are_enough(disturbed: tuple[bool, ...]) -> None:
    timing = Timing((1.0, 1.0, 3.0, 3.0, 3.0), (*disturbed, False))
    assert timing.figure.quiet == (sum(disturbed) == 2)
    assert timing.figure.low == (3.0 if timing.figure.quiet else 1.0)
