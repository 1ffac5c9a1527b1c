"""What a search has found so far: one line for each finished trial, in a folder that knows whose they are."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from sparse_mlp.errors import invalid
from sparse_mlp.training.files import remove_half_written, write_text

SETTINGS, TRIALS = "search.json", "trials.jsonl"
ROOM = 60  # signs of a value in a message


class TrialFile:
    """Keep finished trials on the disk.

    Parameters
    ----------
    folder : path
        Made if need be.
    plan : dict
        All that the trials depend on, in plain JSON types.

    Attributes
    ----------
    accuracy : dict of (configuration, epochs) to float
        NaN for a training that diverged.

    Raises
    ------
    InvalidInputError
        If the folder holds something else, or the search of another plan.
    """

    def __init__(self, folder: Path, plan: dict[str, Any]) -> None:
        self.path = Path(folder) / TRIALS
        _claim(Path(folder), plan)
        self.accuracy = _read(self.path)

    def append(self, configuration: int, epochs: int, accuracy: float, seconds: float) -> None:
        """Write a trial down; it is there as a whole line or, after a crash, not at all once the file is read again."""
        record = {
            "configuration": configuration, "epochs": epochs, "accuracy": None if math.isnan(accuracy) else accuracy,
            "seconds": round(seconds, 3),
        }  # fmt: skip
        with open(self.path, "ab", buffering=0) as file:
            file.write((json.dumps(record) + "\n").encode())
            os.fsync(file.fileno())
        self.accuracy[configuration, epochs] = accuracy


def _claim(folder: Path, plan: dict[str, Any]) -> None:
    """Write the plan into a new folder, or see that the folder is of the same plan."""
    if folder.exists() and not folder.is_dir():
        raise invalid(f"{folder}, a file", "a folder")
    folder.mkdir(parents=True, exist_ok=True)
    remove_half_written(folder)
    if not (folder / SETTINGS).exists():
        if any(folder.iterdir()):
            raise invalid(f"{folder} with files, but without {SETTINGS}", "new, empty or the folder of a search")
        write_text(folder / SETTINGS, json.dumps(plan, indent=1) + "\n")
        return
    try:
        found = dict(json.loads((folder / SETTINGS).read_text()))
    except (OSError, ValueError, TypeError):
        raise invalid(f"{folder / SETTINGS} damaged", "as a search wrote it", "take another folder") from None
    for name in {**plan, **found}:
        if found.get(name) != plan.get(name):
            other, own = _difference(name, found.get(name), plan.get(name))
            raise invalid(
                f"{folder} of a search with {other}", f"of one with {own}",
                "take another folder, or the settings of that search",
            )  # fmt: skip


def _difference(name: str, found: Any, plan: Any) -> tuple[str, str]:
    """Say in a few words in what two values differ: of long ones, how many entries they have or the first that does."""
    texts = [json.dumps(value) for value in (found, plan)]
    if max(map(len, texts)) <= ROOM:
        return f"{name}={texts[0]}", texts[1]
    if isinstance(found, list) and isinstance(plan, list):
        if len(found) != len(plan):
            return f"{name} of length {len(found)}", f"length {len(plan)}"
        k = next(k for k, (one, other) in enumerate(zip(found, plan, strict=True)) if one != other)
        return _difference(f"{name}[{k}]", found[k], plan[k])
    if isinstance(found, dict) and isinstance(plan, dict):
        key = next(key for key in {**plan, **found} if found.get(key) != plan.get(key))
        return _difference(f"{name}.{key}", found.get(key), plan.get(key))
    alike = next((k for k, (one, other) in enumerate(zip(*texts, strict=False)) if one != other), min(map(len, texts)))
    first = max(0, alike - ROOM // 4)
    other, own = (_cut(text, first) for text in texts)
    return f"{name}={other}", own


def _cut(text: str, first: int) -> str:
    before, after = "..." if first else "", "..." if first + ROOM < len(text) else ""
    return before + text[first : first + ROOM] + after


def _read(path: Path) -> dict[tuple[int, int], float]:
    """Return all finished trials, and cut off the line that a killed search left half written."""
    if not path.exists():
        return {}
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        write_text(path, whole.decode())
    try:
        return dict(_entry(json.loads(line)) for line in whole.decode().splitlines())
    except (ValueError, KeyError, TypeError):
        raise invalid(f"{path} with a line that is no trial", "as a search wrote it", "remove that line") from None


def _entry(record: dict[str, Any]) -> tuple[tuple[int, int], float]:
    accuracy = record["accuracy"]
    return (record["configuration"], record["epochs"]), math.nan if accuracy is None else float(accuracy)
