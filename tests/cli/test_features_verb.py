"""`sparse-mlp features`: strength, selection, evaluation, figures; and `system.json` and the strengths of a run."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli_cases import TINY, assert_refused, run, run_json
from scipy.sparse import csr_array

from sparse_mlp.cli import features, main
from sparse_mlp.robustness import input_strength, load_course, select_features
from sparse_mlp.training import load_checkpoint

QUICK = ["--samples", 150, "--no-figures", "--random-draws", 0]
RECORDED = [*TINY, "--input-strengths"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded") / "run"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["train", *RECORDED, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def folder(recorded, tmp_path):
    return Path(shutil.copytree(recorded, tmp_path / "copy"))


def test_strength_selection_and_accuracies(capsys, folder):
    outcome = run_json(capsys, "features", folder, "--keep", 0.25, *QUICK, "--random-draws", 3)
    assert outcome == json.loads((folder / "features.json").read_text())
    arrays = load_checkpoint(folder).arrays
    strength = np.array(outcome["strength"])
    assert strength.shape == (64,) and (strength >= 0).all() and "values" in arrays
    assert outcome["selected"] == select_features(strength, 0.25).tolist() and len(outcome["selected"]) == 16
    assert outcome["share_of_strength"] == pytest.approx(strength[outcome["selected"]].sum() / strength.sum())
    assert outcome["unlinked"] <= int((strength == 0).sum()) and len(outcome["leads"]) == 3
    assert outcome["kept"] == [64, 57, 51, 44, 38, 32, 25, 19, 12, 6, 0]
    assert outcome["recorded_epochs"] == [0, 1, 2, 3] and outcome["selected_already"][-1] == 1
    for name in ("svc", "k-nn", "extra-trees"):
        by_chance = outcome["accuracy_of_random_selection"][name]
        assert outcome["accuracy"][name][0] > 0.7 and outcome["accuracy"][name][0] == pytest.approx(by_chance[0])
        assert outcome["accuracy"][name][-1] == outcome["accuracy_of_most_frequent_class"]
    assert (outcome["train_samples"], outcome["test_samples"], outcome["random_draws"]) == (150, 150, 3)
    assert outcome["synthetic"] is False


def test_the_strength_is_that_of_the_checkpoint_and_the_last_recorded(capsys, folder):
    from sparse_mlp.runs.build import build
    from sparse_mlp.runs.files import read_config

    outcome = run_json(capsys, "features", folder, *QUICK, "--strength", "weights")
    restored = build(read_config(folder / "config.json"))
    restored.trainer.resume(load_checkpoint(folder))
    np.testing.assert_array_equal(outcome["strength"], input_strength(restored.model))
    scaled = run_json(capsys, "features", folder, *QUICK)["strength"]
    np.testing.assert_allclose(scaled, outcome["strength"] * restored.train[0].std(axis=0, dtype=float), rtol=1e-12)
    course = load_course(folder / "input_strength.npz")
    np.testing.assert_array_equal(course.strength[-1], input_strength(restored.model).astype(np.float32))


def test_the_table_says_what_it_is_of(capsys, folder):
    code, out, _ = run(capsys, "features", folder, *QUICK, "--random-draws", 2)
    assert code == 0
    assert "data       digits: scikit-learn load_digits" in out and "SYNTHETIC" not in out
    assert "selected   12 features with " in out and "(on random ones, mean of 2)" in out
    assert "150 to train the classifiers, 150 to test them" in out
    assert sum(line.lstrip().startswith(tuple("0123456789")) for line in out.splitlines()) == 11


def test_the_verdict_compares_with_chance(capsys, folder, monkeypatch):
    from sparse_mlp import experiments

    accuracies = iter([0.5, 0.9, 0.8, 0.5, 0.3, 0.2, 0.5, 0.4, 0.6])

    def evaluated(*_, **__):
        level = np.array([0.9, next(accuracies), 0.1])
        parts = np.array([0, 0.5, 1]), np.array([64, 32, 0])
        return experiments.FeatureEvaluation(*parts, {"svc": level}, 0.1, 150, 150)

    monkeypatch.setattr(experiments, "evaluate_selection", evaluated)
    words = ["WORSE than each of 2", "better than each of 2", "no better than chance"]
    leads = [[-0.4, -0.3], [0.2, 0.3], [0.1, -0.1]]
    for expected, lead in zip(words, leads, strict=True):
        code, out, _ = run(capsys, "features", folder, *QUICK, "--random-draws", 2)
        assert code == 0 and f"verdict    {expected}" in out
        assert json.loads((folder / "features.json").read_text())["leads"] == pytest.approx(lead)
        assert ("train longer" in out) == (not expected.startswith("better"))


def test_the_readmes_run_is_better_than_chance(capsys):
    """Its large first weights leave constant pixels strong; measured in deviations of the input they are not."""
    run_json(capsys, "train", "--no-figures", "--out", "run")
    assert min(run_json(capsys, "features", "run", "--no-figures")["leads"]) > 0.02


def test_no_random_draws(capsys, folder):
    outcome = run_json(capsys, "features", folder, *QUICK, "--random-draws", 0)
    assert outcome["accuracy_of_random_selection"] == {}
    assert "on random" not in run(capsys, "features", folder, *QUICK, "--random-draws", 0)[1]


def test_figures_and_jobs(capsys, folder, monkeypatch):
    from sparse_mlp import __version__, plotting
    from sparse_mlp.cli.features import FIGURES

    stamps, stamp = [], plotting.stamp
    monkeypatch.setattr(plotting, "stamp", lambda display, text: (stamps.append(text), stamp(display, text))[1])
    one = run_json(capsys, "features", folder, "--samples", 100, "--random-draws", 1)
    assert {path.name for path in folder.glob("feature*.png")} == set(FIGURES)
    assert [text.split(";")[0] for text in stamps] == ["scikit-learn load_digits, stratified 80/20 split"] * 2
    assert stamps[0].endswith(f"3 epochs, classifiers of 100 training and 100 test samples; sparse_mlp {__version__}.")
    two = run_json(capsys, "features", folder, "--samples", 100, "--random-draws", 1, "--jobs", 2, "--no-figures")
    assert one == two
    assert not list(folder.glob("feature*.png")), "pictures of other findings go"


def test_a_run_without_recorded_strengths_has_those_of_its_checkpoint(capsys, folder):
    (folder / "input_strength.npz").unlink()
    outcome = run_json(capsys, "features", folder, "--samples", 60, "--random-draws", 0)
    assert outcome["recorded_epochs"] == [3] and outcome["selected_already"] == [1.0]
    assert "`train --input-strengths` records" in run(capsys, "features", folder, *QUICK)[1]


def test_synthetic_data_are_stamped(capsys):
    run_json(capsys, "train", "--dataset", "synthetic-lung-small", *TINY, "--epochs", 1, "--out", "run")
    _, out, _ = run(capsys, "features", "run", *QUICK)
    assert out.startswith("SYNTHETIC data: these accuracies say nothing about the real set\n")


def test_bad_words_are_refused(capsys, folder):
    assert_refused(run(capsys, "features", "nowhere"), "no folder nowhere")
    assert_refused(run(capsys, "features", folder, "--keep", 20), "did you pass a percentage")
    assert_refused(run(capsys, "features", folder, "--keep", 0.01), "keep=0.01 of 64 features")
    assert_refused(run(capsys, "features", folder, "--samples", 2), "2 training samples")
    for option in ("--samples", "--jobs"):
        assert_refused(run(capsys, "features", folder, option, 0), "a whole number, 1 or more")


def test_system_json_says_where_and_how_long(finished):
    folder, _ = finished
    record = json.loads((folder / "system.json").read_text())
    (part,) = record["parts"]
    assert part["cores"] == os.cpu_count() and part["threads"] == 1 and part["backend"] == "numba"
    assert (part["epochs_before"], part["epochs"]) == (0, 3)
    assert part["seconds"] >= part["compile_seconds"] >= 0 and part["seconds"] > 0 and part["cpu_seconds"] >= 0
    assert part["peak_memory_bytes"] > 10**7
    assert part["packages"]["numpy"] == np.__version__ and part["processor"] and part["platform"]
    assert "commit" not in json.dumps(record)


def test_a_resumed_run_has_a_part_more(capsys, monkeypatch):
    from sparse_mlp.runs import run as run_module
    from sparse_mlp.training import Callback

    class Stop(Callback):
        def on_state(self, trainer):
            if trainer.epoch == 1:
                raise RuntimeError("killed")

    before = run_module._callbacks
    monkeypatch.setattr(run_module, "_callbacks", lambda *given: [*before(*given), Stop()])
    with pytest.raises(RuntimeError, match="killed"):
        run(capsys, "train", *RECORDED, "--out", "run")
    monkeypatch.setattr(run_module, "_callbacks", before)
    (part,) = json.loads(Path("run/system.json").read_text())["parts"]
    assert part["epochs"] == 1, "a run that broke says how far it came"
    run_json(capsys, "resume", "run")
    parts = json.loads(Path("run/system.json").read_text())["parts"]
    assert [(part["epochs_before"], part["epochs"]) for part in parts] == [(0, 1), (1, 2)]
    assert load_course(Path("run/input_strength.npz")).epochs.tolist() == [0, 1, 2, 3]


def test_a_damaged_system_json_does_not_stop_a_resumed_run(capsys, folder):
    for content in ("no json", "[]", '{"parts": 3}', '{"parts": [1, {"seconds": 1}]}'):
        (folder / "system.json").write_text(content)
        run_json(capsys, "resume", folder)
        parts = json.loads((folder / "system.json").read_text())["parts"]
        assert len(parts) == 1 and isinstance(parts[0], dict)


def test_overwriting_clears_all_of_it(capsys):
    run_json(capsys, "train", *RECORDED, "--out", "run")
    run_json(capsys, "features", "run", "--samples", 60, "--random-draws", 0)
    assert Path("run/feature_strength.png").exists()
    run_json(capsys, "train", *RECORDED, "--epochs", 1, "--out", "run", "--overwrite")
    names = {path.name for path in Path("run").iterdir() if path.suffix != ".npz"}
    assert names == {".lock", "config.json", "metrics.jsonl", "checkpoint.json", "system.json"}
    (part,) = json.loads(Path("run/system.json").read_text())["parts"]
    assert part["epochs"] == 1
    assert load_course(Path("run/input_strength.npz")).epochs.tolist() == [0, 1]


def test_selected_inputs_that_never_vary_are_counted(capsys, folder):
    """Pixels 0, 24, 32 and 39 are the same in all training samples of digits; all features hold all of them."""
    words = "constant in the training samples; most of their strength is left from their first weights"
    outcome = run_json(capsys, "features", folder, "--keep", 1, *QUICK)
    assert outcome["selected_constant"] == 4 and len(outcome["selected"]) == 64
    _, out, _ = run(capsys, "features", folder, "--keep", 1, *QUICK)
    (line,) = (line for line in out.splitlines() if "constant" in line)
    assert line.startswith(f"constant   4 of them are {words}") and "--weights he-uniform" in line
    some = run_json(capsys, "features", folder, "--keep", 0.25, *QUICK)
    assert some["selected_constant"] == len({0, 24, 32, 39}.intersection(some["selected"]))


def test_only_those_among_the_selected_count_and_none_need_no_line():
    from sparse_mlp.cli.features import _constant, _constant_lines

    x = np.array([[1.0, 0.0, 3.0, -1.0], [2.0, 0.0, 3.0, -1.0], [2.0, 0.0, 3.0, -1.0]])
    assert [_constant(x, np.array(some, int)) for some in ([0], [0, 1], [1, 2, 3], [])] == [0, 1, 3, 0]
    assert _constant_lines(0, "swi") == []
    (line,) = _constant_lines(1, "he-uniform")
    assert "1 of them is constant" in line and "--weights" not in line


def test_sparse_samples_that_never_vary():
    """Column 0 is 0 in all samples, column 1 is 5 in all, column 2 varies."""
    x = csr_array(np.array([[0, 5, 0], [0, 5, 1]], np.float32))
    assert features._constant(x, [0, 1, 2]) == features._constant(x.toarray(), [0, 1, 2]) == 2
    assert features._constant(x, [2]) == 0


def test_the_help_says_what_happens_to_earlier_figures(capsys):
    assert "even those of earlier findings, are removed" in " ".join(run(capsys, "features", "--help")[1].split())
