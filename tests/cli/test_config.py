"""Settings from the line and from TOML: the same names, the same checks, one line for what is wrong."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from cli_cases import TINY, assert_refused, run, run_json

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.runs.config import TrainConfig
from sparse_mlp.runs.settings import load_toml, make_config, read_config


def _toml(text):
    Path("run.toml").write_text(text)
    return Path("run.toml")


def test_every_setting_has_an_option_with_help(capsys):
    code, out, _ = run(capsys, "train", "--help")
    text = " ".join(out.split())
    assert code == 0
    for setting in fields(TrainConfig):
        flag = f"--{setting.name.replace('_', '-')}"
        assert f"{flag} " in text or f"{flag}," in text, flag
        assert " ".join(setting.metadata["help"].split()) in text.replace("- ", "-"), flag


def test_the_help_is_in_groups(capsys):
    _, out, _ = run(capsys, "train", "--help")
    titles = [line[:-1] for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["options", "data", "network", "first wiring", "rule", "training", "run"]
    wiring = out[out.index("first wiring:") : out.index("\nrule:")]
    assert "--density" in wiring and "--allocation" in wiring and "--rule" not in wiring
    assert "--figures" not in out[: out.index("\nrun:")].split("options:")[1]


def test_defaults_pass_their_own_check():
    assert make_config({}) == TrainConfig()


def test_toml_takes_dashes_and_underscores(capsys):
    path = _toml('hidden = [20]\nbatch-size = 16\nupdate_every = 2\ndensity = 1\npercolate = true\nrule = "rlr"\n')
    assert load_toml(path) == {
        "hidden": [20], "batch_size": 16, "update_every": 2, "density": 1, "percolate": True, "rule": "rlr",
    }  # fmt: skip
    run_json(capsys, "train", "--config", path, "--epochs", 1, "--no-figures", "--out", "run")
    config = read_config(Path("run/config.json"))
    assert (config.hidden, config.batch_size, config.update_every, config.rule) == ([20], 16, 2, "rlr")
    assert config.percolate is True
    assert isinstance(config.density, float)


def test_the_line_wins_over_the_file(capsys):
    path = _toml("hidden = [20]\nepochs = 9\nseed = 4\nfigures = true\npercolate = true")
    arguments = ["--epochs", 1, "--hidden", 7, 6, "--no-figures", "--no-percolate", "--out", "run"]
    outcome = run_json(capsys, "train", "--config", path, *arguments)
    config = read_config(Path("run/config.json"))
    assert (config.epochs, config.hidden, config.seed) == (1, [7, 6], 4)
    assert (config.figures, config.percolate) == (False, False)
    assert outcome["epochs"] == 1
    assert not list(Path("run").glob("*.png"))


def test_settings_survive_config_json(tmp_path):
    config = make_config({"hidden": [3, 4], "epsilon": 2, "seed": 9, "learning_rate": 0.5, "backend": "scipy"})
    (tmp_path / "config.json").write_text(config.to_json())
    assert read_config(tmp_path / "config.json") == config


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "0"], "epochs=0; expected a whole number, 1 or more"),
        (["--epochs", "many"], "invalid int value: 'many'"),
        (["--batch-size", "-3"], "batch_size=-3"),
        (["--density", "1.5"], "density=1.5; expected in (0, 1]"),
        (["--density", "0"], "density=0.0"),
        (["--density", "nan"], "density=nan"),
        (["--epsilon", "0"], "epsilon=0.0"),
        (["--zeta", "-0.1"], "zeta=-0.1"),
        (["--dropout", "1"], "dropout=1.0"),
        (["--momentum", "1"], "momentum=1.0"),
        (["--learning-rate", "0"], "learning_rate=0.0"),
        (["--weight-decay", "-1"], "weight_decay=-1.0"),
        (["--hidden", "20", "0"], "hidden=0"),
        (["--seed", "-1"], "seed=-1"),
        (["--threads", "0"], "threads=0"),
        (["--threads", "4096"], "threads=4096"),
        (["--dataset", "mnits"], "did you mean 'mnist'?"),
        (["--rule", "sett"], "did you mean 'set'?"),
        (["--activation", "gelu"], "activation='gelu'"),
        (["--topology", "ring"], "topology='ring'"),
        (["--allocation", "er-k"], "allocation='er-k'"),
        (["--weights", "ones"], "weights='ones'"),
        (["--new-weights", "ones"], "new_weights='ones'"),
        (["--zeta-schedule", "wave"], "zeta_schedule='wave'"),
        (["--optimizer", "adm"], "did you mean 'adam'?"),
        (["--schedule", "exp"], "schedule='exp'"),
        (["--backend", "cuda"], "cuda"),
        (["--nesterov", "--momentum", "0"], "nesterov=True with momentum=0"),
        (["--early-stop", "3"], "early_stop=3 without validation samples"),
        (["--validation-fraction", "1"], "validation_fraction=1.0"),
        (["--label-smoothing", "1"], "label_smoothing=1.0"),
        (["--checkpoint-every", "0"], "checkpoint_every=0"),
        (["--bogus", "3"], "unrecognized arguments: --bogus 3"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_a_bad_option_is_one_line_and_nothing_is_written(capsys, arguments, words):
    assert_refused(run(capsys, "train", *arguments), words)
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch = 3", "key='epoch'; expected one of"),
        ("epoch = 3", "did you mean 'epochs'?"),
        ("epochs = 3.0", "epochs=3.0; expected a whole number"),
        ("epochs = true", "epochs=True"),
        ('epochs = "3"', "epochs='3'"),
        ('density = "dense"', "density='dense'; expected a number"),
        ("density = false", "density=False"),
        ("hidden = 100", "hidden=100; expected a list of whole numbers"),
        ("hidden = [1.5]", "hidden=[1.5]"),
        ("rule = 3", "rule=3; expected text"),
        ("figures = 1", "figures=1; expected true or false"),
        ("density = inf", "density=inf"),
        ("[network]\nhidden = [3]", "key='network'"),
        ("epochs = ", "valid TOML"),
    ],
)
def test_a_bad_file_is_one_line_and_nothing_is_written(capsys, text, words):
    path = _toml(text)
    assert_refused(run(capsys, "train", "--config", path), words)
    assert list(Path.cwd().iterdir()) == [path.resolve()]


def test_a_file_that_is_no_text_is_refused(capsys):
    Path("run.toml").write_bytes(b"\xff\xfe\x00")
    assert_refused(run(capsys, "train", "--config", "run.toml"), "run.toml")


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "null"])
def test_a_damaged_config_json_is_named(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InvalidInputError, match=r"config.json missing or damaged"):
        read_config(tmp_path / "config.json")


def test_config_json_is_complete(capsys):
    run_json(capsys, "train", *TINY, "--epochs", 1, "--out", "run")
    assert set(json.loads(Path("run/config.json").read_text())) == {setting.name for setting in fields(TrainConfig)}
