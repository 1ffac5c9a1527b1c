"""Checkpoints whose checksums are right and whose content is not: the entry is named, the previous one is used."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
from training_cases import make_trainer, samples, state

from sparse_mlp.errors import CheckpointError, DataFileError
from sparse_mlp.reading import arrays_in, read_arrays
from sparse_mlp.training import Checkpoint, load_checkpoint, save_checkpoint
from sparse_mlp.training.checkpoint import CURRENT
from sparse_mlp.training.stored import features_of, last_update_of, layers_of, structures_of

RULE = {"new_weights": "historical", "overlap_stop": 0.9}  # with a state to keep


def trainer():
    return make_trainer(optimizer="adam", rule_options=RULE)


@pytest.fixture(scope="module")
def sound():
    """A checkpoint in the middle of a training."""
    one = trainer()
    one.fit(samples(), epochs=3)
    return one.checkpoint()


@pytest.fixture(scope="module")
def fresh():
    return trainer()


def changed(checkpoint, place, value):
    """Return a copy in which one entry of the JSON is another one."""
    meta = json.loads(json.dumps(checkpoint.meta))
    parent = meta
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    return Checkpoint(checkpoint.arrays, meta)


def places(tree, start=()):
    """Yield the way to each entry of nested JSON, of lists the first two."""
    items = tree.items() if isinstance(tree, dict) else list(enumerate(tree))[:2] if isinstance(tree, list) else ()
    for key, value in items:
        yield (*start, key)
        yield from places(value, (*start, key))


def test_a_sound_one_is_taken(sound, fresh):
    fresh.check(json_copy(sound))
    other = trainer()
    other.resume(json_copy(sound))
    assert state(other) == state_of(sound)


def json_copy(checkpoint):
    return Checkpoint(checkpoint.arrays, json.loads(json.dumps(checkpoint.meta)))


def state_of(checkpoint):
    one = trainer()
    one.resume(json_copy(checkpoint))
    return state(one)


def test_the_previous_one_is_used_and_a_trainer_that_refuses_stays_as_it_was(sound, tmp_path):
    save_checkpoint(tmp_path, sound)
    save_checkpoint(tmp_path, changed(sound, ("counters", "epoch"), "three"))
    one = trainer()
    before = state(one)
    with pytest.raises(CheckpointError, match="counters of the checkpoint: found epoch=three"):
        one.resume(load_checkpoint(tmp_path))
    assert state(one) == before
    with pytest.warns(RuntimeWarning, match="epoch=three; .*the previous checkpoint is used"):
        one.resume(load_checkpoint(tmp_path, check=one.check))
    assert one.epoch == 3


@pytest.mark.parametrize("key", ["arrays", "sha256", "meta_sha256", "meta", "format"])
@pytest.mark.parametrize("value", [5, "\0", None, [], {}, True, "../checkpoint-0000000000000000.npz", 10**400])
def test_the_head_is_checked(sound, tmp_path, key, value):
    save_checkpoint(tmp_path, sound)
    save_checkpoint(tmp_path, changed(sound, ("counters", "seconds"), 1.0))
    head = json.loads((tmp_path / CURRENT).read_text())
    for content in ({**head, key: value}, {name: head[name] for name in head if name != key}):
        (tmp_path / CURRENT).write_text(json.dumps(content))
        with pytest.warns(RuntimeWarning, match="the previous checkpoint is used"):
            assert load_checkpoint(tmp_path).meta["counters"]["seconds"] == sound.meta["counters"]["seconds"]


def test_deep_nesting_is_damage(sound, tmp_path):
    save_checkpoint(tmp_path, sound)
    (tmp_path / CURRENT).write_text("[" * 100_000)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path)


VALUES = (None, True, -1, 2**200, 0.5, math.nan, "x", [], {}, [[]], {"a": 1})


def test_every_entry_of_the_json_by_another_type(sound, fresh):
    """Refused, or of no consequence; nothing but a `CheckpointError` is ever raised."""
    before, refused, seen = state(fresh), 0, 0
    for place in places(json.loads(json.dumps(sound.meta))):
        for value in VALUES:
            seen += 1
            try:
                fresh.check(changed(sound, place, value))
            except CheckpointError:
                refused += 1
    assert refused > 0.7 * seen
    assert state(fresh) == before


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("counters", "step"), -1), (("counters", "step"), 2.0), (("counters", "epoch"), True),
        (("counters", "loss_sum"), math.inf), (("counters", "batch"), 10**6), (("counters", "order_state"), {}),
        (("optimizer", "step"), -4), (("optimizer", "step"), "5"), (("rule",), {"stopped": "abc"}),
        (("streams", "dropout"), {"bit_generator": "PCG64"}), (("streams",), {}),
        (("history",), [{"kind": "epoch"}]), (("history",), "epoch"), (("history", 0, "links"), ["x"]),
        (("last_update", "zeta"), "0.3"),
        (("last_update",), 5), (("parameters",), {}), (("identity",), None), (("identity", "batch_size"), 9),
        (("identity", "origin"), {"a": 1}),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(sound, fresh, place, value):
    with pytest.raises(CheckpointError, match=place[0] if place[0] != "identity" else "checkpoint of"):
        fresh.check(changed(sound, place, value))


def test_a_missing_entry_is_named(sound, fresh):
    for name in sound.meta:
        meta = {key: value for key, value in sound.meta.items() if key != name}
        with pytest.raises(CheckpointError, match=name):
            fresh.check(Checkpoint(sound.arrays, meta))


DAMAGES = {
    "missing": None,
    "another dtype": lambda array: np.zeros(array.shape, np.float16),
    "one more axis": lambda array: array[None],
    "cut": lambda array: array[:-1],
    "text": lambda array: np.array(["x"] * max(1, array.size)),
    "bytes": lambda array: np.array([b"x"] * max(1, array.size)),
    "scalar": lambda array: np.array(3, array.dtype),
    "empty": lambda array: array[:0],
    "huge numbers": lambda array: np.full_like(array, True if array.dtype == bool else np.iinfo(array.dtype).max)
    if array.dtype.kind in "biu" else np.full_like(array, np.nan),
}  # fmt: skip

@pytest.mark.parametrize("damage", DAMAGES)
def test_every_array_by_another_one(sound, fresh, damage):
    change, before = DAMAGES[damage], state(fresh)
    for name, array in sound.arrays.items():
        arrays = {key: value for key, value in sound.arrays.items() if key != name}
        if change is not None:
            arrays[name] = change(array)
            if np.array_equal(arrays[name], array) and arrays[name].dtype == array.dtype:
                continue
        broken = Checkpoint(arrays, sound.meta)
        if damage == "huge numbers" and name.rpartition("/")[2] in ("first", "second"):
            continue
        for read in (structures_of, layers_of, last_update_of):
            with contextlib.suppress(CheckpointError):
                read(broken)
        if damage == "huge numbers" and (name.startswith("rule/") or name.endswith(("ever_bits", "after_removal"))):
            continue  # any number there is one that could be
        with pytest.raises(CheckpointError, match="checkpoint"):
            fresh.check(broken)
    assert state(fresh) == before


def test_without_a_network_entries_are_named_too(sound):
    meta = copy.deepcopy(sound.meta)
    meta["identity"]["network"]["n_features"] = "12"
    with pytest.raises(CheckpointError, match="n_features"):
        features_of(Checkpoint(sound.arrays, meta))
    for parameters in ({"a/weight": [10**9, 10**9]}, {"a/weight": "ab"}, {"a/weight": [-1]}, 5):
        with pytest.raises(CheckpointError, match="parameters"):
            layers_of(Checkpoint(sound.arrays, {**sound.meta, "parameters": parameters}))


def packed(compression=zipfile.ZIP_STORED, **members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def header(shape, descr="<f4"):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        packed(zipfile.ZIP_DEFLATED, a=npy(np.zeros(10**6))),  # 8 MB from 8 kB
        packed(a=header((10**12,))), packed(a=header((2**62, 2**62))), packed(a=header((-1, -1)) + bytes(4)),
        packed(a=header((3,)) + bytes(8)), packed(a=npy(np.array([{}, 1], object))), packed(a=b""),
        packed(a=b"\x93NUMPY\x09\x00v\x00{"), packed(a=b"not an array"), packed(a=header((1,), "V0")), b"",
        b"PK\x05\x06",
    ],
)  # fmt: skip
def test_an_npz_that_declares_what_it_does_not_have_is_refused(data):
    with pytest.raises(DataFileError):
        arrays_in(data, Path("x.npz"))


def test_flipped_cut_and_inserted_bytes_of_an_npz(tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, epochs=np.arange(3), strength=np.ones((3, 4), np.float32))
    data, rng = buffer.getvalue(), np.random.default_rng(0)
    for _ in range(1500):
        at, kind = int(rng.integers(len(data))), rng.integers(4)
        bad = bytearray(data)
        if kind == 0:
            bad[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            del bad[at : at + int(rng.integers(1, 20))]
        elif kind == 2:
            bad[at:at] = rng.bytes(int(rng.integers(1, 20)))
        else:
            bad[at : at + 8] = bytes(8)
        (tmp_path / "x.npz").write_bytes(bytes(bad))
        try:
            found = read_arrays(tmp_path / "x.npz", {"epochs": (np.int64, 1), "strength": (np.float32, 2)})
        except DataFileError:
            continue
        assert [array.dtype for array in found.values()] == [np.int64, np.float32]
