"""`system.json` of a run: on which machine it was trained, how long it took, and what else the machine had to do."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import DataFileError
from sparse_mlp.machine import describe_system, load_average, peak_memory
from sparse_mlp.reading import read_json
from sparse_mlp.training import Callback
from sparse_mlp.training.files import write_text

if TYPE_CHECKING:
    from sparse_mlp.training import Trainer

FORMAT = 1


class SystemRecord(Callback):
    """Write what system a run is trained on, when it begins and again when it ends, whole or not at all.

    A run that was interrupted has a part for each time that it went on, since that may have been elsewhere. A part
    whose end nobody saw has None for what is known at the end only.

    Parameters
    ----------
    path : path
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.parts: list[dict[str, Any]] = []
        self._began, self._first_step = (0.0, 0.0), 0
        self._compiled = 0.0

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Write the part that begins, behind those that were."""
        from sparse_mlp.kernels.compilation import compilation
        from sparse_mlp.kernels.pool import width

        self.parts = read_system(self.path) if trainer.step else []
        self._began, self._first_step = (perf_counter(), process_time()), trainer.step
        self._compiled = compilation.seconds
        self.parts.append({
            "started": datetime.now().astimezone().isoformat(timespec="seconds"),
            **describe_system(),
            "threads": width(),
            "backend": trainer.model.backend,
            "load_average_before": load_average(),
            "epochs_before": trainer.epoch,
            "epochs": None, "seconds": None, "cpu_seconds": None, "compile_seconds": None,
            "peak_memory_bytes": None, "load_average_after": None,
        })  # fmt: skip
        self._write()

    def on_fit_end(self, trainer: Trainer) -> None:
        """Write how the part ended; one that had nothing to do, as the run was finished, goes."""
        if trainer.step == self._first_step and len(self.parts) > 1:
            self.parts.pop()
            self._write()
            return
        from sparse_mlp.kernels.compilation import compilation

        now, worked = perf_counter(), process_time()
        self.parts[-1].update(
            epochs=trainer.epoch - self.parts[-1]["epochs_before"],
            seconds=now - self._began[0],
            cpu_seconds=worked - self._began[1],
            compile_seconds=compilation.seconds - self._compiled,  # among the seconds
            peak_memory_bytes=peak_memory(),
            load_average_after=load_average(),
        )
        self._write()

    def on_failure(self, trainer: Trainer) -> None:
        """Write how the part ended, if that is still possible: what went wrong must not be hidden by another error."""
        with contextlib.suppress(OSError):
            self.on_fit_end(trainer)

    def _write(self) -> None:
        write_text(self.path, json.dumps({"format": FORMAT, "parts": self.parts}, indent=1) + "\n")


def read_system(path: Path) -> list[dict[str, Any]]:
    """Return the parts in a file; none if there is no such file, or it is damaged."""
    try:
        found = read_json(path, "what a run writes")
    except DataFileError:
        return []
    parts = found.get("parts") if isinstance(found, dict) else None
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
