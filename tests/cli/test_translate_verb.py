"""Runs that translate, on the command line."""

from __future__ import annotations

import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from sparse_mlp import cli
from sparse_mlp.cli.report import OF_TRANSLATION
from sparse_mlp.runs.saved import load_run

TRAIN = [
    "train", "--model", "transformer", "--dataset", "reversal", "--d-model", "16", "--heads", "2", "--d-ff", "16",
    "--layers", "1", "--density", "0.4", "--epochs", "1", "--peak-step", "50", "--batch-tokens", "2000",
    "--update-steps", "5", "--no-figures",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translates") / "run"
    assert cli.main([*TRAIN, "--out", str(folder)]) == 0
    return folder


def run(capsys, *words):
    code = cli.main([*map(str, words)])
    return code, *capsys.readouterr()


def test_training_says_what_it_does(folder, capsys):
    settings = json.loads((folder / "config.json").read_text())
    assert settings["rule"]["name"] == "chts" and settings["training"]["schedule"] == "noam"
    assert settings["training"]["optimizer"] == "adam" and settings["data"]["tokens"] is None
    assert load_run(folder).trainer.optimizer.epsilon == 1e-9


def test_pictures_are_those_of_translation_and_go_when_overwritten(capsys, tmp_path):
    out = tmp_path / "run"
    code, _, err = run(capsys, *TRAIN[:-1], "--out", out)
    assert code == 0 and "warning" not in err
    assert {path.stem for path in out.glob("*.png")} == {"learning_curve", *OF_TRANSLATION}
    assert run(capsys, *TRAIN, "--out", out, "--overwrite")[0] == 0
    assert not list(out.glob("*.png"))


def test_lines_in_lines_out(folder, capsys, tmp_path, monkeypatch):
    (tmp_path / "text").write_bytes("\ufeffa b c\r\n\nc d\n".encode())
    code, out, _ = run(capsys, "translate", folder, "--text", tmp_path / "text", "--max-length", 4)
    assert code == 0 and len(out.splitlines()) == 3 and out.splitlines()[1] == ""
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"a b c\n\nc d")))
    assert run(capsys, "translate", folder, "--max-length", 4)[1] == out


def test_a_part_of_the_data_set_as_json(folder, capsys):
    code, out, _ = run(capsys, "translate", folder, "--split", "test", "--limit", 3, "--json", "--beam", 1)
    found = json.loads(out)
    assert code == 0 and found["beam"] == 1
    data = load_run(folder).sentences.test
    assert [each["source"] for each in found["sentences"]] == list(data.source[:3])
    assert [each["reference"] for each in found["sentences"]] == list(data.reference[:3])


def test_evaluate_adds_bleu(folder, capsys):
    pytest.importorskip("sacrebleu")
    code, out, _ = run(capsys, "evaluate", folder, "--json")
    found = json.loads(out)
    assert code == 0 and 0 <= found["bleu_tokens"] <= 100 and "tok:none" in found["signature"]
    assert 0 < found["test_accuracy"] < 1 and len(found["examples"]) == 3
    assert "BLEU of tokens" in run(capsys, "evaluate", folder)[1]


def test_without_sacrebleu_the_accuracy_is_there_all_the_same(folder, capsys, monkeypatch):
    monkeypatch.setattr("sparse_mlp.cli.evaluate.find_spec", lambda name: None)
    code, out, _ = run(capsys, "evaluate", folder)
    assert code == 0 and "test accuracy" in out and "pip install" in out
    assert json.loads(run(capsys, "evaluate", folder, "--json")[1])["bleu"] is None


def test_verbs_for_samples_refuse_it(folder, capsys):
    for verb in ("robustness", "features"):
        code, _, err = run(capsys, verb, folder)
        assert code == 2 and "translates" in err, verb


def test_what_cannot_be_translated_is_refused(folder, capsys, tmp_path):
    (tmp_path / "bad").write_bytes(b"a \xff b")
    for words, named in (
        (["--text", tmp_path / "bad"], "position 2"), (["--text", "x", "--split", "test"], "only one"),
        (["--split", "no"], "validation"), (["--split", "test", "--beam", 0], "beam"),
    ):  # fmt: skip
        code, _, err = run(capsys, "translate", folder, *words)
        assert code == 2 and named in err
    assert run(capsys, "translate", folder, "--text", tmp_path / "none")[0] == 1


@pytest.mark.parametrize(("words", "named"), [
    (["--batch-size", "8"], "batch_tokens"), (["--flip", "0.5"], "flip"), (["--milestones", "0.5"], "milestones"),
    (["--direction", "de-en"], "direction"), (["--hidden", "10"], "hidden"),
    (["--allocation", "erk"], "allocation"), (["--d-model", "15"], "d_model"),
    (["--warm-up-steps", "4"], "warm_up_steps"), (["--validation-fraction", "0.1"], "validation_fraction"),
])  # fmt: skip
def test_options_that_do_not_fit(words, named, capsys, tmp_path):
    code, _, err = run(capsys, *TRAIN, *words, "--out", tmp_path / "run")
    assert code == 2 and named in err and not (tmp_path / "run").exists()


def test_samples_are_refused(capsys, tmp_path):
    code, _, err = run(capsys, "train", "--model", "transformer", "--dataset", "digits", "--out", tmp_path / "run")
    assert code == 2 and "pairs of sentences" in err and not (tmp_path / "run").exists()


def test_other_models_refuse_sentences(capsys, tmp_path):
    for model in ("mlp", "vgg"):
        code, _, err = run(capsys, "train", "--model", model, "--dataset", "reversal", "--out", tmp_path / "run")
        assert code == 2 and "transformer" in err and not Path(tmp_path / "run").exists()


def test_a_run_that_classifies_translates_nothing(capsys, tmp_path):
    small = ("--hidden", 8, "--epochs", 1, "--density", 0.5, "--no-figures")
    assert run(capsys, "train", *small, "--out", tmp_path / "r")[0] == 0
    code, _, err = run(capsys, "translate", tmp_path / "r", "--split", "test")
    assert code == 2 and "classifies" in err
