"""The ledger of a bench: lines of measurements, claims with verdicts, as a table for people and JSON for machines."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict, dataclass, field
from typing import Any

from sparse_mlp.bench.timing import Timing

WIDTH = 100
AIM, FLOOR, MISSED, UNKNOWN, UNJUDGED = "aim met", "floor met", "MISSED", "not measured", "not judged"


@dataclass(frozen=True)
class Line:
    """Hold one measured operation.

    Attributes
    ----------
    section, name : str
    timing : Timing
    flops : float
        Useful operations of a call; 0 where they are not counted.
    least : float
        Seconds that the machine's limits allow a call; 0 where no limit is named.
    """

    section: str
    name: str
    timing: Timing
    flops: float = 0.0
    least: float = 0.0

    @property
    def gflops(self) -> float | None:
        """Billions of useful operations per second, by the median."""
        return self.flops / self.timing.median / 1e9 if self.flops else None

    @property
    def share(self) -> float | None:
        """The limit's time over the median: 1 is as fast as the machine can."""
        return self.least / self.timing.median if self.least else None


@dataclass(frozen=True)
class Claim:
    """Hold a figure that must reach a floor and should reach an aim.

    Attributes
    ----------
    name, unit : str
    value, by_best : float or None
        The figure by medians and by the fastest calls; None where it was not measured.
    floor, aim : float
    at_most : bool
        Whether floor and aim bound the figure from above.
    judged : bool
        False on networks too small to say anything.
    reason : str
        Why it was not measured.
    quiet : bool
        Whether the timings behind it stand on quiet turns alone; if not, the verdict bears a question mark.
    """

    name: str
    value: float | None
    by_best: float | None
    floor: float
    aim: float
    unit: str = "x"
    at_most: bool = False
    judged: bool = True
    reason: str = ""
    quiet: bool = True

    @property
    def verdict(self) -> str:
        """One of the words at the top of this module, with a question mark where other work disturbed the figures."""
        word = self._word()
        return word if self.quiet or word in (UNKNOWN, UNJUDGED) else f"{word}?"

    def _word(self) -> str:
        if self.value is None:
            return UNKNOWN
        if not self.judged:
            return UNJUDGED
        sign = -1 if self.at_most else 1
        if sign * self.value >= sign * self.aim:
            return AIM
        return FLOOR if sign * self.value >= sign * self.floor else MISSED


def ratio(slow: Timing | None, fast: Timing | None) -> tuple[float | None, float | None]:
    """Return how many times longer `slow` takes, by medians and by the fastest calls."""
    if slow is None or fast is None:
        return None, None
    return slow.median / fast.median, slow.best / fast.best


@dataclass
class Ledger:
    """Collect what a bench found.

    Attributes
    ----------
    header : dict of str to str
        Machine, versions, threads, date.
    limits : list of dict
        Limits of the machine, one entry for each number of threads.
    lines : list of Line
    claims : list of Claim
    facts : dict of str to float
        Figures that stand by themselves.
    notes : list of str
    """

    header: dict[str, str]
    limits: list[dict[str, float]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def find(self, section: str, name: str) -> Timing | None:
        """Return a line's timing, or None if it was not measured."""
        return next((line.timing for line in self.lines if (line.section, line.name) == (section, name)), None)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, dicts and numbers; times in seconds."""
        return {
            "header": self.header,
            "limits": self.limits,
            "lines": [{**asdict(line), "gflops": line.gflops, "share": line.share} for line in self.lines],
            "claims": [{**asdict(claim), "verdict": claim.verdict} for claim in self.claims],
            "facts": self.facts,
            "notes": self.notes,
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    def table(self) -> str:
        """Return the ledger as text of at most 100 columns."""
        rows = [_fit(f"{name}: {value}") for name, value in self.header.items()]
        rows += ["", *_limit_rows(self.limits)]
        for section in dict.fromkeys(line.section for line in self.lines):
            rows += ["", *_section_rows(section, [line for line in self.lines if line.section == section])]
        if self.facts:
            rows += ["", *(f"{name[:80]:80}{value:12.4g}" for name, value in self.facts.items())]
        rows += ["", *_claim_rows(self.claims), ""]
        return "\n".join([*rows, *(_fit(f"* {note}") for note in self.notes)])


def _limit_rows(limits: list[dict[str, float]]) -> list[str]:
    rows = [f"{'limits of the machine':24}{'FMA':>12}{'sgemm':>12}{'read L2':>12}{'read L3':>12}{'read DRAM':>12}"]
    for limit in limits:
        figures = "".join(f"{limit[key] / 1e9:12.0f}" for key in ("fma", "sgemm", "l2", "l3", "dram"))
        rows.append(f"{limit['threads']:.0f} {'core' if limit['threads'] == 1 else 'cores':22}{figures}")
    return [*rows, f"{'':24}{'GFLOP/s':>12}{'GFLOP/s':>12}" + f"{'GB/s':>12}" * 3]


def _section_rows(section: str, lines: list[Line]) -> list[str]:
    first = lines[0].timing.median
    rows = [
        _fit(section),
        f"{'':34}{'median ms':>10}{'best':>9}{'quartiles':>18}{'GFLOP/s':>9}{'of limit':>10}{'x first':>9}",
    ]
    for line in lines:
        timing = line.timing
        quartiles = f"{_ms(timing.low)}-{_ms(timing.high)}"
        gflops = "" if line.gflops is None else f"{line.gflops:.{1 if line.gflops >= 10 else 2}f}"
        share = "" if line.share is None else f"{100 * line.share:.0f} %"
        mark = "" if timing.quiet else "?"
        rows.append(
            f"{line.name[:34]:34}{_ms(timing.median):>10}{_ms(timing.best):>9}{quartiles:>18}{gflops:>9}{share:>10}"
            f"{_times(timing.median / first):>8}{mark:1}"
        )
    return rows


def _claim_rows(claims: list[Claim]) -> list[str]:
    rows = [f"{'claims':40}{'measured':>10}{'by best':>10}{'floor':>8}{'aim':>8}  verdict"]
    for claim in claims:
        value, best = ("" if number is None else f"{number:.3g}" for number in (claim.value, claim.by_best))
        sign, word = "<=" if claim.at_most else ">=", claim.reason or claim.verdict
        name = f"{claim.name} [{claim.unit}]"
        bounds = "".join(f"{sign + format(bound, 'g'):>8}" for bound in (claim.floor, claim.aim))
        rows.append(f"{name[:40]:40}{value:>10}{best:>10}{bounds}  {word}"[:WIDTH])
    return rows


def _ms(seconds: float) -> str:
    """Return milliseconds in at most seven characters, up to a quarter of an hour: columns must not touch."""
    milliseconds = 1e3 * seconds
    decimals = next((n for n, least in enumerate((1e3, 1e2, 1.0, 0.1, 1e-3)) if milliseconds >= least), 5)
    return f"{milliseconds:.{decimals}f}"


def _times(number: float) -> str:
    if number < 1:
        return f"{number:.2f}"
    return f"{number:.1f}" if number < 1e5 else f"{number:.2g}"


def _fit(text: str) -> str:
    return "\n".join(textwrap.wrap(text, WIDTH, subsequent_indent="  "))
