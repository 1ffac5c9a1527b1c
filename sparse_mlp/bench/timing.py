"""Fair timing: candidates take turns, so that whatever the machine does meanwhile hits all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter, process_time

from sparse_mlp.bench.pinning import threads_apart
from sparse_mlp.errors import check_integer, invalid

Candidate = Callable[[], object]

TOLERATED = 0.15  # cores busy with other work, averaged over a slice, above which the slice counts as disturbed
TICK = 0.02  # seconds by which the system's own accounting may be wrong in a slice


@dataclass(frozen=True)
class Timing:
    """Hold what the slices of one candidate say about a single call.

    Attributes
    ----------
    median, best, low, high : float
        Seconds: the median of the slices' medians, the fastest call of all, the quartiles of the slices' medians.
    slices, calls : int
        Slices that these figures stand on, timed calls in them.
    disturbed : int
        Slices during which other work ran. They are left out where enough quiet ones remain.
    quiet : bool
        Whether the figures stand on quiet slices alone.
    """

    median: float
    best: float
    low: float
    high: float
    slices: int
    calls: int
    disturbed: int
    quiet: bool


@dataclass
class _Slice:
    seconds: list[float] = field(default_factory=list)
    disturbed: bool = False


def interleave(
    candidates: Mapping[str, Candidate],
    *,
    rounds: int = 15,
    slice_seconds: float = 0.1,
    max_rounds: int | None = None,
    clock: Callable[[], float] = perf_counter,
    other_work: Callable[[], float] | None = None,
    seconds_of: Callable[[Candidate], float] | None = None,
) -> dict[str, Timing]:
    """Time candidates in turns: A B C A B C …

    Parameters
    ----------
    candidates : mapping of str to callable
        Each is called without arguments.
    rounds : int
        Turns that each candidate gets, after an untimed call that warms up and starts its threads; while turns are
        taken, `threads_apart` holds.
    slice_seconds : float
        A turn is one untimed call, then calls one by one until this time is over; at least one.
    max_rounds : int, optional
        How far rounds may go on, looking for `rounds` turns of each candidate without other work on the machine.
        Twice `rounds` if not given.
    clock : callable
        Returns seconds.
    other_work : callable, optional
        Returns the seconds that cores have spent on other work so far; `seconds_elsewhere` if not given.
    seconds_of : callable, optional
        Calls a candidate and returns the seconds that count, where these are only a part of the call; by the clock from
        before to after if not given.

    Returns
    -------
    dict of str to Timing

    Raises
    ------
    InvalidInputError
        If there is no candidate, or `rounds` is below one.

    Examples
    --------
    >>> timings = interleave({"sum": lambda: sum(range(10))}, rounds=3, slice_seconds=0.001)
    >>> timings["sum"].best <= timings["sum"].median
    True
    """
    if not candidates:
        raise invalid("no candidate", "at least one")
    rounds = check_integer("rounds", rounds)
    last = 2 * rounds if max_rounds is None else check_integer("max_rounds", max_rounds, minimum=rounds)
    elsewhere = seconds_elsewhere if other_work is None else other_work
    slices: dict[str, list[_Slice]] = {name: [] for name in candidates}

    def by_clock(call: Candidate) -> float:
        before = clock()
        call()
        return clock() - before

    measure = by_clock if seconds_of is None else seconds_of
    for call in candidates.values():
        call()
    with threads_apart():
        for done in range(last):
            if done >= rounds and all(_quiet(taken) >= rounds for taken in slices.values()):
                break
            for name, call in candidates.items():
                slices[name].append(_take_slice(call, slice_seconds, clock, elsewhere, measure))
    return {name: _summary(taken) for name, taken in slices.items()}


def seconds_elsewhere() -> float:
    """Return the core-seconds since boot that did not go to this process, idle time apart; 0 where nobody counts them.

    Notes
    -----
    Read from /proc/stat, stolen time of a virtual machine included; exact to a hundredth of a second at best.
    """
    try:
        first = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return 0.0
    user, nice, system, _idle, _waiting, irq, softirq, steal = (int(ticks) for ticks in first[1:9])
    return (user + nice + system + irq + softirq + steal) / 100 - process_time()


def timing_of(seconds: Sequence[float], *, quiet: bool) -> Timing:
    """Return what single calls say that were timed elsewhere, as if each had been a turn."""
    return replace(_summary([_Slice([each]) for each in seconds]), quiet=quiet)


def _take_slice(
    call: Candidate, seconds: float, clock: Callable[[], float], elsewhere: Callable[[], float],
    measure: Callable[[Candidate], float],
) -> _Slice:  # fmt: skip
    taken = _Slice()
    call()  # brings code and data back into the caches, and the other candidates' threads to rest
    began, other = clock(), elsewhere()
    while not taken.seconds or clock() - began < seconds:
        taken.seconds.append(measure(call))
    taken.disturbed = elsewhere() - other > TOLERATED * (clock() - began) + TICK
    return taken


def _quiet(slices: list[_Slice]) -> int:
    return sum(not taken.disturbed for taken in slices)


def _summary(slices: list[_Slice]) -> Timing:
    quiet = [taken for taken in slices if not taken.disturbed]
    enough = len(quiet) >= max(1, min(3, len(slices)))
    kept = quiet if enough else slices
    medians = [statistics.median(taken.seconds) for taken in kept]
    low, _, high = statistics.quantiles(medians, n=4, method="inclusive") if len(medians) > 1 else medians * 3
    return Timing(
        median=statistics.median(medians),
        best=min(min(taken.seconds) for taken in slices),
        low=low,
        high=high,
        slices=len(kept),
        calls=sum(len(taken.seconds) for taken in kept),
        disturbed=len(slices) - len(quiet),
        quiet=enough,
    )
