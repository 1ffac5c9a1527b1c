"""Histories: columns, JSON lines there and back, errors that name the line."""

from __future__ import annotations

import pytest

from sparse_mlp.errors import DataFileError
from sparse_mlp.training import History, read_history, write_history

RECORDS = [
    {"kind": "epoch", "epoch": 1, "loss": 0.1 + 0.2, "test_accuracy": None},
    {"kind": "update", "epoch": 1, "layers": [{"layer": "sparse1", "removed": 3}]},
    {"kind": "epoch", "epoch": 2, "loss": 1e-30, "test_accuracy": 0.5},
]


def test_epochs_updates_and_columns():
    history = History(RECORDS)
    assert history.epochs == [RECORDS[0], RECORDS[2]]
    assert history.updates == [RECORDS[1]]
    assert history.column("loss") == [0.1 + 0.2, 1e-30]
    assert history.column("epoch") == [1, 2]
    with pytest.raises(KeyError):
        history.column("nonsense")


def test_there_and_back(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_history(path, RECORDS)
    assert read_history(path) == RECORDS
    assert isinstance(read_history(path), History)
    assert len(path.read_text().splitlines()) == 3
    write_history(path, RECORDS[:1])
    assert read_history(path) == RECORDS[:1]
    write_history(path, [])
    assert read_history(path) == []


@pytest.mark.parametrize("line", ['{"kind":"epo', "[1]", "3", '{"epoch":1}', ""])
def test_a_bad_line_is_named(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"kind":"epoch","epoch":1}\n' + line + "\n")
    with pytest.raises(DataFileError, match=r"line 2 of .*metrics\.jsonl"):
        read_history(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataFileError, match=r"nowhere\.jsonl"):
        read_history(tmp_path / "nowhere.jsonl")


def test_half_a_line_at_the_end_is_left_out(tmp_path):
    write_history(tmp_path / "metrics.jsonl", [{"kind": "epoch", "epoch": 1}])
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"kind": "epo')
    assert read_history(tmp_path / "metrics.jsonl") == [{"kind": "epoch", "epoch": 1}]
