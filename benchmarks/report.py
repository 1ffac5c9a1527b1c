"""The report of a benchmark: timings, single figures, claims with verdicts; text for people, JSON for programs."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.timing import Figure, Timing

WIDTH = 110


class Bound(NamedTuple):
    """What a figure has to reach, and what it should reach."""

    limit: float
    unit: str = "×"
    aim: float | None = None
    at_most: bool = True

    def verdict(self, value: float) -> str:
        """Return "aim met", "met" or "MISSED"."""
        sign = -1 if self.at_most else 1
        if self.aim is not None and sign * value >= sign * self.aim:
            return "aim met"
        return "met" if sign * value >= sign * self.limit else "MISSED"


def at_most(limit: float, unit: str = "×", aim: float | None = None) -> Bound:
    """Bound a figure from above."""
    return Bound(limit, unit, aim)


def at_least(limit: float, unit: str = "×", aim: float | None = None) -> Bound:
    """Bound a figure from below."""
    return Bound(limit, unit, aim, at_most=False)


@dataclass
class Report:
    """Collect what a benchmark found, as plain lists, dicts, numbers and text; `vars` of it is what JSON gets.

    Attributes
    ----------
    machine : dict of str to str
        Processor, versions, code, date.
    judged : bool
        Whether claims get verdicts; the jobs of quick runs are too small for any.
    limits : list of dict
        What the machine can do at best, by number of threads; see `benchmarks.limits.measure`.
    rows, facts, claims : list of dict
        Timings in seconds, other figures, figures with a bound.
    notes : list of str
    """

    machine: dict[str, str]
    judged: bool = True
    limits: list[dict[str, float]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add_row(self, section: str, name: str, timing: Timing, *, flops: float = 0.0, least: float = 0.0) -> None:
        """Add a timing, with the useful operations of a call and the seconds that the machine needs at least."""
        row = {"section": section, "name": name, **timing.figure._asdict(), "flops": flops, "least": least}
        self.rows.append({**row, "turns": timing.turns, "disturbed": sum(timing.disturbed)})

    def add_fact(self, name: str, figure: Figure | float, unit: str) -> None:
        """Add a figure that nobody judges."""
        figure = figure if isinstance(figure, Figure) else Figure(figure, figure, figure)
        self.facts.append({"name": name, **figure._asdict(), "unit": unit})

    def claim(self, name: str, bound: Bound, figure: Figure) -> None:
        """Compare a figure with its bound."""
        verdict = bound.verdict(figure.value) + ("" if figure.quiet else "?") if self.judged else "not judged"
        self.claims.append({"name": name, **figure._asdict(), **bound._asdict(), "verdict": verdict})

    def text(self) -> str:
        """Return the report as a table for people."""
        lines = [_wrapped(f"{name}: {value}") for name, value in self.machine.items()]
        lines += [_limits(limits) for limits in self.limits]
        for section in dict.fromkeys(row["section"] for row in self.rows):
            rows = [row for row in self.rows if row["section"] == section]
            lines += ["", f"{section}", f"{'':34}{_HEAD.replace('median', 'median ms')}   GFLOP/s of limit   × first"]
            lines += [_row(row, rows[0]["value"]) for row in rows]
        if self.facts:
            lines += ["", f"{'':74}{_HEAD}"]
            lines += [f"{fact['name'][:74]:74}{_three(fact)} {fact['unit']}" for fact in self.facts]
        if self.claims:
            lines += ["", f"{'claims':50}{_HEAD}       bound  verdict", *map(_claim, self.claims)]
        notes, disturbed = list(self.notes), sum(row["disturbed"] for row in self.rows)
        if disturbed:
            notes.append(f"THE MACHINE WAS NOT IDLE: other work disturbed {disturbed} turns. They are left out where "
                         "enough quiet rounds remain; figures marked ? include them.")  # fmt: skip
        if not self.judged:
            notes.append("QUICK: tiny jobs that only show that the benchmark works; nothing is judged.")
        return "\n".join([*lines, "", *(_wrapped(f"* {note}") for note in notes)])


_HEAD = f"{'median':>10}{'min':>10}{'max':>10}"


def _limits(limits: dict[str, float]) -> str:
    rates = ", ".join(f"{level} {limits[level] / 1e9:.0f}" for level in ("L2", "L3", "DRAM"))
    return f"limits with {limits['threads']} threads: {limits['fma'] / 1e9:.0f} GFLOP/s; reads in GB/s: {rates}"


def _row(row: dict[str, Any], first: float) -> str:
    times = _three({key: 1e3 * row[key] for key in ("value", "low", "high")})
    gflops = _digits(row["flops"] / row["value"] / 1e9) if row["flops"] else ""
    share = f"{100 * row['least'] / row['value']:.0f} %" if row["least"] else ""
    mark = "" if row["quiet"] else "?"
    return f"{row['name'][:34]:34}{times}{gflops:>10}{share:>9}{_digits(row['value'] / first):>10}{mark}"


def _claim(claim: dict[str, Any]) -> str:
    aim = "" if claim["aim"] is None else f" (aim {claim['aim']:g})"
    bound = f"{'≤' if claim['at_most'] else '≥'} {claim['limit']:g} {claim['unit']}"
    return f"{claim['name'][:50]:50}{_three(claim)}{bound:>12}  {claim['verdict']}{aim}"


def _three(figure: dict[str, Any]) -> str:
    return "".join(f"{_digits(figure[key]):>10}" for key in ("value", "low", "high"))


def _digits(number: float) -> str:
    """Return three digits or more, in at most nine characters."""
    return f"{number:.3g}" if abs(number) < 100 or abs(number) >= 1e7 else f"{number:.0f}"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="  ")
