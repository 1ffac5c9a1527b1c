"""What happened during training: one record an epoch, one a topology update, as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sparse_mlp.errors import DataFileError, describe
from sparse_mlp.reading import read_json_lines
from sparse_mlp.training.files import write_text

Record = dict[str, Any]


class History(list[Record]):
    """A list of records; each has a `kind`, `epoch` or `update`. It shows itself in brief; `list(history)` has all.

    Examples
    --------
    >>> history = History([{"kind": "epoch", "epoch": 1, "loss": 0.5}, {"kind": "update", "epoch": 1}])
    >>> history.column("loss")
    [0.5]
    >>> history
    History(1 epoch, 1 update, loss 0.5)
    """

    @property
    def epochs(self) -> list[Record]:
        """The records of the epochs."""
        return [record for record in self if record["kind"] == "epoch"]

    @property
    def updates(self) -> list[Record]:
        """The records of the topology updates."""
        return [record for record in self if record["kind"] == "update"]

    def __repr__(self) -> str:
        kinds = (("epoch", self.epochs), ("update", self.updates))
        counts = [f"{len(records)} {kind}{'s' * (len(records) != 1)}" for kind, records in kinds]
        last = self.epochs[-1] if self.epochs else {}
        shown = ("loss", "validation_accuracy", "test_accuracy")
        values = [f"{key.replace('_', ' ')} {last[key]:.3g}" for key in shown if last.get(key) is not None]
        return f"History({', '.join(counts + values)})"

    def column(self, name: str) -> list[Any]:
        """Return one quantity over the epochs."""
        return [record[name] for record in self.epochs]


def to_line(record: Record) -> str:
    """Return a record as one line of JSON."""
    return json.dumps(record, separators=(",", ":")) + "\n"


def write_history(path: Path, records: Iterable[Record]) -> None:
    """Write all records as JSON lines, atomically."""
    write_text(path, "".join(map(to_line, records)))


def read_history(path: Path) -> History:
    """Read JSON lines back; half a line at the end, as a killed run leaves it, is left out.

    Raises
    ------
    DataFileError
        If the file is missing or a line is no record.
    """
    what = "a JSON object with a kind"
    history = History(read_json_lines(path, what))
    for number, record in enumerate(history, 1):
        if not isinstance(record.get("kind"), str):
            raise DataFileError(describe(f"{str(record)[:40]!r} in line {number} of {path}", what))
    return history
