"""`sparse-mlp train`: what it writes, what it prints, what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_cases import TINY, assert_refused, final_bytes, run, run_json

from sparse_mlp.cli import report
from sparse_mlp.kernels.pool import most_threads
from sparse_mlp.runs.files import read_config
from sparse_mlp.runs.saved import load_run
from sparse_mlp.training import load_checkpoint, read_history

REQUIRED = {
    "test_accuracy", "epochs", "seconds_per_epoch", "seconds_per_update", "links", "dense_parameters", "density",
    "seed", "out",
}  # fmt: skip


def test_the_json_says_what_was_trained(finished):
    folder, outcome = finished
    assert set(outcome) >= REQUIRED
    # 64-20-15-10: a fifth of 1280 and of 300 links, and the whole read-out
    assert outcome["links"] == 256 + 60 + 150
    assert outcome["dense_parameters"] == 1280 + 300 + 150
    assert outcome["density"] == outcome["links"] / outcome["dense_parameters"]
    assert outcome["bytes_stored"] < outcome["bytes_if_dense"]
    assert (outcome["epochs"], outcome["seed"], outcome["out"]) == (3, 0, str(folder))
    assert 0.3 < outcome["test_accuracy"] <= 1
    assert outcome["synthetic"] is False
    history = read_history(folder / "metrics.jsonl")
    assert outcome["test_accuracy"] == history.column("test_accuracy")[-1]
    assert outcome["seconds_per_epoch"] == np.median(history.column("seconds"))
    assert outcome["seconds_per_update"] == np.median([update["seconds"] for update in history.updates])


@pytest.mark.parametrize(
    ("chosen", "topology", "preset", "words", "folder"),
    [
        (["static", "--topology", "dendritic", "--preset", "mnist"], "dendritic", "mnist", "dendritic, preset mnist",
         "static-dendritic"),
        (["set", "--topology", "small-world"], "small-world", None, "small-world", "set-small-world"),
        (["set", "--topology", "erdos-renyi"], "erdos-renyi", None, "erdos-renyi", "set"),
        (["cht"], "correlated", None, "correlated", "cht"),
        (["cht", "--topology", "erdos-renyi"], "erdos-renyi", None, "erdos-renyi", "cht-erdos-renyi"),
    ],
)  # fmt: skip
def test_the_wiring_is_named_in_json_table_and_folder(capsys, chosen, topology, preset, words, folder):
    arguments = ["train", *TINY, "--epochs", 1, "--rule", *chosen]
    outcome = run_json(capsys, *arguments)
    assert (outcome["topology"], outcome["preset"]) == (topology, preset)
    assert outcome["out"] == str(Path(f"runs/digits-{folder}-seed0"))
    _, out, _ = run(capsys, *arguments)
    assert f"\nwiring           {words}\n" in out
    assert f"run folder       {Path(f'runs/digits-{folder}-seed0-2')}" in out


def test_a_dense_network_has_no_topology(capsys):
    dense = [word for word in TINY if word not in ("--density", "0.2")]
    arguments = ["train", *dense, "--rule", "dense", "--epochs", 1, "--out", "run", "--overwrite"]
    outcome = run_json(capsys, *arguments)
    assert (outcome["topology"], outcome["preset"]) == (None, None)
    assert "\nwiring           dense\n" in run(capsys, *arguments)[1]


def test_the_files_of_a_run(finished):
    folder, _ = finished
    names = {path.name for path in folder.iterdir()}
    records = {"config.json", "metrics.jsonl", "system.json"}
    assert records | {"checkpoint.json", "checkpoint.previous.json"} <= names
    assert sum(name.startswith("checkpoint-") and name.endswith(".npz") for name in names) == 2
    assert len(names - {".lock"}) == 7
    history = read_history(folder / "metrics.jsonl")
    assert [record["kind"] for record in history] == ["epoch", "update", "epoch", "update", "epoch"]
    assert list(history) == load_checkpoint(folder).meta["history"]


def test_the_table_and_the_figures(capsys):
    code, out, err = run(capsys, "train", "--hidden", 20, 15, "--density", 0.2, "--epochs", 2, "--out", "run")
    assert code == 0
    assert "links stored     466 (26.94%); a dense network would store 1,730" in out
    assert "rule             set, 1 topology update (none" in out
    assert "test accuracy    " in out
    assert "run folder       run" in out
    for layer in ("sparse1", "sparse2", "readout"):
        assert layer in out
    assert "SYNTHETIC" not in out
    assert "epoch 2/2" in err
    figures = {path.name for path in Path("run").glob("*.png")}
    assert {"learning_curve.png", "network.png", "topology_update.png"} <= figures
    for name in figures:
        assert (Path("run") / name).read_bytes().startswith(b"\x89PNG")


def test_the_figures_are_those_that_overwriting_removes(capsys):
    from sparse_mlp.cli.report import FIGURES

    arguments = ["train", "--hidden", 20, 15, "--density", 0.2, "--epochs", 3, "--out", "run"]
    assert run(capsys, *arguments)[0] == 0
    assert {path.stem for path in Path("run").glob("*.png")} == set(FIGURES)


def test_a_default_folder_is_numbered(capsys):
    outcomes = [run_json(capsys, "train", *TINY, "--epochs", 1, "--seed", 3) for _ in range(3)]
    base = Path("runs") / "digits-set-seed3"
    assert [outcome["out"] for outcome in outcomes] == [str(base), f"{base}-2", f"{base}-3"]
    assert all((Path(outcome["out"]) / "checkpoint.json").exists() for outcome in outcomes)


def test_a_folder_with_files_is_refused_and_left_alone(capsys):
    Path("run").mkdir()
    Path("run/notes.txt").write_text("mine")
    assert_refused(run(capsys, "train", *TINY, "--out", "run"), "a folder with files")
    assert [path.name for path in Path("run").iterdir()] == ["notes.txt"]


def test_a_file_as_folder_is_refused(capsys):
    Path("run").write_text("mine")
    for arguments in ([], ["--overwrite"]):
        assert_refused(run(capsys, "train", *TINY, "--out", "run", *arguments), "out=run, a file")
    assert Path("run").read_text() == "mine"


def test_an_empty_folder_will_do(capsys):
    Path("run").mkdir()
    assert run_json(capsys, "train", *TINY, "--epochs", 1, "--out", "run")["out"] == "run"


def test_overwrite_replaces_the_run_and_nothing_else(capsys):
    run_json(capsys, "train", *TINY, "--out", "run")
    Path("run/notes.txt").write_text("mine")
    Path("run/holiday.png").write_text("mine too")
    Path("run/weights.png").write_text("of the run before")
    outcome = run_json(capsys, "train", *TINY, "--epochs", 1, "--seed", 8, "--out", "run", "--overwrite")
    assert (outcome["epochs"], outcome["seed"]) == (1, 8)
    assert len(read_history(Path("run/metrics.jsonl"))) == 1
    assert {path.name for path in Path("run").iterdir() if path.suffix != ".npz"} == {
        ".lock", "config.json", "metrics.jsonl", "system.json", "checkpoint.json", "notes.txt", "holiday.png",
    }  # fmt: skip
    assert len(list(Path("run").glob("*.npz"))) == 1


def test_overwrite_with_bad_values_keeps_the_old_run(capsys):
    run_json(capsys, "train", *TINY, "--epochs", 1, "--out", "run")
    before = final_bytes(Path("run"))
    assert_refused(run(capsys, "train", "--out", "run", "--overwrite", "--dataset", "nonsense"), "nonsense")
    assert final_bytes(Path("run")) == before


def test_missing_data_are_an_error_of_one_line_and_nothing_is_written(capsys, monkeypatch):
    from sparse_mlp import datasets
    from sparse_mlp.errors import DataFileError

    def missing(name, data_dir):
        raise DataFileError(f"{name} in {data_dir}: place the file there")

    monkeypatch.setattr(datasets, "load", missing)
    code, out, err = run(capsys, "train", "--dataset", "mnist", "--data-dir", "..", "--out", "run")
    assert (code, out, err) == (1, "", "sparse-mlp train: mnist in ..: place the file there\n")
    assert not list(Path.cwd().iterdir())


def test_a_folder_that_cannot_be_made_is_an_error_of_one_line(capsys):
    Path("file").write_text("")
    code, out, err = run(capsys, "train", *TINY, "--out", "file/run")
    assert (code, out) == (1, "")
    assert err.startswith("sparse-mlp train: ")
    assert "file/run" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "links", "updates"),
    [
        (["--rule", "static"], 466, 0),
        (["--rule", "set", "--update-every", 2], 466, 1),
        (["--rule", "rlr", "--percolate"], 466, 2),
        (["--rule", "dense"], 1730, 0),
        (["--density", 0.5], 640 + 150 + 150, 2),
        (["--epsilon", 2], 2 * (64 + 20) + 2 * (20 + 15) + 150, 2),
        (["--zeta", 0], 466, 0),
    ],
)
def test_rules_and_densities(capsys, arguments, links, updates):
    rest = [*TINY[:3], *TINY[5:]] if "--epsilon" in arguments or "dense" in arguments else TINY  # without the density
    outcome = run_json(capsys, "train", *rest, *arguments, "--out", "run")
    assert outcome["links"] == links
    history = read_history(Path("run/metrics.jsonl"))
    assert len(history.updates) == updates
    assert (outcome["seconds_per_update"] is None) == (updates == 0)
    assert history.epochs[-1]["links"] == [] or sum(history.epochs[-1]["links"]) + 150 == links


def test_zeta_is_the_fraction_that_an_update_replaces(capsys):
    run_json(capsys, "train", *TINY, "--zeta", 0.5, "--out", "run")
    for update in read_history(Path("run/metrics.jsonl")).updates:
        for layer in update["layers"]:
            assert abs(layer["removed"] - 0.5 * layer["before"]) <= 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--optimizer", "adam"],
        ["--optimizer", "adam", "--weight-decay", 0.01, "--schedule", "cosine", "--warm-up-steps", 20],
        ["--nesterov", "--schedule", "step", "--label-smoothing", 0.1],
        ["--activation", "all-relu", "--dropout", 0.1],
        ["--allocation", "erk", "--weights", "normal", "--new-weights", "zero"],
        ["--hidden"],
        ["--no-standardize", "--validation-fraction", 0.2],
        ["--backend", "scipy"],
        ["--threads", 1, "--batch-size", 2000],
    ],
)
def test_other_settings_train_too(capsys, arguments):
    outcome = run_json(capsys, "train", *TINY, *arguments, "--out", "run")
    assert outcome["epochs"] == 3
    losses = read_history(Path("run/metrics.jsonl")).column("loss")
    assert np.all(np.isfinite(losses))
    assert losses[-1] < losses[0]


def test_the_backend_is_written_down_and_outlives_the_environment(capsys, monkeypatch):
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "scipy")
    outcome = run_json(capsys, "train", *TINY, "--epochs", 1, "--out", "run")
    assert outcome["backend"] == "scipy"
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "reference")
    assert run_json(capsys, "resume", "run")["backend"] == "scipy"
    assert run_json(capsys, "train", *TINY, "--epochs", 1, "--backend", "numba", "--out", "new")["backend"] == "numba"


def test_backends_agree(capsys):
    values = []
    for backend in ("reference", "scipy", "numba"):
        arguments = ["--hidden", 8, "--batch-size", 200, "--epochs", 2, "--learning-rate", 0.01]
        run_json(capsys, "train", *TINY, *arguments, "--backend", backend, "--out", backend)
        values.append(load_checkpoint(Path(backend)).arrays["values"])
    np.testing.assert_allclose(values[1], values[0], atol=1e-5)
    np.testing.assert_allclose(values[2], values[0], atol=1e-5)


def test_the_same_seed_gives_the_same_bytes(capsys, finished):
    folder, outcome = finished
    again = run_json(capsys, "train", *TINY, "--out", "again")
    assert final_bytes(Path("again")) == final_bytes(folder)
    assert again["test_accuracy"] == outcome["test_accuracy"]
    run_json(capsys, "train", *TINY, "--seed", 1, "--out", "other")
    assert final_bytes(Path("other"))["values"] != final_bytes(folder)["values"]


def test_one_thread_and_two_give_the_same_bytes(capsys):
    if most_threads() < 2:
        pytest.skip("this process has one thread")
    for threads in (1, 2):
        run_json(capsys, "train", *TINY, "--batch-size", 256, "--threads", threads, "--out", threads)
    assert final_bytes(Path("1")) == final_bytes(Path("2"))


def test_early_stopping_ends_the_run(capsys):
    # a learning rate this small changes no prediction
    arguments = ["--epochs", 50, "--validation-fraction", 0.2, "--early-stop", 2, "--learning-rate", 1e-12]
    outcome = run_json(capsys, "train", *TINY, *arguments, "--rule", "static", "--out", "run")
    assert outcome["epochs"] == 3
    assert outcome["stop_reason"] == "validation_accuracy did not improve for 2 epochs"
    assert outcome["validation_accuracy"] is not None
    assert run_json(capsys, "resume", "run")["epochs"] == 3


def test_a_run_that_diverges_is_an_error_of_one_line(capsys):
    code, out, err = run(capsys, "train", *TINY, "--learning-rate", 1e20, "--out", "run")
    assert (code, out) == (1, "")
    assert "found loss=" in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.fixture
def _small_synthetic(monkeypatch):
    from sparse_mlp.datasets import synthetic

    make = synthetic.make_synthetic
    monkeypatch.setattr(synthetic, "make_synthetic", lambda name: make(name, 300, 100))


@pytest.mark.usefixtures("_small_synthetic")
def test_synthetic_data_are_stamped_wherever_they_are_used(capsys):
    arguments = ["train", *TINY, "--dataset", "synthetic-mnist", "--out"]
    outcome = run_json(capsys, *arguments, "a")
    assert outcome["synthetic"] is True
    assert outcome["provenance"].startswith("SYNTHETIC")
    code, out, err = run(capsys, *arguments, "b")
    assert code == 0
    assert out.startswith("SYNTHETIC data: ")
    assert "data             synthetic-mnist: SYNTHETIC" in out
    assert "SYNTHETIC" in err
    evaluated = run_json(capsys, "evaluate", "a")
    assert evaluated["synthetic"] is True
    assert "SYNTHETIC" in run(capsys, "evaluate", "a")[1]


def test_json_is_strict(capsys):
    code, out, _ = run(capsys, "train", *TINY, "--rule", "static", "--epochs", 1, "--out", "run", "--json")
    assert code == 0
    json.loads(out, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--density", 0.1, "--epsilon", 3], "density and epsilon; expected one of the two"),
        (["--allocation", "er", "--epsilon", 3], "allocation and epsilon"),
        (["--rule", "static", "--zeta", 0.2], "option 'zeta' in [rule] with rule static"),
        (["--rule", "static", "--update-every", 2], "update_every with rule=static; expected one without the other"),
        (["--rule", "set", "--delta-start", 0.5], "taken by rule chts, chtss"),
        (["--rule", "set", "--update-every", 2, "--update-steps", 9], "update_every=2 and update_steps=9"),
        (["--rule", "chtss", "--epsilon", 3], "with rule chtss; expected a density"),
        (["--rule", "chtss", "--allocation", "er"], "allocation=er with rule chtss; expected allocation=uniform"),
        (["--rule", "chtss", "--density", 0.6], "density_start=0.5 below density=0.6"),
        (["--rule", "chtss", "--topology", "snip", "--scope", "global"], "scope=global with rule chtss"),
        (["--rule", "dense", "--density", 0.2], "density with rule dense"),
        (["--optimizer", "adam", "--momentum", 0.5], "'momentum' in [training] with optimizer adam"),
    ],
)
def test_settings_that_would_change_nothing_are_refused(capsys, arguments, words):
    assert_refused(run(capsys, "train", *arguments, "--out", "run"), words)
    assert not Path("run").exists()


def test_a_run_that_starts_meanwhile_gets_another_folder(capsys, monkeypatch):
    from sparse_mlp.runs import build as builder

    build = builder.build

    def slow(config):
        made = build(config)
        Path("runs/digits-set-seed0").mkdir(parents=True)  # another run was quicker
        return made

    monkeypatch.setattr(builder, "build", slow)
    assert run_json(capsys, "train", *TINY)["out"] == str(Path("runs/digits-set-seed0-2"))
    assert not list(Path("runs/digits-set-seed0").iterdir())


def test_both_densities_are_printed(finished):
    _, outcome = finished
    assert outcome["sparse_density"] == pytest.approx(0.2, abs=0.001)
    assert outcome["density"] == pytest.approx((256 + 60 + 150) / 1730)


@pytest.mark.parametrize("rule", ["path-count", "ch3l3", "rigl", "cht", "chts", "chtss"])
def test_every_rule_trains_and_resumes_from_its_settings_alone(capsys, rule):
    arguments = [*TINY, "--rule", rule, "--density", 0.1, "--epochs", 3, "--out", "run"]
    if rule == "rigl":
        arguments += ["--update-steps", 3]
    outcome = run_json(capsys, "train", *arguments)
    assert outcome["rule"] == rule
    assert outcome["sparse_density"] == pytest.approx(0.1, rel=0.01)  # also where it began with a half
    updates = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    logged = [record for record in updates if record["kind"] == "update"]
    assert logged
    assert {"itop", "anp_by_links", "anp_by_paths"} <= set(logged[-1])
    assert run_json(capsys, "evaluate", "run")["test_accuracy"] == outcome["test_accuracy"]


def test_rules_of_correlations_begin_with_them(capsys):
    for rule, wiring in (("cht", "correlated"), ("set", "erdos-renyi")):
        run_json(capsys, "train", *TINY, "--rule", rule, "--epochs", 1, "--out", rule)
        assert read_config(Path(rule) / "config.json").wiring["topology"] == wiring


@pytest.mark.parametrize(
    ("rule", "arguments", "alike"), [("chtss", [], True), ("rlr", [], False), ("rlr", ["--scope", "layer"], True)]
)
def test_snip_wires_all_layers_alike_where_the_density_decays(capsys, rule, arguments, alike):
    settings = ["--hidden", 20, 15, "--density", 0.4, "--epochs", 3, "--threads", 1, "--no-figures"]
    run_json(capsys, "train", *settings, "--rule", rule, "--topology", "snip", *arguments, "--out", "run")
    history = read_history(Path("run/metrics.jsonl"))
    start = 0.5 if rule == "chtss" else 0.4
    assert (history.epochs[0]["links"] == [start * 64 * 20, start * 20 * 15]) == alike


def test_removal_by_importance_trains(capsys):
    for rule in ("set", "rlr"):
        outcome = run_json(capsys, "train", *TINY, "--rule", rule, "--removal", "importance", "--out", rule)
        assert outcome["links"] == 466


@pytest.mark.parametrize("mode", ["shared", "block"])
def test_links_between_motifs(capsys, mode):
    arguments = ["--hidden", 20, 16, "--motif-size", 2, "--motif-mode", mode, "--epochs", 1, "--learning-rate", 0.02]
    outcome = run_json(capsys, "train", *TINY, *arguments, "--out", "run")
    # a fifth of 32 x 10 and of 10 x 8 pairs of motifs, and the whole read-out
    assert outcome["links"] == 64 + 16 + 160
    assert outcome["density"] == (4 * (64 + 16) + 160) / outcome["dense_parameters"]
    assert outcome["link_size"] == 2
    assert read_config(Path("run/config.json")).model["motif_mode"] == mode
    text = report.table(load_run("run"))
    assert "links stored     240 (27.27% of all pairs of neurons, a link joins 4)" in text
    assert load_checkpoint(Path("run"))
    measured = run_json(capsys, "measure", "run", "--only", "links")
    assert (measured["link_size"], measured["sizes"]) == (2, [32, 10, 8])
    assert [layer["links"] for layer in measured["layers"]] == [64, 16]
    assert "a link joins groups of 2 neurons" in run(capsys, "measure", "run", "--only", "links")[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--motif-size", 3], "input of 64 features for motif_size=3; expected a multiple of 3"),
        (["--motif-size", 4, "--hidden", 20, 18], "the nearest are 16 or 20"),
        (["--motif-size", 0], "motif_size=0"),
        (["--motif-mode", "blocks"], "did you mean 'block'?"),
        (["--motif-mode", "block"], "motif_mode with motif_size=1; expected one without"),
        (["--pad", "--motif-size", 1], "pad with motif_size=1"),
        (["--motif-size", 2, "--rule", "dense"], "motif_size=2 with a rule for dense layers"),
    ],
)
def test_motifs_that_cannot_be(capsys, arguments, words):
    assert_refused(run(capsys, "train", *arguments, "--out", "run"), words)
