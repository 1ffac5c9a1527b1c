"""evaluate, data, doctor, and what happens without a verb."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_cases import TINY, assert_refused, run, run_json

import sparse_mlp
from sparse_mlp import datasets
from sparse_mlp.datasets import FileReport
from sparse_mlp.errors import DataFileError
from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.runs import warm_up

VERBS = ("train", "evaluate", "features", "robustness", "resume", "campaign", "search", "measure", "data", "doctor")


def test_evaluate_says_what_training_said(capsys, finished):
    folder, outcome = finished
    evaluated = run_json(capsys, "evaluate", folder)
    for key in ("test_accuracy", "test_loss", "epochs", "dataset", "provenance", "synthetic", "rule", "out"):
        assert evaluated[key] == outcome[key], key
    counts = {str(c): sum(datasets.load("digits").test_y == c) for c in range(10)}
    assert evaluated["class_accuracy"].keys() == counts.keys()
    right = sum(evaluated["class_accuracy"][name] * counts[name] for name in counts)
    assert right / 360 == pytest.approx(outcome["test_accuracy"], rel=1e-12)


def test_evaluate_prints_a_table(capsys, finished):
    folder, outcome = finished
    code, out, _ = run(capsys, "evaluate", folder)
    assert code == 0
    assert f"test accuracy {outcome['test_accuracy']:.2%}" in out
    assert "360 samples" in out
    assert "wiring erdos-renyi, rule set\n" in out
    assert len([line for line in out.splitlines() if line.rstrip().endswith("%")]) == 10


def test_evaluate_names_the_topology_and_its_preset(capsys):
    chosen = ["--topology", "dendritic", "--preset", "mnist", "--rule", "static"]
    run_json(capsys, "train", *TINY, "--epochs", 1, *chosen, "--out", "run")
    evaluated = run_json(capsys, "evaluate", "run")
    assert (evaluated["topology"], evaluated["preset"], evaluated["rule"]) == ("dendritic", "mnist", "static")
    assert "wiring dendritic, preset mnist, rule static\n" in run(capsys, "evaluate", "run")[1]


@pytest.mark.parametrize("verb", ["evaluate", "robustness", "resume", "measure"])
def test_a_run_that_does_not_exist_is_refused_by_all_verbs_alike(capsys, verb):
    words = f"sparse-mlp {verb}: found no folder nowhere; expected the folder of a run; `sparse-mlp train` makes"
    assert_refused(run(capsys, verb, "nowhere"), words)
    assert not Path("nowhere").exists()
    Path("notes.txt").write_text("mine")
    assert_refused(run(capsys, verb, "notes.txt"), "notes.txt, a file; expected the folder of a run")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--dendritic", "spatial-gaussian"], "--dendritic spatial-gaussian"),
        (["measure", "run", "--onl", "links"], "--onl links"),
        (["search", "--topology", "small-world", "--out", "found", "--conf", 3], "--conf 3"),
        (["evaluate", "run", "--js"], "--js"),
        (["resume", "run", "--js"], "--js"),
        (["data", "list", "--js"], "--js"),
        (["doctor", "--js"], "--js"),
    ],
)
def test_options_are_taken_by_their_whole_names_alone(capsys, arguments, words):
    assert_refused(run(capsys, *arguments), f"unrecognized arguments: {words}")
    assert not list(Path().iterdir())


def test_evaluate_changes_nothing(capsys, finished):
    folder = finished[0]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    run_json(capsys, "evaluate", folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_evaluate_needs_a_checkpoint(capsys, finished):
    Path("run").mkdir()
    shutil.copy(finished[0] / "config.json", "run")
    code, out, err = run(capsys, "evaluate", "run")
    assert (code, out) == (1, "")
    assert "without checkpoint.json" in err


def test_data_list(capsys):
    code, out, _ = run(capsys, "data", "list", "--data-dir", ".")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert tuple(lines) == datasets.known_names()
    assert "sentence pairs" in lines["multi30k"]
    assert "8 x 8" in lines["digits"]
    rows = run_json(capsys, "data", "list")
    assert [row["name"] for row in rows] == list(datasets.known_names())


@pytest.mark.parametrize(
    ("statuses", "code"),
    [(["ok"], 0), (["ok", "missing"], 1), (["damaged"], 1), (["ok", "ok", "ok"], 0)],
)
def test_the_exit_code_of_data_check(capsys, monkeypatch, statuses, code):
    reports = [FileReport(f"file{i}", status, "because") for i, status in enumerate(statuses)]
    monkeypatch.setattr(datasets, "check", lambda name, data_dir: reports)
    found, out, _ = run(capsys, "data", "check", "mnist")
    assert found == code
    assert [line.split() for line in out.splitlines()] == [[r.status, r.path, r.detail] for r in reports]
    found, out, _ = run(capsys, "data", "check", "mnist", "--json")
    assert found == code
    assert [row["status"] for row in json.loads(out)] == statuses


def test_data_check_of_sets_without_files_and_of_several(capsys):
    code, out, _ = run(capsys, "data", "check", "digits", "synthetic-mnist")
    assert code == 0
    assert len(out.splitlines()) == 2


def test_data_check_of_real_files(capsys, real_data_dir):
    code, out, _ = run(capsys, "data", "check", "mnist", "--data-dir", real_data_dir)
    assert code == 0
    assert len(out.splitlines()) == 4


def test_data_fetch(capsys, monkeypatch):
    asked = []

    def fetch(name, data_dir):
        asked.append((name, data_dir))
        return [Path("a"), Path("b")]

    monkeypatch.setattr(datasets, "fetch", fetch)
    code, out, _ = run(capsys, "data", "fetch", "mnist", "kmnist", "--data-dir", "here")
    assert (code, out.split()) == (0, ["a", "b", "a", "b"])
    assert asked == [("mnist", "here"), ("kmnist", "here")]
    assert run_json(capsys, "data", "fetch", "mnist") == ["a", "b"]


def test_data_fetch_without_network_is_an_error_of_one_line(capsys, monkeypatch):
    def fail(name, data_dir):
        raise DataFileError("no mirror answers; place train-images-idx3-ubyte.gz in here/mnist")

    monkeypatch.setattr(datasets, "fetch", fail)
    code, out, err = run(capsys, "data", "fetch", "mnist")
    assert (code, out) == (1, "")
    assert err == "sparse-mlp data: no mirror answers; place train-images-idx3-ubyte.gz in here/mnist\n"


@pytest.mark.parametrize("action", ["check", "fetch"])
def test_an_unknown_data_set_is_refused(capsys, action):
    assert_refused(run(capsys, "data", action, "mnits"), "did you mean 'mnist'?")


def test_data_needs_an_action_and_names(capsys):
    assert_refused(run(capsys, "data"), "ACTION")
    assert_refused(run(capsys, "data", "check"), "NAME")


def test_doctor_names_backend_and_reason(capsys, monkeypatch):
    monkeypatch.delenv("SPARSE_MLP_BACKEND", raising=False)
    found = run_json(capsys, "doctor")
    assert found["sparse_mlp"] == sparse_mlp.__version__
    assert found["backend"].startswith("numba: ")
    assert found["threads"]
    code, out, _ = run(capsys, "doctor")
    assert code == 0
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if line.startswith(("backend", "numpy")))
    assert lines["backend"] == found["backend"]
    assert lines["numpy"] == found["numpy"]


def test_doctor_says_why(capsys, monkeypatch):
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "scipy")
    backend = run_json(capsys, "doctor")["backend"]
    assert backend.startswith("scipy: ")
    assert "SPARSE_MLP_BACKEND" in backend
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "nonsense")
    assert_refused(run(capsys, "doctor"), "nonsense")


def test_doctor_warms_up_if_asked(capsys, monkeypatch):
    monkeypatch.setattr(warm_up, "warm_up", lambda dtypes, progress: float(len(set(dtypes))))
    assert run_json(capsys, "doctor", "--warm")["compiled in"] == "2.0 s"
    assert "compiled in" not in run_json(capsys, "doctor")


AFTER_WARM_UP = """
import sys
import numpy as np
from sparse_mlp import SparseMLP, SparseMLPClassifier, Trainer
from sparse_mlp.cli import main
from sparse_mlp.models import vgg
from sparse_mlp.runs.warm_up import warm_up

def compiled():
    kernels = [m for name, m in sorted(sys.modules.items()) if name.startswith("sparse_mlp.kernels")]
    return {f.__name__: f.signatures for m in kernels for f in vars(m).values() if getattr(f, "signatures", ())}

def commands():
    vgg = ["--model", "vgg", "--plan", "8-M-8-M", "--density", "0.3"]
    words = ["--model", "transformer", "--dataset", "reversal", "--d-model", "16", "--d-ff", "32", "--layers", "1"]
    for options in ([], ["--optimizer", "adam", "--batch-size", "128", "--rule", "rlr"], ["--dropout", "0.1"],
                    ["--hidden", "40", "40", "--activation", "all-relu", "--percolate"],
                    ["--hidden", "40", "40", "--motif-size", "2"],
                    ["--hidden", "40", "40", "--motif-size", "4", "--motif-mode", "block", "--optimizer", "adam"],
                    ["--hidden", "40", "40", "--rule", "ch3l3"],
                    ["--hidden", "40", "40", "--rule", "chts", "--seed", "1"],
                    ["--hidden", "40", "40", "--rule", "rigl", "--seed", "1", "--threads", "1"],
                    vgg, [*vgg, "--rule", "cht-conv", "--optimizer", "adam", "--batch-size", "64"],
                    words, [*words, "--rule", "chts", "--batch-tokens", "5000"]):
        out = f"run {len(options)} {options[-1:]}"
        main(["train", "--epochs", "2", "--no-figures", "--json", "--out", out, *options])

def networks_of_float64():
    x, labels = np.random.default_rng(0).random((300, 64)), np.arange(300) % 3
    for batch_size, activation, rule in ((32, "relu", "set"), (128, "all-relu", "ch3l3"), (64, "tanh", "rigl")):
        model = SparseMLP([64, 50, 50, 3], density=0.2, activation=activation, dtype="float64", rng=0)
        Trainer(model, rule=rule, batch_size=batch_size, rng=0).fit((x, labels), (x, labels), epochs=2)
    model = vgg("8-M-8-M", (1, 8, 8), 3, density=0.3, dtype="float64", rng=0)
    Trainer(model, rule="set", batch_size=64, rng=0).fit((x, labels), (x, labels), epochs=2)
    SparseMLPClassifier((40, 40), density=0.2, dtype="float64", max_iter=2, random_state=0).fit(x, labels).predict(x)

dtype = sys.argv[1]
warm_up((dtype,))
before = compiled()
commands() if dtype == "float32" else networks_of_float64()
after = compiled()
new = {name: [s for s in after[name] if s not in before.get(name, ())] for name in after}
print(len(before), {name: signatures for name, signatures in new.items() if signatures})
"""


@pytest.mark.skipif(not JIT_ENABLED, reason="nothing is compiled")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_after_a_warm_up_training_compiles_nothing(dtype):
    done = subprocess.run([sys.executable, "-c", AFTER_WARM_UP, dtype], capture_output=True, text=True, check=True)
    count, new = done.stdout.splitlines()[-1].split(maxsplit=1)
    assert int(count) > 10
    assert new == "{}"


def test_version(capsys):
    assert run(capsys, "--version") == (0, f"sparse_mlp {sparse_mlp.__version__}\n", "")


def test_without_a_verb_the_usage_is_shown(capsys):
    code, out, err = run(capsys)
    assert (code, out) == (2, "")
    assert err.startswith("usage: sparse-mlp ")
    for verb in VERBS:
        assert re.search(rf"^    {verb}\b", err, re.MULTILINE)


def test_an_unknown_verb_is_refused(capsys):
    assert_refused(run(capsys, "trian"), "'trian'")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(capsys, verb):
    code, out, err = run(capsys, verb, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: sparse-mlp {verb}")


def test_the_command_is_installed(finished):
    command = shutil.which("sparse-mlp", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the package is not installed beside this Python")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"sparse_mlp {sparse_mlp.__version__}\n"


@pytest.mark.parametrize("unbuffered", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_a_reader_that_leaves_is_no_error(unbuffered):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"} | unbuffered
    command = [sys.executable, "-c", "from sparse_mlp.cli import main; raise SystemExit(main(['data', 'list']))"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=environment, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
