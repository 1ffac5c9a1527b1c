"""From numbers to verdicts: a claim holds, fails, or cannot be decided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sparse_mlp.experiments.reproduction.claims import Claim, Operand
from sparse_mlp.experiments.reproduction.intervals import PAIRED, Interval, interval_of_difference, interval_of_mean
from sparse_mlp.experiments.reproduction.quantities import Quantities

HOLDS, FAILS, UNDECIDED, NO_DATA = WORDS = ("holds", "fails", "not decided", "no data")

Network = tuple[str, int]  # method and seed


@dataclass(frozen=True)
class Finding:
    """What one data set says about a claim."""

    dataset: str
    verdict: str  # one of the words at the top of this module
    interval: Interval | None = None  # None where nothing was measured


@dataclass(frozen=True)
class Verdict:
    """What all data sets together say about a claim."""

    claim: Claim
    findings: tuple[Finding, ...]

    @property
    def word(self) -> str:
        """Whether the claim holds on as many of the data sets with numbers as it says; `missing` has the others."""
        words = [finding.verdict for finding in self.findings if finding.verdict != NO_DATA]
        if not words:
            return NO_DATA
        needed = len(words) if self.claim.needed is None else self.claim.needed
        spare = 0 if self.claim.needed is None else self.claim.of - needed
        if words.count(HOLDS) >= needed:
            return HOLDS
        return FAILS if words.count(FAILS) > spare else UNDECIDED

    @property
    def missing(self) -> list[str]:
        """The data sets that the claim is about and of which nothing is known."""
        return [finding.dataset for finding in self.findings if finding.verdict == NO_DATA]


def judge(claim: Claim, quantities: Quantities, datasets: Sequence[str]) -> Verdict:
    """Compare a claim with quantities.

    `datasets` are all that were to be looked at, with quantities or without. The interval of 95 % of the mean,
    difference or mean ratio is taken: the claim holds where all of it lies in the region of the claim, fails where none
    of it does, and else is not decided; nor is it by fewer than two networks.
    """
    wanted = claim.datasets or tuple(datasets)
    return Verdict(claim, tuple(_finding(claim, quantities, dataset) for dataset in wanted))


def judge_all(claims: Iterable[Claim], quantities: Quantities, datasets: Sequence[str]) -> list[Verdict]:
    """Compare several claims with the same quantities."""
    return [judge(claim, quantities, datasets) for claim in claims]


def _finding(claim: Claim, quantities: Quantities, dataset: str) -> Finding:
    interval = _estimate(claim, quantities, dataset)
    if interval is None:
        return Finding(dataset, NO_DATA)
    inside = _above(claim.low, claim.high, interval.low) and _above(-claim.high, -claim.low, -interval.high)
    outside = interval.high < claim.low or interval.low > claim.high
    word = UNDECIDED if not interval.known else HOLDS if inside else FAILS if outside else UNDECIDED
    return Finding(dataset, word, interval)


def _above(end: float, other: float, value: float) -> bool:
    """Tell whether a value keeps to the right side of one end of a region; open regions do not contain their end."""
    return value > end if math.isinf(other) else value >= end


def _estimate(claim: Claim, quantities: Quantities, dataset: str) -> Interval | None:
    first = _values(claim.operand, quantities, dataset)
    if claim.baseline is None:
        return interval_of_mean(list(first.values())) if first else None
    second = _values(claim.baseline, quantities, dataset)
    if not first or not second:
        return None
    if claim.ratio:
        return _ratio(_by_seed(first), _by_seed(second))
    if claim.operand.method == claim.baseline.method:  # two quantities of the same networks
        common = sorted(set(first) & set(second))
        return interval_of_mean([first[seed] - second[seed] for seed in common], PAIRED) if common else None
    return interval_of_difference(_by_seed(first), _by_seed(second))


def _values(operand: Operand, quantities: Quantities, dataset: str) -> dict[Network, float]:
    """Return the values by method and seed."""
    methods = [operand.method] if operand.method else quantities.methods(dataset, operand.quantity)
    found = [quantities.find(dataset, method, operand.quantity) for method in methods]
    return {(row.method, seed): value for row in found if row is not None for seed, value in row.by_seed.items()}


def _by_seed(values: dict[Network, float]) -> dict[int, float]:
    return {seed: value for (_, seed), value in values.items()}


def _ratio(first: dict[int, float], second: dict[int, float]) -> Interval | None:
    """Return the mean ratio of the networks of one seed, by way of the logarithms; None without common seeds."""
    common = sorted(set(first) & set(second))
    if not common:
        return None
    logs = interval_of_mean([math.log(first[seed] / second[seed]) for seed in common])
    ends = (0.0, math.inf) if len(common) < 2 else (math.exp(logs.low), math.exp(logs.high))
    return Interval(math.exp(logs.estimate), *ends, logs.n, "paired t of logarithms")
