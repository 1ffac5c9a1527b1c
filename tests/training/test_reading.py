"""Readers of the library's files: whatever is in them, an error of the library says where; side files cost no run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from training_cases import make_trainer, samples

from sparse_mlp.errors import DataFileError, InvalidInputError
from sparse_mlp.experiments.store import read_object
from sparse_mlp.reading import read_json, read_json_lines
from sparse_mlp.robustness import InputStrengths, load_course
from sparse_mlp.runs.config import make_config
from sparse_mlp.runs.files import read_config
from sparse_mlp.runs.system_record import read_system
from sparse_mlp.training import read_history

NOISE = [b"", b"\xff\xfe", b"null", b"[]", b"5", b'"x"', b"{", b"[" * 100_000, b'{"a":' * 100_000, b"\x00" * 99,
         b'{"parts": 5}', b'{"data": 5}', b'{"data": {"dataset": []}}', b'{"run": {"seed": ' + b"9" * 5000 + b"}}"]


def test_what_is_read():
    assert json.loads(make_config({}).to_json())["run"]["seed"] == 0


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'{"kind":"epoch"}\xff\n', 1), (b'{"kind":"epoch"}\n\n', 2), (b'{"kind":"epoch"}\n5\n{"half', 2),
        (b"[" * 100_000 + b"\n", 1), (b'{"kind": 5}\n', 1), (b'{"epoch": 5}\n', 1), (b'\xff\n{"kind', 1),
    ],
)  # fmt: skip
def test_a_line_that_is_no_record_is_named(tmp_path, data, line):
    (tmp_path / "metrics.jsonl").write_bytes(data)
    with pytest.raises(DataFileError, match=f"in line {line} of "):
        read_history(tmp_path / "metrics.jsonl")


def test_half_a_line_at_the_end_is_left_out_whatever_its_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b'{"a":"\xc3\xa9"}\n{"b\xc3')
    assert read_json_lines(tmp_path / "x", "an object") == [{"a": "é"}]


@pytest.mark.parametrize("data", NOISE)
def test_files_of_noise(tmp_path, data):
    path = tmp_path / "config.json"
    path.write_bytes(data)
    with pytest.raises(InvalidInputError):
        read_config(path)
    assert read_object(path) is None or isinstance(read_object(path), dict)
    assert read_system(path) == []
    with pytest.raises(DataFileError):
        load_course(path)


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        for read in (lambda path: read_json(path, "x"), lambda path: read_json_lines(path, "x"), load_course):
            with pytest.raises(DataFileError, match=str(path)):
                read(path)


def test_flipped_cut_and_inserted_bytes_of_settings_and_history(tmp_path):
    rng = np.random.default_rng(1)
    texts = {"config.json": make_config({}).to_json(), "metrics.jsonl": '{"kind":"epoch","epoch":1}\n' * 3}
    readers = {"config.json": read_config, "metrics.jsonl": read_history}
    for name, text in texts.items():
        for _ in range(300):
            bad, at = bytearray(text.encode()), int(rng.integers(len(text)))
            if rng.integers(2):
                bad[at] ^= 1 << int(rng.integers(8))
            else:
                bad[at : at + int(rng.integers(0, 9))] = rng.bytes(int(rng.integers(0, 9)))
            (tmp_path / name).write_bytes(bytes(bad))
            try:
                readers[name](tmp_path / name)
            except (InvalidInputError, DataFileError):
                continue


@pytest.mark.parametrize("damage", ["magic", "header", "cut", "another network"])
def test_a_damaged_side_file_is_a_warning_and_a_new_one_is_begun(tmp_path, damage):
    path = tmp_path / "input_strength.npz"
    one = make_trainer(callbacks=[InputStrengths(path)])
    one.fit(samples(), epochs=2)
    data = bytearray(path.read_bytes())
    if damage == "another network":
        np.savez(path, epochs=np.array([0]), strength=np.ones((1, 3), np.float32))
    elif damage == "cut":
        path.write_bytes(bytes(data[:100]))
    else:
        data[data.index(b"\x93NUMPY") + (0 if damage == "magic" else 12)] = 0xFF
        path.write_bytes(bytes(data))
    two = make_trainer(callbacks=[InputStrengths(path)])
    two.resume(one.checkpoint())
    with pytest.warns(UserWarning, match="a new one is begun"):
        two.fit(samples(), epochs=4)
    assert load_course(path).epochs.tolist() == [3, 4]
