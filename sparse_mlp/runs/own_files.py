"""Files of your own in the settings of a run: their paths become absolute, and their checksums are kept with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sparse_mlp import datasets
from sparse_mlp.datasets.opening import checksums, find_file, is_file, stem
from sparse_mlp.datasets.own import is_array_file
from sparse_mlp.errors import DataFileError, describe, invalid

SHA256 = "dataset_sha256"  # in the table [data]: name of a file → its checksum when the run began

Table = Mapping[str, Any]


def files_of(data: Table) -> dict[str, str]:
    """Return the options of the table [data] that name files of your own, and the files."""
    dataset = data.get("dataset")
    if dataset is None or dataset in datasets.known_names() or not is_file(dataset, data.get("format")):
        return {}
    named = {name: data.get(name) for name in ("dataset", "test", "target", "test_target")}
    return {name: str(file) for name, file in named.items() if file and (name != "target" or is_array_file(file))}


def anchored(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return settings whose files are relative to a folder, that of the file in which somebody wrote them."""
    data = settings.get("data")
    if not isinstance(data, Mapping):
        return dict(settings)
    files = {name: str(folder / Path(file).expanduser()) for name, file in files_of(data).items()}
    return {**settings, "data": {**data, **files}}


def pinned(data: Table, known: Any = None) -> dict[str, Any]:
    """Return the table [data] with absolute paths and the checksums of its files, unless they are known.

    Raises
    ------
    DataFileError
        If there is no such file.
    InvalidInputError
        If the data set is neither a known one nor a file, or the known checksums are damaged.
    """
    datasets.check_name(data["dataset"], data.get("format"))
    files = files_of(data)
    if not files:
        return dict(data)
    if known is None:
        files = {name: str(find_file(file, data["data_dir"])) for name, file in files.items()}
        known = checksums(map(Path, files.values()))
    elif not isinstance(known, dict) or not all(isinstance(digest, str) for digest in known.values()):
        raise invalid(f"data.{SHA256}={known!r}", "the checksums of the files", "train again")
    return {**data, **files, SHA256: known}


def check_unchanged(data: Table) -> None:
    """Refuse files that are not those that the run began with.

    Raises
    ------
    DataFileError
        Naming the file.
    """
    now = checksums(find_file(file, data["data_dir"]) for file in files_of(data).values())
    if len(now) != len(data[SHA256]):
        found = f"{', '.join(now)} for {', '.join(data[SHA256])}"
        raise DataFileError(describe(found, "as many files", "files of the same name need folders of their own"))
    began = {name.rpartition("/")[2]: digest for name, digest in data[SHA256].items()}
    for name, digest in now.items():
        expected = data[SHA256].get(name, began.get(name.rpartition("/")[2], "none"))
        if digest != expected:
            found = f"{name} changed since this run began (sha256 {digest[:12]}...)"
            raise DataFileError(describe(found, f"sha256 {expected[:12]}...", "restore the file or train again"))


def label_of(data: Table) -> str:
    """Return the name of a data set, or the stem of its file, as a folder may be called."""
    return re.sub(r"[^\w.-]+", "_", stem(Path(data["dataset"]))) if SHA256 in data else str(data["dataset"])


def without_places(data: Table) -> dict[str, Any]:
    """Return the table [data] with the names of files instead of their paths: what a run depends on."""
    if SHA256 not in data:
        return dict(data)
    names = {name: Path(file).name for name, file in files_of(data).items()}
    return {**data, **names, "dataset": label_of(data), SHA256: dict(data[SHA256])}
