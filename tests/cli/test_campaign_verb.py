"""`sparse-mlp campaign`: its table and JSON, what it refuses, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from cli_cases import assert_refused, run, run_json

from sparse_mlp.cli.campaign import SMALLEST
from sparse_mlp.experiments import load_recipe, recipe_names

RECIPE = """
[settings]
model.hidden = [20, 15]
wiring.density = 0.2
[methods.SET]
[methods.RLR]
rule.name = "rlr"
[presets.smoke]
datasets = ["digits"]
seeds = [0, 1]
[presets.smoke.settings]
training.epochs = 2
"""


@pytest.fixture
def recipe():
    Path("small.toml").write_text(RECIPE)
    return "small.toml"


def test_the_table_says_what_is_finished_and_a_second_time_only_prints_it(capsys, recipe):
    code, out, err = run(capsys, "campaign", recipe, "--store", "store")
    assert code == 0 and len(err.splitlines()) == 4
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:5] == ["data", "set", "method", "runs", "finished"]
    assert out.splitlines()[0].endswith("  test accuracy, mean ± standard deviation over seeds")
    assert [line[:4] for line in lines[1:3]] == [["digits", "SET", "2", "2"], ["digits", "RLR", "2", "2"]]
    assert lines[1][4].endswith("%") and lines[1][5] == "±"
    assert lines[3] == ["store", str(Path("store").resolve())]
    assert run(capsys, "campaign", recipe, "--preset", "smoke", "--store", "store") == (0, out, "")
    assert len(Path("store/index.csv").read_text().splitlines()) == 5


def test_the_json_names_the_runs(capsys, recipe):
    outcome = run_json(capsys, "campaign", recipe, "--store", "store")
    assert set(outcome) == {"store", "finished", "failed", "busy", "missing"}
    assert sorted(outcome["finished"]) == sorted(path.name for path in Path("store/runs").iterdir())


def test_failures_and_missing_data_sets_are_told_and_the_exit_code_is_1(capsys, recipe, monkeypatch):
    monkeypatch.setattr("sparse_mlp.experiments.campaign.available", lambda data_dir: ("digits",))
    Path(recipe).write_text(RECIPE.replace('rule.name = "rlr"', 'rule.name = "rlr"\ntraining.learning_rate = 1e30'))
    options = ("campaign", recipe, "--store", "store", "--datasets", "digits", "mnist")
    with pytest.warns(RuntimeWarning, match="the files of mnist are not here"):
        code, out, _ = run(capsys, *options)
    assert code == 1
    assert "MISSING: the files of mnist are not here, runs left out: 4; `sparse-mlp data fetch mnist`" in out
    assert out.count("FAILED: digits-rlr-") == 2 and "--retry tries once more" in out
    assert "digits    RLR         2         0" in out
    with pytest.warns(RuntimeWarning):
        code, out, _ = run(capsys, *options, "--json")
    assert code == 1 and len(json.loads(out)["failed"]) == 2


def test_stand_ins_are_stamped(capsys, recipe):
    Path(recipe).write_text(RECIPE.replace("seeds = [0, 1]", "seeds = [0]").replace("epochs = 2", "epochs = 1"))
    _, out, _ = run(capsys, "campaign", recipe, "--store", "store", "--datasets", "synthetic-mnist")
    assert out.count("SYNTHETIC") == 2
    assert out.splitlines()[0].endswith("  test accuracy")  # one seed has no deviation


def test_what_cannot_be_used_is_refused_before_anything_is_written(capsys, recipe):
    store = ("--store", "store")
    assert_refused(run(capsys, "campaign", "no-such", *store), "recipe='no-such'; expected one of")
    assert "`sparse-mlp campaign --help` shows a small one" in run(capsys, "campaign", "no-such", *store)[2]
    assert_refused(run(capsys, "campaign", recipe, "--preset", "paper", *store), "preset='paper'; expected one of")
    assert_refused(run(capsys, "campaign", recipe, "--datasets", "mnits", *store), "did you mean 'mnist'")
    Path(recipe).write_text(RECIPE + "[presets.laptop]\ndatasets = ['digits']\n")
    assert_refused(run(capsys, "campaign", recipe, *store), "no preset; expected one of smoke, laptop")
    twice = ("--preset", "smoke", "--datasets", "digits", "digits")
    assert_refused(run(capsys, "campaign", recipe, *twice, *store), "datasets with 'digits' twice; expected each")
    assert not Path("store").exists()
    for place in (recipe, f"{recipe}/store"):
        refused = run(capsys, "campaign", recipe, "--preset", "smoke", "--store", place)
        assert_refused(refused, f"a file on the way to {Path(place).resolve()}")
    assert_refused(run(capsys, "campaign", recipe, "--preset", "smoke", *store, "--jobs", 0), "jobs=0")


def test_the_help_shows_a_whole_recipe_and_the_names_of_those_at_hand(capsys):
    code, out, _ = run(capsys, "campaign", "--help")
    text = textwrap.dedent(out[out.index("    title = ") :].partition("\n\n")[0])
    assert code == 0 and text == SMALLEST.strip() and len(text.splitlines()) == 12
    assert f"Recipes that come with the package: {', '.join(recipe_names())}" in " ".join(out.split())
    Path("mine.toml").write_text(text)
    planned = load_recipe("mine.toml").plan("laptop")
    assert len(planned) == len({one.run_id for one in planned}) == 6
    assert {(one.dataset, one.method) for one in planned} == {("digits", "SET"), ("digits", "RLR")}


NO_FILES = """
import sys
from sparse_mlp.cli import main
from sparse_mlp.experiments import campaign
campaign.available = lambda data_dir: ("digits",)
raise SystemExit(main(sys.argv[1:]))
"""


def test_a_warning_is_one_plain_line(recipe):
    words = ["campaign", recipe, "--store", "store", "--datasets", "mnist"]
    done = subprocess.run([sys.executable, "-c", NO_FILES, *words], capture_output=True, text=True)
    words = "the files of mnist are not here, runs left out: 4; `sparse-mlp data fetch mnist`"
    assert done.stderr == f"sparse-mlp campaign: warning: {words}\n"


def test_ctrl_c_ends_it_with_130_and_the_same_command_goes_on(capsys, recipe, monkeypatch):
    import os
    import signal

    from sparse_mlp.training.loop import Loop

    step = Loop._train_batch

    def interrupted(loop, *arguments):
        step(loop, *arguments)
        if loop.state.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Loop, "_train_batch", interrupted)
    code, out, err = run(capsys, "campaign", recipe, "--store", "store")
    assert (code, out) == (130, "") and "the same command goes on" in err
    assert ",begun," in Path("store/index.csv").read_text()
    monkeypatch.setattr(Loop, "_train_batch", step)
    assert run(capsys, "campaign", recipe, "--store", "store")[0] == 0
