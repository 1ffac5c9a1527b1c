"""Processes of their own: what they print comes back, and why they failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparse_mlp.bench import apart

MODULE = "sparse_mlp.bench.memory"


def python_that(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(apart.sys, "executable", str(python))


def test_a_process_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python_that(monkeypatch, tmp_path, "echo out of memory >&2\nexit 3")
    with pytest.raises(RuntimeError, match=f"{MODULE} ended with 3: out of memory"):
        apart.measure_apart(MODULE, 1)


def test_arguments_go_there_and_the_object_comes_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python_that(monkeypatch, tmp_path, """echo '{"arguments": "'$*'"}'""")
    assert apart.measure_apart(MODULE, "ch3-l3p", 2, 0.5) == {"arguments": f"-m {MODULE} ch3-l3p 2 0.5"}
