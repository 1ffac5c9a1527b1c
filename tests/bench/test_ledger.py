"""The ledger's arithmetic, by numbers made by hand."""

from __future__ import annotations

import json

import pytest

from sparse_mlp.bench.ledger import AIM, FLOOR, MISSED, UNJUDGED, UNKNOWN, WIDTH, Claim, Ledger, Line, ratio
from sparse_mlp.bench.timing import Timing


def timing(median: float, best: float | None = None, *, quiet: bool = True) -> Timing:
    return Timing(median, best or median, median, median, slices=3, calls=9, disturbed=0, quiet=quiet)


def test_rates_and_shares_stand_on_the_median() -> None:
    line = Line("job", "ours", timing(0.002, 0.001), flops=4e6, least=0.0005)
    assert line.gflops == pytest.approx(2.0)
    assert line.share == pytest.approx(0.25)
    assert Line("job", "ours", timing(0.002)).gflops is None
    assert Line("job", "ours", timing(0.002)).share is None


def test_a_ratio_says_how_many_times_longer_the_other_takes() -> None:
    assert ratio(timing(0.024, 0.012), timing(0.002, 0.0015)) == pytest.approx((12.0, 8.0))
    assert ratio(None, timing(1.0)) == (None, None)


@pytest.mark.parametrize(
    ("value", "at_most", "verdict"),
    [
        (25.0, False, AIM), (24.9, False, FLOOR), (12.0, False, FLOOR), (11.9, False, MISSED),
        (3.0, True, AIM), (3.1, True, FLOOR), (6.0, True, FLOOR), (6.1, True, MISSED), (None, False, UNKNOWN),
    ],
)  # fmt: skip
def test_verdicts(value: float | None, at_most: bool, verdict: str) -> None:
    floor, aim = (6, 3) if at_most else (12, 25)
    assert Claim("claim", value, value, floor, aim, at_most=at_most).verdict == verdict


def test_small_networks_are_not_judged() -> None:
    assert Claim("claim", 99.0, 99.0, 12, 25, judged=False).verdict == UNJUDGED


def test_a_verdict_on_disturbed_figures_bears_a_question_mark() -> None:
    assert Claim("claim", 30.0, 30.0, 12, 25, quiet=False).verdict == AIM + "?"
    assert Claim("claim", None, None, 12, 25, quiet=False).verdict == UNKNOWN


def example() -> Ledger:
    ledger = Ledger({"machine": "a machine " * 20, "threads": "2"})
    ledger.limits = [{"threads": 2, "fma": 2e11, "sgemm": 1e11, "l2": 2e11, "l3": 1e11, "dram": 3e10}]
    ledger.lines = [
        Line("job", "ours", timing(0.0005, 0.0004), 27e6, 0.00016),
        Line("job", "a rival with a name that is far too long for its column", timing(123.456, quiet=False)),
    ]
    ledger.claims = [
        Claim("torch mask / ours", 24.0, 30.0, 12, 25),
        Claim("torch CSR / ours", None, None, 4, 8, reason="PyTorch not installed"),
    ]
    ledger.facts = {"samples a second": 165_000.0}
    ledger.notes = ["a note " * 40]
    return ledger


def test_the_table_fits_a_screen_and_shows_what_matters() -> None:
    rows = example().table().splitlines()
    assert max(map(len, rows)) <= WIDTH
    ours = next(row for row in rows if row.startswith("ours"))
    assert ours.split() == ["ours", "0.500", "0.400", "0.500-0.500", "54.0", "32", "%", "1.0"]
    assert next(row for row in rows if row.startswith("a rival")).endswith("2.5e+05?")
    mask = next(row for row in rows if row.startswith("torch mask"))
    assert mask.split()[-6:] == ["24", "30", ">=12", ">=25", "floor", "met"]
    assert next(row for row in rows if row.startswith("torch CSR")).endswith("PyTorch not installed")


@pytest.mark.parametrize("seconds", [1.2345e-8, 1.2345e-5, 9.99996e-4, 0.0123456, 0.99999, 12.3456, 999.99])
def test_columns_do_not_touch(seconds: float) -> None:
    ledger = Ledger({})
    lines = [Timing(seconds * f, seconds * f, seconds * f, seconds * f, 3, 9, 0, quiet=False) for f in (1, 2)]
    ledger.lines = [Line("job", "n" * 40, each, 1e9 * each.median, each.median) for each in lines]
    ledger.lines.append(Line("job", "slow", Timing(12 * seconds, seconds, seconds, seconds, 3, 9, 0, quiet=True)))
    ledger.facts = {"f" * 90: 123456.789}
    rows = [row.split() for row in ledger.table().splitlines()]
    first, second, slow = (row for row in rows if row and row[0].startswith(("nnn", "slow")))
    low, high = first[3].split("-")
    assert float(first[1]) == float(first[2]) == float(low) == float(high)
    assert float(first[1]) == pytest.approx(1e3 * seconds, rel=5e-3, abs=6e-6)
    assert first[4:] == ["1.00", "100", "%", "1.0?"] and second[-1] == "2.0?"
    assert slow[-1] == "12.0"
    assert ["f" * 80, "1.235e+05"] in rows


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (4.2e-7, "0.00042"), (5e-6, "0.0050"), (0.0001234, "0.123"), (0.0456, "45.60"), (0.4567, "456.7"),
        (45.678, "45678"),
    ],
)  # fmt: skip
def test_milliseconds_have_digits_by_their_size(seconds: float, shown: str) -> None:
    rows = Ledger({}, lines=[Line("job", "ours", timing(seconds))]).table().splitlines()
    assert next(row for row in rows if row.startswith("ours")).split()[1] == shown


def test_a_part_of_the_first_line_is_told_to_a_hundredth() -> None:
    ledger = Ledger({}, lines=[Line("job", "whole", timing(0.02)), Line("job", "part", timing(0.0014))])
    assert next(row for row in ledger.table().splitlines() if row.startswith("part")).split()[-1] == "0.07"


def test_json_holds_lines_claims_and_verdicts() -> None:
    found = json.loads(example().to_json())
    assert found["lines"][0]["gflops"] == pytest.approx(54.0)
    assert found["lines"][0]["timing"]["best"] == 0.0004
    assert [claim["verdict"] for claim in found["claims"]] == [FLOOR, UNKNOWN]


def test_a_line_is_found_by_its_section_and_name() -> None:
    ledger = example()
    assert ledger.find("job", "ours") == timing(0.0005, 0.0004)
    assert ledger.find("job", "nobody") is None
