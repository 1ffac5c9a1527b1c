"""The store: one folder for each run, whose files are all that is known of it, and an index made from them."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sparse_mlp.errors import DataFileError, SparseMLPError, invalid
from sparse_mlp.experiments.planned_run import PlannedRun, short_hash
from sparse_mlp.reading import read_json
from sparse_mlp.runs import own_files
from sparse_mlp.training import History, read_history
from sparse_mlp.training.checkpoint import CURRENT
from sparse_mlp.training.files import write_text

CONFIG, METRICS, RESULT, FAILURE, INDEX = "config.json", "metrics.jsonl", "result.json", "failure.json", "index.csv"
COLUMNS = (
    "run_id", "state", "dataset", "synthetic", "rule", "seed", "epochs", "test_accuracy", "links", "density",
    "seconds_per_epoch", "seconds_per_update", "error",
)  # fmt: skip
FROM_CONFIG = (("dataset", "data", "dataset"), ("rule", "rule", "name"), ("seed", "run", "seed"))


class Store:
    """Keep runs in a folder that many processes, and many machines, may share.

    A run is finished from the moment at which its `result.json` lies in its folder; that is written last, whole or not
    at all. The index only mirrors the folders, and can be made from them again at any time.

    Parameters
    ----------
    folder : path
        Made if need be; `path` is its absolute path.

    Raises
    ------
    InvalidInputError
        If a file is in the way.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder).resolve()
        try:
            (self.path / "runs").mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise invalid(f"a file on the way to {self.path / 'runs'}", "a folder, or nothing yet") from None

    def folder(self, run_id: str) -> Path:
        """Return the folder of a run, whether or not it exists."""
        return self.path / "runs" / run_id

    def run_ids(self) -> list[str]:
        """Return the ids of all runs that have a folder."""
        return sorted(path.name for path in (self.path / "runs").iterdir() if path.is_dir())

    def finished(self, run_id: str) -> bool:
        """Tell whether a run is trained to its end; warns as `result`."""
        return self.result(run_id) is not None

    def result(self, run_id: str) -> dict[str, Any] | None:
        """Return the outcome of a finished run, as `runs.result` has it; None if it is not finished.

        Warns
        -----
        RuntimeWarning
            If its folder is damaged; a damaged run is not finished.
        """
        folder = self.folder(run_id)
        if not (folder / RESULT).exists():
            return None
        found = read_object(folder / RESULT)
        if found is None or found.get("run_id") != run_id:
            _warn(folder, f"{RESULT} is not that of this run")
            return None
        for name in (CONFIG, METRICS, CURRENT):
            if not (folder / name).exists():
                _warn(folder, f"{name} is missing")
                return None
        return found

    def history(self, run_id: str) -> History:
        """Return what happened in a run so far; `DataFileError` if it has not begun, or the file is damaged."""
        return read_history(self.folder(run_id) / METRICS)

    def measurement(self, planned: PlannedRun, name: str) -> dict[str, Any] | None:
        """Return what was measured on a run with the arguments that it was planned with; None if it was not yet."""
        if name not in planned.measurements:
            return None
        path = self.measurement_path(planned.run_id, name, planned.measurements[name])
        content = read_object(path)
        if content is None and path.exists():
            _warn(path.parent, f"{path.name} cannot be read")
        found = (content or {}).get("result")
        return found if isinstance(found, dict) else None

    def measurement_path(self, run_id: str, name: str, arguments: Mapping[str, Any]) -> Path:
        """Return the file of a measurement, whether or not it exists."""
        return self.folder(run_id) / f"{name}-{short_hash(arguments)}.json"

    def complete(self, planned: PlannedRun) -> bool:
        """Tell whether a run is finished and all that was planned is measured."""
        return self.finished(planned.run_id) and all(
            self.measurement(planned, name) is not None for name in planned.measurements
        )

    def failure(self, run_id: str) -> str | None:
        """Return why a run failed, None if it did not."""
        path = self.folder(run_id) / FAILURE
        if not path.exists():
            return None
        return str((read_object(path) or {}).get("message", f"{FAILURE} cannot be read"))

    def write_result(self, run_id: str, outcome: Mapping[str, Any]) -> None:
        """Write the outcome of a run down: from now on it is finished. Where it lies is left out, as it may move."""
        kept = {name: value for name, value in outcome.items() if name != "out"}
        write_object(self.folder(run_id) / RESULT, {"run_id": run_id, **kept})

    def epochs_done(self, run_id: str) -> int:
        """Return how many epochs of a run are on the disk."""
        try:
            return (self.folder(run_id) / METRICS).read_bytes().count(b'"kind":"epoch"')
        except OSError:
            return 0

    def rebuild_index(self) -> Path:
        """Write `index.csv` from the folders, a line for each run, and return its path."""
        write_csv(self.path / INDEX, COLUMNS, ([row.get(name, "") for name in COLUMNS] for row in self._rows()))
        return self.path / INDEX

    def _rows(self) -> Iterable[dict[str, Any]]:
        for run_id in self.run_ids():
            config = read_object(self.folder(run_id) / CONFIG) or {}
            tables = {table: values for table, values in config.items() if isinstance(values, dict)}
            row = {"run_id": run_id, **{name: tables.get(table, {}).get(key) for name, table, key in FROM_CONFIG}}
            if own_files.SHA256 in tables.get("data", {}):
                row["dataset"] = own_files.label_of(tables["data"])
            if (outcome := self.result(run_id)) is not None:
                yield {**row, **outcome, "state": "finished"}
            elif (error := self.failure(run_id)) is not None:
                yield {**row, "state": "failed", "epochs": self.epochs_done(run_id), "error": error}
            else:
                yield {**row, "state": "begun", "epochs": self.epochs_done(run_id)}


def read_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file; None if there is none, or it is damaged."""
    try:
        content = read_json(path, "a JSON object")
    except DataFileError:
        return None
    return content if isinstance(content, dict) else None


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table, whole or not at all."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    write_text(path, text.getvalue())


def write_object(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    try:
        write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
    except ValueError as error:
        raise SparseMLPError(f"{path.name}: {error}") from None


def _warn(folder: Path, what: str) -> None:
    warnings.warn(f"{folder} is damaged and taken for not finished: {what}", RuntimeWarning, stacklevel=3)
