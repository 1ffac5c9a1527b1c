"""`sparse-mlp robustness`: curves of a run, what they are of, where they go."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli_cases import TINY, assert_refused, run, run_json

from sparse_mlp.cli.robustness import FIGURES
from sparse_mlp.experiments.measurements import measure_robustness
from sparse_mlp.robustness import PERTURBATIONS, RobustnessCurves, robustness_curves
from sparse_mlp.runs.saved import load_run

QUICK = ["--strengths", 5, "--draws", 2, "--no-figures"]


@pytest.fixture
def folder(finished, tmp_path):
    return Path(shutil.copytree(finished[0], tmp_path / "copy"))


def test_curves_are_those_of_the_checkpoint(capsys, folder):
    outcome = run_json(capsys, "robustness", folder, *QUICK)
    assert outcome == json.loads((folder / "robustness.json").read_text())
    trained = load_run(folder)
    curves = robustness_curves(trained.model, *trained.test, strengths=5, draws=2, rng=trained.config.run["seed"])
    found = RobustnessCurves.from_json(outcome)
    assert found.to_json() == curves.to_json() == measure_robustness(trained, strengths=5, draws=2)
    assert list(found.accuracy) == list(PERTURBATIONS)
    assert outcome["area"] == {name: curves.area(name) for name in PERTURBATIONS}
    assert outcome["baseline"] == pytest.approx(trained.trainer.history.epochs[-1]["test_accuracy"])
    assert (outcome["dataset"], outcome["epochs"], outcome["rule"]) == ("digits", 3, trained.config.rule["name"])
    assert outcome["synthetic"] is False and outcome["out"] == str(folder)


def test_options_reach_the_curves(capsys, folder):
    options = ["--perturbations", "weight-order", "--scope", "global", "--readout", "--samples", 40, "--threads", 1]
    outcome = run_json(capsys, "robustness", folder, "--strengths", 3, "--no-figures", *options)
    assert list(outcome["accuracy"]) == ["weight-order"]
    assert (outcome["scope"], outcome["readout"], outcome["samples"]) == ("global", True, 40)
    trained = load_run(folder)
    rows = np.sort(np.random.default_rng(1).permutation(len(trained.test[1]))[:40])
    expected = robustness_curves(
        trained.model, trained.test[0][rows], trained.test[1][rows], perturbations=["weight-order"], strengths=3,
        scope="global", readout=True,
    )  # fmt: skip
    assert outcome["accuracy"]["weight-order"] == expected.accuracy["weight-order"].tolist()
    assert len(run_json(capsys, "robustness", folder, "--no-figures")["strengths"]["random-pruning"]) == 51


def test_the_table_says_what_it_is_of(capsys, folder):
    code, out, err = run(capsys, "robustness", folder, "--strengths", 21, "--draws", 2, "--no-figures")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("data       digits: scikit-learn load_digits")
    assert "means of 2 draws" in out and "the sparse layers, each by itself" in out
    grid = [line for line in lines if line[:1].isdigit()]
    assert [line.split()[0] for line in grid] == ["0", *(f"0.{n}" for n in range(1, 10)), "1"]
    curves = RobustnessCurves.from_json(json.loads((folder / "robustness.json").read_text()))
    assert grid[5].split()[1:] == [f"{curves.mean(name)[10]:.2%}" for name in PERTURBATIONS]
    assert lines[-3].split()[1:] == [f"{curves.area(name):.4f}" for name in PERTURBATIONS]
    lines = run(capsys, "robustness", folder, "--draws", 1, "--samples", 50, "--no-figures")[1].splitlines()
    grid = [line.split() for line in lines if line[:1].isdigit()]
    assert [cells[0] for cells in grid[:7]] == ["0", "0.02", "0.04", "0.06", "0.08", "0.1", "0.2"] and len(grid) == 15
    curves = RobustnessCurves.from_json(json.loads((folder / "robustness.json").read_text()))
    assert grid[2][1:3] == [f"{curves.mean(PERTURBATIONS[0])[2]:.2%}", f"{curves.mean('weight-order')[10]:.2%}"]


def test_figures_are_those_of_the_last_findings(capsys, folder):
    def figures():
        return {path.name for path in folder.glob("robustness*.png")}

    run_json(capsys, "robustness", folder, *QUICK[:4])
    assert figures() == set(FIGURES)
    run_json(capsys, "robustness", folder, *QUICK[:4], "--perturbations", "weight-order")
    assert figures() == {"robustness_pruning.png"}
    run_json(capsys, "robustness", folder, *QUICK)
    assert figures() == set()
    run_json(capsys, "robustness", folder, *QUICK[:4], "--perturbations", "weight-modification")
    assert figures() == {"robustness_noise.png"}
    run_json(capsys, "train", *TINY, "--epochs", 1, "--out", folder, "--overwrite")
    assert not list(folder.glob("robustness*"))


def test_synthetic_data_are_stamped_and_the_seed_is_that_of_the_run(capsys):
    run_json(capsys, "train", "--dataset", "synthetic-lung-small", *TINY, "--epochs", 1, "--seed", 3, "--out", "run")
    _, out, _ = run(capsys, "robustness", "run", *QUICK)
    assert out.startswith("SYNTHETIC data: these accuracies say nothing about the real set\n")
    outcome, trained = json.loads(Path("run/robustness.json").read_text()), load_run(Path("run"))
    curves = robustness_curves(trained.model, *trained.test, strengths=5, draws=2, rng=3)
    assert outcome["seed"] == 3 and RobustnessCurves.from_json(outcome).to_json() == curves.to_json()


def test_bad_words_are_refused(capsys, folder):
    assert_refused(run(capsys, "robustness", "nowhere"), "no folder nowhere")
    assert_refused(run(capsys, "robustness", folder, "--perturbations", "noise"), "weight-modification")
    assert_refused(run(capsys, "robustness", folder, "--scope", "net"), "one of layer, global")
    for option, least in (("--draws", 1), ("--samples", 1), ("--strengths", 2), ("--threads", 1)):
        assert_refused(run(capsys, "robustness", folder, option, least - 1), f"{option[2:]}={least - 1}; expected")
    assert not (folder / "robustness.json").exists()


def test_a_dense_network_is_perturbed_when_asked_for(capsys):
    run_json(capsys, "train", "--rule", "dense", *[t for t in TINY if t not in ("--density", "0.2")], "--out", "run")
    assert_refused(run(capsys, "robustness", "run", *QUICK), "without sparse layers")
    assert run_json(capsys, "robustness", "run", *QUICK, "--readout")["readout"] is True


def test_the_help_lists_the_perturbations(capsys):
    from sparse_mlp.cli.robustness import NAMES
    from sparse_mlp.robustness import PERTURBATIONS

    _, out, _ = run(capsys, "robustness", "--help")
    assert NAMES == PERTURBATIONS and all(name in "".join(out.split()) for name in NAMES)
