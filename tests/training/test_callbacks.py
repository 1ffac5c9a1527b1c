"""Early stop counted by hand, histories on disk, progress that knows where it is, checkpoints in time."""

from __future__ import annotations

import json
import sys

import pytest
from training_cases import STEPS, Call, make_trainer, samples, state

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.training import (
    Checkpoints,
    EarlyStopping,
    History,
    HistoryFile,
    Progress,
    load_checkpoint,
    read_history,
)


class _Run:
    """As much of a trainer as early stopping asks for."""

    def __init__(self, known=()):
        self.history, self.stopped = History(known), ""

    def stop(self, reason):
        self.stopped = reason

    def plan_is_over(self, record):
        return record.get("over", True)


def _record(metric, value):
    return {"kind": "epoch", metric: value}


def _stopped_at(stopping, values, metric="validation_accuracy", known=()):
    """Return the number of the value at which it stopped, counted from 1; 0 at the start; None if never."""
    run = _Run([_record(metric, value) for value in known])
    stopping.on_fit_begin(run)
    if run.stopped:
        return 0
    for number, value in enumerate(values, 1):
        stopping.on_epoch_end(run, _record(metric, value))
        if run.stopped:
            return number
    return None


@pytest.mark.parametrize(
    ("patience", "min_delta", "values", "expected"),
    [
        (2, 0.0, [0.5, 0.6, 0.6, 0.5, 0.9], 4),  # equal is no improvement
        (2, 0.0, [0.5, 0.4, 0.51, 0.4, 0.4], 5),  # one improvement starts the count again
        (3, 0.0, [0.5, 0.6, 0.7, 0.8], None),
        (1, 0.0, [0.5, 0.5], 2),
        (2, 0.1, [0.5, 0.55, 0.65, 0.8], 3),  # 0.55 counts as best though it is no improvement: 0.65 is none either
        (2, 0.1, [0.5, 0.55, 0.66, 0.8], None),
    ],
)
def test_early_stopping_by_hand(patience, min_delta, values, expected):
    assert _stopped_at(EarlyStopping(patience, min_delta=min_delta), values) == expected


def test_a_loss_is_better_when_lower():
    assert _stopped_at(EarlyStopping(2, "validation_loss"), [0.9, 0.5, 0.6, 0.5, 0.1], "validation_loss") == 4
    assert _stopped_at(EarlyStopping(2, "loss"), [0.9, 0.8, 0.7, 0.6], "loss") is None


@pytest.mark.parametrize("done", range(5))
def test_early_stopping_counts_on_after_a_resume(done):
    values = [0.5, 0.7, 0.6, 0.6, 0.6, 0.9]  # patience 3 is over at the fifth
    stopping = EarlyStopping(3)
    stopping.best, stopping.waited = 5.0, 2  # what an earlier run left behind does not count
    assert _stopped_at(stopping, values[done:], known=values[:done]) == 5 - done


def test_early_stopping_of_a_run_that_was_over_stops_at_once():
    assert _stopped_at(EarlyStopping(2), [0.9], known=[0.5, 0.4, 0.4]) == 0


def test_early_stopping_needs_its_metric():
    with pytest.raises(InvalidInputError, match="hand in validation data"):
        make_trainer(callbacks=[EarlyStopping(2)]).fit(samples(), epochs=2)


def test_early_stopping_stops_a_training():
    trainer = make_trainer(callbacks=[EarlyStopping(2, "loss", min_delta=10.0)])
    trainer.fit(samples(), epochs=50)
    assert trainer.epoch == 3
    assert trainer.stop_reason == "loss did not improve for 2 epochs"


def test_the_history_file_grows_record_by_record(tmp_path):
    path, lengths = tmp_path / "metrics.jsonl", []
    watch = Call(on_state=lambda trainer: lengths.append(len(path.read_text().splitlines())))
    trainer = make_trainer(callbacks=[HistoryFile(path), watch])
    trainer.fit(samples(), samples(9), epochs=3)
    assert lengths == [2, 4, 5]  # an epoch and an update each, no update after the last
    assert read_history(path) == trainer.history


def test_the_history_file_drops_epochs_that_are_trained_again(tmp_path):
    path, kept = tmp_path / "metrics.jsonl", []

    def keep(trainer):
        if trainer.epoch == 2:
            kept.append(trainer.checkpoint())

    make_trainer(callbacks=[HistoryFile(path), Call(on_state=keep)]).fit(samples(), epochs=4)
    assert [record["epoch"] for record in read_history(path).epochs] == [1, 2, 3, 4]
    with open(path, "a") as file:
        file.write('{"kind":"epo')  # killed in the middle of a line
    resumed = make_trainer(callbacks=[HistoryFile(path)])
    resumed.resume(kept[0])
    resumed.fit(samples(), epochs=4)
    assert read_history(path) == resumed.history
    assert [record["epoch"] for record in read_history(path).epochs] == [1, 2, 3, 4]
    assert [record["epoch"] for record in read_history(path).updates] == [1, 2, 3]


def test_without_a_terminal_there_is_no_bar_but_a_line_for_each_epoch(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    make_trainer(callbacks=[Progress()]).fit(samples(), samples(10), epochs=2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "\r" not in err
    assert "batch" not in err
    lines = err.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("epoch 2/2  loss ")
    assert "test accuracy" in lines[1]


def test_a_bar_is_drawn_where_it_is_wanted(capsys):
    make_trainer(callbacks=[Progress(bar=True)]).fit(samples(), epochs=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert f"/{STEPS}" in err


def test_the_bar_of_a_resumed_run_begins_where_the_run_is(capsys):
    trainer, initial = make_trainer(), []
    trainer.fit(samples(), epochs=1)
    progress = Progress(bar=True)
    trainer.callbacks = [progress, Call(on_fit_begin=lambda trainer: initial.append(progress._tqdm.n))]
    trainer.fit(samples(), epochs=3)
    assert initial == [STEPS]
    assert progress._tqdm.n == 3 * STEPS
    capsys.readouterr()


def test_the_bar_is_closed_when_training_fails(capsys):
    progress = Progress(bar=True)

    def fail(trainer):
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        make_trainer(callbacks=[progress, Call(on_step=fail)]).fit(samples(), epochs=1)
    assert progress._tqdm.disable  # tqdm's mark of a closed bar
    capsys.readouterr()


@pytest.mark.parametrize(("every", "saved"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (3, [3, 5]), (9, [5])])
def test_checkpoints_come_every_few_epochs_and_at_the_end(tmp_path, monkeypatch, every, saved):
    steps = []
    from sparse_mlp.training import callbacks as module

    save = module.save_checkpoint
    monkeypatch.setattr(
        module, "save_checkpoint", lambda folder, c: (steps.append(c.meta["counters"]["epoch"]), save(folder, c))
    )
    trainer = make_trainer(callbacks=[Checkpoints(tmp_path, every)])
    trainer.fit(samples(), epochs=5)
    assert steps == saved
    resumed = make_trainer()
    resumed.resume(load_checkpoint(tmp_path))
    assert state(resumed) == state(trainer)


def test_a_failed_run_saves_nothing(tmp_path):
    def fail(trainer):
        if trainer.step == STEPS + 1:
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        make_trainer(callbacks=[Checkpoints(tmp_path), Call(on_step=fail)]).fit(samples(), epochs=3)
    assert load_checkpoint(tmp_path).meta["counters"]["epoch"] == 1


def test_every_must_be_a_whole_number(tmp_path):
    with pytest.raises(InvalidInputError, match="every=0"):
        Checkpoints(tmp_path, every=0)
    with pytest.raises(InvalidInputError, match="patience=0"):
        EarlyStopping(0)


def test_records_are_lines_of_strict_json(tmp_path):
    make_trainer(callbacks=[HistoryFile(tmp_path / "m.jsonl")]).fit(samples(), epochs=2)
    lines = (tmp_path / "m.jsonl").read_text().splitlines()
    kinds = [json.loads(line, parse_constant=pytest.fail)["kind"] for line in lines]
    assert kinds == ["epoch", "update", "epoch"]
