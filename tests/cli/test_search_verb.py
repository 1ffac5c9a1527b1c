"""`sparse-mlp search`: its table and JSON, going on, and what it refuses."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
from cli_cases import assert_refused, run, run_json
from sparse_mlp.runs.settings import make_config

from sparse_mlp.cli.search import static_training
from sparse_mlp.cli.search_report import search_result, search_table
from sparse_mlp.experiments import SEARCHED, StaticTraining, WiringSearch

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
    assert {path.name for path in Path("found").iterdir()} == {"search.json", "trials.jsonl"}
    plan = json.loads(Path("found/search.json").read_text())
    assert plan["configurations"] == outcome["configurations"]
    assert (plan["learning_rate"], plan["batch_size"], plan["epsilon"]) == (0.1, 32, None)


def test_the_table_fits_a_terminal_and_a_second_run_only_prints_it(capsys):
    code, out, err = run(capsys, *SMALL, *BUDGET, "--out", "found")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert out.startswith("small-world on digits, 64-20-15-10, density 0.2, static\naccuracy on 287 validation samples")
    assert out.splitlines()[3].split() == ["epochs", "settings", "best", "median", "worst", "default", "rank"]
    assert "the default" in out and "--beta 0." in out
    trials = Path("found/trials.jsonl").read_bytes()
    assert run(capsys, *SMALL, *BUDGET, "--out", "found") == (0, out, "")
    assert Path("found/trials.jsonl").read_bytes() == trials
    Path("found/trials.jsonl").write_bytes(trials[: len(trials) // 2])
    assert run(capsys, *SMALL, *BUDGET, "--out", "found") == (0, out, "")


def test_the_place_of_the_data_may_change(capsys):
    code, out, _ = run(capsys, *SMALL, *BUDGET, "--out", "found")
    shutil.copytree("found", "moved")
    assert run(capsys, *SMALL, *BUDGET, "--data-dir", Path.cwd(), "--out", "moved") == (code, out, "")


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


def test_the_help_tells_what_is_searched_and_how_it_is_judged(capsys):
    code, out, _ = run(capsys, "search", "--help")
    told = " ".join(out.split())
    assert code == 0 and "samples set aside for validation (default: 0.2)" in told
    assert all(name in told.partition("options:")[0] for name in SEARCHED)
    assert "ready for `train`" in told and "whose options are searched: dendritic," in told
    assert not any(word in told for word in ("snip", "correlated", "--attempts"))


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.1), ("adam", 0.001)])
def test_the_learning_rate_is_that_of_train_unless_given(optimizer, rate):
    settings = {"topology": "small-world", "optimizer": optimizer}
    assert static_training(make_config(dict(settings))).learning_rate == rate
    assert static_training(make_config({**settings, "learning_rate": 0.5})).learning_rate == 0.5


def test_epsilon_stands_in_the_json_instead_of_a_density():
    found = WiringSearch(StaticTraining("small-world", epsilon=3.0), [{}], [3], [{0: 0.9}], 100)
    outcome = search_result(found, Path("found"))
    assert (outcome["density"], outcome["epsilon"]) == (None, 3.0)


def test_long_options_are_broken_between_options():
    options = {f"a_long_name_{number}": "spatial-inverse-gaussian" for number in range(5)}
    found = WiringSearch(StaticTraining("small-world"), [{}, options], [3], [{1: 0.9, 0: math.nan}], 100)
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
        ([], "no topology; expected named, since the search is for its options; --topology dendritic"),
        (["--topology", "dendritic", "--beta", 0.5], "beta with topology=dendritic"),
        (["--topology", "small-world", "--epsilon", 3, "--density", 0.1], "density and epsilon"),
        (["--topology", "small-world", "--epsilon", 3, "--allocation", "er"], "allocation with epsilon"),
        (["--topology", "small-world", "--beta", 0.5], "all of beta given; expected at least one left out"),
        (["--topology", "dendritic", "--preset", "standard"], "border given; expected at least one left out"),
        (["--topology", "small-world", "--factor", 1], "factor=1"),
        (["--topology", "small-world", "--configurations", 1], "configurations=1"),
        (["--topology", "small-world", "--max-epochs", 2], "max_epochs=2 below min_epochs=3"),
        (["--topology", "small-world", "--validation-fraction", 0], "validation_fraction=0"),
        (["--topology", "small-world", "--jobs", 0], "jobs=0"),
        (["--topology", "small-world", "--optimizer", "adam", "--momentum", 0.5], "momentum with optimizer=adam"),
        (["--topology", "small-world", "--rule", "set"], "unrecognized arguments: --rule set"),
        (["--topology", "small-world", "--epochs", 3], "unrecognized arguments: --epochs 3"),
    ],
)
def test_what_cannot_be_searched_is_refused_and_nothing_is_written(capsys, arguments, words):
    assert_refused(run(capsys, "search", *arguments, "--out", "found"), words)
    assert not Path("found").exists()


def test_a_folder_of_another_search_is_refused(capsys):
    assert_refused(run(capsys, *SMALL, *BUDGET), "the following arguments are required: --out")
    run_json(capsys, *SMALL, *BUDGET, "--out", "found")
    outcome = run(capsys, *SMALL, *BUDGET, "--seed", 1, "--out", "found")
    assert_refused(outcome, "found of a search with seed=0; expected of one with 1; take another folder")


def test_an_interrupted_search_says_how_to_go_on(capsys, monkeypatch):
    def stopped(self, params, epochs):
        raise KeyboardInterrupt

    monkeypatch.setattr(StaticTraining, "accuracy", stopped)
    code, out, err = run(capsys, *SMALL, *BUDGET, "--out", "found")
    assert (code, out) == (130, "")
    assert err == "interrupted; the same command goes on with what is finished\n"


def test_the_help_has_what_a_trial_takes_and_no_more(capsys):
    _, out, _ = run(capsys, "search", "--help")
    assert all(f"--{name} " in out for name in ("density", "learning-rate", "jobs", "min-epochs", "dendrites"))
    assert not any(f"--{name} " in out for name in ("zeta", "rule", "epochs", "early-stop", "threads", "figures"))
