"""What a reader of a report finds, from numbers made by hand."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reading_tables import read_quantities

from sparse_mlp.experiments.planned_run import plan_run
from sparse_mlp.experiments.reproduction.claims import Claim, Operand, higher
from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.provenance import ranges, stamp_text
from sparse_mlp.experiments.reproduction.published import Published
from sparse_mlp.experiments.reproduction.quantities import Curve, Quantities, Quantity
from sparse_mlp.experiments.reproduction.report import format_value, region, report, tally
from sparse_mlp.experiments.reproduction.tables import write_curves, write_quantities, write_verdicts
from sparse_mlp.experiments.reproduction.verdicts import judge_all
from sparse_mlp.experiments.store import Store
from sparse_mlp.runs.config import merge

CLAIMS = (
    higher("A is better", "2.2", "accuracy", "A", "B", "points"),
    higher("B is better | on mnist", "Discussion", "accuracy", "B", "A", "points", datasets=("mnist",)),
    Claim("A at 1 to 5 %", "2.3", Operand("minimum", "A"), low=1, high=5, unit="%"),
)
VALUES = {"A": {0: 90.0, 1: 92.0}, "B": {0: 80.0, 1: 81.9}}


def _figure(**more: Any) -> Figure:
    recipes = ("robustness",)
    return Figure("thing-1", "thing, of a paper", "Sulyok2026", recipes, {}, lambda _: Results(), CLAIMS, **more)


def _runs(folder: Path, preset: str = "laptop", **result: Any) -> Runs:
    planned = [plan_run({"data": {"dataset": "mnist"}, "run": {"seed": seed}}, "A") for seed in (0, 1, 2)]
    finished = [FinishedRun(Store(folder), run, {"provenance": "MNIST: verified; more", **result}) for run in planned]
    return Runs(preset, tuple(planned), tuple(finished[:2]))


def _results(published: Published | None = None) -> Results:
    found = Results(notes=["A note."])
    found.quantities.add(Quantity("mnist", m, "accuracy", "%", values, published) for m, values in VALUES.items())
    return found


def _text(folder: Path, found: Results | None = None, **more: Any) -> str:
    found = found or _results()
    verdicts = judge_all(CLAIMS, found.quantities, ["mnist", "kmnist"])
    return report(_figure(**more.pop("figure", {})), _runs(folder, **more), found, verdicts)


def test_verdicts_come_first_with_sets_that_are_missing(tmp_path: Path) -> None:
    lines = _text(tmp_path).splitlines()
    assert lines[0] == "# Thing, of a paper"
    at = lines.index("## Verdicts: 1 holds, 1 fails, 1 no data")
    assert lines[at + 2 : at + 7] == [
        "|  | claim | where | verdict | mnist |",
        "| --- | --- | --- | --- | --- |",
        "| 1 | A is better | 2.2 | **holds**, 1 of 2 sets | holds |",
        "| 2 | B is better \\| on mnist | Discussion | **fails** | fails |",
        "| 3 | A at 1 to 5 % | 2.3 | **no data** | – |",
    ]


def test_each_verdict_shows_estimate_interval_and_n(tmp_path: Path) -> None:
    """Differences of 10 and 10.1: 10.05 ± 12.706 * 0.05."""
    text = _text(tmp_path)
    assert "| 1 | mnist | +10.05 points | 9.41 to 10.69 | above 0 | 2 | paired t | holds |" in text
    assert "| accuracy [%] | mnist | 91.00 ± 1.41 (2) | 80.95 ± 1.34 (2) |" in text


def test_printed_numbers_stand_beside_ours(tmp_path: Path) -> None:
    text = _text(tmp_path, _results(Published(98.5, 0.02)))
    assert "|  | accuracy [%] | published |" in text
    assert "| A | 91.00 ± 1.41 (2) | 98.50 ± 0.02 |" in text


def test_several_sets_with_printed_numbers_stand_side_by_side(tmp_path: Path) -> None:
    found = _results()
    found.quantities.add([Quantity("kmnist", "A", "accuracy", "%", {0: 1.0}, Published(2.0))])
    text = _text(tmp_path, found)
    assert "### accuracy [%]\n\n|  | mnist | kmnist | published |" in text
    assert "| A | 91.00 ± 1.41 (2) | 1.00 (1) | 2 |\n| B | 80.95 ± 1.34 (2) | – | – |" in text


def test_what_is_missing_is_said_above_the_verdicts(tmp_path: Path) -> None:
    text = _text(tmp_path, figure={"datasets": ("mnist", "emnist-letters")})
    head = text.split("## Verdicts")[0]
    assert "- Data sets of the paper without runs here: emnist-letters." in head
    assert "- 1 of 3 runs are not finished: mnist (1)." in head
    assert "smoke" not in text


def test_smoke_and_stand_ins_and_parts_are_loud(tmp_path: Path) -> None:
    assert "**Preset smoke: tiny networks" in _text(tmp_path, preset="smoke")
    text = _text(tmp_path, provenance="random drawings", synthetic=True)
    assert "- **mnist: SYNTHETIC data, which say nothing about the real set.**" in text
    text = _text(tmp_path, provenance="MNIST: 7 items instead of the official 60,000; x")
    assert "- **A part of mnist only: MNIST: 7 items instead of the official 60,000.**" in text


def test_a_stamp_has_data_seeds_and_versions(tmp_path: Path) -> None:
    text = stamp_text(_runs(tmp_path, provenance="MNIST: all four files verified by SHA-256; x"))
    first, second = text.splitlines()
    assert first == "mnist: MNIST: all four files verified by SHA-256 (train-images-idx3-ubyte ba891046e650…)"
    assert second.startswith("seeds 0–1; preset laptop; sparse_mlp ") and "numba " in second and "Python" in second
    assert stamp_text(_runs(tmp_path, provenance="drawn", synthetic=True)).startswith("mnist: SYNTHETIC, drawn")


def test_numbers_survive_the_way_through_csv(tmp_path: Path) -> None:
    numbers = _results(Published(0.1 + 0.2, 1 / 3)).quantities
    numbers.add([Quantity("a, b", "A", "with \"quotes\"", "", {7: 1e-17}, Published(5.0))])
    write_quantities(tmp_path / "n.csv", numbers)
    assert read_quantities(tmp_path / "n.csv") == numbers


def test_curves_are_written_with_mean_spread_and_percentiles(tmp_path: Path) -> None:
    curve = Curve("mnist", "A", "test accuracy", np.array([1.0, 2.0]), np.array([[0.1, 0.3], [0.2, 0.5]]), (0, 1))
    write_curves(tmp_path / "c.csv", [curve])
    rows = list(csv.DictReader((tmp_path / "c.csv").open()))
    assert [float(row["mean"]) for row in rows] == [0.15, 0.4] and rows[1]["n"] == "2"
    assert float(rows[1]["std"]) == pytest.approx(0.141421) and float(rows[1]["p40"]) == pytest.approx(0.38)


def test_verdicts_are_written_claim_by_claim_and_set_by_set(tmp_path: Path) -> None:
    write_verdicts(tmp_path / "v.csv", judge_all(CLAIMS, _results().quantities, ["mnist", "kmnist"]))
    rows = list(csv.DictReader((tmp_path / "v.csv").open()))
    assert [(row["number"], row["dataset"], row["verdict"]) for row in rows] == [
        ("1", "mnist", "holds"), ("1", "kmnist", "no data"), ("2", "mnist", "fails"), ("3", "mnist", "no data"),
        ("3", "kmnist", "no data"),
    ]  # fmt: skip
    assert rows[0]["estimate"] == "10.05" and rows[1]["estimate"] == "" and rows[0]["n"] == "2"


def test_words_for_regions_and_numbers() -> None:
    assert [region(claim) for claim in CLAIMS] == ["above 0", "above 0", "1 to 5"]
    assert region(Claim("", "", Operand("x"), high=5)) == "below 5"
    assert region(Claim("", "", Operand("x"), low=0, high=0)) == "0"
    assert format_value(float("inf"), "%") == "∞" and format_value(0.123456, "s") == "0.123"
    assert format_value(3.0, "epochs") == "3.0"
    assert tally([]) == "no claims" and ranges([3]) == "3" and ranges([2, 1, 5]) == "1–2, 5"


def test_a_claim_on_the_networks_of_several_methods_says_so(tmp_path: Path) -> None:
    """Mean of 90, 92, 80, 81.9."""
    claim = Claim("all are above 50", "2.3", Operand("accuracy"), low=50, unit="%")
    numbers = _results().quantities
    text = report(_figure(), _runs(tmp_path), Results(quantities=numbers), judge_all([claim], numbers, ["mnist"]))
    assert "| above 50 | 4, both methods together | t | holds |" in text
    numbers.add([Quantity("mnist", "C", "accuracy", "%", {0: 85.0})])
    text = report(_figure(), _runs(tmp_path), Results(quantities=numbers), judge_all([claim], numbers, ["mnist"]))
    assert "| above 50 | 5, all 3 methods together | t | holds |" in text
    assert "together" not in _text(tmp_path)


def _group(folder: Path, dataset: str, seeds: int, **settings: Any) -> list[FinishedRun]:
    planned = [
        plan_run(merge({"data": {"dataset": dataset}, "run": {"seed": seed}, "rule": {"name": rule}}, settings), method)
        for method, rule in (("A", "set"), ("B", "rlr")) for seed in range(seeds)
    ]  # fmt: skip
    return [FinishedRun(Store(folder), run, {"provenance": "real; more"}) for run in planned]


def _runs_of(*groups: tuple[str, list[FinishedRun]]) -> Runs:
    finished = [(recipe, run) for recipe, several in groups for run in several]
    planned = tuple(run.planned for _, run in finished)
    return Runs("laptop", planned, tuple(run for _, run in finished), tuple(recipe for recipe, _ in finished))


def test_settings_that_differ_between_recipes_are_told_recipe_by_recipe(tmp_path: Path) -> None:
    one = _group(tmp_path, "digits", 1, wiring={"density": 0.1}, model={"hidden": [80, 40]},
                 training={"epochs": 3, "learning_rate": 0.05, "batch_size": 40})  # fmt: skip
    two = _group(tmp_path, "digits", 2, wiring={"density": 0.1}, model={"hidden": [40, 40]},
                 training={"epochs": 2, "learning_rate": 0.01, "batch_size": 2})  # fmt: skip
    text = report(_figure(), _runs_of(("one", one), ("two", two)), Results(), [])
    lines = text.partition("## Where it comes from")[2].splitlines()
    assert "of each method and data set" not in text
    assert any(line.startswith("- 6 runs, all with density 0.1, optimizer sgd") for line in lines)
    shared = "- digits, one: 2 runs, 1 of each method, seeds 0; hidden [80, 40], epochs 3, batch size 40, learning rate"
    assert f"{shared} 0.05." in lines
    shared = "- digits, two: 4 runs, 2 of each method, seeds 0–1; hidden [40, 40], epochs 2, batch size 2, "
    assert f"{shared}learning rate 0.01." in lines


def test_settings_that_are_the_same_everywhere_are_told_once(tmp_path: Path) -> None:
    rate = {"training": {"learning_rate": 0.1}}
    runs = _runs_of(*(("one", _group(tmp_path, name, 2, **rate)) for name in ("digits", "mnist")))
    text = report(_figure(), runs, Results(), [])
    assert "- 8 runs, 2 of each method and data set, seeds 0–1; hidden [" in text and "digits: 4 runs" not in text


def test_where_there_is_no_such_number_the_table_says_none(tmp_path: Path) -> None:
    found = Results()
    nan = float("nan")
    for method, values in {"A": {0: 0.2, 1: 0.4}, "B": {0: nan, 1: 0.5}, "C": {0: nan, 1: nan}}.items():
        found.quantities.add([Quantity("mnist", method, "break-even weight", "", values)])
    text = report(_figure(), _runs(tmp_path), found, [])
    assert "| break-even weight | mnist | 0.3 ± 0.1414 (2) | 0.5 (1), none (1) | none (2) |" in text
    write_quantities(tmp_path / "n.csv", found.quantities)
    assert [row.n for row in read_quantities(tmp_path / "n.csv").rows] == [2, 2, 2]


def test_numbers_without_networks_are_left_out() -> None:
    numbers = Quantities()
    numbers.add([Quantity("mnist", "A", "accuracy", "%", {})])
    assert numbers.rows == []
