"""Settings from the line and from TOML: tables, their checks, one line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_cases import TINY, assert_refused, run, run_json

from sparse_mlp import SparseMLP, Trainer, datasets
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import RULES
from sparse_mlp.runs.build import build
from sparse_mlp.runs.config import make_config, merge
from sparse_mlp.runs.files import load_toml, read_config
from sparse_mlp.runs.places import flag_of, options_in
from sparse_mlp.runs.tables import TABLES


def _toml(text):
    Path("run.toml").write_text(text)
    return Path("run.toml")


def test_the_help_fits_two_screens_and_shows_every_option_of_the_tables(capsys):
    code, out, _ = run(capsys, "train", "--help")
    assert code == 0
    assert len(out.splitlines()) <= 80 and max(map(len, out.splitlines())) <= 80
    titles = [line[:-1] for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["options", *TABLES]
    for table in TABLES:
        for name, option in options_in(table, {}).items():
            assert option.help, f"{table}.{name} is not documented"
            assert f"--{flag_of(table, name).replace('_', '-')}" in out.replace("[no-]", ""), name
    assert "--delta-start" not in out, "an option of a rule that was not chosen"


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        (["--rule", "chts"], {"--delta-start", "--predictor", "--zeta"}),
        (["--topology", "small-world"], {"--beta"}),
        (["--model", "mlp"], {"--hidden", "--motif-size"}),
        (["--optimizer", "adam"], {"--beta1", "--training.epsilon"}),
        (["--schedule", "step", "--rule", "rigl"], {"--milestones", "--update-steps"}),
    ],
)
def test_a_part_shows_its_own_options_with_defaults_and_types(capsys, chosen, shown):
    code, out, _ = run(capsys, "train", *chosen, "--help")
    assert code == 0
    assert shown <= set(out.split())
    assert "--dataset" not in out and "--figures" not in out
    assert f"options of {chosen[0][2:]} {chosen[1]}:" in out


def test_every_rule_has_a_complete_help(capsys):
    for rule in RULES:
        code, out, _ = run(capsys, "train", "--rule", rule, "--help")
        assert code == 0
        assert "not documented" not in out, rule


def test_options_of_the_same_name_are_written_with_their_table(capsys):
    adam = ["--optimizer", "adam"]
    assert_refused(run(capsys, "train", *adam, "--epsilon", 2), "--wiring.epsilon or --training.epsilon")
    rest = [*TINY[:3], *TINY[5:]]  # without the density
    run_json(capsys, "train", *rest, *adam, "--wiring.epsilon", 2, "--training.epsilon", 0.01, "--out", "run")
    config = read_config(Path("run/config.json"))
    assert (config.wiring["epsilon"], config.training["epsilon"]) == (2, 0.01)
    assert "--training.epsilon" in run(capsys, "train", *adam, "--help")[1]


def test_defaults_pass_their_own_check():
    config = make_config({})
    assert make_config(config.tables) == config
    assert set(config.tables) == set(TABLES)


def test_toml_takes_dashes_and_underscores(capsys):
    path = _toml('model.hidden = [20]\n[training]\nbatch-size = 16\n[rule]\nname = "rlr"\nupdate_every = 2\n'
                 "percolate = true\n[wiring]\ndensity = 1\n")  # fmt: skip
    assert load_toml(path) == {
        "model": {"hidden": [20]}, "training": {"batch_size": 16}, "wiring": {"density": 1},
        "rule": {"name": "rlr", "update_every": 2, "percolate": True},
    }  # fmt: skip
    run_json(capsys, "train", "--config", path, "--epochs", 1, "--no-figures", "--out", "run")
    config = read_config(Path("run/config.json"))
    assert (config.model["hidden"], config.training["batch_size"], config.rule["update_every"]) == ([20], 16, 2)
    assert config.rule["percolate"] is True and isinstance(config.wiring["density"], float)


def test_the_line_wins_over_the_file(capsys):
    path = _toml("model.hidden = [20]\ntraining.epochs = 9\nrun.seed = 4\nrule.percolate = true")
    arguments = ["--epochs", 1, "--hidden", 7, 6, "--no-figures", "--no-percolate", "--out", "run"]
    outcome = run_json(capsys, "train", "--config", path, *arguments)
    config = read_config(Path("run/config.json"))
    assert (config.training["epochs"], config.model["hidden"], config.run["seed"]) == (1, [7, 6], 4)
    assert (config.run["figures"], config.rule["percolate"]) == (False, False)
    assert outcome["epochs"] == 1
    assert not list(Path("run").glob("*.png"))


def test_the_file_may_choose_the_part_whose_options_are_on_the_line(capsys):
    path = _toml('rule.name = "chts"\nwiring.topology = "small-world"')
    assert run_json(capsys, "train", *TINY, "--config", path, "--delta-start", 0.7, "--beta", 0.5)["rule"] == "chts"
    config = read_config(Path("runs/digits-chts-small-world-seed0/config.json"))
    assert (config.rule["delta_start"], config.wiring["beta"]) == (0.7, 0.5)


def test_settings_survive_config_json(tmp_path):
    config = make_config({
        "model": {"hidden": [3, 4]}, "wiring": {"epsilon": 2}, "run": {"seed": 9, "backend": "scipy"},
        "training": {"learning_rate": 0.5},
    })  # fmt: skip
    (tmp_path / "config.json").write_text(config.to_json())
    assert read_config(tmp_path / "config.json") == config


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "0"], "epochs=0; expected a whole number, 1 or more"),
        (["--epochs", "many"], "epochs='many'; expected a whole number"),
        (["--density", "1.5"], "density=1.5"),
        (["--density", "nan"], "density=nan"),
        (["--epsilon", "0"], "epsilon=0.0"),
        (["--zeta", "-0.1"], "zeta=-0.1"),
        (["--dropout", "1"], "dropout=1.0"),
        (["--momentum", "1"], "momentum=1.0"),
        (["--weight-decay", "-1"], "weight_decay=-1.0"),
        (["--hidden", "20", "0"], "hidden=0"),
        (["--hidden", "20", "x"], "hidden=['20', 'x']; expected a list of whole numbers"),
        (["--seed", "-1"], "seed=-1"),
        (["--threads", "0"], "threads=0"),
        (["--threads", "4096"], "threads=4096"),
        (["--dataset", "mnits"], "did you mean 'mnist'?"),
        (["--rule", "sett"], "did you mean 'set'?"),
        (["--model", "mpl"], "did you mean 'mlp'?"),
        (["--activation", "gelu"], "activation='gelu'"),
        (["--topology", "ring"], "topology='ring'"),
        (["--allocation", "er-k"], "allocation='er-k'"),
        (["--weights", "ones"], "weights='ones'"),
        (["--new-weights", "ones"], "new_weights='ones'"),
        (["--optimizer", "adm"], "did you mean 'adam'?"),
        (["--schedule", "exp"], "schedule='exp'"),
        (["--backend", "cuda"], "cuda"),
        (["--early-stop", "3"], "early_stop=3 without validation samples"),
        (["--bogus", "3"], "unrecognized arguments: --bogus 3"),
        (["--epoch", "3"], "did you mean --epochs?"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_a_bad_option_is_one_line_and_nothing_is_written(capsys, arguments, words):
    assert_refused(run(capsys, "train", *arguments), words)
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epochs = 3", "epochs outside of the tables; expected data, model, wiring, rule, training, run; write it as "
         "training.epochs"),
        ("training = 3", "training=3; expected a table"),
        ("[network]\nhidden = [3]", "table='network'"),
        ("training.epoch = 3", "did you mean 'epochs'?"),
        ("training.epochs = 3.0", "epochs=3.0; expected a whole number"),
        ("training.epochs = true", "epochs=True"),
        ('wiring.density = "dense"', "density='dense'; expected a number"),
        ("wiring.density = false", "density=False"),
        ("wiring.density = inf", "density=inf"),
        ("model.hidden = 100", "hidden=100; expected a list of whole numbers"),
        ("model.hidden = [1.5]", "hidden=[1.5]"),
        ("rule.name = 3", "rule.name=3; expected text"),
        ("run.figures = 1", "figures=1; expected true or false"),
        ("training.epochs = ", "run.toml"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_line_and_nothing_is_written(capsys, text, words):
    path = _toml(text)
    assert_refused(run(capsys, "train", "--config", path), words)
    assert list(Path.cwd().iterdir()) == [path.resolve()]


def test_a_file_that_is_not_text_is_refused(capsys):
    Path("run.toml").write_bytes(b"\xff\xfe\x00")
    assert_refused(run(capsys, "train", "--config", "run.toml"), "run.toml")


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "null"])
def test_a_damaged_config_json_is_named(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InvalidInputError, match=r"config.json missing or damaged"):
        read_config(tmp_path / "config.json")


def test_a_config_json_without_tables_is_of_an_earlier_version(tmp_path):
    (tmp_path / "config.json").write_text('{"dataset": "digits", "rule": "set"}')
    with pytest.raises(InvalidInputError, match="earlier version"):
        read_config(tmp_path / "config.json")


def test_config_json_is_complete(capsys):
    run_json(capsys, "train", *TINY, "--epochs", 1, "--out", "run")
    tables = json.loads(Path("run/config.json").read_text())
    assert {table: set(values) for table, values in tables.items()} == {
        table: set(options_in(table, {})) for table in TABLES
    }


def test_later_settings_win():
    merged = merge({"rule": {"name": "set", "zeta": 0.1}}, {"rule": {"zeta": 0.2}, "run": {"seed": 3}})
    assert merged == {"rule": {"name": "set", "zeta": 0.2}, "run": {"seed": 3}}


def test_defaults_in_python_are_those_of_train() -> None:
    """A network and a trainer made without options are those that `train` makes, to the byte."""
    digits = datasets.standardize(datasets.load("digits"))
    run = build(make_config({"model": {"hidden": [30, 20]}, "training": {"epochs": 2}}))
    model = SparseMLP([64, 30, 20, 10], rng=0)
    Trainer(model, rng=0).fit((digits.train_x, digits.train_y), epochs=2)
    run.trainer.fit(run.train, epochs=2)
    np.testing.assert_array_equal(model.store.values, run.model.store.values)
