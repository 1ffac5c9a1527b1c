"""`sparse-mlp resume`: killed at any moment, a run ends with the bytes of one that was not."""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from cli_cases import TINY, assert_refused, final_bytes, run, run_json, start

from sparse_mlp.robustness import load_course
from sparse_mlp.runs.run import RECORDS
from sparse_mlp.training import load_checkpoint, read_history

LONG = [*TINY, "--input-strengths", "--epochs", 60, "--validation-fraction", 0.1, "--optimizer", "adam"]
KILLS = 4


def _epoch(folder):
    try:
        return json.loads((folder / "checkpoint.json").read_text())["meta"]["counters"]["epoch"]
    except FileNotFoundError:
        return 0


def _wait_for_epoch(process, folder, epoch):
    until = time.monotonic() + 120
    while process.poll() is None and _epoch(folder) < epoch:
        assert time.monotonic() < until, "the run does not come on"
        time.sleep(0.002)


def test_killed_at_random_moments_and_resumed(capsys):
    chance, folder = random.Random(1), Path("killed")
    process, reached = start("train", *LONG, "--out", folder), []
    for _ in range(KILLS):
        _wait_for_epoch(process, folder, _epoch(folder) + chance.randint(1, 8))
        time.sleep(chance.uniform(0, 0.03))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "the run was over before it could be killed"
        reached.append(_epoch(folder))
        process = start("resume", folder, "--json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert f"resumed at epoch {reached[-1]}, step " in err
    assert reached == sorted(reached)
    assert reached[-1] < 60
    whole = run_json(capsys, "train", *LONG, "--out", "whole")
    assert final_bytes(folder) == final_bytes(Path("whole"))
    assert not list(folder.glob(".*.tmp")), "what killed processes left is removed"
    resumed = json.loads(out)
    for key in ("test_accuracy", "test_loss", "validation_accuracy", "epochs", "links"):
        assert resumed[key] == whole[key], key
    courses = [load_course(Path(name) / "input_strength.npz") for name in ("killed", "whole")]
    assert courses[0].epochs.tolist() == courses[1].epochs.tolist() == list(range(61))
    assert courses[0].strength.tobytes() == courses[1].strength.tobytes()
    histories = [read_history(Path(name) / "metrics.jsonl") for name in ("killed", "whole")]
    assert histories[0].column("loss") == histories[1].column("loss")
    assert [r["epoch"] for r in histories[0].updates] == [r["epoch"] for r in histories[1].updates]


def test_interrupted_from_the_keyboard(capsys):
    folder = Path("run")
    process = start("train", *LONG, "--epochs", 100_000, "--out", folder)
    _wait_for_epoch(process, folder, 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "interrupted; the state is saved: sparse-mlp resume run" in err
    assert "Traceback" not in err
    counters = load_checkpoint(folder).meta["counters"]
    assert counters["epoch"] >= 2
    assert run_json(capsys, "evaluate", folder)["epochs"] == counters["epoch"]


def test_a_finished_run_stays_as_it_is(capsys, finished):
    folder = Path(shutil.copytree(finished[0], "run"))
    before = final_bytes(folder)
    records = {name: (folder / name).read_bytes() for name in RECORDS if (folder / name).exists()}
    outcome = run_json(capsys, "resume", folder)
    assert final_bytes(folder) == before
    assert {name: (folder / name).read_bytes() for name in RECORDS if (folder / name).exists()} == records
    assert len(list(folder.glob("checkpoint-*.npz"))) == 2, "the previous checkpoint is kept"
    for key in ("test_accuracy", "epochs", "links", "seconds_per_epoch", "seed"):
        assert outcome[key] == finished[1][key], key
    code, out, _ = run(capsys, "resume", folder)
    assert code == 0
    assert "test accuracy    " in out


def test_a_run_without_checkpoint_starts_again(capsys, finished):
    Path("run").mkdir()
    shutil.copy(finished[0] / "config.json", "run")
    code, _, err = run(capsys, "resume", "run", "--threads", 1)
    assert code == 0
    assert "no checkpoint yet: the run starts again from its seed" in err
    assert final_bytes(Path("run")) == final_bytes(finished[0])


def test_what_a_killed_process_left_half_written_is_removed(capsys, finished):
    folder = Path(shutil.copytree(finished[0], "run"))
    for name in (".metrics.jsonl.77.tmp", ".config.json.77.tmp", ".checkpoint-0123456789abcdef.npz.77.tmp"):
        (folder / name).write_text("half")
    (folder / ".hidden").write_text("the user's")
    run_json(capsys, "resume", folder)
    assert sorted(path.name for path in folder.glob(".*")) == [".hidden", ".lock"]


def test_a_damaged_checkpoint_gives_way_to_the_previous_one(capsys, finished):
    folder = Path(shutil.copytree(finished[0], "run"))
    (folder / "checkpoint.json").write_text("{")
    with pytest.warns(RuntimeWarning, match="the previous checkpoint is used"):
        code, _, err = run(capsys, "resume", folder)
    assert code == 0
    assert "resumed at epoch 2, step " in err
    assert final_bytes(folder) == final_bytes(finished[0])


def test_two_damaged_checkpoints_are_an_error_of_one_line(capsys, finished):
    folder = Path(shutil.copytree(finished[0], "run"))
    for path in folder.glob("*.npz"):
        path.write_bytes(b"")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, out, err = run(capsys, "resume", folder)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "damaged" in err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_checkpoint_of_other_settings_is_refused(capsys, finished):
    folder = Path(shutil.copytree(finished[0], "run"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model": {**config["model"], "hidden": [21, 15]}}))
    before = final_bytes(folder)
    code, _, err = run(capsys, "resume", folder)
    assert code == 1
    assert "checkpoint of" in err
    assert final_bytes(folder) == before


@pytest.mark.parametrize("verb", ["resume", "evaluate"])
def test_no_run_is_refused(capsys, verb):
    assert_refused(run(capsys, verb, "nowhere"), "no folder nowhere")
    assert not Path("nowhere").exists()
    Path("empty").mkdir()
    assert_refused(run(capsys, verb, "empty"), "config.json missing or damaged")
