"""Signals, plotting environments, encodings, full disks: what a command does when its surroundings are rough."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_cases import TINY, run, start

from sparse_mlp import plotting
from sparse_mlp.training import files, load_checkpoint

COMMAND = [sys.executable, "-c", "from sparse_mlp.cli import main; raise SystemExit(main())"]


def in_child(*arguments, **environment):
    return subprocess.run([*COMMAND, *map(str, arguments)], env={**os.environ, **environment}, capture_output=True,
                          text=True, errors="replace", timeout=240)  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_of_a_batch_system_saves_the_state(number):
    folder = Path("my runs/a b")
    process = start("train", *TINY, "--epochs", 100_000, "--checkpoint-every", 50_000, "--out", folder)
    until = time.monotonic() + 120
    while not (folder / "metrics.jsonl").exists() or not (folder / "metrics.jsonl").read_bytes():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + number, "")
    assert "interrupted; the state is saved: sparse-mlp resume 'my runs/a b'" in err and "Traceback" not in err
    assert load_checkpoint(folder).meta["counters"]["step"] > 0


def test_the_second_signal_acts_at_once():
    script = (
        "import os, signal, time\n"
        "from sparse_mlp.cli.process import signals_like_ctrl_c\n"
        "signal.signal(signal.SIGINT, lambda *_: None)\n"
        "with signals_like_ctrl_c():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('still here', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50)
    assert (done.stdout, done.returncode) == ("still here\n", -signal.SIGTERM)


def test_signals_are_as_before_once_a_command_has_ended(capsys):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
    run(capsys, "data", "list")
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)] == before


def test_the_plotting_environment_of_a_notebook_does_not_matter():
    with_figures = [word for word in TINY if word != "--no-figures"]
    done = in_child("train", *with_figures, "--json", "--out", "x", MPLBACKEND="module://no_such.backend_inline")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["epochs"] == 3
    assert Path("x/learning_curve.png").exists() and "warning" not in done.stderr


def test_a_figure_that_fails_is_one_warning_after_the_results(capsys, monkeypatch):
    def fail(*data, **options):
        assert '"test_accuracy"' in capsys.readouterr().out, "the results come first"
        raise RuntimeError("no such font")

    monkeypatch.setattr(plotting.LearningCurveDisplay, "from_history", fail)
    with pytest.warns(UserWarning, match=r"x/learning_curve.png was not drawn \(RuntimeError: no such font\)"):
        code, _, _ = run(capsys, "train", *[word for word in TINY if word != "--no-figures"], "--json", "--out", "x")
    assert code == 0
    assert not Path("x/learning_curve.png").exists() and Path("x/weights.png").exists()


@pytest.mark.parametrize("encoding", ["ascii", "cp1251"])
def test_output_never_fails_for_its_encoding(encoding):
    done = in_child("measure", "--topology", "dendritic", "--sizes", 50, 60, "--density", 0.1, "--repeats", 2,
                    PYTHONIOENCODING=encoding)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "links" in done.stdout


def test_a_full_disk_names_the_file_and_what_to_do(capsys, monkeypatch):
    original = files.os.fsync

    def full(number):
        if "checkpoint" in os.readlink(f"/proc/self/fd/{number}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(number)

    monkeypatch.setattr(files.os, "fsync", full)
    code, out, err = run(capsys, "train", *TINY, "--out", "a run")
    assert (code, out) == (1, "")
    line = err.splitlines()[-1]
    assert "a run/checkpoint" in line and "No space left on device; free space; then: sparse-mlp resume 'a run'" in line


def test_too_little_memory_is_one_line(capsys, monkeypatch):
    def too_much(*arguments, **options):
        raise MemoryError("Unable to allocate 205. GiB")

    monkeypatch.setattr("sparse_mlp.runs.build.build", too_much)
    code, out, err = run(capsys, "train", *TINY, "--out", "x")
    assert (code, out) == (1, "") and "not enough memory (Unable to allocate 205. GiB); fewer neurons" in err
    assert not Path("x").exists()
