"""What all tests share: hypothesis without deadlines, the seed in the header, the real data where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from sparse_mlp.kernels.compilation import compilation

settings.register_profile("sparse_mlp", deadline=None, max_examples=30, derandomize=True, print_blob=True)
settings.load_profile("sparse_mlp")

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_NUM_THREADS", "2")

compilation.say = lambda line: None  # what a test sees on standard error does not depend on the kernel cache

REAL_DATA = Path(os.environ.get("SPARSE_MLP_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data_dir() -> Path:
    """Folder of the official data files; tests that need it are skipped where it is absent."""
    if not (REAL_DATA / "mnist").is_dir():
        pytest.skip("real data files are not here: set SPARSE_MLP_DATA to the folder that holds mnist/")
    return REAL_DATA


def pytest_report_header() -> list[str]:
    there = "found" if (REAL_DATA / "mnist").is_dir() else "absent: tests on real data will be skipped"
    return [f"hypothesis: derandomized, deadline=None; numpy seeds are fixed in each test; real data {there}"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    for_data = sum("real data files" in str(report.longrepr) for report in skipped)
    terminalreporter.write_line(f"tests skipped because the real data files are absent: {for_data}")
