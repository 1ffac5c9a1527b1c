"""One finished tiny run that many tests look at; for each test an empty folder, and its own number of threads."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_cases import TINY

from sparse_mlp.cli import main
from sparse_mlp.kernels.pool import set_threads


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    set_threads(None)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Folder and JSON of a finished run; not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert main(["train", *TINY, "--out", str(folder), "--json"]) == 0
    return folder, json.loads(out.getvalue())
