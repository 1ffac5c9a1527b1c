"""Every verb on a run of a convolutional network: it works, or says why not."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_cases import assert_refused, final_bytes, run, run_json

from sparse_mlp.cli import main
from sparse_mlp.cli.report import FIGURES

VGG = ["--model", "vgg", "--plan", "4-M-8-M", "--density", "0.3"]
TINY = [
    *VGG,
    "--flip",
    "0.5",
    "--scale-by",
    "channel",
    "--optimizer",
    "adam",
    "--learning-rate",
    "0.01",
    "--epochs",
    "3",
]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """Folder, JSON and messages of a finished run of CHT-Conv with figures; not to be changed."""
    folder, out, err = tmp_path_factory.mktemp("images") / "run", io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(["train", *TINY, "--rule", "cht-conv", "--out", str(folder), "--json"]) == 0
    return folder, json.loads(out.getvalue()), err.getvalue()


def test_train(images: Any) -> None:
    folder, outcome, err = images
    assert "warning" not in err
    assert {path.name for path in folder.glob("*.png")} == {f"{name}.png" for name in FIGURES}
    assert (outcome["links"], outcome["dense_parameters"], outcome["link_size"]) == (420, 9 * 4 + 36 * 8 + 320, 1)
    assert outcome["sparse_density"] == 100 / 324 and outcome["model"] == "vgg"
    assert outcome["anp_by_paths"] == outcome["anp_by_links"] == 1.0
    assert outcome["test_accuracy"] > 0.2


def test_figures_change_nothing_and_a_run_goes_on(capsys: Any, images: Any) -> None:
    folder, *_ = images
    code, out, _ = run(capsys, "train", *TINY, "--rule", "cht-conv", "--no-figures", "--threads", 1, "--out", "run")
    assert code == 0 and final_bytes(Path("run")) == final_bytes(folder)
    assert "active channels  100.00% on a path" in out and "conv2: kernels of 3 x 3 on maps of 4 x 4" in out
    assert run_json(capsys, "resume", "run", "--epochs", 4)["epochs"] == 4


def test_evaluate_and_robustness(capsys: Any, images: Any) -> None:
    folder, outcome, _ = images
    assert run_json(capsys, "evaluate", folder)["test_accuracy"] == outcome["test_accuracy"]
    shutil.copytree(folder, "run")
    found = run_json(capsys, "robustness", "run", "--perturbations", "weight-order", "--strengths", 3, "--samples", 100)
    assert found["accuracy"]["weight-order"][0][0] == found["baseline"]
    assert Path("run/robustness_pruning.png").exists()


def test_measure_sees_channels_in_the_network_and_taps_in_layers(capsys: Any, images: Any) -> None:
    folder, *_ = images
    only = ["--only", "active-neurons", "mean-degree", "--repeats", 1]
    found = run_json(capsys, "measure", folder, *only)
    assert (found["sizes"], found["link_size"]) == ([1, 4, 8], 1)
    assert [layer["shape"] for layer in found["layers"]] == [[9, 4], [36, 8]]
    assert found["layers"][1]["mean-degree"] == 2 * 88 / 44
    assert found["network"]["active-neurons"] == 1 and found["network"]["mean-degree"] <= 2 * 36 / 13
    code, out, err = run(capsys, "measure", folder, *only)
    assert code == 0 and "36 x 8" in out
    assert err.splitlines() == ["network: channels, linked where any tap is; layers: taps and channels"]


def test_strengths_of_pixels_are_refused(capsys: Any, images: Any) -> None:
    assert_refused(run(capsys, "features", images[0]), "weights all pixels share")
    assert_refused(run(capsys, "train", *TINY, "--input-strengths", "--out", "none"), "weights all pixels share")
    assert not Path("none").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rule", "cht", "--topology", "erdos-renyi"], "'ch3-l3p' for a convolution"),
        (["--rule", "chts"], "topology=correlated for convolutions"),
        (["--topology", "snip"], "topology=snip for convolutions"),
        (["--plan", "4-M-M-M-M"], "pooling 5"), (["--plan", "small"], "plan='small'"),
        (["--dataset", "wine.csv"], "not images"), (["--rule", "dense"], "density with rule dense"),
        (["--hidden", "20"], "hidden"), (["--weights", "large"], "weights"),
    ],
)  # fmt: skip
def test_refused_before_anything_is_written(capsys: Any, arguments: list[str], words: str) -> None:
    rows = [f"{i % 7},{i % 5},{i % 3 % 2}" for i in range(40)]
    Path("wine.csv").write_text("\n".join(["a,b,class", *rows]))
    flip = [] if "wine.csv" in arguments else ["--flip", "0.5"]
    assert_refused(run(capsys, "train", *VGG, *flip, *arguments, "--out", "none"), words)
    assert not Path("none").exists()


def test_the_dense_twin(capsys: Any) -> None:
    outcome = run_json(
        capsys, "train", "--model", "vgg", "--plan", "4-M", "--rule", "dense", "--epochs", 1, "--out", "run"
    )
    assert outcome["density"] == 1.0 and outcome["sparse_density"] is outcome["anp_by_paths"] is None
    assert {path.stem for path in Path("run").glob("*.png")} >= {"network", "degrees", "weights", "learning_curve"}


def test_a_dense_first_layer_is_none_of_the_sparse_ones(capsys: Any) -> None:
    more = ["--first", "dense", "--no-per-kernel", "--epochs", 2, "--no-figures"]
    outcome = run_json(capsys, "train", *VGG, "--rule", "set", "--percolate", *more, "--out", "run")
    assert outcome["sparse_density"] == pytest.approx(0.3, abs=0.002) and outcome["links"] == 36 + 86 + 320


def test_search_and_campaign(capsys: Any) -> None:
    budget = ["--configurations", 2, "--min-epochs", 1, "--max-epochs", 1]
    code, out, _ = run(capsys, "search", "--topology", "small-world", *VGG, *budget, "--out", "found")
    assert code == 0 and out.startswith("small-world on digits, 64-4-8-10, density 0.3, static\n")
    Path("recipe.toml").write_text("""
[settings]
model.name = "vgg"
model.plan = "4-M"
wiring.density = 0.3
training.flip = 0.5
[methods.SET]
rule.name = "set"
rule.budget = "kernel"
[methods.CHT-Conv]
rule.name = "cht-conv"
[measurements.robustness]
draws = 1
perturbations = ["weight-order"]
strengths = [0.0, 0.5]
[measurements.weights]
[presets.smoke]
datasets = ["digits"]
seeds = [0]
[presets.smoke.settings]
training.epochs = 1
""")
    outcome = run_json(capsys, "campaign", "recipe.toml", "--store", "store")
    assert len(outcome["finished"]) == 2 and not outcome["failed"]


def test_the_help_of_the_model_names_its_options(capsys: Any) -> None:
    code, out, _ = run(capsys, "train", "--model", "vgg", "--help")
    assert code == 0
    for option in ("--plan", "--[no-]per-kernel", "--first", "--[no-]batch-norm", "--head", "--weights"):
        assert option in out
    assert "--hidden" not in out and max(map(len, out.splitlines())) <= 80
