"""Verdicts, the table and the JSON, from numbers made by hand."""

from __future__ import annotations

import json

import pytest

from benchmarks.report import WIDTH, Report, at_least, at_most
from benchmarks.timing import Figure, Timing


def figure(value: float, *, quiet: bool = True) -> Figure:
    return Figure(value, value / 2, 2 * value, quiet)


def timing(seconds: float, *, quiet: bool = True) -> Timing:
    return Timing((seconds, seconds, 2 * seconds), (not quiet,) * 3)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(25.0, "aim met", "MISSED"), (24.9, "met", "MISSED"), (12.0, "met", "met"), (11.9, "MISSED", "met"),
     (6.0, "MISSED", "aim met")],
)  # fmt: skip
def test_verdicts(value: float, low: str, high: str) -> None:
    assert at_least(12, aim=25).verdict(value) == low
    assert at_most(12, aim=6).verdict(value) == high


def test_a_verdict_on_disturbed_figures_bears_a_question_mark_and_quick_runs_get_none() -> None:
    report, quick = Report({}), Report({}, judged=False)
    for each in (report, quick):
        each.claim("ours / old", at_most(1.05), figure(1.0, quiet=False))
    assert [claim["verdict"] for claim in report.claims + quick.claims] == ["met?", "not judged"]


def example() -> Report:
    report = Report({"machine": "a machine " * 20})
    report.limits.append({"threads": 2, "fma": 2e11, "L2": 2e11, "L3": 1e11, "DRAM": 3e10})
    report.add_row("a section", "ours", timing(0.0005), flops=27e6, least=0.00016)
    report.add_row("a section", "a rival with a name that is far too long for its column", timing(0.01, quiet=False))
    report.add_fact("samples per second", 165_000.0, "1/s")
    report.claim("PyTorch masked / ours", at_least(50), figure(60.0))
    report.notes.append("a note " * 40)
    return report


def test_the_table_fits_its_width_and_shows_what_matters() -> None:
    lines = example().text().splitlines()
    assert max(map(len, lines)) <= WIDTH
    ours = next(line for line in lines if line.startswith("ours"))
    assert ours.split()[1:] == ["0.5", "0.5", "1", "54", "32", "%", "1"]
    assert next(line for line in lines if line.startswith("a rival")).endswith("20?")
    claim = next(line for line in lines if line.startswith("PyTorch masked"))
    assert claim.split()[-7:] == ["60", "30", "120", "≥", "50", "×", "met"]
    assert "limits with 2 threads: 200 GFLOP/s; reads in GB/s: L2 200, L3 100, DRAM 30" in lines
    assert any(line.startswith("* THE MACHINE WAS NOT IDLE: other work disturbed 3 turns.") for line in lines)


def test_what_is_measured_survives_json() -> None:
    found = json.loads(json.dumps(vars(example()), allow_nan=False))
    assert found["rows"][0]["value"] == 0.0005 and found["rows"][0]["turns"] == [0.0005, 0.0005, 0.001]
    assert found["claims"][0]["limit"] == 50 and found["claims"][0]["verdict"] == "met"
    assert found["facts"][0] == {
        "name": "samples per second", "value": 165_000.0, "low": 165_000.0, "high": 165_000.0, "quiet": True,
        "unit": "1/s",
    }  # fmt: skip
