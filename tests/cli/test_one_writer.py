"""One process at a time writes into a run or a search; a foreign checkpoint is refused; a removed folder ends a run."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import pytest
from cli_cases import TINY, assert_refused, final_bytes, run, run_json, start

from sparse_mlp.runs.config import make_config
from sparse_mlp.runs.locks import lock_folder
from sparse_mlp.runs.saved import reopen_run
from sparse_mlp.training import read_history

SEARCH = ["search", "--topology", "small-world", "--hidden", 20, "--density", 0.3, "--configurations", 2,
          "--min-epochs", 1, "--max-epochs", 1]  # fmt: skip


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_who_comes_second_is_refused_and_changes_nothing(capsys, finished):
    folder = Path(shutil.copytree(finished[0], "run"))
    with lock_folder(folder):
        before = files(folder)
        for verb in (["train", *TINY, "--out", folder], ["train", *TINY, "--out", folder, "--overwrite"],
                     ["resume", folder]):  # fmt: skip
            assert_refused(run(capsys, *verb), "run in use by process")
        assert files(folder) == before
    assert run_json(capsys, "resume", folder)["epochs"] == 3


def test_two_trainings_at_the_same_instant_leave_one_whole_run(capsys):
    both = [start("train", *TINY, "--epochs", 40, "--seed", seed, "--out", "run") for seed in (0, 1)]
    ends = [process.communicate(timeout=240) for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 2], ends
    seed = codes.index(0)
    assert json.loads(Path("run/config.json").read_text())["run"]["seed"] == seed
    assert [record["epoch"] for record in read_history(Path("run/metrics.jsonl")).epochs] == list(range(1, 41))
    run_json(capsys, "train", *TINY, "--epochs", 40, "--seed", seed, "--out", "alone")
    assert final_bytes(Path("run")) == final_bytes(Path("alone"))


def test_a_second_search_is_refused(capsys):
    with lock_folder(Path("found")):
        code, out, err = run(capsys, *SEARCH, "--out", "found")
        assert (code, out) == (2, "") and "found in use by process" in err
    assert run_json(capsys, *SEARCH, "--out", "found")["rungs"]


def test_a_checkpoint_of_another_seed_is_refused(capsys, finished):
    folder = Path(shutil.copytree(finished[0], "run"))
    config = json.loads((folder / "config.json").read_text())
    config["run"]["seed"] = 1
    (folder / "config.json").write_text(json.dumps(config))
    for verb in ("evaluate", "resume"):
        code, out, err = run(capsys, verb, folder)
        assert (code, out) == (1, "") and "origin.run.seed=0" in err, err


def test_settings_that_change_no_byte_are_no_other_origin():
    one = make_config({"run": {"threads": 1, "figures": False}, "data": {"data_dir": "here"}})
    two = make_config({"run": {"threads": 2, "checkpoint_every": 3}, "training": {"epochs": 3}})
    assert one.origin == two.origin
    assert one.origin != make_config({"data": {"standardize": False}}).origin


@pytest.mark.parametrize("whole", [True, False])
def test_a_folder_that_is_removed_ends_the_run(finished, whole):
    folder = Path(shutil.copytree(finished[0], "run"))
    trained = reopen_run(folder, epochs=9)

    class Remove:
        def __getattr__(self, event):
            def act(trainer, *arguments):
                if event == "on_step" and trainer.epoch == 4:
                    shutil.rmtree(folder) if whole else (folder / "config.json").unlink(missing_ok=True)
            return act

    trained.trainer.callbacks.append(Remove())
    with pytest.raises(Exception, match="run was removed while training; nothing more is written there"):
        trained.fit()
    assert not folder.exists() or not (folder / "config.json").exists()


def test_a_link_that_leads_nowhere_is_refused(capsys):
    Path("dangle").symlink_to("nowhere")
    assert_refused(run(capsys, "train", *TINY, "--out", "dangle"), "dangle, a link to nowhere")


def test_more_epochs(capsys, finished):
    folder = Path(shutil.copytree(finished[0], "run"))
    assert_refused(run(capsys, "resume", folder, "--epochs", 3), "of which 3 are over")
    code, out, err = run(capsys, "resume", folder, "--epochs", 5, "--json")
    assert code == 0 and "stretched to 5 epochs" in err
    outcome = json.loads(out)
    assert outcome["epochs"] == outcome["epochs_asked"] == 5
    assert [each["epochs_before"] for each in outcome["extended"]] == [3]
    config = json.loads((folder / "config.json").read_text())
    assert config["training"]["epochs"] == 5 and config["extended"] == outcome["extended"]
    rates = read_history(folder / "metrics.jsonl").column("learning_rate")
    assert rates[4] < rates[3] < 0.05, "the schedule of five epochs, not that of three again"
    assert run_json(capsys, "evaluate", folder)["epochs"] == 5
    assert run_json(capsys, "resume", folder)["extended"] == outcome["extended"]


def test_an_edited_number_of_epochs_is_refused_with_the_way_to_do_it(capsys, finished):
    folder = Path(shutil.copytree(finished[0], "a run"))
    config = json.loads((folder / "config.json").read_text())
    config["training"]["epochs"] = 7
    (folder / "config.json").write_text(json.dumps(config))
    before = files(folder)
    assert_refused(run(capsys, "resume", folder), "sparse-mlp resume 'a run' --epochs 7")
    assert {name: data for name, data in files(folder).items() if not name.startswith(".lock")} == {
        name: data for name, data in before.items() if not name.startswith(".lock")
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run_json(capsys, "resume", folder, "--epochs", 7)["epochs"] == 7
