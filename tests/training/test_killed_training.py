"""Runs that are killed and resumed end in the same bytes as one that was left alone.

`SPARSE_MLP_LONG_TESTS=1` kills each of seven configurations at twenty moments; by default two are killed once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from killed_worker import CONFIGURATIONS, EPOCHS, SAMPLES

from sparse_mlp.training import load_checkpoint

LONG = os.environ.get("SPARSE_MLP_LONG_TESTS") == "1"
STEPS = EPOCHS * SAMPLES // 64
NAMES = list(CONFIGURATIONS) if LONG else ["residual", "vgg"]
MOMENTS = np.linspace(2, STEPS - 2, 20).astype(int).tolist() if LONG else [STEPS // 2 + 4]  # within an epoch


def train(name: str, folder: Path, kill_after: int | None = None) -> None:
    """Train in a process of its own, killed with -9 once it has said that it has done so many steps."""
    worker = str(Path(__file__).parent / "killed_worker.py")
    with subprocess.Popen([sys.executable, worker, name, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if kill_after is not None and int(line) >= kill_after:
                process.kill()
                break
    assert (process.returncode == 0) == (kill_after is None)


def final_state(folder: Path) -> tuple[dict[str, bytes], str]:
    """The arrays of the last checkpoint, and what else it holds but for seconds."""
    arrays, meta = load_checkpoint(folder)
    meta = json.loads(json.dumps(meta))
    for record in meta["history"]:
        record.pop("seconds")
    meta["counters"].pop("seconds")
    if meta["last_update"]:
        meta["last_update"].pop("seconds")
    return {name: array.tobytes() for name, array in arrays.items()}, json.dumps(meta, sort_keys=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_training_goes_on_to_the_same_bytes(name: str, tmp_path: Path) -> None:
    train(name, tmp_path / "alone")
    arrays, meta = final_state(tmp_path / "alone")
    for moment in MOMENTS:
        folder = tmp_path / str(moment)
        train(name, folder, kill_after=moment)
        train(name, folder)
        found, also = final_state(folder)
        assert found == arrays, moment
        assert also == meta, moment
