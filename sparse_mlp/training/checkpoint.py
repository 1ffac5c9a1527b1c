"""Checkpoints: arrays in one `.npz`, everything else in JSON beside it, no pickle, the previous one kept.

`checkpoint.json` names its `.npz` and the SHA-256 of that file's bytes. The arrays are written first, the JSON is
renamed into place last, so the JSON is the moment at which a checkpoint exists. A crash at any other moment leaves
the previous one in force.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sparse_mlp.errors import CheckpointError, DataFileError, describe
from sparse_mlp.layers.base import Array
from sparse_mlp.reading import arrays_in, read_json
from sparse_mlp.training.files import remove_half_written, write_atomically, write_text

FORMAT = 4  # with all settings that the bytes depend on, and the number of epochs that was asked for
HEAD = {"format": int, "arrays": str, "sha256": str, "meta_sha256": str, "meta": dict}
CURRENT, PREVIOUS = "checkpoint.json", "checkpoint.previous.json"


class Checkpoint(NamedTuple):
    """What a checkpoint holds.

    Attributes
    ----------
    arrays : dict of str to array
    meta : dict
        Plain JSON types.
    """

    arrays: dict[str, Array]
    meta: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into a folder; the one that was there becomes the previous one.

    Parameters
    ----------
    folder : path
        Made if need be.
    checkpoint : Checkpoint

    Returns
    -------
    pathlib.Path
        The JSON file.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez(buffer, **checkpoint.arrays)  # type: ignore[arg-type]
    digest = _sha256(buffer.getvalue())
    arrays = folder / f"checkpoint-{digest[:16]}.npz"
    write_atomically(arrays, lambda file: file.write(buffer.getvalue()))
    head = {
        "format": FORMAT, "arrays": arrays.name, "sha256": digest, "meta_sha256": _meta_sha256(checkpoint.meta),
        "meta": checkpoint.meta,
    }  # fmt: skip
    current, text = folder / CURRENT, json.dumps(head, indent=1) + "\n"
    if _is_sound(current) and current.read_text() != text:  # a damaged one must not replace a previous one
        write_text(folder / PREVIOUS, current.read_text())
    write_text(current, text)
    _remove_unused(folder)
    return current


def load_checkpoint(folder: Path, check: Callable[[Checkpoint], object] | None = None) -> Checkpoint:
    """Read the checkpoint of a folder, or the previous one if the last is damaged.

    Parameters
    ----------
    folder : path
    check : callable, optional
        Raises a `CheckpointError` for a checkpoint that cannot be used, as `Trainer.check` does; then too the previous
        one is taken.

    Returns
    -------
    Checkpoint

    Raises
    ------
    CheckpointError
        If neither can be used.

    Warns
    -----
    RuntimeWarning
        If the previous one is taken.
    """
    folder = Path(folder)
    if not (folder / CURRENT).exists() and not (folder / PREVIOUS).exists():
        raise CheckpointError(describe(f"{folder} without {CURRENT}", "a folder that a run wrote a checkpoint to"))
    try:
        return _checked(folder / CURRENT, check)
    except CheckpointError as error:
        try:
            checkpoint = _checked(folder / PREVIOUS, check)
        except CheckpointError:
            raise error from None
        warnings.warn(f"{error}; the previous checkpoint is used", RuntimeWarning, stacklevel=2)
        return checkpoint


def _checked(path: Path, check: Callable[[Checkpoint], object] | None) -> Checkpoint:
    checkpoint = _read(path)
    if check is not None:
        try:
            check(checkpoint)
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from None
    return checkpoint


def _read(path: Path) -> Checkpoint:
    head = _read_head(path)
    arrays = path.parent / head["arrays"]
    try:
        data = arrays.read_bytes()
    except OSError:
        if (again := _read_head(path)) == head:
            raise CheckpointError(describe(f"{path} without its arrays", f"{arrays.name} in the same folder")) from None
        head, arrays = again, path.parent / again["arrays"]  # a training has just replaced both
        data = arrays.read_bytes()
    found, digest = _sha256(data), head["sha256"]
    if found != digest:
        hashes = f"{arrays} with SHA-256 {found[:12]}…", f"SHA-256 {digest[:12]}…"
        raise CheckpointError(describe(*hashes, "the file is damaged"))
    try:
        return Checkpoint(arrays_in(data, arrays), head["meta"])
    except DataFileError as error:
        raise CheckpointError(str(error)) from None


def _read_head(path: Path) -> dict[str, Any]:
    try:
        head = read_json(path, "the JSON of a checkpoint")
    except DataFileError as error:
        raise CheckpointError(str(error)) from None
    if not isinstance(head, dict):
        raise CheckpointError(describe(f"{path}, a {type(head).__name__}", "the JSON of a checkpoint"))
    for name, kind in HEAD.items():
        if type(head.get(name)) is not kind:
            found = f"{name}={str(head[name])[:40]} in {path}" if name in head else f"{path} without {name}"
            raise CheckpointError(describe(found, f"the JSON of a checkpoint, whose {name} is a {kind.__name__}"))
    if head["format"] != FORMAT:
        remedy = "train again, or use the version that wrote it"
        raise CheckpointError(describe(f"{path} of format {head['format']}", f"format {FORMAT}", remedy))
    if not re.fullmatch(r"checkpoint-[0-9a-f]{16}\.npz", head["arrays"]):
        raise CheckpointError(describe(f"arrays={head['arrays'][:40]!r} in {path}", "checkpoint-….npz"))
    if _meta_sha256(head["meta"]) != head["meta_sha256"]:
        what = f"{path}, which does not fit its own SHA-256"
        raise CheckpointError(describe(what, "a file as it was written", "it is damaged"))
    return {name: head[name] for name in HEAD}


def _is_sound(path: Path) -> bool:
    try:
        _read(path)
    except CheckpointError:
        return False
    return True


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _meta_sha256(meta: dict[str, Any]) -> str:
    return _sha256(json.dumps(meta).encode())


def _remove_unused(folder: Path) -> None:
    """Remove arrays that no JSON names, and what a killed process left half written."""
    used = set()
    for head in (folder / CURRENT, folder / PREVIOUS):
        with contextlib.suppress(CheckpointError):
            used.add(_read_head(head)["arrays"])
    for path in folder.glob("checkpoint-*.npz"):
        if path.name not in used:
            path.unlink()
    remove_half_written(folder, "checkpoint*")
