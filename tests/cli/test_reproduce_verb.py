"""The verb: what it lists, what it refuses, what it says of a store without runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_cases import run

from sparse_mlp.experiments.reproduction import FIGURES


def test_the_list_fits_a_terminal_and_names_all_figures(capsys) -> None:
    code, out, _ = run(capsys, "reproduce", "--list")
    lines = out.splitlines()
    assert code == 0 and max(map(len, lines)) <= 100
    for name, figure in FIGURES.items():
        (line,) = [line for line in lines if line.split(" ")[0] == name]
        assert figure.paper in line
    assert lines[0].split() == ["figure", "paper", "what", "smoke", "laptop", "paper"]


def test_the_list_as_json_has_the_times_in_minutes(capsys) -> None:
    code, out, _ = run(capsys, "reproduce", "--list", "--json")
    facts = {fact["figure"]: fact for fact in json.loads(out)}
    assert code == 0 and list(facts) == list(FIGURES)
    assert set(facts["robustness-4"]["minutes"]) == {"smoke", "laptop", "paper"}
    assert facts["motif-trade-off"]["recipes"] == ["motif-fashion-mnist", "motif-lung"]


@pytest.mark.parametrize("arguments", [["robustness-8"], [], ["robustness-1", "--all"]])
def test_figures_that_cannot_be_made_are_answered_with_all_names(capsys, arguments) -> None:
    code, out, err = run(capsys, "reproduce", *arguments)
    assert code == 2 and out == ""
    for name in FIGURES:
        assert name in err
    assert len(err.splitlines()) == 1


def test_an_unknown_preset_is_refused_before_anything_is_written(capsys) -> None:
    code, _, err = run(capsys, "reproduce", "robustness-1", "--preset", "tiny", "--store", "new")
    assert code == 2 and "one of smoke, laptop, paper" in err
    assert not Path("new").exists()


def test_a_preset_that_only_some_figures_have(capsys) -> None:
    code, _, err = run(capsys, "reproduce", "conv-table", "robustness-1", "--preset", "overnight", "--store", "new")
    assert code == 2 and "one of smoke, laptop, paper" in err
    assert not Path("new").exists()
    code, out, _ = run(capsys, "reproduce", "conv-table", "--preset", "overnight", "--draw-only", "--store", "empty")
    assert code == 1 and "54 runs are missing: cifar-10-dense-14-" in out  # 9 methods, 2 sets, 3 seeds


def test_drawing_an_empty_store_says_what_is_missing(capsys) -> None:
    code, out, _ = run(capsys, "reproduce", "robustness-3", "--preset", "smoke", "--draw-only", "--store", "empty")
    assert code == 1
    assert "4 runs are missing: digits-rlr-0-" in out and "7 no data" in out
    assert "4 of 4 runs are not finished: digits (4)." in Path("empty/robustness-3-smoke/report.md").read_text()
    assert not list(Path("empty/runs").iterdir())


def test_the_outcome_as_json(capsys) -> None:
    options = ["--preset", "smoke", "--draw-only", "--store", "empty", "--json"]
    code, out, _ = run(capsys, "reproduce", "robustness-2", *options)
    (made,) = json.loads(out)["figures"]
    assert code == 1 and made["figure"] == "robustness-2" and made["pictures"] == []
    assert [verdict["verdict"] for verdict in made["verdicts"]] == ["no data"] and len(made["missing_runs"]) == 4
