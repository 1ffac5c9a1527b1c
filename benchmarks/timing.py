"""Fair timing: entries take turns, so that whatever else the machine does meanwhile affects all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import NamedTuple, Protocol

TOLERATED = 0.15  # cores busy with other work, averaged over a turn, above which the turn counts as disturbed
SETTLE = 0.1  # seconds before a turn: threads of the libraries that had the last one still look out for work
TICK = 0.02  # seconds by which the system's own accounting may be wrong in a turn
ENOUGH = 3  # quiet rounds that are enough to leave out the disturbed ones


class Figure(NamedTuple):
    """A measured number: its median, its extremes, and whether only quiet rounds went into it."""

    value: float
    low: float
    high: float
    quiet: bool = True

    def times(self, factor: float) -> Figure:
        """Return the figure in another unit."""
        return Figure(factor * self.value, factor * self.low, factor * self.high, self.quiet)


def median_of(values: Sequence[float], *, quiet: bool = True) -> Figure:
    """Return the median with the extremes."""
    return Figure(statistics.median(values), min(values), max(values), quiet)


class Turn(NamedTuple):
    """Seconds of the calls of one turn, and the CPU seconds that the turn took in its process."""

    seconds: Sequence[float]
    cpu: float


class Entry(Protocol):
    """Something that can be timed: a job in a worker, or a stand-in in the tests."""

    def turn(self, seconds: float) -> Turn:
        """Call the job until the time is over, at least once."""


@dataclass(frozen=True)
class Timing:
    """For each round the median seconds of a call, and whether other work ran meanwhile."""

    turns: tuple[float, ...]
    disturbed: tuple[bool, ...]

    @property
    def figure(self) -> Figure:
        """The median over the rounds with the extremes, in seconds."""
        rounds, quiet = _rounds_to_keep(self)
        return median_of([self.turns[i] for i in rounds], quiet=quiet)

    def without(self, part: Timing) -> Timing:
        """Return what is left of each round when a part of the work that was timed by itself is taken off."""
        return replace(self, turns=tuple(whole - less for whole, less in zip(self.turns, part.turns, strict=True)))


def ratio(slow: Timing, fast: Timing) -> Figure:
    """Return how many times longer `slow` takes: the median over the ratios of each round."""
    rounds, quiet = _rounds_to_keep(slow, fast)
    return median_of([slow.turns[i] / fast.turns[i] for i in rounds], quiet=quiet)


def interleave(
    entries: Mapping[str, Entry], *, rounds: int, seconds: float, busy: Callable[[], float] | None = None,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, Timing]:  # fmt: skip
    """Time entries in turns: A B C A B C …

    Parameters
    ----------
    entries : mapping of str to Entry
    rounds : int
        Turns of each entry. Up to as many again are added while other work disturbs.
    seconds : float
        Length of a turn; it has at least one call.
    busy : callable, optional
        Returns the core-seconds that the whole machine has worked so far; `busy_seconds` if not given.
    clock : callable
        Returns seconds.
    """
    busy = busy or busy_seconds
    turns: dict[str, list[float]] = {name: [] for name in entries}
    disturbed: dict[str, list[bool]] = {name: [] for name in entries}
    for done in range(2 * rounds):
        if done >= rounds and sum(not any(flags) for flags in zip(*disturbed.values(), strict=True)) >= rounds:
            break
        for name, entry in entries.items():
            sleep(SETTLE)
            began, before, own = clock(), busy(), process_time()
            turn = entry.turn(seconds)
            elsewhere = busy() - before - turn.cpu - (process_time() - own)
            turns[name].append(statistics.median(turn.seconds))
            disturbed[name].append(elsewhere > TOLERATED * (clock() - began) + TICK)
    return {name: Timing(tuple(turns[name]), tuple(disturbed[name])) for name in entries}


def busy_seconds() -> float:
    """Return the core-seconds of work since the machine was started, 0 where the system does not count them.

    Notes
    -----
    Read from /proc/stat, stolen time of a virtual machine included; exact to a hundredth of a second at best.
    """
    try:
        first = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return 0.0
    user, nice, system, _idle, _waiting, irq, softirq, steal = (int(ticks) for ticks in first[1:9])
    return (user + nice + system + irq + softirq + steal) / 100


def _rounds_to_keep(*timings: Timing) -> tuple[Sequence[int], bool]:
    """Return the rounds in which nothing was disturbed, or all rounds and False where these are too few."""
    quiet = [i for i, flags in enumerate(zip(*(t.disturbed for t in timings), strict=True)) if not any(flags)]
    everything = range(len(timings[0].turns))
    return (quiet, True) if len(quiet) >= min(ENOUGH, len(everything)) else (everything, False)
