"""`sparse-mlp search`: its table and JSON, going on, and what it refuses."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from cli_cases import assert_refused, run, run_json

from sparse_mlp.cli.search_report import search_result, search_table
from sparse_mlp.experiments import SEARCHED, Store, WiringSearch
from sparse_mlp.runs.config import make_config
from sparse_mlp.training import Trainer

SMALL = ["search", "--topology", "small-world", "--hidden", 20, 15, "--density", 0.2]
BUDGET = ["--configurations", 5, "--min-epochs", 1, "--max-epochs", 2, "--factor", 2]


def test_the_json_holds_all_rungs_and_the_best_beside_the_default(capsys):
    outcome = run_json(capsys, *SMALL, *BUDGET, "--out", "found")
    assert set(outcome) == {
        "topology", "dataset", "density", "epsilon", "validation_samples", "configurations", "rungs", "best", "default",
        "seed", "out",
    }  # fmt: skip
    assert [rung["epochs"] for rung in outcome["rungs"]] == [1, 2]
    assert sorted(outcome["rungs"][0]["accuracy"]) == list("01234")
    last = outcome["rungs"][1]["accuracy"]
    best, default = outcome["best"], outcome["default"]
    assert best["accuracy"] == max(last.values()) == last[str(best["configuration"])]
    assert best["options"] == outcome["configurations"][best["configuration"]]
    assert best["ahead_of_default"] == best["accuracy"] - default["accuracy"] >= 0
    assert (default["configuration"], default["options"], default["ahead_of_default"]) == (0, {}, 0)
    runs = [Store("found").result(run_id) for run_id in Store("found").run_ids()]
    assert len(runs) == 5 + len(last)
    assert {run["validation_accuracy"] for run in runs} >= set(last.values())
    assert {run["rule"] for run in runs} == {"static"}


def test_the_table_fits_a_terminal_and_a_second_run_only_prints_it(capsys):
    code, out, _ = run(capsys, *SMALL, *BUDGET, "--out", "found")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert out.startswith("small-world on digits, 64-20-15-10, density 0.2, static\naccuracy on 287 validation samples")
    assert out.splitlines()[3].split() == ["epochs", "settings", "best", "median", "worst", "default", "rank"]
    assert "the default" in out and "--beta 0." in out
    assert run(capsys, *SMALL, *BUDGET, "--data-dir", Path.cwd(), "--out", "found") == (0, out, "")
    first = Store("found").run_ids()[0]
    (Store("found").folder(first) / "result.json").unlink()
    assert run(capsys, *SMALL, *BUDGET, "--out", "found")[:2] == (0, out)


def test_given_options_stay_and_the_best_can_be_trained(capsys):
    arguments = ["--topology", "receptive-field", "--hidden", 20, "--density", 0.2, "--degree-distribution", "uniform"]
    budget = ["--configurations", 3, "--min-epochs", 1, "--max-epochs", 1]
    outcome = run_json(capsys, "search", *arguments, *budget, "--out", "found")
    assert all(setting["degree_distribution"] == "uniform" for setting in outcome["configurations"])
    assert [set(setting) for setting in outcome["configurations"]] == [
        {"degree_distribution"}, {"degree_distribution", "r"}, {"degree_distribution", "r"},
    ]  # fmt: skip
    run(capsys, "search", *arguments, *budget, "--out", "found")
    best = outcome["configurations"][1]["r"]
    rest = ["--rule", "static", "--epochs", 1, "--validation-fraction", 0.2, "--no-figures", "--out", "run"]
    trained = run_json(capsys, "train", *arguments, "--r", best, *rest)
    assert trained["validation_accuracy"] == outcome["rungs"][0]["accuracy"]["1"]


def test_the_help_says_what_is_searched_and_how_it_is_judged(capsys):
    code, out, _ = run(capsys, "search", "--help")
    text = " ".join(out.split())
    assert code == 0 and "samples for validation [0.2]" in text
    assert all(name in text.partition("options:")[0] for name in SEARCHED)
    assert "ready for `train`" in text and "whose options are searched" in text
    assert all(f"--{name} " in out for name in ("density", "learning-rate", "jobs", "min-epochs", "hidden"))
    assert not any(f"--{name} " in out for name in ("zeta", "rule", "epochs", "early-stop", "threads", "figures"))
    assert "--dendrites FLOAT" in run(capsys, "search", "--topology", "dendritic", "--help")[1]


def _found(configurations, ladder, **wiring):
    config = make_config({"wiring": {"topology": "small-world", **wiring}, "rule": {"name": "static"}})
    return WiringSearch(config, [64, 20, 10], configurations, [3], [ladder], 100)


def test_epsilon_is_in_the_json_instead_of_a_density():
    outcome = search_result(_found([{}], {0: 0.9}, epsilon=3.0), Path("found"))
    assert (outcome["density"], outcome["epsilon"]) == (None, 3.0)


def test_long_options_are_broken_between_options():
    options = {f"a_long_name_{number}": "spatial-inverse-gaussian" for number in range(5)}
    found = _found([{}, options], {1: 0.9, 0: math.nan})
    lines = search_table(found).splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.strip() for line in lines[-5:-1]] == [
        f"--a-long-name-{number} spatial-inverse-gaussian" for number in range(1, 5)
    ]
    assert lines[-6].split() == ["1", "90.00%", "--a-long-name-0", "spatial-inverse-gaussian"]
    assert lines[-1].split() == ["0", "diverged", "the", "default"]
    outcome = search_result(found, Path("found"))
    assert outcome["default"]["accuracy"] is None and outcome["best"]["ahead_of_default"] is None
    assert outcome["rungs"] == [{"epochs": 3, "accuracy": {"1": 0.9, "0": None}}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--topology", "erdos-renyi"], "topology to search='erdos-renyi'; expected one of dendritic"),
        ([], "no topology; expected the name of one, whose options are searched; --topology dendritic"),
        (["--topology", "dendritic", "--beta", 0.5], "option 'beta' in [wiring]"),
        (["--topology", "small-world", "--epsilon", 3, "--density", 0.1], "density and epsilon"),
        (["--topology", "small-world", "--epsilon", 3, "--allocation", "er"], "allocation and epsilon"),
        (["--topology", "small-world", "--beta", 0.5], "values for all of beta; expected at least one left out"),
        (["--topology", "dendritic", "--preset", "standard"], "border; expected at least one left out"),
        (["--topology", "small-world", "--factor", 1], "factor=1"),
        (["--topology", "small-world", "--configurations", 1], "configurations=1"),
        (["--topology", "small-world", "--max-epochs", 2], "max_epochs=2 below min_epochs=3"),
        (["--topology", "small-world", "--validation-fraction", 0], "validation_fraction=0"),
        (["--topology", "small-world", "--jobs", 0], "jobs=0"),
        (["--topology", "small-world", "--optimizer", "adam", "--momentum", 0.5], "'momentum' in [training]"),
        (["--topology", "small-world", "--rule", "set"], "unrecognized arguments: --rule set"),
        (["--topology", "small-world", "--epochs", 3], "unrecognized arguments: --epochs 3"),
    ],
)
def test_what_cannot_be_searched_is_refused_and_nothing_is_written(capsys, arguments, words):
    assert_refused(run(capsys, "search", *arguments, "--out", "found"), words)
    assert not Path("found").exists()


def test_a_folder_is_needed(capsys):
    assert_refused(run(capsys, *SMALL, *BUDGET), "the following arguments are required: --out")


def test_an_interrupted_search_says_how_to_go_on(capsys, monkeypatch):
    def stopped(self, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "fit", stopped)
    code, out, err = run(capsys, *SMALL, *BUDGET, "--out", "found")
    assert (code, out) == (130, "")
    assert err.endswith("interrupted; the same command goes on with what is finished\n")
