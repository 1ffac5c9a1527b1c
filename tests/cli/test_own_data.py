"""Data of your own on the command line: every verb works with it, wherever the file is, and knows a changed one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli_cases import TINY, assert_refused, run, run_json

OPTIONS = ["--target", "kind", "--ignore", "id", "--missing", "mean", "--one-hot", "colour"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "data" / "flowers.csv")


def write(path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = ["id,length,width,colour,kind"]
    for k in range(60):
        length = "" if k == 7 else f"{rng.normal(3 * (k % 3), 0.5):.2f}"
        lines.append(f"{k},{length},{rng.normal():.2f},{'red' if k % 2 else 'blue'},{('iris', 'rose', 'tulip')[k % 3]}")
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_every_verb_works_on_one_table(tmp_path: Path, table: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(table.parent)
    outcome = run_json(capsys, "train", "--dataset", "flowers.csv", *OPTIONS, *TINY, "--out", tmp_path / "r")
    assert outcome["dataset"] == "flowers" and outcome["provenance"].startswith("flowers.csv, sha256 ")
    config = json.loads((tmp_path / "r" / "config.json").read_text())["data"]
    assert config["dataset"] == str(table.resolve()) and list(config["dataset_sha256"]) == ["flowers.csv"]
    assert config["one_hot"] == ["colour"] and config["missing"] == "mean"
    monkeypatch.chdir(tmp_path)
    again = run_json(capsys, "evaluate", "r")
    assert again["test_accuracy"] == outcome["test_accuracy"]
    assert set(again["class_accuracy"]) == {"iris", "rose", "tulip"}
    assert run_json(capsys, "features", "r", "--no-figures", "--keep", "0.5")["features"] == 4
    damaged = run_json(capsys, "robustness", "r", "--no-figures", "--strengths", "3", "--draws", "1")
    assert damaged["dataset"] == "flowers"
    assert run_json(capsys, "resume", "r")["epochs"] == 3


def test_search_and_data_check(tmp_path: Path, table: Path, capsys) -> None:
    found = run_json(
        capsys, "search", "--dataset", table, *OPTIONS, "--topology", "small-world", "--hidden", 12, "--density", 0.3,
        "--configurations", 2, "--min-epochs", 1, "--max-epochs", 1, "--out", tmp_path / "s",
    )  # fmt: skip
    assert found["dataset"] == "flowers"
    assert all(path.name.startswith("flowers-static-0-") for path in (tmp_path / "s" / "runs").iterdir())
    (summary,) = run_json(capsys, "data", "check", table, "--target", "kind", "--ignore", "id")
    assert summary["rows"] == 60 and summary["columns"] == 3 and summary["text"] == ["colour"]
    assert summary["classes"] == {"iris": 20, "rose": 20, "tulip": 20} and summary["missing"] == {"length": 1}
    code, out, _ = run(capsys, "data", "check", table, "digits", "--target", "kind")
    assert code == 0 and "iris (20)" in out and "scikit-learn" in out


def test_a_moved_file_is_found_and_a_changed_one_refused(tmp_path: Path, table: Path, capsys) -> None:
    outcome = run_json(capsys, "train", "--dataset", table, *OPTIONS, *TINY, "--out", tmp_path / "r")
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.move(table, moved / table.name)
    code, _, err = run(capsys, "evaluate", tmp_path / "r")
    assert code == 1 and "no such file" in err and str(table) in err
    again = run_json(capsys, "evaluate", tmp_path / "r", "--data-dir", moved)
    assert again["test_accuracy"] == outcome["test_accuracy"]
    (moved / table.name).write_text((moved / table.name).read_text().replace("red", "rot", 1))
    for verb in ("evaluate", "resume"):
        code, out, err = run(capsys, verb, tmp_path / "r", "--data-dir", moved)
        assert (code, out) == (1, "") and "flowers.csv changed since this run began" in err and "train again" in err


def test_two_files_of_the_same_name_are_not_taken_for_each_other(tmp_path: Path, table: Path, capsys) -> None:
    other = write(tmp_path / "test" / table.name)
    other.write_text(other.read_text().replace("0.", "1."))
    words = ["train", "--dataset", table, "--test", other, *OPTIONS, *TINY, "--out", tmp_path / "r"]
    outcome = run_json(capsys, *words)
    data = json.loads((tmp_path / "r" / "config.json").read_text())["data"]
    assert list(data["dataset_sha256"]) == ["data/flowers.csv", "test/flowers.csv"]
    assert run_json(capsys, "evaluate", tmp_path / "r")["test_loss"] == outcome["test_loss"]
    code, _, err = run(capsys, "evaluate", tmp_path / "r", "--data-dir", other.parent)
    assert code == 1 and "same name" in err


def test_a_run_resumed_with_a_moved_file_ends_alike(tmp_path: Path, table: Path, capsys) -> None:
    train = ["--dataset", table, *OPTIONS, *TINY, "--epochs", 4]
    whole = run_json(capsys, "train", *train, "--out", tmp_path / "whole")
    run_json(capsys, "train", *train, "--out", tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    for name in ("checkpoint.json", "checkpoint.previous.json", "metrics.jsonl"):
        (tmp_path / "cut" / name).unlink(missing_ok=True)
    (tmp_path / "moved").mkdir()
    shutil.move(table, tmp_path / "moved")
    resumed = run_json(capsys, "resume", tmp_path / "cut", "--data-dir", tmp_path / "moved")
    assert resumed["test_loss"] == whole["test_loss"] and resumed["epochs"] == 4


def test_what_does_not_fit_writes_nothing(tmp_path: Path, table: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    assert_refused(run(capsys, "train", "--dataset", "MNIST", *TINY), "--dataset MNIST, which is no known data set")
    assert_refused(run(capsys, "train", "--dataset", table, *TINY), "no column that is called target")
    assert_refused(run(capsys, "train", "--target", "kind", *TINY), "option 'target' in [data]")
    assert_refused(run(capsys, "train", "--dataset", table, "--missing", "zero", *TINY), "missing='zero'")
    code, out, err = run(capsys, "train", "--dataset", "flower.csv", *TINY)
    assert (code, out) == (1, "") and "no such file" in err
    code, out, err = run(capsys, "train", "--dataset", table, "--target", "kind", *TINY)
    assert (code, out) == (1, "") and "--one-hot colour, or --ignore colour" in err
    assert set(tmp_path.rglob("*")) == before


def test_a_file_of_settings_names_files_relative_to_itself(tmp_path: Path, table: Path, capsys) -> None:
    (tmp_path / "run.toml").write_bytes(
        b"\xef\xbb\xbf[data]\ndataset = 'data/flowers.csv'\ntarget = -1\nignore = ['id', 'colour']\nmissing = 'drop'\n"
    )
    outcome = run_json(capsys, "train", "--config", tmp_path / "run.toml", *TINY, "--out", tmp_path / "r")
    assert outcome["dataset"] == "flowers"


def test_the_help_of_a_file_lists_its_options(capsys) -> None:
    code, out, _ = run(capsys, "train", "--dataset", "any.csv", "--help")
    assert code == 0 and "--test-fraction" in out and "--one-hot" in out and "--zeta" not in out
    assert max(map(len, out.splitlines())) <= 80


RECIPE = """
[settings]
model.hidden = [12]
wiring.density = 0.3
training.epochs = 2
[methods.SET]
[datasets.mine]
file = "data/flowers.csv"
target = "kind"
ignore = ["id"]
missing = "mean"
one-hot = ["colour"]
training.learning_rate = 0.2
[datasets.other]
file = "data/other.csv"
target = "kind"
ignore = ["id", "colour"]
missing = "drop"
[presets.all]
datasets = ["mine", "other", "digits"]
"""


def test_a_campaign_with_two_sets_of_your_own_from_another_folder(tmp_path: Path, table: Path, capsys, monkeypatch):
    shutil.copy(table, table.with_name("other.csv"))
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    campaign = ["campaign", "../recipe.toml", "--store", "store"]
    code, out, err = run(capsys, *campaign)
    assert code == 0, err
    assert [line.split()[:4] for line in out.splitlines()[1:4]] == [
        ["mine", "SET", "1", "1"], ["other", "SET", "1", "1"], ["digits", "SET", "1", "1"],
    ]  # fmt: skip
    runs = sorted(path.name for path in Path("store/runs").iterdir())
    assert [name.split("-")[0] for name in runs] == ["digits", "flowers", "other"]
    shutil.move(tmp_path / "away" / "store", tmp_path / "store")
    shutil.move(tmp_path / "data", tmp_path / "moved")
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("data/", "moved/"))
    code, _, err = run(capsys, "campaign", tmp_path / "recipe.toml", "--store", tmp_path / "store")
    assert code == 0 and sorted(path.name for path in (tmp_path / "store/runs").iterdir()) == runs, err
    (tmp_path / "moved" / "other.csv").write_text((tmp_path / "moved" / "other.csv").read_text().replace("0.", "1."))
    code, _, err = run(capsys, "campaign", tmp_path / "recipe.toml", "--store", tmp_path / "store")
    assert code == 0 and len(list((tmp_path / "store/runs").iterdir())) == 4, "a changed file makes a new run"


def test_workers_know_a_stale_copy(tmp_path: Path, table: Path) -> None:
    from sparse_mlp.experiments import Store
    from sparse_mlp.experiments.execute import execute
    from sparse_mlp.experiments.planned_run import plan_run

    data = {"dataset": str(table), "target": "kind", "ignore": ["id", "colour"], "missing": "mean"}
    planned = plan_run({"data": data, "model": {"hidden": [12]}, "training": {"epochs": 1}}, "SET")
    table.write_text(table.read_text().replace("iris", "Iris"))
    outcome = execute([planned], Store(tmp_path / "store").path)
    assert outcome.state == "failed" and "changed since this run began" in outcome.message
