"""Checkpoints: whole or not at all, checked, without pickle, the one before kept."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import warnings

import numpy as np
import pytest

from sparse_mlp.errors import CheckpointError
from sparse_mlp.training import Checkpoint, load_checkpoint, save_checkpoint
from sparse_mlp.training import files as files_module
from sparse_mlp.training.checkpoint import CURRENT, FORMAT, PREVIOUS


def _checkpoint(number: int) -> Checkpoint:
    arrays = {"values": np.arange(5, dtype=np.float32) + number, "structure/a/indices": np.array([number], np.int32)}
    return Checkpoint(arrays, {"counters": {"step": number}, "pi": 3.141592653589793, "big": 2**127 + number})


def _assert_is(checkpoint: Checkpoint, number: int) -> None:
    expected = _checkpoint(number)
    assert checkpoint.meta == expected.meta
    assert checkpoint.arrays.keys() == expected.arrays.keys()
    for name, array in expected.arrays.items():
        assert checkpoint.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(checkpoint.arrays[name], array)


@pytest.fixture
def folder(tmp_path):
    """A run's folder with checkpoints 1 (the previous one) and 2."""
    save_checkpoint(tmp_path / "run", _checkpoint(1))
    save_checkpoint(tmp_path / "run", _checkpoint(2))
    return tmp_path / "run"


def _arrays_of(folder, head=CURRENT):
    return folder / json.loads((folder / head).read_text())["arrays"]


def _flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x01
    path.write_bytes(data)


def _assert_falls_back(folder):
    with pytest.warns(RuntimeWarning, match="the previous checkpoint is used") as caught:
        checkpoint = load_checkpoint(folder)
    _assert_is(checkpoint, 1)
    assert len(caught) == 1


def test_a_checkpoint_comes_back_as_it_was(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _assert_is(load_checkpoint(folder), 2)


def test_the_files_are_plain_json_and_arrays_without_pickle(folder):
    head = json.loads((folder / CURRENT).read_text(), parse_constant=pytest.fail)
    assert head["format"] == FORMAT
    data = _arrays_of(folder).read_bytes()
    assert head["sha256"] == hashlib.sha256(data).hexdigest()
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


def test_a_pickle_in_the_arrays_is_never_opened(folder, tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    buffer = io.BytesIO()
    np.savez(buffer, values=np.array([Trap()], dtype=object))
    assert b"mkdir" in buffer.getvalue()
    for head_name in (CURRENT, PREVIOUS):
        _arrays_of(folder, head_name).write_bytes(buffer.getvalue())
        head = json.loads((folder / head_name).read_text())
        head["sha256"] = hashlib.sha256(buffer.getvalue()).hexdigest()
        (folder / head_name).write_text(json.dumps(head))
    with pytest.raises(CheckpointError, match="Python objects"):
        load_checkpoint(folder)
    assert not (tmp_path / "sprung").exists()
    pickle.loads(pickle.dumps(Trap()))  # the trap works
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_one_flipped_bit_in_the_arrays_is_found(folder, share):
    arrays = _arrays_of(folder)
    _flip(arrays, int(share * arrays.stat().st_size))
    _assert_falls_back(folder)


def test_one_flipped_bit_in_the_json_is_found(folder):
    current = folder / CURRENT
    text = current.read_text()
    assert '"step": 2' in text
    current.write_text(text.replace('"step": 2', '"step": 3'))  # '2' and '3' differ in one bit; the JSON stays valid
    _assert_falls_back(folder)


@pytest.mark.parametrize("kept", [0, 1, 40, -3])
def test_truncated_json_is_found(folder, kept):
    current = folder / CURRENT
    current.write_bytes(current.read_bytes()[:kept])
    _assert_falls_back(folder)


@pytest.mark.parametrize("content", [b"[]", b"null", b'{"format": 3}', b"\xff\xfe", b'{"format": 3, "arrays": 5}'])
def test_json_that_is_no_checkpoint_is_found(folder, content):
    (folder / CURRENT).write_bytes(content)
    _assert_falls_back(folder)


@pytest.mark.parametrize("number", [2, 99])  # 2: structures without their shapes
def test_another_format_is_not_guessed_at(folder, number):
    head = json.loads((folder / CURRENT).read_text())
    (folder / CURRENT).write_text(json.dumps({**head, "format": number}))
    _assert_falls_back(folder)
    (folder / PREVIOUS).unlink()
    with pytest.raises(CheckpointError, match=f"of format {number}"):
        load_checkpoint(folder)


@pytest.mark.parametrize("lost", ["arrays", "json"])
def test_a_lost_file_is_found(folder, lost):
    (_arrays_of(folder) if lost == "arrays" else folder / CURRENT).unlink()
    _assert_falls_back(folder)


def test_two_damaged_checkpoints_are_an_error(folder):
    for head in (CURRENT, PREVIOUS):
        _flip(_arrays_of(folder, head), 100)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(folder)


def test_a_single_damaged_checkpoint_is_an_error(tmp_path):
    save_checkpoint(tmp_path, _checkpoint(1))
    _flip(_arrays_of(tmp_path), 100)
    with pytest.raises(CheckpointError, match="SHA-256"):
        load_checkpoint(tmp_path)


def test_a_folder_without_checkpoint_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match=r"without checkpoint.json"):
        load_checkpoint(tmp_path / "nowhere")


def test_the_last_two_are_kept_and_no_other_files(folder):
    for number in (3, 4, 5):
        save_checkpoint(folder, _checkpoint(number))
    arrays = {_arrays_of(folder, head).name for head in (CURRENT, PREVIOUS)}
    assert len(arrays) == 2
    assert {path.name for path in folder.iterdir()} == {CURRENT, PREVIOUS, *arrays}
    (folder / CURRENT).unlink()
    with pytest.warns(RuntimeWarning):
        _assert_is(load_checkpoint(folder), 4)


def test_what_a_killed_process_left_half_written_is_removed(folder):
    (folder / ".checkpoint-0123456789abcdef.npz.77.tmp").write_bytes(b"half")
    (folder / "notes.txt").write_text("the user's")
    save_checkpoint(folder, _checkpoint(3))
    assert not list(folder.glob(".*"))
    assert (folder / "notes.txt").exists()


def test_the_same_state_saved_twice_does_not_drive_out_the_previous_one(folder):
    save_checkpoint(folder, _checkpoint(2))
    _flip(_arrays_of(folder), 50)
    _assert_falls_back(folder)


WRITES = 3  # the arrays, the previous JSON, the current JSON


@pytest.mark.parametrize("failing", range(WRITES))
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_last_checkpoint(folder, monkeypatch, failing, call):
    original, calls = getattr(os, call), []

    def fails_once(*arguments):
        calls.append(arguments)
        if len(calls) == failing + 1:
            raise OSError("no space left on device")
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(files_module.os, call, fails_once)
        with pytest.raises(OSError, match="no space"):
            save_checkpoint(folder, _checkpoint(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the last one itself, not the one before it
        _assert_is(load_checkpoint(folder), 2)
    assert not list(folder.glob(".*")), "no half-written files"
    save_checkpoint(folder, _checkpoint(4))
    _assert_is(load_checkpoint(folder), 4)
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize("damaged", ["arrays", "json"])
@pytest.mark.parametrize("failing", range(WRITES))
def test_a_damaged_checkpoint_does_not_drive_out_the_good_one_before_it(folder, monkeypatch, damaged, failing):
    _flip(_arrays_of(folder), 100) if damaged == "arrays" else (folder / CURRENT).write_text("{")
    original, calls = os.replace, []

    def fails_once(*arguments):
        calls.append(arguments)
        if len(calls) == failing + 1:
            raise OSError("no space left on device")
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(files_module.os, "replace", fails_once)
        if failing < WRITES - 1:  # the damaged one is not written again as previous one
            with pytest.raises(OSError, match="no space"):
                save_checkpoint(folder, _checkpoint(3))
    if failing < WRITES - 1:
        _assert_falls_back(folder)
    save_checkpoint(folder, _checkpoint(3))
    _assert_is(load_checkpoint(folder), 3)
    (folder / CURRENT).unlink()
    _assert_falls_back(folder)
