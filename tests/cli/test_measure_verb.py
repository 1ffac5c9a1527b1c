"""`sparse-mlp measure`: of a run as it is on the disk, and of a topology as `train` would begin with."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from cli_cases import TINY, assert_refused, run, run_json

from sparse_mlp import SparseMLP, SparseStructure
from sparse_mlp.cli.measure import wirings_of
from sparse_mlp.cli.measure_report import measure_result, measure_table
from sparse_mlp.measures import MEASURES, Repeated, measure_wiring, wiring_measures
from sparse_mlp.runs.build import build
from sparse_mlp.runs.files import read_config
from sparse_mlp.training import load_checkpoint

QUICK = ["--only", "neurons", "links", "density", "path-length", "modularity"]
MADE = ["measure", "--topology", "dendritic", "--sizes", 24, 30, 20, "--density", 0.1]


def test_a_run_is_measured_as_it_was_left(capsys, finished):
    folder = finished[0]
    made = build(read_config(folder / "config.json"))
    made.trainer.resume(load_checkpoint(folder))
    structures = [layer.structure for layer in made.model.sparse_layers]
    assert wirings_of(folder) == structures
    measured = run_json(capsys, "measure", folder, *QUICK)
    assert measured["run"] == str(folder) and measured["link_size"] == 1
    assert measured["sizes"] == [64, 20, 15]
    assert measured["network"]["neurons"] == 64 + 20 + 15
    assert measured["network"]["links"] == 256 + 60
    assert [layer["shape"] for layer in measured["layers"]] == [[64, 20], [20, 15]]
    assert [layer["links"] for layer in measured["layers"]] == [256, 60]
    assert [layer["density"] for layer in measured["layers"]] == [0.2, 0.2]
    expected = measure_wiring(structures, repeats=10, rng=0, names=["modularity"])["modularity"]
    assert measured["network"]["modularity"] == {
        "mean": pytest.approx(expected.mean, rel=1e-12), "std": pytest.approx(expected.std, rel=1e-12), "repeats": 10,
    }  # fmt: skip


def test_a_run_needs_no_data_to_be_measured(capsys, finished, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for path in finished[0].glob("checkpoint*"):
        (folder / path.name).write_bytes(path.read_bytes())
    assert run_json(capsys, "measure", folder, *QUICK[:2])["network"] == {"neurons": 99}


def test_a_topology_is_wired_as_train_begins(capsys):
    options = ["--border", "bounded", "--degree-distribution", "gaussian", "--seed", 3]
    measured = run_json(capsys, *MADE, *options, *QUICK)
    assert measured["topology"] == "dendritic" and measured["seed"] == 3
    assert {"border": "bounded", "degree_distribution": "gaussian"}.items() <= measured["options"].items()
    assert measured["sizes"] == [24, 30, 20]
    params = {"border": "bounded", "degree_distribution": "gaussian"}
    model = SparseMLP([24, 30, 20, 2], density=0.1, topology="dendritic", topology_params=params, rng=3)
    structures = [layer.structure for layer in model.sparse_layers]
    expected = measure_wiring(structures, repeats=10, rng=3, names=["path-length", "links"])
    assert measured["network"]["path-length"] == pytest.approx(expected["path-length"], rel=1e-12)
    assert measured["network"]["links"] == expected["links"] == 72 + 60
    assert run_json(capsys, *MADE, *options, *QUICK) == measured


def test_all_measures_are_in_a_table_that_fits(capsys):
    code, out, err = run(capsys, *MADE, "--repeats", 3)
    of_layers = {"second-singular-value", "ramanujan-bound"}
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].split("  ")[0] == "measure" and lines[0].endswith("network          24 x 30          30 x 20")
    assert [line.split()[0] for line in lines[1:]] == list(MEASURES)
    assert max(map(len, lines)) <= 100
    assert {line.split()[0] for line in lines if line.split()[1] == "-"} == of_layers
    assert any(line.split()[:1] == ["modularity"] and line.count("±") == 3 for line in lines)
    values = run_json(capsys, *MADE, "--repeats", 3)
    assert set(values) == {
        "topology", "options", "density", "epsilon", "allocation", "sizes", "network", "layers", "repeats", "seed",
    }  # fmt: skip
    assert (values["density"], values["epsilon"], values["allocation"]) == (0.1, None, "uniform")
    assert list(values["network"]) == list(MEASURES)
    assert {name for name, value in values["network"].items() if value is None} == of_layers
    assert all(layer[name] is not None for layer in values["layers"] for name in of_layers)
    assert values["network"]["modularity"]["repeats"] == values["repeats"] == 3
    assert all(set(layer) == {"shape", *MEASURES} for layer in values["layers"])


def test_epsilon_and_allocation_say_how_many_links_there_are(capsys):
    made = ["measure", "--topology", "erdos-renyi", "--sizes", 24, 30, 20, "--only", "links"]
    values = run_json(capsys, *made, "--epsilon", 2)
    assert (values["density"], values["epsilon"]) == (None, 2)
    assert [layer["links"] for layer in values["layers"]] == [108, 100]  # epsilon times the neurons of both sides
    values = run_json(capsys, *made, "--density", 0.1, "--allocation", "er")
    links = [layer["links"] for layer in values["layers"]]
    assert sum(links) == 132 and links[0] / links[1] == pytest.approx(54 / 50, rel=0.02)


def test_what_takes_minutes_waits_to_be_asked_for(capsys, monkeypatch):
    monkeypatch.setattr(wiring_measures, "LARGE", 60)
    code, out, err = run(capsys, *MADE, "--repeats", 2)
    assert code == 0
    name = "structural-consistency"
    assert err == f"{name} left out of large graphs, where it takes minutes: --only {name}\n"
    row = next(line.split() for line in out.splitlines() if line.startswith("structural-consistency"))
    assert row[1] == "-" and row.count("±") == 2  # of the layers of 54 and 50 neurons
    code, out, err = run(capsys, *MADE, "--repeats", 2, "--only", "structural-consistency")
    assert (code, err) == (0, "") and out.count("±") == 3


def test_one_layer_is_its_own_network(capsys):
    arguments = ["measure", "--topology", "small-world", "--beta", 0, "--sizes", 8, 8, "--density", 0.5]
    values = run_json(capsys, *arguments, "--only", "links", "density")
    assert values["network"] == {"links": 32, "density": 0.5}
    assert values["layers"] == [{"shape": [8, 8], "links": 32, "density": 0.5}]
    code, out, _ = run(capsys, *arguments, "--only", "links")
    assert (code, out.split()) == (0, ["measure", "8", "x", "8", "links", "32"])


def test_many_layers_stand_in_several_blocks():
    structures = [SparseStructure.complete((1000, 1000))] * 5
    repeated = Repeated(np.array([0.25, 0.75]))
    values = [{"links": 1e6, "gamma": math.nan, "modularity": repeated, "density": 0.01}] * 6
    lines = measure_table(structures, values).splitlines()
    assert [line for line in lines if line.startswith("measure")] == [
        "measure               network      1000 x 1000      1000 x 1000      1000 x 1000",
        "measure           1000 x 1000      1000 x 1000",
    ]
    assert max(map(len, lines)) <= 100
    assert lines[1].split() == ["links"] + 4 * ["1,000,000"]
    assert lines[2].split() == ["gamma"] + 4 * ["undefined"]
    assert lines[3].split() == ["modularity"] + 4 * ["0.5000", "±", "0.3536"]
    assert lines[4].split() == ["density"] + 4 * ["0.0100"]
    result = measure_result(structures, values)
    assert result["sizes"] == [1000] * 6 and len(result["layers"]) == 5
    assert result["network"] == {
        "links": 1000000, "gamma": None, "modularity": {"mean": 0.5, "std": repeated.std, "repeats": 2}, "density": 0.01
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "neither RUN nor --topology; expected one of the two"),
        (["--topology", "dendritic"], "no sizes; expected two or more; such as --sizes"),
        (["--topology", "dendritic", "--sizes", 9], "sizes=[9]"),
        (["--topology", "dendritic", "--sizes", 9, 0], "sizes=0"),
        (["--topology", "ring", "--sizes", 9, 9], "topology='ring'"),
        (["--topology", "dendritic", "--sizes", 9, 9, "--beta", 0.5], "option 'beta' in [wiring]"),
        (["--topology", "small-world", "--sizes", 9, 9, "--beta", 2], "beta=2.0"),
        (["--topology", "snip", "--sizes", 9, 9], "topology=snip, which looks at data; expected one that does"),
        (["--topology", "dendritic", "--sizes", 9, 9, "--density", 2], "density=2.0"),
        (["--topology", "dendritic", "--sizes", 9, 9, "--density", 0.1, "--epsilon", 2], "density and epsilon"),
        (["--topology", "dendritic", "--sizes", 9, 9, "--allocation", "er", "--epsilon", 2], "allocation and epsilon"),
        (["--topology", "dendritic", "--sizes", 9, 9, "--width-std", 0.1], "width_std with width_distribution=fixed"),
        (["--topology", "dendritic", "--sizes", 9, 9, "--only", "modularty"], "did you mean 'modularity'?"),
        (["--topology", "dendritic", "--sizes", 9, 9, "--repeats", 0], "repeats=0"),
        (["run", "--topology", "dendritic"], "topology with the run run; expected one of the two"),
        (["run", "--sizes", 9, 9], "sizes with the run run"),
        (["run", "--density", 0.5], "density with the run run"),
    ],
)
def test_what_cannot_be_measured_is_refused(capsys, arguments, words):
    assert_refused(run(capsys, "measure", *arguments), words)


def test_runs_without_checkpoint_or_sparse_layers(capsys):
    Path("empty").mkdir()
    code, out, err = run(capsys, "measure", "empty")
    assert (code, out) == (1, "") and "without checkpoint.json" in err
    dense = [word for word in TINY if word not in ("--density", "0.2")]
    run_json(capsys, "train", *dense, "--rule", "dense", "--epochs", 1, "--out", "dense")
    assert_refused(run(capsys, "measure", Path("dense")), "a network of dense layers")


def test_the_help_is_that_of_measuring(capsys):
    text = " ".join(run(capsys, "measure", "--help")[1].split())
    assert "fraction of the possible links that the layers have [0.02]" in text
    assert not any(word in text for word in ("read-out", "chts", "--figures", "--rule"))
    assert "--beta FLOAT" in run(capsys, "measure", "--topology", "small-world", "--help")[1]


def test_random_measures_follow_the_seed(capsys, finished):
    arguments = ["measure", finished[0], "--only", "structural-consistency", "--repeats", 3]
    expected = measure_wiring(wirings_of(finished[0]), repeats=3, rng=5, names=["structural-consistency"])
    measured = {seed: run_json(capsys, *arguments, "--seed", seed)["network"] for seed in (5, 6)}
    assert measured[5]["structural-consistency"]["mean"] == pytest.approx(expected["structural-consistency"].mean)
    assert measured[5] != measured[6]
